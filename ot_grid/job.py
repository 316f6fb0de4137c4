"""What a Slurm job runs: its orders from frozen JSON, told to stop in time, queued again when that helps.

One idea: the process is the job's own batch script, so Slurm's signals reach it and it alone: a time limit or a
preemption becomes `Stopped` at a safe place, and the same job, queued again, goes on from what is stored. It must not
compose, plan or submit.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ot_grid import attempts, machine, stopping, store
from ot_grid.cluster import batches, slurm
from ot_grid.config import Cluster, Runtime
from ot_grid.errors import OtGridError, UpstreamMissing
from ot_grid.planning import packs
from ot_grid.stopping import Stopped
from ot_grid.store import Store

FAILED, UPSTREAM, STOPPED = 1, 3, 75  # exit codes
SIGNALS = (signal.SIGUSR1, signal.SIGTERM)
LAST_SECONDS, POLL_SECONDS = 20.0, 0.1  # in which copies see that what they helped with is done
EARLY = 90  # seconds by which Slurm may send its signal before the time that was asked for, and some


def main(folder: str) -> int:
    """Run the task of a batch that this job is; return its exit code."""
    batch = batches.read(Path(folder))
    if batch.heals:
        resume = ["-m", "ot_grid", "resume", batch.sweep, "--store", str(batch.folder.parents[2])]
        os.execv(sys.executable, [sys.executable, *resume])  # noqa: S606 (the process that Slurm watches stays one)
    task = int(os.environ.get("SLURM_ARRAY_TASK_ID", "0"))
    job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{task}"
    os.environ.update(OT_GRID_JOB=job, OT_GRID_LOG=batch.log(job.partition("_")[0], task))
    place, cluster = Store(batch.folder.parents[2]), batch.runtime.cluster
    orders = batch.tasks[task]
    try:
        listen(job, int(batch.resources.grace or cluster.slurm.grace or 0))
        say(f"job {job} on {os.uname().nodename}, queued again {os.environ.get('SLURM_RESTART_COUNT', '0')} times")
        if len(batch.tasks) > 1 and len(orders) == 1:
            name_after(job, orders[0])
        runtime = replace(batch.runtime, cluster=replace(cluster, threads=threads(cluster)))
        return run(place, orders, runtime, batch.resources.split)
    except Stopped as stopped:
        return stop(job, str(stopped), place, orders, cluster.slurm.retries)


def run(place: Store, orders: Sequence[Mapping[str, Any]], runtime: Runtime, split: int | None = None) -> int:
    """Run the orders of a task, with as many copies of their model as have GPUs; return the exit code."""
    from ot_grid.running.execute import run_orders

    left = [order for order in orders if not give_up(place, order, runtime.cluster.slurm.retries)]
    try:
        with copies(place, left, runtime, split) as shared:
            run_orders(str(place.root), shared, runtime)
    except UpstreamMissing as error:
        say(f"upstream: {error}")
        return UPSTREAM
    except OtGridError as error:
        say(f"failed: {error}")
        return FAILED
    return 0 if len(left) == len(orders) else FAILED


@contextmanager
def copies(
    place: Store, orders: Sequence[Mapping[str, Any]], runtime: Runtime, split: int | None
) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Have further copies of a model work on the GPUs of this job that one copy does not take; yield what is to be run.

    This process takes the first GPUs. The others work off the same replies; what they have is stored as it is finished,
    so they may end with this one, however it ends.
    """
    machine.gpus()  # remembered before this process is given some of them: the record counts those of the job
    names = machine.gpu_names()
    more = [names[start : start + split] for start in range(split, len(names), split)] if split else []
    groups = [group for group in more if len(group) == split]
    if not (orders and groups) or any(order["recipe"]["stage"] not in packs.SHARED for order in orders):
        yield orders
        return
    from ot_grid.running.processes import Processes

    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names[:split])
    together = [{**order, "shared": True} for order in orders]
    count = max(1, (runtime.cluster.threads or 1) // (len(groups) + 1))
    share = replace(runtime, cluster=replace(runtime.cluster, threads=count))
    processes = Processes(place.root / "jobs" / "copies", count)
    started = [processes.start(place.root, together, share, gpus=group, warm=True) for group in groups]
    say(f"{len(started) + 1} copies of the model, over {split} GPUs each; logs: {started[0].log.parent}")
    try:
        yield together
        deadline = time.monotonic() + LAST_SECONDS
        while not all(process.done for process in started) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            processes.refresh()
    finally:
        processes.refresh()  # by which it is known who they are
        for process in started:
            process.interrupt()
        processes.close()


def give_up(place: Store, order: Mapping[str, Any], retries: Mapping[str, int]) -> bool:
    """Whether a stage run has failed so often that this job, queued again by Slurm, leaves it."""
    folder = place.root / order["folder"]
    history = attempts.read(folder)
    why = attempts.exhausted(history, retries)
    if not why or (folder / store.RECORD).exists():
        return False
    say(f"giving up {order['folder']}: {why}")
    if history[-1].outcome is None:
        attempts.end(folder, "node lost", "started again and again, and lost each time", name=history[-1].id)
    return True


def listen(job: str, grace: int) -> None:
    """Turn Slurm's signals into a request to stop."""

    def told(number: int, _: object) -> None:
        for kind in SIGNALS:
            signal.signal(kind, signal.SIG_IGN)  # once is enough; queueing the job again sends SIGTERM to it
        reason = near_its_end(job, grace) if number == signal.SIGUSR1 else of_term(job)
        say(f"signal {signal.Signals(number).name}: {reason}")
        stopping.ask(reason)

    for kind in SIGNALS:
        signal.signal(kind, told)


def near_its_end(job: str, grace: int) -> str:
    """Return what SIGUSR1 means: the time limit, when it is near; else a preemption with some time of grace."""
    try:
        with slurm.hurried(5):
            now = slurm.details(job)
    except OtGridError:
        return "time limit"
    return "time limit" if now.preempted is False and now.end - time.time() <= grace + EARLY else "preempted"


def of_term(job: str) -> str:
    """Return what SIGTERM means: the time limit, a preemption or requeue, or else somebody's scancel."""
    try:
        with slurm.hurried(5):
            now = slurm.details(job)
    except OtGridError:
        return "preempted"
    if now.reason == "TimeLimit":
        return "time limit"
    again = now.restarts > int(os.environ.get("SLURM_RESTART_COUNT", "0"))
    return "preempted" if now.preempted or again or now.state == "RUNNING" else "cancelled"


def stop(job: str, reason: str, place: Store, orders: Sequence[Mapping[str, Any]], retries: Mapping[str, int]) -> int:
    """Have this job queued again, unless somebody cancelled it or its stage runs have used up their retries."""
    spent = [
        why for order in orders if (why := attempts.exhausted(attempts.read(place.root / order["folder"]), retries))
    ]
    if reason == "cancelled" or spent:
        say(f"not queued again: {'; '.join(spent) or reason}")
        return STOPPED
    try:
        if slurm.details(job).state == "RUNNING":
            slurm.requeue(job)
            say("queued again; the next start goes on from what is stored")
    except OtGridError as error:
        say(f"could not be queued again ({error}); the same command submits it anew")
    return STOPPED


def name_after(job: str, order: Mapping[str, Any]) -> None:
    """Name this task of an array after its stage run, so that squeue shows what it does."""
    try:
        slurm.rename(job, str(order["folder"]).replace("/", "-"))
    except OtGridError as error:
        say(f"not renamed: {error}")


def threads(cluster: Cluster) -> int | None:
    """Return the threads of this job: what the cluster config says, else the cores that Slurm gave."""
    given = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("SLURM_CPUS_ON_NODE")
    return cluster.threads or (int(given) if given else None)


def say(text: str) -> None:
    """Write to the job's log."""
    print(f"ot_grid: {text}", flush=True)  # noqa: T201 (a job's stdout is its log)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
