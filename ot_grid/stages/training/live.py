"""The curve of a training as it goes, for Weights & Biases.

One idea: the first process tells each step to a run of the training's own, under an id made from its key, so that a
training that goes on goes on there; whatever fails in telling ends the telling, and never the training. It must not
know sweeps: the run of a cell is told when the cell is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

GROUP, KIND = "trainings", "train"  # by which a project's panels keep them apart from cells
TOLD = ("loss", "learning_rate", "grad_norm", "mean_token_accuracy")  # of what TRL logs each step
BEGIN_SECONDS, END_SECONDS = 30, 60  # in which a server answers, or is left alone


class LiveCurve(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Tells each step. `about` has id, name, project, entity, and the store, where wandb writes."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        self.about = about
        self.run: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Open the run, or go on with it."""
        if state.is_world_process_zero:
            self._try(self._begin)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """Tell a step; one that was told before is not told again."""
        told = {f"train/{name}": float(logs[name]) for name in TOLD if name in logs} if logs and "loss" in logs else {}
        if self.run is not None and told:
            self._try(lambda: self.run.log(told, step=state.global_step))

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Have what is told arrive, for a while."""
        if self.run is not None:
            ending = threading.Thread(target=self._try, args=(self.run.finish,), daemon=True)
            ending.start()
            ending.join(END_SECONDS)

    def _begin(self) -> None:
        import wandb

        (Path(self.about["folder"]) / "wandb").mkdir(parents=True, exist_ok=True)  # else wandb takes a temporary one
        self.run = wandb.init(
            id=self.about["id"], name=self.about["name"], project=self.about["project"], entity=self.about["entity"],
            dir=self.about["folder"], group=GROUP, job_type=KIND, resume="allow", mode="online",
            settings=wandb.Settings(init_timeout=BEGIN_SECONDS, console="off", silent=True, disable_code=True),
        )  # fmt: skip

    def _try(self, tell: Callable[[], Any]) -> None:
        try:
            tell()
        except Exception as error:  # a curve must not cost a training
            self.run = None
            print(f"ot_grid: W&B is told nothing more of this training while it goes: {error}", flush=True)  # noqa: T201
