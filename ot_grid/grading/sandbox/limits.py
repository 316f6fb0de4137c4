"""What a program is, what it may use, and what is told of its run.

One idea: a limit is a number with a unit. It must not start anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SandboxLimits:
    """What one case may use, and the whole program at the end."""

    cpu_seconds: float = 6.0
    wall_seconds: float | None = None  # None: three times the CPU seconds and one more
    memory_mb: int = 1024  # resident memory of one process; that of all together may be this and EXTRA_MB
    output_bytes: int = 8_000_000  # stdout and stderr together
    processes: int = 64  # threads count
    file_mb: int = 64  # one file
    scratch_mb: int = 64  # each of scratch, /tmp and /dev/shm
    open_files: int = 256
    total_seconds: float = 600.0  # wall clock, all cases of a program together

    @property
    def wall(self) -> float:
        """The wall seconds of a case."""
        return self.cpu_seconds * 3 + 1 if self.wall_seconds is None else self.wall_seconds


@dataclass(frozen=True)
class Program:
    """Untrusted source text, and how it is run."""

    kind: str  # stdin: as __main__; call: one function, JSON to JSON; assert: test code in the same module
    source: str
    function: str | None = None  # call: its name, also as a method of `class Solution`
    arguments: tuple[str, ...] = ()  # stdin: sys.argv[1:]
    named: tuple[str, ...] = ()  # assert: classes that the tests name; other results must be of plain types


@dataclass(frozen=True)
class Case:
    """What a program is given once; what is expected of it stays outside."""

    text: str  # stdin: the input; call: one JSON argument a line; assert: the test code
    files: dict[str, str] = field(default_factory=dict)  # written to scratch before the program starts


@dataclass(frozen=True)
class ProgramOutcome:
    """How one case ended."""

    ended: str  # one of the words in `endings`
    code: int = 0  # exit code or number of the signal
    cpu: float = 0.0  # seconds, with children that were waited for
    wall: float = 0.0  # seconds
    stdout: str = ""
    stderr: str = ""  # its last part
    said: str = ""  # call: the result as JSON
