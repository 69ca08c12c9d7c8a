"""All image file formats. A new one is a module that defines `ENTRY`, and its name in this list."""

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
# Formats that cannot be read; files with these extensions are listed as rejected, with the reason.
_OTHER_IMAGES = frozenset(
    f".{name}"
    for name in "heic heif avif jp2 j2k jxl psd svg ico pcx tga ppm pgm pbm raw dng cr2 nef eps".split()  # noqa: SIM905
)
_BASE_VERSION = 2


def extension_of(name: str) -> str:
    """Return the extension of a file name, in lower case and with the dot."""
    return os.path.splitext(name)[1].lower()


def promised_format(name: str) -> ImageFormat | None:
    """Return the format that the extension of a file name indicates, or None."""
    extension = extension_of(name)
    return next((entry for entry in IMAGE_FORMATS if extension in entry.extensions), None)


def looks_like_image(name: str) -> bool:
    """Return whether the extension is that of an image format, readable or not."""
    return promised_format(name) is not None or extension_of(name) in _OTHER_IMAGES


def recognised_format(data: bytes, name: str) -> ImageFormat | None:
    """Return the format of a file's content, or None; if several formats fit, the extension decides."""
    head, extension = data[:HEAD_BYTES], extension_of(name)
    candidates = [entry for entry in IMAGE_FORMATS if entry.recognises(head, extension)]
    return next(
        (entry for entry in candidates if extension in entry.extensions),
        candidates[0] if candidates else None,
    )


def format_names() -> str:
    """Return the labels of all readable formats, for messages."""
    return ", ".join(entry.label for entry in IMAGE_FORMATS)


def decoder_version() -> str:
    """Return the decoders' part of feature identities, which changes with the version of any format."""
    raised = [f"{e.name} v{e.version}" for e in IMAGE_FORMATS if e.version != _BASE_VERSION]
    return ", ".join([f"v{_BASE_VERSION}", *raised])
