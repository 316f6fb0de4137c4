"""A recipe that loses with more rows what others do not is looked at before it is ranked."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from ot_grid.planning.frozen import FrozenCell, FrozenRun
from ot_grid.report import gates, scaling
from ot_grid.report.matrices import DONE, BenchmarkResult
from ot_grid.report.published import read
from ot_grid.report.results import Result

# Benchmarks of the method, with how many questions are asked, and how often.
ASKED = {"AIME24": (30, 10), "AMC23": (40, 10), "MATH500": (500, 1), "JEEBench": (515, 3), "GPQAD": (198, 3),
         "LCB": (511, 6), "CodeElo": (391, 3), "CodeForces": (453, 3)}  # fmt: skip


def cell(recipe: str, rows: str, percent: float, *, questions: int = 2000, **more: str) -> Result:
    """A cell whose first questions are right, as many as that is."""
    coordinates = {"filter": recipe, "scale": rows, **more}
    right = np.arange(questions) < round(percent / 100 * questions)
    done = BenchmarkResult(
        "one", DONE, matrix=right[:, None].astype(float), questions=tuple(f"q{n}" for n in range(questions))
    )
    name = "-".join(coordinates.values())
    return Result(FrozenCell(name, name, coordinates, (FrozenRun("eval", "one", "", "k"),)), (done,), None, 0, 0.0)


def told(*results: Result) -> list[str]:
    """The cells that are flagged."""
    return [flag.cell for flag in scaling.flags(results)]


GAINS = (cell("length", "ot_1k", 30), cell("length", "ot_10k", 34))


def test_a_fall_where_another_gains_is_flagged():
    """At the scale it falls to, with what the other does in words."""
    (flag,) = scaling.flags([*GAINS, cell("long", "ot_1k", 31), cell("long", "ot_10k", 24)])
    assert (flag.cell, flag.benchmark, flag.gate) == ("long-ot_10k", "one", "scale")
    assert flag.reason == (
        "the mean falls 7.0 points from 1,000 rows to 10,000, where another recipe gains 4.0; here most, from 31.0 to "
        "24.0"
    )


@pytest.mark.parametrize(
    "others",
    [
        (cell("long", "ot_1k", 31), cell("long", "ot_10k", 27)),  # a small dip
        (cell("long", "ot_1k", 31), cell("long", "ot_10k", 40)),  # a gain
        (cell("long", "ot_1k", 31),),  # one scale alone
        (cell("long", "rehearsal", 31), cell("long", "ot_10k", 20)),  # a scale without a size
        (cell("long", "ot_1k", 31, questions=30), cell("long", "ot_10k", 24, questions=30)),  # few questions
    ],
)
def test_what_more_rows_may_do_is_not_flagged(others: Sequence[Result]):
    """Small dips, gains, what has no next scale, what the questions cannot tell."""
    assert told(*GAINS, *others) == []


def test_a_fall_that_all_have_is_no_fault_of_one():
    """Another preset of training may cost everybody."""
    falls = [cell(name, size, percent) for name in "abc" for size, percent in (("ot_0.3k", 40), ("ot_1k", 33))]
    assert told(*falls) == []
    assert told(*falls, cell("d", "ot_0.3k", 40), cell("d", "ot_1k", 20)) == ["d-ot_1k"]


def test_alone_nothing_says_that_more_should_be_better():
    """One recipe at two scales."""
    assert told(cell("long", "ot_1k", 31), cell("long", "ot_10k", 20)) == []


def test_seeds_and_settings_are_recipes_of_their_own():
    """A fall is between cells that differ in the scale alone."""
    seeds = [
        cell("long", size, percent, **{"train.seed": seed})
        for seed in "12"
        for size, percent in (("ot_1k", 31), ("ot_10k", 24))
    ]
    gains = [cell("length", size, percent, **{"train.seed": "1"}) for size, percent in (("ot_1k", 30), ("ot_10k", 34))]
    assert told(*seeds, *gains) == ["long-ot_10k-1", "long-ot_10k-2"]
    assert told(*seeds) == []  # another seed is no other recipe


def test_of_published_scores_without_errors_nothing_is_said(tmp_path: Path):
    """Neither an error nor questions: a fall of any size may be noise."""
    lines = ["cell,filter,scale,benchmark,score", "a,x,1k,one,30", "b,x,10k,one,34", "c,y,1k,one,31", "d,y,10k,one,10"]
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(lines))
    assert told(*read(path).results) == []


@pytest.mark.parametrize(
    ("text", "rows"),
    [("ot_31k", 31_000), ("ot_0.3k", 300), ("0.3k", 300), ("ot_1.2m", 1.2e6), ("31600", 31_600), ("3,160", None),
     ("rehearsal", None), ("", None)],
)  # fmt: skip
def test_names_of_scales_are_read(text: str, rows: float | None):
    """What ends with a number of rows; a thousands separator is none."""
    if text == "3,160":
        rows = 160  # the number at its end
    assert scaling.sized(text) == rows


def published(rows: Sequence[Mapping[str, str]], path: Path) -> list[Result]:
    """Published rows, a cell each, by recipe and scale; the largest scale has no suffix."""
    lines = ["cell,recipe_of,scale,benchmark,score,questions,repeats"]
    for row in rows:
        size = re.search(r"_([\d.]+k)$", row["name"])
        base, scale = (row["name"][: size.start()], size.group(1)) if size else (row["name"], "31.6k")
        lines += [f"{row['name']},{base},{scale},{name},{row[name]},{n},{k}" for name, (n, k) in ASKED.items()]
    path.write_text("\n".join(lines))
    return list(read(path).results)


def test_of_the_published_rows_the_four_that_fall_are_flagged(shared_data: Path, tmp_path: Path):
    """And none of the dips of 1.2 to 4.1 points from 0.3k to 1k, where the preset of training changes."""
    with (shared_data / "openthoughts_eval_rows.csv").open() as file:
        results = published(list(csv.DictReader(file)), tmp_path / "scores.csv")
    falls = {flag.cell: flag for flag in gates.flags(results) if flag.gate == scaling.GATE}
    assert {name: re.findall(r"falls ([\d.]+) points", flag.reason)[0] for name, flag in falls.items()} == {
        "d1_code_fasttext_10k": "7.0", "d1_code_long_paragraphs": "9.6", "opencodereasoning_100k": "10.8",
        "e1_math_all_phi_1k": "7.6",
    }  # fmt: skip
