"""Stages as TOML, as a person edits them."""

from __future__ import annotations

import json

from defect_workbench.core.classifier.taxonomy import FORMAT, Kind, Outcome, Stage, Taxonomy


def taxonomy_text(taxonomy: Taxonomy) -> str:
    """A text that `read_taxonomy` reads back; what is as usual is left out."""
    lines = [f"format = {FORMAT}"]
    if taxonomy.name:
        lines.append(f"name = {_text(taxonomy.name)}")
    for stage in taxonomy.stages:
        lines += ["", *_stage(stage)]
    return "\n".join(lines) + "\n"


def _stage(stage: Stage) -> list[str]:
    lines = ["[[stage]]", f"name = {_text(stage.name)}", f"kind = {_text(stage.kind.value)}"]
    if stage.kind is Kind.SIZE:
        lines.append(f"unit = {_text(stage.unit)}")
    for word, value in (("limit", stage.limit), ("threshold", stage.threshold)):
        if value is not None:
            lines.append(f"{word} = {value!r}")
    if stage.rest:
        lines.append("rest = true")
    if stage.inputs:
        lines.append(f"inputs = [{', '.join(map(_text, stage.inputs))}]")
    ways = {"denoise": stage.denoise, "background": stage.background}
    lines += [f"{word} = {_text(way)}" for word, way in ways.items() if way != "none"]
    for outcome in stage.outcomes:
        lines += _outcome(outcome)
    return lines


def _outcome(outcome: Outcome) -> list[str]:
    lines = ["[[stage.outcome]]", f"name = {_text(outcome.name)}"]
    if outcome.folders:
        lines.append(f"folders = [{', '.join(map(_text, outcome.folders))}]")
    if outcome.next:
        lines.append(f"next = {_text(outcome.next)}")
    return lines


def _text(value: str) -> str:
    # A JSON string is a basic string of TOML.
    return json.dumps(value, ensure_ascii=False)
