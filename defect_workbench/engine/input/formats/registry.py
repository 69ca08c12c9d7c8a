"""All formats of image files."""

from __future__ import annotations

import os

from defect_workbench.core.registry import Registry
from defect_workbench.engine.input.formats.image_format import HEAD_BYTES, ImageFormat

IMAGE_FORMATS: Registry[ImageFormat] = Registry.of_modules(
    "image format",
    "defect_workbench.engine.input.formats",
    "png",
    "jpeg",
    "bmp",
    "tiff",
    "gif",
    "webp",
    "height_maps.gwyddion",
    "height_maps.bruker_spm",
    "height_maps.igor",
    "height_maps.jpk",
    "height_maps.asd",
)
# Images of other kinds: a file with such a name is listed with the reason why it is not used.
_OTHER_IMAGES = frozenset(
    f".{name}"
    for name in "heic heif avif jp2 j2k jxl psd svg ico pcx tga ppm pgm pbm raw dng cr2 nef eps".split()  # noqa: SIM905
)
_BASE_VERSION = 2


def extension_of(name: str) -> str:
    """The extension of a file name, in lower case, with its dot."""
    return os.path.splitext(name)[1].lower()


def promised_format(name: str) -> ImageFormat | None:
    """The format that a file name promises."""
    extension = extension_of(name)
    return next((entry for entry in IMAGE_FORMATS if extension in entry.extensions), None)


def looks_like_image(name: str) -> bool:
    """Whether a name promises an image, of a format that can be read or not."""
    return promised_format(name) is not None or extension_of(name) in _OTHER_IMAGES


def recognised_format(data: bytes, name: str) -> ImageFormat | None:
    """The format of a file's content; its name decides where the content fits several."""
    head, extension = data[:HEAD_BYTES], extension_of(name)
    found = [entry for entry in IMAGE_FORMATS if entry.recognises(head, extension)]
    return next((entry for entry in found if extension in entry.extensions), found[0] if found else None)


def format_names() -> str:
    """All formats that can be read, for a person."""
    return ", ".join(entry.label for entry in IMAGE_FORMATS)


def decoder_version() -> str:
    """What stored features depend on: it changes with the version of any format."""
    raised = [f"{e.name} v{e.version}" for e in IMAGE_FORMATS if e.version != _BASE_VERSION]
    return ", ".join([f"v{_BASE_VERSION}", *raised])
