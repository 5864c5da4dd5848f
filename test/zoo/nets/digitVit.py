"""A vision transformer (Dosovitskiy et al. 2021) on overlapping patches of 8 × 8, with norms in front and the mean of all tokens
classified: LayerNormalization, MatMul of two activations, Softmax, GELU by Erf."""

from pathlib import Path

import jax
import numpy
from jax import numpy as jnp

from onnxGraph import OnnxGraph

WIDTH, HEADS, HIDDEN, BLOCKS = 64, 4, 192, 3
PATCH, STRIDE, SIDE = 8, 5, 5
TOKENS = SIDE * SIDE
EPSILON = 1e-5


def initialize(key: jax.Array):
    def linear(inside: int, outside: int):
        nonlocal key
        key, own = jax.random.split(key)
        return {"weight": inside**-0.5 * jax.random.normal(own, (inside, outside)), "bias": jnp.zeros(outside)}

    def norm():
        return {"weight": jnp.ones(WIDTH), "bias": jnp.zeros(WIDTH)}

    blocks = [
        {
            "norm1": norm(),
            "qkv": linear(WIDTH, 3 * WIDTH),
            "proj": linear(WIDTH, WIDTH),
            "norm2": norm(),
            "fc1": linear(WIDTH, HIDDEN),
            "fc2": linear(HIDDEN, WIDTH),
        }
        for _ in range(BLOCKS)
    ]
    patch, head = linear(PATCH * PATCH, WIDTH), linear(WIDTH, 10)
    place = 0.02 * jax.random.normal(key, (1, TOKENS, WIDTH))
    return {"patch": patch, "place": place, "blocks": blocks, "norm": norm(), "head": head}, {}


def forward(params, state, x, training: bool):
    """Logits [N,10] of pictures [N,1,28,28]; there are no running statistics."""

    def linear(p, x):
        return x @ p["weight"] + p["bias"]

    def norm(p, x):
        mean = jnp.mean(x, axis=-1, keepdims=True)
        variance = jnp.var(x, axis=-1, keepdims=True)
        return (x - mean) / jnp.sqrt(variance + EPSILON) * p["weight"] + p["bias"]

    corners = [(STRIDE * i, STRIDE * j) for i in range(SIDE) for j in range(SIDE)]
    patches = jnp.stack([x[:, 0, i : i + PATCH, j : j + PATCH].reshape(-1, PATCH * PATCH) for i, j in corners], axis=1)
    x = linear(params["patch"], patches) + params["place"]
    for block in params["blocks"]:
        qkv = linear(block["qkv"], norm(block["norm1"], x)).reshape(-1, TOKENS, 3, HEADS, WIDTH // HEADS)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)
        weights = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) * (WIDTH // HEADS) ** -0.5)
        mixed = (weights @ v).transpose(0, 2, 1, 3).reshape(-1, TOKENS, WIDTH)
        x = x + linear(block["proj"], mixed)
        hidden = jax.nn.gelu(linear(block["fc1"], norm(block["norm2"], x)), approximate=False)
        x = x + linear(block["fc2"], hidden)
    return linear(params["head"], jnp.mean(norm(params["norm"], x), axis=1)), state


def export(params, _state, file: Path) -> None:
    graph = OnnxGraph()

    def linear(name: str, x: str, p) -> str:
        dotted = name.replace("/", ".")
        y = graph.add("MatMul", name, [x, graph.weight(f"{dotted}.weight", p["weight"])])
        return graph.add("Add", name, [graph.weight(f"{dotted}.bias", p["bias"]), y])

    def norm(name: str, x: str, p) -> str:
        dotted = name.replace("/", ".")
        own = [graph.weight(f"{dotted}.weight", p["weight"]), graph.weight(f"{dotted}.bias", p["bias"])]
        return graph.add("LayerNormalization", name, [x, *own], axis=-1, epsilon=EPSILON)

    def reshape(name: str, x: str, shape: list[int]) -> str:
        return graph.add("Reshape", name, [x, graph.constant(f"/{name}/shape", shape)])

    def gelu(name: str, x: str) -> str:
        erf = graph.add("Erf", name, [graph.add("Div", name, [x, graph.constant(f"/{name}/root2", 2**0.5)])])
        gate = graph.add("Add", name, [erf, graph.constant(f"/{name}/one", 1.0)])
        product = graph.add("Mul", name, [x, gate])
        return graph.add("Mul", f"{name}/half", [product, graph.constant(f"/{name}/half", 0.5)])

    def attention(name: str, x: str, block) -> str:
        qkv = reshape(f"{name}/split", linear(f"{name}/qkv", x, block["qkv"]), [0, TOKENS, 3, HEADS, WIDTH // HEADS])
        turned = graph.add("Transpose", f"{name}/turn", [qkv], perm=[2, 0, 3, 1, 4])
        parts = []
        for i, part in enumerate(("q", "k", "v")):
            index = graph.weight(f"/{name}/{part}/index", numpy.array(i, numpy.int64))
            parts.append(graph.add("Gather", f"{name}/{part}", [turned, index], axis=0))
        q, k, v = parts
        scale = graph.constant(f"/{name}/scale", (WIDTH // HEADS) ** -0.5)
        q = graph.add("Mul", f"{name}/scale", [q, scale])
        k = graph.add("Transpose", f"{name}/k", [k], perm=[0, 1, 3, 2])
        weights = graph.add("Softmax", name, [graph.add("MatMul", f"{name}/scores", [q, k])], axis=-1)
        mixed = graph.add("MatMul", f"{name}/mix", [weights, v])
        mixed = graph.add("Transpose", f"{name}/mix", [mixed], perm=[0, 2, 1, 3])
        return linear(f"{name}/proj", reshape(f"{name}/merge", mixed, [0, TOKENS, WIDTH]), block["proj"])

    # One filter per output and patch: [outputs,1,8,8].
    patch = numpy.asarray(params["patch"]["weight"]).T.reshape(WIDTH, 1, PATCH, PATCH)
    x = graph.add(
        "Conv",
        "patch",
        ["input", graph.weight("patch.weight", patch), graph.weight("patch.bias", params["patch"]["bias"])],
        **{"kernel_shape": [PATCH] * 2, "strides": [STRIDE] * 2, "pads": [0] * 4},
    )
    x = graph.add("Transpose", "patch", [reshape("patch", x, [0, WIDTH, TOKENS])], perm=[0, 2, 1])
    x = graph.add("Add", "place", [x, graph.weight("place", params["place"])])
    for i, block in enumerate(params["blocks"]):
        name = f"blocks/{i}"
        mixed = attention(f"{name}/attention", norm(f"{name}/norm1", x, block["norm1"]), block)
        x = graph.add("Add", f"{name}/attention", [x, mixed])
        hidden = gelu(f"{name}/gelu", linear(f"{name}/fc1", norm(f"{name}/norm2", x, block["norm2"]), block["fc1"]))
        x = graph.add("Add", f"{name}/mlp", [x, linear(f"{name}/fc2", hidden, block["fc2"])])
    mean = graph.add("ReduceMean", "mean", [norm("norm", x, params["norm"])], axes=[1], keepdims=0)
    weight = graph.weight("head.weight", numpy.asarray(params["head"]["weight"]).T)
    bias = graph.weight("head.bias", params["head"]["bias"])
    graph.save(graph.add("Gemm", "head", [mean, weight, bias], transB=1), file)
