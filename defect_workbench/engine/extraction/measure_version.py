"""Choose how an extraction measures defects: as the feature store has measured the images before."""

from __future__ import annotations

from dataclasses import replace

from defect_workbench.engine.extraction.image_reader import Task
from defect_workbench.engine.extraction.network_vectors import Contents
from defect_workbench.engine.extraction.stored_vectors import VectorStore
from defect_workbench.engine.features.identity import measured_identity
from defect_workbench.engine.measurement import defects


def choose_measure_version(
    store: VectorStore, task: Task, contents: Contents, wanted: str | None = None
) -> str:
    """Return the wanted version of measuring if it is known, or else one that suits the store.

    That is the newest of `defects.VERSIONS` by which all images, or most, were measured; else the newest.

    Measurements of one folder are thus never mixed, and a store that an earlier version filled stays
    complete, also where its images no longer exist.

    Parameters
    ----------
    contents : Contents
        Of the images.
    wanted : str, optional
        That of a session or a model, which may be from a later version of the program.
    """
    if wanted in defects.VERSIONS:
        return wanted
    for version in defects.VERSIONS:
        measured = store.block("measured", measured_identity(task.processing, version))
        blocks = replace(task.blocks, measured=measured, vectors={})
        if contents.mostly_measured(measured) or contents.all_in(blocks):
            return version
    return defects.IDENTITY
