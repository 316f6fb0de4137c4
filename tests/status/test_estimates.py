"""What a plan will buy and keep is said before anything is spent."""

from __future__ import annotations

import json
from collections import namedtuple
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.status import estimates
from ot_grid.status.plans import plan_text
from ot_grid.store import write_json

Room = namedtuple("Room", ["total", "used", "free"])


def said(*overrides: str) -> str:
    """What `plan` says of replies and of disks."""
    plan = api.plan(overrides)
    artifacts = api.artifacts_of(plan)
    return "\n".join(plan_text(plan, artifacts.missing(plan), artifacts))


def test_replies_and_tokens_are_counted_at_most():
    """Pool of 32 rated, 16 questions answered four times, three benchmarks of 16 questions twice: the rehearsal's."""
    told = said("filter=length", "teacher=qwq", "samples=x4", "scale.rows=64")
    assert "asks for up to 192 replies (filter 32, traces 64, eval 96), of at most 9,216 tokens" in told


def test_a_benchmark_without_a_limit_is_known_once_its_questions_are(own_store: Path):
    """Until then it is said that it is not known."""
    words = (
        "filter=random",
        "teacher=reference",
        "source=gsm_symbolic",
        "mix=top1",
        "eval=sums",
        "eval.sums.limit=null",
    )
    assert "asks for" not in said(*words)
    plan = api.plan(words)
    run = next(run for run in plan.runs.values() if run.stage == "benchmark")
    folder = api.artifacts_of(plan).folder(run)
    write_json(folder / "record.json", {"key": run.key, "counts": {"questions": 50}, "outputs": {}})
    assert "asks for up to 100 replies (eval 100)" in said(*words)


def test_a_judge_reads_every_trace():
    """As many as there are traces."""
    plan = api.plan(["filter=none", "teacher=qwq", "verify=judge", "samples=x1"])
    run = next(run for run in plan.runs.values() if run.stage == "verify")
    traces = next(run for run in plan.runs.values() if run.stage == "traces")
    artifacts = api.artifacts_of(plan)
    assert estimates.replies(run, plan, artifacts) == estimates.replies(traces, plan, artifacts) == 16


def test_students_and_a_checkpoint_need_room(monkeypatch: pytest.MonkeyPatch):
    """A 7B student is 30 GB in float32, its checkpoint 91 GB; too little room is said in capitals."""
    monkeypatch.setattr(estimates.shutil, "disk_usage", lambda _: Room(0, 0, int(100e9)))
    told = said("filter=length,random", "scale=ot_1k", "eval=math500", "teacher=qwq")
    line = next(line.strip() for line in told.splitlines() if "students" in line)
    assert line.startswith("2 students keep up to 60.8 GB, a checkpoint 91.2 GB while it trains; 100 GB are free: TOO")
    monkeypatch.setattr(estimates.shutil, "disk_usage", lambda _: Room(0, 0, int(1e12)))
    assert "TOO LITTLE ROOM" not in said("filter=length,random", "scale=ot_1k", "eval=math500", "teacher=qwq")


def test_nothing_is_said_of_what_is_done(own_store: Path):
    """A plan of which all is cached asks for nothing."""
    plan = api.plan(["filter=none", "teacher=qwq"])
    assert list(estimates.lines(plan, [], api.artifacts_of(plan))) == []
    assert json.dumps(list(own_store.glob("*"))) == "[]"
