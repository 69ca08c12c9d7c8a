"""What the features of an image depend on; the only place where this is decided.

Whatever stores features or results from them (feature store, augmented images, cached results, models,
sessions) stores one of these identities with them. A part that changes what it computes gets a new version,
so that nothing old is taken for new. Identities are JSON values; features are computed again when theirs
changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.features.block import Block
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.formats.registry import decoder_version
from defect_workbench.engine.measurement import defects
from defect_workbench.engine.preprocessing import info_bar, pipeline, resize

DECODER = {"decoder": decoder_version(), "info_bar": info_bar.IDENTITY}


@dataclass(frozen=True)
class NetworkInUse:
    """What a vector of the network depends on, apart from the image.

    Attributes
    ----------
    weights, sha256, variant : str
        Name, identity and variant of the weights, as `WeightsInfo` has them.
    precision, device : str
        Of the computation.
    """

    weights: str
    sha256: str
    variant: str
    precision: str
    device: str


def picture_identity(wanted: Preprocessing) -> dict[str, Any]:
    """Of the pixels that the features see, apart from the file itself."""
    return {
        "prepare": resize.IDENTITY,
        **DECODER,
        "processing": {**wanted.identity(), "version": pipeline.IDENTITY},
    }


def measured_identity(wanted: Preprocessing) -> dict[str, Any]:
    """Of the measurements: they are made in the image as it is, without its info bar."""
    return {**DECODER, "rows": wanted.info_bar, "measure": defects.IDENTITY}


def block_identity(
    block: Block, wanted: Preprocessing, network: NetworkInUse | None = None, view: str = ""
) -> dict[str, Any]:
    """Of the vectors of one block.

    Parameters
    ----------
    network : NetworkInUse, optional
        For a block that the network computes.
    view : str
        Name of an augmentation; empty for the images themselves.

    Raises
    ------
    ValueError
        If the block is computed by the network and none is given.
    """
    result = picture_identity(wanted) if block.whole_picture else measured_identity(wanted)
    if view:
        result["view"] = view
    if block.version:
        result["extractor"] = block.version
    if block.by_network:
        if network is None:
            raise ValueError(f"the block {block.name} depends on a network")
        values = asdict(network)
        result |= {"name": values.pop("weights"), **values}
    return result


def feature_identity(
    blocks: Mapping[str, Vectors], backbone: BackboneInfo | None, wanted: Preprocessing
) -> dict[str, Any]:
    """Of all features of a set; models, sessions and cached results keep that of their features."""
    result: dict[str, Any] = {
        "columns": {name: int(block.shape[1]) for name, block in sorted(blocks.items())},
        "backbone": None,
        **picture_identity(wanted),
        "extractors": {block.name: block.version for block in BLOCKS if block.version},
        "measure": defects.IDENTITY,
    }
    if backbone is not None and any(BLOCKS[name].by_network for name in blocks):
        result["backbone"] = {
            "name": backbone.name,
            "weights": backbone.weights,
            "sha256": backbone.sha256,
            "precision": backbone.precision,
            "device": backbone.device,
        }
    return result


def processing_of(model: Classifier) -> Preprocessing:
    """What was done to the pictures that a model was trained on.

    Raises
    ------
    WorkbenchError
        If this version does not know it.
    """
    try:
        values = dict(model.identity.get("processing") or {})
        values.pop("version", None)
        return Preprocessing(**values)
    except (TypeError, ValueError) as error:
        raise WorkbenchError(
            "this model was trained on pictures processed in a way that this version does not know; "
            "update the program to use it"
        ) from error


# Each part of an identity: what a model did that differs, and what the part is called.
_PARTS = (
    ("prepare", "resizes images differently", "resizing"),
    ("decoder", "decodes image files differently", "decoding"),
    ("info_bar", "finds info bars differently", "info bars"),
    ("extractors", "computes features differently", "feature extraction"),
    ("measure", "measures defects differently", "measurements"),
    ("processing", "was trained on images preprocessed differently", "preprocessing"),
)


def _part(key: str, stored: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[Any, Any]:
    """One part of two identities; versions of feature blocks only as far as the stored one has them."""
    before, now = stored[key], current.get(key)
    if key == "extractors" and isinstance(before, Mapping):
        now = {name: version for name, version in (now or {}).items() if name in before}
    return before, now


def differences(stored: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs between the features of a session and features computed now.

    Parameters
    ----------
    stored : mapping of str to Any
        Empty for a session of an earlier version: nothing is then known to differ.

    Returns
    -------
    tuple of str
        One phrase for each part, with both versions.
    """
    found = []
    for key, _, part in _PARTS:
        if key in stored:
            before, now = _part(key, stored, current)
            if before != now:
                found.append(f"{part} was {_words(before)} and is {_words(now)}")
    had, has = stored.get("backbone"), current.get("backbone")
    if "backbone" in stored and had != has:
        found.append(f"the network was {_words(had)} and is {_words(has)}")
    return tuple(found)


def check_fit(model: Classifier, identity: Mapping[str, Any]) -> tuple[str, ...]:
    """Refuse features that a model cannot judge.

    Parameters
    ----------
    identity : mapping of str to Any
        `feature_identity` of the features at hand.

    Returns
    -------
    tuple of str
        Warnings: what the model, made by an earlier version, does not say about its features.

    Raises
    ------
    WorkbenchError
        With what differs, in words.
    """
    wanted = model.identity
    had, has = wanted.get("backbone"), identity.get("backbone")
    if had is not None and has is None:
        raise WorkbenchError(
            f"this model needs deep features of {had['weights']}, and there are no ResNet-50 weights here",
            Remedy.FETCH_WEIGHTS,
        )
    if had is not None and has is not None and had["sha256"] != has["sha256"]:
        raise WorkbenchError(
            f"this model was trained with other network weights ({had['weights']}, sha256 "
            f"{had['sha256'][:12]}…) than those in use ({has['weights']}, sha256 {has['sha256'][:12]}…)",
            Remedy.MATCHING_WEIGHTS,
        )
    unsaid = []
    for key, words, part in _PARTS:
        if key not in wanted:
            unsaid.append(part)
            continue
        had_value, has_value = _part(key, wanted, identity)
        if had_value != has_value:
            raise WorkbenchError(
                f"this model {words} ({_words(had_value)}) from these images "
                f"({_words(has_value)}); use the same, or train again"
            )
    columns = identity.get("columns", {})
    for block, count in wanted.get("columns", {}).items():
        if columns.get(block) != count:
            raise WorkbenchError(
                f"this model expects {count} {block} features per image, there are {columns.get(block, 0)}"
            )
    if not unsaid:
        return ()
    warning = (
        "this model was made by an earlier version and does not say which versions of "
        f"{', '.join(unsaid)} it was trained with; if its answers look wrong, train it again"
    )
    return (warning,)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    return "none" if value is None else str(value)
