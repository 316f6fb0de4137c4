"""A file system says no in several ways, and `doctor` says which before a grid is begun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ot_grid.doctor import storage
from ot_grid.doctor.finding import BROKEN, OK, WARNING
from ot_grid.store import Store


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of one user's own, on a machine without quotas."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    made = Store(tmp_path / "store")
    made.root.mkdir(mode=0o755)
    return made


def told(place: Store, what: str) -> list[tuple[str, str]]:
    return [(finding.state, finding.told) for finding in storage.examine(place) if finding.what == what]


def test_a_store_that_cannot_be_written_is_broken_and_nothing_else_is_asked(tmp_path: Path):
    """Its room and quotas say nothing then."""
    (tmp_path / "file").write_text("")
    (finding,) = storage.examine(Store(tmp_path / "file" / "store"))
    assert finding.state == BROKEN
    assert "is not writable" in finding.told


def test_a_store_of_ones_own_has_nothing_to_complain_of(place: Store, monkeypatch: pytest.MonkeyPatch):
    """It is writable, with the kind of its file system and what is free; little room is a warning."""
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: SimpleNamespace(free=500 * 2**30))
    (finding,) = storage.examine(place)
    assert finding.state == OK
    assert "is writable" in finding.told
    assert "500 GiB free" in finding.told
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: SimpleNamespace(free=5 * 2**30))
    assert told(place, "store")[0][0] == WARNING
    assert storage.file_system(Path("/proc/self")) == "proc"


@pytest.mark.parametrize(("files", "left", "warned"), [(10**7, 4_000, True), (10**7, 10**6, False), (0, 0, False)])
def test_few_files_left_are_told(files: int, left: int, warned: bool, place: Store, monkeypatch: pytest.MonkeyPatch):
    """A disk with room takes no more files either; a file system without such a limit says 0 of 0."""
    monkeypatch.setattr(
        storage.os,
        "statvfs",
        lambda path: SimpleNamespace(f_files=files, f_favail=left, f_bavail=1, f_frsize=1, f_blocks=9, f_bfree=1),
    )
    found = told(place, "files")
    assert bool(found) == warned
    assert not found or "takes 4,000 more files (inodes)" in found[0][1]


NONE = "Disk quotas for user ada (uid 7): none"
WITHIN = """Disk quotas for user ada (uid 7):
     Filesystem   space   quota   limit   grace   files   quota   limit   grace
     /dev/scratch  120G    500G    600G           90210       0       0"""
OVER = WITHIN.replace("120G ", "512G*")


@pytest.mark.parametrize(("says", "state"), [(NONE, None), (WITHIN, OK), (OVER, WARNING), ("", None)])
def test_a_quota_is_told_as_the_file_system_says_it(says: str, state: str | None, place: Store, tmp_path: Path):
    """What is exceeded is marked by the tool itself, and is a warning."""
    tool = tmp_path / "bin" / "quota"
    tool.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{says}\nEND\n")
    tool.chmod(0o755)
    found = told(place, "quota")
    assert [each[0] for each in found] == ([state] if state else [])
    assert not state or "/dev/scratch" in found[0][1]


def test_a_quota_that_does_not_answer_holds_up_nothing(place: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file server that hangs is told and not waited for."""
    monkeypatch.setattr(storage, "QUOTA_SECONDS", 0.2)
    tool = tmp_path / "bin" / "quota"
    tool.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    tool.chmod(0o755)
    ((state, said),) = told(place, "quota")
    assert state == WARNING
    assert "`quota -s -w` does not answer" in said


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_store_of_a_group_needs_its_rights(place: Store):
    """A umask that shuts the others out, and a folder that does not hand on its group, are each said."""
    assert not told(place, "group")
    place.root.chmod(0o775)
    assert [said for _, said in told(place, "group")] == [
        f"{place.root} belongs to a group, and with umask 022 what you make here the others cannot go on with; "
        "umask 002 in the shell, and in what starts your jobs",
        f"new files in {place.root} have the group of their maker, not that of the folder; once: "
        f"chmod g+s {place.root}",
    ]
    os.umask(0o002)
    place.root.chmod(0o2775)
    assert not told(place, "group")
