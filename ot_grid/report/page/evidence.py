"""What lies behind the numbers of a report, as far as it fits in a page: answers, outputs, traces, what was dropped.

One idea: the cheapest evidence is whole (every recipe's share on every question), texts are taken in the order in which
a reader wants them, the reference and the best first, until the page is full; what is left out is said. Held-out
benchmarks that were not named must not come in. It must not change a number or the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ot_grid.planning.frozen import FrozenRun
from ot_grid.report import scorings
from ot_grid.report.page import answers, outputs, shelves, steps
from ot_grid.report.page.outputs import Length, Room
from ot_grid.report.page.pack import packed, packed_json
from ot_grid.report.page.shelves import Shelves
from ot_grid.report.results import DATASET, EVAL, Result
from ot_grid.store import Store

if TYPE_CHECKING:
    from ot_grid.report.build import Report

BENCHMARK = "benchmark"
WHOLE = Length(4, 2_000_000)  # outputs of a question by a row, where all its outputs fit
BRIEF = Length(2, 8_000)  # where they do not


@dataclass(frozen=True)
class PageLimits:
    """How much may go into a page."""

    size: int = 18_000_000  # characters of packed evidence
    question: int = 20_000  # characters of a question's text
    answer: int = 2_000  # characters of a known answer: tests of programs are megabytes
    trace: int = 12_000  # characters of one side of a row that was trained on
    whole: Length = WHOLE
    brief: Length = BRIEF
    rows: int = 12  # that share the room for outputs when it is scarce
    outputs: int = 150_000  # of all rows: more take long to gather
    traces: int = 4  # rows of one dataset
    datasets: int = 120
    steps: int = 200


@dataclass(frozen=True)
class Evidence:
    """Packed data by name, and an index of them for the page."""

    index: Mapping[str, Any]
    blobs: Mapping[str, str]


def collect(
    store: Store,
    results: Sequence[Result],
    report: Report,
    *,
    grade: str | None = None,
    limits: PageLimits | None = None,
) -> Evidence:
    """Read what lies behind a report off the disk.

    `results` are those of the report's cells, with the benchmarks that it shows; `grade` the later scoring it read.
    """
    with closing(_Collector(store, results, report, grade)) as collector:
        return collector.collect(limits or PageLimits())


class _Collector:
    def __init__(self, store: Store, results: Sequence[Result], report: Report, grade: str | None) -> None:
        self._place, self._grade = Shelves(store), grade
        hidden = set(report.view.hidden)
        self._results = [result for result in results if {each.name for each in result.benchmarks} - hidden]
        self._hidden = hidden
        self._cells = {result.cell.id: result.cell for result in results}
        self._rows = _members(report)
        first = [report.reference] if report.reference in self._rows else []
        self._order = list(dict.fromkeys([*first, *self._rows]))
        self._blobs: dict[str, str] = {}
        self._left: list[str] = []
        self._done = {(result.cell.id, each.name) for result in results for each in result.benchmarks if each.done}
        self._telling: dict[str, list[str]] = {}  # questions of each benchmark, those that tell rows apart first
        self._brief: set[str] = set()  # evaluations that are shown in part
        self._read_outputs = 0

    def close(self) -> None:
        """Close the reply store."""
        self._place.replies.close()

    def collect(self, limits: PageLimits) -> Evidence:
        benchmarks = [self._benchmark(limits, *found) for found in self._answers()]
        index = {
            "rows": list(self._rows),
            "benchmarks": benchmarks,
            "steps": self._steps(limits),
            "datasets": self._datasets(limits),
            "outputs": self._outputs(limits),
            "left_out": self._left,
        }
        return Evidence(index, self._blobs)

    def _answers(self) -> Iterator[tuple[str, list[str], answers.Bytes]]:
        found = answers.by_benchmark(self._results, self._rows)
        return (each for each in found if each[0] not in self._hidden)

    def _benchmark(self, limits: PageLimits, name: str, questions: list[str], means: answers.Bytes) -> dict[str, Any]:
        texts = self._questions(name, questions, limits)
        first, second = ([list(self._rows).index(row) for row in self._order[:2]] * 2)[:2]
        self._telling[name] = [questions[at] for at in outputs.telling(means, first, second)]
        return {
            "name": name,
            "count": len(questions),
            "means": self._put(packed(means.tobytes())),
            "texts": self._put(packed_json(texts)),
        }

    def _questions(self, name: str, questions: list[str], limits: PageLimits) -> dict[str, list[Any]]:
        folders = {
            folder
            for run in self._runs(EVAL, name)
            if (artifact := self._place.folder(EVAL, run.key))
            for folder in self._place.inputs(artifact, (BENCHMARK,))
        }
        known = {row: each for folder in sorted(folders) for row, each in shelves.questions(folder, questions).items()}
        found = [known.get(row) for row in questions]
        return {
            "ids": questions,
            "texts": [_cut(each.text, limits.question) if each else None for each in found],
            "answers": [_cut(each.answer or "", limits.answer) if each else None for each in found],
        }

    def _runs(self, stage: str, label: str | None = None) -> list[FrozenRun]:
        ids = [cell for row in self._order for cell in self._rows[row] if cell in self._cells]
        runs = (run for cell in ids for run in self._cells[cell].runs)
        return list(dict.fromkeys(run for run in runs if run.stage == stage and label in (None, run.label)))

    def _steps(self, limits: PageLimits) -> str:
        cells = [self._cells[cell] for row in self._order for cell in self._rows[row] if cell in self._cells]
        shown, of = steps.of_cells(self._place, cells, limits.steps)
        seen = [step for step in shown if not (step["stage"] == BENCHMARK and step["label"] in self._hidden)]
        if of > len(shown):
            self._left.append(f"Steps: {len(shown):,} of {of:,} are shown; the others are in the store.")
        return self._put(packed_json(seen))

    def _datasets(self, limits: PageLimits) -> dict[str, list[str]]:
        """Return the names of the packed datasets of each row."""
        datasets: dict[str, list[str]] = {}
        known: dict[str, str] = {}
        for row in self._order:
            runs = [run for cell in self._rows[row][:1] if cell in self._cells for run in self._cells[cell].runs]
            for run in (run for run in runs if run.stage == DATASET):
                if run.key not in known and len(known) < limits.datasets:
                    known[run.key] = self._dataset(run, limits)
                datasets.setdefault(row, []).extend(filter(None, [known.get(run.key)]))
        return datasets

    def _dataset(self, run: FrozenRun, limits: PageLimits) -> str:
        folder = self._place.folder(DATASET, run.key)
        rows = shelves.first(folder / "data" / "dataset.parquet", limits.traces) if folder else []
        told = []
        for row in rows:
            plain = {name: row[name] for name in ("question", "sample", "source", "domain")}
            said = {side: _said(row[side], limits.trace) for side in ("prompt", "completion")}
            told.append({**plain, **said})
        return self._put(packed_json({"label": run.label, "rows": told})) if told else ""

    def _outputs(self, limits: PageLimits) -> dict[str, dict[str, str]]:
        """Return the names of the packed outputs by benchmark and row: the reference and the best first."""
        outputs: dict[str, dict[str, str]] = {}
        evaluated = {row: runs for row in self._order if (runs := self._evaluated(row))}
        used = sum(map(len, self._blobs.values()))
        for number, (row, runs) in enumerate(evaluated.items()):
            room = (limits.size - used) / max(1, min(limits.rows, len(evaluated)) - number)
            late = number >= limits.rows and (self._brief or self._read_outputs > limits.outputs)
            scarce = late or room < limits.size / (4 * limits.rows)
            packs = {} if scarce else self._replies(runs, room, limits)
            used += sum(map(len, packs.values()))
            if used > limits.size or not packs:
                self._say_outputs(len(evaluated) - number)
                return outputs
            for name, pack in packs.items():
                outputs.setdefault(name, {})[row] = self._put(pack)
        self._say_outputs(0)
        return outputs

    def _say_outputs(self, full: int) -> None:
        if full:
            self._left.append(
                f"Outputs: those of {full:,} of {len(self._order):,} rows are left out, so that the page stays small."
            )
        if self._brief:
            self._left.append(
                f"Outputs of {len(self._brief):,} evaluations are shown in part: the questions on which rows differ "
                "most, fewer repeats, and long outputs without their middle."
            )

    def _evaluated(self, row: str) -> list[FrozenRun]:
        """Return the evaluations of a row that may be shown: those of its first cell."""
        cell = next((cell for cell in self._rows[row] if cell in self._cells), None)
        return [
            run
            for run in (self._cells[cell].runs if cell else ())
            if run.stage == EVAL and (cell, run.label) in self._done and run.label not in self._hidden
        ]

    def _replies(self, runs: Sequence[FrozenRun], room: float, limits: PageLimits) -> dict[str, str]:
        """Return packed outputs by benchmark."""
        own = Room(room / len(runs), limits.whole, limits.brief)
        read = {run.label: self._read(run, own) for run in runs}
        return {name: packed_json(found) for name, found in read.items() if found}

    def _read(self, run: FrozenRun, room: Room) -> dict[str, list[Any]]:
        folder = self._place.folder(EVAL, run.key)
        if folder is None:
            return {}
        path, _ = scorings.matrix(folder, self._grade)
        found, whole = outputs.read(self._place, path, self._telling[run.label], room)
        if not whole:
            self._brief.add(run.key)
        self._read_outputs += sum(map(len, found.values()))
        return found

    def _put(self, pack: str) -> str:
        """Keep a pack, and return its name in the page."""
        name = f"e{len(self._blobs)}"
        self._blobs[name] = pack
        return name


def _members(report: Report) -> dict[str, list[str]]:
    """Return the cells of each row of the table, in its order."""
    table = report.table
    members = table["members"] if "members" in table else table["cell"]
    return {str(cell): str(all_).split() for cell, all_ in zip(table["cell"], members, strict=True)}


def _said(messages: Sequence[Mapping[str, str]], most: int) -> str:
    return outputs.without_middle("\n\n".join(message["content"] for message in messages), most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… (cut: {len(text):,} characters)"
