"""What the store lies on: whether it can be written, its room, its number of files, quotas, and the rights of a group.

One idea: a cluster's scratch says no in four ways, and only one of them is a full disk. It must not write but to try.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ot_grid.doctor.finding import BROKEN, OK, WARNING, Finding
from ot_grid.errors import BadInput
from ot_grid.machine import GIB
from ot_grid.store import Store

LITTLE_GIB = 20.0  # free space that one 7B student with its checkpoints can fill
FEW_FILES = 100_000  # a stage run makes about ten, a grid of 1,000 cells some 40,000
QUOTA_SECONDS = 10.0  # an answer of a file server that hangs is not waited for


def examine(place: Store) -> Iterator[Finding]:
    """Yield whether a store can be written, and what will keep it from growing; the first finding is the first."""
    try:
        place.check_writable()
    except BadInput as error:
        yield Finding(BROKEN, "store", str(error))
        return
    yield _room(place.root)
    yield from _files(place.root)
    yield from _quota(place.root)
    yield from _group(place.root)


def file_system(path: Path) -> str:
    """Return the type of the file system that a path is on, e.g. nfs4."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(len(at), kind) for at, kind in mounts if path == Path(at) or Path(at) in path.parents]
    return max(above, default=(0, "unknown"))[1]


def _room(root: Path) -> Finding:
    free = shutil.disk_usage(root).free / GIB
    told = f"{root} is writable ({file_system(root)}, {free:,.0f} GiB free)"
    if free < LITTLE_GIB:
        return Finding(WARNING, "store", f"{told}; a large student can fill that: choose another with store=FOLDER")
    return Finding(OK, "store", told)


def _files(root: Path) -> Iterator[Finding]:
    """Yield how many more files the file system takes, where it has a limit (inodes)."""
    now = os.statvfs(root)
    if now.f_files and now.f_favail < FEW_FILES:
        yield Finding(
            WARNING, "files",
            f"the file system of {root} takes {now.f_favail:,} more files (inodes), and a stage run makes about ten; "
            "choose another with store=FOLDER",
        )  # fmt: skip


def _quota(root: Path) -> Iterator[Finding]:
    """Yield what a quota leaves this user, as the tool of the file system says it; nothing where there is none."""
    lustre = file_system(root) == "lustre"
    command = ["lfs", "quota", "-h", "-u", str(os.getuid()), str(root)] if lustre else ["quota", "-s", "-w"]
    if not shutil.which(command[0]):
        return
    try:
        asked = subprocess.run(
            command, capture_output=True, timeout=QUOTA_SECONDS, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired):
        yield Finding(WARNING, "quota", f"`{' '.join(command)}` does not answer; ask it by hand")
        return
    lines = [" ".join(line.split()) for line in asked.stdout.decode(errors="replace").splitlines() if line.strip()]
    over = any("*" in line for line in lines)  # both tools mark what is exceeded
    if over:
        yield Finding(WARNING, "quota", f"a quota is exceeded: {' | '.join(lines)}")
    elif lines and "none" not in lines[0].split()[-1:]:
        yield Finding(OK, "quota", " | ".join(lines))


def _group(root: Path) -> Iterator[Finding]:
    """Yield what keeps the others of a group from a store that is theirs too."""
    rights = root.stat().st_mode
    if not rights & stat.S_IWGRP:
        return
    mask = os.umask(0)
    os.umask(mask)
    if mask & stat.S_IWGRP:
        yield Finding(
            WARNING, "group",
            f"{root} belongs to a group, and with umask {mask:03o} what you make here the others cannot go on with; "
            "umask 002 in the shell, and in what starts your jobs",
        )  # fmt: skip
    if not rights & stat.S_ISGID:
        yield Finding(
            WARNING, "group",
            f"new files in {root} have the group of their maker, not that of the folder; once: chmod g+s {root}",
        )  # fmt: skip
