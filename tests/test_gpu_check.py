"""The script for a first look at a GPU works from end to end, on a student that any machine carries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_every_part_of_it_measures_something(tmp_path: Path):
    """Nothing failed, and the replies of both turns are the same."""
    out = tmp_path / "check.json"
    line = [sys.executable, "-m", "analysis.gpu_check", "--small", "--out", str(out)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(out.read_text())
    assert not [section for section in told.values() if "failed" in section], told
    assert told["generation"]["same_replies"] == "8 of 8"
    assert told["training"]["tokens_a_second"] > 0
    assert "same_replies" in done.stdout
