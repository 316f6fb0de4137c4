"""Running untrusted programs: what a model wrote is code of a stranger.

One idea: one launch for each program, one fresh child for each case, and what is right is known outside alone. It must
not be called a sandbox where it is none: a tier says what it keeps apart, and is recorded.

- `bubblewrap`, `namespaces`: no network, no files but the interpreter's and an own scratch, no other processes.
- `rlimits`: limits alone; the program can read files and use the network. As root it is another user, who can write
  nothing but scratch and what all can write (/tmp, /dev/shm).
"""

from ot_grid.grading.sandbox.commands import Tier
from ot_grid.grading.sandbox.launch import run
from ot_grid.grading.sandbox.limits import Case, Program, ProgramOutcome, SandboxLimits
from ot_grid.grading.sandbox.tiers import choose, current, use

__all__ = ["Case", "Program", "ProgramOutcome", "SandboxLimits", "Tier", "choose", "current", "run", "use"]
