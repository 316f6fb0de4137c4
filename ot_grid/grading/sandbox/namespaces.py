"""A sandbox of our own making, for machines without bubblewrap: a script that ends as the supervisor.

One idea: what bubblewrap does is a dozen system calls: new namespaces, a root of read-only binds, size-limited tmpfs,
a process 1. It must not import ot_grid: it is sent as text to a fresh interpreter, which it replaces.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
DETACH = 2
PDEATHSIG, CAPBSET_DROP = 1, 24
KEPT = {5, 6, 7}  # CAP_KILL, CAP_SETGID, CAP_SETUID: to become the program's user, and to stop it
LAST_CAP = 63
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "ppc64le": 203}
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}


def check(result: int, what: str) -> None:
    """Raise OSError when a call of libc failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount, or raise OSError."""
    words = (word.encode() or None for word in (source, target, kind))
    check(LIBC.mount(*words, ctypes.c_ulong(flags), data.encode() or None), f"mount {kind or source} at {target}")


def enter(megabytes: int, scratch: str, binds: list[str]) -> None:
    """Become process 1 of new namespaces, with a root of `binds` (read-only), scratch, /tmp, /dev and /proc."""
    _unshare()
    mount("", "/", "", REC | PRIVATE)
    devices = [f"/dev/{name}" for name in DEVICES]
    sources = {path: os.open(path, os.O_PATH) for path in binds + devices}
    root = "/tmp"  # noqa: S108 (covered in this namespace alone)
    mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "mode=0755,size=1m")
    for folder in ("/tmp", "/dev/shm", scratch):  # noqa: S108
        os.makedirs(root + folder)
        mount("tmpfs", root + folder, "tmpfs", NOSUID | NODEV, f"mode=1777,size={megabytes}m")
    for path, fd in sources.items():
        _bind(fd, root + path, device=path.startswith("/dev/"))
    for name, to in LINKS.items():
        os.symlink(f"/proc/self/{to}", f"{root}/dev/{name}")
    _become_first()
    _proc(root + "/proc")
    os.chdir(root)
    check(LIBC.syscall(PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    check(LIBC.umount2(b".", DETACH), "umount of the old root")
    mount("", "/", "", REMOUNT | BIND | RDONLY | NOSUID | NODEV)
    if os.getuid() == 0:
        for capability in set(range(LAST_CAP)) - KEPT:
            LIBC.prctl(CAPBSET_DROP, capability, 0, 0, 0)
    os.chdir(scratch)


def _unshare() -> None:
    user, group, root = os.getuid(), os.getgid(), os.geteuid() == 0
    flags = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS | (0 if root else NEWUSER)
    check(LIBC.unshare(flags), "unshare")
    if not root:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


def _bind(fd: int, target: str, *, device: bool) -> None:
    """Show a file or folder at another place; read-only with all that is mounted below."""
    source = f"/proc/self/fd/{fd}"
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "w").close()
    mount(source, target, "", BIND | REC)
    if device:
        return
    with open("/proc/self/mountinfo") as table:
        points = [line.split()[4].encode().decode("unicode_escape") for line in table]
    for point in points:
        if point == target or point.startswith(target + "/"):
            kept = os.statvfs(point).f_flag & ~RDONLY & 0xF | os.statvfs(point).f_flag & 0x1C00
            mount("", point, "", REMOUNT | BIND | RDONLY | NOSUID | NODEV | kept & ~0x1000)


def _become_first() -> None:
    """Go on as process 1 of the new process namespace; the outer process waits and ends with it."""
    LIBC.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    pid = os.fork()
    if pid:
        for fd in (0, 1):
            os.close(fd)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF)
    LIBC.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _proc(target: str) -> None:
    os.makedirs(target, exist_ok=True)
    try:
        mount("proc", target, "proc", NOSUID | NODEV)
    except OSError:  # a container that hides parts of its own /proc may not show a whole one
        return


if __name__ == "__main__":
    stop = sys.argv.index("--")
    enter(int(sys.argv[1]), sys.argv[2], sys.argv[3:stop])
    os.execv(sys.argv[stop + 1], sys.argv[stop + 1 :])  # noqa: S606 (a list of words, no shell text)
