"""The text and the sections that the gallery and the status bar show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from defect_workbench.app.document.filtering import parse_filter
from defect_workbench.app.document.held_order import HeldOrder
from defect_workbench.app.document.item_models import Section, note_of, state_of, state_words
from defect_workbench.app.document.measurement_text import median_words
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.arrays import Flags, Floats, Integers, Vectors
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted

# Enough for a stable median.
_MEASURED = 200


class Order(StrEnum):
    """How the gallery sorts clusters."""

    SIZE = "Size"
    SPREAD = "Spread"
    NAME = "Name"
    OUTLIER_SCORE = "Outlier score"
    UNSURE = "Least certain first"
    STRANGE = "Strangest first"
    TAG = "Tag"


@dataclass(frozen=True)
class Choice:
    """What the gallery shows, in which order.

    Attributes
    ----------
    text : str
        As `filtering` parses it; empty shows all.
    state : str
        "open", "held", "confirmed" or "nuisance"; empty shows all.
    captions : tuple of str
        Names of the columns below the thumbnails.
    """

    order: Order = Order.SIZE
    text: str = ""
    state: str = ""
    captions: tuple[str, ...] = ()


def sections_of(
    document: Document, choice: Choice | None = None, held: HeldOrder | None = None
) -> tuple[tuple[Section, ...], Integers]:
    """Return the clusters as sections, the outliers last, and the images in their order.

    Parameters
    ----------
    held : HeldOrder, optional
        Keeps the clusters where they were.
    """
    project, partition, choice = document.project, document.partition, choice or Choice()
    if project is None or partition is None:
        return (), np.empty(0, np.intp)
    parsed = parse_filter(choice.text, document.columns) if choice.text else None
    allowed = parsed.allowed(len(project.images)) if parsed is not None else None
    named = {word: _in_paths(word, project) for word in parsed.words} if parsed is not None else {}
    rank = _rank(project, choice.order)
    noun = project.images.noun
    waiting = None if project.proposal is None else project.proposal.waiting(partition)
    sections: list[Section] = []
    pieces: list[Integers] = []

    def add(title: str, detail: str, colour: str | None, members: Integers, key: int | None) -> None:
        shown = members
        if rank is not None:
            shown = members = members[np.argsort(rank[members], kind="stable")]
        if allowed is not None:
            fits = allowed[members]
            for word, in_path in named.items():
                if word not in title.casefold():
                    fits = fits & in_path[members]
            shown = members[fits]
        if len(shown) or not parsed:
            if len(shown) < len(members):
                detail = f"{len(shown):,} of {detail}"
            start = sum(section.count for section in sections)
            sections.append(Section(title, detail, colour, start, len(shown), key))
            pieces.append(shown)

    ordered: Sequence[Cluster] = _ordered(document, partition, choice.order)
    for cluster in ordered if held is None else held.arranged(ordered, choice.order):
        state = state_of(cluster)
        if choice.state and choice.state != (state or "open"):
            continue
        measured = median_words(project.images.images, cluster.members[:_MEASURED])
        parts = [
            counted(len(cluster.members), noun),
            f"spread {cluster.spread:.3f}",
            measured,
            state_words(cluster, waiting),
            note_of(cluster),
        ]
        detail = "  ·  ".join(filter(None, parts))
        add(cluster.label, detail, document.colour(cluster), cluster.members, cluster.key)
    if len(partition.outliers) and choice.state in ("", "open"):
        add("Outliers", _outlier_words(project, partition), None, partition.outliers, None)
    return tuple(sections), np.concatenate(pieces) if pieces else np.empty(0, np.intp)


def _outlier_words(project: Project, partition: Partition) -> str:
    """Return how many outliers there are for each reason; an image with two counts for the first."""
    outliers = partition.outliers
    proposal = project.proposal
    unknown = np.zeros(len(outliers), bool) if proposal is None else proposal.unknown[outliers]
    high = (project.analysis.outlier_scores[outliers] > 1) & ~unknown
    counts = {
        "with an outlier score above 1": np.count_nonzero(high),
        "unknown to the classifier": np.count_nonzero(unknown),
        "alone at this cut": np.count_nonzero(~high & ~unknown),
    }
    reasons = [words for words, number in counts.items() if number]
    total = counted(len(outliers), project.images.noun)
    if len(reasons) == 1:
        detail = f"{total} {reasons[0]}"
    else:
        detail = f"{total}: {', '.join(f'{counts[words]:,} {words}' for words in reasons)}"
    if groups := partition.outlier_group_count:
        detail += f"  ·  {counted(groups, 'outlier group')}"
    return detail


def empty_message(document: Document, choice: Choice) -> str:
    """Return why a choice shows no image."""
    if not choice.text:
        return "No cluster is in this state"
    return ": ".join(
        ["No image matches the filter", *parse_filter(choice.text, document.columns).mistakes[:1]]
    )


def _rank(project: Project, order: Order) -> Vectors | Floats | None:
    """Return a number for each image, the lowest first; None if images keep the order of their cluster."""
    if order is Order.UNSURE and project.proposal is not None:
        return np.nan_to_num(project.proposal.probability, nan=2.0)
    if order is Order.STRANGE and project.maps is not None:
        return -project.maps.strangeness
    if order is Order.TAG and project.image_notes.tags:
        return _tag_rank(project)
    return None


def _tag_rank(project: Project) -> Floats:
    """Return the place of each image's tags in the alphabet; images without a tag come last."""
    tags = project.image_notes.tags
    places = {text: place for place, text in enumerate(sorted(set(tags.values())))}
    rank = np.full(len(project.images), float(len(places)))
    for image, text in tags.items():
        rank[image] = places[text]
    return rank


def _in_paths(word: str, project: Project) -> Flags:
    return np.array([word in image.path.casefold() for image in project.images.images], bool)


def _ordered(document: Document, partition: Partition, order: Order) -> list[Cluster]:
    assert document.project is not None
    project = document.project
    scores = project.analysis.outlier_scores
    rank = _rank(project, order)

    def first(cluster: Cluster) -> tuple[float, str]:
        return 0.0 if rank is None else float(rank[cluster.members].min()), cluster.label

    keys: dict[Order, Callable[[Cluster], tuple[float, str]]] = {
        # Sorted stably, clusters of equal size stay as the list has them.
        Order.SIZE: lambda c: (-len(c.members), ""),
        Order.SPREAD: lambda c: (-c.spread, c.label),
        Order.STRANGE: first,
        Order.UNSURE: first,
        Order.TAG: first,
        Order.NAME: lambda c: (0.0, c.label.casefold()),
        Order.OUTLIER_SCORE: lambda c: (-float(scores[c.members].mean()), c.label),
    }
    return sorted(partition.clusters, key=keys[order])


def summary_of(document: Document) -> str:
    """Return the text of the status bar."""
    project, partition = document.project, document.partition
    if project is None or partition is None:
        return ""
    count, searched = len(project.images), len(project.images.searched)
    parts = [
        f"{counted(count, 'defect')} in {images(searched)}" if searched else images(count),
        counted(len(partition.clusters), "cluster"),
        *(counted(count, noun) for noun, count in to_review(document).items() if count or noun == "outlier"),
    ]
    if document.tree is not None:
        # Branches, not the clusters above: outliers are set apart, and decisions keep theirs.
        cut = document.clusters_at_cut
        parts.append(f"cut into {counted(cut, 'branch')} at {document.tree.height_of(cut):.3g}")
        if document.tree.levels:
            parts.append(document.tree.levels)
    backbone = project.analysis.backbone
    parts.append(backbone.weights if backbone is not None else "texture and Zernike moments only")
    return "  ·  ".join(parts)


def to_review(document: Document) -> dict[str, int]:
    """Return what the outlier queue holds: the number of images by what they are, as a noun."""
    project, partition = document.project, document.partition
    if project is None or partition is None:
        return {"outlier": 0, "unsure proposal": 0}
    proposals = 0 if project.proposal is None else len(project.proposal.unsure(partition))
    return {"outlier": len(partition.outliers), "unsure proposal": proposals}


def images(count: int) -> str:
    """Return a number of images as text."""
    return counted(count, "image")
