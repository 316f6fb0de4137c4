"""The reply store: every reply that a model was paid for, as appended JSON lines.

One idea: a writer only ever appends to a file of its own, so a crash can tear nothing but the last line of one file;
a torn last line is ignored and its reply is bought again. It must not generate, and must not rewrite a line.

The same key in two files (two jobs bought it at the same moment) means the line in the file whose name sorts first,
the first such line in it; names begin with the time at which the file was opened.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from ot_grid import store
from ot_grid.errors import Corrupt
from ot_grid.inference.identity import folder_of
from ot_grid.rows import Reply

_START, _END = b'{"key": "', b"}\n"  # what a whole line begins and ends with; `_line` writes the key first


@dataclass(frozen=True, slots=True)
class Purchase:
    """A reply with what was asked, and what computed it, for the record."""

    reply: Reply
    sample: int
    sampling: Mapping[str, Any]
    prompt_digest: str
    engine: Mapping[str, Any]


class Replies:
    """The replies of all models, in one folder a model key."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writers: dict[str, BinaryIO] = {}
        self._shelves: dict[str, _Shelf] = {}

    def append(self, purchases: Sequence[Purchase]) -> None:
        """Write replies so that they survive a crash of this process and of the machine."""
        by_model = sorted(purchases, key=lambda bought: folder_of(bought.reply.key))
        for model, lines in groupby(by_model, key=lambda bought: folder_of(bought.reply.key)):
            self._write(model, b"".join(map(_line, lines)))

    def find(self, keys: Iterable[str]) -> dict[str, Reply]:
        """Return the stored replies among `keys`; raise `Corrupt` on a broken line that is not a file's last."""
        wanted = sorted(set(keys))
        found: dict[str, Reply] = {}
        for model, of_model in groupby(wanted, key=folder_of):
            shelf = self._shelves.setdefault(model, _Shelf(self.root / model))
            shelf.refresh()
            found.update(shelf.read(of_model))
        return found

    def close(self) -> None:
        """Close the files of this writer; the next append opens new ones."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _write(self, model: str, lines: bytes) -> None:
        # Off the table until all is well: after a failed write (a full disk) the next append must not continue this
        # file, or its torn last line would become a torn line in the middle.
        writer = self._writers.pop(model, None) or _open_new(self.root / model)
        writer.write(lines)
        writer.flush()
        os.fsync(writer.fileno())
        self._writers[model] = writer


class _Shelf:
    """Where each reply of one model lies: 128 bits and a place for each, never its text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._done: dict[str, int] = {}  # file name -> bytes that are indexed
        self._places: dict[int, tuple[str, int]] = {}  # digits of the key -> file name, offset of its line

    def refresh(self) -> None:
        """Index what was appended since the last time, by anyone."""
        if not self.folder.is_dir():
            return
        for entry in sorted(os.scandir(self.folder), key=lambda entry: entry.name):
            if entry.name.endswith(".jsonl") and entry.stat().st_size > self._done.get(entry.name, 0):
                self._index(Path(entry.path))

    def read(self, keys: Iterable[str]) -> dict[str, Reply]:
        """Return the replies among `keys` that are indexed, reading each file once, in order."""
        places = sorted((*self._places[_digits(key)], key) for key in keys if _digits(key) in self._places)
        found: dict[str, Reply] = {}
        for name, lines in groupby(places, key=lambda place: place[0]):
            with (self.folder / name).open("rb") as file:
                replies = [_reply_at(file, offset, key) for _, offset, key in lines]
            found.update({reply.key: reply for reply in replies if reply})
        return found

    def _index(self, path: Path) -> None:
        with path.open("rb") as file:
            offset = file.seek(self._done.get(path.name, 0))
            broken = False
            for line in file:
                if broken:
                    raise _corrupt(path, offset)
                if not line.endswith(b"\n"):
                    break  # torn, or still being written: looked at again the next time
                broken = not (line.startswith(_START) and line.endswith(_END))
                if not broken:
                    self._place(path.name, offset, line)
                    offset += len(line)
        self._done[path.name] = offset

    def _place(self, name: str, offset: int, line: bytes) -> None:
        digits = _digits(line[len(_START) : line.index(b'"', len(_START))].decode())
        self._places[digits] = min((name, offset), self._places.get(digits, (name, offset)))


def _digits(reply: str) -> int:
    return int(reply.rpartition(":")[2], 16)


def _line(bought: Purchase) -> bytes:
    rest = {name: value for name, value in asdict(bought).items() if name != "reply"}
    return json.dumps({**asdict(bought.reply), **rest}, ensure_ascii=False).encode() + b"\n"


def _reply_at(file: BinaryIO, offset: int, key: str) -> Reply | None:
    file.seek(offset)
    try:
        line = json.loads(file.readline())
        reply = Reply(line["key"], line["text"], line["finish_reason"], line["prompt_tokens"], line["output_tokens"])
    except (ValueError, KeyError, TypeError):
        if not file.readline():
            return None  # a file's last line may be broken
        raise _corrupt(Path(file.name), offset) from None
    return reply if reply.key == key else None


def _corrupt(path: Path, offset: int) -> Corrupt:
    with path.open("rb") as file:
        number = file.read(offset).count(b"\n") + 1
    return Corrupt(f"{path}:{number} is not a reply; delete that line (its reply is bought again) and run again")


def _open_new(folder: Path) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    started = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    name = f"{started}-{store.slug(socket.gethostname())}-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
    file = (folder / name).open("xb")
    store.sync_folder(folder)
    return file
