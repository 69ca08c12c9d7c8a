"""Classifies the files that arrive, with a classifier and a network that stay loaded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.images.measurements import measure_version_of
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.input.scan import FoundFile, Listing, scan
from defect_workbench.resources import resource
from defect_workbench.storage.watching.new_images import NewImage
from defect_workbench.workflows.extract import FeatureOptions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """A file that could not be classified.

    Attributes
    ----------
    lasting : bool
        Whether that follows from its content, so that it is not read again before it changes.
    """

    file: FoundFile
    reason: str
    lasting: bool


@dataclass(frozen=True)
class ClassifiedFiles:
    """The result for some files; `changed` are to be read again later, as they are still being written."""

    images: tuple[NewImage, ...] = ()
    refused: tuple[Refused, ...] = ()
    changed: tuple[FoundFile, ...] = ()

    def __add__(self, other: ClassifiedFiles) -> ClassifiedFiles:
        return ClassifiedFiles(
            self.images + other.images, self.refused + other.refused, self.changed + other.changed
        )


class ArrivalClassifier:
    """Classifies files, a few at a time; memory does not grow with their number.

    Vectors are not kept in the feature store, as a part for each arrival would make it slow.

    Parameters
    ----------
    model : Classifier
        As it is applied, with its share of false alarms.
    """

    def __init__(self, model: Classifier, options: FeatureOptions) -> None:
        from defect_workbench.engine.backbone.pretrained.kept_weights import KeptWeights
        from defect_workbench.engine.classifier.apply_model import precision_of
        from defect_workbench.engine.extraction.network_vectors import NetworkVectors
        from defect_workbench.engine.extraction.passing_store import PassingStore
        from defect_workbench.engine.features.identity import description_of, needs_network, processing_of

        self._model = model
        self._options = replace(
            options,
            processing=processing_of(model),
            precision=options.precision or precision_of(model),
            description=description_of(model),
            measure_version=measure_version_of(model.identity),
        )
        self._library = KeptWeights(options.weights, options.carried, needed=needs_network(model.identity))
        self._store = PassingStore()
        self._networks = cache(lambda checkpoint, library, *rest: NetworkVectors(None, self._library, *rest))

    def probe(self, reporter: Reporter) -> None:
        """Classify an image of the sample set, which loads the network.

        Raises
        ------
        WorkbenchError
            If the model does not fit features computed by this version or with these weights.
        """
        listing = scan(resource("sample"), reporter)
        self._classify(replace(listing, files=listing.files[:1], rejected=()), reporter)

    def classify(self, root: Path, files: Sequence[FoundFile], reporter: Reporter) -> ClassifiedFiles:
        """Classify some files of a folder; one that fails does not stop the others.

        Raises
        ------
        WorkbenchError
            If the folder can no longer be read, or nothing can be classified any more.
        Cancelled
            If the user cancelled.
        """
        try:
            return self._classify(Listing(root, tuple(files), ()), reporter)
        except Cancelled:
            raise
        except Exception as error:
            from defect_workbench.engine.input.file_reading import check_readable

            check_readable(root)
            if len(files) > 1:
                parts = (self.classify(root, [file], reporter) for file in files)
                return sum(parts, ClassifiedFiles())
            self.probe(reporter)
            log.exception("%s cannot be classified", files[0].path)
            words = str(error) if isinstance(error, WorkbenchError) else type(error).__name__
            return ClassifiedFiles(refused=(Refused(files[0], f"it cannot be classified ({words})", False),))

    def _classify(self, listing: Listing, reporter: Reporter) -> ClassifiedFiles:
        from defect_workbench.engine.backbone.network import Precision
        from defect_workbench.engine.classifier.apply_model import predict_labels
        from defect_workbench.engine.extraction.extractor import extract
        from defect_workbench.engine.monitoring.level_monitor import outlier_scores

        options, precision = self._options, self._options.precision
        self._store.clear()
        try:
            extraction = extract(
                listing,
                self._store,
                self._library,
                reporter,
                offline=options.offline,
                precision=None if precision is None else Precision(precision),
                processing=options.processing,
                description=options.description,
                measure_version=options.measure_version,
                networks=self._networks,
            )
            refused, changed = self._sort_out(listing, extraction.images.rejected)
            records = extraction.images.images
            if not records:
                return ClassifiedFiles((), refused, changed)
            prediction, _ = predict_labels(
                self._model, extraction.images, extraction.features, self._store, self._library, reporter
            )
        finally:
            self._store.clear()
        scores = outlier_scores(
            prediction.novelty_scores.tolist(),
            prediction.labels.tolist(),
            self._model.novelty.thresholds().tolist(),
        )
        files = {file.path: file for file in listing.files}
        images = [
            NewImage(
                record.path,
                files[record.path].size,
                files[record.path].mtime_ns,
                record.sha256,
                int(prediction.labels[row]),
                bool(prediction.known[row]),
                scores[row],
                prediction.paths[row],
                float(prediction.probability[row]),
            )
            for row, record in enumerate(records)
        ]
        return ClassifiedFiles(tuple(images), refused, changed)

    def _sort_out(
        self, listing: Listing, rejected: Sequence[Rejection]
    ) -> tuple[tuple[Refused, ...], tuple[FoundFile, ...]]:
        from defect_workbench.engine.input.file_reading import CHANGED

        files = {file.path: file for file in listing.files}
        refused, changed = [], []
        for each in rejected:
            if each.reason == CHANGED:
                changed.append(files[each.path])
            else:
                refused.append(Refused(files[each.path], each.reason, each.path in self._store.read))
        return tuple(refused), tuple(changed)
