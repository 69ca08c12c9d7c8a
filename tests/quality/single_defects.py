"""Group single defects, found by the finder, and compare the clusters with their true kinds.

    python -m tests.quality.single_defects [--boards last] [--seeds 20]

Prints one row per set, per source of what is expected, and per way of describing the defects. The first way,
the picture of the defect alone, is the baseline. A cell is the mean over random 80 % subsamples of the
images, with the 5 % and 95 % quantiles in brackets. Boards have boxes: found defects are matched one to one
to them at an intersection over union of .33, and false ones, which have no kind, are grouped but not scored.
Every defect of a generated wafer has the kind of its image.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.detections import Box, Detection
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import base_labels
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.engine.detection.matching import matches
from defect_workbench.engine.input.scan import scan
from defect_workbench.storage.boxes.box_folder import BoxFolder
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.detection.describe_set import choice_for_items, describe
from defect_workbench.workflows.extract import FeatureOptions
from tests.quality import wafers
from tests.quality.__main__ import SHARED_DATA, note
from tests.quality.figures import CLUSTERS, CUT_ARI, TRUE_ARI, ari, exported_labels, interval
from tests.quality.inventory import BOARDS
from tests.quality.labelled import built_set

SHARE = 0.8
IOU = 0.33
# Constants were chosen on the first boards by file name; the others are kept back.
CHOSEN_ON = 100
FALSE = "false detection"
EXPORTED_ARI, RECALL, PRECISION = "ARI, exported", "recall", "precision"
FIGURES = (TRUE_ARI, CUT_ARI, EXPORTED_ARI, CLUSTERS, RECALL, PRECISION)
WAYS = (GroupBy.PICTURE, GroupBy.DEFECT, GroupBy.BOTH)


@dataclass(frozen=True, eq=False)
class FoundSet:
    """The defects of a set of images, with their kinds.

    Attributes
    ----------
    images : ImageSet
        The defects.
    kinds : tuple of str
        Of each defect; `FALSE` for one that matches no box.
    marked : mapping of str to int
        Number of boxes of each image; empty where nobody marked any.
    """

    images: ImageSet
    features: Features
    kinds: tuple[str, ...]
    marked: Mapping[str, int]

    def subset(self, parents: frozenset[str]) -> FoundSet:
        """Return the defects of some of the images."""
        rows = np.array([i for i, image in enumerate(self.images.images) if image.file in parents], np.intp)
        blocks = {name: block[rows] for name, block in self.features.blocks.items()}
        return FoundSet(
            replace(self.images, images=tuple(self.images.images[i] for i in rows.tolist())),
            replace(self.features, blocks=blocks),
            tuple(self.kinds[i] for i in rows.tolist()),
            {path: count for path, count in self.marked.items() if path in parents},
        )


def find(
    folder: Path, references: Path | None, options: FeatureOptions, part: slice = slice(None)
) -> FoundSet:
    """Find and describe the defects of a folder of images; the kind of each is the folder of its image."""
    reporter = SilentReporter()
    listing = scan(folder, reporter)
    listing = replace(listing, files=listing.files[part])
    settings = Settings(items=Items.DEFECTS, reference="" if references is None else str(references))
    described = describe(listing, settings, options, reporter)
    kinds = tuple(image.path.split("/", 1)[0] for image in described.images.images)
    return FoundSet(described.images, described.found.features, kinds, {})


def with_kinds_of_boxes(found: FoundSet, boxes: Path) -> FoundSet:
    """Return the defects with the kinds of the boxes that they match."""
    sizes = {each.path: (each.width, each.height) for each in found.images.searched}
    marked = BoxFolder(boxes).read(sizes, SilentReporter()).boxes
    kinds: dict[str, str] = {}
    for path, own in _by_parent(found.images):
        detections = [Detection(box, 0.5, 0) for _, box in own]
        for (name, _), index in zip(own, matches(detections, marked.get(path, ()), IOU), strict=True):
            kinds[name] = FALSE if index is None else marked[path][index].label
    ordered = tuple(kinds[image.path] for image in found.images.images)
    return replace(found, kinds=ordered, marked={path: len(own) for path, own in marked.items()})


def _by_parent(images: ImageSet) -> Iterator[tuple[str, list[tuple[str, Box]]]]:
    by_parent: dict[str, list[tuple[str, Box]]] = {}
    for image in images.images:
        assert image.origin is not None
        x1, y1, x2, y2 = image.origin.box
        by_parent.setdefault(image.origin.parent, []).append((image.path, Box(x1, y1, x2, y2)))
    yield from by_parent.items()


def figures_of(found: FoundSet, analysis: Analysis) -> dict[str, float]:
    """Return how far clusters agree with the kinds, and how many defects were found."""
    scored = np.flatnonzero([kind != FALSE for kind in found.kinds])
    kinds = np.unique(np.array(found.kinds)[scored], return_inverse=True)[1].astype(np.intp)

    def agreement(labels: Integers) -> float:
        return ari(kinds, labels[scored])

    figures = {
        TRUE_ARI: agreement(base_labels(analysis, len(np.unique(kinds)))),
        CUT_ARI: agreement(base_labels(analysis, analysis.suggested_cut)),
        EXPORTED_ARI: agreement(exported_labels(analysis)),
        CLUSTERS: float(analysis.suggested_cut),
    }
    if found.marked:
        figures[RECALL] = len(scored) / max(1, sum(found.marked.values()))
        figures[PRECISION] = len(scored) / max(1, len(found.kinds))
    return figures


def measure(found: FoundSet, way: GroupBy, seeds: int) -> dict[str, list[float]]:
    """Return the figures of each subsample."""
    parents = sorted(each.path for each in found.images.searched)
    values: dict[str, list[float]] = {}
    for seed in range(seeds):
        rng = np.random.default_rng([seed, len(parents)])
        chosen = rng.permutation(len(parents))[: round(SHARE * len(parents))].tolist()
        part = found.subset(frozenset(parents[i] for i in chosen))
        settings = Settings(items=Items.DEFECTS, group_by=way)
        choice = choice_for_items(settings, len(part.images), SilentReporter())
        analysis = analyse(part.features, settings, SilentReporter(), choice)
        for name, value in figures_of(part, analysis).items():
            values.setdefault(name, []).append(value)
    return values


def row(name: str, expected: str, way: GroupBy, values: Mapping[str, Sequence[float]]) -> str:
    """Return a row of the table."""
    cells = [name, expected, str(way)]
    for figure in FIGURES:
        if figure in values:
            found = interval(list(values[figure]))
            cells.append(f"{found['mean']:.2f} ({found['low']:.2f} to {found['high']:.2f})")
        else:
            cells.append("")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality.single_defects",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    user = UserDirs.of_user()
    parser.add_argument("--boards", choices=("first", "last", "none"), default="last")
    parser.add_argument("--look", action="append", default=[], choices=list(wafers.LOOKS), help="of wafers")
    parser.add_argument("--seeds", type=int, default=20, help="subsamples (default: 20)")
    parser.add_argument("--cache", type=Path, default=user.analyses.parent / "quality", metavar="DIR")
    args = parser.parse_args()
    options = replace(FeatureOptions.at(user), store=args.cache / "features")
    print("| set | expected | grouped by | " + " | ".join(FIGURES) + " |")
    print("|---" * (3 + len(FIGURES)) + "|")
    boards = SHARED_DATA / BOARDS
    part = slice(CHOSEN_ON) if args.boards == "first" else slice(CHOSEN_ON, None)
    for references in (boards / "templates", None) if args.boards != "none" else ():
        note(f"searching {boards}")
        found = with_kinds_of_boxes(find(boards / "images", references, options, part), boards / "boxes")
        _print(f"boards, {args.boards}", references, found, args.seeds)
    for look in args.look:
        target = args.cache / "sets" / f"wafers-{look}-{wafers.VERSION}-0"
        built = built_set(target, partial(wafers.build_wafers, look_name=look))
        for references in (built / "references", None):
            note(f"searching {built}")
            _print(f"wafers, {look}", references, find(built / "images", references, options), args.seeds)


def _print(name: str, references: Path | None, found: FoundSet, seeds: int) -> None:
    expected = "own background" if references is None else "references"
    for way in WAYS:
        print(row(name, expected, way, measure(found, way, seeds)), flush=True)


if __name__ == "__main__":
    main()
