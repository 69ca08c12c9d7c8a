"""What a monitor sees of an image, and what it says about levels."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.core.text import counted

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Arrival:
    """A classified image, as far as its level is concerned.

    Attributes
    ----------
    label : str
        The most probable label, even if the image is unknown.
    score : float
        Outlier score; above 1 the image is unknown.
    """

    label: str
    known: bool
    score: float


@dataclass(frozen=True)
class Subject:
    """What has a usual level.

    Attributes
    ----------
    kind : str
        "unknown", "label", or "untypical": images of a label that are less typical than nine of ten were when
        the classifier was trained.
    label : str
        Empty for "unknown".
    """

    kind: str
    label: str = ""

    @property
    def words(self) -> str:
        """Its images, in words."""
        if self.kind == UNKNOWN:
            return "unknown images"
        if self.kind == "label":
            return f"images of “{self.label}”"
        return f"untypical images among those of “{self.label}”"


@dataclass(frozen=True)
class LevelAlarm:
    """A level that rose, or that returned.

    Attributes
    ----------
    rose : bool
        False if it is back at its usual level.
    usual, share : float
        The usual share, and that of the last images.
    images, events : int
        Number of the last images, and of those that the level counts.
    after : int
        Number of images that had arrived, this one included.
    """

    subject: Subject
    rose: bool
    usual: float
    share: float
    images: int
    events: int
    after: int

    @property
    def words(self) -> str:
        """Return a plain sentence without a full stop."""
        last = f"within the last {counted(self.images, 'image')}"
        if self.subject.label and self.subject.kind != "label":
            last += " of this label"
        verb = "rose" if self.rose else "fell back"
        tail = "" if self.rose else f" (usual: {percent(self.usual)})"
        start = f"from {percent(self.usual)} " if self.rose else ""
        return f"{self.subject.words} {verb} {start}to {percent(self.share)} {last}{tail}"


def percent(share: float) -> str:
    """Return a share in per cent, with a digit after the point only below 10%."""
    value = 100 * share
    return f"{value:.0f}%" if value >= 9.95 or value == round(value) else f"{value:.1f}%"
