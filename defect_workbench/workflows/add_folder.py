"""New lots: a folder joins the open project, its images beside the clusters that are confirmed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decisions import UNDECIDED, Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.side_data import SideData
from defect_workbench.engine.input.scan import Listing, listing_of, scan
from defect_workbench.workflows.extract import FeatureOptions, extract_listing


@dataclass(frozen=True, eq=False)
class AddedFolder:
    """The project with the new images in it.

    Attributes
    ----------
    new, matched : int
        Images added, and how many of them were put into confirmed clusters.
    """

    project: Project
    new: int
    matched: int


def add_folder(project: Project, folder: Path, options: FeatureOptions, reporter: Reporter) -> AddedFolder:
    """Add the images of a folder: matched to confirmed clusters first, only the rest is clustered.

    Parameters
    ----------
    options : FeatureOptions
        Its `processing` is not used: the new images are preprocessed as the others were.

    Raises
    ------
    InputError
        If the folder holds no new image, or images of the project are missing.
    """
    from defect_workbench.engine.clustering.group import analyse
    from defect_workbench.engine.features.identity import differences

    root = common_root(project.images.root, folder)
    old = {_below(root, project.images.absolute(i)): i for i in range(len(project.images))}
    listing = _common_listing(project, scan(Path(os.path.abspath(folder)), reporter), root, old)
    processing = project.analysis.settings.processing
    extraction = extract_listing(listing, replace(options, processing=processing), reporter)
    before = np.array([old.get(image.path, UNDECIDED) for image in extraction.images.images], np.intp)
    lost = len(project.images) - int((before != UNDECIDED).sum())
    if lost:
        raise InputError(f"{lost:,} images of this project are no longer there", Remedy.FIND_IMAGES)
    new = np.flatnonzero(before == UNDECIDED)
    if not len(new):
        raise InputError(f"every image in {folder} is in this project already")
    for difference in differences(project.analysis.identity, extraction.features.identity):
        reporter.warn(f"the features of all images were computed again: {difference}")
    analysis = analyse(extraction.features, project.analysis.settings, reporter)
    decisions = carried(project.decisions, before)
    decisions, proposal, matched = _matched(project, extraction.features.blocks, before, new, decisions)
    side = None if project.side is None else carried_side(project.side, before)
    came_from = [_below(root, project.images.root / part) for part in project.images.folders]
    folders = tuple(sorted({"" if part == "." else part for part in (*came_from, _below(root, folder))}))
    images = replace(extraction.images, folders=("",) if "" in folders else folders)
    grown = Project(images, analysis, analysis.suggested_cut, decisions, side, proposal)
    return AddedFolder(grown, len(new), matched)


def _common_listing(project: Project, added: Listing, root: Path, old: Mapping[str, int]) -> Listing:
    """The files of a project and of a scan, named from a folder that holds both."""
    here = listing_of(project.images)
    files, rejected = {}, {}
    for listing in (here, added):
        for file in listing.files:
            path = _below(root, listing.root / file.path)
            if listing is added or path in old:
                files[path] = replace(file, path=path)
        for item in listing.rejected if listing is added else project.images.rejected:
            path = _below(root, listing.root / item.path)
            rejected[path] = replace(item, path=path)
    return Listing(
        root,
        tuple(files[path] for path in sorted(files)),
        tuple(rejected[path] for path in sorted(rejected)),
    )


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
        proposal.unreviewed[old],
    )
    labels = tuple(proposal.labels[place] if place != UNDECIDED else "" for place in before.tolist())
    asked = np.flatnonzero(np.isin(before, proposal.label_next) & known)
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
    labels, sure, unseen = list(carried.labels), carried.probability, carried.unreviewed.copy()
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
        replace(carried, labels=tuple(labels), probability=sure, unreviewed=unseen),
        matched,
    )
