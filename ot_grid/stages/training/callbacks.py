"""What happens beside the steps of a training: a log of them, checkpoints that are vouched for, stops that are obeyed.

One idea: small callbacks, each for one thing. They must not change what is trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from ot_grid.errors import OtGridError
from ot_grid.stages.training import checkpoints
from ot_grid.stages.training.word import END, LEAVE, TAKEN_OVER, Word, agreed


class StepsLog(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Appends one JSON line a step, and counts tokens on where a checkpoint left off."""

    before = 0  # tokens: TRL's own count begins anew at every start

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note how many tokens were counted before."""
        self.before = tokens(state)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Write a line for each step."""
        if not logs or "loss" not in logs:
            return
        state.log_history[-1]["num_tokens"] = self.before + logs.get("num_tokens", 0)
        if state.is_world_process_zero:
            line = {"step": state.global_step, "steps": state.max_steps, "loss": float(logs["loss"])}
            with self.path.open("a") as file:
                file.write(json.dumps(line) + "\n")


class Obedience(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Ends the training when told so, and vouches for checkpoints."""

    def __init__(self, word: Word) -> None:
        self.word = word

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Have a checkpoint written and the training end, where any process was told so."""
        told = agreed(self.word.now(), args)
        if told == LEAVE:
            raise OtGridError(TAKEN_OVER)
        if told == END and state.global_step < state.max_steps:  # after the last step: let it finish
            control.should_save = control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark a checkpoint as whole when all have written their part of it."""
        if agreed(LEAVE * (not self.word.ours()), args) == LEAVE:  # also waits until all have written their part
            raise OtGridError(TAKEN_OVER)
        if state.is_world_process_zero:
            checkpoints.mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")


class WithinEpoch(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Takes up the order of the epoch in which a training goes on.

    Accelerate does not say it to the loader that skips what was trained, where there are several processes.
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set the epoch of the sampler."""
        self.trainer.dealt.set_epoch(int(state.epoch or 0))


def tokens(state: Any) -> int:
    """Return how many tokens the steps so far had."""
    return max((int(entry.get("num_tokens", 0)) for entry in state.log_history), default=0)
