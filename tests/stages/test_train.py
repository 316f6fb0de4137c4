"""A training takes several nodes, hands on that it is to stop, and leaves no process behind: real trainers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from ot_grid import stopping
from ot_grid.errors import BadInput, OtGridError
from ot_grid.running.execute import DISK_FULL, failure_class
from ot_grid.stages import train
from ot_grid.stages.training import launcher, tokens
from ot_grid.stages.work import Work
from ot_grid.store import RECORD, TRAINING, write_json
from tests.stages import tiny

pytestmark = pytest.mark.slow  # trains, though a tiny model

SRUN = """#!{python}
# Plays srun: runs a command once for each node, all on this machine, and ends badly when one of them does.
import os, subprocess, sys, time
options = [word for word in sys.argv[1:] if word.startswith("--")]
start = next(at for at, word in enumerate(sys.argv) if at and not word.startswith("--"))
nodes = int(next(word for word in options if word.startswith("--nodes=")).partition("=")[2])
assert "--kill-on-bad-exit=1" in options and f"--ntasks={{nodes}}" in options
run = lambda n: subprocess.Popen(sys.argv[start:], env=os.environ | {{"SLURM_NODEID": str(n), "SLURM_PROCID": str(n)}})
started = [run(n) for n in range(nodes)]
while None in (codes := [process.poll() for process in started]) and not any(codes):
    time.sleep(0.05)
for process in started:
    process.kill()
sys.exit(any(codes))
"""


@pytest.fixture
def two_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Slurm job of two nodes, both of which are this machine."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "srun").write_text(SRUN.format(python=sys.executable))
    (tmp_path / "bin" / "srun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")


@pytest.mark.long  # slurm/test_training.py has two nodes, training/test_fsdp.py a stop of two processes
@pytest.mark.usefixtures("two_nodes")
def test_two_nodes_train_one_student_and_stop_at_the_same_step(
    make: tiny.Make, whole: tuple[Work, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Both take part, rows a step stay what the recipe says, a stop stops both, one model is written."""

    def ask_to_stop(done: int, total: int, what: str) -> None:
        if done >= 3 and not stopping.asked():
            stopping.ask("time limit")

    monkeypatch.setattr(train, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(stopping, "_asked", [])
    with pytest.raises(stopping.Stopped, match="time limit"):
        train.run(make(tmp_path / "out", ask_to_stop))
    stopped = json.loads((tmp_path / "out" / launcher.STOPPED).read_text())["step"]
    assert 3 <= stopped < tiny.STEPS
    states = {path.name for path in (tmp_path / "out" / "checkpoints" / f"checkpoint-{stopped}").glob("rng_state*")}
    assert states == {"rng_state_0.pth", "rng_state_1.pth"}

    stopping._asked.clear()
    work = make(tmp_path / "out")
    counts = train.run(work)
    assert (counts["processes"], counts["resumed_at"], counts["steps"]) == (2, stopped, tiny.STEPS)
    assert work.log["loss"] == [[step, pytest.approx(loss, rel=1e-3)] for step, loss in whole[0].log["loss"]]
    assert len(tiny.weights(work)) == len(tiny.weights(whole[0]))


def test_a_disk_without_room_for_a_checkpoint_is_told_before_anything_is_computed(
    make: tiny.Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As a full disk is: a class of failure of its own, which is tried again when there is room."""
    monkeypatch.setattr(train.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(
        OSError, match=r"this training writes .* GB \(a checkpoint and the model\), .* has 0.0"
    ) as caught:
        train.run(make(tmp_path))
    assert failure_class(caught.value) == DISK_FULL
    assert not (tmp_path / TRAINING).exists()


@pytest.mark.parametrize(
    ("program", "raised"),
    [
        ("print('torch.OutOfMemoryError: CUDA out of memory'); exit(1)", train.TrainerGpuOutOfMemory),
        ("print('slurmstepd: Detected 1 oom_kill event: memory'); exit(1)", train.TrainerOutOfMemory),
        ("print('KeyError: rows'); exit(1)", OtGridError),
    ],
)
def test_a_trainer_that_fails_is_told_with_the_end_of_its_output(
    make: tiny.Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, raised: type[OtGridError]
):
    """The cause is in the message, and lack of memory is a class of its own: with more of it the same may pass."""
    monkeypatch.setattr(launcher, "command", lambda cluster, order, config: [sys.executable, "-c", program])
    with pytest.raises(OtGridError, match=r"exit code 1; the end of .*train.log:\n.*(memory|rows)") as caught:
        train.run(make(tmp_path))
    assert type(caught.value) is raised


def test_what_the_trainer_refuses_is_bad_input(make: tiny.Make, tmp_path: Path):
    """A real trainer that is told to use kernels of GPUs: its words, not the end of its log."""
    work = make(tmp_path)
    work = replace(work, cluster=replace(work.cluster, attention="flash_attention_2"))
    with pytest.raises(BadInput, match=r"cluster.attention='flash_attention_2' is for GPUs, and there is none here"):
        train.run(work)


def test_rows_that_were_cut_and_dropped_are_in_the_record(make: tiny.Make, tmp_path: Path):
    """Rows are those that were trained; what was lost on the way to tokens the dataset has counted."""
    work = make(tmp_path / "out")
    inputs = tiny.encoded(tmp_path / "dataset", Path(work.cluster.models["tiny"]), [("1+1", "2"), ("2+2", "4")] * 4)
    counts = {"rows_cut": 3, "dropped": {tokens.PROMPT_TOO_LONG: 5, "empty reply": 2}}
    write_json(inputs / RECORD, {"key": "x", "counts": counts})
    with tiny.in_process():
        made = train.run(replace(work, inputs=[inputs]))
    assert (made["rows"], made["rows_cut"], made["rows_dropped"]) == (8, 3, 5)


def test_packed_rows_are_trained_in_fewer_steps(make: tiny.Make, tmp_path: Path):
    """Packed once, into a file beside the checkpoints; the record counts rows as they were before."""
    work = make(tmp_path)
    with tiny.in_process():
        made = train.run(replace(work, reads={"train": {**work.reads["train"], "packing": True}}))
    assert made["rows"] == tiny.STEPS * 2
    assert made["steps"] < tiny.STEPS
    assert (tmp_path / "checkpoints" / "packed.arrow").exists()


def test_without_srun_several_nodes_are_refused_in_words(
    make: tiny.Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A container often has no srun; that is said, with the ways out."""
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="'srun' is not on this job's PATH"):
        train.run(make(tmp_path))


JOB = """
import json, sys
from pathlib import Path
from ot_grid.config import Cluster
from ot_grid.stages import train
from ot_grid.stages.work import Work
from ot_grid.store import RECORD, write_json
reads, dataset, out, student = json.loads(sys.argv[1])
cluster = Cluster("slurm", threads=1, dtype="auto", models={"tiny": student}, model_cache=out)
train.run(Work("train", "", {"train": reads}, [Path(dataset)], Path(out), None, cluster, lambda *_: None))
"""


def test_no_process_of_a_training_ends_at_sigterm_and_all_end_with_the_job(make: tiny.Make, tmp_path: Path):
    """Slurm's SIGTERM to all processes does not cost the checkpoint; a killed job leaves no orphan that writes on."""
    like = make(tmp_path)
    arguments = json.dumps([tiny.SETTINGS, str(like.inputs[0]), str(tmp_path), like.cluster.models["tiny"]])
    with subprocess.Popen([sys.executable, "-c", JOB, arguments]) as job:
        try:
            below = wait_for(lambda: listening(psutil.Process(job.pid).children(recursive=True)))
            for process in below:
                process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            assert len(below) == 2
            assert all(alive(process) for process in below)
        finally:
            job.kill()
    wait_for(lambda: not any(alive(process) for process in below))


def listening(processes: list[psutil.Process]) -> list[psutil.Process]:
    """All processes, once the trainer among them listens for signals."""
    for process in processes:
        caught = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "SigCgt" in line)
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return processes
    return []


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_for(found: Callable[[], Any]) -> Any:
    for _ in range(1200):
        if result := found():
            return result
        time.sleep(0.05)
    pytest.fail("waited for a minute in vain")
