"""Who is buying which reply now: two processes that want the same one must not both pay for it.

One idea: a lock of the kernel on one byte a reply, in a file of the model's folder; it ends with its process, so a
killed buyer leaves nothing behind. It must not hold a lock while it waits for another: that could wait forever.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from types import TracebackType

from ot_grid import store
from ot_grid.inference import identity

# Bytes that a lock file is thought to have; two replies on one byte wait for each other for nothing, seldom.
PLACES = 1 << 40


class Buying:
    """The replies that this process is buying; open one for a purchase, and close it after."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, FileIO] = {}  # files, not descriptors: one that is forgotten closes itself

    def __enter__(self) -> Buying:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()  # gives up every lock that this process holds on the file
        self._files.clear()

    def take(self, keys: Iterable[str], most: int) -> tuple[list[str], list[str]]:
        """Try the keys until `most` are taken, and return (ours until `__exit__`, those that others are buying)."""
        ours: list[str] = []
        theirs: list[str] = []
        for key in keys:
            (ours if self._lock(key, fcntl.LOCK_EX | fcntl.LOCK_NB) else theirs).append(key)
            if len(ours) >= most:
                break
        return ours, theirs

    def wait(self, key: str) -> None:
        """Return when no other process is buying a reply any more, whether it was bought or not."""
        self._lock(key, fcntl.LOCK_SH)

    def _lock(self, key: str, how: int) -> bool:
        return store.lock(self._file(identity.folder_of(key)), how, 1, place(key))

    def _file(self, folder: str) -> FileIO:
        if folder not in self._files:
            path = self.root / folder / "buying"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[folder] = path.open("a+b", buffering=0)
        return self._files[folder]


def place(key: str) -> int:
    """Return the byte that stands for a reply."""
    return int(key.rpartition(":")[2], 16) % PLACES
