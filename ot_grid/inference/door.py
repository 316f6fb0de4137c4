"""The inference door: stages ask, the door looks up, buys what is missing, and keeps every reply.

One idea: a reply is bought once. What is stored is never generated again, and what is generated is stored before anyone
sees it; so any number of processes may ask the same, and they share the work. It must not know what a stage does with
replies.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ot_grid import key, stopping
from ot_grid.config import OF_REPLIES, Cluster, Model, Sampling
from ot_grid.errors import BadInput
from ot_grid.inference import identity, models
from ot_grid.inference.buying import Buying
from ot_grid.inference.engine import Engine, Output, Prompt
from ot_grid.inference.engines import open_engine
from ot_grid.inference.replies import Purchase, Replies, Stored
from ot_grid.rows import CLOSE, OPEN, TOO_LONG, Reply

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
    seconds: float = 0.0  # generating in this process, with the loading of weights
    engine: dict[str, Any] = field(default_factory=dict)  # what computed; empty when nothing was bought

    def count(self, stored: Stored, *, bought: bool) -> None:
        """Add one reply."""
        reply = stored.reply
        if not bought:
            self.reused += 1
            self.output_tokens_reused += reply.output_tokens
            return
        self.bought += 1
        self.cut += reply.cut
        self.prompt_tokens += reply.prompt_tokens
        self.output_tokens += reply.output_tokens
        self.engine = dict(stored.engine)


@dataclass(frozen=True, slots=True)
class _Request:
    """One reply that is wanted, under its key."""

    key: str
    prompt: str
    sample: int


@dataclass(frozen=True, slots=True)
class _Errand:
    """What one call of `ask` has to buy, from whom, and who is told how far it is."""

    requests: Mapping[str, _Request]  # by key
    sampling: Sampling
    engine: Engine
    report: _Throttled


class Door:
    """Asks models, through one engine at a time, which stays loaded for the next question to the same model.

    `buyer` is the key of the stage run that pays: what it once bought counts as bought whenever it asks, and what
    others bought counts as reused; "" is this process, until its usage is taken.
    `chunk` is how many replies are taken at once where several processes work off the same list, None for as many as
    can be. The batch runs empty at the end of each chunk: on a GPU, let it be several hundred at least.
    """

    def __init__(self, replies_root: Path, cluster: Cluster, progress: Progress) -> None:
        self.replies = Replies(replies_root)
        self.cluster = cluster
        self.progress = progress
        self.usage = Usage()
        self.buyer = ""
        self.chunk: int | None = None
        self._counted: set[str] = set()  # replies that are in `usage`
        self._bought: set[str] = set()  # those that this process bought since its usage was taken
        self._engine: Engine | None = None
        self._opened: tuple[Path, list[Any]] | None = None

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

        Where a prompt leaves no room for a reply none is bought, and an empty one with the finish reason `TOO_LONG`
        is returned. `path` is where the model lies when no one else knows it: a student that was just trained.
        """
        if self.chunk is not None and (not isinstance(self.chunk, int) or self.chunk < 1):
            raise BadInput(f"chunk={self.chunk!r} is no number of replies; use 1 or more, or null for all at once")
        if not chats:
            return []
        engine = self._open(path or self.locate(model), model)
        prompts = [engine.render(chat) for chat in chats]
        requests = [
            _Request(identity.reply_key(model, sampling, prompt, sample), prompt, sample)
            for prompt, sample in zip(prompts, samples, strict=True)
        ]
        known = self.replies.find(request.key for request in requests)
        missing = {request.key: request for request in requests if request.key not in known}
        too_long = _too_long(engine, missing.values())
        missing = {name: request for name, request in missing.items() if name not in too_long}
        report = _Throttled(self.progress, len(known) + len(missing))
        if missing:
            self._work_off(_Errand(missing, sampling, engine, report))
            known.update(self.replies.find(missing))  # as they lie in the store, whoever bought them
        report(report.total, last=True)
        self._count(known)
        return [
            too_long.get(request.key) or replace(known[request.key].reply, opened=opens(request.prompt))
            for request in requests
        ]

    def _work_off(self, errand: _Errand) -> None:
        """Buy chunk after chunk of what no other process is buying, until everything is stored, whoever bought it."""
        left = self._in_turn(list(errand.requests))
        theirs: set[str] = set()  # in others' hands when they were tried: not tried again before a wait
        while left := self.replies.missing(left):
            stored = errand.report.total - len(left)
            errand.report(stored)
            with Buying(self.replies.root) as buying:
                free = (name for name in left if name not in theirs)
                ours, taken = buying.take(free, min(self.chunk or PORTION, PORTION))
                theirs.update(taken)
                # Looked up again: another process may have stored some, and let go of them, since we looked.
                self._buy(self.replies.missing(ours), errand, stored)
            if not ours:
                with Buying(self.replies.root) as buying:
                    buying.wait(left[0])
                theirs.clear()

    def _in_turn(self, names: list[str]) -> list[str]:
        """Return the names from a place of this process's own on: workers that begin apart seldom meet."""
        start = secrets.randbelow(len(names)) if self.chunk else 0
        return names[start:] + names[:start]

    def _buy(self, names: Sequence[str], errand: _Errand, stored: int) -> None:
        """Generate replies, each added to the store as it is finished; `stored` of all that are wanted are there."""
        if not names:
            return
        requests, before = [errand.requests[name] for name in names], stored
        jobs = [Prompt(request.prompt, key.seed(request.key)) for request in requests]
        started = time.monotonic()
        with closing(errand.engine.generate(jobs, errand.sampling)) as outputs:
            for finished in outputs:
                self.usage.seconds += time.monotonic() - started
                with stopping.graceful():  # what is finished is kept, though the work be asked to stop just now
                    self._keep([(requests[index], output) for index, output in finished], errand)
                stopping.check()
                stored += len(finished)
                errand.report(stored)
                started = time.monotonic()
        assert stored - before == len(names), "an engine answers every prompt once"

    def _keep(self, finished: Sequence[tuple[_Request, Output]], errand: _Errand) -> None:
        described = errand.engine.describe()
        bought = [
            Purchase(
                Reply(
                    request.key,
                    **asdict(output),
                    prompt_digest=key.digest(request.prompt),
                    opened=opens(request.prompt),
                ),
                request.sample,
                identity.sampling_fields(errand.sampling),
                described,
                self.buyer,
            )
            for request, output in finished
        ]
        self.replies.append(bought)
        self._bought.update(request.key for request, _ in finished)

    def _count(self, known: Mapping[str, Stored]) -> None:
        """Add to the usage what is not in it yet."""
        for name, stored in known.items():
            if name not in self._counted:
                self.usage.count(stored, bought=self._paid(name, stored))
        self._counted.update(known)

    def _paid(self, name: str, stored: Stored) -> bool:
        return stored.bought_for == self.buyer if self.buyer else name in self._bought

    def find(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        """Return stored replies by key."""
        return {name: stored.reply for name, stored in self.replies.find(keys).items()}

    def locate(self, model: Model) -> Path:
        """Return where a model lies, fetching it if need be."""
        return models.locate(model, known=self.cluster.models, cache=Path(self.cluster.model_cache).expanduser())

    def take_usage(self) -> Usage:
        """Return what was used since the last time, and begin to count anew."""
        taken, self.usage = self.usage, Usage()
        self._counted.clear()
        self._bought.clear()
        return taken

    def close(self) -> None:
        """Free the model and close files."""
        self.replies.close()
        if self._engine:
            self._engine.close()
        self._engine = self._opened = None

    def _open(self, folder: Path, model: Model) -> Engine:
        wanted = folder, [getattr(model, name) for name in OF_REPLIES]
        if self._engine is None or self._opened != wanted:
            if self._engine:
                self._engine.close()
            self._engine, self._opened = open_engine(folder, self.cluster, model), wanted
        return self._engine

    def told(self) -> dict[str, Any]:
        """Return what the engine says of its work until now; nothing where none was opened."""
        return self._engine.told() if self._engine else {}


def opens(prompt: str) -> bool:
    """Whether a rendered prompt ends within a thought that it has opened."""
    return OPEN in prompt.rpartition(CLOSE)[2] and prompt.rstrip().endswith(OPEN)


def _too_long(engine: Engine, requests: Iterable[_Request]) -> dict[str, Reply]:
    """Return, for the requests whose prompts leave no room for a reply, what is said in place of one."""
    asked = list(requests)
    rooms = engine.rooms([request.prompt for request in asked]) if asked else []
    return {
        request.key: Reply("", "", TOO_LONG, length, 0)
        for request, (length, room) in zip(asked, rooms, strict=True)
        if room < 1
    }


class _Throttled:
    """Reports progress at most twice a second, and at the end."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.last = progress, total, 0.0

    def __call__(self, done: int, *, last: bool = False) -> None:
        now = time.monotonic()
        if last or now - self.last >= BETWEEN_REPORTS:
            self.last = now
            self.progress(done, self.total, "replies")
