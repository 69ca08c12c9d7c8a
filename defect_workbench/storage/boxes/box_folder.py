"""Reads the boxes of a set of images, and lists what cannot be used by file and line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.detections import UNNAMED, Box
from defect_workbench.core.images.path_matching import PathMatcher
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import read_regular
from defect_workbench.core.text import counted, printable
from defect_workbench.storage.boxes.box_format import BoxFormat, Entry, Parsed, UnreadableBoxes
from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS

AUTO = "auto"
NO_IMAGE, NO_BOXES = "there is no image for", "there is no box file for this image"
_EXAMINED = 50
_MOST_EXAMINED_BYTES = 64_000_000
_MOST_NAMES_BYTES = 1_000_000
_MOST_LABEL = 200
# Tools disagree on whether pixels count from 0 or 1, and round shares of the image.
_TOLERANCE = 1.0


@dataclass(frozen=True, slots=True)
class BoxProblem:
    """What cannot be used in the files of boxes.

    Attributes
    ----------
    file : str
        Relative to the folder of boxes; of the image if it has no boxes.
    line : int
        From 1; 0 if the reason concerns the whole file.
    """

    file: str
    line: int
    reason: str

    @property
    def text(self) -> str:
        """The problem in one line."""
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


@dataclass(frozen=True, eq=False)
class BoxSet:
    """The boxes of a set of images.

    Attributes
    ----------
    boxes : mapping of str to tuple of Box
        By path of the image; images without a file of boxes are missing, images without a defect have none.
    problems : tuple of BoxProblem
    format : str
        Name of the format that was read.
    """

    boxes: Mapping[str, tuple[Box, ...]]
    problems: tuple[BoxProblem, ...]
    format: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of defects, in alphabetical order."""
        return tuple(sorted({box.label for boxes in self.boxes.values() for box in boxes}))


class BoxFolder:
    """A folder of box files, or a single one.

    Parameters
    ----------
    root : Path
    format_name : str
        `auto`, or a name of `BOX_FORMATS`.

    Raises
    ------
    InputError
        If there is no such folder or file, or it contains no box file of that format.
    """

    def __init__(self, root: Path, format_name: str = AUTO) -> None:
        if not root.exists():
            raise InputError(f"there is no folder {root}")
        self.root = root if root.is_dir() else root.parent
        found = list(_files(root)) if root.is_dir() else [root.name]
        self.format = self._recognised(found) if format_name == AUTO else BOX_FORMATS[format_name]
        self.files = [
            path
            for path in found
            if path.lower().endswith(self.format.extension)
            and not (self.format.names_file and path.rpartition("/")[2] == self.format.names_file)
        ]
        if not self.files:
            raise InputError(f"{root} contains no {self.format.label} file ({self.format.extension})")

    def read(self, sizes: Mapping[str, tuple[int, int]], reporter: Reporter) -> BoxSet:
        """Return the boxes of images.

        Parameters
        ----------
        sizes : mapping of str to (int, int)
            Width and height of each image by its path.
        """
        reporter.stage("Reading boxes", len(self.files))
        by_name, names = PathMatcher(sizes), self._class_names()
        boxes: dict[str, list[Box]] = {}
        problems: list[BoxProblem] = []
        sources: dict[str, str] = {}
        for path in self.files:
            reporter.check()
            reporter.advance()
            try:
                parsed = self._parsed(path, names)
            except UnreadableBoxes as error:
                problems.append(BoxProblem(printable(path), error.line, str(error)))
                # Without this, the image would be reported to have no file.
                sources.setdefault(by_name.of(path) or "", path)
                continue
            for image in parsed.images or (path,):
                known = by_name.of(image.replace("\\", "/"))
                if known is None:
                    problems.append(BoxProblem(printable(path), 0, f"{NO_IMAGE} {printable(image):.200}"))
                elif sources.setdefault(known, path) == path:
                    boxes.setdefault(known, [])
            for entry in parsed.entries:
                known = by_name.of((entry.image or path).replace("\\", "/"))
                if known is not None and sources.get(known) != path:
                    reason = f"{known} already has boxes from {sources.get(known)}"
                    problems.append(BoxProblem(printable(path), entry.line, reason))
                    continue
                if known is None and not entry.problem:
                    continue
                box = _checked(entry, sizes.get(known or "", (0, 0)))
                if isinstance(box, str):
                    problems.append(BoxProblem(printable(path), entry.line, box))
                if isinstance(box, Box) and known is not None:
                    boxes[known].append(box)
        missing = [path for path in sizes if path not in sources]
        problems += [BoxProblem(printable(path), 0, NO_BOXES) for path in missing]
        found = {path: tuple(boxes[path]) for path in sizes if path in boxes}
        return BoxSet(found, tuple(problems), self.format.name)

    def _parsed(self, path: str, names: Sequence[str]) -> Parsed:
        return self.format.parse(_text(self.root / path, self.format.most_bytes), names)

    def _class_names(self) -> tuple[str, ...]:
        path = self.root / self.format.names_file
        if not self.format.names_file or not path.is_file():
            return ()
        try:
            lines = _text(path, _MOST_NAMES_BYTES).split("\n")
        except UnreadableBoxes as error:
            raise InputError(f"{path} cannot be read: {error}") from None
        return tuple(line.strip()[:_MOST_LABEL] for line in lines if line.strip())

    def _recognised(self, paths: Sequence[str]) -> BoxFormat:
        """Return the format of most of the files at the beginning of a folder."""
        votes: Counter[str] = Counter()
        for path in paths:
            candidates = [entry for entry in BOX_FORMATS if path.lower().endswith(entry.extension)]
            if not candidates:
                continue
            try:
                text = _text(self.root / path, _MOST_EXAMINED_BYTES)
            except UnreadableBoxes:
                continue
            recognised = [entry.name for entry in candidates if entry.recognises(text)]
            votes.update(recognised[:1])
            if votes.total() >= _EXAMINED:
                break
        if not votes:
            labels = ", ".join(entry.label for entry in BOX_FORMATS)
            raise InputError(f"{self.root} contains no box file that is recognised ({labels})")
        return BOX_FORMATS[max(votes, key=lambda name: (votes[name], -BOX_FORMATS.names.index(name)))]


def _files(root: Path) -> Iterator[str]:
    """Yield the files below a folder in order of their paths, without hidden ones."""
    found = []
    for parent, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        relative = Path(parent).relative_to(root).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        found += [prefix + name for name in names if not name.startswith(".")]
    yield from sorted(found)


def _text(path: Path, limit: int) -> str:
    try:
        return read_regular(path, limit).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UnreadableBoxes("not a text file (UTF-8)") from None
    except OSError as error:
        raise UnreadableBoxes(f"it cannot be read: {error.strerror or error}") from None


def _checked(entry: Entry, size: tuple[int, int]) -> Box | str:
    """Return the box of an entry inside its image, or why it cannot be used."""
    if entry.problem:
        return entry.problem
    width, height = size
    scale = (width, height, width, height) if entry.relative else (1, 1, 1, 1)
    left, top, right, bottom = (value * factor for value, factor in zip(entry.corners, scale, strict=True))
    shown = f"({left:g}, {top:g}) to ({right:g}, {bottom:g})"
    if right < left or bottom < top:
        return f"the box {shown} is inverted: its right or lower edge is before its left or upper edge"
    if right == left or bottom == top:
        return f"the box {shown} is empty"
    if min(left, top) < -_TOLERANCE or right > width + _TOLERANCE or bottom > height + _TOLERANCE:
        return f"the box {shown} is outside the image ({width} × {height} pixels)"
    inside = Box(
        max(left, 0),
        max(top, 0),
        min(right, width),
        min(bottom, height),
        entry.label[:_MOST_LABEL] or UNNAMED,
    )
    if inside.x2 <= inside.x1 or inside.y2 <= inside.y1:
        return f"the box {shown} is outside the image ({width} × {height} pixels)"
    return inside


def summary(problems: Sequence[BoxProblem], shown: int = 20) -> list[str]:
    """Return the first problems, one per line, and the number of further ones.

    Several files without a partner share one line: a folder may have the boxes of all lots.
    """
    lines, rest = [], list(problems)
    for partner, words in ((NO_IMAGE, "without an image here"), (NO_BOXES, "without boxes")):
        alone = [problem for problem in rest if problem.reason.startswith(partner)]
        if len(alone) > 1:
            rest = [problem for problem in rest if not problem.reason.startswith(partner)]
            lines.append(f"{counted(len(alone), 'file')} {words}; first: {alone[0].file}")
    lines = [problem.text for problem in rest[:shown]] + lines
    further = len(rest) - shown
    return [*lines, f"and {counted(further, 'further problem')}"] if further > 0 else lines
