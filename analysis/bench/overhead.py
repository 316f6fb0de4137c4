"""Our generation and training paths beside the bare engine and the bare SFTTrainer: the same work, in one run.

    python analysis/bench/overhead.py [--replies 64] [--rows 16] [--repeats 5]

Each pair is run in turn, A B A B ..., in this process, so that a machine that drifts drifts for both; CPU time is what
counts, so that other work does not. Our rows are tokens already, as the dataset stage leaves them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ot_grid.api import plan
from ot_grid.config import Model, Sampling
from ot_grid.inference.door import Door
from ot_grid.planning import rehearsal
from ot_grid.running.execute import with_threads
from ot_grid.stages import bind
from ot_grid.stages.training import encode, sft, tokens
from ot_grid.stages.training.word import Word
from ot_grid.store import write_json

PROMPTS = [f"What is {n % 10} + {n * 7 % 9}? Explain in one sentence." for n in range(256)]
TOKENS = 32


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of CPU that work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def pairs(ours: Callable[[], object], bare: Callable[[], object], repeats: int) -> str:
    """Return the median CPU seconds of ours and of the bare one, and the ratios pair by pair: median, least, most."""
    found = [(timed(ours), timed(bare)) for _ in range(repeats)]
    mine, theirs = (statistics.median(column) for column in zip(*found, strict=True))
    ratios = sorted(a / b for a, b in found)
    spread = f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
    return f"ours {mine:.1f} s, bare {theirs:.1f} s of CPU, ratio {spread}"


def generation(folder: Path, count: int, repeats: int) -> str:
    """Compare the door, with its look-up, seeds and store, with model.generate on the same prompts and tokens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    wanted = plan([])
    cluster = with_threads(wanted.runtime.cluster)
    cluster.threads = torch.get_num_threads()
    model = bind.made(Model, next(rehearsal.models(wanted.cells[0].recipe.settings["teacher"])))
    sampling = Sampling(temperature=0.7, top_p=1.0, top_k=None, max_tokens=TOKENS)
    door = Door(folder / "replies", cluster, lambda *_: None)
    place = door.locate(model)
    bare = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(place, padding_side="left")
    chats = [[{"role": "user", "content": prompt}] for prompt in PROMPTS[:count]]
    turn = iter(range(10_000))

    def with_door() -> None:
        door.ask(chats, [next(turn)] * count, model=model, sampling=sampling)

    def without() -> None:
        texts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
        for first in range(0, count, cluster.batch_size):
            batch = tokenizer(texts[first : first + cluster.batch_size], return_tensors="pt", padding=True)
            with torch.inference_mode():
                bare.generate(**batch, max_new_tokens=TOKENS, do_sample=True, temperature=0.7, top_k=0)

    with_door()
    without()
    return pairs(with_door, without, repeats)


def training(folder: Path, count: int, repeats: int) -> str:
    """Compare our trainer with a bare SFTTrainer on the same rows, with checkpoints as often."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    wanted = plan([])
    model = bind.made(Model, wanted.cells[0].recipe.settings["train"]["student"])
    door = Door(folder / "replies", with_threads(wanted.runtime.cluster), lambda *_: None)
    settings = dict(wanted.cells[0].recipe.settings["train"])
    rows = [
        {
            "prompt": [{"role": "user", "content": p}],
            "completion": [{"role": "assistant", "content": f"<think>\n\n</think>\n\n{p}"}],
        }
        for p in PROMPTS[:count]
    ]
    place = door.locate(model)
    made = encode.encode(rows, encode.tokenizer_of(place, None), settings["max_length"])
    with tokens.writing(folder / tokens.FILE) as add:
        add([row for row in made.rows if row])
    turn = iter(range(10_000))

    def ours() -> None:
        out = folder / f"ours-{next(turn)}"
        out.mkdir()
        order = {
            **settings,
            "student": str(place),
            "tokens": str(folder / tokens.FILE),
            "out": str(out),
            "dtype": "auto",
            "attention": "auto",
            "run": "x",
        }
        write_json(out / "train.json", order)
        sft.build(order, "cpu", Word(out, "x")).train()

    def bare() -> None:
        arguments = SFTConfig(
            output_dir=str(folder / f"bare-{next(turn)}"), per_device_train_batch_size=settings["batch_size"],
            num_train_epochs=settings["epochs"], learning_rate=settings["learning_rate"],
            max_length=settings["max_length"],
            completion_only_loss=True, use_cpu=True, bf16=False, model_init_kwargs={"dtype": "float32"},
            gradient_checkpointing=False, save_strategy="steps", save_steps=settings["checkpoint_steps"],
            report_to="none", disable_tqdm=True, logging_steps=1,
        )  # fmt: skip
        SFTTrainer(model=str(place), args=arguments, train_dataset=Dataset.from_list(rows)).train()

    return pairs(ours, bare, repeats)


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=64)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        told = generation(Path(name), args.replies, args.repeats)
        print(f"generation, {args.replies} replies of {TOKENS} tokens: {told}")
        print(f"training, {args.rows} rows, checkpoints as often: {training(Path(name), args.rows, args.repeats)}")


if __name__ == "__main__":
    main()
