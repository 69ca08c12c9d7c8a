"""Settings of preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

InfoBar = Literal["auto", "off"] | int
Denoise = Literal["none", "median", "nlm"]
Background = Literal["none", "median", "plane", "periodic"]

DENOISES: tuple[Denoise, ...] = get_args(Denoise)
BACKGROUNDS: tuple[Background, ...] = get_args(Background)


@dataclass(frozen=True)
class Processing:
    """What is done to an image before features are computed; part of a vector's identity.

    By default only the info bar is cropped.

    Attributes
    ----------
    info_bar : "auto", "off" or int
        Detected and cropped; kept; or the number of rows to crop at the bottom of every image.
    denoise : "none", "median" or "nlm"
        3 x 3 median filter, or non-local means.
    background : "none", "median", "plane" or "periodic"
        What is subtracted: the large-scale median, a plane, or a periodic pattern.
    rescale_nm : float or None
        Images of known pixel size are resampled to this many nm per pixel.

    Raises
    ------
    ValueError
        If a value is none of these.
    """

    info_bar: InfoBar = "auto"
    denoise: Denoise = "none"
    background: Background = "none"
    rescale_nm: float | None = None

    def __post_init__(self) -> None:
        rows = self.info_bar
        counted = isinstance(rows, int) and not isinstance(rows, bool) and 0 < rows < 100_000
        if rows not in ("auto", "off") and not counted:
            raise ValueError(f"info bar {rows!r}: auto, off, or a number of rows from 1 up")
        if self.denoise not in DENOISES:
            raise ValueError(f"denoise {self.denoise!r}: one of {', '.join(DENOISES)}")
        if self.background not in BACKGROUNDS:
            raise ValueError(f"background {self.background!r}: one of {', '.join(BACKGROUNDS)}")
        if self.rescale_nm is not None and not 0 < self.rescale_nm < 1e9:
            raise ValueError("a common pixel size must be above 0 nm")

    def identity(self) -> dict[str, Any]:
        """Return JSON values that differ whenever the resulting images differ."""
        return {
            "info_bar": self.info_bar,
            "denoise": self.denoise,
            "background": self.background,
            "rescale_nm": None if self.rescale_nm is None else float(self.rescale_nm),
        }

    @property
    def words(self) -> str:
        """A short description for reports and the command line."""
        bar = {"auto": "info bar detected and cropped", "off": "info bar kept"}
        steps = [bar.get(str(self.info_bar), f"{self.info_bar} rows cropped at the bottom")]
        if self.denoise != "none":
            steps.append({"median": "3 x 3 median", "nlm": "non-local means"}[self.denoise])
        if self.background != "none":
            subtracted = {"median": "large-scale median", "plane": "plane", "periodic": "periodic pattern"}
            steps.append(f"{subtracted[self.background]} subtracted")
        if self.rescale_nm is not None:
            steps.append(f"rescaled to {self.rescale_nm:g} nm per pixel")
        return ", ".join(steps)


DEFAULT = Processing()
