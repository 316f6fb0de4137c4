"""`doctor` says what would stop a grid, with the way out, and takes nothing for broken that the grid does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ot_grid import api, cli, machine, store
from ot_grid.config import Cluster, Runtime, Tracking
from ot_grid.doctor import answers, here, probe
from ot_grid.doctor import examine as doctor
from ot_grid.doctor.finding import BROKEN, OK, WARNING, Finding
from ot_grid.planning.plan import Plan

ANSWER: dict[str, Any] = {
    "host": "node7",
    "python": "3.11.7",
    "lock": "held",
    "rename": 0.1,
    "imports": {"ot_grid.job": None, "torch": None, "vllm": None},
    "versions": {"ot_grid": machine.versions(["ot_grid"])["ot_grid"], "torch": "2.13.0"},
    "gpus": ["NVIDIA H100, 81559 MiB, 570.1"] * 2,
    "cuda": 2,
    "paths": {"/hf": {"there": True, "writable": True}},
    "environment": {"HF_HOME": os.environ.get("HF_HOME")},
    "slurm": {"squeue": True, "scontrol": True, "sbatch": True},
    "sandbox": "bubblewrap",
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return api.plan(["cluster=slurm", "teacher=reference", "source=gsm_symbolic", "mix=top1", "eval=sums"])


def judged(plan: Plan, kinds: set[str] = {"inference"}, on_gpu: bool = True, **changed: Any) -> list[Finding]:  # noqa: B006
    return list(answers.judge({**ANSWER, **changed}, kinds, plan, on_gpu=on_gpu))


def worst(findings: list[Finding], state: str) -> list[str]:
    return [finding.told for finding in findings if finding.state == state]


def test_a_good_node_has_nothing_to_complain_of(plan: Plan):
    """Everything is told as ok: host, versions, GPUs, imports, store, Slurm, sandbox."""
    found = judged(plan)
    assert {finding.state for finding in found} == {OK}
    text = "\n".join(map(str, found))
    for word in ("node7", "torch 2.13.0", "H100", "and 1 more", "locks hold", "sbatch", "bubblewrap"):
        assert word in text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"lock": "free"}, "a lock that is held here is not felt there"),
        ({"lock": "[Errno 37] No locks available"}, "locks do not work there ([Errno 37] No locks available)"),
        ({"rename": None}, "is not seen there after 30 s"),
        ({"gpus": []}, "nvidia-smi finds none on node7"),
        ({"cuda": 0}, "install a torch for that driver"),
        (
            {"imports": {"torch": "ImportError: libcudart.so.12"}},
            "torch cannot be imported on node7 (ImportError: libcu",
        ),
    ],
)
def test_what_would_stop_a_job_is_broken(plan: Plan, changed: dict[str, Any], told: str):
    """A store without locks, GPUs that are not there, an interpreter that lacks what it needs."""
    (problem,) = worst(judged(plan, **changed), BROKEN)
    assert told in problem


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"imports": {"vllm": "ModuleNotFoundError: vllm"}}, "falls back to transformers"),
        ({"paths": {"/hf": {"there": False, "writable": False}}}, "/hf is here, not on node7"),
        ({"environment": {"HF_HOME": "/elsewhere"}}, "HF_HOME is '/elsewhere' there"),
        ({"versions": {"ot_grid": "0.0.1"}}, "ot_grid is 0.0.1 there"),
        ({"slurm": {"squeue": False, "scontrol": True, "sbatch": True}}, "no answer to squeue on node7"),
    ],
)
def test_what_costs_time_is_a_warning(plan: Plan, changed: dict[str, Any], told: str):
    """What works less well, or may surprise, is told and stops nothing."""
    found = judged(plan, **changed)
    assert worst(found, BROKEN) == []
    assert told in worst(found, WARNING)[0]


def test_only_what_heals_needs_sbatch(plan: Plan):
    """On a node of `cpu` jobs a missing sbatch stops the healing; elsewhere nobody needs it."""
    without = {"squeue": True, "scontrol": True, "sbatch": False}
    assert "self_heal=false" in worst(judged(plan, {"cpu"}, on_gpu=False, slurm=without), WARNING)[0]
    assert worst(judged(plan, slurm=without), WARNING) == []


def test_a_node_without_gpus_is_asked_for_nothing_more():
    """Where no GPU is asked for, none is missed, and vllm is imported only where it would be used."""
    assert "vllm" not in answers.imports({"inference"}, "auto", gpus=False)
    assert "vllm" in answers.imports({"inference"}, "auto", gpus=True)
    assert "vllm" in answers.imports({"inference"}, "vllm", gpus=False)
    assert "trl" not in answers.imports({"cpu", "inference"}, "auto", gpus=True)
    assert "torch" not in answers.imports({"cpu"}, "vllm", gpus=False)


def test_no_gpu_on_a_cpu_machine_is_fine(plan: Plan):
    """A plan whose jobs ask for none finds nothing broken without any."""
    assert worst(judged(plan, {"train"}, on_gpu=False, gpus=[], cuda=0), BROKEN) == []


def test_a_lock_is_felt_by_another_process(tmp_path: Path):
    """The probe tells a lock that is held from one that is free, and both from a file that is not there."""
    claim = str(tmp_path / "claim")
    ask = f"from ot_grid.doctor import probe; from pathlib import Path; print(probe.lock(Path({claim!r})))"

    def felt() -> str:
        return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()

    with store.claim(tmp_path):
        assert felt() == "held"
    assert felt() == "free"
    (tmp_path / "claim").unlink()
    assert "No such file" in felt()


def test_a_replaced_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is renamed over a file shows; what is not is given up in the end."""
    monkeypatch.setattr(probe, "RENAME_SECONDS", 0.3)
    token = tmp_path / "token"
    token.write_text("before")
    assert probe.seen(token) is None
    store.write_text(token, probe.AFTER)
    assert probe.seen(token) is not None


def test_a_broken_package_is_a_cause_and_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever an import raises is told in a line."""
    (tmp_path / "package_that_breaks.py").write_text("raise RuntimeError('no CUDA\\nmore')")
    monkeypatch.syspath_prepend(tmp_path)
    assert probe.problem("package_that_breaks") == "RuntimeError: no CUDA"
    assert probe.problem("no_such_package") == "ModuleNotFoundError: No module named 'no_such_package'"
    assert probe.problem("json") is None


@pytest.mark.parametrize(
    ("mode", "key", "state"),
    [("off", "", OK), ("offline", "", OK), ("online", "", BROKEN), ("online", "variable", OK), ("online", "netrc", OK)],
)
def test_a_key_for_wandb_is_looked_for_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, key: str, state: str
):
    """Online needs a key, in the environment or in a netrc file; its text appears nowhere."""
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_API_KEY", "not-to-be-seen" if key == "variable" else "")
    if key == "netrc":
        (tmp_path / "netrc").write_text("machine api.wandb.ai login user password not-to-be-seen\n")
    found = here.tracking(Plan("a", (), {}, (), {}, Runtime(tracking=Tracking(mode=mode))))
    assert found.state == state
    assert "not-to-be-seen" not in found.told


def test_folders_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A cache is told with its size, or that it can be made."""
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "weights").write_bytes(b"0" * 2**27)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    plan = Plan("a", (), {}, (), {}, Runtime(cluster=Cluster(model_cache=str(tmp_path / "no" / "models"))))
    home, ours = here.caches(plan)
    assert (home.state, ours.state) == (OK, OK)
    assert "holds 0.1 GiB" in home.told
    assert "can be made" in ours.told


def test_without_slurm_nothing_else_of_it_is_tried(
    plan: Plan, own_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Where sinfo is not there, that is the one thing that is broken, and no job is sent."""
    monkeypatch.setenv("PATH", str(tmp_path))
    artifacts = api.artifacts_of(api.plan(["teacher=reference"]))
    found = list(doctor.examine(plan, artifacts, wait=1))
    (broken,) = [finding for finding in found if finding.state == BROKEN]
    assert broken.what == "Slurm"
    assert "log in to the cluster" in broken.told


@pytest.mark.slow
def test_on_this_machine_it_runs_to_the_end(own_store: Path, capsys: pytest.CaptureFixture[str]):
    """Without Slurm a process looks around: store, locks, imports; nothing is left behind."""
    words = ["doctor", "teacher=reference", "source=gsm_symbolic", "mix=top1", "eval=sums", "tracking=off", "--json"]
    code = cli.main(words)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    whats = {finding["what"] for finding in found}
    assert {"store", "models, files", "W&B", "cpu, inference, train"} <= whats
    assert not whats & {"Slurm", "partition", "accounting", "jobs"}
    assert code == any(finding["state"] == BROKEN for finding in found)
    assert any("locks hold" in finding["told"] for finding in found)
    assert not (own_store / "doctor").exists()
