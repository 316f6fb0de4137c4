"""Commands about one cell: reproduce, explain."""

from __future__ import annotations

from collections.abc import Sequence

from ot_grid import api
from ot_grid.cli.grids import handed_over
from ot_grid.cli.parsers import store_parser
from ot_grid.cli.printing import complain, say, say_all


def reproduce(words: Sequence[str]) -> int:
    """Run one cell again in a store of its own and compare."""
    parser = store_parser(
        "reproduce", "Run one cell again, from its frozen recipe alone, and compare with the first time."
    )
    parser.add_argument(
        "cell", help="a cell's id, the beginning of one, or its coordinates, e.g. 'filter=length teacher=r1'"
    )
    parser.add_argument("--to", help="the store to run in (default: a new folder below <store>/reproductions)")
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="cluster and tracking settings, e.g. cluster=slurm"
    )
    args = parser.parse_intermixed_args(words)
    made = api.reproduce(args.cell, place=args.store, to=args.to, overrides=args.overrides, say=complain)
    if made.ran.report is None:
        say(f"{handed_over(made.ran.outcome)}; to compare then: the same command with --to {made.plan.runtime.store}")
        return 0
    say(made.ran.report.to_text())
    say_all(str(agreement) for agreement in made.agreements)
    same = sum(agreement.same_outputs for agreement in made.agreements)
    broken = sum(agreement.broken for agreement in made.agreements)
    say(f"{same} of {len(made.plan.runs)} stage runs gave the same bytes, {broken} broken")
    return 1 if made.broken else 0


def explain(words: Sequence[str]) -> int:
    """Say why two cells have different keys, or why a stage run is not cached."""
    parser = store_parser(
        "explain", "Say which stage runs of a cell are done and why the others are not; or how two cells differ."
    )
    parser.add_argument(
        "cell", nargs="+", help="one or two cells: ids or coordinates; or overrides of a cell not run yet"
    )
    parser.add_argument("-cd", "--config-dir", help="a folder with groups like conf/ of your own, for overrides")
    args = parser.parse_intermixed_args(words)
    say_all(api.explain(args.cell, place=args.store, config_dir=args.config_dir))
    return 0
