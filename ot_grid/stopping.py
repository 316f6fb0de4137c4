"""Being asked to stop: before a time limit, at a preemption, by a person.

One idea: whoever runs a job tells it here, and the work ends with `Stopped` at the next safe place: at once, or, inside
`graceful`, when the work itself says so (a trainer writes a checkpoint first). It must not know about Slurm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(BaseException):
    """The work was asked to stop; not an `Exception`, so that nothing takes it for a failure and goes on."""


_asked: list[str] = []
_graceful: list[bool] = []


def ask(reason: str) -> None:
    """Ask the work to stop, e.g. for 'time limit'; raise `Stopped` here and now unless it is inside `graceful`."""
    _asked.append(reason)
    if not _graceful:
        raise Stopped(reason)


def asked() -> str | None:
    """Return why the work was asked to stop, None when it was not."""
    return _asked[0] if _asked else None


@contextmanager
def graceful() -> Iterator[None]:
    """Keep `ask` from interrupting what is inside: it looks at `asked` itself."""
    _graceful.append(True)
    try:
        yield
    finally:
        _graceful.pop()


def check() -> None:
    """Raise `Stopped` when the work was asked to stop."""
    if _asked:
        raise Stopped(_asked[0])
