"""Figures for papers: which there are, what they say, and that the same report gives the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ot_grid.errors import BadInput
from ot_grid.report import figures
from ot_grid.report.build import build
from ot_grid.report.figures import style
from tests.report import full

pytestmark = pytest.mark.slow  # draws

SCRIPT = Path(__file__).parents[2] / "analysis" / "figures.py"


def said(figure) -> str:
    """Return all the words of a figure."""
    import matplotlib.text

    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def test_every_figure_in_every_form_and_again_the_same_bytes(tmp_path):
    """No date, version or random name is in a file."""
    report = full.scaling()
    first, absent = figures.write(report, tmp_path / "a")
    again, _ = figures.write(report, tmp_path / "b", formats=["svg", "pdf"])
    assert absent == {}
    assert {path.name for path in first} == {f"{name}.{form}" for name in figures.FIGURES for form in figures.FORMATS}
    assert [path.read_bytes() for path in again] == [(tmp_path / "a" / path.name).read_bytes() for path in again]
    with style.style():
        drawn = figures._bytes(figures.draw(report, "ranking"), "png")
    assert drawn == (tmp_path / "a" / "ranking.png").read_bytes()
    heads = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}
    assert all(path.read_bytes().startswith(heads[path.suffix[1:]]) for path in first)


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_a_rehearsal_says_so_in_every_figure(name):
    """The banner stands above the axes."""
    report = replace(full.scaling(), banner=("REHEARSAL: small stands in",))
    assert "REHEARSAL: small stands in" in said(figures.draw(report, name)).replace("\n", " ")


def test_of_200_rows_the_first_and_the_reference_are_shown():
    """And the figure says so."""
    report = full.report(200)
    table = report.table.copy()
    table["verdict"] = ["reference" if place == 100 else "resolved" for place in range(200)]
    report = replace(report, table=table)
    for name in ("ranking", "forest", "heat"):
        words = said(figures.draw(report, name, most=10))
        assert "the first 10 of 200 ranked rows and the reference" in words
        assert "r1" in words


def test_names_are_text_and_no_mathematics():
    """A dollar, a backslash and a long name are shown as they stand, the long one cut."""
    named = [{"filter": r"$\frac{1}{0}$"}, {"filter": "x" * 90}]
    words = said(figures.draw(full.report(coordinates=named), "ranking"))
    assert r"$\frac{1}{0}$" in words
    assert "x" * 37 + "…" in words


def test_of_long_names_every_choice_stays():
    """Rows that differ in their last choice are not cut to the same name."""
    assert style.cut(f"{'a' * 30} · {'b' * 30} · x4") == f"{'a' * 14}… · {'b' * 14}… · x4"
    assert len(style.cut(" · ".join("choice" for _ in range(20)))) == style.LONGEST


def test_words_below_an_axis_are_not_cut_off(tmp_path):
    """Also of a figure whose names leave little room for the axis."""
    named = [{"filter": name * 40} for name in "ab"]
    for name in ("ranking", "forest", "factors", "heat"):
        made = figures.draw(full.report(coordinates=named), name)
        made.savefig(tmp_path / "drawn.png")
        for text in (made._supxlabel, *made.axes[0].get_yticklabels()):
            box = text.get_window_extent()
            assert 0 <= box.x0 < box.x1 <= made.bbox.x1, (name, text.get_text())


def test_the_front_is_what_none_is_both_cheaper_and_better_than():
    """Cheapest first; an equal score at a higher price is not on it."""
    from ot_grid.report.figures.curves import front

    rows = [
        {"n": n, "tokens": cost, "mean": mean} for n, cost, mean in ((0, 5, 40), (1, 1, 30), (2, 2, 30), (3, 9, 39))
    ]
    assert [row["n"] for row in front(rows, "tokens")] == [1, 0]


def test_a_real_report_gives_what_it_can(made, tmp_path):
    """Of a made store: cost from tokens, no scaling; and why there is none."""
    made.complete(
        {("length", "qwq"): 0.9, ("length", "r1"): 0.5, ("difficulty", "qwq"): 0.6, ("difficulty", "r1"): 0.2}
    )
    written, absent = figures.write(build(made.store, None), tmp_path, formats=["svg"])
    assert [path.stem for path in written] == ["ranking", "forest", "factors", "cost", "heat"]
    assert absent == {"scaling": "no recipe was run at several scales"}


def test_what_cannot_be_drawn_is_bad_input(made, tmp_path):
    """Unknown figures and formats, no rows, nothing ranked: all at once, and before anything is written."""
    report = full.report(4)
    with pytest.raises(BadInput, match="no figure 'forrest'; did you mean 'forest'"):
        figures.draw(report, "forrest")
    with pytest.raises(BadInput, match="format 'jpeg' is not known") as error:
        figures.write(report, tmp_path / "out", formats=["jpeg"], most=0)
    assert len(error.value.problems) == 2
    made.sweep()
    with pytest.raises(BadInput, match="has no ranked cell to draw"):
        figures.write(build(made.store, None), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_matplotlib_it_says_what_to_install(monkeypatch, tmp_path):
    """The extra is named."""
    monkeypatch.setattr(figures.style, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install 'ot_grid\[plots\]'"):
        figures.write(full.report(4), tmp_path)


def test_the_script_draws_from_a_store(made, tmp_path):
    """Its files are named on stdout, what is not there on stderr; held-out benchmarks are in none."""
    made.complete()
    path = made.store.sweep(made.name) / "sweep.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "held_out": ["gcd"]}))
    words = [sys.executable, str(SCRIPT), "--store", str(made.store.root), "--to", str(tmp_path / "out")]
    ran = subprocess.run([*words, "--format", "svg"], capture_output=True, text=True, check=True)
    assert str(tmp_path / "out" / "ranking.svg") in ran.stdout.splitlines()
    assert "no heat: fewer than two benchmarks" in ran.stderr
    assert not (made.store.sweep(made.name) / "looks.jsonl").exists()
    bad = subprocess.run([*words, "--sweep", "nope"], capture_output=True, text=True)
    assert (bad.returncode, "no sweep 'nope'" in bad.stderr) == (2, True)


def test_importing_reports_does_not_load_matplotlib():
    """Drawing is imported to draw."""
    ask = "import sys, ot_grid.report, ot_grid.report.figures; print('matplotlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
