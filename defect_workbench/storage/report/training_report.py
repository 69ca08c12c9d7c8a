"""The content of the report on a trained classifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from defect_workbench.core.classifier.stages.registry import STAGE_KINDS
from defect_workbench.core.classifier.training_facts import (
    ALL_BLOCKS,
    DEEP_ONLY,
    HANDCRAFTED_ONLY,
    AblationFigures,
    ConfusionMatrix,
    Evaluation,
    StageFacts,
    TrainingFacts,
)
from defect_workbench.core.classifier.training_origin import training_images
from defect_workbench.core.classifier.unknown_kinds import UnknownKinds
from defect_workbench.core.text import counted, sentence_case
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
    Thumbnail,
)

THUMBNAIL = 176
WORST = 24
_CURVE_POINTS = (240.0, 180.0)
_ABLATIONS = {
    DEEP_ONLY: "deep features only",
    HANDCRAFTED_ONLY: "texture, Zernike, outline and size only",
    ALL_BLOCKS: "all, fused",
}


@dataclass(frozen=True)
class Mistake:
    """An image whose held-out prediction differs from its label.

    Attributes
    ----------
    remark : str
        The last line below the image.
    """

    file: Path
    name: str
    label: str
    prediction: str
    probability: float
    remark: str


def training_report(
    title: str,
    facts: TrainingFacts,
    mistakes: Sequence[Mistake],
    parameters: Mapping[str, str],
    thumbnail: Thumbnail,
    warnings: Sequence[str] = (),
    doubtful: Sequence[Mistake] = (),
) -> Report:
    """Return the report on a trained classifier.

    Parameters
    ----------
    mistakes : sequence of Mistake
        The most confident first.
    parameters : mapping of str to str
        Parameters and versions to list.
    thumbnail : callable
        Returns grey or RGB pixels of an image file, at most as large as the given side, or None.
    warnings : sequence of str
        Warnings at the top of the report.
    doubtful : sequence of Mistake
        Images whose labels are probably wrong, the most doubtful first.
    """
    overall = facts.overall
    low, high = overall.interval
    meaning = () if facts.held_out is None else (facts.held_out.meaning_of_right,)
    lead = (
        f"{training_images(facts)} in {len(facts.classes)} folders, evaluated in {facts.folds} folds: every "
        "image by a model that had seen neither it nor a near-duplicate in training."
    )
    spread = (
        f"95% interval {100 * low:.2f}% to {100 * high:.2f}%; balanced over the classes "
        f"{100 * overall.balanced_accuracy:.2f}%; no image rejected."
    )
    rows = (*(("Note", note) for note in facts.notes), *parameters.items())
    return Report(
        title=title,
        subject="classifier",
        lead=(lead, *meaning),
        warnings=tuple(warnings),
        sections=(
            ReportText(f"{100 * overall.accuracy:.2f}% correct", TextStyle.FIGURE),
            ReportText(spread, TextStyle.SOFT),
            *_evaluation("Final label", overall),
            *_ablation(facts.ablation),
            *(part for name, stage in facts.stages.items() for part in _stage(name, stage)),
            _unknown(facts.unknown),
            _worst(mistakes, thumbnail, overall.images),
            _to_check(doubtful, thumbnail),
            ReportTable("How this was made", ("", ""), rows),
        ),
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _evaluation(title: str, values: Evaluation, note: str = "", *, part: bool = False) -> Iterator[Section]:
    from defect_workbench.storage.report.figures import reliability_file, risk_coverage_file

    header = ("Class", "Images", "Predicted", "Precision (purity) %", "Recall %")
    rows = tuple(
        (name, f"{f.images:,}", f"{f.predicted:,}", _share(f.precision), _share(f.recall))
        for name, f in values.classes.items()
    )
    yield ReportTable(title, header, rows, note, frozenset(range(1, 5)), part=part)
    yield _confusion(values.confusion)
    figures = []
    if values.reliability is not None and values.ece is not None:
        caption = (
            "Reliability: on the line, predicted probabilities are correct. On average, they are "
            f"off by {100 * values.ece:.1f} percentage points (expected calibration error)."
        )
        figures.append(ReportFigure(caption, partial(reliability_file, values.reliability), _CURVE_POINTS))
    if values.risk_coverage is not None:
        caption = (
            "Risk–coverage: the error among accepted images as those of highest novelty score are rejected. "
            f"Area {values.risk_coverage.area:.5f}."
        )
        draw = partial(risk_coverage_file, values.risk_coverage)
        figures.append(ReportFigure(caption, draw, _CURVE_POINTS))
    if figures:
        yield ReportFigures("", tuple(figures))


def _confusion(matrix: ConfusionMatrix) -> ReportTable:
    # Columns have numbers instead of names, as long names would not fit.
    header = ("Label ↓, predicted →", *(str(number) for number in range(1, len(matrix.labels) + 1)))
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
        header = ("Features", "Accuracy %", "95% interval", "Difference from deep (95% interval)")
        yield ReportTable("Feature ablation", header, tuple(rows), numbers=frozenset({1, 2, 3}))


def _stage(name: str, stage: StageFacts) -> Iterator[Section]:
    shares = ", ".join(f"{outcome} {count:,}" for outcome, count in stage.outcomes.items())
    words = [f"Outcomes: {shares}."]
    decided_by = STAGE_KINDS[stage.kind].describe(stage)
    if decided_by:
        words.append(f"{sentence_case(decided_by)}.")
    evaluation = stage.evaluation
    if evaluation is None:
        words.append(f"Not evaluated: {stage.why}.")
    yield ReportText(" ".join(words), TextStyle.SOFT, f"Stage: {name}")
    if evaluation is not None:
        low, high = evaluation.interval
        note = (
            f"{100 * evaluation.accuracy:.2f}% correct ({100 * low:.2f}% to {100 * high:.2f}%), balanced "
            f"{100 * evaluation.balanced_accuracy:.2f}%."
        )
        yield from _evaluation("Outcomes", evaluation, note, part=True)


def _unknown(values: UnknownKinds | None) -> Section:
    title = "Unknown kinds"
    if values is None or not values.classes:
        words = "Not measured: training did not leave out each class in turn."
        return ReportText(words, TextStyle.SOFT, title)
    note = (
        "Each class is left out of training in turn. Area under the curve for recognising it as unknown: "
        f"{values.mean:.3f} on average, {values.worst:.3f} at worst."
    )
    if values.recall is not None and values.false_alarms is not None:
        note += (
            f" With at most {100 * values.false_alarms:.3g}% of known images to be flagged as unknown, "
            f"{100 * values.recall:.1f}% of the images of the class left out are flagged on average, and "
            f"{100 * (values.known_rejected or 0):.1f}% of the known ones."
        )
    header = ("Class left out", "Area", "Recognised as unknown %", "Known images classified as unknown %")
    rows = tuple(
        (name, f"{e.auc:.3f}", _share(e.unknown_found), _share(e.known_rejected))
        for name, e in values.classes.items()
    )
    return ReportTable(title, header, rows, note, frozenset({1, 2, 3}))


def _worst(mistakes: Sequence[Mistake], thumbnail: Thumbnail, images: int) -> Section:
    title = "Worst mistakes"
    if not mistakes:
        return ReportText("None: every prediction is the label.", TextStyle.SOFT, title)
    note = f"{len(mistakes):,} of {images:,} images{_shown(mistakes, 'most confident')}."
    return ImageGrid(title, note, tuple(_mistake(mistake, thumbnail) for mistake in mistakes[:WORST]))


def _to_check(doubtful: Sequence[Mistake], thumbnail: Thumbnail) -> Section:
    title = "Labels to check"
    if not doubtful:
        return ReportText("None: the classifier disagrees with no label.", TextStyle.SOFT, title)
    note = (
        f"{counted(len(doubtful), 'image')} whose held-out prediction and most of whose similar images have "
        f"another label{_shown(doubtful, 'most doubtful')}."
    )
    return ImageGrid(title, note, tuple(_mistake(each, thumbnail) for each in doubtful[:WORST]))


def _shown(images: Sequence[Mistake], which: str) -> str:
    return f", the {WORST} {which} shown" if len(images) > WORST else ""


def _mistake(mistake: Mistake, thumbnail: Thumbnail) -> CaptionedImage:
    pixels = thumbnail(mistake.file, THUMBNAIL)
    return CaptionedImage(
        None if pixels is None else EncodedImage.of(Image.fromarray(pixels), "png"),
        (
            f"{mistake.prediction} ({100 * mistake.probability:.0f}%)",
            f"labelled {mistake.label}",
            mistake.name,
            mistake.remark,
        ),
    )
