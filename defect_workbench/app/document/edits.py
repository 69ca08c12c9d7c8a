"""The edits of a user, as new decisions about a project. Making an edit changes nothing by itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from defect_workbench.app.document.strange_split import settled, split_at
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.decision_history import DecisionKind as Kind
from defect_workbench.core.project.decision_history import DecisionRecord, History
from defect_workbench.core.project.decisions import Cluster, Decisions, Group
from defect_workbench.core.project.image_notes import BETWEEN_TAGS, ImageNotes
from defect_workbench.core.project.palette import COLOURS, NUISANCE_COLOUR, colour_numbers
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted


@dataclass(frozen=True, eq=False)
class Edit:
    """New decisions about a project, not yet applied.

    Attributes
    ----------
    verb : str
        For the button that confirms it, where a question has to be asked first.
    text : str
        Follows "Undo" in the menu.
    records : tuple of DecisionRecord
        What the history says about it, without name and time.
    reviewed : (m,) intp or None
        Images whose proposals the edit reviews.
    image_notes : ImageNotes or None
        Other tags and notes of images; None if they stay.
    """

    verb: str
    text: str
    decisions: Decisions
    records: History
    reviewed: Integers | None = None
    image_notes: ImageNotes | None = None

    def applied(self, project: Project) -> Project:
        """Return the project with the edit."""
        notes = project.image_notes if self.image_notes is None else self.image_notes
        after = project.changed(decisions=self.decisions, image_notes=notes)
        proposal = after.proposal
        if proposal is not None and self.reviewed is not None and proposal.unreviewed[self.reviewed].any():
            after = after.changed(proposal=proposal.reviewed(self.reviewed))
        return after


class Editor:
    """Makes edits from one state of a project.

    Parameters
    ----------
    node_colours : (2n-1,) intp or None
        Colour numbers of the nodes of the tree; None without a tree.
    classes : ClassLibrary
        Whose colours clusters of these names get.
    """

    def __init__(self, project: Project, node_colours: Integers | None, classes: ClassLibrary) -> None:
        self._project, self._classes, self._noun = project, classes, project.images.noun
        self._colours = colour_numbers(project.partition, node_colours)

    def confirm(self, clusters: Sequence[Cluster], confirmed: bool) -> Edit | None:
        """Confirm clusters, or unlock them; proposals in confirmed clusters count as reviewed."""
        members = np.concatenate([cluster.members for cluster in clusters]) if clusters else None
        verb = "Confirm" if confirmed else "Unlock"
        records = [
            _record(Kind.CONFIRM, f"confirmed as {each.label}", each.label, each.members)
            if confirmed
            else _record(Kind.UNLOCK, f"unlocked in {each.label}", each.label, each.members)
            for each in clusters
        ]
        reviewed = members if confirmed else None
        return self._describe(f"{verb} {_named(clusters)}", clusters, records, reviewed, confirmed=confirmed)

    def rename(self, cluster: Cluster, name: str) -> Edit | None:
        """Give a cluster a name; it is held from then on."""
        known = self._class_colour(name)
        colour = self._colours[cluster.key] if known is None else known
        record = _record(Kind.RENAME, f"renamed from {cluster.label} to {name}", name, cluster.members)
        text = f"Rename {cluster.label} to {name}"
        return self._describe(text, [cluster], [record], name=name, colour=colour)

    def annotate(self, cluster: Cluster, note: str) -> Edit | None:
        """Add a note to a cluster; it is held from then on."""
        record = _record(Kind.NOTE, f"note on {cluster.label} written", cluster.label, cluster.members)
        return self._describe(f"Note on {cluster.label}", [cluster], [record], note=note)

    def accept_proposals(self, images: Integers) -> Edit | None:
        """Accept the proposals for images; None if all of them are reviewed."""
        proposal, partition = self._project.proposal, self._project.partition
        if proposal is None or not proposal.unreviewed[images].any():
            return None
        waiting = images[proposal.unreviewed[images]]
        numbers = partition.cluster_of[waiting]
        records = []
        for number in np.unique(numbers).tolist():
            label = partition.clusters[number].label if number >= 0 else ""
            words = f"proposal {label} accepted" if label else "proposal accepted"
            records.append(_record(Kind.AGREE, words, label, waiting[numbers == number]))
        text = f"Accept {counted(len(images), 'proposal')}"
        return Edit("Accept", text, self._project.decisions, tuple(records), images)

    def merge(self, clusters: Sequence[Cluster]) -> Edit | None:
        """Merge clusters into one held cluster; it keeps the name and state of the largest one."""
        if len(clusters) < 2:
            return None
        largest = max(clusters, key=lambda cluster: len(cluster.members))
        members = np.concatenate([cluster.members for cluster in clusters])
        after, _ = self._project.decisions.hold(members, largest.group or self._group(largest))
        record = _record(Kind.MERGE, f"merged into {largest.label}", largest.label, members)
        return Edit("Merge", f"Merge {_named(clusters)}", after, (record,))

    def move(self, images: Integers, cluster: Cluster) -> Edit | None:
        """Move images into a cluster; they count as reviewed.

        An open cluster stays open: the images follow its medoid from then on.
        """
        moving = np.setdiff1d(images, cluster.members)
        if not len(moving):
            return None
        before = self._handed_over(images)
        if cluster.group is not None and cluster.number is not None:
            after = before.hold_in(moving, cluster.number, cluster.group)
        else:
            after = before.follow(moving, self._leader(cluster, moving))
        record = _record(Kind.MOVE, f"moved {self._from(moving)}to {cluster.label}", cluster.label, moving)
        text = f"Move {counted(len(moving), self._noun)} to {cluster.label}"
        return Edit("Move", text, after, (record,), moving)

    def split_out(self, images: Integers, name: str = "") -> Edit | None:
        """Move images into a new cluster, which may get a name; they count as reviewed."""
        if not len(images):
            return None
        known = self._class_colour(name)
        colour = self._unused_colour() if known is None else known
        group = Group(name, colour=colour, ordinal=self._project.partition.next_ordinal)
        after, _ = self._handed_over(images).hold(images, group)
        words = f"moved {self._from(images)}to {f'the new cluster {name}' if name else 'a new cluster'}"
        record = _record(Kind.SPLIT_OUT, words, name, images)
        text = f"Move {counted(len(images), self._noun)} to {name or 'a new cluster'}"
        return Edit("Move", text, after, (record,), images)

    def split_strange(self, threshold: float) -> Edit | None:
        """Replace all clusters that are neither confirmed nor nuisance by two, clean and strange."""
        split = split_at(self._project, threshold)
        if not split.possible:
            return None
        kept = settled(self._project.decisions).values()
        names = {group.name.casefold() for group in kept}
        colours = {group.colour % len(COLOURS) for group in kept}
        unused = (number for number in itertools.count() if number % len(COLOURS) not in colours)
        after = self._handed_over(np.concatenate([split.clean, split.strange]))
        ordinals = itertools.count(self._project.partition.next_ordinal)
        records = []
        for name, images in (("clean", split.clean), ("strange", split.strange)):
            free = _free_name(name, names)
            group = Group(free, colour=next(unused), ordinal=next(ordinals))
            after, _ = after.hold(images, group)
            words = f"split at strangeness {threshold:.2f} into {free}"
            records.append(_record(Kind.SPLIT, words, free, images))
        text = f"Split off {counted(len(split.strange), f'strange {self._noun}')}"
        return Edit("Split", text, after, tuple(records))

    def mark_as_nuisance(self, images: Integers) -> Edit | None:
        """Move images into the nuisance cluster; they count as reviewed."""
        if not len(images):
            return None
        before = self._handed_over(images)
        nuisances = [number for number, group in before.groups.items() if group.nuisance]
        if nuisances:
            group = before.groups[nuisances[0]]
            after = before.hold_in(images, nuisances[0], group)
        else:
            ordinal = self._project.partition.next_ordinal
            group = Group("nuisance", nuisance=True, colour=NUISANCE_COLOUR, ordinal=ordinal)
            after, _ = before.hold(images, group)
        text = f"Mark {counted(len(images), self._noun)} as nuisance"
        record = _record(Kind.NUISANCE, "marked as nuisance", group.name, images)
        return Edit("Mark as nuisance", text, after, (record,), images)

    def refine(self, cluster: Cluster, groups: Sequence[Integers]) -> Edit | None:
        """Replace a cluster by smaller ones.

        Parameters
        ----------
        groups : sequence of (m,) intp
            Positions within `cluster.members`.
        """
        if len(groups) < 2:
            return None
        name = cluster.group.name if cluster.group is not None else ""
        after = self._project.decisions
        first, used = self._colours[cluster.key], self._used_colours()
        free = [number for number in range(len(COLOURS)) if number not in used]
        unused = itertools.chain(free, itertools.count(len(self._colours)))
        # The largest part keeps colour and number.
        ordinals = itertools.chain([cluster.ordinal], itertools.count(self._project.partition.next_ordinal))
        ordered = sorted(groups, key=len, reverse=True)
        for number, group in enumerate(ordered, start=1):
            colour = first if number == 1 else next(unused)
            label = f"{name} {number}" if name else ""
            after, _ = after.hold(cluster.members[group], Group(label, colour=colour, ordinal=next(ordinals)))
        words = f"refined from {cluster.label} into {len(groups)} clusters"
        record = _record(Kind.REFINE, words, cluster.label, cluster.members)
        return Edit("Refine", f"Refine {cluster.label} into {len(groups)} clusters", after, (record,))

    def tag(self, images: Integers, add: Sequence[str], remove: Sequence[str]) -> Edit | None:
        """Add tags to images, and remove some from them; None if nothing changes."""
        project = self._project
        before = project.image_notes
        after = before.tagged(images.tolist(), add, remove)
        changed = np.array([i for i in images.tolist() if before.tags.get(i) != after.tags.get(i)], np.intp)
        if not len(changed):
            return None
        added = f"tagged {BETWEEN_TAGS.join(add)}" if add else ""
        removed = f"tag {BETWEEN_TAGS.join(remove)} removed" if remove else ""
        words = ", ".join(filter(None, (added, removed)))
        record = _record(Kind.TAG, words, self._label_of(changed), changed)
        text = f"Tag {counted(len(changed), self._noun)}"
        return Edit("Tag", text, project.decisions, (record,), image_notes=after)

    def annotate_images(self, images: Integers, text: str) -> Edit | None:
        """Write a note on images; None if they have it already."""
        project = self._project
        before = project.image_notes.texts
        changed = np.array([i for i in images.tolist() if before.get(i, "") != text], np.intp)
        if not len(changed):
            return None
        after = project.image_notes.written(changed.tolist(), text)
        words = "note on the image written" if text else "note on the image removed"
        record = _record(Kind.IMAGE_NOTE, words, self._label_of(changed), changed)
        step = f"Note on {counted(len(changed), self._noun)}"
        return Edit("Note", step, project.decisions, (record,), image_notes=after)

    def _label_of(self, images: Integers) -> str:
        """Return the cluster of all of some images; empty if they are in several, or in none."""
        partition = self._project.partition
        numbers = np.unique(partition.cluster_of[images]).tolist()
        return partition.clusters[numbers[0]].label if len(numbers) == 1 and numbers[0] >= 0 else ""

    def _from(self, images: Integers) -> str:
        """Return where all of some images are: "from pit ", or nothing if they are in several clusters."""
        partition = self._project.partition
        numbers = np.unique(partition.cluster_of[images]).tolist()
        if len(numbers) > 1:
            return ""
        return "from the outliers " if numbers[0] < 0 else f"from {partition.clusters[numbers[0]].label} "

    def _handed_over(self, images: Integers) -> Decisions:
        return self._project.decisions.hand_over(images, self._project.partition)

    def _leader(self, cluster: Cluster, moving: Integers) -> int:
        follows = self._project.decisions.follows
        leads = cluster.members[(follows[cluster.members] < 0) & ~np.isin(cluster.members, moving)]
        return int(leads[0] if len(leads) else cluster.members[0])

    def _unused_colour(self) -> int:
        """Return a colour number that no cluster has, if there is one."""
        used = self._used_colours()
        return next((n for n in range(len(COLOURS)) if n not in used), len(self._colours))

    def _used_colours(self) -> set[int]:
        return {number % len(COLOURS) for number in self._colours.values() if number != NUISANCE_COLOUR}

    def _class_colour(self, name: str) -> int | None:
        known = self._classes.find(name)
        return None if known is None else known.colour_number

    def _describe(
        self,
        text: str,
        clusters: Sequence[Cluster],
        records: Sequence[DecisionRecord],
        reviewed: Integers | None = None,
        **fields: object,
    ) -> Edit | None:
        if not clusters:
            return None
        after = self._project.decisions
        for cluster in clusters:
            number = cluster.number
            if number is None:
                after, number = after.hold(cluster.members, self._group(cluster))
            after = after.change(number, **fields)
        # Only unlocking changes what is confirmed: names and notes describe it.
        return Edit("Unlock", text, after, tuple(records), reviewed)

    def _group(self, cluster: Cluster) -> Group:
        """Return a group for an open cluster; it keeps its colour and its number."""
        return Group(colour=self._colours[cluster.key], ordinal=cluster.ordinal)


def _record(kind: Kind, text: str, label: str, images: Integers) -> DecisionRecord:
    return DecisionRecord(kind, text, label, np.unique(images))


def _free_name(name: str, taken: Set[str]) -> str:
    """Return the name, with a number if it is taken."""
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in taken)


def _named(clusters: Sequence[Cluster]) -> str:
    return clusters[0].label if len(clusters) == 1 else f"{len(clusters)} clusters"
