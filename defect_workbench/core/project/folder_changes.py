"""How a folder has changed since its images were read."""

from __future__ import annotations

from collections.abc import Iterable

from defect_workbench.core.images.image_records import PASSED_OVER, ImageSet
from defect_workbench.core.text import and_more

_NAMED = 3


def differences(before: ImageSet, after: ImageSet) -> list[str]:
    """One sentence each on added, removed and changed images; empty if there are none.

    Files that are skipped because of where they are do not count, as a result may have been written there.
    """
    old = {image.path: image.sha256 for image in before.images}
    new = {image.path: image.sha256 for image in after.images}
    refused_before = _refused(before)
    refused_now = _refused(after)
    found = [
        ("no longer there", [p for p in old if p not in new and p not in refused_now]),
        ("can no longer be used", [p for p in old if p in refused_now]),
        ("changed", [p for p in old if p in new and old[p] != new[p]]),
        ("new", [p for p in new if p not in old and p not in refused_before]),
        ("can be used now", [p for p in new if p in refused_before]),
        ("not used, and no longer there", [p for p in refused_before if p not in {*refused_now, *new}]),
        ("not used, and new", [p for p in refused_now if p not in {*refused_before, *old}]),
    ]
    reasons = [p for p in refused_before if p in refused_now and refused_now[p] != refused_before[p]]
    found.append(("not used, now for another reason", reasons))
    return [f"{_named(paths)}: {words}" for words, paths in found if paths]


def _refused(images: ImageSet) -> dict[str, str]:
    return {item.path: item.reason for item in images.rejected if item.reason not in PASSED_OVER}


def _named(paths: Iterable[str]) -> str:
    return and_more(sorted(paths), _NAMED)
