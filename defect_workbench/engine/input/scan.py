"""Find the images in a folder and its subfolders."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from defect_workbench.core import result_files
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_locations import file_of_page
from defect_workbench.core.images.image_records import (
    IN_HIDDEN_FOLDER,
    IN_RESULTS,
    FileStamp,
    ImageSet,
    Rejection,
)
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.input.formats.registry import looks_like_image


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that looks like an image.

    Attributes
    ----------
    path : str
        Relative to the scanned folder, with '/' as separator.
    size : int
        Size of the file in bytes.
    mtime_ns : int
        Time of the last change, in ns.
    changed_ns, inode : int
        As in `FileStamp`.
    page : int
        Of the file, from 1, if the image is one of several in it; else 0. The path is then `FILE#PAGE`.
    """

    path: str
    size: int
    mtime_ns: int
    changed_ns: int = -1
    inode: int = -1
    page: int = 0

    def stamp(self, sha256: str) -> FileStamp:
        """Return the state of the file, whose content has this hash."""
        return FileStamp(self.size, self.mtime_ns, sha256, self.changed_ns, self.inode)

    def known_content(self, stamps: Mapping[str, FileStamp]) -> str | None:
        """Return the content hash if the file has not changed since its stamp was stored; else None."""
        stamp = stamps.get(self.path)
        return stamp.sha256 if stamp is not None and stamp == self.stamp(stamp.sha256) else None

    @property
    def file(self) -> str:
        """The path of the file itself."""
        return file_of_page(self.path, self.page)


@dataclass(frozen=True)
class Listing:
    """The images of a folder, as a scan or an inspection file lists them, in the order of the paths.

    Attributes
    ----------
    reference_of : mapping of str to str
        For a listing of golden references: the reference of each image by the path of the image, where it
        does not follow from the names.
    """

    root: Path
    files: tuple[FoundFile, ...]
    rejected: tuple[Rejection, ...]
    reference_of: Mapping[str, str] = field(default_factory=dict)


def decodable(path: str) -> str:
    """Return a path with undecodable bytes escaped, which can be written to a text file."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def scan(root: Path, reporter: Reporter, *, without: Path | None = None) -> Listing:
    """List every file below `root` that looks like an image.

    Each folder is visited once, even if links lead to it. Images in hidden folders and in result folders are
    listed as rejected, as are hidden images, unreadable folders and anything that is not a regular file.

    Parameters
    ----------
    without : Path, optional
        A folder that is left out, if it exists: nothing below it is listed.

    Raises
    ------
    InputError
        If `root` is not a readable folder.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder" if root.exists() else f"there is no folder {root}")
    try:
        os.scandir(root).close()
    except OSError as error:
        raise InputError(f"the folder {root} cannot be read: {error.strerror}") from error
    reporter.stage("Scanning the folder", None)
    files: list[FoundFile] = []
    rejected: list[Rejection] = []
    visited: set[tuple[int, int]] = set()
    if without is not None:
        with suppress(OSError):
            left_out = os.stat(without)
            visited.add((left_out.st_dev, left_out.st_ino))
    # Folders to list, and why their images are skipped. Links are followed last and in order, so that a
    # folder with several paths always gets the same one, whatever the order of names on the disk.
    pending, links = [("", "")], list[tuple[str, str]]()
    while pending or links:
        reporter.check()
        if pending:
            relative, skipped = pending.pop()
        else:
            links.sort(reverse=True)
            relative, skipped = links.pop()
        folder = os.path.join(root, relative)
        try:
            status = os.stat(folder)
            identity = (status.st_dev, status.st_ino)
            if identity in visited:
                continue
            visited.add(identity)
            with os.scandir(folder) as entries:
                children = list(entries)
        except OSError as error:
            rejected.append(
                Rejection(decodable(relative) + "/", f"the folder cannot be read: {error.strerror}")
            )
            continue
        if relative and not skipped and result_files.is_result(e.name for e in children):
            reporter.warn(f"{decodable(relative)} contains results of an earlier run; it is skipped")
            skipped = IN_RESULTS
        for entry in children:
            path = f"{relative}/{entry.name}" if relative else entry.name
            if _is_folder(entry):
                hidden = IN_HIDDEN_FOLDER if entry.name.startswith(".") else ""
                (links if entry.is_symlink() else pending).append((path, skipped or hidden))
            elif not looks_like_image(entry.name):
                continue
            elif skipped:
                rejected.append(Rejection(decodable(path), skipped))
            else:
                outcome = _examine(entry, path)
                if isinstance(outcome, FoundFile):
                    files.append(outcome)
                else:
                    rejected.append(outcome)
        reporter.advance(len(children))
    files.sort(key=lambda file: file.path)
    rejected.sort(key=lambda rejection: rejection.path)
    return Listing(root, tuple(files), tuple(rejected))


def scan_set(images: ImageSet, root: Path, reporter: Reporter) -> Listing:
    """List the folders of an image set again, below `root`.

    Raises
    ------
    InputError
        If one of them is not a readable folder.
    """
    files: dict[str, FoundFile] = {}
    rejected: dict[str, Rejection] = {}
    for folder in images.folders:
        listing = scan(root / folder, reporter)
        prefix = f"{folder}/" if folder else ""
        files |= {prefix + file.path: replace(file, path=prefix + file.path) for file in listing.files}
        rejected |= {prefix + item.path: replace(item, path=prefix + item.path) for item in listing.rejected}
    return Listing(
        root,
        tuple(files[path] for path in sorted(files)),
        tuple(rejected[path] for path in sorted(rejected)),
    )


def listing_of(images: ImageSet) -> Listing:
    """Return a listing of the current files of an image set, without other files in its folder."""
    files, rejected = [], []
    states: dict[str, FoundFile | Rejection] = {}
    for path, page in images.wholes:
        file = file_of_page(path, page)
        if file not in states:
            states[file] = found_file(images.root, file)
        state = states[file]
        if isinstance(state, Rejection):
            rejected.append(replace(state, path=decodable(path)))
        else:
            files.append(replace(state, path=path, page=page))
    return Listing(images.root, tuple(files), tuple(rejected))


def found_file(root: Path, path: str) -> FoundFile | Rejection:
    """Return the current state of a file below a folder, or why it cannot be used."""
    try:
        status = os.stat(root / path)
    except OSError as error:
        return Rejection(decodable(path), f"it cannot be read: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return Rejection(decodable(path), "not a regular file")
    return _found(path, status, status.st_ino)


def listing_of_file(path: Path) -> Listing:
    """Return a listing of one file, whatever else its folder contains.

    Raises
    ------
    InputError
        If it cannot be read, or is not a regular file.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a regular file")
    return Listing(path.parent, (_found(path.name, status, status.st_ino),), ())


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _examine(entry: os.DirEntry[str], path: str) -> FoundFile | Rejection:
    name = decodable(path)
    if entry.name.startswith("."):
        return Rejection(name, "a hidden file")
    if name != path:
        return Rejection(name, "its name is not valid text (UTF-8)")
    try:
        status = entry.stat()
    except OSError as error:
        broken = entry.is_symlink() and not os.path.exists(entry.path)
        reason = "a broken link" if broken else f"it cannot be read: {error.strerror}"
        return Rejection(name, reason)
    if not stat.S_ISREG(status.st_mode):
        return Rejection(name, "not a regular file")
    # On Windows, a folder's listing lacks the inodes of files, which need another call.
    return _found(path, status, entry.inode() if os.name == "nt" else status.st_ino)


def _found(path: str, status: os.stat_result, inode: int) -> FoundFile:
    # The unsigned 64-bit inodes of some file systems do not fit into a column of the feature store.
    return FoundFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode & (2**63 - 1))
