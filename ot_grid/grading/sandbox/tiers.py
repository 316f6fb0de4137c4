"""Which tier this machine gives.

One idea: a tier is what a probe has shown to work here and now, not what is installed. It must not give out a weaker
tier than was asked for.
"""

from __future__ import annotations

import socket
from functools import cache
from typing import get_args

from ot_grid.config import Sandbox
from ot_grid.errors import BadInput, OtGridError, nearest
from ot_grid.grading.sandbox.commands import BUBBLEWRAP, NAMESPACES, RLIMITS, TIERS, Tier
from ot_grid.grading.sandbox.endings import OK
from ot_grid.grading.sandbox.launch import run
from ot_grid.grading.sandbox.limits import Case, Program, ProgramOutcome, SandboxLimits

POLICIES = get_args(Sandbox)  # the best there is; one that isolates; or this one
CANDIDATES = {
    BUBBLEWRAP: (Tier(BUBBLEWRAP), Tier(BUBBLEWRAP, proc=False)),
    NAMESPACES: (Tier(NAMESPACES),),
    RLIMITS: (Tier(RLIMITS),),
}
PROBE = """
import os, socket, sys
port = int(sys.stdin.read())
open("here", "w").write("kept")
for place in ("/usr", "/", sys.base_prefix, "/dev"):
    try: open(place + "/.ot_grid_probe", "w")
    except OSError: continue
    else:
        os.unlink(place + "/.ot_grid_probe")
        print("it can write to", place)
if port:
    try: socket.create_connection(("127.0.0.1", port), timeout=2)
    except OSError: pass
    else: print("it sees the network")
print("alive")
"""
LIMITS = SandboxLimits(cpu_seconds=20, total_seconds=60)


@cache
def choose(policy: str = "auto") -> Tier:
    """Return the best tier that works here and that a policy allows; raise `BadInput` when none does."""
    if policy not in POLICIES:
        raise BadInput(f"sandbox={policy!r}: there is no such policy; {nearest(policy, POLICIES)}")
    names = {"auto": TIERS, "required": TIERS[:-1]}.get(policy, (policy,))
    why = {}
    for name in names:
        for tier in CANDIDATES[name]:
            why[tier.name] = problem(tier)
            if not why[tier.name]:
                return tier
    raise BadInput(
        f"sandbox={policy!r}: untrusted code cannot be kept apart here ("
        + "; ".join(f"{name}: {text}" for name, text in why.items())
        + "); install bubblewrap (apt-get install bubblewrap), or have user namespaces allowed "
        "(sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces>0); "
        "sandbox=rlimits runs it with limits only: it can then read files and use the network"
    )


_CURRENT: list[Tier] = []


def use(tier: Tier) -> None:
    """Run all programs of this process in a tier that was chosen before, as in another process."""
    _CURRENT[:] = [tier]


def current() -> Tier:
    """Return the tier that this process uses; the best there is, if none was chosen."""
    return _CURRENT[0] if _CURRENT else choose()


def problem(tier: Tier) -> str:
    """Return why a tier does not work here; empty: it does."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1] if tier.isolated else 0
            found = next(run(Program("stdin", PROBE), [Case(str(port))], tier=tier, limits=LIMITS))
    except (OSError, OtGridError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if found.ended == OK and found.stdout == "alive\n" else _told(found)


def _told(found: ProgramOutcome) -> str:
    return " ".join((found.stdout + " " + found.stderr).split())[-300:].replace(" alive", "") or found.ended
