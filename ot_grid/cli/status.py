"""Commands that look: status, logs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from ot_grid import status as overview
from ot_grid.cli.parsers import store_parser, sweep_parser
from ot_grid.cli.printing import complain, say, say_all
from ot_grid.cluster import standing
from ot_grid.planning import frozen
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.status import logs as reading
from ot_grid.status import sweeps as listing
from ot_grid.store import Artifacts, Store

WATCH_SECONDS, LEAST_SECONDS = 15.0, 1.0
TOP_OF_SCREEN, REST_OF_SCREEN = "\x1b[H", "\x1b[J"
INTERRUPTED = 130
WITH_ENDS = 8  # logs of which the end is shown; of more only the paths


def sweeps(words: Sequence[str]) -> int:
    """List the sweeps of a store."""
    args = store_parser("sweeps", "List the sweeps of a store, the one asked for last first.").parse_args(words)
    told = list(listing.lines(Store(args.store)))
    say_all(told or [f"{args.store} holds no sweep yet; run one: python -m ot_grid -m filter=length,difficulty"])
    return 0


def status(words: Sequence[str]) -> int:
    """Show where a sweep stands."""
    parser = sweep_parser("status", "Show where a sweep stands: done, running, queued and why, failed and why.")
    parser.add_argument("--all", action="store_true", help="name every stage run that is not done")
    parser.add_argument("--json", action="store_true", help="every stage run: its state, cause, log, job")
    parser.add_argument(
        "--watch",
        nargs="?",
        type=_seconds,
        const=WATCH_SECONDS,
        metavar="SECONDS",
        help=f"show it again every SECONDS (default: {WATCH_SECONDS:g}) until nothing is running or queued",
    )
    args = parser.parse_args(words)
    place = Store(args.store)
    wanted = frozen.plan(place, args.sweep)
    artifacts = Artifacts(place)
    now = overview.take(wanted, artifacts)
    if args.watch:
        try:
            now = _watch(now, artifacts, args)
        except KeyboardInterrupt:
            complain("no longer looking on; the jobs go on")
            return INTERRUPTED
    else:
        _show(now, args)
    return 1 if now.failed or now.silence else 0


def _watch(now: overview.Snapshot, artifacts: Artifacts, args: argparse.Namespace) -> overview.Snapshot:
    """Show a sweep again and again until nothing of it is running or queued; return what was shown last."""
    while True:
        _show(now, args)
        if not now.moving:
            return now
        time.sleep(args.watch)
        now = overview.take(now.plan, artifacts)


def _show(now: overview.Snapshot, args: argparse.Namespace) -> None:
    if args.json:
        say(json.dumps(overview.as_data(now), indent=None if args.watch else 1))  # watched: a line each time
        return
    lines = list(overview.text(now, every=args.all))
    if args.watch and sys.stdout.isatty():
        sys.stdout.write(TOP_OF_SCREEN + REST_OF_SCREEN)
    say_all([f"{datetime.now():%H:%M:%S}", *lines] if args.watch else lines)


def _seconds(given: str) -> float:
    try:
        return max(LEAST_SECONDS, float(given))
    except ValueError as error:
        told = f"{given!r} is no number of seconds; the sweep comes first: status SWEEP --watch"
        raise argparse.ArgumentTypeError(told) from error


def logs(words: Sequence[str]) -> int:
    """Show the end of the logs of stage runs, or follow one."""
    parser = store_parser("logs", "Show the end of the logs of stage runs: of their newest attempts.")
    parser.add_argument(
        "wanted",
        metavar="CELL|STAGE",
        help="a cell (id or coordinates), a stage (train), stage/label (traces/qwq), or a key's beginning",
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on with one of them until it is over")
    parser.add_argument("-n", "--lines", type=int, default=20, help="lines of each (default: %(default)s)")
    parser.add_argument("--sweep", help="default: the one asked for last that has such a stage run")
    args = parser.parse_args(words)
    plan, runs = reading.find(Store(args.store), args.wanted, args.sweep)
    artifacts = Artifacts(Store(args.store))
    newest = reading.logs(runs, artifacts)
    silent = [run for run in runs if not reading.paths(run, artifacts)]
    if args.follow or silent:
        states = standing.look(plan, artifacts)
    if args.follow:
        return _follow(reading.chosen(runs, states, artifacts), plan, artifacts, args)
    for log in newest[:-WITH_ENDS]:
        say(str(log))
    for log in newest[-WITH_ENDS:]:
        say_all([str(log), *reading.end(log.path, args.lines), ""])
    if len(newest) > WITH_ENDS:
        complain(f"the ends of the last {WITH_ENDS} of {len(newest)} logs are shown; name a stage run by its key")
    say_all(f"no log of {run}: {states[run.key]}" for run in silent) if silent else None
    return 0 if newest else 1


def _follow(run: StageRun, plan: Plan, artifacts: Artifacts, args: argparse.Namespace) -> int:
    try:
        for line in reading.follow(run, plan, artifacts, args.lines):
            say(line)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
