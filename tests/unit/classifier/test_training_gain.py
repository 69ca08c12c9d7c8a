"""What a training gained over the one before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from defect_workbench.core.classifier.held_out import HeldOutImages
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.classifier.training_gain import TrainingGain, gain_over
from defect_workbench.engine.classifier.evaluation import evaluate
from defect_workbench.storage.model.model_file import load_model
from tests.conftest import GOLDEN


def facts(names: tuple[str, ...], rows: dict[str, tuple[int, int]]) -> TrainingFacts:
    """Facts of made-up trainings: label and prediction by content."""
    model = load_model(GOLDEN / "staged.model")
    assert model.facts is not None
    labels, predictions = (tuple(pair[n] for pair in rows.values()) for n in range(2))
    count = len(rows)
    overall = evaluate(np.array(labels, np.intp), np.array(predictions, np.intp), names, np.full(count, 0.9))
    paths = tuple(f"{content}.png" for content in rows)
    held_out = HeldOutImages("/lot", paths, tuple(rows), labels, predictions, (0.9,) * count)
    return replace(model.facts, overall=overall, held_out=held_out)


def test_both_are_judged_by_the_labels_of_today_on_the_same_images() -> None:
    # Labels are compared by name: the two trainings number them differently.
    before = facts(("pit", "spur"), {"a": (0, 0), "b": (0, 1), "c": (1, 1), "d": (1, 0), "gone": (1, 1)})
    now = facts(("clean", "pit", "spur"), {"a": (1, 1), "b": (2, 2), "c": (2, 1), "d": (2, 2), "new": (0, 0)})
    gain = gain_over(before, now)
    # a right, b was right by the new label, c newly wrong, d corrected.
    assert gain == TrainingGain(4, 3, 3, 1, 1, added=1, relabelled=1)
    assert gain.words == (
        "With 1 image more and 1 label changed, 75.0% of the 4 images that both trainings tested are right, "
        "75.0% before: 1 corrected, 1 newly wrong."
    )


def test_there_is_no_gain_without_common_images_or_without_their_list() -> None:
    one, other = (
        facts(("pit", "spur"), {"a": (0, 0), "b": (1, 1)}),
        facts(("pit", "spur"), {"c": (0, 0), "d": (1, 1)}),
    )
    assert gain_over(one, other) is None
    assert gain_over(None, one) is None
    assert gain_over(replace(one, held_out=None), one) is None
