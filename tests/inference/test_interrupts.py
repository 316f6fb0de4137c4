"""Asked to stop, or interrupted, at any line: the store stays sound, and what was finished is kept."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ot_grid import stopping
from ot_grid.inference import door as door_module
from ot_grid.inference import vllm_engine
from ot_grid.inference.door import Door
from ot_grid.inference.engine import Output, Prompt
from ot_grid.inference.replies import Replies
from tests.inference.test_door import CHATS, SAMPLING, Echo, _ask
from tests.inference.workers import bought_once, lines


class AtLine:
    """Calls something when the n-th line of the inference package runs, as a signal handler would be."""

    def __init__(self, number: int, call) -> None:
        self.number, self.call, self.ran = number, call, 0

    def trace(self, frame, event, _):
        """Count the lines of the package."""
        if "ot_grid/inference/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.ran += 1
            if self.ran == self.number:
                sys.settrace(None)
                self.call()
        return self.trace

    def __enter__(self):
        sys.settrace(self.trace)
        return self

    def __exit__(self, *_):
        sys.settrace(None)


def stop() -> None:
    stopping.ask("a test")


def interrupt() -> None:
    raise KeyboardInterrupt


def open_locks() -> list[str]:
    """Return the lock files that this process has open: it holds no lock where it has none."""
    links = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]
    return [os.readlink(link) for link in links if link.is_symlink() and os.readlink(link).endswith("/buying")]


def asked(root: Path, cluster, at: AtLine) -> None:
    """Ask until it is done or interrupted, and close the door."""
    door = Door(root, cluster, lambda *report: None)
    door.chunk = 4
    try:
        with at:
            _ask(door)
    except (stopping.Stopped, KeyboardInterrupt):
        pass
    stopping._asked.clear()
    door.close()


@pytest.fixture
def echo(monkeypatch) -> None:
    monkeypatch.setattr(door_module, "open_engine", lambda folder, cluster, model: Echo(folder))


@pytest.mark.parametrize("call", [stop, interrupt])
def test_at_whatever_line_it_ends_nothing_is_lost_torn_or_bought_twice(tmp_path, cluster, echo, call):
    """After an end at every seventh line: no lock is held, the store reads, and the next door buys the rest only."""
    whole = AtLine(0, call)
    asked(tmp_path / "whole", cluster, whole)
    assert whole.ran > 300
    for number in range(1, whole.ran, 7):
        root = tmp_path / str(number)
        asked(root, cluster, AtLine(number, call))
        assert open_locks() == [], number
        before = len(lines(root))
        door = Door(root, cluster, lambda *report: None)
        assert [reply.text for reply in _ask(door)] == [chat[0]["content"] for chat in CHATS]
        assert bought_once(root, 6), number
        assert door.usage.bought == 6 - before, number
        door.close()


def test_what_is_handed_over_is_kept_by_one_who_is_asked_to_stop(tmp_path, cluster, echo, monkeypatch):
    """A signal when a reply is about to be written: it is written, and then the asking ends."""
    write, calls = Replies._write, iter(range(100))

    def signalled(self, model: str, lines: bytes) -> None:
        if next(calls) == 3:
            os.kill(os.getpid(), signal.SIGUSR1)
        write(self, model, lines)

    monkeypatch.setattr(Replies, "_write", signalled)
    before = signal.signal(signal.SIGUSR1, lambda *_: stop())
    try:
        with pytest.raises(stopping.Stopped):
            _ask(Door(tmp_path, cluster, lambda *report: None))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(lines(tmp_path)) == 4
    assert open_locks() == []


class Steps:
    """A vLLM engine that finishes one request a step, and is asked to stop in the third."""

    def __init__(self) -> None:
        self.done = 0

    def has_unfinished_requests(self) -> bool:
        """Go on for five steps."""
        return self.done < 5

    def step(self) -> list[SimpleNamespace]:
        """Finish one."""
        self.done += 1
        if self.done == 3:
            stop()
        written = SimpleNamespace(text="x", finish_reason="stop", token_ids=[1])
        name = f"{self.done}-abc"
        return [SimpleNamespace(request_id=name, finished=True, outputs=[written], prompt_token_ids=[1])]


def take(outputs: Iterator[list[tuple[int, Output]]], kept: list[int]) -> None:
    for finished in outputs:
        kept.extend(index for index, _ in finished)


def test_vllm_hands_over_what_is_finished_before_it_stops():
    """Asked to stop inside a step, the step ends, its replies and those before are handed over, and no more is done."""
    steps, kept = Steps(), []
    with pytest.raises(stopping.Stopped):
        take(vllm_engine._stepped(steps, {str(n): n for n in range(1, 6)}, SimpleNamespace(decode=str)), kept)
    assert (kept, steps.done) == ([1, 2, 3], 3)


class Ending(Steps):
    """One whose own process ends in the third step."""

    def __init__(self, *, asked: bool) -> None:
        super().__init__()
        self.asked = asked

    def step(self) -> list[SimpleNamespace]:
        """Finish one, or be gone."""
        if self.done == 2:
            if self.asked:
                stop()
            raise RuntimeError("EngineCore is gone")
        return super().step()


def test_an_engine_that_what_stops_us_has_ended_is_no_failure():
    """Slurm tells every process of a job; without that, an engine that is gone is a fault."""
    for asked, error in ((True, stopping.Stopped), (False, RuntimeError)):
        steps, kept = Ending(asked=asked), []
        with pytest.raises(error):
            take(vllm_engine._stepped(steps, {str(n): n for n in range(1, 6)}, SimpleNamespace(decode=str)), kept)
        assert kept == ([1, 2] if asked else [])
        stopping._asked.clear()


class Fake:
    """A vLLM that numbers its requests and gives one reply a step, and notes how it was loaded."""

    def __init__(self, loaded: list[int], length: int) -> None:
        loaded.append(length)
        self.llm_engine = self
        self.engine_core = SimpleNamespace(shutdown=lambda: None)
        self.names: list[str] = []

    def enqueue(self, prompts, parameters, use_tqdm):
        """Take requests."""
        self.names = [f"{n}-abc" for n in range(len(prompts))]
        return self.names

    def has_unfinished_requests(self) -> bool:
        """Go on until all are done."""
        return bool(self.names)

    def step(self) -> list[SimpleNamespace]:
        """Finish one."""
        written = SimpleNamespace(text="x", finish_reason="stop", token_ids=[1])
        return [SimpleNamespace(request_id=self.names.pop(0), finished=True, outputs=[written], prompt_token_ids=[1])]


@pytest.fixture
def vllm(smollm2, cluster, monkeypatch) -> tuple[vllm_engine.VllmEngine, list[int]]:
    """A vLLM engine with a fake inside, and the lengths for which it was loaded."""
    loaded: list[int] = []
    monkeypatch.setattr(vllm_engine, "_load", lambda folder, given, *_: Fake(loaded, given["max_model_len"]))
    monkeypatch.setattr(vllm_engine.VllmEngine, "_parameters", lambda *_: None)
    monkeypatch.setattr(vllm_engine, "BETWEEN_HANDOVERS", 0)
    return vllm_engine.VllmEngine(smollm2, cluster), loaded


@pytest.mark.slow
def test_vllm_is_loaded_once_for_the_prompts_of_all_chunks(vllm):
    """The first chunk makes room for the longest prompt that was rendered, which comes in a later chunk."""
    writer, loaded = vllm
    texts = [writer.render([{"role": "user", "content": "word " * length}]) for length in (3, 1500, 5)]
    for text in texts:
        kept: list[int] = []
        take(writer.generate([Prompt(text, 1)], SAMPLING), kept)
        assert kept == [0]
    assert loaded == [2048]


@pytest.mark.slow
def test_vllm_is_loaded_anew_after_a_call_that_was_given_up(vllm):
    """Requests that no one waits for any more must not run beside the next ones."""
    writer, loaded = vllm
    jobs = [Prompt(writer.render([{"role": "user", "content": "Hi"}]), seed) for seed in range(3)]
    outputs = writer.generate(jobs, SAMPLING)
    next(outputs)
    outputs.close()
    for _ in range(2):
        kept: list[int] = []
        take(writer.generate(jobs, SAMPLING), kept)
        assert kept == [0, 1, 2]
    assert len(loaded) == 2
