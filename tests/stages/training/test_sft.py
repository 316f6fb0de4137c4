"""The trainer stops at a checkpoint and goes on from there as if nothing had been: real training of a tiny model."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ot_grid import stopping
from ot_grid.errors import OtGridError
from ot_grid.stages import train
from ot_grid.stages.training import callbacks, checkpoints, launcher, sft
from ot_grid.stages.training.word import GO_ON, Word
from ot_grid.stages.work import Work
from ot_grid.store import write_json
from tests.stages import tiny

pytestmark = pytest.mark.slow  # trains, though a tiny model


@contextmanager
def after(steps: int, event: Callable[[Word], None]) -> Iterator[None]:
    """Have something happen when the trainer in this process has done so many steps."""

    class Then(Word):
        done = -1  # it also looks before the first step

        def now(self) -> int:
            self.done += 1
            if self.done == steps:
                event(self)
            return super().now()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sft, "Word", Then)
        yield


def left(work: Work) -> list[str]:
    return sorted(path.name for path in (work.out / "checkpoints").glob("checkpoint-*"))


def test_stopped_and_started_again_it_ends_with_the_weights_of_an_uninterrupted_training(
    make: tiny.Make, whole: tuple[Work, dict[str, Any]], tmp_path: Path
):
    """A signal makes it write a checkpoint where it is; the next start goes on there and ends with the same bytes."""
    with (
        tiny.in_process(),
        after(27, lambda word: signal.raise_signal(signal.SIGTERM)),
        pytest.raises(stopping.Stopped),
    ):
        train.run(make(tmp_path))
    assert not (tmp_path / "model").exists()
    assert left(make(tmp_path)) == ["checkpoint-20", "checkpoint-27"]
    work, (uninterrupted, counts) = make(tmp_path), whole
    with tiny.in_process():
        assert train.run(work) == {**counts, "resumed_at": 27}
    assert tiny.weights(work) == tiny.weights(uninterrupted)
    assert work.log["loss"] == uninterrupted.log["loss"]
    assert [step for step, _ in work.log["loss"]] == list(range(1, tiny.STEPS + 1))


def test_asked_to_stop_after_the_last_step_it_finishes(make: tiny.Make, tmp_path: Path):
    """A training that has done all its steps writes its model, whatever it is asked then."""
    with tiny.in_process(), after(tiny.STEPS, lambda word: (word.out / launcher.STOP).write_text("time limit")):
        assert train.run(make(tmp_path))["steps"] == tiny.STEPS
    assert tiny.weights(make(tmp_path))


def test_killed_after_its_last_step_it_only_writes_the_model(
    make: tiny.Make, whole: tuple[Work, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The last step leaves a checkpoint, from which the next start has nothing more to train."""
    monkeypatch.setattr(sft, "save", interrupted)
    with tiny.in_process(), pytest.raises(KeyboardInterrupt):
        train.run(make(tmp_path))
    monkeypatch.undo()
    with tiny.in_process():
        assert train.run(make(tmp_path))["resumed_at"] == tiny.STEPS
    assert tiny.weights(make(tmp_path)) == tiny.weights(whole[0])


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("between", ["steps", "a checkpoint and its mark"])
def test_an_older_run_leaves_the_checkpoints_of_a_newer_one_alone(
    make: tiny.Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str
):
    """A trainer that wakes up when another run has started ends, and no checkpoint of it counts any more."""
    taken_over = {"steps": 30, "a checkpoint and its mark": 39}[between]
    if between != "steps":
        monkeypatch.setattr(callbacks, "Obedience", blind(callbacks.Obedience))
    with (
        tiny.in_process(),
        after(taken_over, lambda word: write_json(word.out / launcher.ORDER, {"run": "a newer one"})),
        pytest.raises(OtGridError, match="another run of this training has started since"),
    ):
        train.run(make(tmp_path))
    newest = checkpoints.newest(tmp_path / "checkpoints")
    assert newest
    assert newest.name == "checkpoint-20"
    assert not (tmp_path / "model.tmp").exists()


def blind(made: Callable[[Word], Any]) -> Callable[[Word], Any]:
    """A callback that does not see at the end of a step what has happened."""

    def callback(word: Word) -> Any:
        class Eye(Word):
            def __init__(self) -> None:
                self.out, self.run, self.first = word.out, word.run, word.first

            def now(self) -> int:
                word.now()
                return GO_ON

        return made(Eye())

    return callback


def in_sixteen_bits(work: Work, monkeypatch: pytest.MonkeyPatch) -> set[bool]:
    """Train as on a GPU, with autocast and checkpointed gradients; return whether autocast kept casts of weights."""
    import torch
    from accelerate.state import AcceleratorState

    kept: set[bool] = set()
    arguments, stop_at_turns = sft.arguments, sft.stop_at_turns

    def halved(order: dict[str, Any], device: str) -> Any:
        return replace(arguments(order, device), bf16=True, gradient_checkpointing=True)

    def watched(model: Any, tokenizer: Any) -> None:
        stop_at_turns(model, tokenizer)
        layer = model.model.layers[0]
        layer.register_forward_pre_hook(lambda *_: kept.add(torch.is_autocast_cache_enabled()))

    AcceleratorState._reset_state(reset_partial_state=True)
    with monkeypatch.context() as patch, tiny.in_process():
        patch.setattr(sft, "arguments", halved)
        patch.setattr(sft, "stop_at_turns", watched)
        train.run(work)
    AcceleratorState._reset_state(reset_partial_state=True)
    return kept


def test_weights_are_cast_each_time_and_come_out_the_same(
    make: tiny.Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A 7B student would have 15 GB of casts beside it at the end of a forward pass; no bit changes without them."""
    assert in_sixteen_bits(make(tmp_path / "cast"), monkeypatch) == {False}
    monkeypatch.setattr(sft, "cast_each_time", lambda _: None)
    assert in_sixteen_bits(make(tmp_path / "kept"), monkeypatch) == {True}
    assert tiny.weights(make(tmp_path / "cast")) == tiny.weights(make(tmp_path / "kept"))
