"""Labels that are probably wrong, and the held-out images that a model records."""

import json
from dataclasses import replace

import numpy as np
import pytest

from defect_workbench.core.classifier.held_out import DoubtfulLabel, HeldOutImages, labels_to_check
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.typed_json import decode
from defect_workbench.engine.classifier.label_check import disagreement, doubtful_labels
from defect_workbench.engine.classifier.training_job import TrainingChoices, train_and_evaluate
from tests.unit.classifier.test_classify import flat, made_set

HELD_OUT = HeldOutImages(
    root="/lot",
    paths=("a.png", "b.png", "c.png", "d.png"),
    sha256=("0", "1", "2", "3"),
    labels=(0, 0, 1, 0),
    predictions=(0, 1, 0, 1),
    probabilities=(0.9, 0.6, 0.7, 0.8),
    doubtful=(DoubtfulLabel(3, 0.8),),
)


def test_flipped_labels_are_listed_and_right_ones_are_not() -> None:
    data = made_set(spread=0.5)
    flipped = np.array([3, 17, 50, 80])
    labels = data.labels.copy()
    labels[flipped] = (labels[flipped] + 1) % 3
    wrong = replace(data, labels=labels)
    choices = TrainingChoices(taxonomy=flat(data), folds=3, ablation=False)
    outcome = train_and_evaluate(wrong, None, {}, choices, SilentReporter())
    held_out = outcome.facts.held_out
    assert held_out is not None
    assert {each.image for each in held_out.doubtful} == set(flipped.tolist())
    assert all(each.disagreeing > 0.5 for each in held_out.doubtful)
    table = outcome.facts.overall.confusion.table
    for label, counts in enumerate(table):
        assert [len(held_out.rows_of(label, predicted)) for predicted in range(3)] == list(counts)
    assert set(flipped.tolist()) <= set(held_out.mistakes)


def test_both_the_classifier_and_the_neighbours_have_to_disagree() -> None:
    data = made_set(spread=0.3)
    sure = np.eye(3)[data.labels] * 0.97 + 0.01
    alone = np.arange(len(data))
    assert not len(doubtful_labels(data.features, data.labels, sure, alone).rows)
    # The classifier alone disagrees with one label.
    against = sure.copy()
    against[5] = (0.01, 0.98, 0.01)
    assert not len(doubtful_labels(data.features, data.labels, against, alone).rows)
    # So do the neighbours.
    labels = data.labels.copy()
    labels[5] = 1
    against[5] = (0.98, 0.01, 0.01)
    assert doubtful_labels(data.features, labels, against, alone).rows.tolist() == [5]
    # The classifier is not sure of another label.
    against[5] = (0.45, 0.4, 0.15)
    assert not len(doubtful_labels(data.features, labels, against, alone).rows)


def test_near_duplicates_are_no_neighbours() -> None:
    vectors = np.array([[0.0], [0.01], [0.02], [1.0], [1.1]])
    labels = np.array([0, 0, 0, 1, 1])
    each_alone = np.arange(5)
    assert disagreement(vectors, labels, each_alone)[0] == 0.5
    assert disagreement(vectors, labels, np.array([0, 0, 0, 1, 2]))[0] == 1.0
    assert disagreement(vectors[:1], labels[:1], each_alone[:1]).tolist() == [0.0]
    assert disagreement(vectors[:3], labels[:3], np.zeros(3, np.intp)).tolist() == [0.0] * 3


def test_the_most_confident_mistakes_come_first() -> None:
    assert HELD_OUT.mistakes == [3, 2, 1]
    assert HELD_OUT.rows_of(0, 1) == [3, 1]
    assert [each["path"] for each in labels_to_check(HELD_OUT, ("pit", "scratch"))] == ["d.png"]


def test_correct_is_defined_by_clusters_or_folders() -> None:
    assert "labelled folders" in HELD_OUT.meaning_of_right
    assert "agrees with your clusters" in replace(HELD_OUT, by_cluster=(True,) * 4).meaning_of_right
    both = replace(HELD_OUT, by_cluster=(True, True, True, False))
    assert "0.0% of 1 image" in both.meaning_of_right


def test_held_out_images_are_the_same_after_writing_and_reading() -> None:
    written = json.loads(json.dumps(HELD_OUT.as_json()))
    assert decode(HeldOutImages, written, "held_out") == HELD_OUT


def test_impossible_held_out_images_are_refused() -> None:
    with pytest.raises(ValueError, match="columns of the held-out images"):
        replace(HELD_OUT, labels=(0, 1))
    with pytest.raises(ValueError, match="columns of the held-out images"):
        replace(HELD_OUT, by_cluster=(True,))
    with pytest.raises(ValueError, match="a doubtful label is of no image"):
        replace(HELD_OUT, doubtful=(DoubtfulLabel(4, 1.0),))
    with pytest.raises(ValueError, match="label that does not exist"):
        HELD_OUT.check(1, 2)
    with pytest.raises(ValueError, match="class folder that does not exist"):
        replace(HELD_OUT, folders=(0, 1, 2, 1)).check(2, 2)
    with pytest.raises(ValueError, match="source that does not exist"):
        replace(HELD_OUT, sources=(0, 0, 1, 0), source_names=("lot",))
