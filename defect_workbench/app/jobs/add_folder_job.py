"""New lots: a folder joins the open project, its images beside the clusters that are confirmed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np

from defect_workbench.app.jobs.open_job import Opened, prepare
from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.project.decisions import UNDECIDED, Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.side_data import SideData
from defect_workbench.user_dirs import Places


@dataclass(frozen=True, eq=False)
class Added:
    """The project with the new images in it.

    Attributes
    ----------
    new, matched : int
        Images that came, and how many of them went to confirmed clusters.
    """

    opened: Opened
    new: int
    matched: int


def add_folder(project: Project, folder: Path, places: Places, *, offline: bool) -> Work:
    """The job that adds a folder: matched to confirmed clusters first, only the rest is clustered."""

    def work(reporter: JobReporter) -> Added:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary
        from defect_workbench.engine.clustering.group import analyse
        from defect_workbench.engine.extraction.extractor import extract
        from defect_workbench.engine.features.identity import differences
        from defect_workbench.engine.input.scan import Listing, listing_of, scan
        from defect_workbench.storage.vectors.feature_store import FeatureStore

        root = common_root(project.images.root, folder)
        old = {_below(root, project.images.absolute(i)): i for i in range(len(project.images))}
        here, there = listing_of(project.images), scan(folder.absolute(), reporter)
        files, rejected = {}, {}
        for listing in (here, there):
            for file in listing.files:
                path = _below(root, listing.root / file.path)
                if listing is there or path in old:
                    files[path] = replace(file, path=path)
            for item in listing.rejected if listing is there else project.images.rejected:
                path = _below(root, listing.root / item.path)
                rejected[path] = replace(item, path=path)
        listing = Listing(
            root,
            tuple(files[path] for path in sorted(files)),
            tuple(rejected[path] for path in sorted(rejected)),
        )
        processing = project.analysis.settings.processing
        found = extract(
            listing,
            FeatureStore(places.store),
            WeightsLibrary(places.weights),
            reporter,
            offline=offline,
            processing=processing,
        )
        before = np.array([old.get(image.path, UNDECIDED) for image in found.images.images], np.intp)
        lost = len(project.images) - int((before != UNDECIDED).sum())
        if lost:
            raise InputError(f"{lost:,} images of this work are no longer there", Remedy.FIND_IMAGES)
        fresh = np.flatnonzero(before == UNDECIDED)
        if not len(fresh):
            raise InputError(f"every image in {folder} is in this work already")
        for difference in differences(project.analysis.identity, found.features.identity):
            reporter.warn(f"the features of all images were computed again: {difference}")
        analysis = analyse(found.features, project.analysis.settings, reporter)
        decisions = carried(project.decisions, before)
        decisions, proposal, matched = _matched(project, found.features.blocks, before, fresh, decisions)
        clusters = analysis.suggested_cut
        side = None if project.side is None else carried_side(project.side, before)
        came_from = [_below(root, project.images.root / part) for part in project.images.folders]
        folders = tuple(sorted({"" if part == "." else part for part in (*came_from, _below(root, folder))}))
        images = replace(found.images, folders=("",) if "" in folders else folders)
        result = Project(images, analysis, clusters, decisions, side, proposal)
        return Added(prepare(result), len(fresh), matched)

    return work


def common_root(first: Path, second: Path) -> Path:
    """The folder that holds both.

    Raises
    ------
    InputError
        If there is none, as on two disks of Windows.
    """
    try:
        return Path(os.path.commonpath([os.path.abspath(first), os.path.abspath(second)]))
    except ValueError as error:
        raise InputError(f"{second} and {first} are on different disks; copy one beside the other") from error


def _below(root: Path, path: Path) -> str:
    return PurePath(os.path.relpath(os.path.abspath(path), root)).as_posix()


def carried(decisions: Decisions, before: Integers) -> Decisions:
    """Decisions about images that are at other places now.

    Parameters
    ----------
    before : (n,) intp
        The former place of each image; `UNDECIDED` for new ones.
    """
    known = before != UNDECIDED
    place = np.full(len(decisions.held), UNDECIDED, np.int32)
    place[before[known]] = np.flatnonzero(known)
    held, follows = np.full(len(before), UNDECIDED, np.int32), np.full(len(before), UNDECIDED, np.int32)
    held[known] = decisions.held[before[known]]
    leaders = decisions.follows[before[known]]
    follows[known] = np.where(leaders == UNDECIDED, UNDECIDED, place[leaders])
    return Decisions(held, follows, decisions.groups)


def carried_side(side: SideData, before: Integers) -> SideData:
    """A joined table for images that are at other places now; new ones have no row."""
    columns = tuple(
        replace(
            column, cells=tuple(None if old == UNDECIDED else column.cells[old] for old in before.tolist())
        )
        for column in side.columns
    )
    joined = tuple(old != UNDECIDED and side.joined[old] for old in before.tolist())
    return replace(side, columns=columns, joined=joined)


def carried_proposal(proposal: Proposal, before: Integers) -> Proposal:
    """Proposals for images that are at other places now; nothing is proposed for new ones."""
    known = before != UNDECIDED
    old = before[known]
    sure, unknown, unseen = Proposal.none(len(before)).probability, *np.zeros((2, len(before)), bool)
    sure[known], unknown[known], unseen[known] = (
        proposal.probability[old],
        proposal.unknown[old],
        proposal.unseen[old],
    )
    labels = tuple(proposal.labels[place] if place != UNDECIDED else "" for place in before.tolist())
    asked = np.flatnonzero(np.isin(before, proposal.asked) & known)
    return Proposal(labels, sure, unknown, unseen, asked)


def _matched(
    project: Project, blocks: Mapping[str, Vectors], before: Integers, fresh: Integers, decisions: Decisions
) -> tuple[Decisions, Proposal | None, int]:
    """New images put to the confirmed clusters they resemble, as proposals."""
    from defect_workbench.engine.clustering.match_confirmed import NEW, match_new

    confirmed = [c for c in project.partition.clusters if c.group is not None and c.group.confirmed]
    carried = Proposal.none(len(before))
    if project.proposal is not None:
        carried = carried_proposal(project.proposal, before)
    if not confirmed:
        return decisions, None if project.proposal is None else carried, 0
    place = {int(old): new for new, old in enumerate(before.tolist()) if old != UNDECIDED}
    rows, numbers = [], []
    for number, cluster in enumerate(confirmed):
        rows += [place[int(member)] for member in cluster.members]
        numbers += [number] * len(cluster.members)
    members = np.array(rows, np.intp)
    found = match_new(
        {name: block[members] for name, block in blocks.items()},
        np.array(numbers, np.intp),
        {name: block[fresh] for name, block in blocks.items()},
    )
    labels, sure, unseen = list(carried.labels), carried.probability, carried.unseen.copy()
    held = decisions.held.copy()
    for image, number, distance in zip(
        fresh.tolist(), found.cluster.tolist(), found.distance.tolist(), strict=True
    ):
        if number == NEW:
            continue
        cluster = confirmed[number]
        assert cluster.number is not None
        held[image] = cluster.number
        labels[image], sure[image], unseen[image] = cluster.label, 1 - distance / 2, True
    matched = int((found.cluster != NEW).sum())
    return (
        Decisions(held, decisions.follows, decisions.groups),
        replace(carried, labels=tuple(labels), probability=sure, unseen=unseen),
        matched,
    )
