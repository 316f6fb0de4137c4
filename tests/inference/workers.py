"""Workers in processes of their own, and the fake engine that they use: it says in every reply who wrote it.

No two processes would write the same, so equal lists of replies were bought once and shared.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from ot_grid.config import Cluster, Sampling
from ot_grid.inference import door as door_module
from ot_grid.inference.door import Door
from ot_grid.inference.engine import Output
from tests.inference.conftest import SMOLLM2

SAMPLING = Sampling(temperature=0.7, top_p=1.0, max_tokens=12)
QUESTIONS = [f"What is {n} + 1?" for n in range(300)]
AT_ONCE = 4  # replies that the fake engine hands over together
PATIENCE = 60  # seconds until a worker that waits for others gives up


@dataclass(frozen=True)
class Told:
    """What a worker is to do: ask these questions, and meet others before its second batch, or stop before a later."""

    root: Path  # of the replies
    name: str
    questions: Sequence[str]
    chunk: int | None = 16
    buyer: str = ""
    meets: int = 1  # workers, with itself, that must have bought something before it goes on
    stalls_after: int | None = None  # batches; then it holds its locks and does nothing

    @property
    def result(self) -> Path:
        """Where it writes what it got."""
        return self.root.parent / f"{self.name}.json"

    @property
    def stalled(self) -> Path:
        """What it touches when it stalls."""
        return self.root.parent / f"{self.name}.stalled"


class Signing:
    """An engine that signs what it writes with its process, four replies at a time."""

    def __init__(self, told: Told) -> None:
        self.told, self.batches = told, 0

    def render(self, messages: Any) -> str:
        """Join the contents."""
        return "|".join(message["content"] for message in messages)

    def rooms(self, prompts: Any) -> list[tuple[int, int]]:
        """Room for any prompt."""
        return [(len(prompt), 1 << 20) for prompt in prompts]

    def generate(self, jobs: Any, sampling: Any) -> Any:
        """Yield four replies after the other."""
        for start in range(0, len(jobs), AT_ONCE):
            if self.batches == self.told.stalls_after:
                self.told.stalled.touch()
                time.sleep(3600)
            if self.batches == 1:
                wait_until(lambda: len(written_by(self.told.root)) >= self.told.meets)
            self.batches += 1
            time.sleep(0.002)
            numbers = range(start, min(start + AT_ONCE, len(jobs)))
            yield [(n, Output(f"{os.getpid()}: {jobs[n].text} {jobs[n].seed}", "stop", 3, 5)) for n in numbers]

    def describe(self) -> dict[str, Any]:
        """Give the process."""
        return {"name": "signing", "pid": os.getpid()}

    def close(self) -> None:
        """Hold nothing."""


def wait_until(true: Any) -> None:
    """Look until something is true; raise when it takes too long."""
    last = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.005)


def ask(told: Told) -> tuple[list[str], dict[str, Any]]:
    """Ask in this process, and return the texts and the usage."""
    door_module.open_engine = lambda folder, cluster, model: Signing(told)
    door = Door(told.root, Cluster(), lambda *report: None)
    door.chunk, door.buyer = told.chunk, told.buyer
    chats = [[{"role": "user", "content": question}] for question in told.questions]
    replies = door.ask(chats, [0] * len(chats), model=SMOLLM2, sampling=SAMPLING, path=Path("/model"))
    usage = asdict(door.take_usage())
    door.close()
    return [reply.text for reply in replies], usage


def work(told: Told) -> None:
    """Ask, and write down what came."""
    told.result.write_text(json.dumps(ask(told)))


def start(told: Told) -> BaseProcess:
    """Start a worker."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=(told,), daemon=True)
    process.start()
    return process


def ended(told: Told, process: BaseProcess) -> tuple[list[str], dict[str, Any]]:
    """Return what a worker got, when it is done."""
    process.join(PATIENCE)
    assert process.exitcode == 0
    texts, usage = json.loads(told.result.read_text())
    return texts, usage


def lines(root: Path) -> list[dict[str, Any]]:
    """Return every whole line of a reply store."""
    found = [line for path in root.glob("*/*.jsonl") for line in path.read_bytes().splitlines(keepends=True)]
    return [json.loads(line) for line in found if line.endswith(b"\n")]


def written_by(root: Path) -> Counter[int]:
    """Return how many replies each process wrote."""
    return Counter(line["engine"]["pid"] for line in lines(root))


def bought_once(root: Path, count: int) -> bool:
    """Whether that many replies are stored, none of them twice."""
    keys = [line["key"] for line in lines(root)]
    return len(keys) == len(set(keys)) == count
