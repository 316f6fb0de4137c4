"""The inference door with the real small model: every reply is bought once, whoever asks, whatever dies."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ot_grid.config import Cluster, Model, Sampling
from ot_grid.errors import BadInput
from ot_grid.inference import door as door_module
from ot_grid.inference import replies as replies_module
from ot_grid.inference.buying import Buying
from ot_grid.inference.door import Door
from ot_grid.inference.engine import Output, Prompt
from ot_grid.inference.replies import Purchase, Replies
from ot_grid.rows import Reply
from tests.inference.conftest import SMOLLM2

SAMPLING = Sampling(temperature=0.7, top_p=1.0, max_tokens=12)
CHATS = [[{"role": "user", "content": f"What is {n} + 1?"}] for n in range(6)]


class Echo:
    """An engine that repeats its prompt, one reply at a time, the last job first: a fake at the door."""

    opened: ClassVar[list[Path]] = []

    def __init__(self, folder: Path, fail_after: int | None = None) -> None:
        self.opened.append(folder)
        self.asked: list[Prompt] = []
        self.fail_after = fail_after

    def render(self, messages):
        """Join the contents."""
        return "|".join(message["content"] for message in messages)

    def rooms(self, prompts: Any) -> list[tuple[int, int]]:
        """Room for any prompt."""
        return [(len(prompt), 1 << 20) for prompt in prompts]

    def generate(self, jobs, sampling):
        """Yield one reply after the other, and fail after some."""
        for index in reversed(range(len(jobs))):
            if self.fail_after is not None and len(self.asked) >= self.fail_after:
                raise RuntimeError("the GPU fell off the bus")
            self.asked.append(jobs[index])
            yield [(index, Output(jobs[index].text, "length" if index == 0 else "stop", 3, 5))]

    def describe(self):
        """Give a name."""
        return {"name": "echo"}

    def close(self):
        """Hold nothing."""


@pytest.fixture
def echo(monkeypatch):
    Echo.opened = []
    monkeypatch.setattr(door_module, "open_engine", lambda folder, cluster, model: Echo(folder))


def _door(root: Path, cluster: Cluster, reports: list | None = None) -> Door:
    return Door(root, cluster, lambda *report: reports.append(report) if reports is not None else None)


def _ask(door: Door, chats=CHATS, samples=None, path: Path | None = Path("/model")):
    return door.ask(chats, samples or [0] * len(chats), model=SMOLLM2, sampling=SAMPLING, path=path)


def test_replies_come_in_the_order_of_the_question(tmp_path, cluster, echo):
    """Whatever order an engine finishes in, reply n answers chat n."""
    assert [reply.text for reply in _ask(_door(tmp_path, cluster))] == [chat[0]["content"] for chat in CHATS]


def test_nothing_is_bought_twice(tmp_path, cluster, echo):
    """A second door with overlapping questions and more samples buys only what is new."""
    first = _door(tmp_path, cluster)
    bought = _ask(first, CHATS[:4])
    second = _door(tmp_path, cluster)
    again = _ask(second, CHATS[2:], [0] * 4)
    assert again[:2] == bought[2:]
    assert (second.usage.reused, second.usage.bought) == (2, 2)
    _ask(second, [CHATS[0]] * 4, [0, 1, 2, 3])
    assert (second.usage.reused, second.usage.bought) == (3, 5)


def test_the_same_request_twice_in_one_call_is_bought_once(tmp_path, cluster, echo):
    """Two rows with the same question share one reply."""
    door = _door(tmp_path, cluster)
    replies = _ask(door, [CHATS[0], CHATS[1], CHATS[0]])
    assert replies[0] == replies[2]
    assert door.usage.bought == 2


def test_what_was_finished_before_a_failure_is_kept(tmp_path, cluster, echo, monkeypatch):
    """After an engine dies, the next try buys the rest and no more."""
    monkeypatch.setattr(door_module, "open_engine", lambda folder, cluster, model: Echo(folder, fail_after=4))
    with pytest.raises(RuntimeError):
        _ask(_door(tmp_path, cluster))
    monkeypatch.setattr(door_module, "open_engine", lambda folder, cluster, model: Echo(folder))
    door = _door(tmp_path, cluster)
    _ask(door)
    assert (door.usage.reused, door.usage.bought) == (4, 2)


def test_usage_counts_what_was_paid_and_what_was_saved(tmp_path, cluster, echo):
    """Tokens, cut replies and the engine are counted for what was bought; taking the counts starts anew."""
    door = _door(tmp_path, cluster)
    _ask(door)
    usage = door.take_usage()
    assert (usage.bought, usage.cut, usage.prompt_tokens, usage.output_tokens) == (6, 1, 18, 30)
    assert usage.engine == {"name": "echo"}
    _ask(door)
    assert (door.usage.bought, door.usage.output_tokens_reused, door.usage.engine) == (0, 30, {})


def test_what_is_asked_twice_in_one_stage_run_is_counted_once(tmp_path, cluster, echo):
    """Asked again, a reply that was bought for this stage run is neither bought again nor reused."""
    for buyer in ("", "run-1"):
        door = _door(tmp_path / (buyer or "none"), cluster)
        door.buyer = buyer
        _ask(door, CHATS[:4])
        _ask(door)
        _ask(door, CHATS[2:])
        usage = door.take_usage()
        assert (usage.bought, usage.reused, usage.output_tokens, usage.output_tokens_reused) == (6, 0, 30, 0)


def test_a_stage_run_counts_what_it_once_bought_and_no_other_does(tmp_path, cluster, echo):
    """With a buyer, what was bought for it is its cost in every later attempt, and a saving of all others."""
    door = _door(tmp_path, cluster)
    for buyer, chats, expected in (("a", CHATS[:4], (4, 0)), ("b", CHATS, (2, 4)), ("a", CHATS, (4, 2)),
                                   ("", CHATS, (0, 6))):  # fmt: skip
        door.buyer = buyer
        _ask(door, chats)
        usage = door.take_usage()
        assert (usage.bought, usage.reused) == expected
        assert usage.engine == ({"name": "echo"} if usage.bought else {})


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_chunks_change_nothing_but_the_order_of_work(tmp_path, cluster, echo, monkeypatch, chunk):
    """Bought in chunks, from whatever place on, the replies come in the order of the question."""
    monkeypatch.setattr(door_module, "PORTION", 4)
    door = _door(tmp_path, cluster)
    door.chunk = chunk
    assert [reply.text for reply in _ask(door)] == [chat[0]["content"] for chat in CHATS]
    assert (door.usage.bought, door.usage.reused) == (6, 0)


@pytest.mark.parametrize("chunk", [0, -3, "many", 2.5])
def test_a_chunk_that_is_no_number_of_replies_is_refused(tmp_path, cluster, echo, chunk):
    """Before anything is asked, with the value and what would be right."""
    door = _door(tmp_path, cluster)
    door.chunk = chunk
    with pytest.raises(BadInput, match=rf"chunk={chunk!r} is no number of replies; use 1 or more"):
        _ask(door)


def test_what_another_stores_before_we_lock_it_is_not_bought_again(tmp_path, cluster, echo, monkeypatch):
    """Between our look and our lock another process may store a reply and let go of it: we look again."""
    take = Buying.take

    def late(self, keys, most):
        ours, theirs = take(self, keys, most)
        other = Replies(tmp_path)
        other.append([Purchase(Reply(name, "theirs", "stop", 3, 5), 0, {}, {}) for name in ours[:3]])
        other.close()
        return ours, theirs

    monkeypatch.setattr(Buying, "take", late)
    door = _door(tmp_path, cluster)
    assert [reply.text for reply in _ask(door)] == ["theirs"] * 3 + [chat[0]["content"] for chat in CHATS[3:]]
    assert (door.usage.bought, door.usage.reused) == (3, 3)


def test_what_others_are_buying_is_not_tried_again_and_again(tmp_path, cluster, echo, monkeypatch):
    """A reply in another's hands is tried once, then left until we have waited; the rest is bought meanwhile."""
    tried: Counter[str] = Counter()
    theirs: set[str] = set()

    def lock(self, name: str, how: int) -> bool:
        if how == fcntl.LOCK_SH:
            assert len(tried) == 6  # all that is free was bought before we wait
            theirs.clear()
            return True
        if len(tried) < 3:
            theirs.add(name)
        tried[name] += 1
        return name not in theirs

    monkeypatch.setattr(Buying, "_lock", lock)
    door = _door(tmp_path, cluster)
    door.chunk = 1
    _ask(door)
    assert sorted(tried.values()) == [1, 1, 1, 2, 2, 2]
    assert door.usage.bought == 6


def test_what_the_store_holds_is_what_is_returned(tmp_path, cluster, echo, monkeypatch):
    """A reply that another process has bought all the same, and earlier, is taken instead of our own."""
    append = Replies.append

    def late(self, purchases):
        first = purchases[0]
        other = replace(first, reply=replace(first.reply, text="bought before"))
        append(self, purchases)
        (tmp_path / first.reply.key.rpartition(":")[0] / "0-earlier.jsonl").open("ab").write(
            replies_module._line(other)
        )

    monkeypatch.setattr(Replies, "append", late)
    assert {reply.text for reply in _ask(_door(tmp_path, cluster))} == {"bought before"}


def test_progress_is_told_seldom_and_at_the_end(tmp_path, cluster, echo):
    """The last report says that all are done, also when nothing had to be bought."""
    for count in (2, 1):
        reports: list = []
        _ask(_door(tmp_path, cluster, reports))
        assert reports[-1] == (6, 6, "replies")
        assert len(reports) <= count


def test_one_engine_is_kept_while_the_model_stays_the_same(tmp_path, cluster, echo):
    """Stage runs in one process load a model once; another model takes its place."""
    door = _door(tmp_path, cluster)
    for path in ("/a", "/a", "/b"):
        _ask(door, path=Path(path))
    assert Echo.opened == [Path("/a"), Path("/b")]


def test_no_chats_cost_nothing(tmp_path, cluster):
    """An empty question needs no model."""
    assert _door(tmp_path, cluster).ask([], [], model=Model(id="org/none"), sampling=SAMPLING) == []


def test_a_model_that_is_not_to_be_had_is_told(tmp_path, cluster):
    """Asking a model that is nowhere raises before anything is generated."""
    cluster.models = {"org/none": str(tmp_path)}
    with pytest.raises(BadInput, match="org/none"):
        _door(tmp_path, cluster).ask(CHATS, [0] * 6, model=Model(id="org/none"), sampling=SAMPLING)


@pytest.mark.slow
def test_batch_size_does_not_change_replies_of_the_real_model(tmp_path, cluster, smollm2):
    """Two stores filled with other batch sizes hold the same replies under the same keys."""
    one = _ask(_door(tmp_path / "one", cluster), path=None)
    cluster.batch_size = 2
    assert _ask(_door(tmp_path / "two", cluster), path=None) == one
    assert all(reply.finish_reason in ("stop", "length") and 0 < reply.output_tokens <= 12 for reply in one)


CODE = """
import sys
from pathlib import Path
from ot_grid.config import Cluster
from tests.inference.test_door import Door, buy_sixteen
settings = dict(kind="local", threads=1, engine="transformers", dtype="float32")
cluster = Cluster(**settings, batch_size=1, model_cache=sys.argv[2])
buy_sixteen(Door(Path(sys.argv[1]), cluster, lambda *report: print(*report, flush=True)))
"""


def buy_sixteen(door: Door) -> None:
    door.ask((CHATS * 3)[:16], [n // 6 for n in range(16)], model=SMOLLM2, sampling=SAMPLING)


@pytest.mark.slow
def test_a_killed_purchase_goes_on_where_it_was(tmp_path, cluster, smollm2):
    """After SIGKILL in the middle, all that was reported is in the store, and only the rest is bought."""
    command = [sys.executable, "-c", CODE, str(tmp_path), cluster.model_cache]
    done = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True) as process:
        assert process.stdout
        for line in process.stdout:
            done = int(line.split()[0])
            if done >= 3:
                process.send_signal(signal.SIGKILL)
                break
    assert 3 <= done < 16
    door = _door(tmp_path, cluster)
    buy_sixteen(door)
    assert done <= door.usage.reused < 16
    assert door.usage.reused + door.usage.bought == 16


def test_a_prompt_that_opens_a_thought_is_noted(tmp_path, cluster, echo):
    """With the reply, in the store too; also for replies that were bought before anybody noted it."""
    chats = [[{"role": "user", "content": text}] for text in ("a<think>\n", "b<think>\n\n</think>\n\n", "c")]
    door = _door(tmp_path, cluster)
    assert [reply.opened for reply in _ask(door, chats)] == [True, False, False]
    (file,) = tmp_path.glob("*/*.jsonl")
    file.write_text(file.read_text().replace(', "opened": true', "").replace(', "opened": false', ""))
    again = _door(tmp_path, cluster)
    assert [reply.opened for reply in _ask(again, chats)] == [True, False, False]
    assert (again.usage.bought, again.usage.reused) == (0, 3)


def test_a_prompt_that_is_too_long_costs_only_its_own_reply(tmp_path, cluster, echo, monkeypatch):
    """The others are bought and kept; it is said how long it is."""
    monkeypatch.setattr(Echo, "rooms", lambda self, prompts: [(len(text), 20 - len(text)) for text in prompts])
    door = _door(tmp_path, cluster)
    short, long = [{"role": "user", "content": "short"}], [{"role": "user", "content": "x" * 25}]
    replies = _ask(door, [short, long])
    assert [reply.asked for reply in replies] == [True, False]
    assert (replies[1].text, replies[1].prompt_tokens) == ("", 25)
    assert door.usage.bought == 1
