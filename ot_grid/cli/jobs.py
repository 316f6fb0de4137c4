"""Commands about what is queued: cancel, throttle."""

from __future__ import annotations

from collections.abc import Sequence

from ot_grid import api
from ot_grid.cli.parsers import store_parser
from ot_grid.cli.printing import complain, say
from ot_grid.errors import BadInput, many


def cancel(words: Sequence[str]) -> int:
    """Cancel the jobs of a sweep."""
    parser = store_parser("cancel", "Cancel all queued and running jobs of a sweep. What is stored stays.")
    parser.add_argument("sweep", metavar="SWEEP", help="its name, as `status` shows it")
    args = parser.parse_args(words)
    ended = api.cancel(args.sweep, place=args.store)
    if not ended.given:
        say(f"{args.sweep} was never given to Slurm; on this machine it is stopped with Ctrl-C where it runs")
    elif not ended.jobs:
        say(f"nothing of {args.sweep} is queued or running on Slurm")
    else:
        what = f"{many(ended.jobs, 'job')} ({ended.running} running), {many(ended.stage_runs, 'stage run')} not done"
        say(f"cancelled {what}; to go on: python -m ot_grid retry {args.sweep}, or the same command again")
    for name, count in ended.waiting.items():
        complain(f"sweep {name} waits for {count} of these; to have it make them: python -m ot_grid retry {name}")
    return 0


def throttle(words: Sequence[str]) -> int:
    """Say how many jobs of an array may run at once."""
    parser = store_parser("throttle", "Let at most N jobs of each array of a sweep run at once, from now on.")
    parser.add_argument("sweep", metavar="SWEEP", help="its name, as `status` shows it")
    parser.add_argument("most", metavar="N", help="0 lifts the limit, which holds until then")
    args = parser.parse_args(words)
    if not args.most.isdigit():
        raise BadInput(f"N={args.most!r} is no number of jobs; give a whole number, 0 to lift the limit")
    told = api.throttle(args.sweep, int(args.most), place=args.store)
    limit = f"at most {args.most} at once" if int(args.most) else "no limit"
    if told.arrays:
        say(f"{limit} for {many(told.queued, 'queued job')} in {many(told.arrays, 'array')} of {args.sweep}")
    else:
        say(f"nothing of {args.sweep} is queued; what is submitted for it later keeps to: {limit}")
    return 0
