"""What is done to a picture before its features are taken."""

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
    """How pictures are prepared for the features; part of what a vector depends on.

    The default leaves a picture as it is, but for an info bar at its bottom.

    Attributes
    ----------
    info_bar : "auto", "off" or int
        Found and left out; kept; or the number of rows to leave out at the bottom of every picture.
    denoise : "none", "median" or "nlm"
        Median of 3 x 3, or non-local means.
    background : "none", "median", "plane" or "periodic"
        What is taken off: the large-scale median, a plane, or a repeating pattern.
    rescale_nm : float or None
        Every picture of known pixel size is brought to this many nanometres a pixel.

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
        """JSON values that tell apart whatever gives different pictures."""
        return {
            "info_bar": self.info_bar,
            "denoise": self.denoise,
            "background": self.background,
            "rescale_nm": None if self.rescale_nm is None else float(self.rescale_nm),
        }

    @property
    def words(self) -> str:
        """In a few words, as reports and the command line show it."""
        bar = {"auto": "info bar found and left out", "off": "info bar kept"}
        said = [bar.get(str(self.info_bar), f"{self.info_bar} rows at the bottom left out")]
        if self.denoise != "none":
            said.append({"median": "median 3 x 3", "nlm": "non-local means"}[self.denoise])
        if self.background != "none":
            taken = {"median": "large-scale median", "plane": "plane", "periodic": "periodic pattern"}
            said.append(f"{taken[self.background]} taken off")
        if self.rescale_nm is not None:
            said.append(f"rescaled to {self.rescale_nm:g} nm a pixel")
        return ", ".join(said)


DEFAULT = Processing()
