"""Which images a classifier learned from, and which ones of the classifier that it replaces it did not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.classifier.held_out import HeldOutImages
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.text import counted


@dataclass(frozen=True)
class TrainingOrigin:
    """What a training learned from, by source.

    Attributes
    ----------
    sources : mapping of str to int
        Number of images by source: an image set or a labelled folder.
    left_out, not_found : mapping of str to int
        Images of the classifier that is replaced from which this one did not learn: as the user did not want
        it, and as they were moved, deleted or changed.
    unlisted : int
        Number of images of the classifier that is replaced, if its file does not list them.
    """

    sources: Mapping[str, int]
    left_out: Mapping[str, int]
    not_found: Mapping[str, int]
    unlisted: int = 0

    @property
    def words(self) -> str:
        """What the training learned from, and what it did not, as sentences without the last full stop."""
        return ". ".join([f"Trained on {images_by_source(self.sources)}", *self.losses])

    @property
    def losses(self) -> list[str]:
        """From what it did not learn, as sentences without full stops."""
        sentences = []
        before = "The classifier that it replaces"
        if self.left_out:
            sentences.append(f"{before} learned from {images_by_source(self.left_out, 'more')}")
        if self.not_found:
            lost = images_by_source(self.not_found, "more")
            sentences.append(f"{before} learned from {lost}, which were moved, deleted or changed")
        if self.unlisted:
            images = counted(self.unlisted, "image")
            sentences.append(f"{before} learned from {images}, which its file does not list")
        return sentences


def training_images(facts: TrainingFacts) -> str:
    """Return the number of training images with their sources, as far as they are known."""
    held_out = facts.held_out
    if held_out is None or not held_out.sources:
        return counted(facts.images, "image")
    counts = counted_sources(held_out, range(len(held_out)))
    return images_by_source({name: counts[name] for name in held_out.source_names})


def images_by_source(counts: Mapping[str, int], more: str = "") -> str:
    """Return numbers of images with their sources: "1,204 images of lot A and 312 of lot B"."""
    (name, number), *others = counts.items()
    parts = [f"{counted(number, f'{more} image'.strip())} of {name}"]
    parts += [f"{number:,} of {name}" for name, number in others]
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def counted_sources(held_out: HeldOutImages, rows: Iterable[int]) -> Mapping[str, int]:
    """Return the number of images by source, in the order in which sources appear."""
    names = sources(held_out)
    return dict(Counter(names[row] for row in rows))


def sources(held_out: HeldOutImages) -> list[str]:
    """Return the name of the source of each training image.

    Models of earlier versions do not note it; it is then the folder that the images have in common.
    """
    if held_out.sources:
        return [held_out.source_names[number] for number in held_out.sources]
    outside = [os.path.dirname(path) for path in held_out.paths if os.path.isabs(path)]
    try:
        common = os.path.commonpath(outside) if outside else ""
    except ValueError:  # on several drives
        common = outside[0]
    own, other = Path(held_out.root).name, Path(common).name
    return [other if os.path.isabs(path) else own for path in held_out.paths]


def class_folders_of(facts: TrainingFacts) -> list[str]:
    """Return the class folder of each training image; empty where an earlier model does not note it."""
    held_out = facts.held_out
    if held_out is None:
        return []
    if held_out.folders:
        names = sorted(facts.classes)
        return [names[number] for number in held_out.folders]
    # Without stages that join folders, a label is the name of its folder.
    labels = facts.overall.confusion.labels
    return [name if (name := labels[number]) in facts.classes else "" for number in held_out.labels]


def rows_besides(held_out: HeldOutImages, contents: Collection[str]) -> list[int]:
    """Return the training images whose content is not one of these SHA-256."""
    return [row for row, content in enumerate(held_out.sha256) if content not in contents]
