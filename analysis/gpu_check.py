"""A first look at one GPU: a student of 1.5B trains on long rows, and writes the same replies twice.

    python -m analysis.gpu_check [--out gpu_check.json] [--small]

Without a network: the student is made from its config with random weights and reads bytes. It needs torch, transformers
and accelerate; what is missing of trl and vllm is said, and the rest is measured. About eight minutes on an H100.
`--small` tries the script itself, on any machine.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ot_grid.config import Cluster, Model, Sampling
from ot_grid.inference.door import Door
from ot_grid.sizing.models import ModelSize, of_folder
from ot_grid.stages.training import sft, tokens
from ot_grid.stages.training.word import Word
from ot_grid.store import write_json

PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "B200": 2250e12, "L40S": 362e12}  # dense bfloat16, FLOP/s
# Qwen2.5-1.5B, and something that a laptop carries.
LARGE = {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28, "num_attention_heads": 12,
         "num_key_value_heads": 2, "vocab_size": 151_936}  # fmt: skip
SMALL = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
         "num_key_value_heads": 2, "vocab_size": 320}  # fmt: skip
CHAT = (
    "{% for m in messages %}{{ m['role'][0] + ':' + m['content'] + '<end>' }}{% endfor %}"
    "{% if add_generation_prompt %}a:{% endif %}"
)


@dataclass
class Bench:
    """Where it works, and how much of it."""

    folder: Path
    small: bool
    rows: int
    row_tokens: int
    replies: int
    reply_tokens: int

    @property
    def student(self) -> Path:
        """Where the student lies."""
        return self.folder / "student"


def main() -> None:
    """Measure, print a table and write one JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("gpu_check.json"))
    parser.add_argument("--small", action="store_true", help="a tiny student: tries the script, says nothing of a GPU")
    args = parser.parse_args()
    sizes = (8, 256, 8, 16) if args.small else (64, 16_384, 200, 256)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), args.small, *sizes)
        result: dict[str, Any] = {"machine": machine(), "student": made_student(bench)}
        for step in (training, generation):
            result[step.__name__] = attempted(step, bench)
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    for section, values in result.items():
        print(section)
        for key, value in values.items():
            print(f"  {key:<28}{value}")


def attempted(step: Callable[[Bench], dict[str, Any]], bench: Bench) -> dict[str, Any]:
    """Return what a step measures, or why it could not: the others are worth having all the same."""
    try:
        return step(bench)
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {str(error)[:500]}"}


def machine() -> dict[str, Any]:
    """Return the GPU, versions, and what is missing."""
    import torch
    import transformers

    there = torch.cuda.is_available()
    gpu = torch.cuda.get_device_properties(0) if there else None
    return {
        "gpu": gpu.name if gpu else "none",
        "memory_gib": round(gpu.total_memory / 2**30, 1) if gpu else 0,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "missing": [name for name in ("accelerate", "trl", "vllm") if find_spec(name) is None],
    }


def made_student(bench: Bench) -> dict[str, Any]:
    """Write a student with random weights, and a tokenizer of bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    letters = {letter: at for at, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    plain = Tokenizer(models.BPE(letters, []))
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    reader = PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<end>", pad_token="<pad>")
    reader.chat_template = CHAT
    reader.save_pretrained(bench.student)
    torch.manual_seed(1)
    shape = SMALL if bench.small else LARGE
    config = Qwen2Config(**shape, max_position_embeddings=32_768, tie_word_embeddings=True)
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(bench.student)
    size = of_folder(bench.student)
    return {"parameters": int(size.parameters), "bytes": int(size.weights)}


def training(bench: Bench) -> dict[str, Any]:
    """Train on rows of full length: peak memory, tokens a second, share of the GPU's arithmetic."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    path = bench.folder / tokens.FILE
    row = [number % 256 for number in range(bench.row_tokens)]
    with tokens.writing(path) as add:
        add([(row, row)] * bench.rows)
    out = bench.folder / "train"
    out.mkdir()
    order = {
        "student": str(bench.student), "tokens": str(path), "out": str(out), "learning_rate": 1e-5, "batch_size": 8,
        "epochs": 1, "max_length": bench.row_tokens, "template": None, "packing": False, "schedule": "constant",
        "warmup_ratio": 0.0, "weight_decay": 0.0, "adam_betas": [0.9, 0.999], "adam_epsilon": 1e-8, "seed": 1,
        "checkpoint_steps": 10_000, "threads": None, "dtype": "auto", "attention": "auto", "resume": None, "run": "x",
    }  # fmt: skip
    write_json(out / "train.json", order)
    trainer = sft.build(order, device, Word(out, "x"))
    begun = time.monotonic()
    trainer.train()
    seconds = time.monotonic() - begun
    saved = time.monotonic()
    sft.save_model(trainer, out / "model")
    read = bench.rows * bench.row_tokens
    told = {
        "tokens_a_second": round(read / seconds), "seconds": round(seconds, 1),
        "seconds_to_save": round(time.monotonic() - saved, 1), "loss_first": trainer.state.log_history[0]["loss"],
    }  # fmt: skip
    if device == "cuda":
        told["peak_memory_gb"] = round(torch.cuda.max_memory_allocated() / 1e9, 1)
        told["estimated_gb"] = round(estimated(of_folder(bench.student), bench.row_tokens), 1)
        told["mfu"] = share_of_peak(of_folder(bench.student), read / seconds, torch.cuda.get_device_name())
    del trainer
    gc.collect()
    torch.cuda.empty_cache()
    return told


def estimated(size: ModelSize, length: int) -> float:
    """Return the GB that `sizing` expects of such a training on one GPU."""
    from ot_grid.sizing import training as sized
    from ot_grid.sizing.gpus import Gpus

    return sized.needed(size, Gpus(1, 80), length, "one_gpu") / 1e9


def share_of_peak(size: ModelSize, tokens_a_second: float, name: str) -> float | str:
    """Return the share of a GPU's arithmetic that training makes use of, at six operations a parameter and token."""
    peak = next((value for key, value in PEAKS.items() if key in name), None)
    return round(6 * size.parameters * tokens_a_second / peak, 3) if peak else f"the peak of {name} is not known"


@dataclass
class Turn:
    """Replies that were written once, with a store of their own and the engine loaded anew."""

    texts: list[str]
    tokens: int
    seconds: float
    to_load: float
    told: dict[str, Any]
    engine: str


def generation(bench: Bench) -> dict[str, Any]:
    """Write seeded replies through the door, twice, then the bare engine: the same replies? how fast? a reload?"""
    first, second = written(bench, "first"), written(bench, "second")
    same = sum(one == two for one, two in zip(first.texts, second.texts, strict=True))
    result = {
        **second.told, "engine_name": second.engine, "seconds_to_load_first": round(first.to_load, 1),
        "seconds_to_load_second": round(second.to_load, 1), "same_replies": f"{same} of {bench.replies}",
        "tokens_a_second": round(second.tokens / min(first.seconds, second.seconds)),
    }  # fmt: skip
    if second.engine != "vllm":
        return {**result, "bare_tokens_a_second": "only beside vllm"}
    apart = written(bench, "apart", engine_process=True)
    beside = {"tokens_a_second_engine_process": round(apart.tokens / apart.seconds)}
    return {**result, **beside, "bare_tokens_a_second": bare(bench)}


def written(bench: Bench, turn: str, *, engine_process: bool = False) -> Turn:
    """Write all replies once; the first of them loads the engine."""
    cluster = Cluster(
        "slurm" if engine_process else "local", engine="auto", dtype="auto", batch_size=64,
        models={"check": str(bench.student)}, model_cache=str(bench.folder), threads=None,
        engine_process=engine_process,
    )  # fmt: skip
    sampling = Sampling(temperature=1.0, top_p=1.0, top_k=None, max_tokens=bench.reply_tokens)
    chats = [[{"role": "user", "content": f"Count from {number}."}] for number in range(bench.replies)]
    door = Door(bench.folder / turn, cluster, lambda *_: None)
    begun = time.monotonic()
    door.ask(chats[:1], [1], model=Model("check"), sampling=sampling)
    loaded = time.monotonic()
    replies = door.ask(chats, [0] * len(chats), model=Model("check"), sampling=sampling)
    seconds = time.monotonic() - loaded
    name = str(door._engine.describe()["name"]) if door._engine else "none"
    told = door.told()
    door.close()
    tokens = sum(reply.output_tokens for reply in replies)
    return Turn([reply.text for reply in replies], tokens, seconds, loaded - begun, told, name)


def bare(bench: Bench) -> int:
    """Return the tokens a second of vLLM's own `generate` on as many prompts and tokens."""
    from vllm import LLM, SamplingParams

    engine = LLM(str(bench.student), dtype="bfloat16", max_model_len=1024)
    asked = [{"prompt_token_ids": list(range(20))} for _ in range(bench.replies)]
    wanted = SamplingParams(max_tokens=bench.reply_tokens, temperature=1.0)
    engine.generate(asked[:1], wanted, use_tqdm=False)
    begun = time.monotonic()
    done = engine.generate(asked, wanted, use_tqdm=False)
    return round(sum(len(reply.outputs[0].token_ids) for reply in done) / (time.monotonic() - begun))


if __name__ == "__main__":
    main()
