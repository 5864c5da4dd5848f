"""Renders sample/lines: text lines whose truth is known, to calibrate and evaluate a text recognizer.

The pictures and quantscope.json are in the repository; run this only to make them anew:

    python3 -m venv /tmp/render && /tmp/render/bin/pip install pillow==13.0.0
    sudo apt-get install fonts-dejavu-core fonts-dejavu-extra fonts-liberation
    /tmp/render/bin/python scripts/render-sample.py

The seed is fixed: the same Pillow and the same fonts give the same bytes.
alphabet.txt is not made here; sample/README.md says where it is from.
"""

import json
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SEED = 20240611
HEIGHT = 48
CALIBRATE, EVALUATE = 64, 144
# The recognizer pads to 320: a wider line costs time in proportion, so only one in eight is wider.
NARROW, WIDE = 316, 480
# Chosen so that the float model reads about 98 characters of 100 right.
BLUR, NOISE = 1.5, 16
OUT = Path(__file__).parent.parent / "sample" / "lines"
FONTS = Path("/usr/share/fonts/truetype")
FACES = [
    *(f"dejavu/DejaVuSans{style}.ttf" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"dejavu/DejaVuSerif{style}.ttf" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"dejavu/DejaVuSansMono{style}.ttf" for style in ("", "-Bold", "-Oblique")),
    *("dejavu/DejaVuSansCondensed.ttf", "dejavu/DejaVuSerifCondensed-Bold.ttf"),
    *(
        f"liberation/Liberation{family}-{style}.ttf"
        for family in ("Sans", "Serif", "Mono")
        for style in ("Regular", "Bold", "Italic", "BoldItalic")
    ),
]
WORDS = """
about above account after again agree air almost along amber answer apple April arrive August autumn away bakery
balance basket before behind below bench better beyond black blue board bottle branch bread bridge bright bring
brown button cabin camera candle carpet castle ceiling center chair change check cherry choose circle clean clear
clock cloud coast coffee color copper corner cotton count cover cream cross current dance dark daylight December
deliver depth desk dinner direct distance door double dozen dream drift early earth east echo edge eight electric
empty engine enough equal evening every exit fabric falcon family famous February fence field figure filter final
finger first flight floor flower follow forest forward fountain fresh Friday frozen future garden gentle glass gold
gravel green ground guitar half hammer harbor harvest heavy height hidden hill hollow honey horizon house hundred
ice index inside island January jewel journey July junction June keep kettle kind kitchen ladder lake lamp large
laser late leaf left lemon letter level library light linen listen little local lunch machine magnet manual maple
March market matter May meadow measure metal middle mill minute mirror Monday month morning motor mountain museum
music narrow near needle never night ninth north November number oak ocean October offer office olive once open
orange order outside oven paint paper parcel path pencil people pepper phone piano picture pilot pine pocket point
polar pool print quarter question quick quiet radio rain rapid record red repair report return ribbon right ring
river road roof room rose rough round salt sand Saturday scale school season second September seven shadow sharp
shelf shore signal silver simple single sketch sleep slow small smooth snow solid sound south spare spring square
stair station steam steel stone storm straight street summer Sunday supply table tall target tenth theater thick
third Thursday ticket timber toward tower track traffic train travel tree Tuesday tunnel twelve under unit upper
valley velvet verse village violet visit voice wagon wait walk wall water weather Wednesday weight west wheel white
wide willow window winter wire wonder wood world write yellow yesterday young zebra zero zone
""".split()


def phrase(rng: random.Random) -> str:
    """A line of 6 to 28 characters: words, amounts, dates, codes, addresses."""

    def word() -> str:
        return rng.choice(WORDS)

    def digits(count: int) -> str:
        return "".join(rng.choice("0123456789") for _ in range(count))

    def letters(count: int) -> str:
        return "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(count))

    kinds = [
        lambda: f"{word()} {word()}",
        lambda: f"{word().capitalize()} {word()} {word()}",
        lambda: f"{word().capitalize()}, {word()} {word()}.",
        lambda: f"{word().upper()} {word().upper()}",
        lambda: f"The {word()} {word()}!",
        lambda: f"Is the {word()} {word()}?",
        lambda: f'"{word().capitalize()} {word()}"',
        lambda: f"{word()} & {word()} ({rng.randint(2, 99)})",
        lambda: f"Total: ${rng.randint(1, 9999):,}.{digits(2)}",
        lambda: f"{word().capitalize()} {rng.randint(1, 100)}% off",
        lambda: f"{rng.randint(1, 28)} {word()} {rng.randint(1950, 2049)}",
        lambda: f"{rng.randint(2000, 2049)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        lambda: f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02} {word()} {word()}",
        lambda: f"No. {letters(2)}-{digits(4)}/{digits(2)}",
        lambda: f"{word()}.{word()}@{word()}.org",
        lambda: f"{word().capitalize()} #{digits(3)}: {word()}",
        lambda: f"+{digits(2)} {digits(3)} {digits(3)} {digits(4)}",
        lambda: f"{word()} = {rng.randint(1, 99)} x {rng.randint(1, 99)}",
        lambda: f"{word()}-{word()}; {word()}",
        lambda: f"{letters(3)} {digits(3)} {letters(2)}",
    ]
    while True:
        text = rng.choice(kinds)()
        if 6 <= len(text) <= 28:
            return text


def render(rng: random.Random, wide: bool) -> tuple[Image.Image, str]:
    """One grayscale line, HEIGHT pixels high, and its text."""
    while True:
        text = phrase(rng)
        font = ImageFont.truetype(FONTS / rng.choice(FACES), rng.randint(19, 36), layout_engine=ImageFont.Layout.BASIC)
        left, top, right, bottom = font.getbbox(text)
        margin = rng.randint(4, 14)
        width = right - left + 2 * margin
        fits = NARROW < width <= WIDE if wide else width <= NARROW
        if fits and bottom - top <= HEIGHT - 6:
            break
    paper, ink = rng.randint(190, 255), rng.randint(0, 90)
    if rng.random() < 0.2:
        paper, ink = ink, paper
    picture = Image.new("L", (width, HEIGHT), paper)
    slack = HEIGHT - (bottom - top)
    above = slack // 2 + rng.randint(-slack // 6, slack // 6)
    ImageDraw.Draw(picture).text((margin - left, above - top), text, fill=ink, font=font)
    if rng.random() < 0.35:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, BLUR)))
    if rng.random() < 0.35:
        spread = rng.uniform(3, NOISE)
        pixels = bytes(min(255, max(0, round(rng.gauss(value, spread)))) for value in picture.tobytes())
        picture = Image.frombytes("L", picture.size, pixels)
    # 32 shades: the noise then costs half the bytes.
    return picture.point(lambda value: (value >> 3) * 255 // 31), text


def part(rng: random.Random, name: str, count: int) -> list[dict[str, str]]:
    samples = []
    for index in range(count):
        picture, text = render(rng, wide=index % 8 == 5)
        file = f"{name}-{index:03}.png"
        picture.save(OUT / file, optimize=True)
        samples.append({"file": file, "truth": text})
    return samples


def main() -> None:
    rng = random.Random(SEED)
    OUT.mkdir(parents=True, exist_ok=True)
    manifest = {
        "version": 1,
        "metric": "ctc",
        "preprocess": {
            "layout": "NCHW",
            "color": "BGR",
            "resize": {"mode": "keep-aspect", "height": HEIGHT},
            "mean": 127.5,
            "std": 127.5,
            "pad": {"minWidth": 320, "value": 0},
        },
        "alphabet": {"file": "alphabet.txt", "space": True},
        "calibration": part(rng, "calibrate", CALIBRATE),
        "evaluation": part(rng, "evaluate", EVALUATE),
    }
    (OUT / "quantscope.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
