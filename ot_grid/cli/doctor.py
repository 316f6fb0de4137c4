"""The command that examines: doctor."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from ot_grid import api
from ot_grid.cli.grids import planned
from ot_grid.cli.parsers import grid_parser
from ot_grid.cli.printing import say
from ot_grid.doctor import examine as examination
from ot_grid.errors import many

WAIT_SECONDS = 60.0


def doctor(words: Sequence[str]) -> int:
    """Say what is right and what is wrong for a grid, one line each; exit code 1 when something is broken."""
    parser = grid_parser(
        "doctor",
        "Say whether a grid would run: Slurm and its limits, accounting, nodes and GPUs, the store, interpreters, "
        "models, W&B. Takes what would be run, e.g. cluster=slurm cluster.slurm.partition=gpu; runs one small job a "
        "kind of node, and leaves nothing behind.",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="for the small jobs to start (default: %(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each finding")
    args = parser.parse_intermixed_args(words)
    wanted = planned(args)
    count: Counter[str] = Counter()
    for finding in examination.examine(wanted, api.artifacts_of(wanted), wait=args.wait):
        count[finding.state] += 1
        say(json.dumps(asdict(finding)) if args.json else str(finding))
    if not args.json:
        broken, warnings = count[examination.BROKEN], count[examination.WARNING]
        say(f"{broken or 'nothing'} broken, {many(warnings, 'warning')}")
    return 1 if count[examination.BROKEN] else 0
