"""The trainer's own process: the only door to torch and TRL's training.

One idea: it reads one JSON of settings and writes checkpoints, steps, a model and a result; killed at any moment, the
next start goes on from the newest whole checkpoint. Told to stop, it writes one and ends. With several processes all
do everything at the same step. It must not know about recipes, keys or records.
"""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from ot_grid import machine
from ot_grid.errors import BadInput, OtGridError
from ot_grid.stages.training import checkpoints, encode, tokens
from ot_grid.stages.training.arguments import arguments
from ot_grid.stages.training.dealing import Dealt
from ot_grid.stages.training.launcher import REFUSED, RESULT, STOPPED
from ot_grid.stages.training.word import GO_ON, LEAVE, TAKEN_OVER, Word, agreed
from ot_grid.store import read_json, write_json


def main(order_path: str) -> Any:
    """Train as the JSON at `order_path` says; return the trainer."""
    machine.end_with_parent()
    if os.getppid() == 1:
        sys.exit("the launcher has ended already")
    order = read_json(Path(order_path))
    word = Word(Path(order["out"]), order["run"])
    import torch

    if order["threads"]:
        torch.set_num_threads(order["threads"])
    try:
        trainer = build(order, "cuda" if torch.cuda.is_available() else "cpu", word)
    except BadInput as error:
        if word.first:
            write_json(word.out / REFUSED, {"problems": list(error.problems)})
        raise
    if agreed(word.now(), trainer.args) == GO_ON:
        trainer.train(resume_from_checkpoint=order["resume"])
    save(trainer, order, agreed(word.now(), trainer.args))
    trainer.accelerator.wait_for_everyone()  # the first may still write the model
    trainer.accelerator.end_training()
    return trainer


def save(trainer: Any, order: dict[str, Any], told: int) -> None:
    """Write the model and the result, or only at which step the training was stopped."""
    out, first = Path(order["out"]), trainer.is_world_process_zero()
    if told == LEAVE:
        raise OtGridError(TAKEN_OVER)
    if not trainer.state.max_steps or trainer.state.global_step < trainer.state.max_steps:
        if first:
            write_json(out / STOPPED, {"step": trainer.state.global_step})
        return
    if first:
        shutil.rmtree(out / "model.tmp", ignore_errors=True)
    if trainer.is_fsdp_enabled:  # checkpoints are sharded, which is faster; from shards save_model writes nothing
        trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
    save_model(trainer, out / "model.tmp")
    if first:
        (out / "model.tmp" / "training_args.bin").unlink(missing_ok=True)  # holds paths of this machine
        write_json(out / RESULT, result(trainer, order["resume"]))


def save_model(trainer: Any, folder: Path) -> None:
    """Write the model: in bfloat16 where it was trained in it, which is what it is loaded in from now on."""
    if not trainer.args.bf16:
        trainer.save_model(str(folder))
        return
    weights = trainer.accelerator.get_state_dict(trainer.model)  # all processes take part, the first one has them
    if trainer.args.should_save:
        trainer.model.config.dtype = "bfloat16"
        trainer._save(str(folder), state_dict=halved(weights))


def halved(weights: dict[str, Any]) -> dict[str, Any]:
    """Return weights in bfloat16; those that are one stay one, so that tied ones are written once."""
    import torch

    made: dict[tuple[int, Any], Any] = {}
    for name, weight in weights.items():
        same = weight.data_ptr(), weight.shape
        if same not in made:
            made[same] = weight.to(torch.bfloat16) if weight.is_floating_point() else weight
        weights[name] = made[same]
    return weights


def build(order: dict[str, Any], device: str, word: Word) -> Any:
    """Return the SFTTrainer, over rows that are tokens already."""
    from ot_grid.stages.training import callbacks, live

    tokenizer = encode.tokenizer_of(order["student"], order["template"])
    args = arguments(order, device)
    if args.n_gpu > 1:
        raise BadInput(
            f"one training process was started for {args.n_gpu} GPUs; leave cluster.accelerate_config at null, or "
            "give num_processes in its file"
        )
    beside = [callbacks.StepsLog(Path(order["out"]) / "steps.jsonl"), callbacks.Obedience(word)]
    if order.get("live"):
        beside.append(live.LiveCurve(order["live"]))
    trainer = dealing_trainer(order["batch_size"])(
        model=order["student"], args=args, train_dataset=rows_of(order, args),
        processing_class=tokenizer, callbacks=beside,
    )  # fmt: skip
    trainer.rows = len(tokens.load(Path(order["tokens"])))
    trainer.add_callback(callbacks.WithinEpoch(trainer))
    stop_at_turns(trainer.model, tokenizer)
    cast_each_time(trainer.accelerator)
    if trainer.is_fsdp_enabled:
        reduce_in_float32(trainer.accelerator.state.fsdp_plugin)
    return trainer


def dealing_trainer(batch: int) -> Any:
    """Return an SFTTrainer that takes rows in the order of `dealing`, also where it goes on within an epoch."""
    from trl import SFTTrainer

    class DealingTrainer(SFTTrainer):  # type: ignore[misc]  # TRL's types are not followed
        def _get_train_sampler(self, train_dataset: Any = None) -> Dealt:
            rows = self.train_dataset if train_dataset is None else train_dataset
            self.dealt = Dealt(tokens.lengths(rows), batch=batch, seed=self.args.seed)
            return self.dealt

    return DealingTrainer


def cast_each_time(accelerator: Any) -> None:
    """Have autocast keep no 16-bit copies of weights: 2 bytes a parameter until a forward pass ends, for nothing.

    Each weight is read once in it, and gradient checkpointing casts again in any case.
    """
    from accelerate.utils import AutocastKwargs

    accelerator.autocast_handler = AutocastKwargs(cache_enabled=False)


def reduce_in_float32(plugin: Any) -> None:
    """Have FSDP add up gradients of processes in float32; accelerate takes bfloat16, in which small ones are lost."""
    import torch

    if plugin.mixed_precision_policy is not None:
        plugin.mixed_precision_policy = replace(plugin.mixed_precision_policy, reduce_dtype=torch.float32)


def rows_of(order: dict[str, Any], args: Any) -> Any:
    """Return the rows, mapped into memory; packed by the first process where they are to be, and read by the others."""
    from trl import pack_dataset

    rows = tokens.load(Path(order["tokens"]))
    if not order["packing"]:
        return rows
    packed = Path(args.output_dir) / "packed.arrow"
    with args.main_process_first(local=False, desc="packing"):
        if args.process_index == 0:
            packed.parent.mkdir(exist_ok=True)
            packed.unlink(missing_ok=True)
            pack_dataset(rows, order["max_length"], "bfd", {"cache_file_name": str(packed)})
        return tokens.load(packed)


def stop_at_turns(model: Any, tokenizer: Any) -> None:
    """Have a model stop where its template ends a turn, whoever loads it: a base model knows another end alone."""
    ends = [model.generation_config.eos_token_id, tokenizer.eos_token_id, encode.end_of_turn(tokenizer)]
    flat = [token for end in ends if end is not None for token in (end if isinstance(end, list) else [end])]
    model.generation_config.eos_token_id = sorted(set(flat))


def result(trainer: Any, resumed: str | None) -> dict[str, Any]:
    """Return what the record keeps of a training."""
    from ot_grid.stages.training import callbacks

    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "epochs": float(trainer.state.epoch),
        "rows": int(trainer.rows),
        "tokens": callbacks.tokens(trainer.state),
        "processes": trainer.args.world_size,
        "resumed_at": checkpoints.step(Path(resumed)) if resumed else 0,
        "loss": [[entry["step"], float(entry["loss"])] for entry in history],
    }


def run_and_exit(order_path: str) -> None:
    """Train and end this process, with nothing torn down: gloo's destructor waits for a thread that waits for us.

    Seen with torch 2.13: the destructor holds the interpreter's lock and joins a thread that wants it to free the last
    tensor sent. So the trainer, and after an error its frames, live until the process ends.
    """
    code = 1
    try:
        kept = main(order_path)  # noqa: F841
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    run_and_exit(sys.argv[1])
