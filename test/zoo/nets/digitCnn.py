"""A residual net with one depthwise separable block: Conv, BatchNormalization, Relu, Add, GlobalAveragePool, Gemm."""

from pathlib import Path

import jax
import numpy
from jax import numpy as jnp

from onnxGraph import OnnxGraph

EPSILON = 1e-5
# Name, channels in, channels out, kernel, stride, groups.
CONVS = [
    ("stem", 1, 16, 3, 1, 1),
    ("down", 16, 32, 3, 2, 1),
    ("block/first", 32, 32, 3, 1, 1),
    ("block/second", 32, 32, 3, 1, 1),
    ("depthwise", 32, 32, 3, 2, 32),
    ("pointwise", 32, 64, 1, 1, 1),
]
STRIDES = {name: (stride, kernel // 2, groups) for name, _, _, kernel, stride, groups in CONVS}


def initialize(key: jax.Array):
    params, state = {}, {}
    for name, inside, outside, kernel, _, groups in CONVS:
        key, own = jax.random.split(key)
        shape = (outside, inside // groups, kernel, kernel)
        spread = (2 / (shape[1] * kernel * kernel)) ** 0.5
        params[name] = {
            "weight": spread * jax.random.normal(own, shape),
            "scale": jnp.ones(outside),
            "shift": jnp.zeros(outside),
        }
        state[name] = {"mean": jnp.zeros(outside), "variance": jnp.ones(outside)}
    params["head"] = {"weight": 0.1 * jax.random.normal(key, (10, 64)), "bias": jnp.zeros(10)}
    return params, state


def depthwise(x, weight, stride: int, pad: int):
    """A convolution with a group per channel, as a sum of shifted pictures: jax's own gradient takes many times longer."""
    x = jnp.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    reach = weight.shape[2] - 1
    height, width = x.shape[2] - reach, x.shape[3] - reach
    return sum(
        x[:, :, i : i + height : stride, j : j + width : stride] * weight[:, 0, i, j, None, None]
        for i in range(reach + 1)
        for j in range(reach + 1)
    )


def forward(params, state, x, training: bool):
    """Logits [N,10] of pictures [N,1,28,28], and the running statistics after them."""
    after = {}

    def conv(name, x):
        stride, pad, groups = STRIDES[name]
        own, seen = params[name], state[name]
        y = (
            jax.lax.conv_general_dilated(x, own["weight"], (stride, stride), [(pad, pad)] * 2)
            if groups == 1
            else depthwise(x, own["weight"], stride, pad)
        )
        mean, variance = seen["mean"], seen["variance"]
        if training:
            mean, variance = jnp.mean(y, axis=(0, 2, 3)), jnp.var(y, axis=(0, 2, 3))
            after[name] = {
                "mean": 0.9 * seen["mean"] + 0.1 * mean,
                "variance": 0.9 * seen["variance"] + 0.1 * variance,
            }
        factor = own["scale"] / jnp.sqrt(variance + EPSILON)
        return y * factor[:, None, None] + (own["shift"] - mean * factor)[:, None, None]

    x = jax.nn.relu(conv("stem", x))
    x = jax.nn.relu(conv("down", x))
    x = jax.nn.relu(x + conv("block/second", jax.nn.relu(conv("block/first", x))))
    x = jax.nn.relu(conv("depthwise", x))
    x = jax.nn.relu(conv("pointwise", x))
    head = params["head"]
    return jnp.mean(x, axis=(2, 3)) @ head["weight"].T + head["bias"], after if training else state


def export(params, state, file: Path) -> None:
    graph = OnnxGraph()

    def conv(name: str, x: str) -> str:
        stride, pad, groups = STRIDES[name]
        own, seen = params[name], state[name]
        dotted = name.replace("/", ".")
        kernel = own["weight"].shape[2]
        y = graph.add(
            *("Conv", f"{name}/conv", [x, graph.weight(f"{dotted}.conv.weight", own["weight"])]),
            **{"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4, "group": groups},
        )
        norm = [
            graph.weight(f"{dotted}.bn.weight", own["scale"]),
            graph.weight(f"{dotted}.bn.bias", own["shift"]),
            graph.weight(f"{dotted}.bn.running_mean", seen["mean"]),
            graph.weight(f"{dotted}.bn.running_var", seen["variance"]),
        ]
        return graph.add("BatchNormalization", f"{name}/bn", [y, *norm], epsilon=EPSILON)

    def relu(name: str, x: str) -> str:
        return graph.add("Relu", name, [x])

    x = relu("stem", conv("stem", "input"))
    x = relu("down", conv("down", x))
    y = conv("block/second", relu("block/first", conv("block/first", x)))
    x = relu("block", graph.add("Add", "block", [y, x]))
    x = relu("depthwise", conv("depthwise", x))
    x = relu("pointwise", conv("pointwise", x))
    x = graph.add("Flatten", "flatten", [graph.add("GlobalAveragePool", "pool", [x])], axis=1)
    weight = graph.weight("head.weight", numpy.asarray(params["head"]["weight"]))
    bias = graph.weight("head.bias", numpy.asarray(params["head"]["bias"]))
    graph.save(graph.add("Gemm", "head", [x, weight, bias], transB=1), file)
