"""The command line: words in, lines out, exit codes.

One idea: a command is a few lines over `api`; what Hydra's own flags do is left to Hydra. It must not hold logic that
the Python interface lacks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from ot_grid import overview, sweep
from ot_grid.errors import BadInput, OtGridError
from ot_grid.launch.packs import Outcome
from ot_grid.plan import Cell, Plan
from ot_grid.store import Store
from ot_grid.usage import help_text

HYDRA_FLAGS = ("--cfg", "-c", "--info", "-i", "--shell-completion", "-sc", "--hydra-help")
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 a cell failed, 2 bad input, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if any(word.split("=")[0] in HYDRA_FLAGS for word in words):
            return _hydra(words)
        if not words or words[0] in ("--help", "-h"):
            say(help_text())
            return 0
        if words[0] == "--version":
            say(metadata.version("ot_grid"))
            return 0
        command = COMMANDS.get(words[0])
        return command(words[1:]) if command else run(words)
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on from here")
        return INTERRUPTED
    except OtGridError as error:
        complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; nothing more to tell it
        return 0


def say(text: str) -> None:
    """Write to stdout: what was asked for."""
    print(text, flush=True)  # noqa: T201


def complain(text: str) -> None:
    """Write to stderr: what is wrong, and how it goes."""
    print(f"ot_grid: {text}", file=sys.stderr, flush=True)  # noqa: T201


def _hydra(words: Sequence[str]) -> int:
    """Hand --cfg, --info, --hydra-help and tab completion to Hydra."""
    import hydra

    from ot_grid.recipe import register_schema, shipped

    register_schema()
    sys.argv = ["ot_grid", *(word for word in words if word not in COMMANDS)]
    hydra.main(config_path=str(shipped("conf")), config_name="config", version_base="1.3")(lambda _: None)()
    return 0


def _grid_parser(command: str, about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m ot_grid {command}".strip(), description=about)
    parser.add_argument(
        "overrides", nargs="*", metavar="GROUP=CHOICE", help="e.g. filter=length,difficulty teacher=qwq,r1"
    )
    parser.add_argument("-m", "--multirun", action="store_true", help="several values make a grid")
    parser.add_argument("-cd", "--config-dir", help="a folder with groups like conf/ of your own")
    parser.add_argument("--name", help="the name of the sweep (default: made from what it varies)")
    return parser


def _plan(args: argparse.Namespace) -> Plan:
    return sweep.plan(sweep.Request(tuple(args.overrides), args.multirun, args.config_dir, args.name))


def run(words: Sequence[str]) -> int:
    """Plan, run what has no record, report."""
    from ot_grid import api

    args = _grid_parser("", "Run a grid, then print its ranked table.").parse_intermixed_args(words)
    wanted = _plan(args)
    artifacts = api.artifacts_of(wanted)
    lines = list(overview.banner(wanted.banner))
    complain("\n".join([*lines, f"sweep {wanted.name}: {overview.counted(wanted, artifacts.missing(wanted))}"]))
    ran = api.run(wanted, say=complain)
    if ran.report:
        say(ran.report.to_text())
        complain(f"report: {artifacts.place.sweep(wanted.name)}/report.md, .csv, .json")
    if ran.outcome.handed_over:
        say(_handed_over(ran.outcome))
    for run_key, cause in ran.outcome.failed.items():
        complain(f"{wanted.runs[run_key]}: {cause}")
    return 1 if ran.outcome.failed else 0


def _handed_over(outcome: Outcome) -> str:
    return (
        f"submitted {len(outcome.submitted)} jobs, {len(outcome.queued)} were there already; see: python -m ot_grid "
        "status; when done: python -m ot_grid report"
    )


def plan(words: Sequence[str]) -> int:
    """Show what would run; spend nothing, write nothing."""
    from ot_grid import api, preflight

    parser = _grid_parser("plan", "Show cells, shared and cached stage runs, and what is to run. Writes nothing.")
    parser.add_argument("--json", action="store_true", help="the whole plan as JSON")
    args = parser.parse_intermixed_args(words)
    wanted = _plan(args)
    artifacts = api.artifacts_of(wanted)
    missing = artifacts.missing(wanted)
    if args.json:
        say(json.dumps(overview.plan_data(wanted, missing), indent=1))
        return 0
    _say_all(overview.plan_text(wanted, missing))
    for problem in dict.fromkeys(preflight.not_ready(wanted, artifacts)):
        complain(f"not ready here: {problem}")
    return 0


def _store_parser(command: str, about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m ot_grid {command}", description=about)
    parser.add_argument(
        "--store", default=os.environ.get("OT_GRID_STORE", "store"), help="default: OT_GRID_STORE, else ./store"
    )
    return parser


def _frozen(store: str, name: str | None) -> Plan:
    """Return the plan of a sweep as it was frozen."""
    from ot_grid import submission
    from ot_grid.registry import load_plugins

    found = submission.find_sweep(Store(store), name)
    load_plugins(found["plugins"])
    return submission.plan_of(found, found["cells"], {"store": store})


def status(words: Sequence[str]) -> int:
    """Show where a sweep stands."""
    from ot_grid import api

    parser = _store_parser("status", "Show where a sweep stands: done, running, failed and why.")
    parser.add_argument("sweep", nargs="?", help="default: the one asked for last")
    parser.add_argument("--json", action="store_true", help="the state of every stage run by key")
    args = parser.parse_args(words)
    wanted = _frozen(args.store, args.sweep)
    states = overview.status_data(wanted, api.artifacts_of(wanted))
    if args.json:
        say(json.dumps(states, indent=1))
    else:
        _say_all(overview.status_text(wanted, states))
    return 1 if any("failed" in state for state in states.values()) else 0


def report(words: Sequence[str]) -> int:
    """Print the ranked table of a sweep and write it beside its cells."""
    from ot_grid import api

    parser = _store_parser("report", "Print the ranked ablation table; it is also written to <store>/sweeps/<sweep>/.")
    parser.add_argument("sweep", nargs="?", help="default: the one asked for last")
    parser.add_argument("--format", choices=("text", "markdown", "csv", "json"), default="text")
    parser.add_argument("--reference", help="the cell to compare with: its id or coordinates (default: the first)")
    args = parser.parse_args(words)
    made = api.report(args.sweep, place=args.store, reference=args.reference)
    say(getattr(made, f"to_{args.format}")().rstrip("\n"))
    return 0 if made.complete else 1


def reproduce(words: Sequence[str]) -> int:
    """Run one cell again in a store of its own and compare."""
    from ot_grid import api
    from ot_grid import reproduce as again

    parser = _store_parser(
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
    wanted, cell, place = _cell(args.store, args.cell)
    to = args.to or str(Path(args.store) / "reproductions" / f"{cell.id}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    runtime = sweep.runtime([*args.overrides, _store(to), "tracking='off'"], plugins=wanted.runtime["plugins"])
    fresh = replace(wanted, runtime=runtime)
    if Store(to).root == Store(place).root:
        raise BadInput(f"--to {to!r} is the store that the cell is from; give another folder")
    complain(f"reproducing {cell.id} ({cell.label}) in {to}: {len(fresh.runs)} stage runs")
    ran = api.run(fresh, say=complain)
    if ran.report is None:
        say(f"{_handed_over(ran.outcome)}; to compare then: the same command with --to {to}")
        return 0
    say(ran.report.to_text())
    agreements = list(
        again.compare(fresh, api.artifacts_of(replace(wanted, runtime={"store": place})), api.artifacts_of(fresh))
    )
    _say_all(str(agreement) for agreement in agreements)
    broken = [agreement for agreement in agreements if agreement.broken]
    same = sum(agreement.same_outputs for agreement in agreements)
    say(f"{same} of {len(fresh.runs)} stage runs gave the same bytes, {len(broken)} broken")
    return 1 if broken or ran.outcome.failed else 0


def _cell(store: str, wanted: str) -> tuple[Plan, Cell, str]:
    """Return the plan of one frozen cell, the cell, and the store it is from."""
    from ot_grid import submission
    from ot_grid.registry import load_plugins

    found, frozen = submission.find_cell(Store(store), wanted)
    load_plugins(found["plugins"])
    one = submission.plan_of({**found, "versus": None}, [frozen], {"store": store, "plugins": found["plugins"]})
    return one, one.cells[0], store


def explain(words: Sequence[str]) -> int:
    """Say why two cells have different keys, or why a stage run is not cached."""
    from ot_grid import api
    from ot_grid import explain as why

    parser = _store_parser(
        "explain", "Say which stage runs of a cell are done and why the others are not; or how two cells differ."
    )
    parser.add_argument(
        "cell", nargs="+", help="one or two cells: ids or coordinates; or overrides of a cell not run yet"
    )
    args = parser.parse_args(words)
    cells = _cells(args.store, args.cell)
    if len(cells) > 2:
        raise BadInput(f"explain takes one or two cells, not {len(cells)}")
    if len(cells) == 1:
        _say_all(why.cell(cells[0][1], cells[0][0], api.artifacts_of(cells[0][0])))
        return 0
    (one, first), (other, second) = cells
    _say_all(why.pair(first, second, replace(one, runs={**one.runs, **other.runs})))
    return 0


def _cells(store: str, words: Sequence[str]) -> list[tuple[Plan, Cell]]:
    """Return the cells that words name: each a cell of the store, or all the overrides of one that was not run yet."""
    try:
        return [_cell(store, word)[:2] for word in words]
    except BadInput:
        if not all("=" in word for word in words):
            raise
    wanted = sweep.plan(sweep.Request((*words, _store(store)), multirun=False))
    return [(wanted, wanted.cells[0])]


def _store(folder: str) -> str:
    """Return the override that names a store, quoted for Hydra."""
    return f"store={json.dumps(folder, ensure_ascii=False)}"


def _say_all(lines: Iterable[str]) -> None:
    say("\n".join(lines))


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": run,
    "plan": plan,
    "status": status,
    "report": report,
    "reproduce": reproduce,
    "explain": explain,
}
