"""The report on a trained classifier: what it holds, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.training_facts import (
    AblationFigures,
    ConfusionMatrix,
    Evaluation,
    StageFacts,
    TrainingFacts,
    UnknownKinds,
)
from defect_workbench.core.text import sentence_case
from defect_workbench.storage.report.contact_sheets import Thumbnail
from defect_workbench.storage.report.report_content import (
    CaptionedImage,
    CellMark,
    EncodedImage,
    ImageGrid,
    Report,
    ReportFigure,
    ReportFigures,
    ReportTable,
    ReportText,
    Section,
    TextStyle,
)

THUMBNAIL = 176
WORST = 24
_CURVE_POINTS = (240.0, 180.0)
_ABLATIONS = {
    "deep": "deep features only",
    "texture": "texture, Zernike, outline and size only",
    "fused": "all, fused",
}


@dataclass(frozen=True)
class Mistake:
    """An image that was given another label than its folder's by a model that had not seen it."""

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
    warnings: Sequence[str] = (),
) -> Report:
    """The whole report.

    Parameters
    ----------
    mistakes : sequence of Mistake
        The worst first.
    made : mapping of str to str
        Parameters and versions to list.
    thumbnail : callable
        Gives grey or RGB pixels of an image file no larger than the given side, or None.
    warnings : sequence of str
        What a reader must know before anything else.
    """
    overall = facts.overall
    low, high = overall.interval
    lead = (
        f"{facts.images:,} images in {len(facts.classes)} folders, judged in {facts.folds} folds: every "
        "image by a model that had seen neither it nor a near-duplicate."
    )
    spread = (
        f"95 % interval {100 * low:.2f} to {100 * high:.2f} %; balanced over the classes "
        f"{100 * overall.balanced_accuracy:.2f} %; nothing rejected."
    )
    rows = (*(("Note", note) for note in facts.notes), *made.items())
    return Report(
        title=title,
        subject="classifier",
        lead=(lead,),
        warnings=tuple(warnings),
        sections=(
            ReportText(f"{100 * overall.accuracy:.2f} % right", TextStyle.FIGURE),
            ReportText(spread, TextStyle.SOFT),
            *_evaluation("Final label", overall),
            *_ablation(facts.ablation),
            *(part for name, stage in facts.stages.items() for part in _stage(name, stage)),
            _unknown(facts.unknown),
            _worst(mistakes, thumbnail, overall.images),
            ReportTable("How this was made", ("", ""), rows),
        ),
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _evaluation(title: str, values: Evaluation, note: str = "", *, part: bool = False) -> Iterator[Section]:
    from defect_workbench.storage.report.figures import reliability_file, risk_coverage_file

    header = ("Class", "Images", "Given this label", "Precision (purity) %", "Recall %")
    rows = tuple(
        (name, f"{f.images:,}", f"{f.predicted:,}", _share(f.precision), _share(f.recall))
        for name, f in values.classes.items()
    )
    yield ReportTable(title, header, rows, note, frozenset(range(1, 5)), part=part)
    yield _confusion(values.confusion)
    figures = []
    if values.reliability is not None and values.ece is not None:
        caption = (
            "Reliability: on the line, probabilities mean what they say. "
            f"Expected calibration error {values.ece:.3f}."
        )
        figures.append(ReportFigure(caption, partial(reliability_file, values.reliability), _CURVE_POINTS))
    if values.risk_coverage is not None:
        caption = (
            "Risk and coverage: share of errors as the most doubtful images are rejected. "
            f"Area {values.risk_coverage.area:.5f}."
        )
        draw = partial(risk_coverage_file, values.risk_coverage)
        figures.append(ReportFigure(caption, draw, _CURVE_POINTS))
    if figures:
        yield ReportFigures("", tuple(figures))


def _confusion(matrix: ConfusionMatrix) -> ReportTable:
    # Long names side by side would leave the first column no room; numbers stand for them.
    header = ("Folder ↓, given →", *(str(number) for number in range(1, len(matrix.labels) + 1)))
    rows = tuple(
        (f"{number} {label}", *(str(count or "·") for count in counts))
        for number, (label, counts) in enumerate(zip(matrix.labels, matrix.table, strict=True), start=1)
    )
    marks = {
        (row, column + 1): CellMark.HIT if row == column else CellMark.MISS
        for row, counts in enumerate(matrix.table)
        for column, count in enumerate(counts)
        if count
    }
    numbers = frozenset(range(1, len(header)))
    return ReportTable("Confusion matrix", header, rows, numbers=numbers, marks=marks, part=True)


def _ablation(values: Mapping[str, AblationFigures]) -> Iterator[ReportTable]:
    rows = []
    for name, entry in values.items():
        low, high = entry.interval
        gap = ""
        if entry.minus_deep is not None and entry.minus_deep_interval is not None:
            a, b = entry.minus_deep_interval
            gap = f"{100 * entry.minus_deep:+.2f} ({100 * a:+.2f} to {100 * b:+.2f})"
        right = f"{100 * entry.accuracy:.2f}"
        rows.append((_ABLATIONS.get(name, name), right, f"{100 * low:.2f} to {100 * high:.2f}", gap))
    if rows:
        header = ("Features", "Right %", "95 % interval", "Difference to deep (95 %)")
        yield ReportTable("Feature ablation", header, tuple(rows), numbers=frozenset({1, 2, 3}))


def _stage(name: str, stage: StageFacts) -> Iterator[Section]:
    shares = ", ".join(f"{outcome} {count:,}" for outcome, count in stage.outcomes.items())
    words = [f"Found: {shares}."]
    decided_by = STAGE_KINDS[stage.kind].describe(stage)
    if decided_by:
        words.append(f"{sentence_case(decided_by)}.")
    judged = stage.evaluation
    if judged is None:
        words.append(f"Not judged: {stage.why}.")
    yield ReportText(" ".join(words), TextStyle.SOFT, f"Stage: {name}")
    if judged is not None:
        low, high = judged.interval
        note = (
            f"{100 * judged.accuracy:.2f} % right ({100 * low:.2f} to {100 * high:.2f}), balanced "
            f"{100 * judged.balanced_accuracy:.2f} %."
        )
        yield from _evaluation("Outcomes", judged, note, part=True)


def _unknown(values: UnknownKinds | None) -> Section:
    title = "Unknown kinds"
    if values is None or not values.classes:
        words = "Not measured: the training did not leave each class out in turn."
        return ReportText(words, TextStyle.SOFT, title)
    note = (
        "Each class left out of training in turn: area under the curve for telling it apart "
        f"{values.mean:.3f} on average, {values.worst:.3f} at worst."
    )
    header = ("Class left out", "Area", "Found unknown %", "Known called unknown %")
    rows = tuple(
        (name, f"{e.auc:.3f}", _share(e.unknown_found), _share(e.known_rejected))
        for name, e in values.classes.items()
    )
    return ReportTable(title, header, rows, note, frozenset({1, 2, 3}))


def _worst(mistakes: Sequence[Mistake], thumbnail: Thumbnail, images: int) -> Section:
    title = "Worst mistakes"
    if not mistakes:
        return ReportText("None: every image got the label of its folder.", TextStyle.SOFT, title)
    shown = mistakes[:WORST]
    left = f", the {len(shown)} most confident shown" if len(shown) < len(mistakes) else ""
    pictures = tuple(_mistake(mistake, thumbnail) for mistake in shown)
    return ImageGrid(title, f"{len(mistakes):,} of {images:,} images{left}.", pictures)


def _mistake(mistake: Mistake, thumbnail: Thumbnail) -> CaptionedImage:
    pixels = thumbnail(mistake.file, THUMBNAIL)
    return CaptionedImage(
        None if pixels is None else EncodedImage.of(Image.fromarray(pixels), "png"),
        (
            f"{mistake.decided} ({100 * mistake.probability:.0f} %)",
            f"folder {mistake.label}",
            mistake.name,
            mistake.path,
        ),
    )
