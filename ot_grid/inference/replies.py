"""The reply store: every reply that a model was paid for, as appended JSON lines.

One idea: a writer only ever appends to a file of its own, so a crash can tear nothing but the last line of one file;
a torn last line is ignored and its reply is bought again. It must not generate, and must not rewrite a line.

The same key in two files (two jobs bought it at the same moment) means the line in the file whose name sorts first,
the first such line in it; names begin with the time at which the file was opened.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from ot_grid import store
from ot_grid.errors import Corrupt
from ot_grid.inference.identity import folder_of
from ot_grid.rows import Reply


@dataclass(frozen=True, slots=True)
class Purchase:
    """A reply with what was asked, and what computed it, for the record."""

    reply: Reply
    sample: int
    sampling: Mapping[str, Any]
    engine: Mapping[str, Any]
    bought_for: str = ""  # the key of the stage run that paid


@dataclass(frozen=True, slots=True)
class Stored:
    """A reply as it lies in the store, with who paid for it and what computed it."""

    reply: Reply
    bought_for: str  # "" where no one was named, as in lines from before there were names
    engine: Mapping[str, Any]


class Replies:
    """The replies of all models, in one folder a model key."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writers: dict[str, io.FileIO] = {}
        self._shelves: dict[str, _Shelf] = {}

    def append(self, purchases: Sequence[Purchase]) -> None:
        """Write replies so that they survive a crash of this process and of the machine."""
        by_model = sorted(purchases, key=lambda bought: folder_of(bought.reply.key))
        for model, lines in groupby(by_model, key=lambda bought: folder_of(bought.reply.key)):
            self._write(model, b"".join(map(_line, lines)))

    def find(self, keys: Iterable[str]) -> dict[str, Stored]:
        """Return what is stored under `keys`; raise `Corrupt` on a broken line that is not a file's last."""
        found: dict[str, Stored] = {}
        for model, of_model in groupby(sorted(set(keys)), key=folder_of):
            found.update(self._shelf(model).read(of_model))
        return found

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return those of the keys that are not stored, in their order, without reading a text."""
        missing: list[str] = []
        for model, of_model in groupby(keys, key=folder_of):
            has = self._shelf(model).has
            missing += [key for key in of_model if not has(key)]
        return missing

    def _shelf(self, model: str) -> _Shelf:
        shelf = self._shelves.setdefault(model, _Shelf(self.root / model))
        shelf.refresh()
        return shelf

    def close(self) -> None:
        """Close the files of this writer; the next append opens new ones."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _write(self, model: str, lines: bytes) -> None:
        # Off the table until all is well: after a write that failed (a full disk) or was interrupted, the next append
        # must not continue this file, or its torn last line would become a torn line in the middle. No buffer either:
        # it would be written when the file is closed, whatever went wrong before.
        writer = self._writers.pop(model, None) or _open_new(self.root / model)
        left = memoryview(lines)
        while left:
            left = left[writer.write(left) :]
        os.fsync(writer.fileno())
        self._writers[model] = writer


_REPLY = tuple(field.name for field in fields(Reply) if field.name != "opened")  # which older lines do not say


class _Shelf:
    """Where each reply of one model lies: 128 bits and a place for each, never its text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # What a line begins with (`_line` writes the key first): a reply of another model has no place here.
        self._start = re.compile(rb'\{"key": "' + re.escape(folder.name.encode()) + rb':([0-9a-f]+)", ')
        self._done: dict[str, int] = {}  # file name -> bytes that are indexed
        self._places: dict[int, tuple[str, int]] = {}  # digits of the key -> file name, offset of its line
        self._engines: dict[str, Mapping[str, Any]] = {}  # each once, for it is written in every line

    def refresh(self) -> None:
        """Index what was appended since the last time, by anyone."""
        if not self.folder.is_dir():
            return
        with os.scandir(self.folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".jsonl"))
        for name in names:
            # Opened before its size is asked: on NFS only that asks the server what another host has written.
            with (self.folder / name).open("rb") as file:
                if os.fstat(file.fileno()).st_size > self._done.get(name, 0):
                    self._index(file, name)

    def has(self, key: str) -> bool:
        """Return whether a reply is indexed."""
        return _digits(key) in self._places

    def read(self, keys: Iterable[str]) -> dict[str, Stored]:
        """Return what is indexed of `keys`, reading each file once, in order."""
        places = sorted((*self._places[_digits(key)], key) for key in keys if self.has(key))
        found: dict[str, Stored] = {}
        for name, lines in groupby(places, key=lambda place: place[0]):
            with (self.folder / name).open("rb") as file:
                found.update({key: self._stored_at(file, offset) for _, offset, key in lines})
        return found

    def _index(self, file: BinaryIO, name: str) -> None:
        offset = file.seek(self._done.get(name, 0))
        line = file.readline()
        while line.endswith(b"\n"):  # else torn, or still being written: looked at again the next time
            following = file.readline()
            digits = self._digits_in(line, last=not following)
            if digits is None:
                if following:
                    raise _corrupt(self.folder / name, offset)
                break
            self._places[digits] = min((name, offset), self._places.get(digits, (name, offset)))
            offset += len(line)
            line = following
        self._done[name] = offset

    def _digits_in(self, line: bytes, *, last: bool) -> int | None:
        """Return the digits of a line's key, None when it is no whole reply."""
        start = self._start.match(line)
        # The last line of a file is the one that a crash breaks inside: it is read before it is believed.
        if not start or not line.endswith(b"}\n") or (last and self._read(line) is None):
            return None
        return int(start[1], 16)

    def _stored_at(self, file: BinaryIO, offset: int) -> Stored:
        file.seek(offset)
        stored = self._read(file.readline())
        if stored is None:
            raise _corrupt(self.folder / Path(file.name).name, offset)
        return stored

    def _read(self, line: bytes) -> Stored | None:
        try:
            said = json.loads(line)
            reply = Reply(**{name: said[name] for name in _REPLY}, opened=bool(said.get("opened")))
            engine = said.get("engine") or {}
            engine = self._engines.setdefault(repr(engine), engine)
            return Stored(reply, said.get("bought_for") or "", engine)
        except (ValueError, KeyError, TypeError):
            return None


def _digits(reply: str) -> int:
    return int(reply.rpartition(":")[2], 16)


def _line(bought: Purchase) -> bytes:
    rest = {name: value for name, value in asdict(bought).items() if name != "reply"}
    return json.dumps({**asdict(bought.reply), **rest}, ensure_ascii=False).encode() + b"\n"


def _corrupt(path: Path, offset: int) -> Corrupt:
    with path.open("rb") as file:
        number = file.read(offset).count(b"\n") + 1
    return Corrupt(f"{path}:{number} is not a reply; delete that line (its reply is bought again) and run again")


def _open_new(folder: Path) -> io.FileIO:
    folder.mkdir(parents=True, exist_ok=True)
    started = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    name = f"{started}-{store.slug(socket.gethostname())}-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
    file = (folder / name).open("xb", buffering=0)
    store.sync_folder(folder)
    return file
