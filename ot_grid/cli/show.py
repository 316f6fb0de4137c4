"""The command that shows the data behind a cell."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ot_grid import api
from ot_grid.cli.parsers import store_parser
from ot_grid.cli.printing import complain, say, say_all

ABOUT = """Show the data of a cell: what every stage kept and dropped, and why; of one stage, rows: questions with
their scores, traces, training rows with what of them is trained, replies with their verdicts."""


def show(words: Sequence[str]) -> int:
    """Print the stages of a cell, or rows of one of them."""
    parser = store_parser("show", ABOUT)
    parser.add_argument("cell", metavar="CELL", help="its id, the beginning of one, its coordinates; SWEEP:CELL")
    parser.add_argument("stage", nargs="?", metavar="STAGE", help="a stage, or a benchmark; default: all, without rows")
    parser.add_argument(
        "-n", type=int, default=None, metavar="N", help="rows to show, and as many dropped (default: 5)"
    )
    parser.add_argument("--whole", action="store_true", help="texts whole, however long")
    parser.add_argument(
        "--held-out",
        type=lambda given: [name.strip() for name in given.split(",") if name.strip()],
        default=[],
        metavar="NAME[,NAME...]",
        help="show the replies to these held-out benchmarks too; every look is noted in looks.jsonl",
    )
    parser.add_argument("--json", action="store_true", help="all of it as JSON, texts whole")
    args = parser.parse_args(words)
    made = api.show(args.cell, args.stage, place=args.store, most=args.n, held_out=args.held_out)
    if args.json:
        say(json.dumps({"cell": made.cell.id, "stages": [each.plain for each in made.stages]}, indent=1))
    else:
        say_all(made.to_text(whole=args.whole))
    if made.looked:
        complain(f"held-out replies were shown: {', '.join(made.looked)}; this look is noted")
    return 0 if all(each.done for each in made.stages) else 1
