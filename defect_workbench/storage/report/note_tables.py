"""Tables of the report on tags and notes of images."""

from __future__ import annotations

from collections import Counter

from defect_workbench.core.project.image_notes import BETWEEN_TAGS
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import and_more
from defect_workbench.storage.report.report_content import ReportTable

_MOST_CLASSES, _MOST_LISTED = 5, 300


def note_tables(project: Project) -> list[ReportTable]:
    """Return the table of tags, and the list of images with a tag or a note."""
    notes = project.image_notes
    if not notes:
        return []
    partition = project.partition
    labels = [cluster.label for cluster in partition.clusters]

    def label_of(image: int) -> str:
        number = int(partition.cluster_of[image])
        return labels[number] if number >= 0 else "outlier"

    tables = []
    if notes.tags:
        classes: dict[str, Counter[str]] = {}
        for image, tags in notes.tags.items():
            for tag in tags:
                classes.setdefault(tag, Counter())[label_of(image)] += 1
        rows = tuple(
            (tag, f"{count:,}", and_more(_commonest(classes[tag]), _MOST_CLASSES))
            for tag, count in notes.tag_counts.items()
        )
        tables.append(ReportTable("Tags", ("Tag", "Images", "Classes"), rows, numbers=frozenset({1})))
    marked = sorted({*notes.tags, *notes.texts}, key=lambda i: project.images.images[i].path)
    lines = tuple(
        (
            project.images.images[image].path,
            label_of(image),
            BETWEEN_TAGS.join(notes.tags.get(image, ())),
            notes.texts.get(image, ""),
        )
        for image in marked[:_MOST_LISTED]
    )
    rest = len(marked) - len(lines)
    after = f"The other {rest:,} are in the session." if rest else ""
    title = f"Images with tags or notes ({len(marked):,})"
    header = ("Image", "Class", "Tags", "Note")
    tables.append(ReportTable(title, header, lines, after=after, part=bool(tables), folded=True))
    return tables


def _commonest(counts: Counter[str]) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{label} ({count:,})" for label, count in ordered]
