"""The cluster behind slurm/dev-cluster: its files, its daemons and its processes.

One idea: what belongs to a cluster is found in /proc by its environment, so that no file can be stale. Of the system
only programs are used: key, sockets, database, ports and logs are the cluster's own, in its folder.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from pathlib import Path
from string import Template
from typing import NamedTuple

DEFAULTS = {"nodes": 3, "cpus": 4, "memory_gb": 16, "gpus": 2, "accounting": 1}
SOCKETS = {"munged": "munge.socket", "mariadbd": "mysql.socket"}  # who must listen before the next daemon starts
USABLE = {"idle", "mixed", "allocated", "completing"}  # states of a node
LONGEST = 80  # characters of a folder; the path of a socket may have 107
MARK = "OT_GRID_DEV_CLUSTER_DAEMON"  # in the environment of a daemon and its children: <folder>/<daemon>
USER = pwd.getpwuid(os.getuid()).pw_name


class ClusterError(Exception):
    """What is wrong, and the way out."""


class Process(NamedTuple):
    """A running process."""

    program: str
    parent: int
    environment: dict[str, str]


class Cluster:
    """A cluster in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conf = str(folder / "slurm.conf")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}
        self.environment |= {"SLURM_CONF": self.conf, "MYSQL_UNIX_PORT": f"{folder}/mysql.socket"}

    @property
    def settings(self) -> dict[str, int]:
        """What it was made with; empty where there is no cluster."""
        path = self.folder / "settings.json"
        settings: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        return settings

    @property
    def daemons(self) -> dict[str, list[str]]:
        """The command of every daemon, in the order in which they start."""
        at, settings = self.folder, self.settings
        munge = [f"--key-file={at}/munge.key", f"--socket={at}/munge.socket", f"--pid-file={at}/run/munged.pid"]
        mysql = [
            f"--datadir={at}/mysql",
            f"--tmpdir={at}/run",
            f"--socket={at}/mysql.socket",
            f"--pid-file={at}/run/mysql.pid",
        ]
        commands = {
            "munged": ["munged", "--foreground", f"--seed-file={at}/run/munge.seed", *munge],
            "mariadbd": ["mariadbd", "--no-defaults", "--skip-networking", f"--user={USER}", *mysql],
            "slurmdbd": ["slurmdbd", "-D"],
            "slurmctld": ["slurmctld", "-D", "-f", self.conf],
        }
        if not settings.get("accounting"):
            del commands["mariadbd"], commands["slurmdbd"]
        nodes = node_names(settings) if settings else []
        return commands | {node: ["slurmd", "-D", "-N", node, "-f", self.conf] for node in nodes}

    def ask(self, *command: str) -> str | None:
        """Return what a command prints, or None when it fails or hangs."""
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=20)
        except subprocess.TimeoutExpired:
            return None
        return None if done.returncode else done.stdout

    def owner(self, environment: dict[str, str]) -> str:
        """Return the daemon or node to which a process with this environment belongs; nothing if it is not ours."""
        folder, _, daemon = environment.get(MARK, "").rpartition("/")
        if folder == str(self.folder):
            return daemon
        return environment.get("SLURMD_NODENAME", "") if environment.get("SLURM_CONF") == self.conf else ""

    def processes(self, *names: str) -> dict[int, str]:
        """Return pid -> program of what belongs to these daemons and nodes, jobs too; without names, to the cluster."""
        running = {int(entry.name): process for entry in Path("/proc").glob("[0-9]*") if (process := look_at(entry))}
        owners = {pid: self.owner(process.environment) for pid, process in running.items()}
        found = {pid for pid, owner in owners.items() if owner and (not names or owner in names)}
        while more := {pid for pid, process in running.items() if process.parent in found} - found:
            found |= more  # children that were given another environment
        return {pid: running[pid].program for pid in found}

    def alive(self, name: str) -> bool:
        """Return whether a daemon runs."""
        return self.daemons[name][0] in self.processes(name).values()

    def kill(self, *names: str) -> None:
        """Kill what belongs to these daemons and nodes, or to the cluster, and what it starts meanwhile."""
        while pids := self.processes(*names):
            for sent in (signal.SIGSTOP, signal.SIGKILL):  # a shell whose child is killed first would go on
                for pid in pids:
                    with suppress(ProcessLookupError):
                        os.kill(pid, sent)
            time.sleep(0.05)

    def start(self, name: str) -> None:
        """Start a daemon, and wait until others can rely on it."""
        say(f"starting {name}")
        if name == "slurmctld" and self.settings["accounting"]:
            self.register()
        environment = self.environment | {MARK: f"{self.folder}/{name}"}
        with (self.folder / "log" / f"{name}.out").open("a") as log:
            daemon = subprocess.Popen(
                self.daemons[name],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # it outlives the shell that started it
            )
        while not self.alive(name) and daemon.poll() is None:
            time.sleep(0.02)  # its environment is not in /proc yet
        if name in SOCKETS:
            self.require(name, lambda: listens(self.folder / SOCKETS[name]))

    def register(self) -> None:
        """Tell the accounting of this cluster and its user, without which slurmctld does not start."""
        self.require("slurmdbd", lambda: self.ask("sacctmgr", "-n", "show", "cluster") is not None)
        for what in (["cluster", "dev"], ["account", "dev"], ["user", USER, "account=dev", "defaultaccount=dev"]):
            self.ask("sacctmgr", "-i", "add", *what)  # fails when it is known

    def require(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until a daemon is ready, or raise with the end of its log."""
        end = time.monotonic() + 60
        while not ready():
            if time.monotonic() > end or not self.alive(name):
                raise ClusterError(f"{name} does not start; its log ends with:\n{self.end_of_log(name)}")
            time.sleep(0.1)

    def end_of_log(self, name: str) -> str:
        """Return the last lines that a daemon wrote."""
        logs = sorted(self.folder.glob(f"log/{name}.*"))
        return "\n".join(f"  {log}: {line}" for log in logs for line in log.read_text().splitlines()[-8:])

    def faults(self) -> dict[str, str]:
        """Return daemon -> what is wrong with it, for those that are of no use now."""
        faults = {name: "dead" for name in self.daemons if not self.alive(name)}
        if {"munged", "slurmctld"} & faults.keys():
            return faults  # nobody would answer
        answer = self.ask("sinfo", "-h", "-N", "-o", "%N %T")
        if answer is None:
            return {"slurmctld": "does not answer"} | faults
        states = dict(line.rstrip("-").split() for line in answer.splitlines())  # a dash: planned for a job
        faults = {node: state for node, state in states.items() if state not in USABLE} | faults
        if self.settings.get("accounting") and "slurmdbd" not in faults and self.ask("sacct", "-n", "-X") is None:
            faults["slurmdbd"] = "does not answer"
        return faults

    def heal(self, names: Collection[str], seconds: float) -> dict[str, str]:
        """Start what is dead of these daemons, resume their nodes, and return what is still wrong after that time."""
        for name in [name for name in self.daemons if name in names and not self.alive(name)]:
            self.start(name)
        end = time.monotonic() + seconds
        while faults := {name: fault for name, fault in self.faults().items() if name in names}:
            if time.monotonic() > end or "dead" in faults.values():
                break
            for node in [name for name, fault in faults.items() if fault.startswith(("down", "drain"))]:
                self.ask("scontrol", "update", f"nodename={node}", "state=resume")
            time.sleep(0.1)
        return faults


def say(line: str) -> None:
    """Tell the user; stdout is for `eval`."""
    sys.stderr.write(f"{line}\n")


def look_at(entry: Path) -> Process | None:
    """Return the process of a folder of /proc, or None if it has ended or is another user's."""
    try:
        program, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
        items = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    return Process(program, int(rest.split()[1]), dict(item.partition("=")[::2] for item in items))


def listens(path: Path) -> bool:
    """Return whether somebody listens on a socket."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def node_names(settings: dict[str, int]) -> list[str]:
    """Return the names of the nodes."""
    return [f"n{number}" for number in range(1, settings["nodes"] + 1)]


def fill_in(at: Path, settings: dict[str, int]) -> dict[str, object]:
    """Return what the templates of the configuration leave open."""
    controller_port, database_port, *ports = free_ports(2 + settings["nodes"])
    host, memory = socket.gethostname().partition(".")[0], settings["memory_gb"] * 1024
    size = f"NodeHostname={host} NodeAddr=127.0.0.1 CPUs={settings['cpus']} RealMemory={memory}"
    size += f" Gres=gpu:{settings['gpus']}" if settings["gpus"] else ""
    nodes = zip(node_names(settings), ports, strict=True)
    return {
        "folder": at,
        "host": host,
        "user": USER,
        "controller_port": controller_port,
        "database_port": database_port,
        "accounting": "slurmdbd" if settings["accounting"] else "none",
        "accounted": "gres/gpu" if settings["accounting"] else "cpu",
        "memory_per_cpu": memory // settings["cpus"],
        "nodes": "\n".join(f"NodeName={node} Port={port} {size}" for node, port in nodes),
    }


def make(at: Path, settings: dict[str, int]) -> None:
    """Write the files of a new cluster; its settings last."""
    if len(str(at)) > LONGEST:
        raise ClusterError(f"the path {at} is too long for a socket: give --folder one of at most {LONGEST} characters")
    clear(at)
    for name in ["log", "run", "state", *(f"spool-{node}" for node in node_names(settings))]:
        (at / name).mkdir(parents=True)
    for number in range(settings["gpus"]):
        (at / f"gpu{number}").symlink_to("/dev/null")  # without a device file, slurmd 22.05 counts no GPU
    (at / "gres.conf").write_text(f"Name=gpu File={at}/gpu[0-{settings['gpus'] - 1}]\n" if settings["gpus"] else "")
    (at / "cgroup.conf").write_text(
        "CgroupPlugin=cgroup/v1\n"
    )  # looks for no cgroups before it needs one, and none does
    (at / "slurmdbd.conf").touch(0o600)  # slurmdbd refuses one that others can read
    values, here = fill_in(at, settings), Path(__file__).resolve().parent
    for name, template in {"slurm.conf": "dev-cluster.conf", "slurmdbd.conf": "dev-cluster-accounting.conf"}.items():
        (at / name).write_text(Template((here / template).read_text()).substitute(values))
    commands = [["mungekey", "--create", f"--keyfile={at}/munge.key"]]
    if settings["accounting"]:
        # Two databases made at once would drop each other's temporary tables in a common folder.
        user = [f"--user={USER}", f"--auth-root-socket-user={USER}", f"--tmpdir={at}/run"]
        commands += [
            ["mariadb-install-db", "--no-defaults", f"--datadir={at}/mysql", *user, "--skip-test-db", "--force"]
        ]
    for command in commands:
        with (at / "log" / "make.log").open("a") as log:
            if subprocess.run(command, stdout=log, stderr=log).returncode:
                raise ClusterError(f"{command[0]} failed: see {at}/log/make.log")
    (at / "settings.json").write_text(json.dumps(settings))


def clear(at: Path, keep: Collection[str] = ()) -> None:
    """Remove the folder of a cluster, less what is to be kept."""
    if at.exists() and any(at.iterdir()) and not (at / "log").is_dir():
        raise ClusterError(f"{at} holds something else than a dev cluster: give another --folder")
    for path in at.glob("*"):
        if path.is_symlink() or path.is_file() or path.is_socket():
            path.unlink()
        elif path.name not in keep:
            shutil.rmtree(path)
    with suppress(OSError):  # it is not there, or something was kept
        at.rmdir()
