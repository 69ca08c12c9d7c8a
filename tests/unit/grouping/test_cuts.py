import numpy as np
import pytest

from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.text import without_figures
from defect_workbench.engine.clustering.block_weights import agreement, choose_weights
from defect_workbench.engine.clustering.cut_suggestions import score_cuts, silhouettes, suggest_cuts
from defect_workbench.engine.clustering.linkage import Linkage, build_tree
from defect_workbench.engine.features.fusion import normalised_blocks
from tests.builders import blobs


def best(vectors: np.ndarray, seed: int = 0) -> int:
    tree = build_tree(vectors)
    return suggest_cuts(tree, score_cuts(vectors, tree, Linkage.WARD, seed))[0].clusters


@pytest.mark.parametrize("sizes", [(40, 40, 40), (100, 20, 10, 30, 5), (15,) * 9])
@pytest.mark.parametrize("seed", [0, 1])
def test_separate_groups_are_counted(sizes: tuple[int, ...], seed: int) -> None:
    assert best(blobs(sizes, seed).astype(np.float64)) == len(sizes)


def test_suggestions_say_what_they_give_and_why() -> None:
    vectors = blobs((30, 30, 30, 1)).astype(np.float64)
    tree = build_tree(vectors)
    suggestions = suggest_cuts(tree, score_cuts(vectors, tree, Linkage.WARD))
    assert len({s.clusters for s in suggestions}) == len(suggestions) > 1
    for suggestion in suggestions:
        assert tree.clusters_at(suggestion.height) == suggestion.clusters
        assert "silhouette" in suggestion.why
        assert "by chance" not in without_figures(suggestion.why)
    assert [s.singletons for s in suggestions if s.clusters == 4] == [1]
    assert any("largest of all cuts" in s.why for s in suggestions)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the clusters touch (silhouette 0.45, the largest of all cuts)", "the clusters touch"),
        ("Deep (ResNet) alone (0.2)", "Deep (ResNet) alone"),
        ("weight 0.4 (set by hand)", "weight 0.4 (set by hand)"),
    ],
)
def test_figures_in_parentheses_can_be_left_out(text: str, words: str) -> None:
    assert without_figures(text) == words


def test_shapeless_data_have_no_clear_cut_and_a_low_score() -> None:
    noise = np.random.default_rng(0).standard_normal((300, 20))
    tree = build_tree(noise)
    clear = blobs((60, 60, 60)).astype(np.float64)
    clear_tree = build_tree(clear)
    low = suggest_cuts(tree, score_cuts(noise, tree, Linkage.WARD))[0].score
    high = suggest_cuts(clear_tree, score_cuts(clear, clear_tree, Linkage.WARD))[0].score
    assert low < 0.05 * high


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_few_images_still_get_a_suggestion(count: int) -> None:
    vectors = np.random.default_rng(0).standard_normal((count, 4))
    tree = build_tree(vectors)
    suggestions = suggest_cuts(tree, score_cuts(vectors, tree, Linkage.WARD))
    assert 1 <= suggestions[0].clusters <= count


def test_equal_images_do_not_break_the_scores() -> None:
    vectors = np.zeros((30, 4))
    assert best(vectors) >= 1


def test_silhouette_is_the_published_one() -> None:
    from sklearn.metrics import silhouette_score

    vectors = np.random.default_rng(1).standard_normal((120, 5))
    labels = np.random.default_rng(2).integers(0, 4, 120)
    assert silhouettes(vectors, [labels])[0] == pytest.approx(silhouette_score(vectors, labels))


def kinds(shape_spread: float, texture_spread: float) -> dict[str, np.ndarray]:
    sizes = (40, 40, 40, 40)
    features = Features(
        {
            "deep": blobs(sizes, 1, 60, 0.8),
            "haralick": blobs(sizes, 3, 26, texture_spread),
            "zernike": blobs(sizes, 2, 25, shape_spread),
        },
        None,
    )
    return normalised_blocks(features)


def test_zernike_weight_is_raised_where_it_separates_the_kinds_and_texture_does_not() -> None:
    weights = choose_weights(kinds(shape_spread=0.5, texture_spread=30.0), Linkage.WARD)
    assert weights.share("zernike") > 0
    assert weights.share("haralick") == 0
    assert weights.why.startswith("Zernike weight raised to 0.4")


@pytest.mark.parametrize(("shape_spread", "texture_spread"), [(30.0, 30.0), (30.0, 0.5), (0.5, 0.5)])
def test_deep_stays_alone_where_zernike_does_not_lead(shape_spread: float, texture_spread: float) -> None:
    weights = choose_weights(kinds(shape_spread, texture_spread), Linkage.WARD)
    assert {name: share for name, share in weights.shares.items() if share} == {"deep": 1.0}
    assert weights.why.startswith("only deep features")


def test_agreement_is_one_for_the_groups_themselves_and_about_zero_for_noise() -> None:
    groups = np.repeat(np.arange(4), 40)
    assert agreement(blobs((40, 40, 40, 40)).astype(np.float64), groups) == pytest.approx(1.0)
    noise = np.random.default_rng(0).standard_normal((160, 5))
    assert abs(agreement(noise, groups)) < 0.1


def test_weights_without_a_network_or_with_few_images_have_a_reason() -> None:
    blocks = kinds(0.1, 0.1)
    few = choose_weights({name: block[:5] for name, block in blocks.items()}, Linkage.WARD)
    assert "too few" in few.why
    del blocks["deep"]
    without = choose_weights(blocks, Linkage.WARD)
    used = {name: share for name, share in without.shares.items() if share}
    assert used == {"haralick": 1.0, "zernike": 1.0}
    assert "no network weights" in without.why
