"""What the tests of stages share: a stage run in `tmp_path`, and a door that answers from a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ot_grid import key, rows, tables
from ot_grid.config import Cluster, Model, Sampling
from ot_grid.errors import OtGridError
from ot_grid.rows import TOO_LONG, Question, Reply, Trace
from ot_grid.stages import train
from ot_grid.stages.work import Message, Work
from tests.stages import tiny

SAMPLING = {"temperature": 1.0, "top_p": 1.0, "top_k": None, "max_tokens": 64}
MODEL = {"id": "a-model", "revision": "1", "wheel": None, "stands_for": None}


@dataclass
class FakeAsker:
    """The inference door: answers by a function of (prompt, sample), or fails."""

    answer: Callable[[str, int], str] = lambda prompt, sample: f"{prompt} {sample}"
    fails: bool = False
    cut: bool = False
    room: int = 1 << 20  # characters of the longest prompt that is read
    bought: dict[str, Reply] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def ask(
        self,
        chats: Sequence[Sequence[Message]],
        samples: Sequence[int],
        *,
        model: Model,
        sampling: Sampling,
        path: Path | None = None,
    ) -> list[Reply]:
        """Answer each chat by its last message."""
        if self.fails:
            raise OtGridError("the engine died")
        self.asked.append({"chats": chats, "samples": samples, "model": model, "sampling": sampling, "path": path})
        pairs = zip(chats, samples, strict=True)
        return [self._reply(chat, sample) for chat, sample in pairs]

    def _reply(self, chat: Sequence[Message], sample: int) -> Reply:
        prompt = chat[-1]["content"]
        if len(prompt) > self.room:
            return Reply("", "", TOO_LONG, len(prompt), 0)
        return self.buy(self.answer(prompt, sample), f"{chat}{sample}")

    def buy(self, text: str, request: str) -> Reply:
        """Put a reply into the store."""
        reply = Reply(key.short([request, text]), text, "length" if self.cut else "stop", 5, len(text.split()))
        self.bought[reply.key] = reply
        return reply

    def find(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        """Return replies that were bought."""
        return {name: self.bought[name] for name in keys if name in self.bought}


@pytest.fixture
def asker() -> FakeAsker:
    return FakeAsker()


@pytest.fixture
def work(tmp_path: Path, asker: FakeAsker) -> Callable[..., Work]:
    """Make a stage run: fields, input folders."""

    def make(reads: Mapping[str, Any], *inputs: Path, stage: str = "a-stage") -> Work:
        out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        return Work(stage, "math", reads, inputs, out, asker, Cluster(sandbox="auto"), lambda done, of, what: None)

    return make


@pytest.fixture
def questions_at(tmp_path: Path) -> Callable[..., Path]:
    """Write an artifact of questions."""

    def write(name: str, questions: Sequence[Question]) -> Path:
        tables.write_questions(tmp_path / name, questions)
        return tmp_path / name

    return write


@pytest.fixture
def traces_at(tmp_path: Path, asker: FakeAsker) -> Callable[..., Path]:
    """Write an artifact of traces: for each question text and known answer, the replies of its samples."""

    def write(
        name: str,
        replies: Mapping[tuple[str, str | None], Sequence[str]],
        *,
        cut: Sequence[int] = (),
        opened: bool = False,
    ) -> Path:
        traces = []
        for (text, answer), samples in replies.items():
            for sample, reply in enumerate(samples):
                bought = asker.buy(reply, f"{text}{sample}")
                bought = replace(
                    bought, finish_reason="length" if sample in cut else bought.finish_reason, opened=opened
                )
                asker.bought[bought.key] = bought
                traces.append(Trace(ask(text, answer=answer), sample, bought))
        tables.write_traces(tmp_path / name, traces)
        return tmp_path / name

    return write


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tiny.Make]:
    """Make a training that writes to a folder: real, of a tiny model."""
    with tiny.trainings(tmp_path_factory.mktemp("tiny")) as made:
        yield made


@pytest.fixture(scope="module")
def whole(make: tiny.Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[Work, dict[str, Any]]:
    """A training that nothing interrupted, and its counts."""
    work = make(tmp_path_factory.mktemp("whole"))
    with tiny.in_process():
        return work, train.run(work)


def ask(text: str, *, source: str = "s", answer: str | None = None) -> Question:
    return rows.question(text, source=source, domain="math", answer=answer)


@pytest.fixture
def reasons() -> Callable[[Path], dict[str, str]]:
    """Read which rows an artifact dropped, and why."""

    def read(artifact: Path) -> dict[str, str]:
        return {row["row"]: row["reason"] for row in tables.read_rows(artifact / "dropped.parquet")}

    return read
