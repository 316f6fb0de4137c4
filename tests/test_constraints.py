"""The lines that install on a machine with GPUs resolve: the one of the README, and that of an environment to train."""

from __future__ import annotations

import os
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
@pytest.mark.parametrize("extra", ["vllm", "run"])
def test_it_resolves(extra: str, tmp_path: Path):
    """Nothing is installed; where two packages want what excludes the other, it is said.

    uv resolves in seconds what takes pip a minute. Its no is asked again of pip, which knows this machine's settings.
    """
    by_uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--extra", extra, "-o", str(tmp_path / "found")]
    done = run([*by_uv, "-c", str(GPU), "pyproject.toml"])
    if done.returncode:
        by_pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        done = run([*by_pip, "-c", str(GPU), f".[{extra}]"])
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("extra", ["vllm", "run"])
def test_pip_resolves_it_too(extra: str):
    """The line of the README, as it stands there."""
    line = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "-c", str(GPU)]
    done = run([*line, f".[{extra}]"])
    assert done.returncode == 0, done.stderr[-2000:]


def run(line: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "UV_NATIVE_TLS": "true"}  # the certificates of this machine, as pip takes them
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT, timeout=900, env=environment)
