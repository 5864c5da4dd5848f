"""Calibrates one model with onnxruntime.quantization as test/bench/calibrationBench.mjs asks: the same tensors, samples
and threads. Arguments: method, name, folder. Prints seconds and the process's peak memory as JSON."""

import glob
import json
import os
import resource
import sys
import time

# Its own telemetry is read from the environment as the library is loaded.
os.environ.update(ORT_DISABLE_TELEMETRY="1", ORT_TELEMETRY_DISABLED="1")

import numpy
import onnx
from onnxruntime.quantization.calibrate import (
    CalibraterBase,
    CalibrationDataReader,
    CalibrationMethod,
    create_calibrator,
)

method, name, folder = sys.argv[1:4]
model = os.path.join(folder, name + ".onnx")
tensors = set(json.load(open(os.path.join(folder, name + ".json"))))
own_input = onnx.load(model).graph.input[0].name
samples = [numpy.load(file) for file in sorted(glob.glob(os.path.join(folder, name, "*.npy")))]


class Reader(CalibrationDataReader):
    def __init__(self):
        self.left = iter(samples)

    def get_next(self):
        sample = next(self.left, None)
        return None if sample is None else {own_input: sample}


options = {
    "minmax": (CalibrationMethod.MinMax, {}),
    "percentile": (CalibrationMethod.Percentile, {"num_bins": 2048, "percentile": 99.99}),
    "entropy": (CalibrationMethod.Entropy, {"num_bins": 2048, "num_quantized_bins": 128}),
}
kind, extra = options[method]
augmented = os.path.join(folder, f"{name}.{method}.augmented.onnx")
own_choice = CalibraterBase.select_tensors_to_calibrate
# What it taps is chosen while the calibrator is made, so before that.
CalibraterBase.select_tensors_to_calibrate = lambda self, model: (tensors, own_choice(self, model)[1])
start = time.perf_counter()
calibrator = create_calibrator(
    model, ["Conv"], augmented_model_path=augmented, calibrate_method=kind, extra_options=extra
)
calibrator.collect_data(Reader())
found = calibrator.compute_data()
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - start,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "tensors": len(found.data),
        }
    )
)
