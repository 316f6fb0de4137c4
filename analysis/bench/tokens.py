"""What it takes to make long rows into tokens and to train on them: memory of each process, and seconds.

    python analysis/bench/tokens.py [--rows 5000 20000] [--tokens 10000]

One idea: the replies are made up and the student is a tiny one that reads bytes, so that everything but the rows is
small; each phase is a process of its own, and the most memory that it had is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ot_grid import key, rows, tables
from ot_grid.config import Cluster
from ot_grid.inference.door import Door
from ot_grid.inference.identity import REPLY_DIGITS
from ot_grid.inference.replies import Purchase, Replies
from ot_grid.rows import Reply, Trace
from ot_grid.stages import dataset
from ot_grid.stages.training import sft, tokens
from ot_grid.stages.work import Work
from ot_grid.store import write_json

STUDENT = {"id": "tiny", "revision": None, "wheel": None, "stands_for": None}
WORDS = ["so", "then", "we", "have", "two", "of", "them", "which", "makes", "wait", "no", "seven", "check", "again"]
LONGEST = 16_384


def made_up(folder: Path, count: int, length: int) -> None:
    """Write traces of so many replies of about so many bytes, and the replies to their store."""
    draw = random.Random(count)
    replies, traces = Replies(folder / "replies"), []
    for start in range(0, count, 500):
        bought = []
        for number in range(start, min(start + 500, count)):
            thought = " ".join(draw.choices(WORDS, k=length // 5))
            name = f"made-up:{key.digest([count, number])[:REPLY_DIGITS]}"
            reply = Reply(name, f"<think>\n{thought}\n</think>\n\n{number}", "stop", 20, length)
            bought.append(Purchase(reply, 0, {}, {}))
            asked = rows.question(f"What is {number}?", source="s", domain="math")
            traces.append(Trace(asked, 0, Reply(name, reply.text, "stop", 20, length)))
        replies.append(bought)
    tables.write_traces(folder / "traces", traces)


def tokenized(folder: Path) -> dict[str, Any]:
    """Run the dataset stage."""
    cluster = Cluster("local", threads=2, models={"tiny": str(folder / "student")}, model_cache=str(folder))
    reads = {
        "format": {"function": "think", "reasoning": "if_any", "cut": "keep"}, "student": STUDENT, "template": None,
        "max_length": LONGEST,
    }  # fmt: skip
    door = Door(folder / "replies", cluster, lambda *_: None)
    out = folder / "dataset"
    out.mkdir()
    return dataset.run(Work("dataset", "", reads, [folder / "traces"], out, door, cluster, lambda *_: None))


def trained(folder: Path) -> dict[str, Any]:
    """Train for one step."""
    out = folder / "train"
    out.mkdir()
    order = {
        "student": str(folder / "student"), "tokens": str(folder / "dataset" / "data" / tokens.FILE), "out": str(out),
        "learning_rate": 1e-3, "batch_size": 2, "epochs": 1, "max_length": LONGEST, "template": None, "packing": False,
        "schedule": "constant", "warmup_ratio": 0.0, "weight_decay": 0.0, "adam_betas": [0.9, 0.999],
        "adam_epsilon": 1e-8, "seed": 1, "checkpoint_steps": 10_000, "threads": 2, "dtype": "auto", "attention": "auto",
        "resume": None, "run": "x",
    }  # fmt: skip
    write_json(out / "train.json", order)
    from ot_grid.stages.training.word import Word

    begun = time.monotonic()
    trainer = sft.build(order, "cpu", Word(out, "x"))
    ready = time.monotonic() - begun
    trainer.args.max_steps = 1
    trainer.train()
    return {"prepared": round(ready, 1), "rows": trainer.rows}


def phase(name: str, folder: Path, *numbers: int) -> dict[str, Any]:
    """Run a phase in a process of its own; return what it says, its seconds and its most memory in GiB."""
    line = [sys.executable, __file__, "--phase", name, "--folder", str(folder), "--rows", *map(str, numbers)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    """Print a line for each number of rows and phase."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[5000, 20000])
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--phase", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.phase:
        begun = time.monotonic()
        work = {"made up": lambda: made_up(args.folder, *args.rows), "tokenized": lambda: tokenized(args.folder),
                "trained": lambda: trained(args.folder)}[args.phase]()  # fmt: skip
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(json.dumps({"seconds": round(time.monotonic() - begun, 1), "GiB": round(most, 2), **(work or {})}))
        return
    for count in args.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            from tests import tiny

            tiny.make(folder / "student")
            phase("made up", folder, count, args.tokens)
            for what in ("tokenized", "trained"):
                told = phase(what, folder, 0)
                shown = {name: told[name] for name in ("seconds", "GiB", "tokens", "prepared", "rows") if name in told}
                print(f"{count:,} rows of {args.tokens:,}, {what}: {shown}")


if __name__ == "__main__":
    main()
