"""Assignment of class folders to the outcomes of a taxonomy."""

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


def is_clean_name(folder: str) -> bool:
    """Whether the name of a folder means that its images have no defect."""
    return folder.strip().casefold().replace("-", "_").replace(" ", "_") in CLEAN_NAMES


def fit_taxonomy(taxonomy: Taxonomy, folders: Sequence[str]) -> tuple[Taxonomy, list[str]]:
    """Return the taxonomy with every class folder assigned to an outcome, and notes on what was left out.

    Folders of clean images replace an outcome that has such a name, no folders and no next stage. Folders
    that are listed nowhere become labels of the stage with `rest`. Outcomes without images are dropped, and
    so are stages with a single way on, as they decide nothing.

    Raises
    ------
    InputError
        If a folder cannot be assigned, or fewer than two labels are left.
    """
    notes: list[str] = []
    named = {f: stage.name for stage in taxonomy.stages for o in stage.outcomes for f in o.folders}
    by_key = {folder.casefold(): folder for folder in folders}
    stages = []
    for stage in taxonomy.stages:
        outcomes = []
        for outcome in stage.outcomes:
            own = [by_key[f.casefold()] for f in outcome.folders if f.casefold() in by_key]
            if not outcome.next and not outcome.folders and is_clean_name(outcome.name):
                clean = [f for f in folders if is_clean_name(f) and f not in named]
                named.update(dict.fromkeys(clean, stage.name))
                outcomes += [Outcome(f, (f,)) for f in clean]
            else:
                outcomes.append(Outcome(outcome.name, tuple(own), outcome.next))
        stages.append(_with(stage, outcomes))
    assigned = {f.casefold() for f in named}
    unassigned = [f for f in folders if f.casefold() not in assigned]
    rest = next((i for i, stage in enumerate(stages) if stage.rest), None)
    if unassigned and rest is None:
        raise InputError(
            f"the taxonomy does not mention the folder {unassigned[0]}; add it to the folders of an outcome, "
            "or set rest = true in one stage, which then takes all other folders"
        )
    if rest is not None:
        others = (Outcome(f, (f,)) for f in unassigned)
        stages[rest] = _with(stages[rest], [*stages[rest].outcomes, *others])
    stages = _pruned(stages, notes)
    result = Taxonomy(tuple(stages), taxonomy.name)
    if len(result.labels) < 2:
        raise InputError(f"a classifier needs at least two labels; the folders give {len(result.labels)}")
    return result, notes


def _with(stage: Stage, outcomes: Iterable[Outcome]) -> Stage:
    return replace(stage, outcomes=tuple(outcomes))


def _pruned(stages: list[Stage], notes: list[str]) -> list[Stage]:
    """Drop outcomes without training images and stages that decide nothing."""
    stages = list(stages)
    for index in range(len(stages) - 1, -1, -1):
        stage = stages[index]
        later = {s.name for s in stages[index + 1 :]}
        measured = bool(STAGE_KINDS[stage.kind].fixed_outcomes)
        kept = [o for o in stage.outcomes if (o.next in later if o.next else bool(o.folders) or measured)]
        stages[index] = _with(stage, kept)
        # A stage with a single way on decides nothing; one without any leads nowhere.
        if not kept or (not measured and len(kept) == 1 and kept[0].next):
            notes.append(_why_left_out(stage, kept))
            following = kept[0].next if kept else ""
            for i in range(index):
                relinked = [
                    replace(o, next=following) if o.next == stage.name else o for o in stages[i].outcomes
                ]
                stages[i] = _with(stages[i], relinked)
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
