"""The command about two cells: compare."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ot_grid import api
from ot_grid.cli.parsers import store_parser
from ot_grid.cli.printing import complain, say

ABOUT = """Show two cells, A and B, side by side: where their recipes part, their scores with the paired
difference of every benchmark, the questions that A won and lost, how the replies differ, what they
cost, and examples with what both said. Of cells that are not finished, what both have is compared."""
EXAMPLES = """examples:
  python -m ot_grid compare 1a2b3c4d 5e6f
  python -m ot_grid compare 'filter=length teacher=qwq' 'filter=length teacher=r1' --benchmark math500 --examples 5
  python -m ot_grid compare 1a2b 5e6f --question 0c9d    one question whole: every repeat of both cells
  python -m ot_grid compare first-light:1a2b scaled:5e6f  cells of two sweeps of the store
"""


def compare(words: Sequence[str]) -> int:
    """Print two cells in depth: 0 when both have every benchmark, 1 when something is lacking."""
    args = _parser().parse_args(words)
    made = api.compare(
        args.one,
        args.other,
        place=args.store,
        sweep=args.sweep,
        benchmark=args.benchmark,
        question=args.question,
        examples=args.examples,
        held_out=args.held_out,
        grade=args.grade,
    )
    form = made.to_json() if args.json else made.to_markdown() if args.markdown else made.to_text()
    say(form.rstrip("\n"))
    if made.held_out:
        complain(f"held-out scores were shown: {', '.join(made.held_out)}; this look is noted")
    return 0 if made.complete else 1


def _parser() -> argparse.ArgumentParser:
    parser = store_parser("compare", ABOUT)
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    cell = "its id, the beginning of one, its label or coordinates; SWEEP:CELL for one of another sweep"
    parser.add_argument("one", metavar="CELL", help=f"A: {cell}")
    parser.add_argument("other", metavar="CELL", help="B: the same")
    parser.add_argument("sweep", nargs="?", metavar="SWEEP", help="default: the one asked for last")
    parser.add_argument("--benchmark", metavar="NAME", help="compare this benchmark alone")
    parser.add_argument("--question", metavar="ID", help="show one question whole: its id, or the beginning of it")
    parser.add_argument(
        "--examples", type=int, metavar="N", help="questions won, and as many lost, to show (default: 2; 0: none)"
    )
    parser.add_argument(
        "--held-out",
        type=lambda given: [name.strip() for name in given.split(",") if name.strip()],
        default=[],
        metavar="NAME[,NAME...]",
        help="compare these held-out benchmarks too; every look is noted in looks.jsonl",
    )
    parser.add_argument("--grade", metavar="LABEL", help="read the scores that `rescore` made under this label")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="all numbers, and the texts whole")
    forms.add_argument("--markdown", action="store_true", help="the same as text, in Markdown")
    return parser
