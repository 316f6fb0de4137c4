"""The same numbers as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import pandas as pd
import pytest

from ot_grid.report.build import build, write

BANNER = ["SmolLM2-135M-Instruct stands in for Qwen/QwQ-32B"]
TOLD = "REHEARSAL: SmolLM2-135M-Instruct stands in for Qwen/QwQ-32B"


@pytest.fixture
def rehearsal(make):
    made = make(banner=BANNER)
    made.complete()
    (made.folder("eval", "gcd", "length", "r1") / "record.json").unlink()
    return build(made.store, None)


def test_every_form_starts_with_the_banner_and_ends_with_the_notes(rehearsal):
    """No number of a rehearsal can be read without being told."""
    for form, before in ((rehearsal.to_text(), ""), (rehearsal.to_markdown(), "> **")):
        assert form.startswith(before + TOLD)
        assert form.index("Sweep") < form.index("rank")
        assert form.rstrip().endswith("replies bought earlier cost nothing.")
    parsed = json.loads(rehearsal.to_json())
    assert (next(iter(parsed)), list(parsed)[-1]) == ("banner", "notes")
    assert parsed["banner"] == [TOLD]
    assert all(row["banner"] == TOLD for row in csv.DictReader(io.StringIO(rehearsal.to_csv())))


def test_without_a_rehearsal_there_is_no_banner(made):
    """A real run starts with the sweep's name."""
    made.complete()
    report = build(made.store, None)
    assert report.to_text().startswith("Sweep: first-light, 4 of 4 cells complete\n")
    assert "ehearsal" not in report.to_text() + report.to_markdown() + report.to_csv() + report.to_json()


def test_text_is_a_table_that_a_tired_person_can_read(rehearsal):
    """Aligned columns, '=' for the reference, '-' for what is not known, plain characters, no colour."""
    lines = rehearsal.to_text().splitlines()
    words = [" ".join(line.split()) for line in lines]
    assert "rank cell of ranks tie filter teacher mean se difference p verdict" in words
    assert any(line.endswith("length qwq 0.0 ? = - reference") for line in words)
    assert any(line.startswith("- ") and line.endswith("length r1 - - - - partial") for line in words)
    assert any(line.startswith("- ") and line.endswith("- 20.0") for line in words)
    assert len({line.index("mean") for line in lines if line.startswith("rank") and "mean" in line}) == 1
    assert "NOT RANKED" in lines
    assert "\x1b" not in rehearsal.to_text()


@pytest.mark.parametrize("count", [2, 9, 25])
def test_text_keeps_to_a_hundred_columns(make, count):
    """Columns that do not fit go to further tables, each with rank and cell; long words are cut."""
    made = make(
        factors={"filter": ["x" * 70, "y"], "train.learning_rate": ["1e-5"]},
        benchmarks=[f"benchmark-{n}" for n in range(count)],
    )
    made.complete()
    text = build(made.store, None).to_text()
    assert max(map(len, text.splitlines())) <= 100
    assert all(f"benchmark-{number}" in text for number in range(count))
    headers = [line for line in text.splitlines() if line.startswith("rank  cell")]
    assert "mean" in headers[0]
    assert not any("benchmark" in line and ("mean" in line or "verdict" in line) for line in headers)


def test_tied_ranks_are_marked(made):
    """Two cells on rank 1 read '1='."""
    made.complete(dict.fromkeys(made.points, 0.5))
    assert made.id("length", "qwq") in build(made.store, None).to_text().split("1=")[1]


def test_markdown_survives_bars_and_underscores(make):
    """A choice cannot break out of its table cell."""
    made = make(factors={"filter": ["a|b_c", "d\\|e"]})
    made.complete()
    lines = build(made.store, None).to_markdown().splitlines()
    assert any("a\\|b\\_c" in line for line in lines)
    assert any("d\\\\\\|e" in line for line in lines)


def test_csv_is_read_back_by_pandas(make):
    """As it is: the banner is a column, words may hold '#', commas and quotes, numbers are the frame's, unquoted."""
    made = make(factors={"filter": ['a#b, "c"', "d"]}, banner=BANNER)
    made.complete()
    report = build(made.store, None)
    back = pd.read_csv(io.StringIO(report.to_csv()))
    assert list(back.columns) == [*report.table.columns, "banner"]
    assert set(back["filter"]) == {'a#b, "c"', "d"}
    assert back["mean"].tolist() == pytest.approx(report.table["mean"].tolist())
    assert re.search(r",[0-9.]+,[0-9.]+,", report.to_csv())


def test_json_is_strict_and_complete(rehearsal):
    """No NaN: what is not known is null; cells, factors, benchmarks and notes are there."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    parsed = json.loads(rehearsal.to_json(), parse_constant=refuse)
    assert (parsed["sweep"], parsed["complete"], len(parsed["cells"])) == ("first-light", False, 4)
    assert parsed["cells"][-1]["rank"] is None
    assert parsed["cells"][-1]["mean"] is None
    assert parsed["cells"][0]["rank"] == 1
    assert len(parsed["benchmarks"]) == 8
    assert len(parsed["factors"]) == 4


def test_write_leaves_a_file_for_each_form_and_nothing_else(rehearsal, tmp_path):
    """Each form in its file, also over an older report."""
    paths = write(rehearsal, tmp_path / "out")
    write(rehearsal, tmp_path / "out")
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths)
    assert {path.name for path in paths} == {f"report.{form}" for form in ("txt", "md", "csv", "json", "tex", "html")}
    assert (tmp_path / "out" / "report.md").read_text() == rehearsal.to_markdown()


def test_a_report_changes_nothing_in_the_store(make):
    """Building and rendering only reads."""
    made = make()
    made.complete()
    before = {path: path.stat().st_mtime_ns for path in made.store.root.rglob("*")}
    build(made.store, None).to_text()
    assert {path: path.stat().st_mtime_ns for path in made.store.root.rglob("*")} == before


def test_a_report_needs_no_training_or_config_library():
    """Importing it loads neither torch nor hydra nor transformers."""
    heavy = {"torch", "hydra", "omegaconf", "transformers"}
    check = f"import sys, ot_grid.report; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_notebook_shows_the_tables_and_no_markup_of_strangers(made):
    """All sections, each name escaped."""
    made.banner = ("<b>tiny</b> stands in for x (train)",)
    made.complete()
    report = build(made.store, None)
    shown = report._repr_html_()
    assert shown.count("<h4>") == shown.count("<table>") == report.to_markdown().count("\n## ") - 1  # all but the notes
    assert "&lt;b&gt;tiny&lt;/b&gt; stands in" in shown
    assert "<b>" not in shown
    assert "RANKED CELLS" in shown
