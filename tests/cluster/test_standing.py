"""Where stage runs stand: records decide, then the queue, then their attempts, then accounting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from ot_grid import attempts
from ot_grid.cluster import standing
from ot_grid.cluster.standing import DONE, FAILED, QUEUED, RUNNING, WAITING
from ot_grid.launch import launch
from ot_grid.planning.plan import Plan, StageRun
from tests.cluster.conftest import gone, planned
from tests.sweeps import local_sweep, record


def of(plan: Plan, stage: str) -> StageRun:
    return next(run for run in plan.runs.values() if run.stage == stage)


def test_what_was_never_begun_waits():
    """Nothing is asked of Slurm for a sweep that was not given to it."""
    plan, artifacts = local_sweep()
    assert {now.state for now in standing.look(plan, artifacts).values()} == {WAITING}


def test_a_record_is_done_whatever_else_is_said():
    """Also when the last attempt was noted as failed: another made it."""
    plan, artifacts = local_sweep()
    run = of(plan, "source")
    attempts.end(artifacts.folder(run), "bug", "it fell over")
    record(artifacts, run)
    assert standing.look(plan, artifacts)[run.key].state == DONE


def test_a_failure_is_told_and_what_needs_it_is_upstream():
    """With its class, its words and its log; descendants say 'upstream', not what happened."""
    plan, artifacts = local_sweep()
    run = of(plan, "source")
    begun = attempts.begin(artifacts.folder(run), "8_0", "/logs/8.out")
    attempts.end(artifacts.folder(run), "out of memory", "it was killed\nand more", name=begun)
    found = standing.look(plan, artifacts)
    assert (found[run.key].state, found[run.key].outcome) == (FAILED, "out of memory")
    assert str(found[run.key]) == "failed: out of memory: it was killed (log: /logs/8.out)"
    assert str(found[of(plan, "train").key]) == "upstream failed"


@pytest.mark.parametrize("outcome", [attempts.FORGIVEN, attempts.HELPED])
def test_what_was_forgiven_or_only_helped_waits(outcome: str):
    """`retry` forgets a failure; a job that only helped others made nothing."""
    plan, artifacts = local_sweep()
    run = of(plan, "source")
    attempts.end(artifacts.folder(run), outcome)
    assert standing.look(plan, artifacts)[run.key].state == WAITING


def test_what_holds_its_claim_runs():
    """Whoever works on a stage run holds a lock, on any machine."""
    plan, artifacts = local_sweep()
    run = of(plan, "source")
    folder = artifacts.folder(run)
    attempts.begin(folder, "8_0", "/logs/8.out")
    holding = f"import ot_grid.store as s, pathlib\nwith s.claim(pathlib.Path({str(folder)!r})): print(); input()"
    with subprocess.Popen([sys.executable, "-c", holding], stdin=PIPE, stdout=PIPE, text=True) as holder:
        assert holder.stdout
        holder.stdout.readline()
        now = standing.look(plan, artifacts)[run.key]
        holder.communicate("\n")
    assert (now.state, now.job, now.log) == (RUNNING, "8_0", "/logs/8.out")


def test_what_is_in_the_queue_is_queued_with_slurms_reason(cluster: Path):
    """As squeue says it."""
    plan, artifacts = planned()
    launch(plan, artifacts)
    found = standing.look(plan, artifacts)
    assert {now.state for now in found.values()} == {QUEUED}
    assert str(found[of(plan, "source").key]).endswith("(Priority)")


def test_a_death_without_a_word_is_found_out(cluster: Path):
    """What accounting says of its job; where it says nothing, that it was killed."""
    plan, artifacts = planned()
    launch(plan, artifacts)
    gone(cluster, 'for n in $(seq 99); do for i in 0 1 2; do echo "${n}_$i|NODE_FAIL|0:0"; done; done')
    now = standing.look(plan, artifacts)[of(plan, "source").key]
    assert (now.state, now.outcome, now.told) == (FAILED, "node lost", False)
    gone(cluster, "exit 1")
    now = standing.look(plan, artifacts)[of(plan, "source").key]
    assert (now.outcome, now.message) == ("killed", standing.NO_ACCOUNTING)


def test_what_accounting_says_of_silent_deaths_decides(cluster: Path):
    """Cancelled jobs come back by hand, not by themselves; a death without a word comes back as often as allowed."""
    plan, artifacts = planned("cluster.slurm.retries.killed=1", "cluster.slurm.self_heal=false")
    launch(plan, artifacts)
    gone(cluster, 'for n in $(seq 99); do for i in 0 1 2; do echo "${n}_$i|CANCELLED by 0|0:0"; done; done')
    assert launch(plan, artifacts, by_hand=False).submitted == []
    assert launch(plan, artifacts).handed_over == len(plan.runs)
    for left in (True, False):
        gone(cluster, "exit 1")
        outcome = launch(plan, artifacts, by_hand=False)
        assert bool(outcome.submitted) is left
    first = next(iter(plan.runs))
    assert "killed: 2 times, and cluster.slurm.retries allows 1" in outcome.failed[first]
    assert json.loads((artifacts.folder(plan.runs[first]) / "attempts.jsonl").read_text().splitlines()[-1])["outcome"]
