"""What the answer of a visit to a node means.

One idea: only what the plan needs can be broken; what is merely not there is said. It must not look at anything itself.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from ot_grid import machine
from ot_grid.doctor import probe
from ot_grid.doctor.finding import BROKEN, OK, WARNING, Finding
from ot_grid.extras import NEEDED
from ot_grid.planning.plan import Plan

KINDS = ("cpu", "inference", "train")
SHOWN = ("torch", "transformers", "trl", "vllm")  # versions that explain most differences


def title(kinds: set[str]) -> str:
    """Return what a visit is called: the kinds of jobs that run there."""
    return ", ".join(kind for kind in KINDS if kind in kinds)


def imports(kinds: set[str], engine: str, gpus: bool) -> list[str]:
    """Return the modules that jobs of some kinds import."""
    modules = dict.fromkeys(("ot_grid.job", "pyarrow"))
    for kind in KINDS:
        modules |= dict.fromkeys(NEEDED[kind] if kind in kinds else ())
    if "inference" in kinds and (engine == "vllm" or (engine == "auto" and gpus)):
        modules["vllm"] = None
    return list(modules)


def judge(answer: Mapping[str, Any], kinds: set[str], plan: Plan, *, on_gpu: bool) -> Iterator[Finding]:
    """Yield what is right and what is wrong where jobs of some kinds run."""
    what, cluster = title(kinds), plan.runtime.cluster
    shown = ", ".join(f"{name} {answer['versions'][name]}" for name in SHOWN if name in answer["versions"])
    devices = answer["gpus"] or ["no GPU"]
    yield Finding(OK, what, f"runs on {answer['host']}: Python {answer['python']}, {shown or 'no torch'}; {devices[0]}"
                  + (f" and {len(devices) - 1} more" if len(devices) > 1 else ""))  # fmt: skip
    yield from _imports(answer, what, cluster.engine)
    yield from _store(answer, what)
    if on_gpu:
        yield from _gpus(answer, what, kinds)
    yield from _paths(answer, what)
    if answer["slurm"] is not None:
        yield from _slurm(answer, what, cluster.slurm.self_heal)
    yield Finding(OK, what, f"programs of a model run in: {answer['sandbox']}")


def _imports(answer: Mapping[str, Any], what: str, engine: str) -> Iterator[Finding]:
    """Yield what cannot be imported, and whether that is another ot_grid than ours."""
    failed = {module: why for module, why in answer["imports"].items() if why}
    for module, why in failed.items():
        told = f"{module} cannot be imported on {answer['host']} ({why})"
        if module == "vllm" and engine == "auto":
            yield Finding(WARNING, what, f"{told}: generation falls back to transformers, which is many times slower; "
                          "pip install -c constraints-gpu.txt -e '.[vllm]'")  # fmt: skip
        else:
            yield Finding(BROKEN, what, f"{told}: install it there, or name an interpreter that has it: "
                          "cluster.slurm.python, cluster.slurm.inference.python")  # fmt: skip
    if not failed:
        yield Finding(OK, what, f"imports {', '.join(answer['imports'])}")
    ours, theirs = machine.versions(["ot_grid"]).get("ot_grid"), answer["versions"].get("ot_grid")
    if ours != theirs:
        yield Finding(
            WARNING,
            what,
            f"ot_grid is {theirs or 'not installed'} there, {ours} here: jobs may not read what is submitted",
        )


def _store(answer: Mapping[str, Any], what: str) -> Iterator[Finding]:
    """Yield whether the store is one store for both: locks, renames."""
    hosts = "one host" if answer["host"] == socket.gethostname() else f"{socket.gethostname()} and {answer['host']}"
    problems = []
    if answer["lock"] == "free":
        problems.append(
            "a lock that is held here is not felt there, so two jobs could write one artifact: mount the store with "
            "locks (NFS without nolock, Lustre with flock)"
        )
    elif answer["lock"] != "held":
        problems.append(
            f"locks do not work there ({answer['lock']}): mount the store with them, e.g. Lustre with flock"
        )
    if answer["rename"] is None:
        problems.append(
            f"a file that is replaced here is not seen there after {probe.RENAME_SECONDS:.0f} s, so jobs would miss "
            "records: mount it with a shorter actimeo, or take another file system"
        )
    yield from (Finding(BROKEN, what, f"the store: {problem}") for problem in problems)
    if not problems:
        yield Finding(OK, what, f"the store is seen, locks hold, a rename shows after {answer['rename']} s ({hosts})")


def _gpus(answer: Mapping[str, Any], what: str, kinds: set[str]) -> Iterator[Finding]:
    """Yield whether the GPUs that Slurm gave are there and can be used."""
    if not answer["gpus"]:
        yield Finding(BROKEN, what, f"the job got a GPU from Slurm, and nvidia-smi finds none on {answer['host']}: is "
                      "it the right partition, and is --nv given to the container?")  # fmt: skip
    elif answer["cuda"] == 0 and kinds != {"cpu"}:
        yield Finding(BROKEN, what, f"nvidia-smi finds {answer['gpus'][0]} (model, memory, driver), and torch none: "
                      "install a torch for that driver")  # fmt: skip


def _paths(answer: Mapping[str, Any], what: str) -> Iterator[Finding]:
    """Yield folders of models that are here and not there."""
    for path, found in answer["paths"].items():
        if not found["there"]:
            yield Finding(WARNING, what, f"{path} is here, not on {answer['host']}: jobs fetch models again, or fail "
                          "without a network; put it where all nodes see it")  # fmt: skip
    for name, value in answer["environment"].items():
        if value != os.environ.get(name):
            yield Finding(WARNING, what, f"{name} is {value!r} there and {os.environ.get(name)!r} here: set it for the "
                          "jobs: cluster.slurm.setup=['export ...']")  # fmt: skip


def _slurm(answer: Mapping[str, Any], what: str, self_heal: bool) -> Iterator[Finding]:
    """Yield whether jobs can ask Slurm: to be queued again, and to submit what can pass."""
    failing = [name for name, works in answer["slurm"].items() if not works]
    if "sbatch" in failing and self_heal and "cpu" in what:
        yield Finding(WARNING, what, f"sbatch does not work on {answer['host']}, so no job can submit again what may "
                      "pass: cluster.slurm.self_heal=false, and `resume` from a cron line")  # fmt: skip
    if asking := [name for name in failing if name != "sbatch"]:
        yield Finding(WARNING, what, f"no answer to {', '.join(asking)} on {answer['host']}: a job at its limit is "
                      "not queued again there; the same command submits it")  # fmt: skip
    if not failing:
        yield Finding(OK, what, "jobs can ask Slurm: squeue, scontrol, sbatch")
