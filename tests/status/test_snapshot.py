"""`status` and `logs` tell where a sweep stands: short, complete, and never more than is known."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid import status as overview
from ot_grid.cli import status as command
from ot_grid.cluster import batches, standing
from ot_grid.cluster.standing import DONE, QUEUED, RUNNING, Standing
from ot_grid.config import Recipe, Resources, Runtime
from ot_grid.planning.plan import Cell, Plan, StageRun
from ot_grid.running import progress
from ot_grid.running.progress import Progress
from ot_grid.status import outlook
from ot_grid.status.outlook import Spell
from ot_grid.status.snapshot import BLOCKED, FAILED, STOPPED, WAITING, Snapshot
from tests.sweeps import local_sweep, record

NOW = 1_800_000_000.0
REHEARSED = {"train": {"student": {"id": "small", "revision": None, "stands_for": "large"}}}


def stage_run(key: str, *inputs: str) -> StageRun:
    """A stage run whose key tells its stage: train1, eval1-sums."""
    stage = re.split(r"\d", key)[0]
    return StageRun(key, stage, f"{stage}-label", "", "cpu", (1,), {}, inputs)


def planned(*runs: StageRun, cells: int = 1, recipe: dict | None = None) -> Plan:
    every = [
        Cell(f"cell{n}", {"seed": str(n)}, Recipe(recipe or {}, {}), tuple(r.key for r in runs)) for n in range(cells)
    ]
    return Plan("a-sweep", (), {}, tuple(every), {run.key: run for run in runs}, Runtime())


def chain(**states: Standing) -> Snapshot:
    """A source, a train after it, an eval after that, each in the state that is given."""
    plan = planned(stage_run("source1"), stage_run("train1", "source1"), stage_run("eval1", "train1"))
    return Snapshot(plan, {key: states.get(key, Standing(DONE)) for key in plan.runs})


def text(snapshot: Snapshot, **options: bool) -> str:
    return "\n".join(overview.text(snapshot, **options))


def queued(reason: str = "Priority", job: str = "7_0", start: str = "N/A") -> Standing:
    return Standing(QUEUED, job=job, reason=reason, start=start)


# What is shown


def test_a_thousand_stage_runs_fit_on_a_screen():
    """What is queued is counted by stage and reason, what runs is named up to a limit; --all names everything."""
    trains = [stage_run(f"train{n}") for n in range(250)]
    evals = [stage_run(f"eval{n}-{name}", f"train{n}") for n in range(250) for name in "abc"]
    plan = planned(*trains, *evals)
    found = {run.key: queued("Dependency", f"9_{run.key[4:].split('-')[0]}") for run in evals}
    found |= {
        run.key: Standing(RUNNING, job=f"8_{n}") if n < 100 else queued(job=f"8_{n}") for n, run in enumerate(trains)
    }
    snapshot = Snapshot(plan, found)
    assert text(snapshot).count("\n") < 45
    assert "train         150 stage runs in 150 jobs: behind jobs of higher priority (Priority)" in text(snapshot)
    assert "eval          750 stage runs in 250 jobs: waiting for what they are made from (Dependency)" in text(
        snapshot
    )
    assert "... and 80 more (all of them: --all)" in text(snapshot)
    assert text(snapshot, every=True).count("\n") > 1000


def test_a_failure_is_told_with_its_class_cause_and_log():
    """One line names it; what waits for it is counted, and the way out is said."""
    failed = Standing(standing.FAILED, "out of memory", "CUDA out of memory\nmuch more", "/logs/8_0_0_log.out", "8_0")
    shown = text(chain(train1=failed, eval1=Standing(standing.FAILED, "upstream")))
    assert "train train-label [train1]: out of memory: CUDA out of memory (log: /logs/8_0_0_log.out)" in shown
    assert "much more" not in shown
    assert "1 stage run waits for train train-label [train1]" in shown
    assert "python -m ot_grid retry a-sweep" in shown
    assert "0 of 1 cell complete" in shown


def test_no_cause_is_hidden_behind_many_alike():
    """Of a hundred failures with one cause three are named, and the only one with another cause as well."""
    runs = [stage_run(f"train{n}") for n in range(100)]
    found = {run.key: Standing(standing.FAILED, "killed", "no word", f"/logs/{run.key}") for run in runs}
    found["train99"] = Standing(standing.FAILED, "bug", "KeyError: 'prompt'", "/logs/99")
    shown = text(Snapshot(planned(*runs), found))
    assert shown.count("killed: no word") == 3
    assert "... and 96 more of train alike" in shown
    assert "bug: KeyError: 'prompt' (log: /logs/99)" in shown


def test_what_somebody_stopped_did_not_fail():
    """Interrupted and cancelled stage runs, and those after them, are no failures: exit code 0, and `retry` goes on."""
    for outcome in ("stopped", "cancelled"):
        stopped = Standing(standing.FAILED, outcome, "KeyboardInterrupt")
        snapshot = chain(train1=stopped, eval1=Standing(standing.FAILED, "upstream"))
        assert snapshot.kinds == {"source1": DONE, "train1": STOPPED, "eval1": WAITING}
        assert not snapshot.failed
        assert "go on with what was stopped: python -m ot_grid retry a-sweep" in text(snapshot)


def test_what_came_too_early_waits_and_is_not_blocked():
    """A stage run that found its inputs missing waits as long as nothing upstream has failed."""
    early = Standing(standing.FAILED, "upstream", "waits for train/x: no record there yet", told=True)
    assert chain(train1=Standing(RUNNING), eval1=early).kinds["eval1"] == WAITING
    assert chain(train1=Standing(standing.FAILED, "bug"), eval1=early).kinds["eval1"] == BLOCKED


def test_a_sweep_that_is_done_points_to_its_table():
    """Nothing is queued, nothing is expected: the next thing is the report."""
    shown = text(chain())
    assert "1 of 1 cell complete" in shown
    assert shown.endswith("the table of what is complete: python -m ot_grid report a-sweep")
    assert "expected end" not in shown


def test_a_job_that_heals_is_waited_for():
    """Where a queued job will submit again what can pass, nobody is told to do it; a watcher goes on."""
    snapshot = chain(eval1=Standing(standing.FAILED, "killed", "gone"))
    assert not snapshot.moving
    assert "python -m ot_grid resume a-sweep" in text(replace(snapshot, given=True))
    job = standing.Queued("12", "heal", 0, "PENDING", "Dependency", "N/A", "heal-a-sweep", "me")
    healed = replace(snapshot, healing=[job], given=True)
    assert healed.moving
    assert "by job 12" in text(healed)
    assert "resume" not in text(healed)


def test_silence_of_slurm_is_not_failure():
    """What cannot be known is unknown, and what the disk says is still told."""
    snapshot = replace(chain(eval1=Standing("unknown")), silence="squeue has not answered for 60 s")
    shown = text(snapshot)
    assert "Slurm does not answer" in shown
    assert "2 done, 1 unknown" in shown
    assert not snapshot.failed


def test_json_has_a_line_for_each_stage_run():
    """Scripts get key, state, cause, log, job and what is waited for, with counts and the expected end."""
    failed = Standing(standing.FAILED, "bug", "KeyError", "/logs/8", "8_0")
    data = json.loads(json.dumps(overview.as_data(chain(train1=failed, eval1=Standing(standing.FAILED, "upstream")))))
    assert data["counts"] | {"done": 1, "failed": 1, "blocked": 1} == data["counts"]
    train, evaluation = data["runs"][1:]
    expected = {
        "key": "train1",
        "state": FAILED,
        "outcome": "bug",
        "message": "KeyError",
        "log": "/logs/8",
        "job": "8_0",
    }
    assert train | expected == train
    assert (evaluation["state"], evaluation["waits_for"]) == (BLOCKED, "train1")
    assert data["cells"] == {"complete": 0, "all": 1}


def test_progress_is_a_courtesy(tmp_path: Path):
    """A missing, torn or foreign progress file says nothing; a good one says how fast it goes."""
    for content in (None, "{", '{"done": 1}', "[]"):
        if content:
            (tmp_path / "progress.json").write_text(content)
        assert progress.read(tmp_path) is None
    line = {"done": 30, "total": 60, "what": "replies", "started": NOW - 10, "at": NOW}
    (tmp_path / "progress.json").write_text(json.dumps(line))
    assert str(progress.read(tmp_path)) == "30/60 replies (3.0/s)"
    assert str(Progress(2, 9, "steps", NOW - 60, NOW)) == "2/9 steps (30 s each)"
    assert str(Progress(0, 0, "steps", NOW, NOW)) == "no steps yet"


# When it will be done


def expected(plan: Plan, found: dict[str, Standing], spells: list[Spell] = [], **at: Progress) -> outlook.Outlook:  # noqa: B006
    return outlook.expect(plan, found, spells, at, NOW)


def took(stage: str, seconds: float, job: str = "1_0") -> Spell:
    return Spell(stage, job, NOW - 1000, NOW - 1000 + seconds)


def test_the_end_is_as_far_as_the_longest_chain():
    """Stage runs that wait for each other follow each other, a running one is taken as half done."""
    snapshot = chain(train1=Standing(RUNNING, job="8_0"), eval1=queued("Dependency", "9_0"))
    found = expected(snapshot.plan, dict(snapshot.found), [took("train", 100), took("train", 300), took("eval", 40)])
    assert found.seconds == 200 / 2 + 40


def test_the_end_is_as_far_as_the_work_of_the_jobs_that_run_at_once():
    """Where more wait for room, what is left is divided by the jobs that run now."""
    runs = [stage_run(f"train{n}") for n in range(12)]
    states = {
        run.key: Standing(RUNNING, job=f"8_{n}") if n < 2 else queued("Resources", f"8_{n}")
        for n, run in enumerate(runs)
    }
    found = expected(planned(*runs), states, [took("train", 60)])
    assert found.seconds == (2 * 30 + 10 * 60) / 2
    assert "2 jobs at once" in found.why


def test_a_job_does_its_stage_runs_one_after_the_other():
    """The benchmarks of one student are one job: its time is the sum of theirs, however many jobs run."""
    runs = [stage_run(f"eval{n}") for n in range(4)]
    states = {"eval0": Standing(RUNNING, job="8_0")}
    states |= {run.key: queued(standing.IN_ITS_JOB, "8_0") for run in runs[1:]}
    assert expected(planned(*runs), states, [took("eval", 20, f"{n}_0") for n in range(8)]).seconds == 10 + 3 * 20


def test_progress_tells_how_long_a_stage_takes():
    """A training at a quarter after 100 s takes 300 s more, and another one like it 400 s."""
    plan = planned(stage_run("train1"), stage_run("train2", "train1"))
    states = {"train1": Standing(RUNNING, job="8_0"), "train2": queued("Dependency", "9_0")}
    found = expected(plan, states, train1=Progress(25, 100, "steps", NOW - 100, NOW))
    assert found.seconds == pytest.approx(300 + 400)


def test_what_is_not_known_is_not_guessed():
    """Before any training has told, the end is unknown; only a rehearsal has usual times, and says so."""
    runs = stage_run("train1"), stage_run("eval1", "train1")
    states = {"train1": Standing(RUNNING, job="8_0"), "eval1": queued("Dependency", "9_0")}
    found = expected(planned(*runs), states, [took("eval", 40)])
    assert found.seconds is None
    assert "no train has told yet how long it takes; the rest takes at least 40 s" in found.why
    rehearsed = expected(planned(*runs, recipe=REHEARSED), states, [took("eval", 40)])
    assert rehearsed.seconds == outlook.PRIOR["train"] / 2 + 40
    assert "of train the usual time of a rehearsal" in rehearsed.why


def test_what_slurm_expects_is_added():
    """Where nothing runs, the end is counted from Slurm's estimate of the first start; without one it is unknown."""
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(NOW + 600))
    plan, spells = planned(stage_run("train1")), [took("train", 60)]
    assert expected(plan, {"train1": queued("Priority", start=start)}, spells).seconds == 660
    assert expected(plan, {"train1": queued("Priority")}, spells).seconds is None


def test_nothing_left_is_no_end():
    """A done sweep has no time left; one that is stopped has no end at all."""
    assert expected(chain().plan, dict(chain().found)).seconds == 0
    assert expected(planned(stage_run("train1")), {"train1": Standing(standing.FAILED, "bug")}).seconds is None


# The store


def test_a_local_sweep_asks_no_slurm(own_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On a laptop the disk says everything, also when there is no squeue; what has a record is done."""
    monkeypatch.setenv("PATH", str(tmp_path))
    plan, artifacts = local_sweep()
    for run in list(plan.runs.values())[:3]:
        record(artifacts, run)
    snapshot = api.status(place=own_store)
    assert snapshot.counts | {"done": 3, "waiting": len(plan.runs) - 3} == snapshot.counts
    assert not snapshot.silence
    assert command.status([]) == 0


def test_without_slurm_a_submitted_sweep_is_unknown_not_failed(
    own_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Where squeue is not there, what has no record is unknown, and the exit code is 1; done is done even so."""
    plan, artifacts = local_sweep()
    monkeypatch.setenv("PATH", str(tmp_path))
    runs = list(plan.runs.values())
    tasks = [[artifacts.order(run, plan) for run in runs]]
    batches.intend(artifacts.place, plan.name, "cpu", tasks, resources=Resources(), runtime=plan.runtime)
    record(artifacts, runs[0])
    snapshot = api.status(place=own_store)
    assert snapshot.counts | {"done": 1, "unknown": len(runs) - 1} == snapshot.counts
    assert command.status([]) == 1
    assert "squeue is not here" in capsys.readouterr().out
    for run in runs[1:]:
        record(artifacts, run)
    assert command.status([]) == 0
    assert [line for line in api.explain([plan.cells[0].id], place=own_store) if "done" in line]
    assert api.retry(place=own_store).outcome.cached == len(runs)


def test_watching_ends_when_nothing_moves(own_store: Path, capsys: pytest.CaptureFixture[str]):
    """A sweep of which nothing is queued is shown once; a name in the place of the seconds is explained."""
    plan, _ = local_sweep()
    assert command.status([plan.name, "--watch"]) == 0
    assert capsys.readouterr().out.count("of 2 cells complete") == 1
    with pytest.raises(SystemExit):
        command.status(["--watch", plan.name])
    assert "the sweep comes first" in capsys.readouterr().err
