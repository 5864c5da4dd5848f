"""Drawn pictures: boxes and planes whose edges a detector of segments finds, and faces."""

import math
import random
from pathlib import Path

import numpy
from PIL import Image, ImageDraw, ImageFilter

from manifest import write_manifest

SIDE = 320
# Drawn so much larger and then made small, for soft edges.
FINE = 3


def noisy(picture: Image.Image, generator: numpy.random.Generator, spread: float) -> numpy.ndarray:
    values = numpy.asarray(picture, float) + generator.normal(0, spread, (picture.height, picture.width, 1))
    return numpy.clip(numpy.round(values), 0, 255).astype(numpy.uint8)


def shade(rng: random.Random) -> tuple[int, int, int]:
    grey = rng.randint(20, 235)
    return tuple(min(255, max(0, grey + rng.randint(-20, 20))) for _ in range(3))


def planes(rng: random.Random) -> tuple[Image.Image, list[list[float]]]:
    """Three to nine quadrilaterals that do not touch, each in a shade of its own, and their edges in fractions."""
    ground = shade(rng)
    picture = Image.new("RGB", (SIDE * FINE, SIDE * FINE), ground)
    draw = ImageDraw.Draw(picture)
    taken: list[tuple[float, float, float]] = []
    edges = []
    wanted = rng.randint(3, 9)
    for _ in range(400):
        if len(taken) == wanted:
            break
        reach = rng.uniform(18, 80)
        x, y = rng.uniform(reach + 4, SIDE - reach - 4), rng.uniform(reach + 4, SIDE - reach - 4)
        if any(math.hypot(x - a, y - b) < reach + r + 8 for a, b, r in taken):
            continue
        color = shade(rng)
        if sum(abs(a - b) for a, b in zip(color, ground, strict=True)) < 45:
            continue
        turn, narrow = rng.uniform(0, math.pi / 2), rng.uniform(0.5, 0.9)
        angles = [turn + sign * narrow + half for half in (0, math.pi) for sign in (-1, 1)]
        corners = [
            (x + reach * rng.uniform(0.85, 1) * math.cos(a), y + reach * rng.uniform(0.85, 1) * math.sin(a))
            for a in angles
        ]
        taken.append((x, y, reach))
        draw.polygon([(FINE * a, FINE * b) for a, b in corners], fill=color)
        for i, start in enumerate(corners):
            end = corners[(i + 1) % 4]
            edges.append([round(value / SIDE, 5) for value in (*start, *end)])
    return picture.resize((SIDE, SIDE), Image.Resampling.BOX), edges


def segments(out: Path, seed: int, calibrate: int = 32) -> None:
    """32 + 120 drawings with their edges: red, green, blue and an alpha of 1, as the model takes them."""
    rng = random.Random(seed)
    generator = numpy.random.default_rng(seed)

    def part(name: str, count: int) -> list[dict]:
        samples = []
        for index in range(count):
            picture, edges = planes(rng)
            values = noisy(picture, generator, rng.uniform(0, 14))
            file = f"{name}-{index:03}.npy"
            numpy.save(out / file, numpy.concatenate([values, numpy.ones_like(values[..., :1])], axis=2)[None])
            samples.append({"file": file, "truth": edges})
        return samples

    write_manifest(out, {"metric": "segments"}, part("calibrate", calibrate), part("evaluate", 120))


def face(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, reach: float) -> None:
    """A head seen from the front around x, y; `reach` is half its height."""
    skin_tone = rng.choice([(241, 205, 178), (224, 172, 138), (198, 138, 98), (150, 98, 66), (104, 66, 46)])
    skin = tuple(value + rng.randint(-8, 8) for value in skin_tone)
    darker = tuple(int(0.75 * value) for value in skin)
    hair = rng.choice([(30, 24, 20), (70, 44, 26), (140, 100, 50), (170, 170, 170), (96, 32, 20)])

    def oval(cx: float, cy: float, rx: float, ry: float, fill: tuple[int, ...]) -> None:
        draw.ellipse([x + reach * (cx - rx), y + reach * (cy - ry), x + reach * (cx + rx), y + reach * (cy + ry)], fill=fill)

    width = rng.uniform(0.68, 0.8)
    draw.rectangle([x - 0.3 * reach, y + 0.7 * reach, x + 0.3 * reach, y + 1.4 * reach], fill=darker)
    draw.ellipse([x - 1.3 * reach, y + 1.15 * reach, x + 1.3 * reach, y + 3 * reach], fill=shade(rng))
    oval(0, -0.2, width + 0.1, 0.95, hair)
    if rng.random() < 0.4:
        draw.rectangle([x - (width + 0.1) * reach, y - 0.2 * reach, x + (width + 0.1) * reach, y + 0.9 * reach], fill=hair)
    oval(0, 0.05, width, 0.95, skin)
    oval(-width, 0.05, 0.1, 0.2, skin)
    oval(width, 0.05, 0.1, 0.2, skin)
    apart, look = rng.uniform(0.28, 0.34), rng.uniform(-0.03, 0.03)
    for side in (-1, 1):
        oval(side * apart, -0.1, 0.17, 0.13, darker)
        oval(side * apart, -0.1, 0.14, rng.uniform(0.07, 0.09), (245, 245, 245))
        oval(side * apart + look, -0.1, 0.07, 0.075, rng.choice([(60, 40, 24), (70, 100, 130), (60, 90, 60)]))
        oval(side * apart + look, -0.1, 0.035, 0.035, (10, 10, 10))
        oval(side * apart, -0.32, 0.19, 0.045, hair)
    oval(0, 0.2, 0.07, 0.22, tuple(int(0.9 * value) for value in skin))
    oval(0, 0.36, 0.14, 0.08, darker)
    oval(0, 0.34, 0.12, 0.07, skin)
    oval(0, 0.6, rng.uniform(0.2, 0.32), rng.uniform(0.06, 0.1), (150, 60, 60))
    oval(0, 0.59, 0.2, 0.015, (70, 20, 20))


def faces(out: Path, seed: int, calibrate: int = 64) -> None:
    """64 + 200 pictures with up to two drawn faces in them, without truth."""
    rng = random.Random(seed)
    generator = numpy.random.default_rng(seed)

    def part(name: str, count: int) -> list[dict]:
        samples = []
        for index in range(count):
            side = 128 * FINE
            picture = Image.new("RGB", (side, side), shade(rng))
            draw = ImageDraw.Draw(picture)
            for _ in range(rng.randint(3, 10)):
                a, b = rng.uniform(0, side), rng.uniform(0, side)
                draw.rectangle([a, b, a + rng.uniform(10, side / 2), b + rng.uniform(10, side / 2)], fill=shade(rng))
            count_here = rng.choice([0, 1, 1, 1, 2])
            for i in range(count_here):
                reach = side * rng.uniform(0.16, 0.36 if count_here == 1 else 0.22)
                middle = side * (0.5 if count_here == 1 else 0.27 + 0.46 * i)
                face(draw, rng, middle + rng.uniform(-0.06, 0.06) * side, side * rng.uniform(0.36, 0.55), reach)
            picture = picture.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC, fillcolor=shade(rng))
            picture = picture.filter(ImageFilter.GaussianBlur(FINE * rng.uniform(0.3, 1)))
            picture = picture.resize((128, 128), Image.Resampling.BOX)
            file = f"{name}-{index:03}.png"
            Image.fromarray(noisy(picture, generator, rng.uniform(1, 6))).save(out / file)
            samples.append({"file": file})
        return samples

    preprocess = {"layout": "NHWC", "color": "RGB", "mean": 127.5, "std": 127.5}
    # Whether each anchor sees a face; the other two outputs are coordinates, whose largest says nothing.
    scores = ["Identity:0", "Identity_1:0"]
    manifest = {"metric": "agreement", "outputs": scores, "preprocess": preprocess}
    write_manifest(out, manifest, part("calibrate", calibrate), part("evaluate", 200))
