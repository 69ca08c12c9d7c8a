"""What images are grouped by: the whole picture, its defect, or both."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from defect_workbench.core.clustering.feature_blocks import (
    CHANGE,
    DEEP,
    DEFECT,
    FOREGROUND,
    RESIDUAL,
    BlockWeights,
)

# The blocks that describe the defect and not the picture.
OF_DEFECT = (DEFECT, RESIDUAL, FOREGROUND, CHANGE)
# If single defects are grouped by both, what they do to the pattern tells more than what a crop shows
# (docs/adr/0028).
_SHARE_OF_CROP = 0.2
# Where few backgrounds can be modelled, images are grouped by both without being asked to. More weight for
# the defect would cost textures that fill the picture (docs/adr/0047).
SHARE_OF_PICTURE = 0.6
# What stands out from noise and background tells more than the activations at its place (docs/adr/0039).
_WITH_FOREGROUND = {DEFECT: 0.3, FOREGROUND: 0.7}


class GroupBy(StrEnum):
    """What the user asked for, or what was chosen; only the former can be `AUTO`."""

    AUTO = "auto"
    PICTURE = "picture"
    DEFECT = "defect"
    BOTH = "both"

    def shares(self, available: Collection[str]) -> dict[str, float]:
        """Return the weights of the feature blocks, of those that are not 0.

        Parameters
        ----------
        available : collection of str
            Names of the blocks that there are; those that describe the defect share its weight.
        """
        both = _SHARE_OF_CROP if CHANGE in available else 0.5
        picture = {GroupBy.DEFECT: 0.0, GroupBy.BOTH: both}.get(self, 1.0)
        of_defect = [name for name in OF_DEFECT if name in available]
        parts = dict.fromkeys(of_defect, 1 / max(len(of_defect), 1))
        if set(of_defect) == set(_WITH_FOREGROUND):
            parts = _WITH_FOREGROUND
        shares = {DEEP: picture, **{name: (1 - picture) * part for name, part in parts.items()}}
        return {name: share for name, share in shares.items() if share > 0}


@dataclass(frozen=True)
class GroupByChoice:
    """What the images of a set are grouped by, and why.

    Attributes
    ----------
    chosen : GroupBy
        Never `AUTO`.
    why : str
        The reason, shown to the user; empty in sessions of earlier versions.
    """

    chosen: GroupBy = GroupBy.PICTURE
    why: str = ""


def described_by(weights: BlockWeights) -> GroupBy:
    """Return what images are grouped by with these block weights."""
    defect = any(weights.share(name) > 0 for name in OF_DEFECT)
    picture = any(share > 0 for name, share in weights.shares.items() if name not in OF_DEFECT)
    if defect:
        return GroupBy.BOTH if picture else GroupBy.DEFECT
    return GroupBy.PICTURE
