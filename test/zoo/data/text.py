"""Lines and pages of rendered text, drawn by scripts/render-sample.py: for the recognizer, the classifier of the
direction and the detector."""

import importlib.util
import random
import shutil
from pathlib import Path

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from manifest import write_manifest

ROOT = Path(__file__).parents[3]
# Its name holds a hyphen, so import cannot.
spec = importlib.util.spec_from_file_location("render_sample", ROOT / "scripts" / "render-sample.py")
lines = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lines)

for missing in (face for face in lines.FACES if not (lines.FONTS / face).exists()):
    raise SystemExit(f"{missing} is missing: apt-get install fonts-dejavu-core fonts-dejavu-extra fonts-liberation")

BGR = {"layout": "NCHW", "color": "BGR", "mean": 127.5, "std": 127.5}


def recognizer(out: Path, seed: int, calibrate: int = 64) -> None:
    """64 + 300 lines with their texts, as sample/lines."""
    shutil.copy(ROOT / "sample" / "lines" / "alphabet.txt", out / "alphabet.txt")
    rng = random.Random(seed)

    def part(name: str, count: int) -> list[dict]:
        samples = []
        for index in range(count):
            picture, text = lines.render(rng, wide=index % 8 == 5)
            file = f"{name}-{index:03}.png"
            picture.save(out / file)
            samples.append({"file": file, "truth": text})
        return samples

    preprocess = {
        **BGR,
        "resize": {"mode": "keep-aspect", "height": lines.HEIGHT},
        "pad": {"minWidth": 320, "value": 0},
    }
    alphabet = {"file": "alphabet.txt", "space": True}
    manifest = {"metric": "ctc", "preprocess": preprocess, "alphabet": alphabet}
    write_manifest(out, manifest, part("calibrate", calibrate), part("evaluate", 300))


# With fewer characters than fit into it, the float model itself is wrong too often.
LONG = 240


def long_line(rng: random.Random, wide: bool) -> Image.Image:
    while True:
        picture, _ = lines.render(rng, wide)
        if picture.width >= LONG:
            return picture


def direction(out: Path, seed: int, calibrate: int = 64) -> None:
    """64 + 600 lines, of which a half is upside down. Class 0 is upright. Longer lines are squeezed to 192 pixels, as
    PaddleOCR does."""
    rng = random.Random(seed)

    def part(name: str, count: int) -> list[dict]:
        samples = []
        for index in range(count):
            picture = long_line(rng, wide=index % 8 == 5)
            picture = picture.resize((min(192, picture.width), lines.HEIGHT), Image.Resampling.BILINEAR)
            turned = rng.random() < 0.5
            file = f"{name}-{index:03}.png"
            (picture.rotate(180) if turned else picture).save(out / file)
            samples.append({"file": file, "truth": int(turned)})
        return samples

    manifest = {"metric": "top1", "preprocess": {**BGR, "pad": {"minWidth": 192, "value": 0}}}
    write_manifest(out, manifest, part("calibrate", calibrate), part("evaluate", 600))


# Text detectors of this kind are trained with 0.4 on boxes that people drew with room around the letters; ours are tight, and the
# float model's map fits them best with this.
SHRINK = 0.6
SIDE = 416


def kernel(left: float, top: float, right: float, bottom: float) -> list[float]:
    """The outline of a box moved inwards by A·(1 − r²) / L: what the network's map stands for (Liao et al. 2020,
    "Real-Time Scene Text Detection with Differentiable Binarization", equation 7)."""
    width, height = right - left, bottom - top
    inward = width * height * (1 - SHRINK**2) / (2 * (width + height))
    left, top, right, bottom = left + inward, top + inward, right - inward, bottom - inward
    return [round(value, 2) for value in (left, top, right, top, right, bottom, left, bottom)]


def page(rng: random.Random) -> tuple[Image.Image, list[list[float]]]:
    """A photographed page in grey with text in one or more columns, and the outlines of its words' lines."""
    paper, ink = rng.randint(190, 255), rng.randint(0, 90)
    if rng.random() < 0.2:
        paper, ink = ink, paper
    picture = Image.new("L", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(picture)
    outlines = []
    y = rng.randint(8, 60)
    while True:
        face = lines.FONTS / rng.choice(lines.FACES)
        font = ImageFont.truetype(face, rng.randint(18, 36), layout_engine=ImageFont.Layout.BASIC)
        x = rng.randint(6, 80)
        tallest = 0
        while True:
            text = lines.phrase(rng)
            left, top, right, bottom = font.getbbox(text)
            if x + right - left > SIDE - 6 or y + bottom - top > SIDE - 8:
                break
            draw.text((x - left, y - top), text, fill=ink, font=font)
            outlines.append(kernel(x, y, x + right - left, y + bottom - top))
            tallest = max(tallest, bottom - top)
            x += right - left + rng.randint(30, 60)
        y += tallest + rng.randint(12, 40)
        if y > SIDE - 30:
            break
    if rng.random() < 0.35:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, lines.BLUR)))
    return photographed(picture, rng), outlines


def photographed(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Under light that falls off to one side, with noise. On pages without, which no camera makes, the float model itself runs
    lines together."""
    y, x = numpy.mgrid[0:SIDE, 0:SIDE] / SIDE
    across, down = (side if rng.random() < 0.5 else 1 - side for side in (x, y))
    light = 1 - rng.uniform(0, 0.35) * across - rng.uniform(0, 0.25) * down
    noise = numpy.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(8, lines.NOISE), (SIDE, SIDE))
    values = numpy.clip(numpy.round(numpy.asarray(picture) * light + noise), 0, 255)
    return Image.fromarray(values.astype(numpy.uint8))


def detector(out: Path, seed: int, calibrate: int = 32) -> None:
    """32 + 120 pages with their lines' outlines."""
    rng = random.Random(seed)

    def part(name: str, count: int) -> list[dict]:
        samples = []
        while len(samples) < count:
            picture, outlines = page(rng)
            if outlines:
                file = f"{name}-{len(samples):03}.png"
                picture.save(out / file)
                samples.append({"file": file, "truth": outlines})
        return samples

    preprocess = {
        "layout": "NCHW",
        "color": "BGR",
        "scale": 1 / 255,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    manifest = {"metric": "iou", "preprocess": preprocess}
    write_manifest(out, manifest, part("calibrate", calibrate), part("evaluate", 120))
