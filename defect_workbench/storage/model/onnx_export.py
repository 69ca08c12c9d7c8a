"""Export of the heads as ONNX for other programs: feature blocks in, calibrated probabilities out.

One model contains the heads of all `classes` stages. The metadata contain the taxonomy as JSON. Needs the
package onnx (the extra of the same name).
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import numpy as np

from defect_workbench.core.classifier.trained_classifier import Classifier
from defect_workbench.core.classifier.trained_stage import UPSTREAM, Head
from defect_workbench.core.clustering.feature_blocks import OUTLINE
from defect_workbench.core.errors import Remedy, WorkbenchError

OPSET = 17
IR_VERSION = 9

# Other programs feed the graph by these names, so a block that was renamed keeps its first one here.
_INPUT_NAMES = {OUTLINE: "shape", UPSTREAM: "earlier"}


def check_onnx() -> None:
    """Check that the package onnx is installed.

    Raises
    ------
    WorkbenchError
    """
    if importlib.util.find_spec("onnx") is None:
        raise WorkbenchError("writing ONNX needs an extra package", Remedy.INSTALL_ONNX)


def input_name(block: str) -> str:
    """Return the name of the graph's input for a block of features, (n, d) float32 as extracted."""
    return _INPUT_NAMES.get(block, block)


def output_name(stage: str) -> str:
    """Return the name of the graph's output for a stage, (n, outcomes) float32."""
    return "probability_" + "".join(c if c.isalnum() else "_" for c in stage)


def onnx_bytes(model: Classifier) -> bytes:
    """Return the heads of a classifier as the content of an ONNX file.

    Raises
    ------
    WorkbenchError
        If the package is missing, or no stage has a head.
    """
    check_onnx()
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes: list[Any] = []
    constants: list[Any] = []
    inputs: dict[str, int] = {}
    outputs = []
    stage_descriptions = {}
    for number, stage in enumerate(model.taxonomy.stages):
        head = model.stages[stage.name].head
        if head is None:
            continue
        name = output_name(stage.name)
        for scale in head.scales:
            inputs[scale.block] = len(scale.centre)
        head_nodes, head_constants = _graph(head, f"s{number}", name, helper)
        nodes += head_nodes
        constants += [numpy_helper.from_array(array, key) for key, array in head_constants.items()]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", len(head.classes)]))
        stage_descriptions[stage.name] = {
            "output": name,
            "classes": list(head.classes),
            "inputs": [input_name(scale.block) for scale in head.scales],
        }
    if not outputs:
        raise WorkbenchError("no stage of this classifier has a head to write as ONNX")
    graph = helper.make_graph(
        nodes,
        "defect-workbench heads",
        [
            helper.make_tensor_value_info(input_name(b), TensorProto.FLOAT, ["n", d])
            for b, d in inputs.items()
        ],
        outputs,
        constants,
    )
    onnx_model = helper.make_model(
        graph,
        producer_name="defect-workbench",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    metadata = {
        "stages": json.dumps(stage_descriptions, ensure_ascii=False),
        "taxonomy": json.dumps(model.taxonomy.as_json(), ensure_ascii=False),
        "identity": json.dumps(dict(model.identity), ensure_ascii=False),
    }
    helper.set_model_props(onnx_model, metadata)
    checker.check_model(onnx_model)
    data: bytes = onnx_model.SerializeToString()
    return data


def _graph(head: Head, key: str, output: str, helper: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the nodes and constants of one head; see `Head` for the formula."""
    nodes: list[Any] = []
    constants: dict[str, Any] = {}

    def constant(name: str, value: Any) -> str:
        constants[f"{key}_{name}"] = np.ascontiguousarray(np.asarray(value, np.float32))
        return f"{key}_{name}"

    def node(kind: str, ins: list[str], out: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, ins, [out], **attributes))
        return out

    parts = []
    for scale in head.scales:
        prefix, block = f"{key}_{scale.block}", input_name(scale.block)
        if scale.unit_rows:
            block = node("LpNormalization", [block], f"{prefix}_unit", axis=1, p=2)
        finite = np.isfinite(scale.divisor)
        inverse = np.where(finite, 1 / np.where(finite, scale.divisor, 1.0), 0.0)
        centred = node("Sub", [block, constant(f"{scale.block}_centre", scale.centre)], f"{prefix}_centred")
        scaled = node("Mul", [centred, constant(f"{scale.block}_inverse", inverse)], f"{prefix}_standard")
        if scale.clip:
            limits = [
                constant(f"{scale.block}_low", -scale.clip),
                constant(f"{scale.block}_high", scale.clip),
            ]
            scaled = node("Clip", [scaled, *limits], f"{prefix}_clipped")
        parts.append(
            node("Mul", [scaled, constant(f"{scale.block}_factor", scale.factor)], f"{prefix}_ready")
        )
    x = node("Concat", parts, f"{key}_x", axis=1)
    linear = node("MatMul", [x, constant("linear", head.linear[:-1])], f"{key}_linear_product")
    linear = node("Add", [linear, constant("linear_bias", head.linear[-1])], f"{key}_linear_scores")
    linear = node("Mul", [linear, constant("skip", head.skip)], f"{key}_skipped")
    inner = node(
        "MatMul", [x, constant("axes_hidden", head.axes @ head.hidden[:-1])], f"{key}_hidden_product"
    )
    inner = node("Add", [inner, constant("hidden_bias", head.hidden[-1])], f"{key}_hidden")
    inner = node("Relu", [inner], f"{key}_relu")
    inner = node("MatMul", [inner, constant("output", head.output[:-1])], f"{key}_output_product")
    inner = node("Add", [inner, constant("output_bias", head.output[-1])], f"{key}_output_sum")
    raw = node("Add", [linear, inner], f"{key}_raw")
    logits = node("Div", [raw, constant("temperature", head.temperature)], f"{key}_logits")
    node("Softmax", [logits], output, axis=1)
    return nodes, constants
