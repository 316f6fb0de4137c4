"""A real Slurm cluster for tests, and the faults that a real cluster has.

One idea: faults are made to the real thing (a killed daemon, a preempting job), never played by a fake.
"""

from __future__ import annotations

import getpass
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "slurm" / "dev-cluster"
LOADED = "AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageTRES=gres/gpu"
HANGS = 300.0  # seconds after which what one waits for will not come, however busy the machine is
ABSENT = "AccountingStorageType=accounting_storage/none\nAccountingStorageTRES=cpu"


class DevCluster:
    """A cluster in a folder; every test of the session shares one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conf = folder / "slurm.conf"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
        self.environment["SLURM_CONF"] = str(self.conf)

    def script(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run slurm/dev-cluster for this cluster, whatever its exit code."""
        line = [sys.executable, str(SCRIPT), command, "--folder", str(self.folder), *options]
        return subprocess.run(line, capture_output=True, text=True, timeout=HANGS)

    def run(self, *command: str) -> str:
        """Return what a Slurm command prints; raise with its own words if it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=HANGS)
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def up(self, *options: str) -> None:
        """Start the cluster, or what is dead of it."""
        done = self.script("up", *options)
        assert done.returncode == 0, done.stderr

    def submit(self, commands: str, *options: str) -> str:
        """Submit shell commands as a job, and return its id."""
        return self.run("sbatch", "--parsable", f"--chdir={self.folder}", *options, "--wrap", commands).strip()

    def cancel(self, *jobs: str) -> None:
        """Cancel jobs, or all."""
        self.run("scancel", *(jobs or [f"--user={getpass.getuser()}"]))

    def queue(self) -> list[dict[str, str]]:
        """Return id (an array's as 12_3), state, reason, node and name of every job that has not ended."""
        lines = self.run("squeue", "-h", "-r", "-o", "%i|%T|%r|%N|%j").splitlines()
        return [dict(zip(("id", "state", "reason", "node", "name"), line.split("|", 4), strict=True)) for line in lines]

    def job(self, job: str) -> dict[str, str]:
        """Return a job's line of the queue; its state is "ENDED" when it has none."""
        return next((line for line in self.queue() if line["id"] == job), {"id": job, "state": "ENDED"})

    def history(self, job: str) -> list[tuple[str, str]]:
        """Return (state, exit code) of every run of a job, the first run first."""
        lines = self.run("sacct", "-D", "-X", "-n", "-P", "-j", job, "-o", "state,exitcode").splitlines()
        return [tuple(line.split("|")) for line in lines]

    def wait_until(self, so: Callable[[], object], seconds: float, what: str) -> None:
        """Wait until something is so, or fail with the queue."""
        end = time.monotonic() + seconds
        while not so():
            assert time.monotonic() < end, f"not within {seconds} s: {what}; the queue: {self.queue()}"
            time.sleep(0.2)

    def wait_for(self, job: str, state: str, seconds: float = HANGS) -> None:
        """Wait until a job is in a state of the queue, or "ENDED"."""
        self.wait_until(lambda: self.job(job)["state"] == state, seconds, f"job {job} is {state}")

    def wait_empty(self, seconds: float) -> None:
        """Wait until no job is left in the queue."""
        self.wait_until(lambda: not self.queue(), seconds, "the queue is empty")

    def kill(self, name: str) -> None:
        """Kill a daemon; a node with its jobs and all that they started, like a power cut."""
        assert self.script("kill", name).returncode == 0

    def start(self, name: str) -> None:
        """Start a daemon that was killed, and wait until it is of use."""
        done = self.script("start", name)
        assert done.returncode == 0, done.stderr

    def kill_node(self, name: str) -> None:
        """Take the power from a node. The controller sees it after about 20 s, and requeues its jobs."""
        self.kill(name)

    def start_node(self, name: str) -> None:
        """Give it back, and let jobs start there."""
        self.start(name)

    def restart_controller(self) -> None:
        """Kill slurmctld and start it again. What it did not save in its last 5 s is lost: see `wait_saved`."""
        self.kill("slurmctld")
        self.start("slurmctld")

    def wait_saved(self) -> None:
        """Wait until slurmctld has saved the queue as it is now; it saves only what changes, so something must."""
        now, state = time.time(), self.folder / "state" / "job_state"
        self.cancel(self.submit("true", "--hold"))
        self.wait_until(lambda: state.exists() and state.stat().st_mtime > now, HANGS, "slurmctld saved its jobs")

    def stop_accounting(self) -> None:
        """Let `sacct` answer as on a cluster without accounting: "disabled", exit code 1."""
        self.configure(LOADED, ABSENT)

    def start_accounting(self) -> None:
        """Let `sacct` answer again."""
        self.configure(ABSENT, LOADED)

    def configure(self, old: str, new: str) -> None:
        """Change the slurm.conf that commands read from now on; daemons keep what they have read."""
        changed = self.conf.with_suffix(".new")
        changed.write_text(self.conf.read_text().replace(old, new))
        changed.replace(self.conf)

    def sicken(self) -> None:
        """Let every start of a job fail, as where a prolog fails: Slurm holds the job back, and drains its node."""
        prolog = self.folder / "prolog"
        prolog.write_text("#!/bin/sh\nexit 1\n")
        prolog.chmod(0o755)
        self.configure("CompleteWait=0\n", f"CompleteWait=0\nProlog={prolog}\n")
        self.run("scontrol", "reconfigure")

    def cure(self) -> None:
        """Let jobs start again, on all nodes."""
        self.configure(f"Prolog={self.folder / 'prolog'}\n", "")
        self.run("scontrol", "reconfigure")
        self.up()

    def held(self) -> set[str]:
        """Return the names of the jobs that wait for somebody to release them."""
        return {job["name"] for job in self.queue() if "held" in job["reason"]}

    def preempt(self, job: str, seconds: int = 5) -> str:
        """Take the node of a running job in `preemptible` for a job in `normal` that works so long; return its id."""
        options = ["--partition=normal", f"--nodelist={self.job(job)['node']}", "--exclusive", "--output=/dev/null"]
        return self.submit(f"sleep {seconds}", *options, "--job-name=preempting")

    def near_its_end(self, job: str) -> None:
        """Set a running job's time limit to a minute that it still reaches, however long it has run on this machine.

        Slurm looks at time limits once a minute: a job that ends before the next look is ended without a warning.
        """
        started = datetime.fromisoformat(self.run("squeue", "-h", "-j", job, "-o", "%S").strip())
        minutes = math.ceil(((datetime.now() - started).total_seconds() + 75) / 60)
        self.run("scontrol", "update", f"jobid={job}", f"timelimit={minutes}")
