"""Identities of features: everything that the features of an image depend on, defined only here.

Everything that stores features or results computed from them (feature store, augmented images, cached
results, models, sessions) stores one of these identities with them. A step that computes something different
gets a new version, so that outdated features are recognised and computed again. Identities are JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.clustering.feature_blocks import (
    AVERAGE,
    FOREGROUND,
    NEWEST_FOREGROUND,
    BackboneInfo,
    identity_description,
)
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.backbone.registry import description_label
from defect_workbench.engine.features.block import Block
from defect_workbench.engine.features.blocks.foreground import extractor_of
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.formats.registry import decoder_version
from defect_workbench.engine.measurement import defects
from defect_workbench.engine.preprocessing import info_bar, pipeline, resize

DECODER = {"decoder": decoder_version(), "info_bar": info_bar.IDENTITY}


@dataclass(frozen=True)
class NetworkInUse:
    """What a vector computed by the network depends on, apart from the image.

    Attributes
    ----------
    weights, sha256, variant : str
        Name, identity and variant of the weights, as in `WeightsInfo`.
    precision, device : str
        Precision and device of the computation.
    description : str
        Name of the `Description` in use, for blocks that name none.
    """

    weights: str
    sha256: str
    variant: str
    precision: str
    device: str
    description: str = AVERAGE

    def backbone(self, network: str) -> BackboneInfo:
        """Return what a set of features records about this network."""
        return BackboneInfo(network, self.weights, self.sha256, self.precision, self.device, self.description)


def pixel_identity(processing: Preprocessing) -> dict[str, Any]:
    """Return the identity of the pixels that features are computed from, for a given file."""
    return {
        "prepare": resize.IDENTITY,
        **DECODER,
        "processing": {**processing.identity(), "version": pipeline.IDENTITY},
    }


def measured_identity(processing: Preprocessing, measure_version: str = defects.IDENTITY) -> dict[str, Any]:
    """Return the identity of the measurements, which use the unprocessed image without its info bar.

    Parameters
    ----------
    measure_version : str
        One of `defects.VERSIONS`.
    """
    return {**DECODER, "rows": processing.info_bar, "measure": measure_version}


def block_identity(
    block: Block,
    processing: Preprocessing,
    network: NetworkInUse | None = None,
    view: str = "",
    measure_version: str = defects.IDENTITY,
) -> dict[str, Any]:
    """Return the identity of the vectors of one block.

    Parameters
    ----------
    network : NetworkInUse, optional
        Required for a block that the network computes.
    view : str
        Name of an augmentation; empty for the images as they are.
    measure_version : str
        As for `measured_identity`; it matters to blocks that depend on the defects that were measured.

    Raises
    ------
    ValueError
        If the network computes the block and none is given.
    """
    if block.of_whole_image:
        result = pixel_identity(processing)
    else:
        result = measured_identity(processing, measure_version)
    if view:
        result["view"] = view
    if block.version:
        result["extractor"] = block.version
    if block.by_network:
        if network is None:
            raise ValueError(f"the block {block.name} depends on a network")
        values = asdict(network)
        description = block.description or network.description
        result |= {"name": values.pop("weights"), **values}
        del result["description"]
        result |= _other_than_average(description)
    return result


def _other_than_average(description: str) -> dict[str, str]:
    """Return the field that names a description; none for `AVERAGE`, which earlier versions do not name."""
    return {} if description == AVERAGE else {"description": description}


def feature_identity(
    blocks: Mapping[str, Vectors],
    backbone: BackboneInfo | None,
    processing: Preprocessing,
    measure_version: str = defects.IDENTITY,
    foreground_version: str = NEWEST_FOREGROUND,
) -> dict[str, Any]:
    """Return the identity of all features of an image set, which models, sessions and cached results store.

    Parameters
    ----------
    blocks : mapping of str to (n, d) float32
    backbone : BackboneInfo or None
        None if the features were computed without a network.
    measure_version : str
        As for `measured_identity`.
    foreground_version : str
        One of `FOREGROUND_VERSIONS`; it matters if there is that block.
    """
    result: dict[str, Any] = {
        "columns": {name: int(block.shape[1]) for name, block in sorted(blocks.items())},
        "backbone": None,
        **pixel_identity(processing),
        "extractors": {
            block.name: extractor_of(foreground_version) if block.name == FOREGROUND else block.version
            for block in BLOCKS
            if block.version and (block.in_extraction or block.name in blocks)
        },
        "measure": measure_version,
    }
    if backbone is not None and any(BLOCKS[name].by_network for name in blocks):
        result["backbone"] = {
            "name": backbone.name,
            "weights": backbone.weights,
            "sha256": backbone.sha256,
            "precision": backbone.precision,
            "device": backbone.device,
            **_other_than_average(backbone.description),
        }
    return result


def without_block(identity: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the identity of features without one of their blocks."""
    by_block = ("columns", "extractors")
    return {
        key: {block: each for block, each in value.items() if block != name} if key in by_block else value
        for key, value in identity.items()
    }


def network_of(identity: Mapping[str, Any]) -> BackboneInfo | None:
    """Return the network that computed features, by their identity; None without one."""
    backbone = identity.get("backbone")
    if backbone is None:
        return None

    def text(key: str) -> str:
        return str(backbone.get(key, ""))

    return BackboneInfo(
        text("name"),
        text("weights"),
        text("sha256"),
        text("precision"),
        text("device"),
        identity_description(identity),
    )


def needs_network(identity: Mapping[str, Any]) -> bool:
    """Return whether features with this identity are computed by a network."""
    return identity.get("backbone") is not None


def column_counts(identity: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the number of columns of each block, by the identity of features."""
    counts: Mapping[str, int] = identity.get("columns", {})
    return counts


def processing_of(model: Classifier) -> Preprocessing:
    """Return the preprocessing of the images that a model was trained on.

    Raises
    ------
    WorkbenchError
        If this version of the program does not know the preprocessing.
    """
    try:
        values = dict(model.identity.get("processing") or {})
        values.pop("version", None)
        return Preprocessing(**values)
    except (TypeError, ValueError) as error:
        raise WorkbenchError(
            "this model was trained on images preprocessed in a way that this version does not know; "
            "update the program to use it"
        ) from error


def description_of(model: Classifier) -> str | None:
    """Return the name of the description that a model was trained on; None if it uses no network."""
    return identity_description(model.identity) if needs_network(model.identity) else None


# The key of each part of an identity, what a model with another value of it does, and the name of the part.
_PARTS = (
    ("prepare", "resizes images differently", "resizing"),
    ("decoder", "decodes image files differently", "decoding"),
    ("info_bar", "finds info bars differently", "info bars"),
    ("extractors", "computes features differently", "feature extraction"),
    ("measure", "measures defects differently", "measurements"),
    ("processing", "was trained on images preprocessed differently", "preprocessing"),
)


def _part(key: str, stored: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return one part of two identities; for feature blocks, only the blocks that the stored identity has."""
    before, now = stored[key], current.get(key)
    if key == "extractors" and isinstance(before, Mapping):
        now = {name: version for name, version in (now or {}).items() if name in before}
    return before, now


def differences(stored: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how the features of a session differ from features computed now.

    Parameters
    ----------
    stored : mapping of str to Any
        Empty for a session of an earlier version; no difference is then reported.

    Returns
    -------
    tuple of str
        One phrase per part that differs, with both versions.
    """
    phrases = []
    for key, _, part in _PARTS:
        if key in stored:
            before, now = _part(key, stored, current)
            if before != now:
                phrases.append(f"{part} was {_words(before)} and is {_words(now)}")
    before, now = stored.get("backbone"), current.get("backbone")
    if "backbone" in stored and _network(before) != _network(now):
        phrases.append(f"the network was {_words(_network(before))} and is {_words(_network(now))}")
    elif "backbone" in stored and before != now:
        phrases.append(f"the description was {_described(stored)} and is {_described(current)}")
    return tuple(phrases)


def _network(backbone: Any) -> Any:
    """Return the network of an identity without the description."""
    if not isinstance(backbone, Mapping):
        return backbone
    return {key: value for key, value in backbone.items() if key != "description"}


def _described(identity: Mapping[str, Any]) -> str:
    """Return the description of an identity, in words."""
    return description_label(str(identity["backbone"].get("name", "")), identity_description(identity))


def check_fit(model: Classifier, identity: Mapping[str, Any]) -> tuple[str, ...]:
    """Check that a model can classify images with these features.

    Parameters
    ----------
    identity : mapping of str to Any
        `feature_identity` of the features.

    Returns
    -------
    tuple of str
        Warnings about parts of the identity that a model of an earlier version does not record.

    Raises
    ------
    WorkbenchError
        If the features differ from those of the training; the message states the difference.
    """
    expected = model.identity
    trained, current = expected.get("backbone"), identity.get("backbone")
    if trained is not None and current is None:
        raise WorkbenchError(
            f"this model needs deep features of {trained['weights']}, and there are no network weights",
            Remedy.FETCH_WEIGHTS,
        )
    if trained is not None and current is not None and trained["sha256"] != current["sha256"]:
        raise WorkbenchError(
            f"this model was trained with other network weights ({trained['weights']}, SHA-256 "
            f"{trained['sha256'][:12]}…) than those in use ({current['weights']}, SHA-256 "
            f"{current['sha256'][:12]}…)",
            Remedy.MATCHING_WEIGHTS,
        )
    if trained is not None and identity_description(expected) != identity_description(identity):
        raise WorkbenchError(
            f"this model was trained on the {_described(expected)}, and these images are described by the "
            f"{_described(identity)}; classify them with this model's description, or train again"
        )
    unrecorded = []
    for key, difference, part in _PARTS:
        if key not in expected:
            unrecorded.append(part)
            continue
        before, now = _part(key, expected, identity)
        if before != now:
            raise WorkbenchError(
                f"this model {difference}: {_words(before)} in training, {_words(now)} for these images; "
                "use the same version and settings, or train again"
            )
    columns = column_counts(identity)
    for block, count in column_counts(expected).items():
        if columns.get(block) != count:
            raise WorkbenchError(
                f"this model expects {count} {block} features per image, "
                f"and these images have {columns.get(block, 0)}"
            )
    if not unrecorded:
        return ()
    warning = (
        "this model is from an earlier version and does not record which versions of "
        f"{', '.join(unrecorded)} it was trained with; if its predictions look wrong, train it again"
    )
    return (warning,)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    return "none" if value is None else str(value)
