"""The trainer's own process: the only door to torch and TRL's training.

One idea: it reads one JSON of settings and writes checkpoints, steps, a model and a result; killed at any moment, the
next start resumes from the newest whole checkpoint. It must not know about recipes, keys or records.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid.errors import BadInput
from ot_grid.stages.train import die_with_parent
from ot_grid.store import read_json, write_json

if TYPE_CHECKING:
    from transformers import TrainerCallback
    from trl import SFTConfig

ROWS_AT_ONCE = {"cuda": 1, "cpu": 8}  # per device; the global batch is made up by accumulation


def main(order_path: str) -> None:
    """Train as the JSON at `order_path` says."""
    die_with_parent()
    if os.getppid() == 1:
        sys.exit("the launcher has ended already")
    order = read_json(Path(order_path))
    import torch

    if order["threads"]:
        torch.set_num_threads(order["threads"])
    trainer = build(order, "cuda" if torch.cuda.is_available() else "cpu")
    out = Path(order["out"])
    checkpoint = newest_checkpoint(out / "checkpoints")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.is_world_process_zero():
        shutil.rmtree(out / "model.tmp", ignore_errors=True)
    trainer.save_model(str(out / "model.tmp"))
    if trainer.is_world_process_zero():
        (out / "model.tmp" / "training_args.bin").unlink(missing_ok=True)  # holds paths of this machine
        write_json(out / "result.json", result(trainer, checkpoint))


def build(order: dict[str, Any], device: str) -> Any:
    """Return the SFTTrainer."""
    from datasets import Dataset
    from trl import SFTTrainer

    rows = Dataset.from_parquet(order["dataset"], cache_dir=str(Path(order["out"]) / "cache"), keep_in_memory=True)
    rows = rows.select_columns(["prompt", "completion"])
    return SFTTrainer(
        model=order["student"], args=arguments(order, device), train_dataset=rows,
        callbacks=[steps_log(Path(order["out"]) / "steps.jsonl")],
    )  # fmt: skip


def arguments(order: dict[str, Any], device: str) -> SFTConfig:
    """Return TRL's arguments for an order."""
    from trl import SFTConfig

    at_once, accumulation = split_batch(order["batch_size"], device, int(os.environ.get("WORLD_SIZE", "1")))
    half = device == "cuda" and order["dtype"] != "float32"
    return SFTConfig(
        output_dir=str(Path(order["out"]) / "checkpoints"),
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=accumulation,
        num_train_epochs=order["epochs"],
        learning_rate=order["learning_rate"],
        lr_scheduler_type=order["schedule"],
        warmup_steps=order["warmup_ratio"],  # below 1 it is a share of all steps
        weight_decay=order["weight_decay"],
        adam_beta1=order["adam_betas"][0],
        adam_beta2=order["adam_betas"][1],
        adam_epsilon=order["adam_epsilon"],
        max_length=order["max_length"],
        packing=order["packing"],
        completion_only_loss=True,
        seed=order["seed"],
        data_seed=order["seed"],
        bf16=half,
        # weights stay in float32 and autocast does the rest: bfloat16 weights lose small updates
        model_init_kwargs={"dtype": "float32"},
        gradient_checkpointing=device == "cuda",
        use_cpu=device == "cpu",
        save_strategy="steps",
        save_steps=order["checkpoint_steps"],
        save_total_limit=2,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )


def split_batch(batch_size: int, device: str, world: int) -> tuple[int, int]:
    """Return rows at once per device and accumulation steps whose product over all devices is the global batch."""
    if batch_size % world:
        raise BadInput(f"train.batch_size={batch_size} cannot be shared by {world} devices; use a multiple of {world}")
    share = batch_size // world
    at_once = max(n for n in range(1, ROWS_AT_ONCE[device] + 1) if share % n == 0)
    return at_once, share // at_once


def steps_log(path: Path) -> TrainerCallback:
    """Return a callback that appends one JSON line a step."""
    from transformers import TrainerCallback

    class StepsLog(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
            if state.is_world_process_zero and logs and "loss" in logs:
                line = {"step": state.global_step, "steps": state.max_steps, "loss": float(logs["loss"])}
                with path.open("a") as file:
                    file.write(json.dumps(line) + "\n")

    return StepsLog()


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest whole checkpoint; remove those that a kill left half-written."""
    whole = []
    for path in folder.glob("checkpoint-*"):
        if _is_whole(path):
            whole.append(path)
        else:
            shutil.rmtree(path, ignore_errors=True)  # another rank may be at it too
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint can be resumed from: its state, which is written last, parses."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text())
    except (OSError, ValueError):
        return False
    return True


def result(trainer: Any, resumed: Path | None) -> dict[str, Any]:
    """Return what the record keeps of a training."""
    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "epochs": float(trainer.state.epoch),
        "rows": len(trainer.train_dataset),
        "tokens": int(history[-1].get("num_tokens", 0)) if history else 0,
        "resumed_at": int(resumed.name.rpartition("-")[2]) if resumed else 0,
        "loss": [[entry["step"], float(entry["loss"])] for entry in history],
    }


if __name__ == "__main__":
    main(sys.argv[1])
