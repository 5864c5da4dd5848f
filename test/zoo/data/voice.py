"""Sentences spoken by espeak-ng with pauses between them, under noise, for the detectors of voices. The truth is where the
clean voice has energy."""

import random
import shutil
import subprocess
import wave
from pathlib import Path

import numpy
from scipy.signal import resample_poly

from manifest import write_manifest
from text import lines

RATE, FRAME = 16000, 512
# espeak-ng speaks at 22,050 values a second.
UP, DOWN = 320, 441
VOICES = ["en-us", "en-gb", "de", "fr-fr", "es", "it", "pt", "nl", "sv", "pl"]
VARIANTS = ["", "+m1", "+m3", "+m7", "+f1", "+f2", "+f4"]
# A frame holds a voice from this root mean square on, relative to the sentence's loudest frame.
QUIET = 10 ** (-36 / 20)
# Shorter gaps are between the sounds of a word.
GAP = 6


def speak(rng: random.Random) -> numpy.ndarray:
    """A sentence as float64 within ±1 at RATE."""
    words = [rng.choice(lines.WORDS) for _ in range(rng.randint(4, 9))]
    voice = rng.choice(VOICES) + rng.choice(VARIANTS)
    options = ["-v", voice, "-s", str(rng.randint(130, 190)), "-p", str(rng.randint(25, 75))]
    ran = subprocess.run(["espeak-ng", *options, "--stdout", " ".join(words)], capture_output=True, check=True)
    # The header's lengths are not filled in when it writes to a pipe.
    values = numpy.frombuffer(ran.stdout[44:], "<i2").astype(float)
    spoken = resample_poly(values, UP, DOWN)
    return spoken / numpy.abs(spoken).max()


def frames(values: numpy.ndarray) -> numpy.ndarray:
    """Root mean square of each whole frame."""
    whole = values[: len(values) // FRAME * FRAME].reshape(-1, FRAME)
    return numpy.sqrt(numpy.mean(whole**2, axis=1))


def voiced(clean: numpy.ndarray) -> list[int]:
    """0 or 1 for each frame."""
    loud = frames(clean)
    found = (loud >= QUIET * loud.max()).astype(int)
    last = None
    for i in numpy.flatnonzero(found):
        if last is not None and i - last <= GAP:
            found[last:i] = 1
        last = i
    return found.tolist()


def noise(generator: numpy.random.Generator, count: int) -> numpy.ndarray:
    """White to brown, root mean square 1."""
    spectrum = numpy.fft.rfft(generator.normal(size=count))
    slope = generator.uniform(0, 1)
    shaped = numpy.fft.irfft(spectrum / numpy.maximum(numpy.arange(len(spectrum)), 20) ** slope, count)
    return shaped / numpy.sqrt(numpy.mean(shaped**2))


def recording(rng: random.Random) -> tuple[numpy.ndarray, list[int]]:
    """About ten seconds: three sentences at their own loudness, silence around them, noise 15 to 40 dB below the voice."""
    generator = numpy.random.default_rng(rng.getrandbits(32))
    pieces, truth_pieces = [], []
    for _ in range(3):
        silence = numpy.zeros(rng.randint(RATE // 2, 2 * RATE) // FRAME * FRAME)
        spoken = speak(rng)
        spoken = numpy.pad(spoken, (0, -len(spoken) % FRAME)) * rng.uniform(0.2, 0.8)
        pieces += [silence, spoken]
        truth_pieces += [0] * (len(silence) // FRAME) + voiced(spoken)
    clean = numpy.concatenate([*pieces, numpy.zeros(RATE // FRAME * FRAME)])
    truth = truth_pieces + [0] * (RATE // FRAME)
    level = numpy.sqrt(numpy.mean(clean**2)) * 10 ** (-rng.uniform(15, 40) / 20)
    return clean + level * noise(generator, len(clean)), truth


def voices(out: Path, seed: int, calibrate: int = 16) -> None:
    """16 + 40 recordings with 0 or 1 for each of their frames."""
    if shutil.which("espeak-ng") is None:
        raise SystemExit("espeak-ng is missing: apt-get install espeak-ng")
    rng = random.Random(seed)

    def part(name: str, count: int) -> list[dict]:
        samples = []
        for index in range(count):
            values, truth = recording(rng)
            file = f"{name}-{index:03}.wav"
            with wave.open(str(out / file), "wb") as written:
                written.setnchannels(1)
                written.setsampwidth(2)
                written.setframerate(RATE)
                written.writeframes(numpy.clip(numpy.round(values * 32767), -32768, 32767).astype("<i2").tobytes())
            samples.append({"file": file, "truth": truth})
        return samples

    manifest = {
        "metric": "frames",
        "audio": {"sampleRate": RATE, "frame": FRAME, "context": 64},
        "state": {"state": "stateN"},
        "constants": {"sr": RATE},
    }
    write_manifest(out, manifest, part("calibrate", calibrate), part("evaluate", 40))
