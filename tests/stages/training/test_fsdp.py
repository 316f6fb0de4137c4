"""One student shared by two processes (FSDP2), on CPUs: it trains as one process does, and goes on where it stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ot_grid.stages import train
from ot_grid.stages.training import launcher
from ot_grid.stages.work import Work
from ot_grid.store import write_json
from tests.stages import tiny

pytestmark = pytest.mark.slow  # trains, though a tiny model

SHARED = {
    "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP", "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "true", "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1",
}  # fmt: skip
PROGRAM = Path(__file__).with_name("shared_trainer.py")


def order_of(work: Work, **changed: Any) -> Path:
    """Write the order of a training, as the stage would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "_watch", lambda *_: None)
        with pytest.raises(FileNotFoundError):
            train.run(work)
    path = work.out / launcher.ORDER
    write_json(path, {**json.loads(path.read_text()), "batch_size": 8, **changed})
    return path


def shared(work: Work, *, stop_at: int = 0, **changed: Any) -> dict[str, Any]:
    """Train in two processes that share the student; return what the first one noted."""
    told = work.out / "told.json"
    line = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--rdzv-backend=c10d",
            "--rdzv-endpoint=localhost:0", str(PROGRAM), str(order_of(work, **changed)), str(told)]  # fmt: skip
    environment = {**os.environ, **SHARED, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=600, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    result: dict[str, Any] = json.loads(told.read_text())
    return result


def alone(work: Work) -> list[float]:
    """Train in one process; return the losses."""
    order = order_of(work)
    line = [sys.executable, "-m", "ot_grid.stages.training.sft", str(order)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=600, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    return [loss for _, loss in json.loads((work.out / launcher.RESULT).read_text())["loss"]]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_shared_student_is_trained_as_one_and_goes_on_where_it_stopped(make: tiny.Make, tmp_path: Path):
    """The same losses as in one process; gradients in parts between the rows of a step; the same bytes after a stop."""
    whole = make(tmp_path / "whole")
    told = shared(whole)
    assert told["kind"].endswith("FSDP")
    assert told["whole_gradients"] == []
    assert told["losses"] == pytest.approx(alone(make(tmp_path / "alone")), abs=1e-5)
    newest = max((whole.out / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    assert {"__0_0.distcp", "__1_0.distcp", "whole.json"} <= set(files(newest))

    again = make(tmp_path / "again")
    first = min((whole.out / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    resumed = shared(again, resume=str(first))
    assert resumed["losses"][-1] == told["losses"][-1]
    saved = [work.out / "model.tmp" / "model.safetensors" for work in (whole, again)]
    assert saved[0].read_bytes() == saved[1].read_bytes()
