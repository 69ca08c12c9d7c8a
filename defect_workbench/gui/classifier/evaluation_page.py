"""The evaluation of a classifier as rich text."""

from __future__ import annotations

from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.training_facts import StageFacts, TrainingFacts
from defect_workbench.core.classifier.training_origin import training_images
from defect_workbench.core.text import sentence_case
from defect_workbench.storage.report.html_report import render


def evaluation_html(facts: TrainingFacts, gain: str = "") -> str:
    """Return labels, stages and feature ablation as HTML; the confusion matrix is a separate table.

    Parameters
    ----------
    gain : str
        What the training gained over the one before, as a sentence.
    """
    overall = facts.overall
    return render(
        "evaluation_page.html.j2",
        facts=facts,
        images=training_images(facts),
        accuracy=_percent(overall.accuracy),
        interval=_interval(overall.interval),
        balanced_accuracy=_percent(overall.balanced_accuracy),
        labels=[
            (name, f"{c.images:,}", _percent(c.precision), _percent(c.recall))
            for name, c in overall.classes.items()
        ],
        stages=[_stage(name, stage) for name, stage in facts.stages.items()],
        ablation=[(name, _percent(e.accuracy), _interval(e.interval)) for name, e in facts.ablation.items()],
        meaning="" if facts.held_out is None else facts.held_out.meaning_of_right,
        off="" if overall.ece is None else f"{100 * overall.ece:.1f}",
        gain=gain,
        notes=[sentence_case(note) for note in facts.notes],
    )


def _stage(name: str, stage: StageFacts) -> tuple[str, ...]:
    outcomes = ", ".join(f"{outcome} {count:,}" for outcome, count in stage.outcomes.items())
    accuracy = "not evaluated" if stage.evaluation is None else _percent(stage.evaluation.accuracy)
    return name, accuracy, outcomes, STAGE_KINDS[stage.kind].describe(stage)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def _interval(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * low:.1f}% to {100 * high:.1f}%"
