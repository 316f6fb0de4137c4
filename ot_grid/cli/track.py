"""The command that mirrors: track."""

from __future__ import annotations

from collections.abc import Sequence

from ot_grid import api
from ot_grid.cli.parsers import sweep_parser
from ot_grid.cli.printing import complain, say


def track(words: Sequence[str]) -> int:
    """Tell Weights & Biases what it was not told of a sweep; exit code 1 when it could not be."""
    parser = sweep_parser(
        "track",
        "Tell Weights & Biases what it was not told of a sweep: runs of its cells, the ranked table, the report. "
        "What was told is not told again.",
    )
    parser.add_argument("--mode", choices=("offline", "online"), help="for this once; default: as the sweep was run")
    args = parser.parse_args(words)
    told = api.track(args.sweep, place=args.store, mode=args.mode, say=complain)
    if not told.runs and not told.problem:
        say("nothing new to tell; a sweep that was run with tracking=off is told with: --mode online")
    return 1 if told.problem else 0
