"""The parameters and versions that a report lists."""

from __future__ import annotations

from defect_workbench.core.analysis import Method
from defect_workbench.core.project import Project
from defect_workbench.logs import versions


def report_facts(project: Project) -> dict[str, str]:
    """What was done, with what, in the order a reader asks."""
    analysis, settings = project.analysis, project.analysis.settings
    facts = {"Folder": str(project.images.root), "Method": settings.method.value}
    if settings.method is Method.AGGLOMERATIVE:
        facts["Linkage"] = settings.linkage.value
        facts["Cut"] = f"{project.clusters} clusters, height {project.cut_height:.6g}"
    else:
        preference = "median" if settings.preference is None else f"{settings.preference:g}"
        facts["Preference, damping"] = f"{preference}, {settings.damping:g}"
    shares = ", ".join(f"{name} {value:g}" for name, value in analysis.weights.as_mapping().items())
    facts["Weights of the blocks"] = f"{shares} ({analysis.weights.why})"
    if analysis.backbone is None:
        facts["Network"] = "none: no ResNet-50 weights were available"
    else:
        backbone = analysis.backbone
        facts["Network"] = f"{backbone.name}, {backbone.weights}, {backbone.precision} on {backbone.device}"
        facts["SHA-256 of the weights"] = backbone.sha256
    facts["Seed"] = str(settings.seed)
    facts["Versions"] = ", ".join(f"{name} {value}" for name, value in versions().items())
    return facts
