"""The state that the window shows, and its undo stack."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from defect_workbench.app.document.columns import Column, columns_of
from defect_workbench.app.document.confirmed_guard import Guard, question, taken_back
from defect_workbench.app.document.undo_commands import Agree, Decide, Join, MoveCut, Regroup
from defect_workbench.app.jobs.open_job import Opened
from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import Method
from defect_workbench.core.clustering.dendrogram_layout import Layout
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Processing
from defect_workbench.core.project.decisions import Cluster, Decisions, Group, Partition
from defect_workbench.core.project.palette import COLOURS, NUISANCE_COLOUR, cluster_colour, colour_number
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.text import counted


class Document(QObject):
    """One open project. Everything that changes it is a command on `undo_stack`.

    Signals: opened (a project was shown), partition_changed (clusters or outliers are others now),
    cut_changed (the number of clusters at the cut, also while it is dragged), grouping_changed (another
    tree, or none), side_changed (another joined table, or none).
    """

    opened = Signal()
    partition_changed = Signal()
    cut_changed = Signal(int)
    grouping_changed = Signal()
    side_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self._columns: tuple[tuple[object, ...], Mapping[str, Column]] = ((None,) * 4, {})
        self.session: Path | None = None
        # Every decision goes by here, whichever key or gesture it comes from; None asks nobody.
        self.guard: Guard | None = None
        self._opened: Opened | None = None
        self._project: Project | None = None
        self._preview: Project | None = None

    # What there is

    @property
    def project(self) -> Project | None:
        """The project without what is only being dragged; None before one is open."""
        return self._project

    @property
    def partition(self) -> Partition | None:
        """What to show: while the cut is dragged, the partition there."""
        shown = self._preview or self._project
        return None if shown is None else shown.partition

    @property
    def clusters_at_cut(self) -> int:
        """Clusters at the cut, outliers not set apart; while it is dragged, there."""
        shown = self._preview or self._project
        return 0 if shown is None else shown.clusters

    @property
    def decisions(self) -> Decisions:
        """Those that hold."""
        assert self._project is not None
        return self._project.decisions

    @property
    def tree(self) -> Tree | None:
        """The tree of the images, where there is one."""
        tree = self._project.analysis.tree if self._project is not None else None
        return tree if tree is not None and tree.leaves > 1 else None

    @property
    def layout(self) -> Layout | None:
        """Of the tree."""
        return None if self._opened is None else self._opened.layout

    @property
    def node_colours(self) -> Integers | None:
        """Of the tree."""
        return None if self._opened is None else self._opened.colours

    @property
    def plane(self) -> Floats:
        """(n, 2) where the images are on the map, by principal components."""
        return np.empty((0, 2)) if self._opened is None else self._opened.plane

    @property
    def columns(self) -> Mapping[str, Column]:
        """What is known of the images, to filter and colour by; the same while only the cut moves."""
        project = self._project
        if project is None:
            return {}
        parts = (project.images, project.analysis, project.side, project.proposal)
        if any(one is not other for one, other in zip(parts, self._columns[0], strict=True)):
            self._columns = parts, columns_of(project)
        return self._columns[1]

    @property
    def suggested(self) -> tuple[Processing, str]:
        """The preparation that the pictures ask for, and why."""
        return (DEFAULT, "") if self._opened is None else self._opened.suggested

    @property
    def dirty(self) -> bool:
        """Whether there are decisions that no session file holds."""
        return not self.undo_stack.isClean()

    def colour(self, cluster: Cluster) -> str:
        """The colour of a cluster, #RRGGBB."""
        return cluster_colour(cluster, self.node_colours)

    # What changes it

    def show(self, opened: Opened) -> None:
        """Replace everything by a project."""
        self.undo_stack.clear()
        # An empty stack that was marked as unsaved stays so when it is cleared.
        self.undo_stack.setClean()
        self._opened, self._project, self._preview = opened, opened.project, None
        self.session = opened.session
        self.opened.emit()
        self.partition_changed.emit()
        self.cut_changed.emit(self.clusters_at_cut)

    def close(self) -> None:
        """Show nothing."""
        self.undo_stack.clear()
        self.undo_stack.setClean()
        self._opened = self._project = self._preview = None
        self.session = None
        self.opened.emit()
        self.partition_changed.emit()

    def saved(self, path: Path, step: int) -> None:
        """The state after an undo step is in a session file now."""
        self.session = path
        if step == self.undo_stack.index():
            self.undo_stack.setClean()

    def forget_session(self) -> None:
        """What is shown is in no file of the person's."""
        self.session = None
        self.mark_unsaved()

    def mark_unsaved(self) -> None:
        """There is more than the session file holds."""
        self.undo_stack.resetClean()

    def relink(self, root: Path) -> None:
        """The images are in another folder now."""
        if self._project is not None:
            images = replace(self._project.images, root=root)
            self._project = replace(self._project, images=images)
            self._preview = None
            self.partition_changed.emit()

    def preview_cut(self, clusters: int) -> None:
        """Show another cut without changing anything yet."""
        if self._project is None or clusters == self.clusters_at_cut:
            return
        self._preview = replace(self._project, clusters=clusters)
        self.partition_changed.emit()
        self.cut_changed.emit(clusters)

    def end_preview(self) -> None:
        """Go back to the cut that holds."""
        if self._preview is not None:
            self._preview = None
            self.partition_changed.emit()
            self.cut_changed.emit(self.clusters_at_cut)

    def regroup(self, after: Opened) -> None:
        """Take over another grouping of the same images: one undo step."""
        if self._opened is None or self._project is None:
            return
        before = replace(self._opened, project=self._project)
        settings = after.project.analysis.settings
        words = settings.linkage.value if settings.method is Method.AGGLOMERATIVE else "affinity propagation"
        anew = settings.processing != before.project.analysis.settings.processing
        network = before.project.analysis.backbone is None and after.project.analysis.backbone is not None
        text = "Prepare the pictures anew" if anew else f"Regroup by {words}"
        text = "Compare by the network" if network else text
        self.undo_stack.push(Regroup(self, text, before, replace(after, suggested=before.suggested)))

    def move_cut(self, clusters: int) -> None:
        """Cut into `clusters`: one undo step."""
        if self._project is None or self.tree is None:
            return
        clusters = min(max(clusters, 1), self.tree.leaves)
        if clusters == self._project.clusters:
            self.end_preview()
        else:
            self.undo_stack.push(MoveCut(self, self._project.clusters, clusters))

    def join(self, side: SideData | None) -> None:
        """Join a table to the images; None takes it away."""
        if self._project is not None and side is not self._project.side:
            text = f"Join {side.source}" if side is not None else "Take the table away"
            self.undo_stack.push(Join(self, text, self._project.side, side))

    def confirm(self, clusters: Sequence[Cluster], confirmed: bool = True) -> None:
        """Lock clusters, or unlock them; proposals in what is confirmed count as looked at."""
        text = f"{'Confirm' if confirmed else 'Unlock'} {_named(clusters)}"
        members = np.concatenate([cluster.members for cluster in clusters]) if clusters else np.empty(0, int)
        self._regroup(text, clusters, members if confirmed else None, confirmed=confirmed)

    def agree(self, images: Integers) -> None:
        """Find proposals right."""
        proposal = None if self._project is None else self._project.proposal
        if proposal is not None and proposal.unseen[images].any():
            text = f"Agree on {counted(len(images), 'image')}"
            self.undo_stack.push(Agree(self, text, proposal, proposal.seen(images)))

    def rename(self, cluster: Cluster, name: str) -> None:
        """Give a cluster a name; it is held from then on."""
        self._regroup(f"Rename {cluster.label} to {name}", [cluster], name=name)

    def annotate(self, cluster: Cluster, note: str) -> None:
        """Note something about a cluster; it is held from then on."""
        self._regroup(f"Note on {cluster.label}", [cluster], note=note)

    def merge(self, clusters: Sequence[Cluster]) -> None:
        """Make one held cluster of several; the largest one's name and state stay."""
        if len(clusters) < 2 or self._project is None:
            return
        largest = max(clusters, key=lambda cluster: len(cluster.members))
        members = np.concatenate([cluster.members for cluster in clusters])
        after, _ = self._project.decisions.hold(members, largest.group or self._group(largest))
        self._decide("Merge", f"Merge {_named(clusters)}", after)

    def move(self, images: Integers, cluster: Cluster) -> None:
        """Put images into a cluster; they count as looked at.

        An open cluster stays open: the images belong with its medoid from then on.
        """
        before = self._handed_over(images)
        moving = np.setdiff1d(images, cluster.members)
        if before is None or not len(moving):
            return
        if cluster.group is not None and cluster.number is not None:
            after = before.hold_in(moving, cluster.number, cluster.group)
        else:
            after = before.follow(moving, self._leader(cluster, moving))
        self._decide("Move", f"Move {counted(len(moving), 'image')} to {cluster.label}", after, moving)

    def split_out(self, images: Integers) -> None:
        """Make a cluster of its own of images; they count as looked at."""
        before = self._handed_over(images)
        if before is not None and len(images):
            after, _ = before.hold(images, Group(colour=self._fresh_colour()))
            self._decide("Split out", f"Split out {counted(len(images), 'image')}", after, images)

    def nuisance(self, images: Integers) -> None:
        """Set images apart that are of no interest; there is one such cluster. They count as looked at."""
        before = self._handed_over(images)
        if before is None or not len(images):
            return
        found = [number for number, group in before.groups.items() if group.nuisance]
        if found:
            after = before.hold_in(images, found[0], before.groups[found[0]])
        else:
            after, _ = before.hold(images, Group("nuisance", nuisance=True, colour=NUISANCE_COLOUR))
        self._decide("Mark as nuisance", f"Mark {counted(len(images), 'image')} as nuisance", after, images)

    def refine(self, cluster: Cluster, groups: Sequence[Integers]) -> None:
        """Replace a cluster by finer ones.

        Parameters
        ----------
        groups : sequence of (m,) intp
            Positions within `cluster.members`.
        """
        if self._project is None or len(groups) < 2:
            return
        name = cluster.group.name if cluster.group is not None else ""
        after = self._project.decisions
        first = colour_number(cluster, self.node_colours)
        used = {colour_number(c, self.node_colours) for c in self._project.partition.clusters}
        fresh = (number for number in itertools.count() if number not in used)
        ordered = sorted(groups, key=len, reverse=True)
        for number, group in enumerate(ordered, start=1):
            colour = first if number == 1 else next(fresh)
            label = f"{name} {number}" if name else ""
            after, _ = after.hold(cluster.members[group], Group(label, colour=colour))
        self._decide("Refine", f"Refine {cluster.label} into {len(groups)} clusters", after)

    def _handed_over(self, images: Integers) -> Decisions | None:
        if self._project is None or self.partition is None:
            return None
        return self._project.decisions.hand_over(images, self._project.partition)

    def _leader(self, cluster: Cluster, moving: Integers) -> int:
        follows = self.decisions.follows
        leads = cluster.members[(follows[cluster.members] < 0) & ~np.isin(cluster.members, moving)]
        return int(leads[0] if len(leads) else cluster.members[0])

    def _fresh_colour(self) -> int:
        """A colour number that no cluster shown has, where there is one."""
        shown = self._project.partition.clusters if self._project is not None else ()
        used = {colour_number(c, self.node_colours) % len(COLOURS) for c in shown}
        return next((n for n in range(len(COLOURS)) if n not in used), len(shown))

    def name_taken(self, name: str, cluster: Cluster) -> bool:
        """Whether another cluster has the name, however it is spelt."""
        partition = self.partition
        others = partition.clusters if partition is not None else ()
        return any(c.key != cluster.key and c.label.casefold() == name.casefold() for c in others)

    def _regroup(
        self, text: str, clusters: Sequence[Cluster], seen: Integers | None = None, **fields: object
    ) -> None:
        if self._project is None or not clusters:
            return
        after = self._project.decisions
        for cluster in clusters:
            number = cluster.number
            if number is None:
                after, number = after.hold(cluster.members, self._group(cluster))
            after = after.change(number, **fields)
        # Only unlocking changes what is confirmed: names and notes say something about it.
        self._decide("Unlock", text, after, seen)

    def _group(self, cluster: Cluster) -> Group:
        """A group for a cluster that was open; it keeps its colour."""
        return Group(colour=colour_number(cluster, self.node_colours))

    def _decide(self, verb: str, text: str, after: Decisions, seen: Integers | None = None) -> None:
        """One undo step; asks first where it would take back what a person confirmed.

        Proposals for the images in `seen` were looked at with it.
        """
        project = self._project
        assert project is not None

        def push() -> None:
            if self._project is project:
                self._push(text, after, seen)

        changed = taken_back(project, after) if self.guard is not None else {}
        if changed and self.guard is not None:
            self.guard(question(project, text, verb, changed), verb, push)
        else:
            push()

    def _push(self, text: str, after: Decisions, seen: Integers | None) -> None:
        assert self._project is not None
        proposal = self._project.proposal
        if seen is None or proposal is None or not proposal.unseen[seen].any():
            self.undo_stack.push(Decide(self, text, self._project.decisions, after))
            return
        self.undo_stack.beginMacro(text)
        self.undo_stack.push(Decide(self, text, self._project.decisions, after))
        self.undo_stack.push(Agree(self, text, proposal, proposal.seen(seen)))
        self.undo_stack.endMacro()

    # For the commands only

    def apply_cut(self, clusters: int) -> None:
        """Set the cut; called by a command."""
        assert self._project is not None
        if self._preview is not None and self._preview.clusters == clusters:
            # Just dragged here: the partition is computed already.
            self._project, self._preview = self._preview, None
            self.cut_changed.emit(clusters)
            return
        self._project, self._preview = replace(self._project, clusters=clusters), None
        self.partition_changed.emit()
        self.cut_changed.emit(clusters)

    def apply_grouping(self, opened: Opened) -> None:
        """Set analysis and cut; called by a command."""
        assert self._project is not None
        self._opened = opened
        kept = self._project
        images = replace(opened.project.images, root=kept.images.root)
        self._project = replace(
            opened.project,
            images=images,
            decisions=kept.decisions,
            side=kept.side,
            proposal=kept.proposal,
        )
        self._preview = None
        self.grouping_changed.emit()
        self.partition_changed.emit()
        self.cut_changed.emit(self.clusters_at_cut)

    def apply_proposal(self, proposal: Proposal) -> None:
        """Set the proposals; called by a command."""
        assert self._project is not None
        self._project, self._preview = replace(self._project, proposal=proposal), None
        self.partition_changed.emit()

    def apply_side(self, side: SideData | None) -> None:
        """Set the joined table; called by a command."""
        assert self._project is not None
        self._project, self._preview = replace(self._project, side=side), None
        self.side_changed.emit()

    def apply_decisions(self, decisions: Decisions) -> None:
        """Set the decisions; called by a command."""
        assert self._project is not None
        self._project, self._preview = replace(self._project, decisions=decisions), None
        self.partition_changed.emit()


def _named(clusters: Sequence[Cluster]) -> str:
    return clusters[0].label if len(clusters) == 1 else f"{len(clusters)} clusters"
