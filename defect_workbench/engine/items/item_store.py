"""What the feature store keeps of defects as items: those of each image, and the features of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from defect_workbench.core.clustering.feature_blocks import CHANGE
from defect_workbench.core.images.defect_items import DefectOrigin
from defect_workbench.core.images.image_locations import Rectangle
from defect_workbench.core.images.measurements import FIRST_MEASURE_VERSION
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.extraction.stored_vectors import Blocks, VectorBlock, VectorStore, open_blocks
from defect_workbench.engine.features.identity import NetworkInUse, block_identity, measured_identity
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.items.item_crops import IDENTITY, item_key

# Names the crops in identities of features, as other views of an image are named.
VIEW = f"defect {IDENTITY}"
_FIELDS = ("width", "height", "format", "note", "reason", "tool", "items")


@dataclass(frozen=True)
class ItemFacts:
    """A defect as the store keeps it with its image.

    Attributes
    ----------
    origin : DefectOrigin
        Its parent is empty, as the same image may have several paths.
    sha256 : str
        Of the pixels that were cut out.
    """

    origin: DefectOrigin
    sha256: str


@dataclass(frozen=True)
class ParentFacts:
    """An image in which defects were searched, as the store keeps it.

    Attributes
    ----------
    reason : str
        Why it cannot be used; empty if it can.
    tool : str
        Metadata of the instrument, as JSON; empty if there are none.
    items : sequence of ItemFacts
        Its defects, from top to bottom.
    """

    width: int
    height: int
    format: str
    note: str
    reason: str
    tool: str
    items: Sequence[ItemFacts] = ()


@dataclass(frozen=True)
class ItemBlocks:
    """The parts of a feature store about defects as items.

    Attributes
    ----------
    parents : VectorBlock
        By key of the image and its reference.
    features : Blocks
        By key of the defect.
    facts : dict of str to ParentFacts
        What was read or written, as the store reads a whole file for a single row.
    """

    parents: VectorBlock
    features: Blocks
    facts: dict[str, ParentFacts] = field(default_factory=dict)

    def complete(self, key: str) -> bool:
        """Return whether nothing is left to compute for an image with this key."""
        if key not in self.facts and key not in self.parents:
            return False
        facts = self.read([key])[0]
        keys = [item_key(key, each.origin.number) for each in facts.items]
        return bool(facts.reason) or all(self.features.complete(each, each) for each in keys)

    def prefetch(self, keys: Sequence[str]) -> None:
        """Read those of some images that the store has, so that each file of the store is read once."""
        self.read([key for key in keys if key in self.parents])

    def all_complete(self, keys: Sequence[str]) -> bool:
        """Return whether nothing is left to compute for images with these keys."""
        if not all(key in self.parents for key in keys):
            return False
        self.prefetch(keys)
        return all(self.complete(key) for key in keys)

    def read(self, keys: Sequence[str]) -> list[ParentFacts]:
        """Return what the store keeps of some images."""
        missing = [key for key in dict.fromkeys(keys) if key not in self.facts]
        for key, values in zip(missing, self.parents.fields(missing, _FIELDS), strict=True):
            *facts, items = values
            self.facts[key] = replace(ParentFacts(*facts), items=_items_of(items))
        return [self.facts[key] for key in keys]

    def write(self) -> None:
        """Store the images that are only in `facts`."""
        fresh = {key: each for key, each in self.facts.items() if key not in self.parents}
        if fresh:
            rows = list(fresh.values())
            columns = {name: [getattr(each, name) for each in rows] for name in _FIELDS[:-1]}
            self.parents.append_fields(
                list(fresh), {**columns, "items": [_items_text(each.items) for each in rows]}
            )


def open_item_blocks(
    store: VectorStore, processing: Preprocessing, network: NetworkInUse | None
) -> ItemBlocks:
    """Open the parts of a store for defects of images with this preprocessing.

    Parameters
    ----------
    network : NetworkInUse or None
        None leaves out the blocks that the network computes.
    """
    # The finder measures single defects, which therefore do not depend on later versions of measuring.
    version = FIRST_MEASURE_VERSION
    found = {**measured_identity(processing, version), "view": VIEW}
    usual = open_blocks(store, processing, network, VIEW, version)
    change = store.block(
        CHANGE, block_identity(BLOCKS[CHANGE], processing, view=VIEW, measure_version=version)
    )
    features = Blocks(
        facts=store.block("item", found),
        measured=store.block("measured", found),
        vectors={CHANGE: change, **usual.vectors},
    )
    return ItemBlocks(store.block("searched", found), features)


def with_parent(facts: ItemFacts, parent: str) -> DefectOrigin:
    """Return the origin of a defect in the image with this path."""
    return replace(facts.origin, parent=parent)


def _items_text(items: Sequence[ItemFacts]) -> str:
    rows = [[each.sha256, each.origin.number, *each.origin.box, *each.origin.window] for each in items]
    return json.dumps(rows, separators=(",", ":"))


def _items_of(text: str) -> tuple[ItemFacts, ...]:
    return tuple(
        ItemFacts(DefectOrigin("", number, _rectangle(corners[:4]), _rectangle(corners[4:])), sha256)
        for sha256, number, *corners in json.loads(text)
    )


def _rectangle(corners: Sequence[int]) -> Rectangle:
    x1, y1, x2, y2 = corners
    return x1, y1, x2, y2
