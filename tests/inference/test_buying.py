"""Two processes that want the same reply buy it once."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import time
from pathlib import Path

import pytest

from ot_grid.errors import OtGridError
from ot_grid.inference.buying import Buying

KEYS = [f"model-x:{n:032x}" for n in range(100)]


def hold(root: str, keys: list[str], said: str) -> None:
    with Buying(Path(root)) as buying:
        ours, _ = buying.take(keys, len(keys))
        Path(said).write_text(str(len(ours)))
        time.sleep(60)


def started(root: Path, keys: list[str], said: Path) -> multiprocessing.Process:
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(str(root), keys, str(said)))
    process.start()
    while not said.exists() or not said.read_text():
        time.sleep(0.02)
    return process


def test_a_reply_is_bought_by_one_process_at_a_time(tmp_path: Path):
    """What another process is buying is not ours to buy, until that process ends, however it ends."""
    other = started(tmp_path, KEYS[:50], tmp_path / "said")
    with Buying(tmp_path) as buying:
        assert buying.take(KEYS, 100) == (KEYS[50:], KEYS[:50])
    other.kill()
    other.join()
    with Buying(tmp_path) as buying:
        assert buying.take(KEYS, 100) == (KEYS, [])


def test_no_more_is_tried_than_is_wanted(tmp_path: Path):
    """Taking stops at the number wanted: what comes after is neither ours nor said to be another's."""
    other = started(tmp_path, KEYS[:10], tmp_path / "said")
    with Buying(tmp_path) as buying:
        assert buying.take(iter(KEYS), 5) == (KEYS[10:15], KEYS[:10])
    other.kill()
    other.join()


def test_a_purchase_that_is_forgotten_holds_nothing(tmp_path: Path):
    """An interrupt can come before the locks are given up in order: they go with the object."""
    buying = Buying(tmp_path)
    assert buying.take(KEYS, 100) == (KEYS, [])
    del buying
    other = started(tmp_path, KEYS, tmp_path / "said")
    assert (tmp_path / "said").read_text() == "100"
    other.kill()
    other.join()


def test_a_file_system_without_locks_is_told_with_the_way_out(tmp_path: Path, monkeypatch):
    """Where nothing can be locked, buying ends with an error that names the file and what to do."""

    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refused)
    with Buying(tmp_path) as buying, pytest.raises(OtGridError, match=r"model-x/buying cannot be locked .*NFS 4"):
        buying.take(KEYS, 1)


def test_waiting_ends_with_the_buyer(tmp_path: Path):
    """A wait lasts as long as the other's purchase, also when it is killed."""
    other = started(tmp_path, KEYS[:1], tmp_path / "said")
    waiter = multiprocessing.get_context("spawn").Process(target=wait, args=(str(tmp_path), str(tmp_path / "over")))
    waiter.start()
    time.sleep(1.5)
    assert not (tmp_path / "over").exists()
    other.kill()
    waiter.join(20)
    assert (tmp_path / "over").exists()


def wait(root: str, over: str) -> None:
    with Buying(Path(root)) as buying:
        buying.wait(KEYS[0])
    Path(over).touch()
