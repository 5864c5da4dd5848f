"""Quantizes a model with onnxruntime.quantization, by one setting, in a process of its own.

    python peer.py list                                    the settings' names
    python peer.py prepare MODEL OUT                       a newer opset, constants as initializers, shapes
    python peer.py quantize SETTING MODEL FEEDS OUT        FEEDS: a folder as dumpFeeds.ts writes it

`default` is its call with nothing but what it asks for. Prints JSON; what fails is told under `failure`.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

# Its own telemetry is read from the environment as the library is loaded.
os.environ.update(ORT_DISABLE_TELEMETRY="1", ORT_TELEMETRY_DISABLED="1")

import numpy
import onnx
from onnx import numpy_helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

# It keeps every value of every tensor of every sample for its histograms; above this the setting counts as failed.
MEMORY = 10 * 2**30
# Evenly spread over the runs that calibrate. MinMax keeps two numbers of each.
MOST_RUNS = {"minmax": 512, "entropy": 24, "percentile": 24}
METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
TYPES = {"uint8": QuantType.QUInt8, "int8": QuantType.QInt8, "int8-symmetric": QuantType.QInt8}
# Operators; weights; calibration; activations; whether weights keep to 7 bits.
SETTINGS = [
    *(
        (operators, "per-channel", method, types, reduce)
        for operators in ("all", "products")
        for method, types, reduce in [
            ("minmax", "uint8", False),
            ("minmax", "uint8", True),
            ("minmax", "int8", False),
            ("minmax", "int8-symmetric", False),
            ("entropy", "uint8", False),
            ("percentile", "uint8", False),
        ]
    ),
    *((operators, "per-tensor", "minmax", "uint8", False) for operators in ("all", "products")),
    *((operators, "per-tensor", "percentile", "uint8", False) for operators in ("all", "products")),
]
PRODUCTS = ["Conv", "MatMul", "Gemm", "ConvTranspose"]


def name_of(setting: tuple) -> str:
    operators, weights, method, types, reduce = setting
    return f"{operators} {weights} {method} {types}{' 7-bit' if reduce else ''}"


class Reader(CalibrationDataReader):
    def __init__(self, folder: Path, most: int | None) -> None:
        runs = sorted(folder.iterdir())
        if most is not None and len(runs) > most:
            runs = [runs[i * len(runs) // most] for i in range(most)]
        self.count = len(runs)
        self.left = iter(runs)

    def get_next(self):
        run = next(self.left, None)
        if run is None:
            return None
        names = json.loads((run / "inputs.json").read_text())
        return {name: numpy.load(run / f"{i}.npy") for i, name in enumerate(names)}


def constants_as_initializers(model: onnx.ModelProto) -> None:
    """In place; those of bodies stay."""
    graph = model.graph
    kept = []
    for node in graph.node:
        values = [a for a in node.attribute if a.name == "value" and a.type == onnx.AttributeProto.TENSOR]
        if node.op_type == "Constant" and values:
            graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(values[0].t), node.output[0]))
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def prepare(source: str, target: str) -> list[str]:
    """What a careful user does before; steps that fail are left out, and told."""
    failed = []
    model = onnx.load(source)
    constants_as_initializers(model)
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if opset < 17:
        for wanted in (17, 13):
            try:
                model = version_converter.convert_version(model, wanted)
                break
            except Exception as error:  # noqa: BLE001
                failed.append(f"opset {wanted}: {line(error)}")
    onnx.save(model, target)
    for skipped in ({}, {"skip_symbolic_shape": True}, {"skip_symbolic_shape": True, "skip_onnx_shape": True}):
        try:
            quant_pre_process(target, target, **skipped)
            break
        except Exception as error:  # noqa: BLE001
            failed.append(f"quant_pre_process: {line(error)}")
    return failed


def quantize(name: str, model: str, feeds: str, out: str) -> dict:
    if name == "default":
        reader = Reader(Path(feeds), MOST_RUNS["minmax"])
        quantize_static(model, out, reader)
        return {"runs": reader.count}
    operators, weights, method, types, reduce = next(s for s in SETTINGS if name_of(s) == name)
    reader = Reader(Path(feeds), MOST_RUNS[method])
    quantize_static(
        model,
        out,
        reader,
        op_types_to_quantize=None if operators == "all" else PRODUCTS,
        per_channel=weights == "per-channel",
        reduce_range=reduce,
        activation_type=TYPES[types],
        weight_type=QuantType.QInt8,
        calibrate_method=METHODS[method],
        extra_options={"ActivationSymmetric": types == "int8-symmetric"},
    )
    return {"runs": reader.count}


def line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:160]


def main() -> None:
    command, *args = sys.argv[1:]
    if command == "list":
        print(json.dumps([name_of(setting) for setting in SETTINGS]))
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    start = time.perf_counter()
    result: dict = {}
    try:
        setting = [] if command == "prepare" else [args.pop(0)]
        paths = [str(Path(path).resolve()) for path in args]
        # It leaves files where it is started, and in the folder for temporary ones.
        with tempfile.TemporaryDirectory() as folder:
            tempfile.tempdir = folder
            os.chdir(folder)
            result = {"failed": prepare(*paths)} if command == "prepare" else quantize(*setting, *paths)
            os.chdir("/")
    except MemoryError:
        result = {"failure": f"out of memory at {MEMORY >> 30} GB"}
    except Exception as error:  # noqa: BLE001
        result = {"failure": line(error)}
    result["seconds"] = time.perf_counter() - start
    result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
