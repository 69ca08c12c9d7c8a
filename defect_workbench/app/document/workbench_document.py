"""The state that the window shows, and its undo stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from defect_workbench.app.columns import Column, ColumnCache
from defect_workbench.app.document.confirmed_guard import Guard, changed_confirmed, question
from defect_workbench.app.document.edits import Edit, Editor
from defect_workbench.app.document.undo_commands import Decide, Part, Replace, regrouping_text
from defect_workbench.app.jobs.open_job import Opened
from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.dendrogram_layout import Layout
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.core.project.class_library import ClassLibrary, renames, with_class_colours
from defect_workbench.core.project.decision_history import DecisionKind, utc_now
from defect_workbench.core.project.decisions import Cluster, Decisions, Partition
from defect_workbench.core.project.palette import colour, colour_numbers
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.text import counted


class Document(QObject):
    """One open project. Everything that changes it is a command on `undo_stack`.

    Signals: opened (a project was shown), partition_changed (clusters or outliers changed),
    cut_changed (the number of clusters at the cut, also while it is dragged), grouping_changed (another
    tree, or none), side_changed (another joined table, or none), columns_changed (other tags, notes or
    found defects of images), sort_wanted (clusters may change places), renamed(old, new, confirmed) before
    views learn that a held cluster has another name, also by undoing, classes_changed (the class library),
    cluster_made(image) after images were moved into a new cluster.
    """

    opened = Signal()
    partition_changed = Signal()
    cut_changed = Signal(int)
    grouping_changed = Signal()
    side_changed = Signal()
    columns_changed = Signal()
    sort_wanted = Signal()
    renamed = Signal(str, str, bool)
    classes_changed = Signal()
    cluster_made = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self._columns = ColumnCache()
        self._colours: tuple[Partition | None, Mapping[int, int]] = None, {}
        self.session: Path | None = None
        # Classes keep their names, keys and colours from lot to lot.
        self.classes = ClassLibrary()
        # Asked before any decision that changes confirmed clusters; without a guard nothing is asked.
        self.guard: Guard | None = None
        # Who decides in this window, and the clock that says when.
        self.person = ""
        self.clock: Callable[[], str] = utc_now
        self._opened: Opened | None = None
        self._project: Project | None = None
        self._preview: Project | None = None

    # State

    @property
    def project(self) -> Project | None:
        """The open project, without the preview of a dragged cut; None before one is open."""
        return self._project

    @property
    def partition(self) -> Partition | None:
        """The partition to show; while the cut is dragged, the one at its position."""
        shown = self._preview or self._project
        return None if shown is None else shown.partition

    @property
    def clusters_at_cut(self) -> int:
        """Number of clusters at the cut, outliers included; while it is dragged, at its position."""
        shown = self._preview or self._project
        return 0 if shown is None else shown.clusters

    @property
    def decisions(self) -> Decisions:
        """The decisions in force."""
        assert self._project is not None
        return self._project.decisions

    @property
    def tree(self) -> Tree | None:
        """The tree of the images; None without one."""
        tree = self._project.analysis.tree if self._project is not None else None
        return tree if tree is not None and tree.leaves > 1 else None

    @property
    def layout(self) -> Layout | None:
        """The layout of the tree."""
        return None if self._opened is None else self._opened.layout

    @property
    def node_colours(self) -> Integers | None:
        """The colour numbers of the nodes of the tree."""
        return None if self._opened is None else self._opened.colours

    @property
    def plane(self) -> Floats:
        """(n, 2) positions of the images on the map, by principal components."""
        return np.empty((0, 2)) if self._opened is None else self._opened.plane

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns to filter and colour by; cached while only the cut moves."""
        return self._columns.of(self._project, {} if self._opened is None else self._opened.columns)

    @property
    def suggested(self) -> tuple[Preprocessing, str]:
        """The suggested preprocessing, and why."""
        return (DEFAULT, "") if self._opened is None else self._opened.suggested

    @property
    def dirty(self) -> bool:
        """Whether there are decisions that no session file holds."""
        return not self.undo_stack.isClean()

    def colour(self, cluster: Cluster) -> str:
        """Return the colour of a cluster, #RRGGBB."""
        partition = self.partition
        if partition is not None and self._colours[0] is not partition:
            self._colours = partition, colour_numbers(partition, self.node_colours)
        # A view may still hold a cluster of the partition before.
        return colour(self._colours[1].get(cluster.key, cluster.group.colour if cluster.group else 0))

    # Changes

    def show(self, opened: Opened) -> None:
        """Show a project in place of the current one."""
        self.undo_stack.clear()
        # An empty stack that was marked as unsaved stays so when it is cleared.
        self.undo_stack.setClean()
        self.session = opened.session
        self._apply_opened(self._in_class_colours(opened))

    def add(self, after: Opened, images: int) -> None:
        """Show the project with more images in it: one undo step."""
        if self._opened is not None:
            before = replace(self._opened, project=self._current())
            text = f"Add {counted(images, 'image')}"
            self._replace(text, self._apply_opened, before, self._in_class_colours(after))

    def _in_class_colours(self, opened: Opened) -> Opened:
        decisions = with_class_colours(opened.project.decisions, self.classes)
        return replace(opened, project=replace(opened.project, decisions=decisions))

    def sort_again(self) -> None:
        """Let views sort the clusters by what they are now."""
        self.sort_wanted.emit()
        self.partition_changed.emit()

    def use_classes(self, classes: ClassLibrary) -> None:
        """Use another class library; known classes take its colours."""
        self.classes = classes
        if self._project is not None:
            before = self._project.decisions
            after = with_class_colours(before, classes)
            if after.groups != before.groups:
                self._apply_project(replace(self._project, decisions=after))
        self.classes_changed.emit()

    def close(self) -> None:
        """Show nothing."""
        self.undo_stack.clear()
        self.undo_stack.setClean()
        self._opened = self._project = self._preview = None
        self.session = None
        self.opened.emit()
        self.partition_changed.emit()

    def saved(self, path: Path, step: int) -> None:
        """Note that the state after an undo step was saved to a session file."""
        self.session = path
        if step == self.undo_stack.index():
            self.undo_stack.setClean()

    def forget_session(self) -> None:
        """Note that the project is not in any session file of the user."""
        self.session = None
        self.undo_stack.resetClean()

    def relink(self, root: Path) -> None:
        """Use the images of another folder."""
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
        """Return to the cut in force."""
        if self._preview is not None:
            self._preview = None
            self.partition_changed.emit()
            self.cut_changed.emit(self.clusters_at_cut)

    def regroup(self, after: Opened) -> None:
        """Group the same images differently: one undo step."""
        if self._opened is None or self._project is None:
            return
        before = replace(self._opened, project=self._project)
        after = replace(after, suggested=before.suggested)
        self._replace(regrouping_text(before.project, after.project), self._apply_grouping, before, after)

    def move_cut(self, clusters: int) -> None:
        """Cut into `clusters`: one undo step."""
        if self._project is None or self.tree is None:
            return
        clusters = min(max(clusters, 1), self.tree.leaves)
        if clusters == self._project.clusters:
            self.end_preview()
        else:
            self._replace(
                f"Cut into {counted(clusters, 'branch')}", self._apply_cut, self._project.clusters, clusters
            )

    def join(self, side: SideData | None) -> None:
        """Join a table to the images; None removes the joined table."""
        if self._project is not None and side is not self._project.side:
            text = f"Join {side.source}" if side is not None else "Remove table"
            self._replace(text, self._apply_side, self._project.side, side)

    def accept_proposals(self, images: Integers) -> None:
        """Accept the proposals for images."""
        self._edit(lambda editor: editor.accept_proposals(images))

    def confirm(self, clusters: Sequence[Cluster], confirmed: bool = True) -> None:
        """Confirm clusters, or unlock them; proposals in confirmed clusters count as reviewed."""
        self._edit(lambda editor: editor.confirm(clusters, confirmed))

    def rename(self, cluster: Cluster, name: str) -> None:
        """Give a cluster a name; it is held from then on."""
        self._edit(lambda editor: editor.rename(cluster, name))

    def annotate(self, cluster: Cluster, note: str) -> None:
        """Add a note to a cluster; it is held from then on."""
        self._edit(lambda editor: editor.annotate(cluster, note))

    def merge(self, clusters: Sequence[Cluster]) -> None:
        """Merge clusters into one held cluster; it keeps the name and state of the largest one."""
        self._edit(lambda editor: editor.merge(clusters))

    def move(self, images: Integers, cluster: Cluster) -> None:
        """Move images into a cluster; they count as reviewed."""
        self._edit(lambda editor: editor.move(images, cluster))

    def split_out(self, images: Integers, name: str = "") -> None:
        """Move images into a new cluster, which may get a name; they count as reviewed."""
        self._edit(lambda editor: editor.split_out(images, name))

    def split_strange(self, threshold: float) -> None:
        """Split the images into clean and strange ones; confirmed clusters and nuisances stay."""
        self._edit(lambda editor: editor.split_strange(threshold))

    def nuisance(self, images: Integers) -> None:
        """Move images into the nuisance cluster; they count as reviewed."""
        self._edit(lambda editor: editor.mark_as_nuisance(images))

    def refine(self, cluster: Cluster, groups: Sequence[Integers]) -> None:
        """Replace a cluster by smaller ones, given by positions within its members."""
        self._edit(lambda editor: editor.refine(cluster, groups))

    def tag(self, images: Integers, add: Sequence[str], remove: Sequence[str] = ()) -> None:
        """Add tags to images, and remove some from them."""
        self._edit(lambda editor: editor.tag(images, add, remove))

    def annotate_images(self, images: Integers, text: str) -> None:
        """Write a note on images; an empty one removes theirs."""
        self._edit(lambda editor: editor.annotate_images(images, text))

    def replace_fields(self, text: str, **fields: object) -> None:
        """Replace fields of the project that clusters do not depend on: one undo step, if they differ."""
        before = {name: getattr(self._current(), name) for name in fields}
        if fields != before:
            self._replace(text, self._apply_fields, before, fields)

    def _edit(self, make: Callable[[Editor], Edit | None]) -> None:
        """Make an edit one undo step; ask first if it would change confirmed clusters."""
        project = self._project
        if project is None:
            return
        edit = make(Editor(project, self.node_colours, self.classes))
        if edit is None:
            return

        def push() -> None:
            # The question may be answered after something else was opened.
            if self._project is project:
                self._push(edit)

        changed = changed_confirmed(project, edit.decisions) if self.guard is not None else {}
        if changed and self.guard is not None:
            self.guard(question(project, edit.text, edit.verb, changed), edit.verb, push)
        else:
            push()

    def _push(self, edit: Edit) -> None:
        """Make an edit an undo step, and sign it: every decision passes here."""
        assert self._project is not None
        time = self.clock()
        records = tuple(record.signed(self.person, time) for record in edit.records)
        after = edit.applied(self._project)
        self.undo_stack.push(Decide(edit.text, self._current, self._apply_project, after, records))
        if records and records[-1].kind == DecisionKind.SPLIT_OUT:
            self.cluster_made.emit(int(records[-1].images[0]))

    def _replace(self, text: str, apply: Callable[[Part], None], before: Part, after: Part) -> None:
        self.undo_stack.push(Replace(text, apply, before, after))

    # Called by the commands on the undo stack

    def _apply_cut(self, clusters: int) -> None:
        """Set the cut."""
        assert self._project is not None
        if self._preview is not None and self._preview.clusters == clusters:
            # Dragged to here: the partition is already computed.
            self._project, self._preview = self._preview, None
            self.cut_changed.emit(clusters)
            return
        self._project, self._preview = replace(self._project, clusters=clusters), None
        self.partition_changed.emit()
        self.cut_changed.emit(clusters)

    def _apply_grouping(self, opened: Opened) -> None:
        """Set analysis and cut."""
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
            history=kept.history,
            image_notes=kept.image_notes,
            views=kept.views,
            found=kept.found,
        )
        self._preview = None
        self.grouping_changed.emit()
        self.partition_changed.emit()
        self.cut_changed.emit(self.clusters_at_cut)

    def _apply_opened(self, opened: Opened) -> None:
        """Set the whole project."""
        self._opened, self._project, self._preview = opened, opened.project, None
        self.opened.emit()
        self.partition_changed.emit()
        self.cut_changed.emit(self.clusters_at_cut)

    def _apply_side(self, side: SideData | None) -> None:
        """Set the joined table."""
        assert self._project is not None
        self._project, self._preview = replace(self._project, side=side), None
        self.side_changed.emit()

    def _apply_fields(self, fields: Mapping[str, object]) -> None:
        """Set fields of the project that clusters do not depend on."""
        before = self._current()
        self._project, self._preview = before.changed(**fields), None
        if before.found is not self._project.found:
            self.columns_changed.emit()

    def _current(self) -> Project:
        assert self._project is not None
        return self._project

    def _apply_project(self, project: Project) -> None:
        """Set the project after a decision."""
        before, self._project, self._preview = self._project, project, None
        if before is not None:
            for each in renames(before.decisions, project.decisions):
                self.renamed.emit(*each)
            if before.image_notes is not project.image_notes:
                self.columns_changed.emit()
        self.partition_changed.emit()
