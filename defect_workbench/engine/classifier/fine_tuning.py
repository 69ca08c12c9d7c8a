"""Fine-tune the network's last block to the labels.

The other layers stay fixed, so their output is computed once per image and reused in every epoch and fold.
The resulting vectors replace those of the untuned network.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers, Pixels, Vectors
from defect_workbench.core.clustering.feature_blocks import AVERAGE, DEEP, Features
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.network import BATCH
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.registry import NETWORKS
from defect_workbench.engine.backbone.torch_import import load_torch
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.data.stage_inputs import Source, StageInputs
from defect_workbench.engine.classifier.heads.head import Epoch, Watcher
from defect_workbench.engine.classifier.heads.ridge import class_weights
from defect_workbench.engine.extraction.reading_again import preprocessed_as_extracted, read_pixels
from defect_workbench.engine.features.registry import BLOCKS

if TYPE_CHECKING:
    import torch

Tuned = Mapping[str, NDArray[np.float16]]

EPOCHS = 6
BLOCK_RATE, HEAD_RATE, DECAY = 1e-4, 1e-3, 0.01
SMOOTHING = 0.05


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """The input of the last block for each image, stored in a file, as it is 0.4 MB per image.

    Attributes
    ----------
    values : (n, height, width, channels) float16
    """

    values: NDArray[np.float16]
    folder: tempfile.TemporaryDirectory[str]


class LastBlock:
    """The last block of a network, which is trained, and the fixed layers before it.

    Parameters
    ----------
    tuned : mapping of str to array, optional
        The weights of the last block; default: the pretrained ones.

    Raises
    ------
    WorkbenchError
        If there are no network weights, or `tuned` does not fit them.
    """

    def __init__(self, library: WeightsLibrary, tuned: Tuned | None = None) -> None:
        load_torch()
        import torch

        from defect_workbench.engine.backbone.embedder import default_device

        checkpoint = library.load()
        if checkpoint is None:
            raise WorkbenchError("fine-tuning needs network weights", Remedy.FETCH_WEIGHTS)
        self._device = default_device()
        self.network = NETWORKS[checkpoint.network]
        self._variant = checkpoint.variant
        module: Any = self.network.build(checkpoint).to(self._device)
        self._module = module.to(memory_format=torch.channels_last)
        self._block: Any = getattr(self._module, self.network.last_block)
        self._start = {k: v.detach().clone() for k, v in self._block.state_dict().items()}
        if tuned:
            self.load(tuned)

    def load(self, tuned: Tuned) -> None:
        """Use the weights of a fine-tuned block.

        Parameters
        ----------
        tuned : mapping of str to float array

        Raises
        ------
        WorkbenchError
            If they do not fit this network.
        """
        import torch

        state = {k: torch.from_numpy(np.asarray(v, np.float32).copy()) for k, v in tuned.items()}
        try:
            self._block.load_state_dict(state, strict=False)
        except RuntimeError as error:
            raise WorkbenchError("the fine-tuned block of this model does not fit the network") from error

    def maps(self, images: ImageSet, processing: Preprocessing, reporter: Reporter) -> LayerMaps:
        """Compute the input of the last block for every image.

        Raises
        ------
        WorkbenchError
            If an image can no longer be read.
        Cancelled
            If the user cancelled.
        """
        import torch

        folder = tempfile.TemporaryDirectory(prefix="defect-workbench-maps-")
        channels, height, width = self.network.last_input_shape
        shape = (len(images), height, width, channels)
        values = np.memmap(f"{folder.name}/maps", np.float16, "w+", shape=shape)
        reporter.stage("Computing feature maps for fine-tuning", len(images))
        for start in range(0, len(images), BATCH):
            reporter.check()
            rows = range(start, min(start + BATCH, len(images)))
            batch = torch.from_numpy(np.stack([_network_input(images, i, processing) for i in rows]))
            with torch.inference_mode():
                x = self.network.normalise(self._variant, batch.to(self._device).permute(0, 3, 1, 2))
                activations = self.network.activations(
                    self._module, x.contiguous(memory_format=torch.channels_last), False
                )
                x = activations[self.network.last_input]
                values[start : start + len(rows)] = x.permute(0, 2, 3, 1).half().cpu().numpy()
            reporter.advance(len(rows))
        return LayerMaps(values, folder)

    def _batch(self, maps: LayerMaps, rows: Integers) -> torch.Tensor:
        import torch

        batch = torch.from_numpy(np.asarray(maps.values[rows], np.float32)).to(self._device)
        return batch.permute(0, 3, 1, 2)

    def _outputs(self, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        return {self.network.last_input: batch, self.network.last_block: self._block(batch)}

    def vectors(self, maps: LayerMaps, in_use: str, reporter: Reporter) -> dict[str, Vectors]:
        """Compute the vectors of the network's feature blocks with the current last block.

        Parameters
        ----------
        in_use : str
            Name of the description in use.

        Returns
        -------
        dict of str to (n, columns) float32

        Raises
        ------
        Cancelled
            If the user cancelled.
        """
        import torch

        descriptions = {
            block.name: self.network.description(block.description or in_use)
            for block in BLOCKS
            if block.by_network
        }
        batches: dict[str, list[Vectors]] = {name: [] for name in descriptions}
        with torch.inference_mode():
            for start in range(0, len(maps.values), BATCH):
                reporter.check()
                rows = np.arange(start, min(start + BATCH, len(maps.values)))
                outputs = self._outputs(self._batch(maps, rows))
                for name, description in descriptions.items():
                    batches[name].append(description.pool(outputs).cpu().numpy().astype(np.float32))
        return {name: np.concatenate(parts) for name, parts in batches.items()}

    def tune(
        self,
        maps: LayerMaps,
        labels: Integers,
        chosen: Integers,
        seed: int,
        reporter: Reporter,
        name: str,
        watch: Watcher | None = None,
    ) -> Tuned:
        """Train the block on the chosen images, starting from the pretrained weights.

        Batch normalisation keeps its statistics. Images are rotated and mirrored at random.

        Parameters
        ----------
        maps : LayerMaps
            Of n images.
        labels : (n,) intp
        chosen : (m,) intp
            Rows to train on.
        name : str
            Name of the fold, for progress.

        Returns
        -------
        mapping of str to float16 array
            The trained weights, which the block now uses.

        Raises
        ------
        Cancelled
            If the user cancelled.
        """
        import torch
        from torch import nn

        count = int(labels.max()) + 1
        block = self._block
        description = self.network.tuning_description()
        block.load_state_dict(self._start)
        rng = np.random.default_rng(seed)
        weights = class_weights(labels[chosen], count, np.arange(len(chosen)))
        of_row = np.zeros(len(labels))
        of_row[chosen] = weights / weights.mean()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head = nn.Linear(description.columns, count).to(self._device)
            block.requires_grad_(True).eval()
            optimiser = torch.optim.AdamW(
                [
                    {"params": block.parameters(), "lr": BLOCK_RATE},
                    {"params": head.parameters(), "lr": HEAD_RATE},
                ],
                weight_decay=DECAY,
            )
            steps = EPOCHS * -(-len(chosen) // BATCH)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, [BLOCK_RATE, HEAD_RATE], total_steps=steps, pct_start=0.2
            )
            for epoch in range(1, EPOCHS + 1):
                order, total, right = rng.permutation(chosen), 0.0, 0
                for start in range(0, len(order), BATCH):
                    reporter.check()
                    rows = order[start : start + BATCH]
                    x = torch.rot90(self._batch(maps, rows), int(rng.integers(4)), (2, 3))
                    if rng.random() < 0.5:
                        x = x.flip(3)
                    y = torch.from_numpy(labels[rows].astype(np.int64)).to(self._device)
                    w = torch.from_numpy(of_row[rows].astype(np.float32)).to(self._device)
                    logits = head(description.pool(self._outputs(x)))
                    losses = nn.functional.cross_entropy(
                        logits, y, reduction="none", label_smoothing=SMOOTHING
                    )
                    loss = (losses * w).mean()
                    optimiser.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    optimiser.step()
                    schedule.step()
                    total += float(loss.detach()) * len(rows)
                    right += int((logits.argmax(1) == y).sum())
                    reporter.advance(len(rows))
                if watch is not None:
                    mean = total / len(order)
                    watch(Epoch(f"{name}, last block", epoch, mean, right / len(order)))
        block.requires_grad_(False)
        tuned = {
            k: v.detach().cpu().numpy().astype(np.float16)
            for k, v in block.state_dict().items()
            if v.is_floating_point()
        }
        self.load(tuned)
        return tuned


def _network_input(images: ImageSet, index: int, processing: Preprocessing) -> Pixels:
    pixels = read_pixels(images, index)
    return preprocessed_as_extracted(images, index, pixels, processing).resized().rgb


class FineTuning:
    """Deep vectors from a last block that is fine-tuned on the training images of each fold.

    Parameters
    ----------
    source : Source or None
        Supplies measurements. Deep vectors of denoised images stay those of the untuned network.

    Raises
    ------
    InputError
        If the set has no deep features.
    """

    def __init__(
        self,
        data: LabelledSet,
        source: Source | None,
        processing: Preprocessing,
        library: WeightsLibrary,
        seed: int,
        reporter: Reporter,
        watch: Watcher | None = None,
    ) -> None:
        backbone = data.features.backbone
        if DEEP not in data.features.blocks or backbone is None:
            raise InputError("fine-tuning needs network weights", Remedy.FETCH_WEIGHTS)
        self._data, self._source, self._seed = data, source, seed
        self._reporter, self._watch, self._in_use = reporter, watch, backbone.description
        self._block = LastBlock(library)
        self._maps = self._block.maps(data.images, processing, reporter)

    def refit(self, chosen: Integers, name: str) -> tuple[LabelledSet, StageInputs, Tuned]:
        """Fine-tune on the chosen images; return the set and its inputs with new vectors, and the weights.

        Parameters
        ----------
        chosen : (m,) intp
            Rows of the set.
        name : str
            Name of the fold, for progress.

        Raises
        ------
        Cancelled
            If the user cancelled.
        """
        self._reporter.stage(f"Fine-tuning, {name}", EPOCHS * len(chosen))
        tuned = self._block.tune(
            self._maps, self._data.labels, chosen, self._seed, self._reporter, name, self._watch
        )
        vectors = self._block.vectors(self._maps, self._in_use, self._reporter)
        blocks = {**self._data.features.blocks, **vectors}
        features = Features(blocks, self._data.features.backbone)
        return replace(self._data, features=features), StageInputs(features, self._source), tuned

    def close(self) -> None:
        """Delete the feature maps."""
        self._maps.folder.cleanup()


def tuned_features(
    tuned: Tuned,
    images: ImageSet,
    features: Features,
    processing: Preprocessing,
    library: WeightsLibrary,
    reporter: Reporter,
) -> Features:
    """Return the features with the deep vectors of a fine-tuned block, which a fine-tuned model needs.

    Raises
    ------
    WorkbenchError
        If there are no network weights, the block does not fit them, or an image can no longer be read.
    Cancelled
        If the user cancelled.
    """
    in_use = AVERAGE if features.backbone is None else features.backbone.description
    block = LastBlock(library, tuned)
    maps = block.maps(images, processing, reporter)
    try:
        vectors = block.vectors(maps, in_use, reporter)
        return replace(features, blocks={**features.blocks, **vectors})
    finally:
        maps.folder.cleanup()
