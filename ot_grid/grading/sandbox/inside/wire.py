"""What the supervisor and its parent tell each other.

One idea: orders come as marshal (the parent is trusted), reports leave as counted bytes (the child is not). It must not
be read by an unpickler on either side.
"""

from __future__ import annotations

import marshal
import os
import struct

TYPE_CHECKING = False  # importing typing takes longer than all of the supervisor
if TYPE_CHECKING:
    from typing import Any

LENGTH = struct.Struct("!Q")
REPORT = struct.Struct("!iddQcQQQ")  # wait status, CPU s, wall s, peak KB, why stopped, bytes of stdout, stderr, said
RUNNING, TOO_LONG, TOO_MUCH, TOO_BIG = b" ", b"w", b"o", b"s"  # why it was stopped: not, wall time, output, scratch


class Instruction:
    """What is the same for all cases of a program."""

    kind: str
    source: str
    function: str | None
    arguments: list[str]
    named: list[str]  # assert: classes that results may be of, whatever their operators are
    site: list[str]  # folders at the end of the import path
    uid: int | None  # whom the program runs as; None: as ourselves
    alone: bool  # this process namespace is ours
    scratch: str
    folders: list[str]  # where the program can write; scratch is one
    processes: int
    limits: dict[str, Any]  # the fields of Limits
    wall: float
    measured: bool  # scratch has no limit of its own
    before: dict[str, set[str]]  # what the folders held at first

    def __init__(self, given: dict[str, Any]) -> None:
        self.__dict__.update(given)


def receive() -> Any:
    """Read one order of the parent; None: it has no more, or is gone."""
    size = _exactly(LENGTH.size)
    return marshal.loads(_exactly(LENGTH.unpack(size)[0])) if size else None  # noqa: S302 (our parent wrote it)


def _exactly(size: int) -> bytes:
    held = bytearray()
    while len(held) < size:
        piece = os.read(0, min(size - len(held), 1 << 20))
        if not piece:
            return b""
        held += piece
    return bytes(held)


def write(fd: int, data: bytes) -> None:
    """Write all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class Ignored:
    """Go on after errors of some kinds, as `contextlib.suppress`, whose import takes too long."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self.kinds = kinds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self.kinds)
