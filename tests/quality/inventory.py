"""All sets to measure: labelled folders that exist, and sets built from what exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.quality import wafers, windows
from tests.quality.labelled import Inventory, LabelledFolder, built_set, folders_below

BOARDS = "deeppcb-boards"
# Sets that show the same kind of surface; any other set is a family of its own.
_FAMILIES = {"deeppcb-crops": "boards"}
# Not folders of class folders.
_OTHER_DATA = {BOARDS, "klarf-examples"}


def take_stock(shared: Path, given: Sequence[Path], cache: Path, seed: int = 0) -> Inventory:
    """Return the labelled sets below `shared` and those given, and build the others in `cache`."""
    inventory = Inventory()
    if not shared.is_dir():
        inventory.skipped["labelled sets"] = f"there is no folder {shared}"
    for found in folders_below(shared, _FAMILIES):
        if found.name not in _OTHER_DATA:
            inventory.add(found)
    for folder in given:
        inventory.add(LabelledFolder(folder.resolve().name, folder.resolve(), str(folder.resolve())))
    boards = shared / BOARDS
    if boards.is_dir():
        target = cache / "sets" / f"deeppcb-windows-{windows.VERSION}-{seed}"
        built = built_set(target, partial(windows.build_windows, boards, seed=seed))
        inventory.add(_with_sides("deeppcb-windows", built, "boards"))
    else:
        inventory.skipped["deeppcb-windows"] = f"there is no folder {boards}"
    for look in wafers.LOOKS:
        target = cache / "sets" / f"wafers-{look}-{wafers.VERSION}-{seed}"
        built = built_set(target, partial(wafers.build_wafers, look_name=look, seed=seed))
        inventory.add(_with_sides(f"wafers-{look}", built, "wafers", wafers.background_of))
    return inventory


def _with_sides(
    name: str, built: Path, family: str, background_of: Callable[[str], str] | None = None
) -> LabelledFolder:
    return LabelledFolder(
        name,
        built / "images",
        family,
        references=built / "references",
        masks=built / "masks",
        clean=built / "clean",
        background_of=background_of,
    )
