"""The stages through which an image goes to its label, and where each folder of labels belongs.

A taxonomy is a list of stages; each has outcomes, and an outcome either is a label (a leaf) or hands the
image on to a later stage. It is written as TOML:

    format = 1

    [[stage]]
    name = "defect or clean"
    kind = "classes"                      # decided by a trained classifier
    [[stage.outcome]]
    name = "clean"                        # no `next`: a label
    folders = ["clean", "none"]           # the training folders that mean it
    [[stage.outcome]]
    name = "defect"
    next = "size"

    [[stage]]
    name = "size"
    kind = "size"                         # decided by measurement: unknown, small or large
    unit = "px"                           # or "nm"
    limit = 40.0                          # equivalent diameter; left out: learnt
    next = "noise"                        # where all outcomes go that have no entry of their own

    [[stage]]
    name = "noise"
    kind = "noise"                        # noisy images go on denoised
    threshold = 12.0                      # grey levels; left out: learnt
    denoise = "nlm"                       # how: median or nlm (non-local means)
    next = "kind"

    [[stage]]
    name = "kind"
    kind = "classes"
    rest = true                           # every folder not named elsewhere is a label here
    inputs = ["defect or clean", "size"]  # takes what earlier stages found as further input
    background = "none"                   # how this stage wants its pictures
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from defect_workbench.core.errors import InputError

FORMAT = 1
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
UNKNOWN_SIZE, SMALL, LARGE = "unknown", "small", "large"
QUIET, NOISY = "as it is", "denoised"


class Kind(StrEnum):
    """How a stage decides."""

    CLASSES = "classes"
    SIZE = "size"
    NOISE = "noise"


@dataclass(frozen=True)
class Outcome:
    """What a stage can find.

    Attributes
    ----------
    folders : tuple of str
        Training folders that mean it.
    next : str
        The stage that goes on with it; empty for a label.
    """

    name: str
    folders: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True)
class Stage:
    """One step of the way.

    Attributes
    ----------
    outcomes : tuple of Outcome
    rest : bool
        Every folder not named anywhere becomes an outcome of this stage.
    inputs : tuple of str
        Earlier stages whose findings it takes as further input.
    unit : str
        Of `limit`: "px" or "nm".
    limit : float or None
        Equivalent diameter from which a defect is large; None: learnt.
    threshold : float or None
        Noise in grey levels from which an image is denoised; None: learnt.
    denoise, background : str
        How pictures are changed for this stage; of a noise stage: for its noisy images, from there on.
    """

    name: str
    kind: Kind = Kind.CLASSES
    outcomes: tuple[Outcome, ...] = ()
    rest: bool = False
    inputs: tuple[str, ...] = ()
    unit: str = "px"
    limit: float | None = None
    threshold: float | None = None
    denoise: str = "none"
    background: str = "none"

    def label(self, outcome: Outcome) -> str:
        """What an image is called that ends at an outcome; where a size ends, its first folder's name."""
        if self.kind is not Kind.CLASSES and outcome.folders:
            return outcome.folders[0]
        return outcome.name


@dataclass(frozen=True)
class Taxonomy:
    """All stages, in the order in which images meet them."""

    stages: tuple[Stage, ...]
    name: str = ""

    def stage(self, name: str) -> Stage:
        """The stage of a name."""
        return next(stage for stage in self.stages if stage.name == name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label an image can get, in the order of the stages."""
        found = [stage.label(o) for stage in self.stages for o in stage.outcomes if not o.next]
        return tuple(dict.fromkeys(found))

    def as_json(self) -> dict[str, Any]:
        """As the model file keeps it; `from_mapping` reads it."""
        return {
            "format": FORMAT,
            "name": self.name,
            "stage": [
                {
                    "name": stage.name,
                    "kind": stage.kind.value,
                    "outcome": [
                        {"name": o.name, "folders": list(o.folders), "next": o.next} for o in stage.outcomes
                    ],
                    "rest": stage.rest,
                    "inputs": list(stage.inputs),
                    "unit": stage.unit,
                    **({"limit": stage.limit} if stage.limit is not None else {}),
                    **({"threshold": stage.threshold} if stage.threshold is not None else {}),
                    "denoise": stage.denoise,
                    "background": stage.background,
                }
                for stage in self.stages
            ],
        }


def clean_name(folder: str) -> bool:
    """Whether a folder's name says that its images have no defect."""
    return folder.strip().casefold().replace("-", "_").replace(" ", "_") in CLEAN_NAMES


def default_taxonomy() -> Taxonomy:
    """Defect or clean; unknown, large or small; noise; the kind of defect."""
    return Taxonomy(
        name="default",
        stages=(
            Stage("defect or clean", outcomes=(Outcome("clean"), Outcome("defect", next="size"))),
            Stage("size", Kind.SIZE, outcomes=_sizes("noise")),
            Stage("noise", Kind.NOISE, outcomes=_noises("kind"), denoise="nlm"),
            Stage("kind", rest=True, inputs=("defect or clean", "size")),
        ),
    )


def flat_taxonomy() -> Taxonomy:
    """One stage: every folder is a label."""
    return Taxonomy((Stage("kind", rest=True),), "flat")


def _sizes(following: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(name, next=following) for name in (UNKNOWN_SIZE, SMALL, LARGE))


def _noises(following: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(name, next=following) for name in (QUIET, NOISY))


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
        measured = stage.kind is not Kind.CLASSES
        kept = [o for o in stage.outcomes if (o.next in alive if o.next else bool(o.folders) or measured)]
        stages[index] = _with(stage, kept)
        # A stage with a single way on decides nothing; one without any leads nowhere.
        if not kept or (stage.kind is Kind.CLASSES and len(kept) == 1 and kept[0].next):
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


@dataclass(frozen=True)
class Ways:
    """Where each training folder goes: for each stage the outcome it means, if it means one."""

    label_of: Mapping[str, str]
    outcome_of: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def ways(taxonomy: Taxonomy, folders: Sequence[str]) -> Ways:
    """The label of each folder, and the outcome its images should have at each stage they meet.

    A folder that several outcomes of a stage lead to says nothing about that stage.
    """
    reach: dict[str, dict[str, set[int]]] = {}
    below: dict[str, set[str]] = {}
    labels: dict[str, str] = {}
    for stage in reversed(taxonomy.stages):
        outcome_of: dict[str, set[int]] = {}
        for number, outcome in enumerate(stage.outcomes):
            found = set(outcome.folders) | (below.get(outcome.next, set()) if outcome.next else set())
            for folder in found:
                outcome_of.setdefault(folder, set()).add(number)
            if not outcome.next:
                labels.update(dict.fromkeys(outcome.folders, stage.label(outcome)))
        reach[stage.name], below[stage.name] = outcome_of, set(outcome_of)
    missing = [folder for folder in folders if folder not in labels]
    if missing:
        raise InputError(f"the taxonomy has no label for the folder {missing[0]}")
    return Ways(
        labels,
        {
            stage.name: {
                folder: next(iter(numbers)) if len(numbers) == 1 else -1
                for folder, numbers in reach[stage.name].items()
            }
            for stage in taxonomy.stages
        },
    )


def read_taxonomy(text: str, source: str) -> Taxonomy:
    """A taxonomy from TOML.

    Parameters
    ----------
    source : str
        Named in errors.

    Raises
    ------
    InputError
        If it is not a sound taxonomy; the message says what is wrong.
    """
    try:
        # Some editors begin a file with a mark of the byte order, which TOML does not know.
        values = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source} is not TOML: {error}") from error
    except RecursionError as error:
        raise InputError(f"{source} is not a taxonomy: its brackets are nested too deeply") from error
    return from_mapping(values, source)


def from_mapping(values: Mapping[str, Any], source: str) -> Taxonomy:
    """A taxonomy from the values of a TOML file or of a model file."""
    try:
        version = int(values.get("format", FORMAT))
        if version > FORMAT:
            raise InputError(f"{source} is of a newer version (format {version}); update the program")
        if version < 1:
            raise InputError(f"{source} has the format {version}; formats are counted from 1")
        tables = values.get("stage")
        if not isinstance(tables, list) or not tables:
            raise InputError(f"{source} has no [[stage]]")
        _known(values, {"format", "name", "stage"}, source)
        stages = tuple(_stage(table, source) for table in tables)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"{source} is not a taxonomy: {error}") from error
    _check(stages, source)
    return Taxonomy(stages, str(values.get("name", "")))


_STAGE_KEYS = {"name", "kind", "outcome", "rest", "inputs", "unit", "limit", "threshold", "next"}


def _stage(table: Mapping[str, Any], source: str) -> Stage:
    name = str(table["name"]).strip()
    _known(table, _STAGE_KEYS | {"denoise", "background"}, f"{source}, stage '{name}'")
    kinds = [kind.value for kind in Kind]
    if table.get("kind", "classes") not in kinds:
        raise InputError(f"{source}, stage '{name}': kind must be one of {', '.join(kinds)}")
    kind = Kind(table.get("kind", "classes"))
    outcomes = tuple(
        Outcome(str(o["name"]).strip(), tuple(str(f) for f in o.get("folders", ())), str(o.get("next", "")))
        for o in table.get("outcome", ())
    )
    following = str(table.get("next", ""))
    allowed = {Kind.SIZE: (UNKNOWN_SIZE, SMALL, LARGE), Kind.NOISE: (QUIET, NOISY)}.get(kind, ())
    for outcome in outcomes:
        if allowed and outcome.name not in allowed and not outcome.folders:
            raise InputError(
                f"{source}, stage '{name}': outcomes of a {kind.value} stage are {', '.join(allowed)}"
            )
    if allowed:
        given = {o.name: o for o in outcomes}
        unknown = set(given) - set(allowed)
        if unknown:
            raise InputError(
                f"{source}, stage '{name}': outcomes of a {kind.value} stage are {', '.join(allowed)}"
            )
        outcomes = tuple(given.get(n, Outcome(n, next=following)) for n in allowed)
        outcomes = tuple(o for o in outcomes if o.next or o.folders or o.name in given)
    elif following:
        raise InputError(f"{source}, stage '{name}': next belongs to outcomes, or to size and noise stages")
    limits = [table.get(key) for key in ("limit", "threshold")]
    if any(v is not None and not (isinstance(v, int | float) and 0 < v < 1e9) for v in limits):
        raise InputError(f"{source}, stage '{name}': limit and threshold must be numbers above 0")
    unit = str(table.get("unit", "px"))
    if unit not in ("px", "nm"):
        raise InputError(f"{source}, stage '{name}': unit must be px or nm")
    return Stage(
        name,
        kind,
        outcomes,
        bool(table.get("rest", False)),
        tuple(str(i) for i in table.get("inputs", ())),
        unit,
        None if limits[0] is None else float(limits[0]),
        None if limits[1] is None else float(limits[1]),
        str(table.get("denoise", "nlm" if kind is Kind.NOISE else "none")),
        str(table.get("background", "none")),
    )


def _known(table: Mapping[str, Any], keys: set[str], where: str) -> None:
    odd = sorted(set(table) - keys)
    if odd:
        raise InputError(f"{where}: '{odd[0]}' is not known; there are {', '.join(sorted(keys))}")


def _check(stages: Sequence[Stage], source: str) -> None:
    names = [stage.name for stage in stages]
    if len({n.casefold() for n in names}) < len(names) or not all(names):
        raise InputError(f"{source}: each stage needs a name of its own")
    if sum(stage.rest for stage in stages) > 1:
        raise InputError(f"{source}: only one stage can take the rest")
    seen: dict[str, str] = {}
    for index, stage in enumerate(stages):
        later = names[index + 1 :]
        for outcome in stage.outcomes:
            if outcome.next and outcome.next not in later:
                raise InputError(
                    f"{source}, stage '{stage.name}': '{outcome.next}' is no later stage; an image only "
                    "goes forward"
                )
            if outcome.next and outcome.folders:
                raise InputError(
                    f"{source}, stage '{stage.name}', outcome '{outcome.name}': give either folders "
                    "(a label) or next (a stage), not both"
                )
            for folder in outcome.folders:
                if seen.setdefault(folder.casefold(), stage.name) != stage.name:
                    raise InputError(f"{source}: the folder {folder} is named in two stages")
        for earlier in stage.inputs:
            if earlier not in names[:index]:
                raise InputError(f"{source}, stage '{stage.name}': '{earlier}' is no earlier stage")
    reached = {names[0]} | {o.next for stage in stages for o in stage.outcomes}
    lost = [name for name in names if name not in reached]
    if lost:
        raise InputError(f"{source}: no outcome leads to the stage '{lost[0]}'")
