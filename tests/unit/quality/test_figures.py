import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.workflows.extract import FeatureOptions
from tests.quality import evaluate, figures
from tests.quality.describe import PICTURE, WAYS, Sample, Way
from tests.quality.evaluate import Plan, figures_of
from tests.quality.labelled import LabelledFolder
from tests.quality.reviewer import actions_needed
from tests.quality.table import Results, markdown


def sample(name: str, spread: float = 1.0, classes: int = 3, per_class: int = 30) -> Sample:
    """Return vectors of classes whose centres are far apart for a spread of 1; there are no files."""
    rng = np.random.default_rng(len(name))
    labels = np.repeat(np.arange(classes), per_class)
    centres = 20 * np.random.default_rng(0).standard_normal((classes, 24))
    vectors = centres[labels] + spread * rng.standard_normal((len(labels), 24))
    images = tuple(
        ImageRecord(f"class-{label}/{name}-{i}.png", f"{i:064x}", 8, 8) for i, label in enumerate(labels)
    )
    source = LabelledFolder(name, Path(f"/nowhere/{name}"), name)
    options = FeatureOptions(Path("/nowhere"), Path("/nowhere"), offline=True)
    features = Features({"haralick": vectors.astype(np.float32)}, None)
    return Sample(ImageSet(source.folder, images, ()), features, source, options)


def analysis_of(described: Sample) -> Analysis:
    return PICTURE.analysis_of(described, seed=0)


def test_classes_that_are_far_apart_are_grouped_and_need_one_action_each() -> None:
    near = sample("near")
    found = figures_of(near, PICTURE, 0, Plan())
    found |= figures.outlier_figures(near, [sample("far", 200.0)], PICTURE, 0)
    assert found[figures.TRUE_ARI] == found[figures.TRUE_NMI] == 1
    assert found[figures.CUT_ARI] > 0.9
    assert found[figures.BEST_ARI] == 1
    assert found[figures.CLUSTERS] == 3
    assert found[figures.RECALL] == 1
    assert found[figures.FALSE_FLAGS] < 0.1
    assert found[figures.SIMILAR_RECALL] > 0.9
    assert found[figures.SIMILAR_FALSE_FLAGS] < 0.1
    assert found[figures.ACTIONS] < 10


def test_a_grouping_that_ignores_the_classes_agrees_with_the_background() -> None:
    analysis = analysis_of(sample("near"))
    classes, backgrounds = np.arange(90) % 3, np.repeat(np.arange(3), 30)
    found = figures.grouping_figures(analysis, classes, backgrounds)
    assert abs(found[figures.TRUE_ARI]) < 0.05
    assert found[figures.BACKGROUND_ARI] == 1


def test_each_flagged_image_counts_as_a_cluster_at_the_suggested_cut() -> None:
    planted = sample("near").joined(sample("far", 200.0).subset(np.array([0])))
    labels = figures.exported_labels(analysis_of(planted))
    assert np.count_nonzero(labels == labels[-1]) == 1


def test_foreign_images_are_nine_different_ones_and_depend_on_the_seed_alone() -> None:
    others = [sample("one"), sample("two")]
    drawn = figures.draw_foreign(others, 5)
    assert len(set(drawn)) == figures.FOREIGN
    assert drawn == figures.draw_foreign(others, 5) != figures.draw_foreign(others, 6)
    assert {number for number, _ in drawn} == {0, 1}


def test_similar_foreign_images_are_counted_as_one_group() -> None:
    far = sample("far", classes=6)
    centres = np.random.default_rng(1).standard_normal((6, 24)) * 20
    vectors = far.features.blocks["haralick"] + np.repeat(centres, 30, axis=0).astype(np.float32)
    far = replace(far, features=replace(far.features, blocks={"haralick": vectors}))
    found = figures.outlier_figures(sample("near", per_class=60), [far], PICTURE, 1)
    assert found[figures.SIMILAR_RECALL] == 1
    assert found[figures.IN_ONE_GROUP] == 1
    assert found[figures.SIMILAR_FALSE_FLAGS] < 0.1


def test_similar_foreign_images_are_of_one_class_and_depend_on_the_seed_alone() -> None:
    others = [sample("one"), sample("two")]
    drawn = figures.draw_similar(others, 5, 3)
    assert len(set(drawn)) == 5
    (number,) = {number for number, _ in drawn}
    classes = others[number].labelled().labels
    assert len({int(classes[row]) for _, row in drawn}) == 1
    assert drawn == figures.draw_similar(others, 5, 3) != figures.draw_similar(others, 5, 4)


def unrefinable(members: Integers) -> list[Integers]:
    return [members]


def rows(*numbers: int) -> Integers:
    return np.array(numbers, np.intp)


def test_a_pure_cluster_is_one_action() -> None:
    classes = np.repeat([0, 1], 10)
    assert actions_needed(classes, [rows(*range(10)), rows(*range(10, 20))], rows(), unrefinable) == 2


def test_wrong_images_are_moved_one_by_one_until_enough_are_right() -> None:
    classes = np.array([0] * 15 + [1] * 5)
    one = [np.arange(20)]
    assert actions_needed(classes, one, rows(), unrefinable, target=1.0) == 1 + 5
    assert actions_needed(classes, one, rows(), unrefinable, target=0.95) == 1 + 4
    assert actions_needed(classes, one, rows(), unrefinable, target=0.75) == 1


def test_a_mixed_cluster_is_refined_and_its_parts_confirmed() -> None:
    classes = np.repeat([0, 1], 10)
    calls: list[int] = []

    def halves(members: Integers) -> list[Integers]:
        calls.append(len(members))
        return [members[:10], members[10:]]

    assert actions_needed(classes, [np.arange(20)], rows(), halves) == 1 + 2
    assert calls == [20]


def test_images_of_a_mixed_cluster_that_cannot_be_refined_are_labelled_one_by_one() -> None:
    classes = np.repeat([0, 1], 10)
    assert actions_needed(classes, [np.arange(20)], rows(), unrefinable, target=1.0) == 20


def test_outliers_are_labelled_last_and_only_if_needed() -> None:
    classes = np.array([0] * 18 + [1, 2])
    assert actions_needed(classes, [np.arange(18)], rows(18, 19), unrefinable) == 1 + 1
    assert actions_needed(classes, [np.arange(18)], rows(18, 19), unrefinable, target=0.9) == 1


def test_the_table_has_a_row_per_figure_and_a_column_per_way_of_describing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Shuffled(Way):
        def described(self, sample: Sample) -> Sample:
            order = np.random.default_rng(0).permutation(len(sample.images))
            blocks = {name: block[order] for name, block in sample.features.blocks.items()}
            return replace(sample, features=Features(blocks, None))

    by_name = {"near": sample("near"), "far": sample("far", 200.0)}
    monkeypatch.setattr(evaluate, "read_sample", lambda folder, *_: by_name[folder.name])
    monkeypatch.setattr(evaluate, "WAYS", {"picture": PICTURE, "shuffled": Shuffled(GroupBy.PICTURE)})
    folders = [one.source for one in by_name.values()]
    plan = Plan(seeds=2, only=frozenset({"near"}))
    results = evaluate.measure(folders, plan, next(iter(by_name.values())).options, lambda line: None)
    lines = markdown(results).splitlines()
    assert [text.strip() for text in lines[0].strip("|").split("|")] == [
        "set",
        "figure",
        "picture",
        "shuffled",
    ]
    assert lines[2].startswith("| near: 90 images, 3 classes | ARI, true number")
    assert "1.000 (1.000–1.000)" in lines[2]
    assert len({len(line) for line in lines}) == 1
    stored = json.loads(json.dumps(results.as_json()))["sets"]["near"]["ways"]
    assert stored["picture"][figures.TRUE_ARI]["values"] == [1.0, 1.0]
    assert stored["shuffled"][figures.TRUE_ARI]["mean"] < 0.2


def test_ways_apply_to_sets_that_have_what_they_need() -> None:
    alone = sample("alone").source
    applied = {name for name, way in WAYS.items() if way.applies_to(alone)}
    assert applied == {"picture", "defect, unaided", "both, unaided", "both, rarity"}
    assert WAYS["both, clean"].applies_to(replace(alone, clean=Path("clean")))
    assert not WAYS["both, reference"].applies_to(replace(alone, clean=Path("clean")))


def test_strangeness_is_judged_where_some_images_are_clean() -> None:
    near = sample("near")
    images = tuple(
        replace(image, path=image.path.replace("class-0", "clean")) for image in near.images.images
    )
    near = replace(near, images=replace(near.images, images=images))
    strangeness = np.r_[np.zeros(30), np.ones(60)].astype(np.float32)
    assert figures.STRANGENESS not in figures_of(near, PICTURE, 0, Plan())
    judged = figures_of(replace(near, strangeness=strangeness), PICTURE, 0, Plan())
    assert judged[figures.STRANGENESS] == 1


def test_a_figure_that_only_some_ways_have_is_a_dash() -> None:
    results = Results(sizes={"set": (10, 2)})
    results.add("set", "picture", {"a": 0.5})
    results.add("set", "defect", {"a": 0.25, "b": 1.0})
    assert "| b      | –" in markdown(results)


def test_the_last_rows_are_the_means_over_the_sets_that_have_a_figure() -> None:
    results = Results(sizes={"one": (10, 2), "two": (10, 2)})
    results.add("one", "picture", {"a": 0.5, "b": 1.0})
    results.add("two", "picture", {"a": 0.25})
    last = markdown(results).splitlines()[-2:]
    assert "mean of 2 sets" in last[0]
    assert "0.375" in last[0]
    assert "1.000" in last[1]
