"""Put the training folders in their places in a taxonomy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from defect_workbench.core.classifier.stage import Outcome, Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.errors import InputError

CLEAN_NAMES = frozenset(
    {
        "clean",
        "none",
        "good",
        "ok",
        "normal",
        "no_defect",
        "nodefect",
        "defect_free",
        "non_defective",
        "no_defects",
    }
)


def clean_name(folder: str) -> bool:
    """Whether a folder's name says that its images have no defect."""
    return folder.strip().casefold().replace("-", "_").replace(" ", "_") in CLEAN_NAMES


def fit_taxonomy(taxonomy: Taxonomy, folders: Sequence[str]) -> tuple[Taxonomy, list[str]]:
    """A taxonomy with every training folder in its place, and what was left out, in words.

    Folders of clean images become labels of the first stage where that has an outcome of such a name
    without folders; the folders named nowhere become labels of the stage that takes the rest. Outcomes
    without images are dropped, and stages with a single way out decide nothing and are passed over.

    Raises
    ------
    InputError
        If a folder has no place, or fewer than two labels are left.
    """
    notes: list[str] = []
    named = {f: stage.name for stage in taxonomy.stages for o in stage.outcomes for f in o.folders}
    there = {folder.casefold(): folder for folder in folders}
    stages = []
    for stage in taxonomy.stages:
        outcomes = []
        for outcome in stage.outcomes:
            own = [there[f.casefold()] for f in outcome.folders if f.casefold() in there]
            if not outcome.next and not outcome.folders and clean_name(outcome.name):
                found = [f for f in folders if clean_name(f) and f not in named]
                named.update(dict.fromkeys(found, stage.name))
                outcomes += [Outcome(f, (f,)) for f in found]
            else:
                outcomes.append(Outcome(outcome.name, tuple(own), outcome.next))
        stages.append(_with(stage, outcomes))
    placed = {f.casefold() for f in named}
    left = [f for f in folders if f.casefold() not in placed]
    taking = next((i for i, stage in enumerate(stages) if stage.rest), None)
    if left and taking is None:
        raise InputError(
            f"the taxonomy has no place for the folder {left[0]}; name it in an outcome's folders, "
            "or let one stage take the rest (rest = true)"
        )
    if taking is not None:
        stages[taking] = _with(stages[taking], [*stages[taking].outcomes, *(Outcome(f, (f,)) for f in left)])
    stages = _pruned(stages, notes)
    result = Taxonomy(tuple(stages), taxonomy.name)
    if len(result.labels) < 2:
        raise InputError(
            f"only {len(result.labels)} label is left; a classifier needs folders of at least two kinds"
        )
    return result, notes


def _with(stage: Stage, outcomes: Iterable[Outcome]) -> Stage:
    return replace(stage, outcomes=tuple(outcomes))


def _pruned(stages: list[Stage], notes: list[str]) -> list[Stage]:
    """Without outcomes no training image can have, and without stages that decide nothing."""
    stages = list(stages)
    for index in range(len(stages) - 1, -1, -1):
        stage = stages[index]
        alive = {s.name for s in stages[index + 1 :]}
        measured = bool(STAGE_KINDS[stage.kind].fixed_outcomes)
        kept = [o for o in stage.outcomes if (o.next in alive if o.next else bool(o.folders) or measured)]
        stages[index] = _with(stage, kept)
        # A stage with a single way on decides nothing; one without any leads nowhere.
        if not kept or (not measured and len(kept) == 1 and kept[0].next):
            notes.append(_why_left_out(stage, kept))
            way = kept[0].next if kept else ""
            for i in range(index):
                moved = [replace(o, next=way) if o.next == stage.name else o for o in stages[i].outcomes]
                stages[i] = _with(stages[i], moved)
            del stages[index]
    names = {stage.name for stage in stages}
    reached = {stages[0].name} if stages else set()
    for stage in stages:
        if stage.name in reached:
            reached |= {o.next for o in stage.outcomes if o.next}
    return [
        replace(stage, inputs=tuple(i for i in stage.inputs if i in names & reached))
        for stage in stages
        if stage.name in reached
    ]


def _why_left_out(stage: Stage, kept: Sequence[Outcome]) -> str:
    if not kept:
        return f"the stage '{stage.name}' is left out: no folder belongs to it"
    if stage.name == "defect or clean":
        return f"the stage '{stage.name}' is left out: there is no folder of clean images"
    return f"the stage '{stage.name}' is left out: there is only '{kept[0].name}'"
