"""The stages between an image and its label, and the class folders that belong to each outcome.

A taxonomy is a list of stages with outcomes. An outcome is either a label or leads to a later stage. As TOML:

    format = 1

    [[stage]]
    name = "defect or clean"
    kind = "classes"                      # decided by a trained classifier
    [[stage.outcome]]
    name = "clean"                        # no `next`: a label
    folders = ["clean", "none"]           # the class folders of this outcome
    [[stage.outcome]]
    name = "defect"
    next = "size"

    [[stage]]
    name = "size"
    kind = "size"                         # decided by measurement: unknown, small or large
    unit = "px"                           # or "nm"
    limit = 40.0                          # equivalent diameter; learned if missing
    next = "noise"                        # for all outcomes that are not listed

    [[stage]]
    name = "noise"
    kind = "noise"                        # noisy images are denoised for later stages
    threshold = 12.0                      # grey levels; learned if missing
    denoise = "nlm"                       # median or nlm (non-local means)
    next = "kind"

    [[stage]]
    name = "kind"
    kind = "classes"
    rest = true                           # every folder not listed elsewhere is a label here
    inputs = ["defect or clean", "size"]  # their results are features here
    background = "none"                   # background subtraction for this stage
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from defect_workbench.core.classifier.stage import CLASSES, NOISE, SIZE, Outcome, Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.errors import InputError

FORMAT = 1


@dataclass(frozen=True)
class Taxonomy:
    """The stages in the order in which they are applied; every kind is in the registry."""

    stages: tuple[Stage, ...]
    name: str = ""

    def stage(self, name: str) -> Stage:
        """Return the stage with this name."""
        return next(stage for stage in self.stages if stage.name == name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label an image can get, in the order of the stages."""
        labels = [self.label(stage, o) for stage in self.stages for o in stage.outcomes if not o.next]
        return tuple(dict.fromkeys(labels))

    @staticmethod
    def label(stage: Stage, outcome: Outcome) -> str:
        """Return the label of an outcome: its name, or in a measuring stage its first folder, if any."""
        measured = bool(STAGE_KINDS[stage.kind].fixed_outcomes)
        return outcome.folders[0] if measured and outcome.folders else outcome.name

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file; `from_mapping` reads them."""
        return {
            "format": FORMAT,
            "name": self.name,
            "stage": [
                {
                    "name": stage.name,
                    "kind": stage.kind,
                    "outcome": [
                        {"name": o.name, "folders": list(o.folders), "next": o.next} for o in stage.outcomes
                    ],
                    "rest": stage.rest,
                    "inputs": list(stage.inputs),
                    **stage.settings,
                    "denoise": stage.denoise,
                    "background": stage.background,
                }
                for stage in self.stages
            ],
        }


def new_stage(name: str, kind: str, following: str = "", **fields: Any) -> Stage:
    """Return a stage with the default outcomes and settings of its kind.

    Parameters
    ----------
    following : str
        The stage that follows the fixed outcomes of a measuring kind.
    **fields
        Other fields of `Stage`.
    """
    entry = STAGE_KINDS[kind]
    outcomes = entry.outcomes((), following, f"stage '{name}'")
    settings = {setting.name: setting.default for setting in entry.settings if setting.default}
    return Stage(
        name, kind, **{"outcomes": outcomes, "settings": settings, "denoise": entry.denoise, **fields}
    )


def default_taxonomy() -> Taxonomy:
    """Return the default stages: noise, defect or clean, size, kind of defect.

    The noise stage is first, so that noisy images are denoised before it is decided whether they show a
    defect.
    """
    outcomes = (Outcome("clean"), Outcome("defect", next="size"))
    return Taxonomy(
        name="default",
        stages=(
            new_stage("noise", NOISE, "defect or clean"),
            new_stage("defect or clean", CLASSES, outcomes=outcomes),
            new_stage("size", SIZE, "kind"),
            new_stage("kind", CLASSES, rest=True, inputs=("defect or clean", "size")),
        ),
    )


@dataclass(frozen=True)
class LabelRoutes:
    """The label of each class folder, and its outcome at each stage.

    Attributes
    ----------
    label_of : mapping of str to str
        The label of each folder.
    outcome_of : mapping of str to mapping of str to int
        For each stage and folder the correct outcome, as an index into the stage's outcomes; -1 if the
        folder does not determine it.
    """

    label_of: Mapping[str, str]
    outcome_of: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def label_routes(taxonomy: Taxonomy, folders: Sequence[str]) -> LabelRoutes:
    """Return the label of each folder, and the correct outcome of its images at each stage.

    A folder that can be reached through several outcomes of a stage does not determine the outcome there.

    Raises
    ------
    InputError
        If a folder has no label.
    """
    reach: dict[str, dict[str, set[int]]] = {}
    below: dict[str, set[str]] = {}
    labels: dict[str, str] = {}
    for stage in reversed(taxonomy.stages):
        outcome_of: dict[str, set[int]] = {}
        for number, outcome in enumerate(stage.outcomes):
            reachable = set(outcome.folders) | (below.get(outcome.next, set()) if outcome.next else set())
            for folder in reachable:
                outcome_of.setdefault(folder, set()).add(number)
            if not outcome.next:
                labels.update(dict.fromkeys(outcome.folders, taxonomy.label(stage, outcome)))
        reach[stage.name], below[stage.name] = outcome_of, set(outcome_of)
    missing = [folder for folder in folders if folder not in labels]
    if missing:
        raise InputError(f"the taxonomy has no label for the folder {missing[0]}")
    return LabelRoutes(
        labels,
        {
            stage.name: {
                folder: next(iter(numbers)) if len(numbers) == 1 else -1
                for folder, numbers in reach[stage.name].items()
            }
            for stage in taxonomy.stages
        },
    )
