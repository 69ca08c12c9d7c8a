"""Puts the images of an export into its folder: copied, linked, or cut out of their files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import file_digest, is_inside, open_regular
from defect_workbench.storage.files.safe_names import is_safe_name
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.result.manifest import Row

# Returns the image at a location, which is a part of a file, as a file, and the SHA-256 of its pixels.
ItemPicture = Callable[[Path], tuple[bytes, str]]


def check_mode(images: ImageSet, mode: Mode) -> None:
    """Check that the images can be put into a result folder in this way.

    Raises
    ------
    InputError
        If single defects or pages would have to be linked to.
    """
    check_mode_of(Items.DEFECTS if images.are_defects else Items.PICTURES, mode)
    check_mode_of_pages(images.has_pages, mode)


def check_mode_of(items: Items, mode: Mode) -> None:
    """Check the same before there are images.

    Raises
    ------
    InputError
        If single defects would have to be linked to.
    """
    if items is Items.DEFECTS and mode is not Mode.COPY:
        raise InputError(
            f"single defects cannot be exported as {mode}s: they are parts of their images, so there is no "
            "file to link to",
            Remedy.COPY_MODE,
        )


def check_mode_of_pages(has_pages: bool, mode: Mode) -> None:
    """Check the same for images of which some are pages of a file.

    Raises
    ------
    InputError
        If pages would have to be linked to.
    """
    if has_pages and mode is not Mode.COPY:
        raise InputError(
            f"pages cannot be exported as {mode}s: they are parts of a TIFF file, so there is no file to "
            "link to",
            Remedy.COPY_MODE,
        )


def place_images(
    draft: Path,
    images: ImageSet,
    manifest: Sequence[Row],
    mode: Mode,
    item_picture: ItemPicture | None,
    reporter: Reporter,
) -> dict[str, str]:
    """Write the images of a manifest below a folder; return the SHA-256 of each file, by its path there.

    Parameters
    ----------
    item_picture : callable or None
        Required if the images are single defects or pages.

    Raises
    ------
    WorkbenchError
        If a path leads out of a folder, or an image has changed.
    OSError
        If a file cannot be read or written.
    Cancelled
        If the user cancels.
    """
    exported = [row for row in manifest if row.exported_as]
    # Labels and sets may come from untrusted files; this is the last check.
    for row in exported:
        if not all(is_safe_name(part) for part in row.exported_as.split("/")):
            raise WorkbenchError(
                f"{row.exported_as[:80]!r} is outside the result folder; nothing was written"
            )
    for folder in sorted({row.exported_as.rpartition("/")[0] for row in exported}):
        (draft / folder).mkdir(parents=True, exist_ok=True)
    reporter.stage("Writing images", len(exported))
    root = Path(os.path.abspath(images.root))
    records = {image.path: image for image in images.images}
    written: dict[str, str] = {}
    for row in exported:
        reporter.check()
        record = records[row.path]
        if not is_inside(record.file):
            raise WorkbenchError(
                f"{row.path[:80]!r} is outside the folder of the images; nothing was written"
            )
        target = draft / row.exported_as
        if record.is_whole_file:
            _TRANSFERS[mode](root / record.file, target)
            digest = written[row.exported_as] = file_digest(target)
        else:
            digest, written[row.exported_as] = _cut_out(root, record, target, item_picture)
        if digest != row.sha256:
            raise WorkbenchError(
                f"{row.path} changed after it was read, so nothing was written", Remedy.OPEN_AGAIN
            )
        reporter.advance()
    return written


def _cut_out(
    root: Path, record: ImageRecord, target: Path, item_picture: ItemPicture | None
) -> tuple[str, str]:
    """Write the image of a defect or a page; return the SHA-256 of its pixels, and of the file."""
    if item_picture is None:
        raise ValueError("images that are a part of a file need a function that cuts them out")
    data, pixels = item_picture(root / record.location)
    with target.open("xb") as stream:
        stream.write(data)
    return pixels, file_digest(target)


def _copy(source: Path, target: Path) -> None:
    with open_regular(source) as reading, target.open("xb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
    shutil.copystat(source, target)


def _hardlink(source: Path, target: Path) -> None:
    os.link(os.path.realpath(source), target)


def _symlink(source: Path, target: Path) -> None:
    os.symlink(source, target)


_TRANSFERS: dict[Mode, Callable[[Path, Path], None]] = {
    Mode.COPY: _copy,
    Mode.HARDLINK: _hardlink,
    Mode.SYMLINK: _symlink,
}
