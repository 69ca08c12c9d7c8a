"""What a training gained over the one before, on the images that both were tested on."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.text import counted


@dataclass(frozen=True)
class TrainingGain:
    """Two classifiers, judged by the labels of the later one; each had seen none of the images in training.

    Attributes
    ----------
    images : int
        Images that both were tested on, at least 1.
    right_before, right_now : int
        How many of them each classified as the labels of the later training say.
    corrected, newly_wrong : int
        Images that only the later one, or only the earlier one, classified so.
    added, relabelled : int
        Images that only the later training had, and those of both whose label changed.
    """

    images: int
    right_before: int
    right_now: int
    corrected: int
    newly_wrong: int
    added: int
    relabelled: int

    @property
    def words(self) -> str:
        """The gain as a sentence."""
        since = [
            f"{counted(self.added, 'image')} more" if self.added else "",
            f"{counted(self.relabelled, 'label')} changed" if self.relabelled else "",
        ]
        labels = " and ".join(part for part in since if part)
        start = f"With {labels}, " if labels else "With the same labels, "
        now, before = (100 * right / self.images for right in (self.right_now, self.right_before))
        return (
            f"{start}{now:.1f}% of the {counted(self.images, 'image')} that both trainings tested are right, "
            f"{before:.1f}% before: {self.corrected:,} corrected, {self.newly_wrong:,} newly wrong."
        )


def gain_over(before: TrainingFacts | None, now: TrainingFacts | None) -> TrainingGain | None:
    """Compare two trainings; None if they have no image in common, or one kept no list of its images.

    Images are the same if their content is.
    """
    earlier, later = (None if facts is None else facts.held_out for facts in (before, now))
    if before is None or now is None or earlier is None or later is None:
        return None
    names, names_before = now.overall.confusion.labels, before.overall.confusion.labels
    rows_before = {content: row for row, content in enumerate(earlier.sha256)}
    both = [(row, rows_before[content]) for row, content in enumerate(later.sha256) if content in rows_before]
    if not both:
        return None
    corrected = newly_wrong = right_now = relabelled = 0
    for row, row_before in both:
        label = names[later.labels[row]]
        is_right = later.predictions[row] == later.labels[row]
        was_right = names_before[earlier.predictions[row_before]] == label
        right_now += is_right
        corrected += is_right and not was_right
        newly_wrong += was_right and not is_right
        relabelled += names_before[earlier.labels[row_before]] != label
    return TrainingGain(
        len(both),
        right_now - corrected + newly_wrong,
        right_now,
        corrected,
        newly_wrong,
        len(later) - len(both),
        relabelled,
    )
