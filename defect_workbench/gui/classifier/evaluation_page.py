"""The figures of a classifier as rich text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from PySide6.QtGui import QColor, QPalette

from defect_workbench.core.classifier.training_facts import (
    AblationFigures,
    ClassFigures,
    ConfusionMatrix,
    StageFacts,
    TrainingFacts,
)
from defect_workbench.core.text import sentence_case


def evaluation_html(facts: TrainingFacts, palette: QPalette) -> str:
    """Final label, stages, feature ablation, classes and confusion matrix."""
    overall = facts.overall
    parts = [
        f"<h2>{_percent(overall.accuracy)} right</h2>",
        (
            f"<p>95 % interval {_interval(overall.interval)}, balanced over the classes "
            f"{_percent(overall.balanced_accuracy)}. {facts.images:,} images, judged in "
            f"{facts.folds} folds: each by a model that had seen neither it nor a near-duplicate.</p>"
        ),
    ]
    if overall.ece is not None:
        parts.append(f"<p>Expected calibration error {overall.ece:.3f}.</p>")
    parts += _classes(overall.classes)
    parts += _stages(facts.stages)
    parts += _ablation(facts.ablation)
    parts += _confusion(overall.confusion, palette)
    parts += [f"<p>{escape(sentence_case(note))}.</p>" for note in facts.notes]
    return "".join(parts)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th align=left style='padding-right:16px'>{escape(name)}</th>" for name in header)
    lines = [
        "<tr>" + "".join(f"<td style='padding-right:16px'>{cell}</td>" for cell in row) + "</tr>"
        for row in rows
    ]
    return f"<table cellspacing=3><tr>{head}</tr>{''.join(lines)}</table>"


def _classes(classes: Mapping[str, ClassFigures]) -> list[str]:
    rows = [
        (escape(name), f"{c.images:,}", _percent(c.precision), _percent(c.recall))
        for name, c in classes.items()
    ]
    return ["<h3>Labels</h3>", _table(("Label", "Images", "Precision", "Recall"), rows)]


def _stages(stages: Mapping[str, StageFacts]) -> list[str]:
    rows = []
    for name, stage in stages.items():
        outcomes = ", ".join(f"{escape(o)} {n:,}" for o, n in stage.outcomes.items())
        parameters = ", ".join(f"{escape(word)} {value:.4g}" for word, value in stage.parameters.items())
        figure = "not judged" if stage.evaluation is None else _percent(stage.evaluation.accuracy)
        rows.append((escape(name), figure, outcomes, parameters))
    return ["<h3>Stages</h3>", _table(("Stage", "Right", "Images", "By"), rows)] if rows else []


def _ablation(ablation: Mapping[str, AblationFigures]) -> list[str]:
    rows = [(escape(name), _percent(e.accuracy), _interval(e.interval)) for name, e in ablation.items()]
    header = ("Features", "Right", "95 % interval")
    return ["<h3>Feature ablation</h3>", _table(header, rows)] if rows else []


def _confusion(confusion: ConfusionMatrix, palette: QPalette) -> list[str]:
    labels, accent = confusion.labels, palette.color(QPalette.ColorRole.Highlight)
    ground = palette.color(QPalette.ColorRole.Base)
    lines = ["<h3>Confusion matrix</h3><p>Rows: the label; columns: the decision.</p><table cellspacing=2>"]
    lines.append(
        "<tr><td></td>" + "".join(f"<td>&nbsp;{escape(label)}&nbsp;</td>" for label in labels) + "</tr>"
    )
    for label, counts in zip(labels, confusion.table, strict=True):
        total = max(sum(counts), 1)
        shades = [_mixed(ground, accent, 0.6 * count / total) for count in counts]
        cells = "".join(
            f"<td align=right bgcolor='{shade}'>&nbsp;{count or ''}&nbsp;</td>"
            for count, shade in zip(counts, shades, strict=True)
        )
        lines.append(f"<tr><td style='padding-right:10px'>{escape(label)}</td>{cells}</tr>")
    return [*lines, "</table>"]


def _mixed(first: QColor, second: QColor, share: float) -> str:
    parts = (
        round(a + (b - a) * share)
        for a, b in zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)  # type: ignore[index]
    )
    return QColor(*parts).name()


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}&nbsp;%"


def _interval(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f} %"
