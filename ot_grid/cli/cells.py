"""Commands about what came out: reproduce, explain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ot_grid import api
from ot_grid.cli.grids import handed_over
from ot_grid.cli.parsers import store_parser
from ot_grid.cli.printing import complain, say, say_all
from ot_grid.errors import BadInput
from ot_grid.planning import frozen as submission
from ot_grid.planning import sweep
from ot_grid.planning.plan import Cell, Plan
from ot_grid.registry import load_plugins
from ot_grid.report import reproduce as again
from ot_grid.status import explain as why
from ot_grid.store import Store


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
    wanted, cell, place = _cell(args.store, args.cell)
    to = args.to or str(Path(args.store) / "reproductions" / f"{cell.id}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    runtime = sweep.runtime([*args.overrides, _store(to), "tracking='off'"], plugins=wanted.runtime["plugins"])
    fresh = replace(wanted, runtime=runtime)
    if Store(to).root == Store(place).root:
        raise BadInput(f"--to {to!r} is the store that the cell is from; give another folder")
    complain(f"reproducing {cell.id} ({cell.label}) in {to}: {len(fresh.runs)} stage runs")
    ran = api.run(fresh, say=complain)
    if ran.report is None:
        say(f"{handed_over(ran.outcome)}; to compare then: the same command with --to {to}")
        return 0
    say(ran.report.to_text())
    agreements = list(
        again.compare(fresh, api.artifacts_of(replace(wanted, runtime={"store": place})), api.artifacts_of(fresh))
    )
    say_all(str(agreement) for agreement in agreements)
    broken = [agreement for agreement in agreements if agreement.broken]
    same = sum(agreement.same_outputs for agreement in agreements)
    say(f"{same} of {len(fresh.runs)} stage runs gave the same bytes, {len(broken)} broken")
    return 1 if broken or ran.outcome.failed else 0


def _cell(store: str, wanted: str) -> tuple[Plan, Cell, str]:
    """Return the plan of one frozen cell, the cell, and the store it is from."""
    found, frozen = submission.find_cell(Store(store), wanted)
    load_plugins(found["plugins"])
    one = submission.plan_of({**found, "versus": None}, [frozen], {"store": store, "plugins": found["plugins"]})
    return one, one.cells[0], store


def explain(words: Sequence[str]) -> int:
    """Say why two cells have different keys, or why a stage run is not cached."""
    parser = store_parser(
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
        say_all(why.cell(cells[0][1], cells[0][0], api.artifacts_of(cells[0][0])))
        return 0
    (one, first), (other, second) = cells
    say_all(why.pair(first, second, replace(one, runs={**one.runs, **other.runs})))
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
