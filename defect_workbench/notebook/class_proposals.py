"""Labels that a trained classifier proposes for images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.arrays import Flags, Floats
from defect_workbench.core.errors import concerning
from defect_workbench.core.images.preprocessing_steps import DEFAULT
from defect_workbench.notebook.given_images import PathLike
from defect_workbench.notebook.image_clustering import Clustering
from defect_workbench.notebook.image_features import feature_options
from defect_workbench.notebook.notebook_jobs import job
from defect_workbench.storage.result.manifest import MoreColumns
from defect_workbench.workflows.classify import ClassifyRequest, applied_model, open_model
from defect_workbench.workflows.classify import classify as classify_folder
from defect_workbench.workflows.klarf.image_listing import ImageSource


@dataclass(frozen=True, eq=False, repr=False)
class Proposals:
    """The labels that a classifier proposes for n images; all rows are in the order of `paths`.

    Attributes
    ----------
    labels : tuple of str
        The most probable label of each image, also of unknown ones.
    probabilities : (n,) float64
        Of that label.
    known : (n,) bool
        Whether the image resembles those of the training; exports put the others among the outliers.
    novelty_scores : (n,) float64
        How unlike the training images an image is.
    clustering : Clustering
        The images with the labels as clusters.
    """

    labels: tuple[str, ...]
    probabilities: Floats
    known: Flags
    novelty_scores: Floats
    clustering: Clustering
    _model: str
    _columns: MoreColumns

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each image, relative to the folder."""
        return self.clustering.paths

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        unknown = int((~self.known).sum())
        return f"<Proposals of {self._model} for {len(self):,} images, {unknown:,} of them unknown>"


def classify(
    images: PathLike,
    model: PathLike,
    *,
    false_alarms: float | None = None,
    store: PathLike | None = None,
    weights: str = "auto",
    klarf: bool = False,
    seed: int = 0,
    progress: bool | None = None,
) -> Proposals:
    """Propose a label for each image, as `defect-workbench classify` does.

    Parameters
    ----------
    images : path
        A folder of images, or an inspection file (KLARF).
    model : path
        A classifier, as `defect-workbench train` writes it (`.dwm`). Images are preprocessed as they
        were in its training.
    false_alarms : float, optional
        Share of known images that may be called unknown; default: that of the classifier.
    store, weights, klarf, progress
        As for `extract`.
    seed : int
        Of the clustering in the session.

    Returns
    -------
    Proposals

    Raises
    ------
    InputError
        If no image can be used, or the share cannot be set.
    WorkbenchError
        If the model cannot be read, or does not fit the network weights in use.

    Examples
    --------
    >>> proposals = classify("lot 4712", "kinds.dwm")
    >>> export(proposals, "lot 4712 classified")
    PosixPath('lot 4712 classified')
    """
    with job(progress) as reporter:
        file = Path(model).expanduser()
        options = feature_options(store, weights, "auto", DEFAULT)
        options = options.with_scale_warning("training with rescale_nm={:.3g}", reporter)
        source = ImageSource(Path(images).expanduser(), klarf)
        request = ClassifyRequest(open_model(file), source, seed, false_alarms)
        with concerning(file):
            applied_model(request)
        found = classify_folder(request, options, reporter)
        prediction, facts = found.prediction, found.model.facts
        trained_on = "" if facts is None else f", trained on {facts.images:,} images"
        return Proposals(
            tuple(prediction.names[label] for label in prediction.labels.tolist()),
            prediction.probability,
            prediction.known,
            prediction.novelty_scores,
            Clustering(found.project),
            f"{file}{trained_on}",
            found.columns,
        )
