"""The loop that users of onnxruntime.quantization write: one model for each layer, with that layer alone in int8, run on all samples.

    python sensitivityPeer.py MODEL FEEDS COUNT      FEEDS: a folder as test/zoo/dumpFeeds.ts writes it

Ranges are found once, before the clock starts. Where FEEDS holds fewer samples than COUNT, the time of its runs is that of COUNT by
their proportion; that of making models and sessions is as measured. Prints JSON: layers, seconds.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

# Its own telemetry is read from the environment as the library is loaded.
os.environ.update(ORT_DISABLE_TELEMETRY="1", ORT_TELEMETRY_DISABLED="1")

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


def main() -> None:
    path, folder, count = sys.argv[1:]
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
    making = running = 0.0
    for layer in layers:
        start = time.perf_counter()
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
        session = onnxruntime.InferenceSession(quantizer.model.model.SerializeToString())
        made = time.perf_counter()
        for feed in feeds:
            session.run(None, feed)
        making += made - start
        running += time.perf_counter() - made
    print(json.dumps({"layers": len(layers), "seconds": making + running * int(count) / len(feeds)}))


if __name__ == "__main__":
    main()
