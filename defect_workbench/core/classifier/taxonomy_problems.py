"""What is wrong with the stages of a taxonomy, each problem with the field that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from defect_workbench.core.classifier.stage import Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS

NAME, OUTCOMES, REST, INPUTS, ORDER = "name", "outcomes", "rest", "inputs", "order"


@dataclass(frozen=True)
class Problem:
    """A reason why stages are not valid.

    Attributes
    ----------
    stage : int
        The stage that it is about.
    field : str
        `NAME`, `OUTCOMES`, `REST`, `INPUTS`, `ORDER`, or the name of a setting.
    why : str
        In words, without the name of the stage.
    """

    stage: int
    field: str
    why: str


def problems(stages: Sequence[Stage]) -> Iterator[Problem]:
    """Yield what is wrong with stages, in their order."""
    names = [stage.name for stage in stages]
    folded = [name.casefold() for name in names]
    takes_rest = [index for index, stage in enumerate(stages) if stage.rest]
    reached = {outcome.next for stage in stages for outcome in stage.outcomes}
    seen: dict[str, str] = {}
    for index, stage in enumerate(stages):
        if not stage.name or folded.count(stage.name.casefold()) > 1:
            yield Problem(index, NAME, "the name of each stage must be unique and not empty")
        for setting in STAGE_KINDS[stage.kind].settings:
            if setting.name in stage.settings and (why := setting.why_not(stage.settings[setting.name])):
                yield Problem(index, setting.name, f"{setting.name} {why}")
        yield from _outcome_problems(index, stage, names, seen)
        for earlier in stage.inputs:
            if earlier not in names[:index]:
                yield Problem(index, INPUTS, f"'{earlier}' is not an earlier stage")
        if stage.rest and index != takes_rest[0]:
            yield Problem(index, REST, "only one stage can take the rest")
        if index and stage.name not in reached:
            yield Problem(index, ORDER, f"no outcome leads to the stage '{stage.name}'")


def unclear_outcomes(stages: Sequence[Stage]) -> Iterator[Problem]:
    """Yield outcomes that cannot be distinguished, which files of earlier versions may have."""
    for index, stage in enumerate(stages):
        names = [outcome.name.casefold() for outcome in stage.outcomes]
        if "" in names or len(set(names)) < len(names):
            yield Problem(index, OUTCOMES, "the name of each outcome must be unique and not empty")


def _outcome_problems(
    index: int, stage: Stage, names: Sequence[str], seen: dict[str, str]
) -> Iterator[Problem]:
    for outcome in stage.outcomes:
        if outcome.next and outcome.next not in names[index + 1 :]:
            yield Problem(index, OUTCOMES, f"'{outcome.next}' is not a later stage; images cannot go back")
        if outcome.next and outcome.folders:
            why = f"'{outcome.name}' has classes (a label) and leads to a stage; it can do one of both"
            yield Problem(index, OUTCOMES, why)
        for folder in outcome.folders:
            if seen.setdefault(folder.casefold(), stage.name) != stage.name:
                yield Problem(index, OUTCOMES, f"the class {folder} is listed in two stages")
