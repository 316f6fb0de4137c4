"""Two processes that want the same reply buy it once."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

from ot_grid.inference.buying import Buying

KEYS = [f"model-x:{n:032x}" for n in range(100)]


def hold(root: str, keys: list[str], said: str) -> None:
    with Buying(Path(root)) as buying:
        taken = buying.take(keys)
        Path(said).write_text(str(len(taken)))
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
        assert buying.take(KEYS) == set(KEYS[50:])
    other.kill()
    other.join()
    with Buying(tmp_path) as buying:
        assert buying.take(KEYS) == set(KEYS)


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
