"""Writes the `quantscope.json` of a folder of samples (docs/data.md)."""

import json
from pathlib import Path


def write_manifest(out: Path, manifest: dict, calibration: list[dict], evaluation: list[dict]) -> None:
    """Checks that no file is in both parts, and writes the manifest last: a folder that has one is whole."""
    parts = [{sample["file"] for sample in part} for part in (calibration, evaluation)]
    assert parts[0].isdisjoint(parts[1]) and len(parts[0]) == len(calibration) and len(parts[1]) == len(evaluation)
    whole = {"version": 1, **manifest, "calibration": calibration, "evaluation": evaluation}
    (out / "quantscope.json").write_text(json.dumps(whole) + "\n", encoding="utf-8")
