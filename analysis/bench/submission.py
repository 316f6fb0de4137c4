"""How long it takes to submit a grid of 1,000 stage runs, and to ask where it stands; beside Hydra's own launcher.

Needs a dev cluster (its partition `normal` is down for the time): eval "$(slurm/dev-cluster up)". The stock
launcher is `pip install hydra-submitit-launcher`; without it, its line is left out. Both submit arrays of jobs that
never start, and everything is cancelled at the end.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GRID = ["-m", "filter=random", "filter.seed=range(0,12)", "train.seed=range(0,20)", "cluster=slurm_dev"]
STOCK = """
import hydra
@hydra.main(config_path=None, config_name="config", version_base="1.3")
def main(config):
    pass
from hydra.core.config_store import ConfigStore
ConfigStore.instance().store(name="config", node={"a": 0, "b": 0})
main()
"""


def counting(folder: Path) -> dict[str, str]:
    """Return an environment in which every call of Slurm's commands leaves a line."""
    for name in ("sbatch", "sacct", "squeue"):
        real = subprocess.check_output(["which", name], text=True).strip()
        (folder / name).write_text(f'#!/bin/sh\necho {name} >> {folder}/calls\nexec {real} "$@"\n')
        (folder / name).chmod(0o755)
    (folder / "calls").touch()
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "OT_GRID_STORE": str(folder / "store")}


def timed(line: list[str], environment: dict[str, str], folder: Path) -> str:
    """Run a command; return its seconds and the Slurm commands that it called."""
    (folder / "calls").write_text("")
    started = time.perf_counter()
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    calls = (folder / "calls").read_text().split()
    counts = ", ".join(f"{calls.count(name)} {name}" for name in sorted(set(calls))) or "no calls"
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return f"{seconds:6.1f} s, {counts}"


def pending() -> int:
    """Return how many jobs are queued."""
    return len(subprocess.check_output(["squeue", "-h", "-r"], text=True).splitlines())


def stock(environment: dict[str, str], folder: Path) -> str:
    """Return how long Hydra's launcher takes until 1,000 jobs are queued; it waits for them, so it is ended then."""
    (folder / "stock.py").write_text(STOCK)
    line = [sys.executable, "stock.py", "-m", "hydra/launcher=submitit_slurm", "a=range(0,50)", "b=range(0,20)"]
    started = time.perf_counter()
    process = subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while pending() < 1000 and process.poll() is None:
        time.sleep(0.2)
    seconds = time.perf_counter() - started
    process.kill()
    return f"{seconds:6.1f} s, {pending()} jobs"


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = counting(folder)
        python = [sys.executable, "-m", "ot_grid"]
        subprocess.run(["scontrol", "update", "partitionname=normal", "state=down"], check=True)
        try:
            for label, line in (("plan", ["plan", *GRID]), ("submit", GRID), ("again", GRID), ("status", ["status"])):
                print(f"{label:<10}{timed([*python, *line], environment, folder)}", flush=True)
            print(f"{'queued':<10}{pending()} jobs")
            subprocess.run(["scancel", "--user", str(os.getuid())], check=True)
            print(f"{'cancelled':<10}{timed([*python, 'status'], environment, folder)}", flush=True)
            if importlib.util.find_spec("hydra_plugins.hydra_submitit_launcher"):
                print(f"{'stock':<10}{stock(environment, folder)}", flush=True)
        finally:
            subprocess.run(["scancel", "--user", str(os.getuid())], check=False)
            subprocess.run(["scontrol", "update", "partitionname=normal", "state=up"], check=False)


if __name__ == "__main__":
    main()
