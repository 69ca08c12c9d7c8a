"""How well images of unknown kinds are recognised, as reports show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LeftOutClass:
    """How well models trained without a class recognise its images as unknown.

    Attributes
    ----------
    auc : float
        Area under the receiver operating characteristic, its novelty scores against those of the others.
    unknown_found : float
        Share of its images that are classified as unknown: the recall.
    known_rejected : float
        Share of the other images, held out, that are classified as unknown: the actual false alarms.
    """

    auc: float
    unknown_found: float
    known_rejected: float


@dataclass(frozen=True)
class UnknownKinds:
    """How well images of unknown kinds are recognised: each class left out of training in turn.

    Attributes
    ----------
    mean, worst : float or None
        Mean and minimum of the areas under the curve; None if nothing was measured, for the reason `why`.
    recall, known_rejected : float or None
        Means over the classes left out; None if nothing was measured, and in models of formats 1 and 2.
    false_alarms : float or None
        The share of false alarms at which they were measured; None in models of formats 1 and 2.
    """

    classes: Mapping[str, LeftOutClass]
    mean: float | None
    worst: float | None
    why: str = ""
    recall: float | None = None
    known_rejected: float | None = None
    false_alarms: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file and the JSON output."""
        values = asdict(self)
        if not self.why:
            del values["why"]
        return values
