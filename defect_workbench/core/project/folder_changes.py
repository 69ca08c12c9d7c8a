"""How a folder has changed since its images were read."""

from __future__ import annotations

from collections.abc import Iterable

from defect_workbench.core.images.image_records import PASSED_OVER, ImageSet
from defect_workbench.core.text import and_more

_FILES_NAMED = 3


def differences(before: ImageSet, after: ImageSet) -> list[str]:
    """Return one phrase per kind of change, with the files; empty if nothing changed.

    Files that are skipped because of their location are ignored, as they may be results of this program.
    """
    old = {image.path: image.sha256 for image in before.images}
    new = {image.path: image.sha256 for image in after.images}
    rejected_before = _rejected(before)
    rejected_now = _rejected(after)
    changes = [
        ("deleted or moved", [p for p in old if p not in new and p not in rejected_now]),
        ("can no longer be used", [p for p in old if p in rejected_now]),
        ("changed", [p for p in old if p in new and old[p] != new[p]]),
        ("new", [p for p in new if p not in old and p not in rejected_before]),
        ("can be used now", [p for p in new if p in rejected_before]),
        (
            "not used before, and deleted or moved",
            [p for p in rejected_before if p not in {*rejected_now, *new}],
        ),
        ("new, but not used", [p for p in rejected_now if p not in {*rejected_before, *old}]),
    ]
    reasons = [p for p in rejected_before if p in rejected_now and rejected_now[p] != rejected_before[p]]
    changes.append(("not used, but for another reason than before", reasons))
    return [f"{_listed(paths)}: {change}" for change, paths in changes if paths]


def _rejected(images: ImageSet) -> dict[str, str]:
    return {item.path: item.reason for item in images.rejected if item.reason not in PASSED_OVER}


def _listed(paths: Iterable[str]) -> str:
    return and_more(sorted(paths), _FILES_NAMED)
