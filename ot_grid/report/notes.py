"""What a reader must know to read the numbers rightly.

One idea: every limit of the data is said in words, next to the numbers. It must not change a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.report.factors import complete
from ot_grid.report.grouping import PUBLISHED, Row
from ot_grid.report.numbers import BH, HOLM, Numbers
from ot_grid.report.results import Reader, Result
from ot_grid.report.status import FLAGGED, PARTIAL
from ot_grid.report.table import LEVEL, NOT_RESOLVED, REFERENCE
from ot_grid.report.verdicts import Verdict

ALARMING = 20.0  # percent of replies: beyond it a score measures format or length as much as skill


@dataclass(frozen=True, eq=False)
class Made:
    """What a report came to, as far as notes speak of it."""

    sweep: Sweep
    table: pd.DataFrame
    factors: pd.DataFrame
    results: Sequence[Result]
    numbers: Numbers | None
    verdict: Verdict


def noise(made_of: Numbers | None, verdict: Verdict, drawn: str) -> str:
    """Return which noise the ranking covers, for the first line of the table; `drawn` says what draws differ in."""
    if verdict.floor is None:
        return "training noise is NOT covered (one training seed a cell)"
    assert made_of is not None
    if all(row.seeds > 1 for row in made_of.rows):
        return f"averaged over {drawn}, sd {verdict.floor:.1f} points"
    return f"training noise taken from {verdict.floor_from}: sd {verdict.floor:.1f} points"


def written(made: Made) -> Iterator[str]:
    """Yield the notes on how to read the tables."""
    yield from _verdicts(made.table)
    yield from _covered(made)
    if made.numbers is not None:
        yield from _read(made.numbers, made.verdict)
    yield from _alarms(made.table, {(flag.cell, flag.gate) for result in made.results for flag in result.flags})
    yield from _conditions(made.results)
    if len(made.factors) and not complete(made.sweep, made.numbers):
        yield (
            "Factors: not all combinations of choices are ranked, so their effects take factors to add up (least "
            "squares)."
        )
    if made.sweep.banner:
        yield "Rehearsal: the numbers show that the grid works; they say nothing about the models stood in for."


def _covered(made: Made) -> Iterator[str]:
    verdict = made.verdict
    published = bool((made.table["source"] == PUBLISHED).any()) if "source" in made.table else False
    measured = made.numbers is None or made.numbers.aligned is not None
    drawn = "which questions were asked, and decoding" if measured else "decoding, with the questions fixed"
    if verdict.floor is None:
        yield (
            f"Noise covered: {drawn}. Not covered: training seeds (one student a cell), so a resolved difference says "
            "that these two students differ, not that the recipes would again. Repeat at least the reference: repeat: "
            "{train.seed: [1, 2, 3]} in a sweep file; or give what is known from elsewhere: report --training-noise SD."
        )
    else:
        yield (
            f"Noise covered: {drawn}; and {made.sweep.drawn} (sd {verdict.floor:.2f} points beyond decoding, from "
            f"{verdict.floor_from}), added to every error."
        )
    if published:
        yield (
            "Published cells: only scores and errors are known, so their differences are not paired, and their "
            "intervals have the questions fixed: decoding noise as published, or where no error is given at most "
            "sqrt(p (1 - p) / replies). Errors in brackets are of this kind."
        )


def _read(numbers: Numbers, verdict: Verdict) -> Iterator[str]:
    measured = numbers.aligned is not None
    if measured:
        yield (
            "se: standard error of the mean over questions; CSV and JSON also have se_decoding, with the questions "
            "fixed, which is the error that published tables print. Differences: paired by question, 95 % intervals, "
            "each taken alone; '?' stands where nothing varies."
        )
    if verdict.comparisons:
        how = {HOLM: "Holm", BH: "Benjamini and Hochberg"}[verdict.correction]
        test = "paired permutation" if measured else "Student's t"
        test += ", with training noise" if numbers.floor else ""
        times = f"{verdict.comparisons} comparison{'s' if verdict.comparisons > 1 else ''}"
        yield (
            f"p: {test}, corrected for {times} with the reference ({how}); resolved means p < {LEVEL}."
            f"{_detectable(verdict, measured=measured)}"
        )
    if 0 < verdict.yardstick < 100:
        drawn = "sets of questions" if measured else "scores"
        yield (
            f"of ranks: the ranks that a cell may have, all cells at once (95 %). tie: cells that share a letter "
            f"cannot be told apart, which takes {verdict.yardstick:.1f} points between any two. best: how often a "
            f"cell came first in {verdict.draws:,} redrawn {drawn}. corrected: the mean without the luck of having "
            "been picked as the best."
        )


def _detectable(verdict: Verdict, *, measured: bool) -> str:
    """Say what difference a sweep like this finds, or why its questions do not tell."""
    if verdict.detectable == 0:
        return " Nothing varies between questions, so it is not known which difference a sweep like this finds."
    if math.isnan(verdict.detectable) and not measured:  # errors that nobody published
        return ""
    if not verdict.detectable < 100:
        return " There are too few questions to know which difference a sweep like this finds."
    return (
        " The smallest difference to the reference that a sweep like this finds in 80 % of cases: "
        f"{verdict.detectable:.1f} points."
    )


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
    benchmarks = [each for result in results for each in result.benchmarks]
    open_to_code = list(dict.fromkeys(each.name for each in benchmarks if each.sandbox == "rlimits"))
    unsteady = list(dict.fromkeys(each.name for each in benchmarks if each.seeding == "engine"))
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


def comparability(numbers: Numbers | None, ranked: int) -> Iterator[str]:
    """Yield what keeps ranked cells from being compared on all that they were asked."""
    if numbers is None and ranked > 1:
        yield "The ranked cells have no benchmark in common: they are listed by their own means, without ranks."
    sides = numbers.aligned if numbers else None
    known = [each.name for row in numbers.rows for each in row.benchmarks if each.done] if numbers else []
    dropped = [name for name in dict.fromkeys(known) if numbers and name not in numbers.names]
    if dropped:
        yield (
            f"Cells were measured on different benchmarks: {', '.join(dropped)} left out of means and ranks, as "
            "not all ranked cells have them."
        )
    if sides and sides.left_out:
        yield (
            f"Cells were asked different questions: means, ranks and differences use what all ranked cells have; "
            f"{sides.left_out} questions are left out."
        )


def reference(chosen: FrozenCell, used: Row | None, rows: Sequence[Row]) -> str:
    """Return which cell the others are compared with, and why it is that one."""
    if used is None:
        return "No differences: " + (
            f"the reference {chosen.id} is {_why(chosen, rows)}; name another with --reference CELL, or run the "
            "command again."
            if any(row.ranked for row in rows)
            else "no cell is ranked; see the causes and the notes."
            if any(row.complete or not row.benchmarks for row in rows)
            else "no cell is complete; run the command again to do what is missing."
        )
    here = chosen.id in used.members.split()
    why = "" if here else f"; the first cell of the sweep, {chosen.id}, is {_why(chosen, rows)}"
    seeds = f", {used.seeds} training seeds" if used.seeds > 1 else ""
    label = " ".join(f"{factor}={choice}" for factor, choice in used.coordinates.items()) or used.cell.label
    return f"Reference: {used.cell.id} ({label}{seeds}){why}."


def _why(cell: FrozenCell, rows: Sequence[Row]) -> str:
    return "flagged" if any(row.complete for row in rows if cell.id in row.members.split()) else "not complete"


def cost(reader: Reader, sweep: Sweep) -> Iterator[str]:
    """Yield what the whole sweep cost, each stage run counted once; of published cells nothing is known."""
    runs = tuple(dict.fromkeys(run for cell in sweep.cells for run in cell.runs if run.key))
    if not runs:
        return
    unique = len({(run.stage, run.key) for run in runs})
    spent = reader.cost(runs)
    hours = f" and {spent.gpu_hours:,.1f} GPU-hours" if spent.gpu_hours else ""
    yield (
        f"The whole sweep: {unique} stage runs, {spent.tokens:,} tokens bought, {spent.seconds:,.0f} seconds{hours} of "
        "work. In the table, stage runs that cells share count in each of them; replies bought earlier cost nothing."
    )
