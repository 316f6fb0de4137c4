"""The machine around the corpus: what hostile programs try to reach, and the proof that they did not.

One idea: harm is looked for, not ruled out by thinking: files, sockets, processes and secrets are compared afterwards.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from ot_grid.grading import Graded, pool
from ot_grid.grading.code.code import code

CORPUS = Path(__file__).parent / "corpus"
SECRET = "OT_GRID_CORPUS_SECRET"
VALUE = "a-value-that-nobody-prints-9b1f"
HARM = ("/etc", "/usr", "/", "/root", "/tmp", "/dev/shm", "/var/tmp")
GRADE = partial(code, seconds=6.0, memory_mb=1024, tolerance=None)
SET_SUBREAPER = 36
WORKERS = 6  # many programs of the corpus sleep


@dataclass(frozen=True)
class Item:
    """One program of the corpus with what its first line says of it."""

    name: str
    head: dict
    text: str

    @property
    def isolated(self) -> bool:
        """Whether its verdict holds only where programs are kept apart."""
        return self.head.get("isolated", False)


def items(folder: str) -> list[Item]:
    """Return the programs in a folder of the corpus."""
    found = []
    for path in sorted((CORPUS / folder).glob("*.py")):
        first, _, rest = path.read_text().partition("\n")
        found.append(Item(f"{folder}/{path.stem}", json.loads(first.removeprefix("# ")), rest))
    return found


class World:
    """Sentinel files, listening sockets and a secret, as they were before the programs ran."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="corpus-"))
        self.folder.chmod(0o755)
        (self.folder / "file").write_text("as it was")
        (self.folder / "secret").write_text("OT_GRID_CORPUS")
        (self.folder / "secret").chmod(0o600)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.abstract, self.unix = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0ot_grid-corpus-{self.port}")
        self.unix.bind(str(self.folder / "socket"))
        (self.folder / "socket").chmod(0o700)
        for each in (self.tcp, self.udp, self.abstract, self.unix):
            each.setblocking(False)
        for each in (self.abstract, self.unix):
            each.listen()
        ctypes.CDLL(None).prctl(SET_SUBREAPER, 1, 0, 0, 0)  # what is orphaned falls to us, not to process 1
        self.before = self.files()

    def files(self) -> dict[str, object]:
        """Return what must not change."""
        sentinels = {str(p): (p.stat().st_mtime_ns, p.stat().st_mode) for p in self.folder.iterdir()}
        hostile = {str(path) for place in HARM for path in Path(place).glob("*hostile*")}
        return {"sentinels": sentinels, "text": (self.folder / "file").read_text(), "hostile": hostile}

    def connections(self) -> list[str]:
        """Return which sockets somebody spoke to."""
        names = {"tcp": self.tcp.accept, "abstract": self.abstract.accept, "unix": self.unix.accept}
        names["udp"] = partial(self.udp.recv, 100)
        return [name for name, ask in names.items() if _answers(ask)]

    def survivors(self) -> list[str]:
        """Return the processes of sandboxes that descend from us and are still there."""
        until = time.time() + 5
        while (found := list(self._found())) and time.time() < until:
            time.sleep(0.2)
        return found

    def _found(self):
        for process in psutil.Process().children(recursive=True):
            try:
                environment = Path(f"/proc/{process.pid}/environ").read_bytes()
                if b"HOME=/scratch" in environment or b"HOME=/tmp/ot_grid-sandbox" in environment:
                    yield f"{process.pid} {process.cmdline()}"
            except (OSError, psutil.Error):
                continue

    def text(self, item: Item) -> str:
        """Return a program with the places of this world."""
        places = {"@SENTINEL@": str(self.folder), "@PORT@": str(self.port), "@UDP@": str(self.udp.getsockname()[1])}
        text = item.text
        for word, place in places.items():
            text = text.replace(word, place)
        return text

    def grade(self, programs: list[Item], sandbox: str) -> dict[str, Graded]:
        """Grade programs through the pool, with a secret in the environment."""
        pairs = [(f"```python\n{self.text(item)}\n```", answer(item)) for item in programs]
        os.environ[SECRET] = VALUE
        try:
            return {
                programs[n].name: graded for n, graded in pool.grade(GRADE, pairs, sandbox=sandbox, workers=WORKERS)
            }
        finally:
            del os.environ[SECRET]

    def close(self) -> None:
        """Take it all away."""
        for each in (self.tcp, self.udp, self.abstract, self.unix):
            each.close()
        shutil.rmtree(self.folder)


def _answers(ask) -> bool:
    try:
        ask()
    except BlockingIOError:
        return False
    return True


def answer(item: Item) -> str:
    """Return the known answer of a program as the grader reads it."""
    head = {name: value for name, value in item.head.items() if name not in ("verdict", "because", "isolated")}
    head["tests"] = [
        test if isinstance(test, str) else {k: _long(v) for k, v in test.items()} for test in head["tests"]
    ]
    return json.dumps(head)


def _long(text) -> str:
    return text if isinstance(text, str) else text["text"] * text["times"]
