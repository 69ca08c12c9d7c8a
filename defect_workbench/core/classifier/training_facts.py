"""Training data and results of a classifier, as reports show them and its file stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from defect_workbench.core.classifier.held_out import HeldOutImages
from defect_workbench.core.classifier.trained_stage import FORMER_UPSTREAM, UPSTREAM, current_block
from defect_workbench.core.classifier.unknown_kinds import UnknownKinds
from defect_workbench.core.clustering.feature_blocks import FORMER_NAMES
from defect_workbench.core.typed_json import decode, decode_fields

T = TypeVar("T")

# Before parameters of stages were a mapping, each had its own key.
_OLD_PARAMETERS = ("limit", "threshold")
# The choices of feature blocks that the ablation compares, in the order of reports.
ABLATIONS = DEEP_ONLY, HANDCRAFTED_ONLY, ALL_BLOCKS = ("deep", "texture", "fused")


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is recognised.

    Attributes
    ----------
    images : int
        Images labelled with this class.
    predicted : int
        Images predicted as this class.
    precision : float or None
        Share of the predicted images that belong to this class, also called purity; None if no image is
        predicted.
    recall : float or None
        Share of the images of this class that are predicted as it; None if there are none.
    """

    images: int
    predicted: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class ConfusionMatrix:
    """Numbers of images by label (rows) and predicted class (columns)."""

    labels: tuple[str, ...]
    table: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Reject a table that is not square."""
        n = len(self.labels)
        if len(self.table) != n or any(len(row) != n for row in self.table):
            raise ValueError(f"the confusion matrix of {n} classes must have {n} rows and columns")


@dataclass(frozen=True)
class ReliabilityCurve:
    """Mean probability, accuracy and number of images of each non-empty bin."""

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    images: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        _same_length("the reliability curve", self.confidence, self.accuracy, self.images)


@dataclass(frozen=True)
class RiskCoverageCurve:
    """The error among accepted images as those with the highest novelty scores are rejected.

    Attributes
    ----------
    area : float
        Area under the curve; smaller is better (Y. Geifman, R. El-Yaniv, NeurIPS 2017).
    coverage : tuple of float
        Share of images accepted, ascending.
    risk : tuple of float
        Share of errors among them.
    threshold : tuple of float
        The highest novelty score that is accepted.
    """

    area: float
    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    threshold: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        _same_length("the risk-coverage curve", self.coverage, self.risk, self.threshold)


@dataclass(frozen=True)
class Evaluation:
    """The quality of one decision, measured on held-out images.

    Attributes
    ----------
    interval : tuple of float
        95% interval of the accuracy (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927).
    classes : mapping of str to ClassFigures
        In the order of the confusion matrix.
    ece : float or None
        Expected calibration error; None if there are no probabilities.
    """

    images: int
    accuracy: float
    interval: tuple[float, float]
    balanced_accuracy: float
    classes: Mapping[str, ClassFigures]
    confusion: ConfusionMatrix
    ece: float | None = None
    reliability: ReliabilityCurve | None = None
    risk_coverage: RiskCoverageCurve | None = None

    def __post_init__(self) -> None:
        """Refuse shares that are not from 0 to 1."""
        _shares(accuracy=self.accuracy, balanced_accuracy=self.balanced_accuracy)
        _interval(self.interval)
        if set(self.classes) != set(self.confusion.labels):
            raise ValueError("the confusion matrix has other classes than the figures")

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file and the JSON output."""
        values = asdict(self)
        for name, figures in values["classes"].items():
            values["classes"][name] = {**figures, "purity": figures["precision"]}
        return {key: value for key, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, value: object, where: str) -> Evaluation:
        """Return the evaluation in the result of `as_json`.

        Raises
        ------
        InputError
        """
        if isinstance(value, Mapping) and isinstance(value.get("classes"), Mapping):
            labels = decode(ConfusionMatrix, value.get("confusion"), f"{where}.confusion").labels
            value = {**value, "classes": _in_order(value["classes"], labels)}
        return decode_fields(cls, value, where)


@dataclass(frozen=True)
class AblationFigures:
    """The accuracy with only some of the feature blocks.

    Attributes
    ----------
    minus_deep : float or None
        Difference in accuracy from deep features alone, with its 95% interval.
    """

    accuracy: float
    interval: tuple[float, float]
    minus_deep: float | None = None
    minus_deep_interval: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Refuse shares that are not from 0 to 1."""
        _shares(accuracy=self.accuracy)
        _interval(self.interval)

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file and the JSON output."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class StageFacts:
    """The results of one stage in cross-validation, and its parameters.

    Attributes
    ----------
    outcomes : mapping of str to int
        Number of images by outcome, of those that reach the stage on the way to their predicted label. In
        earlier models, of all images.
    evaluation : Evaluation or None
        None if the folders do not determine the outcome; `why` explains it.
    parameters : mapping of str to float
        Parameters of a measuring stage, such as `limit`.
    learnt : str
        Where the parameters come from.
    weights : mapping of str to float
        Weights of the feature blocks, if the stage has a head.
    temperature : float or None
        Temperature of the head.
    """

    kind: str
    outcomes: Mapping[str, int]
    evaluation: Evaluation | None = None
    why: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)
    learnt: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    temperature: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file and the JSON output, those of the evaluation merged in."""
        result: dict[str, Any] = {"accuracy": None, "balanced_accuracy": None}
        if self.evaluation is not None:
            result = self.evaluation.as_json()
        result |= {"kind": self.kind, "outcomes": dict(self.outcomes)}
        result |= {name: value for name, value in self.parameters.items() if name in _OLD_PARAMETERS}
        optional = {
            "why": self.why,
            "parameters": dict(self.parameters),
            "learnt": self.learnt,
            "weights": _with_former_names(self.weights),
            "temperature": self.temperature,
        }
        return result | {key: value for key, value in optional.items() if value not in ("", {}, None)}

    @classmethod
    def from_json(cls, value: object, where: str) -> StageFacts:
        """Return the results in JSON values of this or an earlier version.

        Raises
        ------
        InputError
        """
        if not isinstance(value, Mapping):
            return decode_fields(cls, value, where)
        table = dict(value)
        if "parameters" not in table:
            table["parameters"] = {key: table[key] for key in _OLD_PARAMETERS if key in table}
        if isinstance(table.get("weights"), Mapping):
            table["weights"] = {current_block(block): weight for block, weight in table["weights"].items()}
        if table.get("accuracy") is not None:
            table["evaluation"] = {key: table[key] for key in table if key != "evaluation"}
        return decode_fields(cls, table, where)


def _with_former_names(weights: Mapping[str, float]) -> dict[str, float]:
    """Return the block weights, repeated under former names for programs that read those."""
    former = {FORMER_UPSTREAM: UPSTREAM, **FORMER_NAMES}
    return {**weights, **{old: weights[new] for old, new in former.items() if new in weights}}


@dataclass(frozen=True)
class TrainingFacts:
    """Training data and results of a classifier.

    Attributes
    ----------
    classes : mapping of str to int
        Number of training images by folder.
    manifest_sha256 : str
        Hash of the contents and folders of the training images.
    notes : tuple of str
        Remarks on this training for the user.
    overall : Evaluation
        Evaluation of the final label, over all stages, with no image rejected.
    stages : mapping of str to StageFacts
        In the order of the taxonomy.
    ablation : mapping of str to AblationFigures
        By selection of feature blocks; empty if not measured.
    unknown : UnknownKinds or None
        None if not measured.
    false_alarms : float or None
        Share of known images that may be called unknown; None in models of formats 1 and 2.
    held_out : HeldOutImages or None
        The training images with their held-out predictions; None in earlier models.
    """

    classes: Mapping[str, int]
    images: int
    manifest_sha256: str
    seed: int
    folds: int
    overall: Evaluation
    stages: Mapping[str, StageFacts] = field(default_factory=dict)
    augmented: bool = False
    fine_tuned: bool = False
    notes: tuple[str, ...] = ()
    ablation: Mapping[str, AblationFigures] = field(default_factory=dict)
    unknown: UnknownKinds | None = None
    false_alarms: float | None = None
    held_out: HeldOutImages | None = None

    def __post_init__(self) -> None:
        """Reject impossible counts."""
        if self.folds < 2:
            raise ValueError(f"folds must be at least 2, not {self.folds}")
        if self.images < 1 or min(self.classes.values(), default=0) < 0:
            raise ValueError("the numbers of images must not be negative or 0")
        if self.held_out is not None:
            self.held_out.check(len(self.overall.confusion.labels), len(self.classes))

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file; `read_training_facts` reads them."""
        return {
            "classes": dict(self.classes),
            "images": self.images,
            "manifest_sha256": self.manifest_sha256,
            "seed": self.seed,
            "folds": self.folds,
            "augmented": self.augmented,
            "fine_tuned": self.fine_tuned,
            "notes": list(self.notes),
            "overall": self.overall.as_json(),
            "stages": {name: stage.as_json() for name, stage in self.stages.items()},
            "ablation": {name: figures.as_json() for name, figures in self.ablation.items()},
            "unknown": None if self.unknown is None else self.unknown.as_json(),
            "false_alarms": self.false_alarms,
            "held_out": None if self.held_out is None else self.held_out.as_json(),
        }


def read_training_facts(value: object, stages: Mapping[str, tuple[str, ...]]) -> TrainingFacts | None:
    """Return the training facts in a model file; None if it has none.

    Parameters
    ----------
    value : object
        The result of `TrainingFacts.as_json`.
    stages : mapping of str to tuple of str
        The stages of the model's taxonomy and their outcomes, in order: JSON objects are written with sorted
        keys.

    Raises
    ------
    InputError
        If a value is missing or impossible; the message names it.
    """
    if value == {}:
        return None
    facts = decode(TrainingFacts, value, "facts")
    in_order = {
        name: replace(stage, outcomes=_in_order(stage.outcomes, stages.get(name, ())))
        for name, stage in _in_order(facts.stages, tuple(stages)).items()
    }
    return replace(facts, stages=in_order, ablation=_in_order(facts.ablation, ABLATIONS))


def _in_order(table: Mapping[str, T], names: tuple[str, ...]) -> dict[str, T]:
    """Return the mapping with some keys first, as files store keys sorted."""
    return {name: table[name] for name in (*names, *table) if name in table}


def _same_length(what: str, *columns: tuple[Any, ...]) -> None:
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"the columns of {what} must have the same length")


def _shares(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be from 0 to 1, not {value}")


def _interval(value: tuple[float, float]) -> None:
    if not 0 <= value[0] <= value[1] <= 1:
        raise ValueError(f"the interval must rise from 0 to 1, not {value[0]} to {value[1]}")
