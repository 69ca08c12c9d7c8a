"""Add a folder of new images to a project, matching them to its confirmed clusters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.errors import InputError, Remedy
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decision_history import carried_history
from defect_workbench.core.project.decisions import UNDECIDED, Decisions
from defect_workbench.core.project.found_defects import carried_defects
from defect_workbench.core.project.image_notes import carried_notes
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.text import counted
from defect_workbench.engine.input.scan import FoundFile, Listing, listing_of
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from defect_workbench.workflows.klarf.image_listing import ImageSource, list_images
from defect_workbench.workflows.klarf.joined_inspections import carried_inspection, check_not_listed
from defect_workbench.workflows.map_defects import with_defect_features


@dataclass(frozen=True, eq=False)
class AddedFolder:
    """A project after a folder was added to it.

    Attributes
    ----------
    new, matched : int
        Number of images added, and of those matched to confirmed clusters.
    """

    project: Project
    new: int
    matched: int


def add_folder(
    project: Project, source: ImageSource, options: FeatureOptions, reporter: Reporter
) -> AddedFolder:
    """Add the images of a folder or of inspection files; those that match no confirmed cluster are clustered.

    Parameters
    ----------
    options : FeatureOptions
        `processing` and `description` are ignored: those of the project are used for the new images.

    Raises
    ------
    InputError
        If the folder contains no new image, images of the project are missing, or an inspection file is
        already part of it.
    """
    from defect_workbench.engine.clustering.group import analyse
    from defect_workbench.engine.features.identity import differences

    if project.images.are_defects:
        raise InputError(
            "images cannot be added to a project of single defects; open a folder that contains all of them"
        )
    listed = list_images(source, reporter)
    added, folder = listed.listing, listed.listing.root
    if project.analysis.settings.reference and listed.reference:
        raise InputError(
            "images that come with their own golden references cannot be added to a project with others; "
            "open the folder that contains all inspection files"
        )
    check_not_listed(project, listed)
    root = common_root(project.images.root, folder)
    below = _below(root, project.images.root)
    old = {_joined(below, path): number for number, path in enumerate(project.images.paths)}
    listing = _common_listing(project, added, root, old)
    options = replace(options, processing=project.analysis.settings.processing)
    options = options.as_described_in(project.analysis)
    extraction = extract_listing(listing, options, reporter)
    before = np.array([old.get(image.path, UNDECIDED) for image in extraction.images.images], np.intp)
    lost = len(project.images) - int((before != UNDECIDED).sum())
    if lost:
        raise InputError(f"{counted(lost, 'image')} of this project cannot be found", Remedy.FIND_IMAGES)
    new = np.flatnonzero(before == UNDECIDED)
    if not len(new):
        raise InputError(f"all images in {folder} are already in this project")
    for difference in differences(project.analysis.identity, extraction.features.identity):
        reporter.warn(f"the features of all images were recomputed: {difference}")
    settings = project.analysis.settings
    found = with_defect_features(extraction.images, extraction.features, settings, options, reporter)
    analysis = analyse(found.features, settings, reporter, found.choice)
    decisions = carried_decisions(project.decisions, before)
    decisions, proposal, matched = _matched(project, found.features.blocks, before, new, decisions)
    side = None if project.side is None else carried_side(project.side, before)
    earlier = [_below(root, project.images.root / part) for part in project.images.folders]
    folders = tuple(sorted({"" if part == "." else part for part in (*earlier, _below(root, folder))}))
    images = replace(extraction.images, folders=("",) if "" in folders else folders)
    inspection = carried_inspection(project, listed, images, before, root)
    extended = Project(
        images,
        analysis,
        analysis.suggested_cut,
        decisions,
        side,
        proposal,
        found.maps,
        carried_history(project.history, before),
        carried_notes(project.image_notes, before),
        project.views,
        carried_defects(project.found, before),
        inspection,
    )
    return AddedFolder(extended, len(new), matched)


def _common_listing(project: Project, added: Listing, root: Path, old: Mapping[str, int]) -> Listing:
    """Return the files of a project and of a scan, with paths relative to a common root."""
    existing = listing_of(project.images)
    files: dict[str, FoundFile] = {}
    rejected: dict[tuple[str, str], Rejection] = {}
    for listing in (existing, added):
        below = _below(root, listing.root)
        for file in listing.files:
            path = _joined(below, file.path)
            if listing is added or path in old:
                files[path] = replace(file, path=path)
        for item in listing.rejected if listing is added else project.images.rejected:
            path = _joined(below, item.path)
            rejected[path, item.reason] = replace(item, path=path)
    return Listing(
        root,
        tuple(files[path] for path in sorted(files)),
        tuple(rejected[key] for key in sorted(rejected)),
    )


def common_root(first: Path, second: Path) -> Path:
    """Return the lowest folder that contains both.

    Raises
    ------
    InputError
        If there is none: on Windows, if the folders are on different disks.
    """
    try:
        return Path(os.path.commonpath([os.path.abspath(first), os.path.abspath(second)]))
    except ValueError as error:
        raise InputError(
            f"{second} and {first} are on different disks; copy one to the disk of the other"
        ) from error


def _joined(folder: str, path: str) -> str:
    """Return the path of a file in a folder that `_below` returned, without a call of it per file."""
    return path if folder == "." else f"{folder}/{path}"


def _below(root: Path, path: Path) -> str:
    return PurePath(os.path.relpath(os.path.abspath(path), root)).as_posix()


def carried_decisions(decisions: Decisions, before: Integers) -> Decisions:
    """Return the decisions for images whose indices have changed.

    Parameters
    ----------
    before : (n,) intp
        The previous index of each image; `UNDECIDED` for new images.
    """
    known = before != UNDECIDED
    index_now = np.full(len(decisions.held), UNDECIDED, np.int32)
    index_now[before[known]] = np.flatnonzero(known)
    held, follows = np.full(len(before), UNDECIDED, np.int32), np.full(len(before), UNDECIDED, np.int32)
    held[known] = decisions.held[before[known]]
    leaders = decisions.follows[before[known]]
    follows[known] = np.where(leaders == UNDECIDED, UNDECIDED, index_now[leaders])
    return replace(decisions, held=held, follows=follows)


def carried_side(side: SideData, before: Integers) -> SideData:
    """Return the side data of images that had the indices `before`, (n,); new images have no row."""
    columns = tuple(
        replace(
            column, cells=tuple(None if old == UNDECIDED else column.cells[old] for old in before.tolist())
        )
        for column in side.columns
    )
    joined = tuple(old != UNDECIDED and side.joined[old] for old in before.tolist())
    return replace(side, columns=columns, joined=joined)


def carried_proposal(proposal: Proposal, before: Integers) -> Proposal:
    """Return the proposals for images whose indices have changed; there are none for new images."""
    known = before != UNDECIDED
    old = before[known]
    probability, unknown, unreviewed = (
        Proposal.none(len(before)).probability,
        *np.zeros((2, len(before)), bool),
    )
    probability[known], unknown[known], unreviewed[known] = (
        proposal.probability[old],
        proposal.unknown[old],
        proposal.unreviewed[old],
    )
    labels = tuple(proposal.labels[index] if index != UNDECIDED else "" for index in before.tolist())
    label_next = np.flatnonzero(np.isin(before, proposal.label_next) & known)
    return Proposal(labels, probability, unknown, unreviewed, label_next)


def _matched(
    project: Project, blocks: Mapping[str, Vectors], before: Integers, new: Integers, decisions: Decisions
) -> tuple[Decisions, Proposal | None, int]:
    """Assign new images to the confirmed clusters that they match, as proposals."""
    from defect_workbench.engine.clustering.match_confirmed import NEW, match_new

    confirmed = [c for c in project.partition.clusters if c.group is not None and c.group.confirmed]
    carried = Proposal.none(len(before))
    if project.proposal is not None:
        carried = carried_proposal(project.proposal, before)
    if not confirmed:
        return decisions, None if project.proposal is None else carried, 0
    index_now = {int(old): index for index, old in enumerate(before.tolist()) if old != UNDECIDED}
    rows, numbers = [], []
    for number, cluster in enumerate(confirmed):
        rows += [index_now[int(member)] for member in cluster.members]
        numbers += [number] * len(cluster.members)
    members = np.array(rows, np.intp)
    matches = match_new(
        {name: block[members] for name, block in blocks.items()},
        np.array(numbers, np.intp),
        {name: block[new] for name, block in blocks.items()},
    )
    labels, probability, unreviewed = list(carried.labels), carried.probability, carried.unreviewed.copy()
    held = decisions.held.copy()
    for image, number, distance in zip(
        new.tolist(), matches.cluster.tolist(), matches.distance.tolist(), strict=True
    ):
        if number == NEW:
            continue
        cluster = confirmed[number]
        assert cluster.number is not None
        held[image] = cluster.number
        labels[image], probability[image], unreviewed[image] = cluster.label, 1 - distance / 2, True
    matched = int((matches.cluster != NEW).sum())
    return (
        replace(decisions, held=held),
        replace(carried, labels=tuple(labels), probability=probability, unreviewed=unreviewed),
        matched,
    )
