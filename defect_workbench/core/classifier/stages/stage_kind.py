"""The interface of stage kinds, and the data that they learn and decide from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.classifier.stage import Outcome, Stage
from defect_workbench.core.classifier.trained_stage import Head, TrainedStage
from defect_workbench.core.classifier.training_facts import StageFacts
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.measurements import NUMBERS
from defect_workbench.core.parameters import Choice, Number, Parameter
from defect_workbench.core.text import sentence_case

# The fields of `Measurements` in pixels, and the pixel size in nm, 0 if unknown.
MEASURES = (*NUMBERS, "pixel_size_nm")
# Numbers of settings are below this.
MOST = 1e9


class StageImages(Protocol):
    """The images to be classified by a stage, in a fixed order."""

    def __len__(self) -> int:
        """Number of images, n."""
        ...

    def measures(self) -> Floats:
        """Return the measurements, (n, measures) float64; see `MEASURES` and `measure`."""
        ...

    def blocks(self, stage: Stage) -> Mapping[str, NDArray[np.floating[Any]]]:
        """Return the feature blocks, (n, d) each, of the images preprocessed for the stage.

        If the stage has inputs, the block `UPSTREAM` holds the results of those earlier stages.
        """
        ...


class TrainingImages(StageImages, Protocol):
    """The images that a stage learns from."""

    @property
    def targets(self) -> Integers:
        """The correct outcome of each image, (n,); -1 if its folder does not determine it."""
        ...

    def fit_head(self, stage: Stage) -> FittedHead:
        """Return a head fitted to the images whose correct outcome is known."""
        ...


@dataclass(frozen=True, eq=False)
class FittedHead:
    """A head with its held-out predictions.

    Attributes
    ----------
    rows : (m,) intp
        The images it was fitted to.
    held_out : (m, c) float64
        Calibrated logits.
    """

    head: Head
    rows: Integers
    held_out: Floats


@dataclass(frozen=True, eq=False)
class FittedStage:
    """A trained stage with its held-out results.

    Attributes
    ----------
    rows : (m,) intp
        Training images that the stage learned from, so that its predictions for them are too good.
    upstream : (m, k) float64
        Upstream features of these images from a model that had not seen them, for later stages to learn
        from.
    """

    trained: TrainedStage
    rows: Integers = field(default_factory=lambda: np.empty(0, np.intp))
    upstream: Floats = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, eq=False)
class Decision:
    """The result of a stage for n images.

    Attributes
    ----------
    probabilities : (n, outcomes) float64
    upstream : (n, k) float64
        Features for later stages.
    denoised : (n,) bool or None
        Images to be denoised for later stages, with the stage's `denoise`; None: no change.
    """

    probabilities: Floats
    upstream: Floats
    denoised: Flags | None = None


@dataclass(frozen=True)
class StageSetting:
    """A setting of a stage kind.

    Attributes
    ----------
    choices : tuple of str
        Allowed values; empty for a number above 0.
    default : str
        Value if the taxonomy does not set it; empty for none.
    help : str
        As forms show it.
    """

    name: str
    choices: tuple[str, ...] = ()
    default: str = ""
    help: str = ""

    def why_not(self, value: object) -> str:
        """Return why a value is not allowed, as the end of a sentence; empty if it is."""
        if self.choices:
            return "" if value in self.choices else f"must be {' or '.join(self.choices)}"
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < MOST:
            return ""
        return "must be a number above 0"

    def checked(self, value: object, where: str) -> float | str:
        """Return the value if it is allowed.

        Raises
        ------
        InputError
        """
        if why := self.why_not(value):
            raise InputError(f"{where}: {self.name} {why}")
        return str(value) if self.choices else float(value)  # type: ignore[arg-type] # `why_not` has seen to that

    @property
    def parameter(self) -> Parameter:
        """The setting for a form; a number that is not set is learned."""
        label, words = sentence_case(self.name), self.help or self.name
        if self.choices:
            default = self.default or self.choices[0]
            return Choice(self.name, label, words, default, tuple((each, each) for each in self.choices))
        return Number(self.name, label, words, None, 0.0, MOST, unset="Learned", offered=(0.0, 1e6))


class StageKind(ABC):
    """A kind of stage: an entry of the registry.

    Attributes
    ----------
    name : str
        As in taxonomies and model files.
    summary : str
        How it decides; continues a sentence that begins with its name.
    settings : tuple of StageSetting
        Settings that a taxonomy can give.
    fixed_outcomes : tuple of str
        The outcomes of a measuring kind; empty if the taxonomy or the folders define them.
    gives_probabilities : bool
        False if every decision is certain.
    denoise : str
        Default of a stage's `denoise`.
    """

    name: str
    summary: str
    settings: tuple[StageSetting, ...] = ()
    fixed_outcomes: tuple[str, ...] = ()
    gives_probabilities: bool = False
    denoise: str = "none"

    @abstractmethod
    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """Train the stage.

        Parameters
        ----------
        images : TrainingImages
            n images; possibly none of them has a known outcome at this stage.
        """

    @abstractmethod
    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """Apply the stage to n images.

        Raises
        ------
        WorkbenchError
            If it has to read images that are not available.
        """

    def describe(self, facts: StageFacts) -> str:
        """Return how a trained stage decides, as a sentence without a full stop; empty if unknown."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in facts.parameters.items())
        return f"{values} ({facts.learnt})" if values and facts.learnt else values

    def check(self, stage: Stage, trained: TrainedStage) -> None:
        """Reject a trained stage that does not match its stage in the taxonomy.

        Raises
        ------
        ValueError
        """
        names = tuple(outcome.name for outcome in stage.outcomes)
        if trained.head is not None and trained.head.classes != names:
            raise ValueError(f"the head of the stage '{stage.name}' has other classes than its outcomes")

    def outcomes(self, given: Sequence[Outcome], following: str, where: str) -> tuple[Outcome, ...]:
        """Return the outcomes of a stage: those in the taxonomy, completed by the fixed ones.

        Parameters
        ----------
        following : str
            The stage that follows outcomes without an entry; empty if none is given.
        where : str
            The stage, for error messages.

        Raises
        ------
        InputError
            If an outcome does not exist, or a following stage is not allowed.
        """
        if not self.fixed_outcomes:
            if following:
                raise InputError(
                    f"{where}: a stage of kind {self.name} cannot have next; set it in its outcomes"
                )
            return tuple(given)
        named = {outcome.name: outcome for outcome in given}
        if set(named) - set(self.fixed_outcomes):
            names = ", ".join(self.fixed_outcomes)
            raise InputError(f"{where}: the outcomes of a {self.name} stage can only be {names}")
        outcomes = (named.get(name, Outcome(name, next=following)) for name in self.fixed_outcomes)
        return tuple(o for o in outcomes if o.next or o.folders or o.name in named)


def measure(measures: Floats, name: str) -> Floats:
    """Return one of `MEASURES`, (n,)."""
    return measures[:, MEASURES.index(name)]


def certain(stage: Stage, outcomes: Sequence[str]) -> Floats:
    """Return probabilities, (n, outcomes): 1 for the outcome of each image, 0 for the others.

    An outcome that the taxonomy does not list counts as the first one.
    """
    names = [outcome.name for outcome in stage.outcomes]
    columns = np.array([names.index(name) if name in names else 0 for name in outcomes], np.intp)
    return np.eye(len(names))[columns]
