"""Builds an ONNX graph node by node, with names like those of exporters."""

from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


class OnnxGraph:
    """A graph from `input` float [N,1,28,28] to `logits` float [N,10]; N is open."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, values: numpy.ndarray) -> str:
        """Stores an initializer as it is; @returns its name"""
        self.weights.append(numpy_helper.from_array(numpy.array(values, order="C"), name))
        return name

    def constant(self, name: str, values: list[int] | list[float] | float) -> str:
        kind = numpy.int64 if isinstance(values, list) and isinstance(values[0], int) else numpy.float32
        return self.weight(name, numpy.array(values, kind))

    def add(self, operator: str, name: str, inputs: list[str], outputs: int = 1, **attributes):
        """Appends a node; @returns its output's name, or a list of them"""
        names = [f"/{name}/{operator}_output_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=f"/{name}/{operator}", **attributes))
        return names[0] if outputs == 1 else names

    def save(self, logits: str, file: Path) -> None:
        """Names the last tensor `logits`, checks the model and writes it."""
        for node in self.nodes:
            node.output[:] = ["logits" if name == logits else name for name in node.output]
        graph = helper.make_graph(
            self.nodes,
            file.stem,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 1, 28, 28])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])],
            self.weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="test/zoo/train.py"
        )
        onnx.checker.check_model(model, full_check=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, file)
