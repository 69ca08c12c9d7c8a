"""The defect maps of an image set, kept in the feature store."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from defect_workbench.core.arrays import Integers, StorableVectors, Vectors
from defect_workbench.core.clustering.feature_blocks import (
    DEFECT,
    FOREGROUND,
    NEWEST_FOREGROUND,
    RESIDUAL,
    BackboneInfo,
)
from defect_workbench.core.images.defect_maps import DefectMaps, MapSource, as_levels, total_of_both
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.ordered_threads import in_order
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.passes import in_passes
from defect_workbench.engine.defect_map import residuals
from defect_workbench.engine.defect_map.describe import (
    RESIDUAL_COLUMNS,
    Comparison,
    DefectDescription,
    PatchNetwork,
    Subject,
    bank_activations,
    batches,
    describe,
)
from defect_workbench.engine.defect_map.patch_bank import (
    COARSE,
    FINE,
    NEIGHBOURS_IN_SET,
    BankBuilder,
    PatchBanks,
)
from defect_workbench.engine.defect_map.subjects import ReferenceFile, read_subject
from defect_workbench.engine.defect_map.tiles import PLACES
from defect_workbench.engine.extraction.stored_vectors import FLUSH_SECONDS, VectorStore, image_key
from defect_workbench.engine.features.identity import pixel_identity
from defect_workbench.engine.input.sidecar_files import SidecarFiles
from defect_workbench.engine.preprocessing.background import grey_of
from defect_workbench.engine.preprocessing.periodic_pattern import reduced, step_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

# The most images of a set that give patches to the bank: a further pass through the network for each.
BANKED = 150
# The most images whose backgrounds are tested.
_MODELLED = 60
_MODEL_SIZE = 320
_SEED = 7


@dataclass(frozen=True, eq=False)
class BankPlan:
    """How to make a patch bank, which takes a pass through the network for each of its images.

    Attributes
    ----------
    digest : str
        Of the images that it is from.
    make : callable
        Makes the bank.
    of_set : bool
        Whether it is from the set's own images; they are then numbered by their index.
    """

    digest: str
    make: Callable[[Reporter], PatchBanks]
    of_set: bool = False


def sample_of(images: ImageSet, size: int) -> Integers:
    """Return the indices of a sample of the images, (m,), ascending; it depends on their contents only."""
    ranked = sorted(range(len(images)), key=lambda i: _rank(images.images[i].sha256))
    return np.array(sorted(ranked[:size]), np.intp)


def _rank(sha256: str) -> str:
    """Return a text whose order is as good as random, but fixed for each content."""
    return hashlib.sha256(f"{_SEED}:{sha256}".encode()).hexdigest()


def digest_of(sha256s: Sequence[str]) -> str:
    """Return a digest of a set of contents."""
    return hashlib.sha256("\n".join(sorted(sha256s)).encode()).hexdigest()


def bank_of_set(images: ImageSet, network: PatchNetwork, processing: Preprocessing) -> BankPlan:
    """Return the plan of a bank of patches of at most `BANKED` of the set's own images.

    Making it raises `WorkbenchError` if an image can no longer be read.
    """
    sample = sample_of(images, BANKED)
    return _own_bank(images, sample, NEIGHBOURS_IN_SET, network, processing, "")


def bank_of_own_clean(
    images: ImageSet, clean: Sequence[int], network: PatchNetwork, processing: Preprocessing
) -> BankPlan:
    """Return the plan of a bank of patches of clean images of the set itself, given by their indices.

    None of them is compared with itself. Making it raises `WorkbenchError` if one can no longer be read.
    """
    return _own_bank(images, clean, 1, network, processing, "own")


def _own_bank(
    images: ImageSet,
    members: Sequence[int] | Integers,
    neighbours: int,
    network: PatchNetwork,
    processing: Preprocessing,
    kind: str,
) -> BankPlan:
    chosen = [int(i) for i in members]
    read = partial(_numbered, images, processing)

    def make(reporter: Reporter) -> PatchBanks:
        return _bank(in_order(read, chosen), len(chosen), neighbours, network, reporter)

    return BankPlan(kind + digest_of([images.images[i].sha256 for i in chosen]), make, of_set=True)


def bank_of_clean(subjects: Sequence[tuple[str, Subject]], network: PatchNetwork) -> BankPlan:
    """Return the plan of a bank of patches of clean images, given with the SHA-256 of their contents."""

    def make(reporter: Reporter) -> PatchBanks:
        given = iter([subject for _, subject in subjects])
        return _bank(given, len(subjects), 1, network, reporter)

    return BankPlan(digest_of([sha256 for sha256, _ in subjects]), make)


def _numbered(images: ImageSet, processing: Preprocessing, index: int) -> Subject:
    return read_subject(images, index, processing, number=index)


def _bank(
    subjects: Iterator[Subject], count: int, neighbours: int, network: PatchNetwork, reporter: Reporter
) -> PatchBanks:
    reporter.stage("Comparing images for defect maps", count)
    builders = [BankBuilder(count, neighbours, scale) for scale in (FINE, COARSE)]
    for found in in_passes(partial(_patched, network=network), batches(subjects), network):
        reporter.check()
        for subject, activations in found:
            for builder in builders:
                builder.add(activations, -1 if subject.number is None else subject.number)
        reporter.advance(len(found))
    fine, coarse = (builder.build() for builder in builders)
    return PatchBanks(fine, coarse)


def _patched(batch: Sequence[Subject], network: PatchNetwork) -> list[tuple[Subject, dict[str, Tensor]]]:
    return list(zip(batch, bank_activations(batch, network), strict=True))


def modelled_share(
    images: ImageSet, processing: Preprocessing, store: VectorStore, reporter: Reporter
) -> float:
    """Return the share of images whose background can be modelled, of a sample of at most `_MODELLED`.

    What is computed for an image is kept in the store.

    Raises
    ------
    WorkbenchError
        If an image can no longer be read, or the store cannot be written.
    """
    block = store.block("modelled", {**pixel_identity(processing), "extractor": residuals.IDENTITY})
    sample = sample_of(images, _MODELLED).tolist()
    keys = _row_keys(images, sample, processing)
    unique = dict(zip(keys, sample, strict=True))
    missing = [i for key, i in unique.items() if key not in block]
    reporter.stage("Testing whether the backgrounds can be modelled", len(missing))

    def test(index: int) -> bool:
        grey = grey_of(read_subject(images, index, processing).pixels)
        return residuals.is_explained(reduced(grey, step_of(grey.shape, _MODEL_SIZE)))

    found = []
    for each in in_order(test, missing):
        reporter.check()
        found.append(each)
        reporter.advance(1)
    if found:
        block.append_vectors(_row_keys(images, missing, processing), np.array(found, np.float16)[:, None])
    return float(block.vectors(keys).mean())


def _row_keys(images: ImageSet, indices: Sequence[int], processing: Preprocessing) -> list[str]:
    """Return the keys of images in the store."""
    sides = SidecarFiles(images.root)
    return [
        image_key(sides, image.path, image.sha256, processing)
        for image in (images.images[i] for i in indices)
    ]


@dataclass(eq=False)
class SetMaps:
    """The maps of a set; those that the store lacks are computed, and stored continually.

    Attributes
    ----------
    source : MapSource
    beside, foreground_version : str or None
        As in `Comparison`.
    bank : BankPlan or None
        For `CLEAN` and `OTHERS`; the bank is made only if a map is missing.
    references : mapping of int to ReferenceFile
        By index of the image; only for `MapSource.REFERENCE`.
    """

    images: ImageSet
    processing: Preprocessing
    network: PatchNetwork
    backbone: BackboneInfo
    store: VectorStore
    source: MapSource
    beside: str | None = RESIDUAL
    bank: BankPlan | None = None
    reference_root: Path = field(default_factory=Path)
    references: Mapping[int, ReferenceFile] = field(default_factory=dict)
    foreground_version: str = NEWEST_FOREGROUND

    def __post_init__(self) -> None:
        identity = self.identity
        self._maps = self.store.block("map", identity)
        self._vectors = self.store.block(DEFECT, identity)
        rows = _row_keys(self.images, range(len(self.images)), self.processing)
        self._keys = [self._key(i, row) for i, row in enumerate(rows)]

    @property
    def identity(self) -> dict[str, Any]:
        """What the maps depend on, apart from the image and its reference."""
        return {
            **pixel_identity(self.processing),
            "sha256": self.backbone.sha256,
            "precision": self.backbone.precision,
            "device": self.backbone.device,
            "extractor": self._comparison(None).identity,
            "source": str(self.source),
            "bank": "" if self.bank is None else self.bank.digest,
            "residual": self.beside is not None,
        }

    @property
    def is_judged_without_references(self) -> bool:
        """Whether strangeness is what stands out from each image itself, as some lack a reference.

        A reference brings its noise, so that images without one would come out as less strange.
        """
        some_lack = self.source is MapSource.REFERENCE and len(self.references) < len(self.images)
        return some_lack and self.beside == FOREGROUND

    def _key(self, index: int, row_key: str) -> str:
        if self.source is not MapSource.REFERENCE:
            return row_key
        reference = self.references.get(index)
        sha256 = "" if reference is None else reference.sha256
        return hashlib.sha256(f"{row_key}:{sha256}".encode()).hexdigest()

    def make(self, reporter: Reporter) -> int:
        """Compute the missing maps; return their number.

        Raises
        ------
        WorkbenchError
            If an image can no longer be read, or the store cannot be written.
        Cancelled
            If the user cancelled; finished maps are in the store.
        """
        unique = {key: i for i, key in enumerate(self._keys)}
        missing = [i for key, i in unique.items() if key not in self._vectors or key not in self._maps]
        if not missing:
            return 0
        banks = None if self.bank is None else self.bank.make(reporter)
        comparison = self._comparison(banks)
        reporter.stage("Mapping defects", len(missing))
        pending: list[tuple[str, DefectDescription]] = []
        since, done = time.monotonic(), 0
        try:
            described = partial(describe, network=self.network, comparison=comparison)
            subjects = in_order(self._read, missing)
            for found in in_passes(described, batches(subjects), self.network):
                reporter.check()
                pending += zip([self._keys[i] for i in missing[done : done + len(found)]], found, strict=True)
                done += len(found)
                reporter.advance(len(found))
                if time.monotonic() - since > FLUSH_SECONDS:
                    self._flush(pending)
                    since = time.monotonic()
        finally:
            self._flush(pending)
        return len(missing)

    def _comparison(self, banks: PatchBanks | None) -> Comparison:
        return Comparison(self.source, banks, self.beside, self.foreground_version)

    def _read(self, index: int) -> Subject:
        reference = self.references.get(index)
        given = None if reference is None else (self.reference_root, reference)
        number = index if self.bank is not None and self.bank.of_set else None
        return read_subject(self.images, index, self.processing, number, given)

    def _flush(self, pending: list[tuple[str, DefectDescription]]) -> None:
        maps = [(key, _row(each)) for key, each in pending if key not in self._maps]
        vectors = [(key, each.vector) for key, each in pending if key not in self._vectors]
        for block, rows in ((self._maps, maps), (self._vectors, vectors)):
            if rows:
                block.append_vectors([key for key, _ in rows], np.stack([row for _, row in rows]))
        pending.clear()

    def blocks(self) -> dict[str, Vectors]:
        """Return the feature blocks about defects, (n, d) float32 each; `make` must have run for all."""
        vectors = self._vectors.vectors(self._keys)
        if self.beside is None:
            return {DEFECT: vectors}
        columns = vectors.shape[1] - RESIDUAL_COLUMNS
        return {DEFECT: vectors[:, :columns], self.beside: vectors[:, columns:]}

    def maps(self) -> DefectMaps:
        """Return the maps of all images; `make` must have run for all."""
        values = self._maps.vectors(self._keys)
        places, strangeness = values[:, :-1], values[:, -1]
        if self.is_judged_without_references:
            compared = np.array([i in self.references for i in range(len(self.images))])
            strangeness = np.where(compared, total_of_both(strangeness, places), strangeness)
        return DefectMaps(self.source, as_levels(places).reshape(-1, PLACES, PLACES), strangeness)


def _row(description: DefectDescription) -> StorableVectors:
    """Return what the store keeps of a map: its places, and the strangeness of the image."""
    return np.append(description.grid.ravel(), description.strangeness).astype(np.float16)
