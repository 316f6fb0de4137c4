"""The reply store: nothing that was paid for is lost, nothing broken is believed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ot_grid.config import Model, Sampling
from ot_grid.errors import Corrupt
from ot_grid.inference import identity
from ot_grid.inference import replies as replies_module
from ot_grid.inference.replies import Purchase, Replies, Stored
from ot_grid.rows import Reply

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=8)


def _key(number: int, model: str = "tiny-0123456789abcdef") -> str:
    return f"{model}:{number:032x}"


def _bought(number: int, text: str = "seven", model: str = "tiny-0123456789abcdef") -> Purchase:
    return Purchase(Reply(_key(number, model), text, "stop", 3, 4, "ab"), 0, {"temperature": 0.0}, {"name": "test"})


def _number(key: str) -> int:
    return int(key.rpartition(":")[2], 16)


def _stored(number: int, text: str = "seven", bought_for: str = "") -> Stored:
    return Stored(_bought(number, text).reply, bought_for, {"name": "test"})


def _files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.jsonl"))


def test_what_is_appended_is_found_by_another_reader(tmp_path):
    """Replies come back as they were bought, whatever their text holds, and only those asked for."""
    text = 'line\nbreak \u2028 "quotes" } ü 数 \x00'
    Replies(tmp_path).append([_bought(1, text), _bought(2)])
    assert Replies(tmp_path).find([_key(1), _key(3)]) == {_key(1): _stored(1, text)}


def test_a_reader_sees_what_is_appended_later(tmp_path):
    """A find after an append sees it, also when the file was read before."""
    writer, reader = Replies(tmp_path), Replies(tmp_path)
    writer.append([_bought(1)])
    assert set(reader.find([_key(1), _key(2)])) == {_key(1)}
    writer.append([_bought(2)])
    assert set(reader.find([_key(1), _key(2)])) == {_key(1), _key(2)}


def test_what_is_missing_is_told_without_reading(tmp_path):
    """The keys that are not stored come back in their order; what another appends is seen at the next question."""
    reader, keys = Replies(tmp_path), [_key(3), _key(1), _key(2), _key(1, "other-0123456789abcdef")]
    assert reader.missing(keys) == keys
    Replies(tmp_path).append([_bought(1)])
    assert reader.missing(keys) == [keys[0], *keys[2:]]
    assert reader.missing([]) == []


def test_who_paid_is_kept_and_old_lines_name_no_one(tmp_path):
    """A reply comes back with the stage run that bought it and what computed it; a line without a buyer is whole."""
    Replies(tmp_path).append([replace(_bought(1), bought_for="run-1"), replace(_bought(2), bought_for="run-2")])
    file = _files(tmp_path)[0]
    file.write_bytes(file.read_bytes().replace(b', "bought_for": "run-2"', b""))
    found = Replies(tmp_path).find([_key(1), _key(2)])
    assert found == {_key(1): _stored(1, bought_for="run-1"), _key(2): _stored(2)}


@pytest.mark.parametrize("tail", [b'{"key": "tiny-0123456789abcdef:00', b"nonsense\n", b"\x00\x00\x00\x00"])
def test_a_torn_last_line_is_ignored(tmp_path, tail):
    """What a crash left at the end of a file is as if it had not been bought."""
    Replies(tmp_path).append([_bought(1)])
    with _files(tmp_path)[0].open("ab") as file:
        file.write(tail)
    assert set(Replies(tmp_path).find([_key(0), _key(1)])) == {_key(1)}


def test_a_last_line_that_only_looks_whole_is_ignored(tmp_path):
    """A last line that is no JSON inside is as if it had not been bought."""
    Replies(tmp_path).append([_bought(1)])
    with _files(tmp_path)[0].open("ab") as file:
        file.write(b'{"key": "' + _key(2).encode() + b'", "text": \x00\x00}\n')
    assert set(Replies(tmp_path).find([_key(1), _key(2)])) == {_key(1)}
    assert Replies(tmp_path).missing([_key(1), _key(2)]) == [_key(2)]
    Replies(tmp_path).append([_bought(2, "again")])
    assert Replies(tmp_path).find([_key(2)]) == {_key(2): _stored(2, "again")}


@pytest.mark.parametrize("middle", [b"nonsense\n", b'{"key": "' + _key(2).encode() + b'", "text": \x00\x00}\n'])
def test_a_broken_line_in_the_middle_names_file_line_and_way_out(tmp_path, middle):
    """A broken line that is not the last means that the file was damaged: reading stops with its place."""
    Replies(tmp_path).append([_bought(1)])
    file = _files(tmp_path)[0]
    whole = file.read_bytes()
    file.write_bytes(whole + middle + whole)
    with pytest.raises(Corrupt, match=rf"{file.name}:2 is not a reply; delete that line"):
        Replies(tmp_path).find([_key(2)])


def test_two_writers_never_share_a_file(tmp_path):
    """Each writer has a file of its own, and a reader finds what all of them wrote."""
    writers = [Replies(tmp_path) for _ in range(4)]
    threads = [
        threading.Thread(
            target=lambda number=number: [writers[number].append([_bought(100 * number + n)]) for n in range(25)]
        )
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [_key(100 * number + n) for number in range(4) for n in range(25)]
    assert set(Replies(tmp_path).find(keys)) == set(keys)
    assert len(_files(tmp_path)) == 4


def test_of_one_key_in_two_files_the_first_file_counts(tmp_path):
    """Two jobs that bought the same reply at the same moment: all readers take the same one of the two."""
    reader = Replies(tmp_path)
    Replies(tmp_path).append([_bought(1, "one")])
    assert reader.find([_key(1)])[_key(1)].reply.text == "one"
    first = _files(tmp_path)[0]
    (first.parent / "0-earlier.jsonl").write_bytes(first.read_bytes().replace(b"one", b"two"))
    for each in (reader, Replies(tmp_path)):
        assert each.find([_key(1)])[_key(1)].reply.text == "two"


def test_only_the_folders_of_the_models_asked_for_are_read(tmp_path):
    """A damaged file of another model is no business of this question."""
    Replies(tmp_path).append([_bought(1), _bought(1, "other", "other-0123456789abcdef")])
    broken = next(path for path in _files(tmp_path) if "other" in str(path.parent))
    broken.write_bytes(b"nonsense\n" * 3)
    assert set(Replies(tmp_path).find([_key(1)])) == {_key(1)}


def test_after_a_failed_write_the_next_append_opens_a_new_file(tmp_path, monkeypatch):
    """A full disk tears the last line of one file, never a line in the middle."""
    replies = Replies(tmp_path)
    replies.append([_bought(1)])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replies.append([_bought(2)])
    monkeypatch.undo()
    replies.append([_bought(3)])
    assert len(_files(tmp_path)) == 2
    assert {_key(1), _key(3)} <= set(Replies(tmp_path).find([_key(1), _key(2), _key(3)]))


class Halting:
    """A file that writes a part of what it is given, and is interrupted at the n-th part."""

    def __init__(self, file, parts: int) -> None:
        self.file, self.parts = file, parts

    def write(self, data) -> int:
        """Write a third, or be interrupted."""
        self.parts -= 1
        if self.parts < 0:
            raise KeyboardInterrupt
        return self.file.write(data[: len(data) // 3 + 1])

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_write_that_lands_in_parts_is_whole(tmp_path, monkeypatch):
    """The system may take a part of what it is given: the rest follows."""
    opened = replies_module._open_new
    monkeypatch.setattr(replies_module, "_open_new", lambda folder: Halting(opened(folder), 10**6))
    Replies(tmp_path).append([_bought(n) for n in range(5)])
    assert Replies(tmp_path).missing([_key(n) for n in range(5)]) == []


@pytest.mark.parametrize("parts", range(6))
def test_an_interrupted_write_tears_only_the_end_of_a_file(tmp_path, monkeypatch, parts):
    """Interrupted in the middle of a line: the next append leaves that file, and every reader reads on."""
    opened, replies = replies_module._open_new, Replies(tmp_path)
    monkeypatch.setattr(replies_module, "_open_new", lambda folder: Halting(opened(folder), parts))
    with pytest.raises(KeyboardInterrupt):
        replies.append([_bought(n) for n in range(5)])
    monkeypatch.undo()
    replies.append([_bought(7)])
    replies.append([_bought(8)])
    whole = [n for n in range(5) if n not in map(_number, Replies(tmp_path).missing(map(_key, range(5))))]
    assert whole == list(range(len(whole)))
    assert set(Replies(tmp_path).find(map(_key, range(9)))) == {*map(_key, whole), _key(7), _key(8)}


def test_a_reply_of_another_model_has_no_place_in_a_folder(tmp_path):
    """A file that was copied into the folder of another model is told, not believed."""
    Replies(tmp_path).append([_bought(1)])
    Replies(tmp_path).append([_bought(n, "other", "other-0123456789abcdef") for n in (1, 2)])
    other = next(path for path in _files(tmp_path) if "other" in str(path.parent))
    (tmp_path / "tiny-0123456789abcdef" / "copied.jsonl").write_bytes(other.read_bytes())
    with pytest.raises(Corrupt, match=r"copied.jsonl:1 is not a reply"):
        Replies(tmp_path).find([_key(1)])


WRITER = """
import sys
from pathlib import Path
from tests.inference.test_replies import Replies, _bought
replies = Replies(Path(sys.argv[1]))
for number in range(10**9):
    replies.append([_bought(number, "x" * 5000)])
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_had_appended(tmp_path):
    """After SIGKILL every reply whose append had returned is there."""
    repository = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repository, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) == 40:
                process.send_signal(signal.SIGKILL)
                break
        said = [40, *(int(line) for line in process.stdout.read().split())]
    keys = [_key(number) for number in range(max(said) + 1)]
    assert set(Replies(tmp_path).find(keys)) == set(keys)


def test_a_reply_key_holds_what_was_asked_and_nothing_else():
    """Model id, revision, stand-in, sampling, prompt and sample index change a key."""
    model = Model(id="org/name", revision="abc")
    known = identity.reply_key(model, GREEDY, "hello", 0)
    assert identity.reply_key(model, Sampling(temperature=0, top_p=1, max_tokens=8), "hello", 0) == known
    others = [
        identity.reply_key(Model(id="org/name", revision="abd"), GREEDY, "hello", 0),
        identity.reply_key(Model(id="org/name", revision="abc", stands_for="big"), GREEDY, "hello", 0),
        identity.reply_key(model, Sampling(temperature=0.5, top_p=1.0, max_tokens=8), "hello", 0),
        identity.reply_key(model, GREEDY, "hello ", 0),
        identity.reply_key(model, GREEDY, "hello", 1),
    ]
    assert len({known, *others}) == 6
    assert identity.folder_of(known) == identity.model_key(model)
    assert identity.model_key(model).startswith("org-name-")
