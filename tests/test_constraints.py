"""The lines that install on a machine with GPUs resolve: the one of the README, and that of an environment to train."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GPU = ROOT / "constraints-gpu.txt"


def test_readme_and_doctor_name_the_same_file():
    """So that nobody installs what is for machines without GPUs."""
    for name in ("README.md", "ot_grid/doctor/answers.py"):
        assert "pip install -c constraints-gpu.txt -e '.[vllm]'" in (ROOT / name).read_text()


def test_every_version_is_exact_and_once():
    """A line a package."""
    lines = [line for line in GPU.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==\S+", line) for line in lines)
    assert len({line.partition("==")[0] for line in lines}) == len(lines) > 150
    assert {"vllm", "torch", "trl", "transformers"} <= {line.partition("==")[0] for line in lines}


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["vllm", pytest.param("run", marks=pytest.mark.long)])
def test_it_resolves(extra: str):
    """Nothing is installed; where two packages want what excludes the other, pip says so."""
    line = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "-c", str(GPU)]
    done = subprocess.run([*line, f".[{extra}]"], capture_output=True, text=True, check=False, cwd=ROOT, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
