"""One stage run in a process: guarded, claimed, worked, recorded last."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ot_grid import api, attempts, stopping, store
from ot_grid.config import Runtime
from ot_grid.errors import BadInput, OtGridError, UpstreamMissing
from ot_grid.planning import freezing
from ot_grid.planning.plan import Plan
from ot_grid.running import execute
from ot_grid.running.execute import failure_class, run_orders
from ot_grid.running.gpu_use import GpuUse
from ot_grid.stages import mix, traces, train
from ot_grid.store import Artifacts


@pytest.fixture
def sweep() -> tuple[Plan, Artifacts]:
    """A sweep whose first stages need no model."""
    plan = api.plan(["filter=random", "source=gsm_symbolic", "mix=top1", "scale.pool=6", "eval=sums", "tracking='off'"])
    artifacts = api.artifacts_of(plan)
    freezing.freeze(plan, artifacts)
    return plan, artifacts


def ordered(plan: Plan, artifacts: Artifacts, *stages: str) -> Callable[[], None]:
    """Return a call that runs the stage runs of some stages."""
    orders = [artifacts.order(run, plan) for run in plan.runs.values() if run.stage in stages]
    return lambda: run_orders(str(artifacts.place.root), orders, plan.runtime)


def folder(plan: Plan, artifacts: Artifacts, stage: str) -> Path:
    return next(artifacts.folder(run) for run in plan.runs.values() if run.stage == stage)


def test_a_stage_run_leaves_a_record_of_what_made_it(sweep: tuple[Plan, Artifacts]):
    """Counts, digests of outputs and inputs, where and with what; its recipe and how it ended lie beside it."""
    plan, artifacts = sweep
    ordered(plan, artifacts, "source", "mix")()
    made = folder(plan, artifacts, "mix")
    record = store.record_of(made)
    assert record
    assert record["counts"]["questions"] == 6
    assert record["outputs"]
    assert list(record["inputs"]) == [folder(plan, artifacts, "source").name]
    assert record["made_with"]["python"]
    assert not (made / store.PROGRESS).exists()
    assert [attempt.outcome for attempt in attempts.read(made)] == [attempts.DONE]
    assert store.read_json(made / store.RECIPE)["stage"] == "mix"


def test_a_record_says_how_busy_its_gpus_were(sweep: tuple[Plan, Artifacts], monkeypatch: pytest.MonkeyPatch):
    """What was measured while it was made; of others' GPUs nothing."""
    plan, artifacts = sweep
    use = {"busy": 0.94, "memory_gb": 71.2}
    ordered(plan, artifacts, "source")()
    assert "gpu_use" not in (store.record_of(folder(plan, artifacts, "source")) or {})
    monkeypatch.setattr(GpuUse, "told", lambda self: use)
    ordered(plan, artifacts, "mix")()
    assert (store.record_of(folder(plan, artifacts, "mix")) or {})["gpu_use"] == use


def test_what_has_a_record_is_not_made_again(sweep: tuple[Plan, Artifacts]):
    """The second order finds it done, and notes no attempt."""
    plan, artifacts = sweep
    for _ in range(2):
        ordered(plan, artifacts, "source")()
    assert len(attempts.read(folder(plan, artifacts, "source"))) == 1


def test_a_stage_run_without_its_inputs_is_upstream(sweep: tuple[Plan, Artifacts]):
    """It names what it waits for, does nothing, and is no failure of its own."""
    plan, artifacts = sweep
    with pytest.raises(UpstreamMissing, match=r"mix/.* waits for .*source.*: no record there yet"):
        ordered(plan, artifacts, "mix")()
    made = folder(plan, artifacts, "mix")
    assert attempts.read(made)[-1].outcome == "upstream"
    assert store.record_of(made) is None


def test_an_input_whose_files_were_purged_is_told_with_the_way_out(sweep: tuple[Plan, Artifacts]):
    """The record says what there was, so it is not taken for a file that never was, nor for a bug."""
    plan, artifacts = sweep
    ordered(plan, artifacts, "source")()
    of_source = folder(plan, artifacts, "source")
    (of_source / "data" / "questions.parquet").unlink()
    with pytest.raises(OtGridError, match=r"made on 20.*data/questions.parquet is no longer there: deleted, or purged"):
        ordered(plan, artifacts, "mix")()
    assert attempts.read(folder(plan, artifacts, "mix"))[-1].outcome == "bad input"


def test_one_failure_does_not_stop_the_others(sweep: tuple[Plan, Artifacts], monkeypatch: pytest.MonkeyPatch):
    """The orders of a job are all tried; the error names each that failed."""
    plan, artifacts = sweep
    ordered(plan, artifacts, "source")()

    def broken(task: Any) -> Any:
        raise OtGridError("no mixing today")

    monkeypatch.setattr(mix, "run", broken)
    with pytest.raises(OtGridError, match=r"mix/.*: no mixing today"):
        ordered(plan, artifacts, "mix", "benchmark")()
    assert store.record_of(folder(plan, artifacts, "benchmark"))
    assert attempts.read(folder(plan, artifacts, "mix"))[-1].outcome == "bug"


def full_disk(task: Any) -> Any:
    """Write half of an output, then find no space."""
    (task.out / "data").mkdir(exist_ok=True)
    (task.out / "data" / "half.parquet").write_bytes(b"PAR1")
    raise OSError(errno.ENOSPC, "No space left on device")


def test_out_of_disk_what_is_half_written_is_cleared(sweep: tuple[Plan, Artifacts], monkeypatch: pytest.MonkeyPatch):
    """It is of no use, and in the way of telling what happened."""
    plan, artifacts = sweep
    ordered(plan, artifacts, "source")()
    monkeypatch.setattr(mix, "run", full_disk)
    with pytest.raises(OtGridError, match="No space left"):
        ordered(plan, artifacts, "mix")()
    made = folder(plan, artifacts, "mix")
    assert not (made / "data").exists()
    assert attempts.read(made)[-1].outcome == "disk full"


def test_out_of_disk_a_helper_clears_nothing_of_another(sweep: tuple[Plan, Artifacts], monkeypatch: pytest.MonkeyPatch):
    """Jobs that generate together do not hold the artifact: what lies there belongs to the one that writes it."""
    plan, artifacts = sweep
    ordered(plan, artifacts, "source", "mix", "filter", "dedup")()
    of_another = folder(plan, artifacts, "traces") / "data" / "traces.parquet"
    of_another.parent.mkdir(parents=True)
    of_another.write_bytes(b"PAR1")
    monkeypatch.setattr(traces, "buy", full_disk)
    run = next(run for run in plan.runs.values() if run.stage == "traces")
    order = {**artifacts.order(run, plan), "shared": True}
    with pytest.raises(OtGridError, match="No space left"):
        run_orders(str(artifacts.place.root), [order], plan.runtime)
    assert of_another.exists()
    assert attempts.read(folder(plan, artifacts, "traces"))[-1].outcome == "disk full"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (stopping.Stopped("time limit"), "time limit"),
        (UpstreamMissing("x"), "upstream"),
        (BadInput("x"), "bad input"),
        (MemoryError(), "out of memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "GPU out of memory"),
        (ValueError("No available memory for the cache blocks. Try increasing ..."), "GPU out of memory"),
        (train.TrainerGpuOutOfMemory("x"), "GPU out of memory"),
        (train.TrainerOutOfMemory("x"), "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk full"),
        (OtGridError("the trainer: [Errno 122] Disk quota exceeded"), "disk full"),
        (KeyboardInterrupt(), "stopped"),
        (ValueError("x"), "bug"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_failures_have_a_class(error: BaseException, outcome: str):
    """What is retried, and how, hangs on it."""
    assert failure_class(error) == outcome


def test_a_commit_is_of_our_own_checkout():
    """Not of the folder that the grid runs in, and none where the package was installed."""
    told = execute.commit()
    assert told is None or len(told.removesuffix("+changes")) == 40


def test_a_share_of_the_machine_is_filled_in():
    """Threads that were given are kept."""
    given = Runtime.of({"cluster": {"threads": 3}}).cluster
    assert execute.with_threads(given).threads == 3
    given.threads = None
    assert (execute.with_threads(given).threads or 0) >= 1
    assert given.threads is None
