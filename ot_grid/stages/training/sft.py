"""The trainer's own process: the only door to torch and TRL's training.

One idea: it reads one JSON of settings and writes checkpoints, steps, a model and a result; killed at any moment, the
next start goes on from the newest whole checkpoint. Told to stop, it writes one and ends. With several processes all
do everything at the same step. It must not know about recipes, keys or records.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid.errors import BadInput, OtGridError
from ot_grid.stages.training import checkpoints, encode, launcher
from ot_grid.stages.training.launcher import ORDER, REFUSED, RESULT, STOP, STOPPED
from ot_grid.store import read_json, write_json
from ot_grid.tables import read_rows

if TYPE_CHECKING:
    from transformers import TrainerCallback
    from trl import SFTConfig

ROWS_AT_ONCE = {"cuda": 1, "cpu": 8}  # per device; the global batch is made up by accumulation
GO_ON, END, LEAVE = 0, 1, 2  # what a process may be told; the largest told to any counts for all
TAKEN_OVER = "another run of this training has started since, and writes here now; this one ends and leaves it alone"


def main(order_path: str) -> Any:
    """Train as the JSON at `order_path` says; return the trainer."""
    launcher.die_with_parent()
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
    trainer.save_model(str(out / "model.tmp"))
    if first:
        (out / "model.tmp" / "training_args.bin").unlink(missing_ok=True)  # holds paths of this machine
        write_json(out / RESULT, result(trainer, order["resume"]))


class Word:
    """What the world outside has to say to a training: go on, end after a checkpoint, or leave at once.

    Files are looked at by the first process alone: it is on the node of the job's own process, which writes them, so
    no other node's view of the file system can lag behind.
    """

    def __init__(self, out: Path, run: str) -> None:
        self.out, self.run, self.signalled = out, run, False
        self.first = os.environ.get("RANK", "0") == "0"
        for name in launcher.STOP_SIGNALS:
            signal.signal(name, self._signal)

    def _signal(self, *_: Any) -> None:
        self.signalled = True  # at a preemption Slurm may signal us alone, and not the job's own process

    def now(self) -> int:
        """Return GO_ON, END or LEAVE, as far as this process knows."""
        if not self.ours():
            return LEAVE
        return END if self.signalled or (self.first and (self.out / STOP).exists()) else GO_ON

    def ours(self) -> bool:
        """Whether no later run has taken over: a process of a lost node may wake up when another trains already."""
        try:
            return not self.first or bool(read_json(self.out / ORDER)["run"] == self.run)
        except FileNotFoundError:  # a later run begins by clearing what this one wrote
            return False


def agreed(told: int, args: Any) -> int:
    """Return the largest of what the processes were told, in all of them: one that stops alone blocks the others."""
    if args.world_size == 1:
        return told
    import torch

    largest = torch.tensor(told, device=args.device)
    torch.distributed.all_reduce(largest, op=torch.distributed.ReduceOp.MAX)
    return int(largest)


def build(order: dict[str, Any], device: str, word: Word) -> Any:
    """Return the SFTTrainer; raise `BadInput` where the student's template would not train what the rows say."""
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(order["student"])
    tokenizer.chat_template = encode.template(order["template"], tokenizer)
    # from memory, not through the cache of `datasets`: processes of several nodes would meet in its lock files
    made = encode.encode(read_rows(Path(order["dataset"])), tokenizer, order["max_length"])
    table = pa_table({"input_ids": made.input_ids, "completion_mask": made.completion_mask})
    args = arguments(order, device)
    if args.n_gpu > 1:
        raise BadInput(
            f"one training process was started for {args.n_gpu} GPUs; leave cluster.accelerate_config at null, or "
            "give num_processes in its file"
        )
    trainer = SFTTrainer(
        model=order["student"], args=args, train_dataset=Dataset(table, fingerprint=order["run"]),
        processing_class=tokenizer, callbacks=[steps_log(Path(order["out"]) / "steps.jsonl"), obedience(word)],
    )  # fmt: skip
    trainer.encoded = made
    stop_at_turns(trainer.model, tokenizer)
    return trainer


def pa_table(columns: dict[str, Any]) -> Any:
    """Return columns of lists as an Arrow table."""
    import pyarrow as pa

    return pa.table({name: pa.array(values, pa.large_list(pa.int32())) for name, values in columns.items()})


def stop_at_turns(model: Any, tokenizer: Any) -> None:
    """Have a model stop where its template ends a turn, whoever loads it: a base model knows another end alone."""
    ends = [model.generation_config.eos_token_id, tokenizer.eos_token_id, encode.end_of_turn(tokenizer)]
    flat = [token for end in ends if end is not None for token in (end if isinstance(end, list) else [end])]
    model.generation_config.eos_token_id = sorted(set(flat))


def arguments(order: dict[str, Any], device: str) -> SFTConfig:
    """Return TRL's arguments for an order."""
    from trl import SFTConfig

    world = int(os.environ.get("WORLD_SIZE", "1"))
    at_once, accumulation = split_batch(order["batch_size"], device, world)
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
        ddp_find_unused_parameters=False,
        ddp_backend="gloo" if device == "cpu" and world > 1 else None,
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
    """Return a callback that appends one JSON line a step, and counts tokens on where a checkpoint left off."""
    from transformers import TrainerCallback

    class StepsLog(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
        before = 0  # tokens: TRL's own count begins anew at every start

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.before = tokens(state)

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
            if not logs or "loss" not in logs:
                return
            state.log_history[-1]["num_tokens"] = self.before + logs.get("num_tokens", 0)
            if state.is_world_process_zero:
                line = {"step": state.global_step, "steps": state.max_steps, "loss": float(logs["loss"])}
                with path.open("a") as file:
                    file.write(json.dumps(line) + "\n")

    return StepsLog()


def obedience(word: Word) -> TrainerCallback:
    """Return a callback that ends the training when told so, and vouches for checkpoints."""
    from transformers import TrainerCallback

    class Obedience(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            told = agreed(word.now(), args)
            if told == LEAVE:
                raise OtGridError(TAKEN_OVER)
            if told == END and state.global_step < state.max_steps:  # after the last step: let it finish
                control.should_save = control.should_training_stop = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if agreed(LEAVE * (not word.ours()), args) == LEAVE:  # also waits until all have written their part
                raise OtGridError(TAKEN_OVER)
            if state.is_world_process_zero:
                checkpoints.mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Obedience()


def result(trainer: Any, resumed: str | None) -> dict[str, Any]:
    """Return what the record keeps of a training."""
    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "epochs": float(trainer.state.epoch),
        "rows": len(trainer.encoded.input_ids),
        "rows_cut": trainer.encoded.cut,
        "rows_dropped": trainer.encoded.dropped,
        "tokens": tokens(trainer.state),
        "processes": trainer.args.world_size,
        "resumed_at": checkpoints.step(Path(resumed)) if resumed else 0,
        "loss": [[entry["step"], float(entry["loss"])] for entry in history],
    }


def tokens(state: Any) -> int:
    """Return how many tokens the steps so far had."""
    return max((int(entry.get("num_tokens", 0)) for entry in state.log_history), default=0)


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
