"""What is submitted, in which order and how often. Here Slurm is played by scripts; tests/slurm has the real one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.cli import main
from ot_grid.cluster import batches, slurm
from ot_grid.errors import BadInput, OtGridError
from ot_grid.launch import launch
from ot_grid.planning import freezing
from ot_grid.store import Store
from tests.cluster.conftest import planned, sent, tasks
from tests.sweeps import record


def test_each_stage_run_is_in_one_array_behind_those_of_its_inputs(cluster: Path):
    """Arrays are submitted parents first; each waits for those of its inputs, whatever becomes of them."""
    plan, artifacts = planned()
    outcome = launch(plan, artifacts)
    arrays = tasks(plan)
    assert set(arrays) == set(plan.runs)
    assert outcome.handed_over == len(plan.runs)
    assert sorted(outcome.submitted, key=int) == list(sent(cluster))
    for run in plan.runs.values():
        script = sent(cluster)[arrays[run.key]]
        edge = re.search(r"--dependency=afterany:(\S+)", script)
        waits = set(edge[1].split(":") if edge else [])
        assert {arrays[parent] for parent in run.inputs} - {arrays[run.key]} <= waits
        assert all(int(parent) < int(arrays[run.key]) for parent in waits)


def test_a_script_says_what_the_settings_say(cluster: Path):
    """Partition, resources of the stage, requeue, the signal to the batch script itself, and the batch's name."""
    given = ["train.time=77", "max_parallel=3", "grace=200"]
    plan, artifacts = planned("teacher=qwq,r1", *(f"cluster.slurm.{setting}" for setting in given))
    launch(plan, artifacts)
    training = next(run for run in plan.runs.values() if run.stage == "train")
    script = sent(cluster)[tasks(plan)[training.key]]
    for line in ("partition=gpu", "time=77", "gpus-per-node=1", "array=0-1%2", "signal=B:USR1@200", "requeue",
                 "kill-on-invalid-dep=yes", "open-mode=append", "mem=65536M", "job-name=train-filter-"):  # fmt: skip
        assert f"#SBATCH --{line}" in script
    assert re.search(r"#SBATCH --comment=ot_grid:\d{8}T\d+-train-\w{8}\n", script)
    assert re.search(r"\nexec .* -u -m ot_grid.job /.*-train-", script)
    assert "srun" not in script
    assert "wckey" not in script


def test_a_wckey_is_the_users_alone(cluster: Path):
    """A cluster that enforces them refuses any other."""
    launch(*planned("+cluster.slurm.extra.wckey=mine"))
    assert all("#SBATCH --wckey=mine\n" in script for script in sent(cluster).values())


def test_what_is_queued_is_not_submitted_again(cluster: Path):
    """The same command again submits nothing while its jobs are there, and everything when they are gone."""
    first = launch(*planned())
    again = launch(*planned())
    assert (again.submitted, again.queued) == ([], first.handed_over)
    for path in (cluster / "sent").iterdir():
        path.unlink()
    assert launch(*planned()).handed_over == first.handed_over


def test_jobs_that_slurm_holds_back_are_released(cluster: Path):
    """After a start that failed on a lost node they would wait for somebody; the same command, or cron, is somebody."""
    plan, artifacts = planned()
    launch(plan, artifacts)
    assert "release" not in (cluster / "told").read_text()
    (cluster / "reason").write_text("launch failed requeued held")
    launch(plan, artifacts)
    released = next(line for line in (cluster / "told").read_text().splitlines() if line.startswith("release"))
    assert "1_0" in released.split()


def test_two_heartbeats_wait_for_the_clock_alone(cluster: Path):
    """Half a turn apart; they are there once, stand behind no job, and go when nothing else of the sweep is queued."""
    launch(*planned())
    hearts = {n: text for n, text in sent(cluster).items() if "--job-name=heartbeat-" in text}
    assert [re.search(r"--begin=(\S+)", text)[1] for text in hearts.values()] == ["now+900", "now+1800"]
    assert not any("--dependency" in text for text in hearts.values())
    assert launch(*planned()).submitted == []
    for n in sent(cluster).keys() - hearts.keys():
        (cluster / "sent" / n).unlink()
    (cluster / "sacct").write_text("#!/bin/sh\n" + 'for n in $(seq 99); do echo "${n}_0|CANCELLED by 0|0:0"; done\n')
    launch(*planned(), by_hand=False)
    told = (cluster / "told").read_text().splitlines()
    assert told[-1] == f"cancel {' '.join(f'{n}_0' for n in hearts)}"


def test_nobody_looks_where_no_heartbeat_is_wanted(cluster: Path):
    """Neither without an interval, nor where nothing is to heal by itself."""
    launch(*planned("cluster.slurm.heartbeat=null"))
    launch(*planned("cluster.slurm.self_heal=false", "filter=none"))
    assert not [text for text in sent(cluster).values() if "heartbeat" in text]


def test_another_sweep_waits_for_what_this_one_submitted(cluster: Path):
    """A stage run that two sweeps share is submitted once, and the second's jobs wait for the first's."""
    plan, artifacts = planned()
    launch(plan, artifacts)
    other = api.plan(["filter=random,none", "cluster=slurm", "eval=[sums,gcd]"])
    artifacts = api.artifacts_of(other)
    freezing.freeze(other, artifacts)
    outcome = launch(other, artifacts)
    shared = set(plan.runs) & set(other.runs)
    assert outcome.queued == len(shared)
    assert outcome.handed_over == len(other.runs) - len(shared)
    mix = next(run for run in other.runs.values() if run.stage == "mix")
    after = next(run for run in other.runs.values() if mix.key in run.inputs and run.key not in plan.runs)
    assert f"afterany:{tasks(plan)[mix.key]}" in sent(cluster)[tasks(other)[after.key]]


@pytest.mark.slow
def test_a_submitter_killed_after_sbatch_is_found_by_the_comment(cluster: Path, own_store: Path):
    """The id was never noted; the job is known by its batch's name, and not submitted again."""
    (cluster / "die").touch()
    line = [sys.executable, "-m", "ot_grid", "filter=random", "cluster=slurm", "eval=[sums]", "tracking='off'"]
    assert subprocess.run(line, check=False, capture_output=True).returncode == -9
    (cluster / "die").unlink()
    assert list(sent(cluster)) == ["1"]
    plan = api.plan(["filter=random", "cluster=slurm", "eval=[sums]"])
    outcome = api.run(plan).outcome
    assert outcome.queued == 6
    assert outcome.handed_over == len(plan.runs) - 6
    assert "--dependency=afterany:1_0" in sent(cluster)["2"]


def test_an_array_is_split_at_what_the_cluster_takes(cluster: Path):
    """No array has more tasks than MaxArraySize - 1, the largest index; all tasks are there, each once."""
    (cluster / "array").write_text("3")
    plan, artifacts = planned("teacher=qwq,r1,phi")
    launch(plan, artifacts)
    given = batches.of_sweep(Store(plan.runtime.store), plan.name)
    assert max(len(batch.tasks) for batch in given) == 2
    assert sum(order["stage"] == "train" for batch in given for orders in batch.tasks for order in orders) == 6
    assert [len(batch.tasks) for batch in given if batch.stage == "train"] == [2, 1, 2, 1]


def test_no_more_is_submitted_than_the_cluster_takes(cluster: Path):
    """What does not fit waits, nothing is submitted before its inputs, and the same command goes on later."""
    (cluster / "jobs").write_text("6")
    plan, artifacts = planned()
    outcome = launch(plan, artifacts)
    jobs = sum(int(n) + 1 for text in sent(cluster).values() for n in re.findall(r"--array=0-(\d+)", text))
    assert jobs <= 6
    assert outcome.left > 0
    assert outcome.handed_over + outcome.left == len(plan.runs)
    given = set(tasks(plan))
    assert all(parent in given for key in given for parent in plan.runs[key].inputs)


@pytest.mark.slow  # computes for seconds
def test_a_wave_larger_than_what_one_user_may_queue_goes_in_pieces(cluster: Path):
    """As much of a wave as there is room for is submitted, with the job that heals: it submits the rest later."""
    (cluster / "jobs").write_text("3")  # three teachers are asked by an array of three jobs
    plan, artifacts = planned("teacher=qwq,r1,phi", "cluster.slurm.heartbeat=null")
    seen: set[str] = set()
    for _ in plan.runs:
        outcome = launch(plan, artifacts)
        jobs = sum(int(n) + 1 for text in sent(cluster).values() for n in re.findall(r"--array=0-(\d+)", text))
        assert jobs <= 3
        assert outcome.submitted
        assert outcome.handed_over + outcome.left + outcome.cached == len(plan.runs)
        given = tasks(plan).keys() - seen
        seen |= given
        for key in given:
            record(artifacts, plan.runs[key])
        for each in (cluster / "sent").iterdir():
            each.unlink()
        if not outcome.left:
            break
    assert seen == set(plan.runs)


def test_without_any_room_nothing_is_said_to_be_done(cluster: Path, capsys: pytest.CaptureFixture[str]):
    """Where the user's other jobs fill the limit, the command says what waits, prints no table, and fails."""
    (cluster / "jobs").write_text("1")
    plan, artifacts = planned("cluster.slurm.heartbeat=null")
    outcome = launch(plan, artifacts)
    assert (outcome.submitted, outcome.left, outcome.on_cluster) == ([], len(plan.runs), True)
    assert main(["resume", plan.name, "--store", plan.runtime.store]) == 1
    assert f"{len(plan.runs)} wait for room under the limits of the cluster" in capsys.readouterr().out


def test_a_deleted_jobs_folder_stops_nothing(cluster: Path):
    """Somebody who tidies up deletes what was given to Slurm: every sweep goes on, that one too."""
    first, artifacts = planned()
    launch(first, artifacts)
    shutil.rmtree(artifacts.place.root / "jobs")
    assert launch(*planned("filter=none")).submitted
    assert api.status(first.name, place=artifacts.place.root).counts["failed"] == 0
    again = launch(first, artifacts)
    assert again.submitted
    assert again.handed_over + again.queued == len(first.runs)


def test_more_workers_can_be_added_later(cluster: Path):
    """The same command with more workers adds what is missing to a stage run that is queued."""
    one = ["cluster.slurm.traces.workers=2"]
    plan, artifacts = planned(*one)
    launch(plan, artifacts)
    traces = [run.key for run in plan.runs.values() if run.stage == "traces"]

    def workers() -> list[int]:
        given = batches.of_sweep(Store(plan.runtime.store), plan.name)
        all_tasks = [order for batch in given for orders in batch.tasks for order in orders]
        return [sum(order["key"] == key and order["shared"] for order in all_tasks) for key in traces]

    assert workers() == [2, 2]
    launch(*planned("cluster.slurm.traces.workers=5"))
    assert workers() == [5, 5]


def test_what_never_fits_is_told_before_anything_is_submitted(cluster: Path):
    """All of it at once, with the stage, what it asks for and what there is."""
    given = ["train.gpus=16", "eval.gpu_type=a100", "filter.partition=gpus", "traces.time=99999", "train.nodes=2"]
    with pytest.raises(BadInput) as told:
        launch(*planned("train.batch_size=32", *(f"cluster.slurm.{setting}" for setting in given)))
    text = str(told.value)
    assert re.search(r"train .*: 2 node\(s\) with 16 GPUs, .* of which partition gpu has 0; its largest: 8 GPUs", text)
    assert re.search(r"eval .*: 1 node\(s\) with 1 a100 GPUs", text)
    assert re.search(r"filter .*: there is no partition 'gpus'; did you mean 'gpu'", text)
    assert re.search(r"traces .*: time=99999 minutes, and partition gpu ends jobs after 10080", text)
    assert not sent(cluster)


def test_no_slurm_is_told(cluster: Path, monkeypatch: pytest.MonkeyPatch):
    """Where squeue is not there, or does not answer, the way out is named before anything is submitted."""
    (cluster / "down").touch()
    with pytest.raises(BadInput, match=r"squeue does not answer here \(slurm_load_jobs error\).*take cluster=local"):
        launch(*planned())
    monkeypatch.setenv("PATH", str(cluster / "nowhere"))
    with pytest.raises(BadInput, match="log in to the cluster"):
        slurm.queue()


def test_a_refused_job_is_told(cluster: Path):
    """An sbatch that fails is an error with its words; the same command submits the rest later."""
    (cluster / "refuse").touch()
    with pytest.raises(OtGridError, match=r"sbatch refused .*refused"):
        launch(*planned())
    (cluster / "refuse").unlink()
    assert launch(*planned()).submitted


def test_a_job_in_a_job_takes_nothing_over(cluster: Path, monkeypatch: pytest.MonkeyPatch):
    """What an outer job left in the environment is not handed on to sbatch; where Slurm's settings lie is."""
    (cluster / "sbatch").write_text(f"#!/bin/sh\nenv > {cluster}/env\necho Submitted batch job 1\n")
    for name in ("SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_CPUS_PER_TASK", "SBATCH_PARTITION", "OT_GRID_JOB"):
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm/mine.conf")
    launch(*planned())
    given = (cluster / "env").read_text()
    assert "SLURM_CONF=/etc/slurm/mine.conf" in given
    assert not re.search(r"^(SLURM_(?!CONF)|SBATCH_|OT_GRID_JOB)", given, re.MULTILINE)
