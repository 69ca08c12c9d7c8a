import numpy as np

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.project.block_evidence import block_evidence_of
from defect_workbench.core.project.decisions import Decisions, divide
from defect_workbench.core.project.likeness import nearest_images
from defect_workbench.engine.clustering.linkage import build_tree
from tests.builders import BACKBONE, blobs, made_analysis


def test_the_block_that_tells_the_clusters_apart_speaks_for_them() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0.0, 5.0], 20)
    deep = np.stack([groups, rng.standard_normal(40)], axis=1).astype(np.float32)
    texture = rng.standard_normal((40, 3)).astype(np.float32)
    weights = BlockWeights({"deep": 1.0, "haralick": 1.0}, "for a test")
    vectors = np.concatenate([deep, texture], axis=1)
    blocks = {"deep": deep, "haralick": texture, "zernike": texture}
    tree = build_tree(vectors.astype(np.float64))
    analysis = Analysis(Settings(weights=weights), weights, BACKBONE, blocks, vectors, np.zeros(40), tree)
    partition = divide(analysis, 2, Decisions.none(40))
    for image in (0, 39):
        pull = block_evidence_of(analysis, partition, image)
        assert pull is not None
        assert pull.cluster == partition.cluster_of[image]
        assert pull.rival != pull.cluster
        assert set(pull.blocks) == {"deep", "haralick"}
        assert pull.blocks["deep"] > 0.5
        assert abs(sum(map(abs, pull.blocks.values())) - 1) < 1e-9


def test_no_rival_no_pull() -> None:
    analysis = made_analysis(blobs((8,)))
    assert block_evidence_of(analysis, divide(analysis, 1, Decisions.none(8)), 0) is None


def test_nearest_images_are_those_a_full_search_finds() -> None:
    vectors = blobs((7, 6, 5))
    analysis = made_analysis(vectors)
    partition = divide(analysis, 3, Decisions.none(18))
    found, distances = nearest_images(partition, 3, 5)
    away = np.linalg.norm(partition.vectors - partition.vectors[3], axis=1)
    away[3] = np.inf
    assert found.tolist() == np.argsort(away)[:5].tolist()
    assert np.allclose(distances, np.sort(away)[:5])
    assert len(nearest_images(partition, 3, 99)[0]) == 17
