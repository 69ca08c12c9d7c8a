"""When an action is enabled."""

from __future__ import annotations

from defect_workbench.gui.window.actions.action import State


def always(state: State) -> bool:
    """Return True: the action is always enabled."""
    return True


def running(state: State) -> bool:
    """While a job is running."""
    return state.busy


def with_project(state: State) -> bool:
    """With a project open."""
    return state.open


def idle(state: State) -> bool:
    """With a project open and no job running."""
    return state.open and not state.busy


def with_tree(state: State) -> bool:
    """Idle, with a tree to cut."""
    return idle(state) and state.tree


def inspected(state: State) -> bool:
    """Idle, with images that were opened from inspection files."""
    return idle(state) and state.inspected


def with_table(state: State) -> bool:
    """Idle, with a joined table."""
    return idle(state) and state.table


def with_columns(state: State) -> bool:
    """Idle, with a joined table or found defects."""
    return idle(state) and (state.table or state.defects_found)


def with_suggested_images(state: State) -> bool:
    """Idle, with images that a classifier suggests to label."""
    return idle(state) and state.suggestions


def with_unreviewed_proposals(state: State) -> bool:
    """Reviewing, with unreviewed proposals."""
    return reviewing(state) and state.proposals


def with_maps(state: State) -> bool:
    """Idle, with defect maps."""
    return idle(state) and state.maps


def defects_found(state: State) -> bool:
    """Idle, with images that were searched for defects."""
    return idle(state) and state.defects_found


def whole_images(state: State) -> bool:
    """Idle, with whole images rather than single defects."""
    return idle(state) and not state.single_defects


def boxes_in_sight(state: State) -> bool:
    """With images visible that were searched for defects."""
    return state.open and state.defects_found and state.reviewing


def errors_in_sight(state: State) -> bool:
    """With images visible on which a detector was evaluated."""
    return state.open and state.errors_known and state.reviewing


def with_pareto(state: State) -> bool:
    """With a Pareto chart."""
    return state.open and state.pareto


def clusters_in_sight(state: State) -> bool:
    """With a project open, and clusters visible."""
    return state.open and state.reviewing


def comparing_with_given(state: State) -> bool:
    """Idle, with references or clean images that the user gave."""
    return idle(state) and state.source_given


def reviewing(state: State) -> bool:
    """Idle, with clusters and images visible: single-letter keys must not act on hidden ones."""
    return idle(state) and state.reviewing


def one_cluster(state: State) -> bool:
    """Reviewing, with one cluster selected."""
    return reviewing(state) and state.clusters == 1


def some_clusters(state: State) -> bool:
    """Reviewing, with at least one cluster selected."""
    return reviewing(state) and state.clusters > 0


def several_clusters(state: State) -> bool:
    """Reviewing, with at least two clusters selected."""
    return reviewing(state) and state.clusters > 1


def some_images(state: State) -> bool:
    """Reviewing, with images selected."""
    return reviewing(state) and state.images


def some_images_or_current(state: State) -> bool:
    """Reviewing, with images selected, or else a current image."""
    return reviewing(state) and (state.images or state.current)


def images_or_clusters(state: State) -> bool:
    """Reviewing, with images or clusters selected."""
    return reviewing(state) and (state.images or state.clusters > 0)


def images_to_paste(state: State) -> bool:
    """Reviewing, with images cut and one cluster selected to paste them into."""
    return one_cluster(state) and state.images_cut


def undoable(state: State) -> bool:
    """With a step to undo."""
    return state.undo is not None


def redoable(state: State) -> bool:
    """With a step to redo."""
    return state.redo is not None
