"""Commands that plan and run: run, plan, resume, retry."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from ot_grid import api, status
from ot_grid.cli.parsers import grid_parser, sweep_parser
from ot_grid.cli.printing import complain, say, say_all
from ot_grid.planning import frozen
from ot_grid.planning.packs import Outcome
from ot_grid.planning.plan import Plan
from ot_grid.running import preflight
from ot_grid.status import fits
from ot_grid.store import Store


def run(words: Sequence[str]) -> int:
    """Plan, run what has no record, report."""
    args = grid_parser("", "Run a grid, then print its ranked table.").parse_intermixed_args(words)
    grid = planned(args)
    artifacts = api.artifacts_of(grid)
    asked = grid.asked()
    lines = list(status.banner(grid.banner))
    complain("\n".join([*lines, f"sweep {grid.name}: {status.counted(asked, artifacts.missing(asked))}"]))
    ran = api.run(grid, say=complain)
    if ran.report:
        say(ran.report.to_text())
        complain(f"report: {artifacts.place.sweep(grid.name)}/report.html, .txt, .md, .csv, .json, .tex")
    return _told(grid, ran.outcome)


def planned(args: argparse.Namespace) -> Plan:
    """Return the plan of what was asked for."""
    return api.plan(
        args.overrides, multirun=args.multirun, config_dir=args.config_dir, name=args.name, repeat=args.repeat,
        versus=args.versus, baselines=args.baseline, until=args.until,
    )  # fmt: skip


def _told(grid: Plan, outcome: Outcome) -> int:
    """Say what was given to the cluster and what failed; return the exit code."""
    if outcome.on_cluster:
        say(handed_over(outcome))
    elif grid.runtime.until and not outcome.failed:
        say(f"done up to {grid.runtime.until}; the same command without --until goes on from there")
    for run_key, cause in outcome.failed.items():
        complain(f"{grid.runs[run_key]}: {cause}")
    if outcome.failed:
        complain("when the cause is removed: python -m ot_grid retry")
    stuck = outcome.left and not (outcome.submitted or outcome.queued)
    return 1 if outcome.failed or stuck else 0


def handed_over(outcome: Outcome) -> str:
    """Return what was given to the cluster."""
    parts = [f"submitted {outcome.handed_over} stage runs as {len(outcome.submitted)} arrays of jobs"]
    if outcome.queued:
        parts.append(f"{outcome.queued} were queued or running already")
    if outcome.left:
        parts.append(f"{outcome.left} wait for room under the limits of the cluster: the same command submits them")
    return f"{'; '.join(parts)}\nsee: python -m ot_grid status; when done: python -m ot_grid report"


def resume(words: Sequence[str]) -> int:
    """Go on with a sweep as it was frozen."""
    about = "Go on with a sweep as it was frozen: submit again what can pass. For cron lines; the jobs that heal do it."
    args = sweep_parser("resume", about).parse_args(words)
    return _told_of(api.resume(args.sweep, place=args.store, say=complain), args)


def retry(words: Sequence[str]) -> int:
    """Forget failures and go on."""
    about = "Forget what failed in a sweep, also for good, and go on with it: after the cause was removed."
    args = sweep_parser("retry", about).parse_args(words)
    return _told_of(api.retry(args.sweep, place=args.store, say=complain), args)


def _told_of(ran: api.Ran, args: argparse.Namespace) -> int:
    if ran.report:
        say(ran.report.to_text())
    return _told(frozen.plan(Store(args.store), args.sweep), ran.outcome)


def plan(words: Sequence[str]) -> int:
    """Show what would run; spend nothing, write nothing."""
    parser = grid_parser("plan", "Show cells, shared and cached stage runs, and what is to run. Writes nothing.")
    parser.add_argument("--json", action="store_true", help="the whole plan as JSON")
    args = parser.parse_intermixed_args(words)
    grid = planned(args).asked()
    artifacts = api.artifacts_of(grid)
    missing = artifacts.missing(grid)
    if args.json:
        say(json.dumps(status.plan_data(grid, missing), indent=1))
        return 0
    say_all(status.plan_text(grid, missing, artifacts))
    problems = [*preflight.not_ready(grid, artifacts), *fits.refused(grid, missing)]
    for problem in dict.fromkeys(problems):
        complain(f"not ready here: {problem}")
    return 0
