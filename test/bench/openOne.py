"""Opens one model as test/bench/openBench.mjs asks and prints seconds, bytes of memory and a failure, as JSON."""

import json
import resource
import sys
import time

import onnx
import onnx.version_converter


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


before = peak()
start = time.perf_counter()
failure = None
model = onnx.load(sys.argv[1])
loaded = time.perf_counter() - start
try:
    onnx.version_converter.convert_version(model, 17)
except Exception as error:
    failure = str(error).strip().splitlines()[0][:80] or type(error).__name__
print(json.dumps({"load": loaded, "all": time.perf_counter() - start, "memory": peak() - before, "failure": failure}))
