"""Open a feature store that a run on a cluster is still adding to, with what is complete so far."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.input.scan import Listing
from defect_workbench.storage.vectors.growth import Growth
from defect_workbench.workflows.extract import FeatureOptions

if TYPE_CHECKING:
    from defect_workbench.engine.features.identity import NetworkInUse


def complete_so_far(
    listing: Listing, growth: Growth, features: FeatureOptions, reporter: Reporter
) -> tuple[Listing, FeatureOptions]:
    """Return the images whose features are complete, and the options that find them, after a warning.

    Both are unchanged if the run computes features with another preprocessing.

    Parameters
    ----------
    growth : Growth
        What the run adds to the store of the options.

    Raises
    ------
    InputError
        If no image is complete yet.
    """
    from defect_workbench.engine.extraction.image_reader import Task
    from defect_workbench.engine.extraction.measure_version import choose_measure_version
    from defect_workbench.engine.extraction.network_vectors import Contents
    from defect_workbench.engine.extraction.stored_vectors import open_blocks
    from defect_workbench.engine.input.sidecar_files import SidecarFiles

    if dict(growth.processing) != features.processing.identity():
        return listing, features
    store = features.open_store()
    network = _network(growth, features)
    stamps = store.stamps(listing.root)
    known = [file.known_content(stamps) for file in listing.files]
    blocks = open_blocks(store, features.processing, network)
    task = Task(listing.root, features.processing, blocks, SidecarFiles(listing.root))
    contents = Contents(listing.files, known, task, reporter.check)
    version = choose_measure_version(store, task, contents, features.measure_version)
    blocks = open_blocks(store, features.processing, network, measure_version=version)
    task = replace(task, blocks=blocks, measure_version=version)
    files = tuple(
        file
        for file, sha256 in zip(listing.files, known, strict=True)
        if sha256 is not None and task.complete(file.path, sha256)
    )
    if not files:
        raise InputError(
            f"the features of {counted(growth.images, 'image')} of {listing.root} are being computed, and "
            f"none is complete in {store.folder} yet; open it again in a moment"
        )
    reporter.warn(
        f"the features of {listing.root} are still being computed: {len(files):,} of "
        f"{counted(growth.images, 'image')} are complete and shown; open the feature store again to see more"
    )
    features = replace(features, measure_version=version)
    if network is not None:
        features = replace(features, precision=network.precision, description=network.description)
    return replace(listing, files=files), features


def _network(growth: Growth, features: FeatureOptions) -> NetworkInUse | None:
    """Return the network of a run; None if it uses none, or other weights than this machine has."""
    from defect_workbench.engine.features.identity import NetworkInUse

    info = features.library.info()
    if growth.network is None or info is None:
        return None
    try:
        network = NetworkInUse(**growth.network)
    except TypeError:  # of a version that knows more
        return None
    return network if network.sha256 == info.sha256 else None
