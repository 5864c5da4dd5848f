"""The loop that users of onnxruntime.quantization write: one model for each layer, with that layer alone in int8, run on all samples.

    python sensitivityPeer.py MODEL FEEDS      FEEDS: a folder as test/zoo/dumpFeeds.ts writes it

Ranges are found once, before the clock starts. Prints JSON: layers, runs of the model in float, seconds.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.calibrate import CalibrationDataReader, create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

PRODUCTS = ["Conv", "MatMul", "Gemm"]


class Reader(CalibrationDataReader):
    def __init__(self, feeds: list) -> None:
        self.left = iter(feeds)

    def get_next(self):
        return next(self.left, None)


def load(run: Path) -> dict:
    names = json.loads((run / "inputs.json").read_text())
    return {name: numpy.load(run / f"{i}.npy") for i, name in enumerate(names)}


def run_all(model, feeds: list) -> None:
    session = onnxruntime.InferenceSession(model)
    for feed in feeds:
        session.run(None, feed)


def main() -> None:
    path, folder = sys.argv[1:]
    feeds = [load(run) for run in sorted(Path(folder).iterdir())]
    with tempfile.TemporaryDirectory() as scratch:
        calibrator = create_calibrator(Path(path), None, f"{scratch}/augmented.onnx")
        calibrator.collect_data(Reader(feeds))
        ranges = calibrator.compute_data()
    constants = {tensor.name for tensor in onnx.load(path).graph.initializer}
    layers = [
        node.name
        for node in onnx.load(path).graph.node
        if node.op_type in PRODUCTS and any(name in constants for name in node.input)
    ]
    start = time.perf_counter()
    run_all(path, feeds)
    float_pass = time.perf_counter() - start
    start = time.perf_counter()
    for layer in layers:
        quantizer = QDQQuantizer(
            onnx.load(path),
            True,
            False,
            QuantType.QInt8,
            QuantType.QUInt8,
            ranges,
            [layer],
            [],
            PRODUCTS,
            {},
        )
        quantizer.quantize_model()
        run_all(quantizer.model.model.SerializeToString(), feeds)
    seconds = time.perf_counter() - start
    print(json.dumps({"layers": len(layers), "floatSeconds": float_pass, "seconds": seconds}))


if __name__ == "__main__":
    main()
