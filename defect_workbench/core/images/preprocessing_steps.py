"""Settings of preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

InfoBar = Literal["auto", "off"] | int
Denoise = Literal["none", "median", "nlm"]
Background = Literal["none", "median", "plane", "periodic"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Choice(Generic[Value]):
    """One value of a setting, and its label in forms, reports and on the command line."""

    value: Value
    label: str


INFO_BAR_CHOICES: tuple[Choice[InfoBar], ...] = (
    Choice("auto", "detected and cropped"),
    Choice("off", "kept"),
)
DENOISE_CHOICES: tuple[Choice[Denoise], ...] = (
    Choice("none", "none"),
    Choice("median", "3 × 3 median"),
    Choice("nlm", "non-local means"),
)
BACKGROUND_CHOICES: tuple[Choice[Background], ...] = (
    Choice("none", "kept"),
    Choice("median", "large-scale median subtracted"),
    Choice("plane", "plane subtracted"),
    Choice("periodic", "periodic pattern subtracted"),
)
DENOISES: tuple[Denoise, ...] = tuple(choice.value for choice in DENOISE_CHOICES)
BACKGROUNDS: tuple[Background, ...] = tuple(choice.value for choice in BACKGROUND_CHOICES)


@dataclass(frozen=True)
class Preprocessing:
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
        If a value is not one of these.
    """

    info_bar: InfoBar = "auto"
    denoise: Denoise = "none"
    background: Background = "none"
    rescale_nm: float | None = None

    def __post_init__(self) -> None:
        rows = self.info_bar
        counted = isinstance(rows, int) and not isinstance(rows, bool) and 0 < rows < 100_000
        if rows not in ("auto", "off") and not counted:
            raise ValueError(f"the info bar must be auto, off, or from 1 to 99,999 rows, not {rows!r}")
        if self.denoise not in DENOISES:
            raise ValueError(f"the noise filter {self.denoise!r} is not one of {', '.join(DENOISES)}")
        if self.background not in BACKGROUNDS:
            raise ValueError(f"the background {self.background!r} is not one of {', '.join(BACKGROUNDS)}")
        if self.rescale_nm is not None and not 0 < self.rescale_nm < 1e9:
            raise ValueError(
                f"the common pixel size must be above 0 and below 1e9 nm, not {self.rescale_nm:g}"
            )

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
        return self.words_with("info bar detected and cropped")

    def words_with(self, detected: str) -> str:
        """Return a short description.

        Parameters
        ----------
        detected : str
            What became of info bars where they are detected.
        """
        if isinstance(self.info_bar, int):
            steps = [f"{self.info_bar} rows cropped at the bottom"]
        else:
            steps = [detected if self.info_bar == "auto" else "info bar kept"]
        if self.denoise != "none":
            steps.append(_label(DENOISE_CHOICES, self.denoise))
        if self.background != "none":
            steps.append(_label(BACKGROUND_CHOICES, self.background))
        if self.rescale_nm is not None:
            steps.append(f"rescaled to {self.rescale_nm:g} nm per pixel")
        return ", ".join(steps)


def _label(choices: tuple[Choice[Value], ...], value: Value) -> str:
    return next(choice.label for choice in choices if choice.value == value)


DEFAULT = Preprocessing()
