"""Calibrates one model with onnxruntime.quantization as test/bench/calibrationBench.mjs asks: the same tensors, samples
and threads. Arguments: method, name, folder. Prints seconds and the process's peak memory as JSON."""

import glob
import json
import os
import resource
import sys
import time

import numpy
import onnx
from onnxruntime.quantization.calibrate import CalibrationDataReader, CalibrationMethod, create_calibrator

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
start = time.perf_counter()
calibrator = create_calibrator(
    model, ["Conv"], augmented_model_path=augmented, calibrate_method=kind, extra_options=extra
)
# What it taps is chosen before, so the model is prepared once more, for our tensors.
calibrator.select_tensors_to_calibrate = lambda _: (
    tensors,
    {v.name: v for v in [*calibrator.model.graph.value_info, *calibrator.model.graph.output, *calibrator.model.graph.input]},
)
calibrator.augment_graph()
calibrator.create_inference_session()
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
