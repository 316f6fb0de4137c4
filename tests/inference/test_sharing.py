"""Several processes that ask the same share the work: each reply is bought once, whoever comes, goes or is killed."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from ot_grid.inference import door as door_module
from tests.inference.workers import (
    QUESTIONS,
    Told,
    ask,
    bought_once,
    ended,
    lines,
    start,
    wait_until,
    written_by,
)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What a worker is told, but for its name."""
    monkeypatch.setattr(door_module, "open_engine", door_module.open_engine)  # `ask` replaces it
    return Told(tmp_path / "replies", "here", QUESTIONS)


def questions_in(texts: list[str]) -> list[str]:
    """Return the questions that were answered, without who answered and the seed."""
    return [text.partition(": ")[2].rpartition(" ")[0] for text in texts]


def test_three_workers_share_one_list(told):
    """Each reply is bought by one of them, each buys some, and all return the same list in the order asked."""
    all_told = [replace(told, name=name, meets=3) for name in "abc"]
    processes = [start(each) for each in all_told]
    got = [ended(each, process)[0] for each, process in zip(all_told, processes, strict=True)]
    assert bought_once(told.root, 300)
    assert set(written_by(told.root)) == {process.pid for process in processes}
    assert got[0] == got[1] == got[2]
    assert questions_in(got[0]) == QUESTIONS


def test_the_chunk_of_a_killed_worker_is_taken_over(told):
    """A worker is killed with a chunk half done: the others buy the rest of it, and nothing twice."""
    victim = replace(told, name="victim", stalls_after=2)
    others = [replace(told, name=name, meets=3) for name in "ab"]  # not done before the victim has begun
    dying, *living = [start(each) for each in (victim, *others)]
    wait_until(victim.stalled.exists)
    wait_until(lambda: len(lines(told.root)) >= 300 - 8)  # all but what the victim has in its hands
    assert all(process.is_alive() for process in living)
    os.kill(dying.pid, signal.SIGKILL)
    got = [ended(each, process)[0] for each, process in zip(others, living, strict=True)]
    assert bought_once(told.root, 300)
    assert written_by(told.root)[dying.pid] == 8
    assert got[0] == got[1]


def test_a_worker_that_comes_late_takes_part(told):
    """What two workers have not begun is there for a third."""
    all_told = [replace(told, name=name, meets=3) for name in "abc"]
    processes = [start(each) for each in all_told[:2]]
    wait_until(lambda: len(lines(told.root)) >= 8)
    processes.append(start(all_told[2]))
    got = [ended(each, process)[0] for each, process in zip(all_told, processes, strict=True)]
    assert bought_once(told.root, 300)
    assert set(written_by(told.root)) == {process.pid for process in processes}
    assert got[0] == got[1] == got[2]


@pytest.mark.parametrize("chunk", [16, None])
def test_lists_that_overlap_share_the_overlap(told, chunk):
    """Two stage runs ask 200 questions each, in other orders and other chunks: the 100 in common are bought once."""
    all_told = [
        replace(told, name="a", questions=QUESTIONS[:200], buyer="a", meets=2),
        replace(told, name="b", questions=QUESTIONS[:99:-1], buyer="b", meets=2, chunk=chunk),
    ]
    processes = [start(each) for each in all_told]
    (one, usage), (two, other) = [ended(each, process) for each, process in zip(all_told, processes, strict=True)]
    assert bought_once(told.root, 300)
    assert one[100:] == two[:99:-1]
    assert usage["bought"] + other["bought"] == 300
    assert usage["bought"] + usage["reused"] == other["bought"] + other["reused"] == 200
    assert min(usage["bought"], other["bought"]) >= 100


def test_what_a_stage_run_cost_is_counted_once_over_kill_and_resume(told):
    """A stage run is killed and resumed: its usage is all that was bought for it; for another run all is reused."""
    killed = replace(told, name="killed", buyer="run-1", stalls_after=5)
    process = start(killed)
    wait_until(killed.stalled.exists)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    _, usage = ask(replace(told, buyer="run-1"))
    assert written_by(told.root) == {process.pid: 20, os.getpid(): 280}
    assert (usage["bought"], usage["prompt_tokens"], usage["output_tokens"], usage["reused"]) == (300, 900, 1500, 0)
    _, usage = ask(replace(told, buyer="run-2"))
    assert (usage["bought"], usage["reused"], usage["output_tokens_reused"], usage["engine"]) == (0, 300, 1500, {})


def test_the_one_that_finishes_counts_what_all_workers_bought(told):
    """After workers have bought everything, the next to ask for the same stage run buys nothing and counts it all."""
    workers = [replace(told, name=name, buyer="run", meets=2) for name in "ab"]
    for worker, process in [(each, start(each)) for each in workers]:
        ended(worker, process)
    _, usage = ask(replace(told, buyer="run", chunk=None))
    assert os.getpid() not in written_by(told.root)
    assert (usage["bought"], usage["reused"], usage["seconds"]) == (300, 0, 0.0)
    assert usage["engine"]["name"] == "signing"
