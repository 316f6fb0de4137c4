"""Why a row is ranked or not, in words.

One idea: every row that is not ranked has a cause that says what to do. It must not look at scores.
"""

from __future__ import annotations

from ot_grid.planning.frozen import Sweep
from ot_grid.report.grouping import Row
from ot_grid.report.results import Result

COMPLETE, FLAGGED, PARTIAL = "complete", "flagged", "partial"  # how a status begins


def status(sweep: Sweep, row: Row) -> dict[str, str]:
    """Return the status of a row, and the cause where it is not ranked, or not with all its cells."""
    if row.ranked:
        return {"status": COMPLETE, "cause": _seeds_lacking(sweep, row)}
    flagged = next((result for result in row.results if result.complete), None)
    if flagged:
        return _flagged(flagged)
    return _unfinished(sweep, row.results[0])


def _seeds_lacking(sweep: Sweep, row: Row) -> str:
    """Say which training seeds of a ranked row do not count, and why."""
    lacking = [result for result in row.results if not result.ranked]
    causes = [f"{each.cell.id}: {status(sweep, Row({}, (each,)))['cause']}" for each in lacking]
    return f"{len(lacking)} of {len(row.results)} training seeds do not count: {'; '.join(causes)}" if lacking else ""


def _unfinished(sweep: Sweep, result: Result) -> dict[str, str]:
    if not result.benchmarks and sweep.held_out:
        return {"status": "without a rank", "cause": "all its benchmarks are held out, see the notes"}
    if not result.benchmarks:
        return {"status": PARTIAL, "cause": "no benchmark belongs to this cell; give it one with eval=CHOICE"}
    causes: dict[str, list[str]] = {}
    for each in result.lacking:
        causes.setdefault(f"{each.status}, {each.cause}", []).append(each.name)
    said = [f"{', '.join(names)}: {cause}" for cause, names in causes.items()]
    said += [f"{flag.benchmark} looks broken: {flag.reason}" for flag in result.suspect]
    status = f"{PARTIAL}: {len(result.lacking)} of {len(result.benchmarks)} benchmarks lacking"
    return {"status": status, "cause": "; ".join(said)}


def _flagged(result: Result) -> dict[str, str]:
    names = list(dict.fromkeys(flag.benchmark for flag in result.suspect))
    said = "; ".join(f"{flag.benchmark}: {flag.reason}" for flag in result.suspect)
    accept = " ".join(f"--accept {result.cell.id}:{name}" for name in names)
    status = f"{FLAGGED}: {len(names)} of {len(result.benchmarks)} benchmarks"
    return {"status": status, "cause": f"{said}; look at it, and to rank it all the same: report {accept}"}
