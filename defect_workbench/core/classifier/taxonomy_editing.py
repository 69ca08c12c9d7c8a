"""Changes to the stages of a taxonomy that is being edited; the result need not be valid yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from defect_workbench.core.classifier.stage import Outcome, Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import new_stage

Stages = tuple[Stage, ...]


def renamed(stages: Stages, index: int, name: str, before: str) -> Stages:
    """Return the stages with another name for one of them, also where others lead to it or use its result.

    Parameters
    ----------
    before : str
        The name by which others refer to it. If another stage has the new name, as it may while the user
        types, they continue to refer to it by this one.
    """
    if any(stage.name == name for number, stage in enumerate(stages) if number != index):
        return _with(stages, index, replace(stages[index], name=name))
    return tuple(
        replace(
            stage,
            name=name if number == index else stage.name,
            outcomes=_leading(stage, {before: name}),
            inputs=tuple(name if each == before else each for each in stage.inputs),
        )
        for number, stage in enumerate(stages)
    )


def with_kind(stages: Stages, index: int, kind: str) -> Stages:
    """Return the stages with one of another kind, with the outcomes and settings that are usual for it.

    A measuring stage leads on to where the stage led before, or to the stage after it.
    """
    stage = stages[index]
    if kind == stage.kind:
        return stages
    following = next_of(stage) or (stages[index + 1].name if index + 1 < len(stages) else "")
    if STAGE_KINDS[kind].fixed_outcomes:
        changed = new_stage(stage.name, kind, following, inputs=stage.inputs)
    else:
        outcomes = (Outcome("new outcome"), Outcome("other", next=following)) if following else ()
        changed = new_stage(
            stage.name, kind, outcomes=outcomes, rest=not following and _no_rest(stages), inputs=stage.inputs
        )
    return _with(stages, index, changed)


def added(stages: Stages, index: int, kind: str) -> Stages:
    """Return the stages with a new one before another; whatever led to that one leads to the new one.

    Parameters
    ----------
    index : int
        Place of the new stage; at most the number of stages.
    """
    names = {stage.name.casefold() for stage in stages}
    name = next(name for name in (kind, *(f"{kind} {n}" for n in range(2, 1000))) if name not in names)
    following = stages[index].name if index < len(stages) else ""
    entry = STAGE_KINDS[kind]
    if entry.fixed_outcomes:
        stage = new_stage(name, kind, following)
    else:
        outcomes = (Outcome("new outcome"), Outcome("other", next=following)) if following else ()
        stage = new_stage(name, kind, outcomes=outcomes, rest=not following and _no_rest(stages))
    before = tuple(replace(each, outcomes=_leading(each, {following: name})) for each in stages[:index])
    return (*(before if following else stages[:index]), stage, *stages[index:])


def removed(stages: Stages, index: int) -> Stages:
    """Return the stages without one; what led to it leads to where it led."""
    gone = stages[index]
    return tuple(
        replace(
            stage,
            outcomes=_leading(stage, {gone.name: next_of(gone)}),
            inputs=tuple(each for each in stage.inputs if each != gone.name),
        )
        for number, stage in enumerate(stages)
        if number != index
    )


def swapped(stages: Stages, index: int) -> Stages:
    """Return the stages with one and the following one exchanged, and so the way through them.

    If the following one leads nowhere, only their places are exchanged.
    """
    first, second = stages[index], stages[index + 1]
    onward = next_of(second)
    if onward and second.name in {outcome.next for outcome in first.outcomes}:
        others = [replace(s, outcomes=_leading(s, {first.name: second.name})) for s in stages]
        first = replace(first, outcomes=_leading(first, {second.name: onward}))
        second = replace(
            second, outcomes=tuple(replace(o, next=first.name) if o.next else o for o in second.outcomes)
        )
    else:
        others = list(stages)
    first = replace(first, inputs=tuple(each for each in first.inputs if each != second.name))
    second = replace(second, inputs=tuple(each for each in second.inputs if each != first.name))
    return (*others[:index], second, first, *others[index + 2 :])


def with_class(stages: Stages, folder: str, place: tuple[int, int] | None) -> Stages:
    """Return the stages with a class folder assigned to one outcome only.

    Parameters
    ----------
    place : (int, int) or None
        Stage and outcome; None leaves the assignment to the training.
    """
    key = folder.casefold()
    return tuple(
        replace(
            stage,
            outcomes=tuple(
                replace(
                    outcome,
                    folders=(
                        *(f for f in outcome.folders if f.casefold() != key),
                        *((folder,) if place == (i, j) else ()),
                    ),
                )
                for j, outcome in enumerate(stage.outcomes)
            ),
        )
        for i, stage in enumerate(stages)
    )


def place_of(stages: Sequence[Stage], folder: str) -> tuple[int, int] | None:
    """Return the stage and the outcome that a class folder is assigned to; None if to none."""
    for i, stage in enumerate(stages):
        for j, outcome in enumerate(stage.outcomes):
            if folder.casefold() in {each.casefold() for each in outcome.folders}:
                return i, j
    return None


def next_of(stage: Stage) -> str:
    """Return the first stage that a stage leads to; empty if it leads to none."""
    return next((outcome.next for outcome in stage.outcomes if outcome.next), "")


def _leading(stage: Stage, elsewhere: dict[str, str]) -> tuple[Outcome, ...]:
    return tuple(
        replace(outcome, next=elsewhere.get(outcome.next, outcome.next)) if outcome.next else outcome
        for outcome in stage.outcomes
    )


def _no_rest(stages: Stages) -> bool:
    return not any(stage.rest for stage in stages)


def _with(stages: Stages, index: int, stage: Stage) -> Stages:
    return (*stages[:index], stage, *stages[index + 1 :])
