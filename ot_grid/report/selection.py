"""What a reader asked to see: by which benchmarks to rank, which held-out scores to show, what to accept.

One idea: a held-out benchmark takes part in nothing and is not shown, unless it is named. It must not look at scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ot_grid.errors import BadInput, nearest
from ot_grid.planning.frozen import Sweep, pick
from ot_grid.report import acceptance
from ot_grid.report.acceptance import Evaluation
from ot_grid.report.results import EVAL, Result


@dataclass(frozen=True)
class View:
    """The benchmarks of a sweep, by what is to be done with them."""

    ranking: tuple[str, ...]  # those that the mean is of
    named: bool  # whether the reader named them
    others: tuple[str, ...]  # not held out, and not among those named
    held_out: tuple[str, ...]
    apart: tuple[str, ...]  # held out, and shown because they were named

    @property
    def ranking_held_out(self) -> tuple[str, ...]:
        """The held-out benchmarks that the ranking uses, because they were named."""
        return tuple(name for name in self.ranking if name in self.held_out)

    @property
    def looked(self) -> tuple[str, ...]:
        """The held-out benchmarks whose scores this view gives away."""
        return tuple(name for name in self.held_out if name in (*self.apart, *self.ranking))

    @property
    def hidden(self) -> tuple[str, ...]:
        """The held-out benchmarks whose scores stay unseen."""
        return tuple(name for name in self.held_out if name not in self.looked)

    def taking_part(self, results: Sequence[Result]) -> list[Result]:
        """Return the results with the benchmarks that rank."""
        return _only(results, self.ranking)

    def judged(self, results: Sequence[Result]) -> list[Result]:
        """Return the results with the benchmarks by which evaluations are judged broken: all that are not unseen."""
        return _only(results, (*self.ranking, *self.others))

    def shown_apart(self, results: Sequence[Result]) -> list[Result]:
        """Return the results with the held-out benchmarks that are shown apart."""
        return _only(results, self.apart)


def _only(results: Sequence[Result], names: Sequence[str]) -> list[Result]:
    found = []
    for result in results:
        benchmarks = tuple(each for each in result.benchmarks if each.name in names)
        flags = tuple(flag for flag in result.flags if flag.benchmark in names)
        found.append(replace(result, benchmarks=benchmarks, flags=flags))
    return found


def of(sweep: Sweep, held_out: Sequence[str], rank_by: Sequence[str]) -> View:
    """Return the view that names these benchmarks; raise `BadInput` for names that there are not."""
    names = _names(sweep)
    hidden = tuple(name for name in names if name in sweep.held_out)
    problems = [
        *(
            f"--rank-by {name!r} is no benchmark of {sweep.name!r}; {nearest(name, names)}"
            for name in _new(rank_by, names)
        ),
        *(_not_held(name, sweep, names, hidden) for name in _new(held_out, hidden)),
    ]
    if problems:
        raise BadInput(*problems)
    ranking = tuple(name for name in names if (name in rank_by if rank_by else name not in hidden))
    others = tuple(name for name in names if name not in (*ranking, *hidden))
    return View(ranking, bool(rank_by), others, hidden, tuple(name for name in hidden if name in held_out))


def _names(sweep: Sweep) -> list[str]:
    """Return the benchmarks of a sweep, in its order."""
    return list(dict.fromkeys(run.label for cell in sweep.cells for run in cell.runs if run.stage == EVAL))


def _new(asked: Sequence[str], known: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(asked) if name not in known]


def _not_held(name: str, sweep: Sweep, names: Sequence[str], hidden: Sequence[str]) -> str:
    if name in names:
        return (
            f"--held-out {name!r} is not held out, it is in the table anyway; held out: {', '.join(hidden) or 'none'}"
        )
    return f"--held-out {name!r} is no held-out benchmark of {sweep.name!r}; {nearest(name, hidden)}"


def accepted_now(sweep: Sweep, folder: Path, accept: Sequence[str], withdraw: Sequence[str]) -> list[Evaluation]:
    """Return what is ranked although it was flagged: what was accepted before, and what is now."""
    withdrawn = accepted(sweep, withdraw, "--withdraw")
    kept = [*acceptance.read(folder), *accepted(sweep, accept)]
    return [evaluation for evaluation in kept if evaluation not in withdrawn]


def accepted(sweep: Sweep, asked: Sequence[str], option: str = "--accept") -> list[Evaluation]:
    """Return (cell id, benchmark) for every 'CELL:BENCHMARK'; raise `BadInput` for what is none."""
    return [_accepted(sweep, each, option) for each in asked]


def _accepted(sweep: Sweep, asked: str, option: str) -> Evaluation:
    cell, colon, benchmark = asked.rpartition(":")
    if not colon or not cell:
        raise BadInput(f"{option} {asked!r} is not CELL:BENCHMARK, e.g. {option} 1a2b3c4d:math500")
    if benchmark not in _names(sweep):
        raise BadInput(
            f"{option} {asked!r}: {benchmark!r} is no benchmark of {sweep.name!r}; {nearest(benchmark, _names(sweep))}"
        )
    return pick(sweep, cell, option, recipe=False).id, benchmark
