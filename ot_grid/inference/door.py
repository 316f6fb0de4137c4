"""The inference door: stages ask, the door looks up, buys what is missing, and keeps every reply.

One idea: a reply is bought once. What is stored is never generated again, and what is generated is stored before anyone
sees it. It must not know what a stage does with replies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ot_grid import key
from ot_grid.config import Cluster, Model, Sampling
from ot_grid.inference import identity, models
from ot_grid.inference.buying import Buying
from ot_grid.inference.engine import Engine, Output, Prompt, open_engine
from ot_grid.inference.replies import Purchase, Replies
from ot_grid.rows import Reply

Progress = Callable[[int, int, str], None]  # done, in all, what they are
Message = Mapping[str, str]  # role, content
PORTION = 8192  # replies bought under one hold of locks: the kernel's list of them grows slow above
BETWEEN_REPORTS = 0.5  # seconds


@dataclass
class Usage:
    """What asking cost, and what was saved; for records."""

    bought: int = 0
    reused: int = 0
    cut: int = 0  # of those bought: stopped by the token limit
    prompt_tokens: int = 0  # of those bought
    output_tokens: int = 0  # of those bought
    output_tokens_reused: int = 0
    seconds: float = 0.0  # generating, with the loading of weights
    engine: dict[str, Any] = field(default_factory=dict)  # what computed; empty when nothing was bought


@dataclass(frozen=True, slots=True)
class _Request:
    """One reply that is wanted, under its key."""

    key: str
    prompt: str
    sample: int


class Door:
    """Asks models, through one engine at a time, which stays loaded for the next question to the same model."""

    def __init__(self, replies_root: Path, cluster: Cluster, progress: Progress) -> None:
        self.replies = Replies(replies_root)
        self.cluster = cluster
        self.progress = progress
        self.usage = Usage()
        self._engine: Engine | None = None
        self._folder: Path | None = None

    def ask(
        self,
        chats: Sequence[Sequence[Message]],
        samples: Sequence[int],
        *,
        model: Model,
        sampling: Sampling,
        path: Path | None = None,
    ) -> list[Reply]:
        """Return one reply for each (chat, sample index), in order, buying only what is not stored.

        `path` is where the model lies when no one else knows it: a student that was just trained.
        """
        if not chats:
            return []
        engine = self._open(path or self.locate(model))
        prompts = [engine.render(chat) for chat in chats]
        wanted = [
            _Request(identity.reply_key(model, sampling, prompt, sample), prompt, sample)
            for prompt, sample in zip(prompts, samples, strict=True)
        ]
        known = dict(self.find([request.key for request in wanted]))
        self._count_reused(known)
        missing = {request.key: request for request in wanted if request.key not in known}
        if not missing:
            self.progress(len(known), len(known), "replies")
        while missing:
            self._buy_or_wait(dict(islice(missing.items(), PORTION)), sampling, known, engine)
            missing = {name: request for name, request in missing.items() if name not in known}
        return [known[request.key] for request in wanted]

    def _buy_or_wait(
        self, missing: Mapping[str, _Request], sampling: Sampling, known: dict[str, Reply], engine: Engine
    ) -> None:
        """Buy what no other process is buying; when they are buying all of it, wait for one of theirs."""
        with Buying(self.replies.root) as buying:
            ours = buying.take(missing)
            # what another process has bought since we looked
            self._reuse(missing, known)
            self._buy(
                [missing[name] for name in missing if name in ours and name not in known], sampling, known, engine
            )
        theirs = [name for name in missing if name not in known]
        if theirs and not ours:
            with Buying(self.replies.root) as buying:
                buying.wait(theirs[0])
            self._reuse(theirs, known)

    def _reuse(self, names: Iterable[str], known: dict[str, Reply]) -> None:
        found = self.find([name for name in names if name not in known])
        self._count_reused(found)
        known.update(found)

    def find(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        """Return stored replies by key."""
        return self.replies.find(keys)

    def locate(self, model: Model) -> Path:
        """Return where a model lies, fetching it if need be."""
        return models.locate(model, known=self.cluster.models, cache=Path(self.cluster.model_cache).expanduser())

    def take_usage(self) -> Usage:
        """Return what was used since the last time, and begin to count anew."""
        taken, self.usage = self.usage, Usage()
        return taken

    def close(self) -> None:
        """Free the model and close files."""
        self.replies.close()
        if self._engine:
            self._engine.close()
        self._engine = self._folder = None

    def _open(self, folder: Path) -> Engine:
        if self._engine is None or self._folder != folder:
            if self._engine:
                self._engine.close()
            self._engine, self._folder = open_engine(folder, self.cluster), folder
        return self._engine

    def _buy(self, missing: list[_Request], sampling: Sampling, known: dict[str, Reply], engine: Engine) -> None:
        """Generate what is missing, and add it to the store and to `known` as it is finished."""
        stored, report = len(known), _Throttled(self.progress, len(known) + len(missing))
        jobs = [Prompt(request.prompt, key.seed(request.key)) for request in missing]
        started = time.monotonic()
        for finished in engine.generate(jobs, sampling) if jobs else ():
            described = engine.describe()
            bought = [_purchase(missing[index], output, sampling, described) for index, output in finished]
            self.replies.append(bought)
            known.update({purchase.reply.key: purchase.reply for purchase in bought})
            self._count_bought(bought, described, time.monotonic() - started)
            started = time.monotonic()
            report(len(known))
        report(stored + len(missing), last=True)

    def _count_reused(self, known: Mapping[str, Reply]) -> None:
        self.usage.reused += len(known)
        self.usage.output_tokens_reused += sum(reply.output_tokens for reply in known.values())

    def _count_bought(self, bought: list[Purchase], described: dict[str, Any], seconds: float) -> None:
        usage, replies = self.usage, [purchase.reply for purchase in bought]
        usage.bought += len(replies)
        usage.cut += sum(reply.cut for reply in replies)
        usage.prompt_tokens += sum(reply.prompt_tokens for reply in replies)
        usage.output_tokens += sum(reply.output_tokens for reply in replies)
        usage.seconds += seconds
        usage.engine = described


class _Throttled:
    """Reports progress at most twice a second, and at the end."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.last = progress, total, 0.0

    def __call__(self, done: int, *, last: bool = False) -> None:
        now = time.monotonic()
        if last or now - self.last >= BETWEEN_REPORTS:
            self.last = now
            self.progress(done, self.total, "replies")


def _purchase(request: _Request, output: Output, sampling: Sampling, engine: dict[str, Any]) -> Purchase:
    reply = Reply(request.key, **asdict(output))
    return Purchase(reply, request.sample, identity.sampling_fields(sampling), key.digest(request.prompt), engine)
