"""Reading and writing taxonomies: as TOML for the user, and as the values in a model file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tomli_w

from defect_workbench.core.classifier.stage import CLASSES, Outcome, Stage
from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.taxonomy import FORMAT, Taxonomy
from defect_workbench.core.classifier.taxonomy_problems import problems
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.preprocessing_steps import BACKGROUNDS, DENOISES

_STAGE_KEYS = {"name", "kind", "outcome", "rest", "inputs", "next", "denoise", "background"}
# Earlier versions allowed the settings of all kinds in any stage, and wrote a unit for each.
_FORMER_KEYS = {"unit", "limit", "threshold"}


class UnknownKindError(InputError):
    """A stage has a kind that this version does not know."""


def taxonomy_text(taxonomy: Taxonomy) -> str:
    """Return the taxonomy as TOML for `read_taxonomy`; default values are left out."""
    values: dict[str, Any] = {"format": FORMAT}
    if taxonomy.name:
        values["name"] = taxonomy.name
    values["stage"] = [_table(stage) for stage in taxonomy.stages]
    return tomli_w.dumps(values)


def _table(stage: Stage) -> dict[str, Any]:
    entry = STAGE_KINDS[stage.kind]
    table: dict[str, Any] = {"name": stage.name, "kind": stage.kind, **stage.settings}
    if stage.rest:
        table["rest"] = True
    if stage.inputs:
        table["inputs"] = list(stage.inputs)
    steps = {"denoise": (stage.denoise, entry.denoise), "background": (stage.background, "none")}
    table |= {key: value for key, (value, default) in steps.items() if value != "none" or default != "none"}
    outcomes = [
        {
            "name": outcome.name,
            **({"folders": list(outcome.folders)} if outcome.folders else {}),
            **({"next": outcome.next} if outcome.next else {}),
        }
        for outcome in stage.outcomes
    ]
    return table | ({"outcome": outcomes} if outcomes else {})


def read_taxonomy(text: str, source: str) -> Taxonomy:
    """Return the taxonomy in a TOML text.

    Parameters
    ----------
    source : str
        Name of the file, for error messages.

    Raises
    ------
    InputError
        If it is not a valid taxonomy; the message says what is wrong.
    """
    try:
        # Some editors write a byte order mark, which TOML does not allow.
        values = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source} is not TOML: {error}") from error
    except RecursionError as error:
        raise InputError(f"{source} is not a taxonomy: its brackets are nested too deeply") from error
    return from_mapping(values, source)


def from_mapping(values: Mapping[str, Any], source: str) -> Taxonomy:
    """Return the taxonomy in the values of a TOML file or a model file."""
    try:
        version = int(values.get("format", FORMAT))
        if version > FORMAT:
            raise InputError(f"{source} is of a newer version (format {version}); update the program")
        if version < 1:
            raise InputError(f"{source} has the format {version}; formats start at 1")
        tables = values.get("stage")
        if not isinstance(tables, list) or not tables:
            raise InputError(f"{source} has no [[stage]]")
        _check_keys(values, {"format", "name", "stage"}, source)
        stages = tuple(_stage(table, source) for table in tables)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"{source} is not a taxonomy: {error}") from error
    _check(stages, source)
    return Taxonomy(stages, str(values.get("name", "")))


def _stage(table: Mapping[str, Any], source: str) -> Stage:
    name = str(table["name"]).strip()
    where = f"{source}, stage '{name}'"
    kind = str(table.get("kind", CLASSES))
    if kind not in STAGE_KINDS:
        raise UnknownKindError(f"{where}: kind must be one of {', '.join(STAGE_KINDS.names)}, not {kind}")
    entry = STAGE_KINDS[kind]
    own = {setting.name for setting in entry.settings}
    _check_keys(table, _STAGE_KEYS | own, where, also=_FORMER_KEYS)
    given = tuple(
        Outcome(str(o["name"]).strip(), tuple(str(f) for f in o.get("folders", ())), str(o.get("next", "")))
        for o in table.get("outcome", ())
    )
    settings = {
        setting.name: setting.checked(table.get(setting.name, setting.default), where)
        for setting in entry.settings
        if setting.name in table or setting.default
    }
    preprocessing = {
        key: _chosen(str(table.get(key, default)), known, f"{where}: {key}")
        for key, default, known in (
            ("denoise", entry.denoise, DENOISES),
            ("background", "none", BACKGROUNDS),
        )
    }
    return Stage(
        name,
        kind,
        entry.outcomes(given, str(table.get("next", "")), where),
        bool(table.get("rest", False)),
        tuple(str(i) for i in table.get("inputs", ())),
        settings,
        **preprocessing,
    )


def _chosen(value: str, known: Sequence[str], what: str) -> str:
    if value not in known:
        raise InputError(f"{what} must be one of {', '.join(known)}")
    return value


def _check_keys(table: Mapping[str, Any], keys: set[str], where: str, also: Iterable[str] = ()) -> None:
    """Reject all keys except `keys` and `also`, which are read but no longer written."""
    unknown = sorted(set(table) - keys - set(also))
    if unknown:
        raise InputError(f"{where}: unknown key '{unknown[0]}'; the keys are {', '.join(sorted(keys))}")


def _check(stages: Sequence[Stage], source: str) -> None:
    problem = next(problems(stages), None)
    if problem is not None:
        raise InputError(f"{source}, stage '{stages[problem.stage].name}': {problem.why}")
