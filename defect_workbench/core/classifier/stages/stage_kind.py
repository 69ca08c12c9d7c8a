"""What every kind of stage provides, and what it gets to learn and decide from."""

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

# As `Measurements` has them, in pixels, and the pixel size in nm, 0 where it is not known.
MEASURES = (*NUMBERS, "pixel_size_nm")


class StageImages(Protocol):
    """The images that a stage decides about, in a fixed order."""

    def __len__(self) -> int:
        """Number of images, n."""
        ...

    def measures(self) -> Floats:
        """(n, measures) float64; see `MEASURES` and `measure`."""
        ...

    def blocks(self, stage: Stage) -> Mapping[str, NDArray[np.floating[Any]]]:
        """Feature blocks, (n, d) each, of the pictures as the stage wants them.

        Among them is the block `UPSTREAM` if the stage takes findings of earlier stages.
        """
        ...


class TrainingImages(StageImages, Protocol):
    """The images that a stage learns from."""

    @property
    def wanted(self) -> Integers:
        """(n,) the outcome each image should have; -1 where its folder does not say."""
        ...

    def fit_head(self, stage: Stage) -> FittedHead:
        """A head fitted to the images whose outcome is known."""
        ...


@dataclass(frozen=True, eq=False)
class FittedHead:
    """A head, with its predictions for training images that were held out.

    Attributes
    ----------
    rows : (m,) intp
        The images it was fitted to.
    held_out : (m, c) float64
        Calibrated log-odds.
    """

    head: Head
    rows: Integers
    held_out: Floats


@dataclass(frozen=True, eq=False)
class FittedStage:
    """What training found for a stage.

    Attributes
    ----------
    rows : (m,) intp
        Training images that the stage would judge too well, since it learned from them.
    upstream : (m, k) float64
        What later stages must learn from instead: findings about these images by a model that had not
        seen them.
    """

    trained: TrainedStage
    rows: Integers = field(default_factory=lambda: np.empty(0, np.intp))
    upstream: Floats = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, eq=False)
class Decision:
    """What a stage finds.

    Attributes
    ----------
    probabilities : (n, outcomes) float64
    upstream : (n, k) float64
        Findings that later stages may take as features.
    denoised : (n,) bool or None
        Images that go on denoised as the stage's `denoise` says; None leaves them as they are.
    """

    probabilities: Floats
    upstream: Floats
    denoised: Flags | None = None


@dataclass(frozen=True)
class StageSetting:
    """One value that a taxonomy can give a stage of some kind.

    Attributes
    ----------
    choices : tuple of str
        Words to choose from; empty for a number above 0.
    default : str
        Used where the taxonomy says nothing; empty if nothing is used then.
    """

    name: str
    choices: tuple[str, ...] = ()
    default: str = ""

    def checked(self, value: object, where: str) -> float | str:
        """The value, if it is one that can be set.

        Raises
        ------
        InputError
        """
        if self.choices:
            if value not in self.choices:
                raise InputError(f"{where}: {self.name} must be {' or '.join(self.choices)}")
            return str(value)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < float(value) < 1e9:  # type: ignore[arg-type] # it is a number
            raise InputError(f"{where}: {self.name} must be a number above 0")
        return float(value)  # type: ignore[arg-type]


class StageKind(ABC):
    """A kind of stage: an entry of the registry.

    Attributes
    ----------
    name : str
        As taxonomies and model files have it.
    summary : str
        How it decides, to follow its name in a sentence.
    settings : tuple of StageSetting
        What a taxonomy can set.
    fixed_outcomes : tuple of str
        The outcomes that it can find, if it decides by measurement; empty if the taxonomy or the folders
        name them.
    gives_probabilities : bool
        False if every decision is certain.
    denoise : str
        What a stage's `denoise` is where the taxonomy says nothing.
    """

    name: str
    summary: str
    settings: tuple[StageSetting, ...] = ()
    fixed_outcomes: tuple[str, ...] = ()
    gives_probabilities: bool = False
    denoise: str = "none"

    @abstractmethod
    def fit(self, stage: Stage, images: TrainingImages) -> FittedStage:
        """Learn what the stage decides by.

        Parameters
        ----------
        images : TrainingImages
            n images; nothing guarantees that their folders say anything about this stage.
        """

    @abstractmethod
    def decide(self, stage: Stage, trained: TrainedStage, images: StageImages) -> Decision:
        """What the stage finds about n images, with as many outcomes as it has.

        Raises
        ------
        WorkbenchError
            If it has to look at pictures that are not available.
        """

    def describe(self, facts: StageFacts) -> str:
        """What a trained stage decides by, as a sentence without a full stop; empty if nothing is known."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in facts.parameters.items())
        return f"{values} ({facts.learnt})" if values and facts.learnt else values

    def check(self, stage: Stage, trained: TrainedStage) -> None:
        """Refuse a trained stage that does not fit its stage in the taxonomy.

        Raises
        ------
        ValueError
        """
        names = tuple(outcome.name for outcome in stage.outcomes)
        if trained.head is not None and trained.head.classes != names:
            raise ValueError(f"the head of the stage '{stage.name}' has other classes than its outcomes")

    def outcomes(self, given: Sequence[Outcome], following: str, where: str) -> tuple[Outcome, ...]:
        """The outcomes of a stage as the taxonomy gives them, completed.

        Parameters
        ----------
        following : str
            The stage to which outcomes lead that have no entry of their own; empty if none is named.
        where : str
            The stage, for error messages.

        Raises
        ------
        InputError
            If it names an outcome that there is not, or a following stage where there can be none.
        """
        if not self.fixed_outcomes:
            if following:
                raise InputError(f"{where}: a stage of kind {self.name} has no next; its outcomes have")
            return tuple(given)
        named = {outcome.name: outcome for outcome in given}
        if set(named) - set(self.fixed_outcomes):
            names = ", ".join(self.fixed_outcomes)
            raise InputError(f"{where}: the outcomes of a {self.name} stage are {names}")
        found = (named.get(name, Outcome(name, next=following)) for name in self.fixed_outcomes)
        return tuple(o for o in found if o.next or o.folders or o.name in named)


def measure(measures: Floats, name: str) -> Floats:
    """(n,) one of `MEASURES`."""
    return measures[:, MEASURES.index(name)]


def certain(stage: Stage, found: Sequence[str]) -> Floats:
    """(n, outcomes) 1 for the outcome found for each image, 0 for the others.

    What the taxonomy does not list goes the way of the first outcome.
    """
    names = [outcome.name for outcome in stage.outcomes]
    columns = np.array([names.index(name) if name in names else 0 for name in found], np.intp)
    return np.eye(len(names))[columns]
