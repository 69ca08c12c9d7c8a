"""Compare a project with other things: its clusters with other groupings, its images with a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.safe_reading import file_digest
from defect_workbench.engine.features.outside_distances import distances_from_outside
from defect_workbench.engine.input.scan import listing_of, listing_of_file
from defect_workbench.storage.result.manifest import labelled
from defect_workbench.workflows.extract import FeatureOptions, extract_listing
from defect_workbench.workflows.open_project import open_session

if TYPE_CHECKING:
    from defect_workbench.engine.clustering.agreement import Comparison


def compare(project: Project, other: Path, reporter: Reporter) -> Comparison:
    """Return how far two groupings of the same images agree.

    Parameters
    ----------
    other : Path
        A session, or a folder with one subfolder per label.

    Raises
    ------
    InputError
        If the two have no image in common, or the folder has no class folders with images.
    WorkbenchError
        If the session cannot be opened.
    """
    from defect_workbench.engine.clustering.agreement import compare as agreement
    from defect_workbench.engine.clustering.agreement import read_class_folders

    other_labels = read_class_folders(other, reporter) if other.is_dir() else labelled(open_session(other))
    return agreement(labelled(project), other_labels)


@dataclass(frozen=True, eq=False)
class LikeFile:
    """The images of a project by how much they are like a file.

    Attributes
    ----------
    image : int or None
        The image of the project that has the same content; the others are then not ranked.
    others : (m,) intp
        Nearest first; without images whose files cannot be found any more.
    distances : (m,) float64
    """

    file: Path
    image: int | None
    others: Integers
    distances: Floats


def images_like_file(project: Project, file: Path, options: FeatureOptions, reporter: Reporter) -> LikeFile:
    """Rank the images of a project by their likeness to a file.

    Images outside the project are compared by the whole image, with the block weights of the project: where
    their defects are is not known.

    Parameters
    ----------
    options : FeatureOptions
        `processing` and `description` are ignored: those of the project are used.

    Raises
    ------
    InputError
        If the file cannot be read as an image.
    """
    reporter.stage(f"Comparing {file.name} with the open images", None)
    none = np.empty(0, np.intp), np.empty(0)
    try:
        digest = file_digest(file)
    except OSError as error:
        raise InputError(f"{file.name} cannot be read: {error.strerror}") from error
    for number, record in enumerate(project.images.images):
        if record.sha256 == digest:
            return LikeFile(file, number, *none)
    options = replace(options, processing=project.analysis.settings.processing)
    options = options.as_described_by(project.analysis)
    one = extract_listing(listing_of_file(file), options, reporter)
    images = extract_listing(listing_of(project.images), options, reporter)
    blocks = {
        name: vectors for name, vectors in images.features.blocks.items() if name in one.features.blocks
    }
    distances = distances_from_outside(blocks, one.features.blocks, project.analysis.weights)
    number_of = {record.path: number for number, record in enumerate(project.images.images)}
    numbers = np.array([number_of[record.path] for record in images.images.images], np.intp)
    order = np.argsort(distances, kind="stable")
    return LikeFile(file, None, numbers[order], distances[order])
