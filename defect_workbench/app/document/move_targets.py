"""The classes that images can be moved into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.arrays import Integers


@dataclass(frozen=True)
class MoveTarget:
    """A class with its colour; `move` moves the images into it."""

    name: str
    colour: str
    move: Callable[[], object]


def move_targets(document: Document, images: Integers) -> list[MoveTarget]:
    """Return the classes that images can be moved into, by name.

    They are all clusters but nuisances and the one that has the images, and the classes of the library that
    no image is in yet.
    """
    partition = document.partition
    if partition is None:
        return []
    present = {cluster.label.casefold() for cluster in partition.clusters}
    home = {int(number) for number in partition.cluster_of[images]}
    targets = [
        MoveTarget(cluster.label, document.colour(cluster), partial(document.move, images, cluster))
        for number, cluster in enumerate(partition.clusters)
        if home != {number} and (cluster.group is None or not cluster.group.nuisance)
    ]
    targets += [
        MoveTarget(each.name, each.colour, partial(document.split_out, images, each.name))
        for each in document.classes.classes
        if present.isdisjoint(each.names)
    ]
    return sorted(targets, key=lambda target: target.name.casefold())
