"""How the supervisor is started in each tier.

One idea: a tier is a command line that ends in the same interpreter with the same script. It must not start anything.
"""

from __future__ import annotations

import inspect
import os
import shutil
import site
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ot_grid.grading.sandbox import namespaces
from ot_grid.grading.sandbox.limits import SandboxLimits

BUBBLEWRAP, NAMESPACES, RLIMITS = "bubblewrap", "namespaces", "rlimits"
TIERS = (BUBBLEWRAP, NAMESPACES, RLIMITS)  # the best first
SCRATCH = "/scratch"  # in the isolated tiers
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/nix/store")
# Reads {name: code} of the modules in `inside` from fd 0; no file of ours is in the sandbox.
BOOT = """
import sys, os, marshal
def take(size):
    data = b""
    while len(data) < size: data += os.read(0, size - len(data)) or os._exit(3)
    return data
for name, code in marshal.loads(take(int.from_bytes(take(8), "big"))):
    sys.modules[name] = module = type(sys)(name)
    exec(code, module.__dict__)
play = module.serve()
play() if play else os._exit(0)
"""


@dataclass(frozen=True)
class Tier:
    """How untrusted programs are kept apart on this machine."""

    name: str
    proc: bool = True  # bubblewrap: a /proc of its own can be mounted

    @property
    def isolated(self) -> bool:
        """Whether the program sees neither network nor files."""
        return self.name != RLIMITS

    def command(self, limits: SandboxLimits) -> list[str]:
        """Return the command line of the supervisor."""
        if self.name == RLIMITS:
            return python(BOOT)
        if self.name == NAMESPACES:
            enter = python(inspect.getsource(namespaces))
            return [*enter, str(limits.scratch_mb), SCRATCH, *binds(), "--", *python(BOOT)]
        return [*_bubblewrap(limits, proc=self.proc), "--", *python(BOOT)]


def python(script: str) -> list[str]:
    """Return the command line of a bare interpreter: no site, no user's folder, nothing written."""
    return [os.path.realpath(sys.executable), "-s", "-S", "-B", "-P", "-c", script]


def environment(scratch: str) -> dict[str, str]:
    """Return the whole environment of the program."""
    basic = {
        "PATH": "/usr/bin:/bin",
        "HOME": scratch,
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "MALLOC_ARENA_MAX": "2",
    }
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    libraries = {"LD_LIBRARY_PATH": ":".join(_libraries())} if _libraries() else {}
    return basic | threads | libraries


def _libraries() -> list[str]:
    """Return the folders without which the interpreter may not start, as after `module load python`."""
    return [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if os.path.isdir(path)]


@cache
def site_folders() -> list[str]:
    """Return where installed packages lie."""
    named = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    return [path for path in dict.fromkeys(named) if os.path.isdir(path)]


@cache
def binds() -> list[str]:
    """Return what the program can see and not write; nothing twice, nothing inside another."""
    executable = Path(os.path.realpath(sys.executable))
    wanted = [*SYSTEM, sys.base_prefix, sys.prefix, str(executable.parent.parent), *site_folders(), *_libraries()]
    there = sorted({path for path in wanted if os.path.exists(path) and path != "/"})
    inside = tuple(f"{path}/" for path in there)
    return [path for path in there if not path.startswith(inside)]


def _parents() -> list[str]:
    """Return the folders above the binds; bubblewrap would make them for root alone."""
    above = {str(parent) for path in binds() for parent in Path(path).parents}
    return sorted(above - {"/", "/tmp"})  # noqa: S108


def _bubblewrap(limits: SandboxLimits, *, proc: bool) -> list[str]:
    room = ["--size", str(limits.scratch_mb * 2**20), "--perms", "1777", "--tmpfs"]
    as_root = [
        "--cap-drop",
        "ALL",
        *(word for name in ("SETUID", "SETGID", "KILL") for word in ("--cap-add", f"CAP_{name}")),
    ]
    return [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--as-pid-1"),
        *(as_root if os.geteuid() == 0 else ["--unshare-user"]),
        *(*room, "/tmp", *room, SCRATCH),  # noqa: S108
        *(word for path in _parents() for word in ("--perms", "0755", "--dir", path)),
        *(word for path in binds() for word in ("--ro-bind", path, path)),
        *(("--proc", "/proc") if proc else ()),
        *("--dev", "/dev", *room, "/dev/shm", "--remount-ro", "/dev"),  # noqa: S108
        *("--remount-ro", "/", "--chdir", SCRATCH),
    ]  # fmt: skip
