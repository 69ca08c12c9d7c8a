"""Which pictures belong to a defect: files and pages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from defect_workbench.core.text import counted
from defect_workbench.storage.klarf.klarf_document import DefectList, RawImage, Record
from defect_workbench.storage.klarf.klarf_file import KlarfPicture, LineProblem
from defect_workbench.storage.klarf.klarf_tokens import integer_of, readable

_ONE_PICTURE = frozenset({"jpg", "jpeg", "jpe", "png", "bmp", "gif"})
"""Formats that hold one picture per file."""


class DefectPictures:
    """Collects the pictures of defects in the order of the file.

    A picture that may be the wrong one is left out, and reported.
    """

    def __init__(self) -> None:
        self.problems: list[LineProblem] = []
        self._pictures: list[tuple[KlarfPicture, ...]] = []
        self._texts: dict[bytes, str] = {}
        self._counted: Counter[str] = Counter()
        """Pages that were counted out so far, by file."""
        self._damaged_from: int | None = None
        self._reported: set[str] = set()
        self._shared: defaultdict[str, list[int]] = defaultdict(list)
        """Defects whose pictures are in a file that was named for many of them."""

    def damaged(self) -> None:
        """Note that a record could not be read: nothing behind it can be counted."""
        if self._damaged_from is None:
            self._damaged_from = len(self._pictures)

    def add(self, defects: DefectList, record: Record) -> None:
        """Take in the pictures of the next defect."""
        if record.files:
            pictures = self._named(record)
        elif not defects.images_known and not (record.images and record.images[0].file):
            pictures = []
        elif record.images or defects.spec.images is not None:
            pictures = self._listed(defects, record)
        else:
            pictures = self._in_order(defects, record)
        self._pictures.append(tuple(pictures))

    def finish(self) -> Sequence[Sequence[KlarfPicture]]:
        """Return the pictures of all defects; what needs the whole file is decided now."""
        files = {picture.file for pictures in self._pictures for picture in pictures}
        for file, defects in self._shared.items():
            if len(defects) > 1:
                if _holds_one_picture(file):
                    self._leave_out(
                        file, defects, f"{file} holds one picture but is named for several defects"
                    )
                elif all(self._has_ordinals(index) for index in defects):
                    self._number_again(file, defects, is_only_file=len(files) == 1)
        return self._pictures

    def _problem(self, line: int, reason: str) -> None:
        self.problems.append(LineProblem(line, reason))

    def _text(self, token: bytes) -> str:
        text = self._texts.get(token)
        if text is None:
            text = self._texts[token] = readable(token)
        return text

    def _named(self, record: Record) -> list[KlarfPicture]:
        """Return the pictures that lines of their own name."""
        files = [self._text(file) for file in record.files]
        images = len(record.images) if record.images or record.count is None else record.count
        if images != len(files) and (record.images or record.count is not None):
            if len(files) == 1 and record.images and not _holds_one_picture(files[0]):
                return self._pages(record.images, files[0], record.line)
            # The files of a record that is lost must not become those of another one.
            listed = counted(images, "image")
            self._problem(
                record.line, f"the record lists {listed}, but {counted(len(files), 'file')} are named"
            )
            return []
        kinds = [self._text(image.kind) for image in record.images] or [""] * len(files)
        return [KlarfPicture(file, None, kind, record.line) for file, kind in zip(files, kinds, strict=True)]

    def _listed(self, defects: DefectList, record: Record) -> list[KlarfPicture]:
        file = self._text(defects.file)
        images = record.images
        if not images and record.count == 1 and _holds_one_picture(file):
            # Some review tools leave the list empty, as the file of each list has one picture.
            self._shared[file].append(len(self._pictures))
            return [KlarfPicture(file, None, "", record.line)]
        if record.count is not None and record.count != len(images):
            self._problem(
                record.line,
                f"IMAGECOUNT is {record.count:,}, but the record lists {counted(len(images), 'image')}",
            )
        if not images:
            return []
        if images[0].file:
            return self._own_files(images, record.line)
        found = self._pages(images, file, record.line)
        if found:
            self._shared[file].append(len(self._pictures))
        return found

    def _own_files(self, images: Sequence[RawImage], line: int) -> list[KlarfPicture]:
        found: list[KlarfPicture] = []
        for image in images:
            file = self._text(image.file)
            if self._text(image.file_type).lower() in _ONE_PICTURE or _holds_one_picture(file):
                found.append(KlarfPicture(file, None, self._text(image.kind), line))
            else:
                found += self._pages([image], file, line)
        return found

    def _pages(self, images: Sequence[RawImage], file: str, line: int) -> list[KlarfPicture]:
        if _holds_one_picture(file):
            if len(images) > 1:
                self._problem(line, f"{file} holds one picture, but the record lists {len(images):,}")
                return []
            return [KlarfPicture(file, None, self._text(images[0].kind), line)]
        found: list[KlarfPicture] = []
        for image in images:
            page = integer_of(image.number)
            if page == 0:
                self._problem(line, "image 0 does not exist: images are counted from 1")
            elif page is None or page < 0:
                self._problem(line, f"{self._text(image.number)[:60]!r} is not the number of an image")
            else:
                found.append(KlarfPicture(file, page, self._text(image.kind), line))
        return found

    def _in_order(self, defects: DefectList, record: Record) -> list[KlarfPicture]:
        """Return the pictures of a record that says how many it has, but not which."""
        count = record.count or 0
        if count <= 0:
            return []
        file = self._text(defects.file)
        if count == 1 and _holds_one_picture(file):
            self._shared[file].append(len(self._pictures))
            return [KlarfPicture(file, None, "", record.line)]
        if self._damaged_from is not None:
            self._once(file, record.line, "images are not numbered, and a record before this one is damaged")
            return []
        self._once(file, record.line, "images are not numbered; they are used in the order of the records")
        first = self._counted[file] + 1
        self._counted[file] += count
        # A count that is damaged must not fill the memory.
        if count > 4096:
            self._problem(record.line, f"IMAGECOUNT is {count:,}; no image is read")
            self.damaged()
            return []
        return [KlarfPicture(file, page, "", record.line) for page in range(first, first + count)]

    def _once(self, file: str, line: int, reason: str) -> None:
        message = f"{file}: {reason}" if file else reason
        if message not in self._reported:
            self._reported.add(message)
            self._problem(line, message)

    def _leave_out(self, file: str, defects: Sequence[int], reason: str) -> None:
        self._problem(self._pictures[defects[0]][0].line, f"{reason}; no image of them is read")
        for index in defects:
            self._pictures[index] = tuple(p for p in self._pictures[index] if p.file != file)

    def _has_ordinals(self, index: int) -> bool:
        """Whether the images of a defect are numbered 1, 2, …: of the defect instead of the file."""
        return [picture.page for picture in self._pictures[index]] == list(
            range(1, len(self._pictures[index]) + 1)
        )

    def _number_again(self, file: str, defects: Sequence[int], is_only_file: bool) -> None:
        name = file or "the image file"
        if not is_only_file:
            self._leave_out(file, defects, f"the images of several defects have the same numbers in {name}")
            return
        self._problem(
            self._pictures[defects[0]][0].line,
            f"images are numbered from 1 for each defect; the pages of {name} are used in order",
        )
        page = 0
        for index in defects:
            if self._damaged_from is not None and index >= self._damaged_from:
                self._pictures[index] = ()
                continue
            renumbered = []
            for picture in self._pictures[index]:
                page += 1
                renumbered.append(KlarfPicture(file, page, picture.kind, picture.line))
            self._pictures[index] = tuple(renumbered)


@lru_cache(maxsize=8)
def _holds_one_picture(file: str) -> bool:
    return file.rpartition(".")[2].lower() in _ONE_PICTURE
