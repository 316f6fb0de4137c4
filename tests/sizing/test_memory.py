"""What a training is said to take, beside what its tensors take when its steps are gone through without numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ot_grid.sizing import training
from ot_grid.sizing.gpus import Gpus
from ot_grid.sizing.models import of_config
from tests.sizing.known import CONFIGS

pytestmark = pytest.mark.slow  # loads torch

LLAMA_8B = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
    "vocab_size": 128256, "num_attention_heads": 32, "num_key_value_heads": 8, "tie_word_embeddings": False,
}  # fmt: skip
WIDTHS = {**CONFIGS, "llama": LLAMA_8B, "7B": {**CONFIGS["7B"], "tie_word_embeddings": False}}
# Of a few layers of the real width, since each takes the same: three for seconds.
CASES = [(name, 3, length, sharers) for name in ("1.5B", "7B", "llama") for length, sharers in
         ((1024, 1), (16384, 1), (1024, 8), (16384, 8))]  # fmt: skip
ROOT = Path(__file__).parents[2]


def config_of(name: str, layers: int) -> dict[str, Any]:
    """Return the config of a model with fewer layers."""
    return {**WIDTHS[name], "num_hidden_layers": layers}


def simulated(cases: list[tuple[str, int, int, int]]) -> list[float]:
    """Return the bytes of some cases, gone through in a process of its own: it changes torch's ways."""
    asked = [
        {"config": {k: v for k, v in config_of(name, layers).items() if k != "max_position_embeddings"},
         "length": length, "sharers": sharers}
        for name, layers, length, sharers in cases
    ]  # fmt: skip
    line = [sys.executable, "tests/sizing/simulated.py", json.dumps(asked)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    made: list[float] = json.loads(done.stdout.splitlines()[-1])
    return made


def claimed(name: str, layers: int, length: int, sharers: int) -> float:
    """Return the bytes that a training is said to take, without what CUDA takes for itself."""
    sharing: training.Sharing = "one_gpu" if sharers == 1 else "fsdp"
    size = of_config(config_of(name, layers))
    return training.needed(size, Gpus(sharers, 80), length, sharing) - training.RUNTIME


def compared(cases: list[tuple[str, int, int, int]]) -> list[tuple[str, float]]:
    """Return what is claimed as a share of what is taken, of each case."""
    made = simulated(cases)
    return [(str(case), round(claimed(*case) / real, 3)) for case, real in zip(cases, made, strict=True)]


def test_a_training_takes_what_is_said_and_hardly_less():
    """At most 2 % more than is claimed, which the share of a card that is not counted on makes up for."""
    shares = compared(CASES)
    assert [share for share in shares if not 0.98 <= share[1] <= 1.35] == []


@pytest.mark.long
def test_whole_students_take_what_is_said():
    """With all their layers: a 7B student alone on a card of 141 GB, and shared by eight."""
    cases = [("1.5B", 28, 16384, 1), ("7B", 28, 16384, 1), ("7B", 28, 16384, 8), ("7B", 28, 32768, 8)]
    assert [share for share in compared(cases) if not 0.98 <= share[1] <= 1.05] == []
