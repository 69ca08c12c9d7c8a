"""The report on a trained classifier, for the command line and the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.engine.backbone.registry import description_label
from defect_workbench.logs import versions
from defect_workbench.storage.report.html_report import html_text
from defect_workbench.storage.report.training_report import Mistake, training_report

if TYPE_CHECKING:
    from defect_workbench.engine.classifier.training_job import TrainingResult


def report_text(outcome: TrainingResult, model_path: Path) -> str:
    """Return the HTML report on a trained classifier."""
    from defect_workbench.engine.features.identity import network_of
    from defect_workbench.engine.input.thumbnail import thumbnail

    model, facts = outcome.model, outcome.facts
    network = network_of(model.identity)
    run_facts: dict[str, str] = {
        "Folder": str(outcome.data.images.root),
        "Model": str(model_path),
        "Network": "none" if network is None else f"{network.name}, {network.weights}",
        "Description": "–" if network is None else description_label(network.name, network.description),
        "SHA-256 of the weights": "–" if network is None else network.sha256,
        "SHA-256 of the training manifest": facts.manifest_sha256,
        "Flag as unknown": f"at most {100 * outcome.crossval.calibration.false_alarms:.3g}% of known images",
        "Seed": str(facts.seed),
        "Seconds": ", ".join(f"{name} {value:.1f}" for name, value in outcome.seconds.items()),
        "Versions": ", ".join(f"{name} {value}" for name, value in versions().items()),
    }
    warnings = []
    if network is None:
        warnings.append(
            "No network weights were available: the classifier works on texture, Zernike and "
            "outline features alone, which distinguish defect types much less well."
        )
    title = outcome.data.images.root.name
    report = training_report(
        title, facts, mistakes(outcome), run_facts, thumbnail, warnings, doubtful(outcome)
    )
    return html_text(report)


def mistakes(outcome: TrainingResult) -> list[Mistake]:
    """Return the misclassified images, the most probable prediction first."""
    held_out = outcome.facts.held_out
    rows = [] if held_out is None else held_out.mistakes
    return [_mistake(outcome, row, outcome.crossval.prediction.paths[row]) for row in rows]


def doubtful(outcome: TrainingResult) -> list[Mistake]:
    """Return the images whose labels are probably wrong, the most doubtful first."""
    held_out = outcome.facts.held_out
    return [
        _mistake(outcome, each.image, f"{100 * each.disagreeing:.0f}% of similar images disagree")
        for each in (() if held_out is None else held_out.doubtful)
    ]


def _mistake(outcome: TrainingResult, row: int, remark: str) -> Mistake:
    crossval, images = outcome.crossval, outcome.data.images
    prediction = crossval.prediction
    return Mistake(
        images.absolute(row),
        images.images[row].path,
        prediction.names[crossval.labels[row]],
        prediction.names[prediction.labels[row]],
        float(prediction.probability[row]),
        remark,
    )
