"""What a reader must know to read the numbers rightly.

One idea: every limit of the data is said in words, next to the numbers. It must not change a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from ot_grid.report.cells import Cell, Sweep
from ot_grid.report.factors import UNLIKE
from ot_grid.report.results import Reader, Result
from ot_grid.report.statistics import FEWEST_DIFFERING
from ot_grid.report.table import FLAGGED, NOT_RESOLVED, PARTIAL, REFERENCE

ALARMING = 20.0  # percent of replies: beyond it a score measures format or length as much as skill


def written(sweep: Sweep, table: pd.DataFrame, factors: pd.DataFrame, results: Sequence[Result]) -> Iterator[str]:
    """Yield the notes on how to read the tables."""
    yield from _verdicts(table)
    yield (
        "Noise covered: which questions were asked, and decoding. Not covered: training seeds (one student a cell), so "
        "a resolved difference says that these two students differ, not that the recipes would again."
    )
    yield (
        "se: standard error of the mean over questions; CSV and JSON also have se_decoding, with the questions fixed. "
        "Differences: paired by question, 95 % intervals (Student t, degrees of the smallest benchmark), each taken "
        "alone: among many cells some are resolved by chance. An interval reaches zero where fewer than "
        f"{FEWEST_DIFFERING} questions differ; '?' stands where nothing varies, so that the data cannot say."
    )
    yield from _alarms(table, {(flag.cell, flag.gate) for result in results for flag in result.flags})
    yield from _conditions(results)
    if (factors["verdict"] == UNLIKE).any():
        yield (
            "Factors: choices whose complete cells do not match in the other factors are not judged (unlike cells); "
            "their difference mixes in the other factors."
        )
    if sweep.banner:
        yield "Rehearsal: the numbers show that the grid works; they say nothing about the models stood in for."


def _verdicts(table: pd.DataFrame) -> Iterator[str]:
    if not len(table):
        return
    complete = table[table["rank"].notna()]
    others = [each for each in complete["verdict"] if each != REFERENCE]
    partial, flagged = (int(table["status"].str.startswith(word).sum()) for word in (PARTIAL, FLAGGED))
    if partial:
        yield f"Not complete and not ranked: {partial} of {len(table)} cells; see the causes."
    if flagged:
        yield (
            f"Flagged and not ranked: {flagged} of {len(table)} cells, of which an evaluation looks broken beside the "
            "same benchmark of the other cells; see the causes, and accept what is right after all."
        )
    if len(others) and len(others) < len(complete):
        unresolved = sum(each == NOT_RESOLVED for each in others)
        meaning = "; the data cannot tell them apart" if unresolved else ""
        yield f"Not resolved from the reference: {unresolved} of {len(others)} cells{meaning}."


def _alarms(table: pd.DataFrame, flagged: set[tuple[str, str]]) -> Iterator[str]:
    """Yield what many replies of a cell have wrong, unless a flag has said it."""
    said = {
        "cut": "stopped by the token limit",
        "unextracted": "without an answer that could be found",
        "ungraded": "that the grader could not judge, counted as wrong",
    }
    for column, words in said.items():
        known = [cell for cell, gate in flagged if gate == column]
        worst = table[(table[column] > ALARMING) & ~table["cell"].isin(known)] if column in table else table[:0]
        if len(worst):
            named = ", ".join(worst["cell"].head(5)) + (f" and {len(worst) - 5} more" if len(worst) > 5 else "")
            yield f"Look at {named}: up to {worst[column].max():.0f} % of the replies {words}."


def _conditions(results: Sequence[Result]) -> Iterator[str]:
    """Yield under which conditions replies were drawn and graded, where that limits what they say."""
    open_to_code, unsteady = (
        list(
            dict.fromkeys(each.name for result in results for each in result.benchmarks if getattr(each, fact) == word)
        )
        for fact, word in (("sandbox", "rlimits"), ("seeding", "engine"))
    )
    if open_to_code:
        yield (
            f"Graded without isolation: {', '.join(open_to_code)}. The students' code ran under resource limits only "
            "(sandbox=rlimits), so it could see and touch what its grader could."
        )
    if unsteady:
        yield (
            f"Draws depend on the engine's scheduling: {', '.join(unsteady)}. Other shards or another batch give other "
            "replies for the same seeds; scores agree within decoding noise only."
        )


def comparability(results: Sequence[Result]) -> Iterator[str]:
    """Yield what keeps the means of ranked cells from being compared."""
    complete = [result.means for result in results if result.ranked]
    asked = {frozenset((name, frozenset(questions)) for name, questions in means.items()) for means in complete}
    if len(asked) > 1:
        what = (
            "measured on different benchmarks"
            if len({frozenset(m) for m in complete}) > 1
            else "asked different questions"
        )
        yield f"Cells were {what}: their means and ranks do not compare; differences use what both have."


def reference(chosen: Cell, used: Result | None, results: Sequence[Result]) -> str:
    """Return which cell the others are compared with, and why it is that one."""
    if used is None:
        return "No differences: " + (
            f"the reference {chosen.id} is {_why(chosen, results)}; name another with --reference CELL, or run the "
            "command again."
            if any(result.ranked for result in results)
            else "no cell is ranked; see the causes and the notes."
            if any(result.complete or not result.benchmarks for result in results)
            else "no cell is complete; run the command again to do what is missing."
        )
    why = "" if used.cell is chosen else f"; the first cell of the sweep, {chosen.id}, is {_why(chosen, results)}"
    return f"Reference: {used.cell.id} ({used.cell.label}){why}."


def _why(cell: Cell, results: Sequence[Result]) -> str:
    return "flagged" if any(result.complete for result in results if result.cell is cell) else "not complete"


def cost(reader: Reader, sweep: Sweep) -> str:
    """Return what the whole sweep cost, each stage run counted once."""
    runs = tuple(dict.fromkeys(run for cell in sweep.cells for run in cell.runs))
    unique = len({(run.stage, run.key) for run in runs})
    tokens, seconds = reader.cost(runs)
    return (
        f"The whole sweep: {unique} stage runs, {tokens:,} tokens bought, {seconds:,.0f} seconds of work. In the "
        "table, stage runs that cells share count in each of them; replies bought earlier cost nothing."
    )
