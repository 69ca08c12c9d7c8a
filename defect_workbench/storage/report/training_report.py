"""The report on a trained classifier: one self-contained HTML file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.classifier.training_facts import (
    AblationFigures,
    ConfusionMatrix,
    Evaluation,
    ReliabilityCurve,
    RiskCoverageCurve,
    StageFacts,
    TrainingFacts,
    UnknownKinds,
)
from defect_workbench.storage.report.contact_sheets import Thumbnail

_STYLE = """
:root { color-scheme: light dark; --line: #d7dbe0; --soft: #5c6570; --warn: #fff4d6; --warn-text: #5b4300;
  --good: #2a7f62; --bad: #b4472e; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4048; --soft: #a3acb8; --warn: #453710;
  --warn-text: #ffe9ad; --good: #6cc3a1; --bad: #ef8d74; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1060px; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.4rem; }
h3 { font-size: 1rem; margin-top: 1.4rem; } .soft, figcaption { color: var(--soft); }
.warn { background: var(--warn); color: var(--warn-text); padding: .7rem 1rem; border-radius: 6px; }
.big { font-size: 2.1rem; font-variant-numeric: tabular-nums; margin: .4rem 0 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; } th { font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name { min-width: 11em; } td.hit { background: color-mix(in srgb, var(--good) 22%, transparent); }
td.miss { background: color-mix(in srgb, var(--bad) 26%, transparent); }
.curves { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; max-width: 340px; }
svg { background: transparent; color: inherit; max-width: 100%; height: auto; }
.worst { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 1rem; }
.worst img { width: 100%; image-rendering: auto; border-radius: 4px; background: #9aa0a8; }
.worst figcaption { font-size: .85rem; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } }
"""
THUMBNAIL = 176
WORST = 24


@dataclass(frozen=True)
class Mistake:
    """An image whose label, out of fold, was another than its folder's."""

    file: Path
    name: str
    label: str
    decided: str
    probability: float
    path: str


def training_report(
    title: str,
    facts: TrainingFacts,
    mistakes: Sequence[Mistake],
    made: Mapping[str, str],
    thumbnail: Thumbnail,
) -> str:
    """The whole report.

    Parameters
    ----------
    facts : TrainingFacts
    mistakes : sequence of Mistake
        The worst first.
    made : mapping of str to str
        Parameters and versions to list.
    """
    overall = facts.overall
    low, high = overall.interval
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}: classifier</title><style>{_STYLE}</style></head><body>",
        (
            f"<h1>{escape(title)}</h1>\n"
            f"<p class=soft>{facts.images:,} images in {len(facts.classes)} folders, "
            f"judged in {facts.folds} folds: every image by a model that had seen neither it nor a "
            "near-duplicate.</p>"
        ),
    ]
    parts += [f"<p class=warn>{escape(note)}</p>" for note in made.get("warnings", "").split("\n") if note]
    parts += [
        f"<p class=big>{100 * overall.accuracy:.2f} % right</p>",
        (
            f"<p class=soft>95 % interval {100 * low:.2f} to {100 * high:.2f} %; balanced over the classes "
            f"{100 * overall.balanced_accuracy:.2f} %; nothing rejected.</p>"
        ),
        "<h2>Final label</h2>",
        *_figures(overall),
    ]
    parts += _ablation(facts.ablation)
    for name, stage in facts.stages.items():
        parts += _stage(name, stage)
    parts += _unknown(facts.unknown)
    parts += _worst(mistakes, thumbnail, overall)
    parts.append("<h2>How this was made</h2><table>")
    parts += [f"<tr><th>Note<td>{escape(note)}</tr>" for note in facts.notes]
    parts += [f"<tr><th>{escape(k)}<td>{escape(v)}</tr>" for k, v in made.items() if k != "warnings"]
    parts.append("</table></body></html>\n")
    return "\n".join(parts)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _figures(values: Evaluation) -> list[str]:
    lines = [
        (
            "<div class=wide><table><tr><th>Class<th class=n>Images<th class=n>Given this label"
            "<th class=n>Precision (purity) %<th class=n>Recall %</tr>"
        )
    ]
    lines += [
        f"<tr><td>{escape(name)}<td class=n>{f.images:,}<td class=n>{f.predicted:,}"
        f"<td class=n>{_share(f.precision)}<td class=n>{_share(f.recall)}</tr>"
        for name, f in values.classes.items()
    ]
    lines.append("</table></div>")
    lines += _confusion(values.confusion)
    curves = []
    if values.reliability is not None and values.ece is not None:
        curves.append(_reliability(values.reliability, values.ece))
    if values.risk_coverage is not None:
        curves.append(_risk(values.risk_coverage))
    return [*lines, "<div class=curves>", *curves, "</div>"] if curves else lines


def _confusion(matrix: ConfusionMatrix) -> list[str]:
    labels = matrix.labels
    # Long names side by side would leave the first column no room; numbers stand for them.
    head = "".join(f"<th class=n title='{escape(label)}'>{i}" for i, label in enumerate(labels, 1))
    lines = [f"<h3>Confusion</h3><div class=wide><table><tr><th>Folder ↓, given →{head}</tr>"]
    for row, (label, counts) in enumerate(zip(labels, matrix.table, strict=True)):
        cells = "".join(
            f"<td class='n{' hit' if row == column and count else ' miss' if count else ''}'>{count or '·'}"
            for column, count in enumerate(counts)
        )
        lines.append(f"<tr><td class=name>{row + 1} {escape(label)}{cells}</tr>")
    return [*lines, "</table></div>"]


_W, _H, _M = 352, 260, 62
_SMALL = "font-size=11 fill=currentColor"


def _plot(points: str, caption: str, x: str, y: str, top: float, ticks: Sequence[float]) -> str:
    grid = []
    for tick in ticks:
        level = _H - _M - (_H - _M - 12) * tick / top if top else _H - _M
        grid.append(
            f"<line x1={_M} x2={_W - 8} y1={level:.1f} y2={level:.1f} stroke=currentColor opacity=.15 />"
            f"<text x={_M - 5} y={level + 4:.1f} {_SMALL} text-anchor=end>{tick:g}</text>"
        )
    for tick in (0, 0.5, 1):
        across = _M + (_W - _M - 8) * tick
        grid.append(f"<text x={across:.1f} y={_H - _M + 15} {_SMALL} text-anchor=middle>{tick:g}</text>")
    return (
        f"<figure><svg viewBox='0 0 {_W} {_H}' width={_W} height={_H} role=img "
        f"aria-label='{escape(caption)}'>"
        f"{''.join(grid)}{points}"
        f"<text x={(_W + _M) / 2} y={_H - 6} font-size=12 text-anchor=middle fill=currentColor>{x}</text>"
        f"<text x=12 y={_H / 2} font-size=12 text-anchor=middle fill=currentColor "
        f"transform='rotate(-90 12 {_H / 2})'>{y}</text></svg>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _at(x: float, y: float, top: float) -> tuple[float, float]:
    return _M + (_W - _M - 8) * x, _H - _M - (_H - _M - 12) * (y / top if top else 0)


def _reliability(values: ReliabilityCurve, error: float) -> str:
    (x0, y0), (x1, y1) = _at(0, 0, 1), _at(1, 1, 1)
    drawn = f"<line x1={x0} y1={y0} x2={x1} y2={y1} stroke=currentColor opacity=.4 stroke-dasharray=4 />"
    most = max(values.images, default=1)
    for confidence, accuracy, count in zip(values.confidence, values.accuracy, values.images, strict=True):
        x, y = _at(confidence, accuracy, 1)
        radius = 3 + 6 * (count / most) ** 0.5
        drawn += f"<circle cx={x:.1f} cy={y:.1f} r={radius:.1f} fill=#2f6fb0 opacity=.8 />"
    caption = (
        f"Reliability: on the line, probabilities mean what they say. Expected calibration error {error:.3f}."
    )
    return _plot(drawn, caption, "probability given", "share right", 1.0, (0, 0.5, 1))


def _risk(values: RiskCoverageCurve) -> str:
    top = max(max(values.risk, default=0.0), 0.01) * 1.1
    line = " ".join(
        "{:.1f},{:.1f}".format(*_at(c, r, top)) for c, r in zip(values.coverage, values.risk, strict=True)
    )
    drawn = f"<polyline points='{line}' fill=none stroke=#b4472e stroke-width=2 />"
    caption = f"Risk and coverage: errors left as the most doubtful are given up. Area {values.area:.5f}."
    ticks = (0.0, round(top / 2, 4), round(top, 4))
    return _plot(drawn, caption, "share of images kept", "share of errors", top, ticks)


def _ablation(values: Mapping[str, AblationFigures]) -> list[str]:
    if not values:
        return []
    names = {
        "deep": "deep features only",
        "texture": "texture, Zernike, outline and size only",
        "fused": "all, fused",
    }
    lines = [
        (
            "<h2>Which features carry it</h2><table><tr><th>Features<th class=n>Right %"
            "<th class=n>95 % interval"
            "<th class=n>Difference to deep (95 %)</tr>"
        )
    ]
    for name, entry in values.items():
        low, high = entry.interval
        gap = ""
        if entry.minus_deep is not None and entry.minus_deep_interval is not None:
            a, b = entry.minus_deep_interval
            gap = f"{100 * entry.minus_deep:+.2f} ({100 * a:+.2f} to {100 * b:+.2f})"
        lines.append(
            f"<tr><td>{escape(names.get(name, name))}<td class=n>{100 * entry.accuracy:.2f}"
            f"<td class=n>{100 * low:.2f} to {100 * high:.2f}<td class=n>{gap}</tr>"
        )
    return [*lines, "</table>"]


def _stage(name: str, stage: StageFacts) -> list[str]:
    lines = [f"<h2>Stage: {escape(name)}</h2>"]
    shares = ", ".join(f"{escape(k)} {v:,}" for k, v in stage.outcomes.items())
    words = [f"Found: {shares}."]
    for parameter, value in stage.parameters.items():
        words.append(f"{escape(parameter.capitalize())} {value:.4g} ({escape(stage.learnt)}).")
    if stage.weights:
        weights = ", ".join(f"{escape(k)} {v:g}" for k, v in stage.weights.items())
        words.append(f"Weights of the blocks: {weights}.")
    lines.append(f"<p class=soft>{' '.join(words)}</p>")
    judged = stage.evaluation
    if judged is None:
        return [*lines, f"<p class=soft>Not judged: {escape(stage.why)}.</p>"]
    low, high = judged.interval
    lines.append(
        f"<p>{100 * judged.accuracy:.2f} % right ({100 * low:.2f} to {100 * high:.2f}), balanced "
        f"{100 * judged.balanced_accuracy:.2f} %.</p>"
    )
    return [*lines, *_figures(judged)]


def _unknown(values: UnknownKinds | None) -> list[str]:
    lines = ["<h2>Unknown kinds</h2>"]
    if values is None or not values.classes:
        return [
            *lines,
            "<p class=soft>Not measured: the training did not leave each class out in turn.</p>",
        ]
    lines.append(
        f"<p>Each class left out of training in turn: area under the curve for telling it apart "
        f"{values.mean:.3f} on average, {values.worst:.3f} at worst.</p><table><tr><th>Class left out"
        "<th class=n>Area<th class=n>Found unknown %<th class=n>Known called unknown %</tr>"
    )
    lines += [
        f"<tr><td>{escape(name)}<td class=n>{e.auc:.3f}<td class=n>{_share(e.unknown_found)}"
        f"<td class=n>{_share(e.known_rejected)}</tr>"
        for name, e in values.classes.items()
    ]
    return [*lines, "</table>"]


def _worst(mistakes: Sequence[Mistake], thumbnail: Thumbnail, overall: Evaluation) -> list[str]:
    lines = ["<h2>Worst mistakes</h2>"]
    if not mistakes:
        return [*lines, "<p class=soft>None: every image got the label of its folder.</p>"]
    shown = mistakes[:WORST]
    more = f", the {len(shown)} surest shown" if len(shown) < len(mistakes) else ""
    lines.append(f"<p class=soft>{len(mistakes)} of {overall.images:,} images{more}.</p><div class=worst>")
    for mistake in shown:
        pixels = thumbnail(mistake.file, THUMBNAIL)
        picture = "" if pixels is None else f'<img alt="" src="data:image/png;base64,{_png(pixels)}">'
        lines.append(
            f"<figure>{picture}<figcaption><b>{escape(mistake.decided)}</b> "
            f"({100 * mistake.probability:.0f} %), folder {escape(mistake.label)}"
            f"<br>{escape(mistake.name)}<br>{escape(mistake.path)}"
            "</figcaption></figure>"
        )
    return [*lines, "</div>"]


def _png(pixels: Pixels) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")
