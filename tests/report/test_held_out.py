"""Held-out benchmarks rank nothing and are shown only by name; every look is noted."""

from __future__ import annotations

import json
import re
import shlex
import sys

import pytest

from ot_grid import api, cli
from ot_grid.errors import BadInput
from ot_grid.planning import freezing
from ot_grid.report import held_out as looks
from ot_grid.report.build import Asked, build
from ot_grid.report.held_out import Look
from tests.report.conftest import Made, answers, asked

FIRST, SECOND, THIRD, FOURTH = [(one, other) for one in ("length", "difficulty") for other in ("qwq", "r1")]
SECRET = 0.77  # a share that nothing else has
SEEN = re.compile(r"(?<![\d.])77(\.0+)?(?![\d.])")


def secret(make, **settings) -> Made:
    """A finished sweep whose third benchmark is held out; it is right in 77 of 100 replies of every cell."""
    made = make(benchmarks=("sums", "gcd", "aime25"), held_out=["aime25"], **settings)
    made.complete({FIRST: 0.2, SECOND: 0.5, THIRD: 0.9, FOURTH: 0.4})
    for point in made.points:
        made.answered("aime25", answers(SECRET, 100, 1), *point)
    return made


def forms(report) -> list[str]:
    return [report.to_text(), report.to_markdown(), report.to_csv(), report.to_json()]


def test_a_held_out_benchmark_takes_part_in_nothing(make):
    """Mean, differences, factors and coverage are those of the sweep without it, and no form has its score."""
    made = secret(make)
    report = build(made.store, None)
    assert list(report.table["mean"]) == pytest.approx([90, 50, 40, 20])
    assert list(report.table["questions"]) == [20] * 4
    assert "score:aime25" not in report.table
    assert set(report.benchmarks["benchmark"]) == {"sums", "gcd"}
    assert report.complete
    for form in forms(report):
        assert not SEEN.search(form)
        if form != report.to_csv():
            assert "Held out, not shown: aime25; ask for them by name: report --held-out aime25 (not looked at" in form


def test_an_old_sweep_file_holds_nothing_out(make):
    """Without the word all benchmarks rank."""
    made = make()
    made.complete()
    report = build(made.store, None)
    assert report.view.held_out == ()
    assert "eld out" not in report.to_text()


def test_a_sweep_is_frozen_with_what_its_recipes_hold_out():
    """The union over its cells; a recipe of before there was the word holds nothing out."""
    wanted = api.plan(["filter=length", "eval=openthoughts_math_heldout,rehearsal"])
    assert freezing.describe(wanted)["held_out"] == ["aime25", "hmmt"]
    assert freezing.describe(api.plan(["filter=length", "eval=rehearsal"]))["held_out"] == []
    for cell in wanted.cells:
        for benchmark in cell.recipe.settings["eval"].values():
            benchmark.pop("held_out")
    assert freezing.held_out(wanted) == []


def test_asked_for_by_name_it_stands_apart(make):
    """A section of its own with intervals, in the order of the sweep; the ranking is the same."""
    made = secret(make)
    report = asked(made.store, None, held_out=["aime25"])
    assert list(report.table["mean"]) == pytest.approx([90, 50, 40, 20])
    text = report.to_text()
    section = text[text.index("HELD OUT:") : text.index("NOTES")]
    assert section.count("77.0 [67.8, 84.2]") == 4
    lines = section.splitlines()[2:6]
    assert [line.split()[0] for line in lines] == [made.id(*point) for point in made.points]
    assert list(report.table["held_out:aime25"]) == pytest.approx([77] * 4)
    assert len(json.loads(report.to_json())["apart"]) == 4
    assert max(map(len, text.splitlines())) <= 100


def test_it_ranks_when_it_is_named_and_the_first_line_says_so(make):
    """--rank-by takes any benchmarks, and only those."""
    report = asked(secret(make).store, None, rank_by=["aime25"])
    assert list(report.table["mean"]) == pytest.approx([77] * 4)
    assert "score:sums" not in report.table
    for form in forms(report)[:2]:
        assert "HELD OUT: this ranking uses aime25" in form.splitlines()[0]
    assert all("HELD OUT: this ranking uses aime25" in row for row in report.to_csv().splitlines()[1:])
    assert json.loads(report.to_json())["banner"][0].startswith("HELD OUT: this ranking uses aime25")
    assert "Ranked by aime25 alone, as --rank-by or the sweep says; not by sums, gcd." in report.notes


def test_ranking_by_what_is_not_held_out_is_no_look(make):
    """The held-out benchmark stays unseen."""
    report = asked(secret(make).store, None, rank_by=["sums"])
    assert report.view.looked == ()
    assert report.banner == ()
    assert list(report.table["mean"]) == pytest.approx([90, 50, 40, 20])
    assert "Held out, not shown: aime25" in " ".join(report.notes)


def test_a_sweep_of_held_out_benchmarks_alone_has_no_ranking(make):
    """It is a report that says why and both ways out, not a crash at the end of a run."""
    made = make(benchmarks=("aime25", "hmmt"), held_out=["aime25", "hmmt"])
    made.complete(dict.fromkeys(made.points, SECRET))
    report = build(made.store, None)
    assert report.table["rank"].isna().all()
    said = " ".join(report.notes)
    assert "No ranking: all benchmarks are held out (aime25, hmmt)" in said
    assert "report --rank-by aime25" in said
    assert "eval.aime25.held_out=false" in said
    assert "all its benchmarks are held out, see the notes" in " ".join(report.to_text().split())
    assert max(map(len, report.to_text().splitlines())) <= 100
    assert asked(made.store, None, rank_by=["aime25", "hmmt"]).table["rank"].notna().all()


def test_unknown_names_are_answered_with_the_nearest(make):
    """All at once; a benchmark that is not held out needs no asking."""
    made = secret(make)
    with pytest.raises(BadInput, match=r"--rank-by 'gdc' is no benchmark of 'first-light'; did you mean 'gcd'"):
        asked(made.store, None, rank_by=["gdc"])
    with pytest.raises(BadInput, match=r"--held-out 'aime52' is no held-out benchmark .*did you mean 'aime25'"):
        asked(made.store, None, held_out=["aime52"])
    with pytest.raises(BadInput, match=r"'sums' is not held out, it is in the table anyway; held out: aime25"):
        asked(made.store, None, held_out=["sums"])
    with pytest.raises(BadInput, match="'sums' is not CELL:BENCHMARK"):
        asked(made.store, None, accept=["sums"])
    with pytest.raises(BadInput, match="'smus' is no benchmark of 'first-light'; did you mean 'sums'"):
        asked(made.store, None, accept=[f"{made.id(*FIRST)}:smus"])
    with pytest.raises(BadInput, match="--accept 'nowhere' is no cell of sweep"):
        asked(made.store, None, accept=["nowhere:sums"])


def test_a_held_out_benchmark_that_is_not_done_keeps_no_cell_from_its_rank(make):
    """The note says where it is lacking, and why."""
    made = secret(make)
    (made.folder("eval", "aime25", *SECOND) / "record.json").unlink()
    report = build(made.store, None)
    assert report.complete
    assert f"Held out and not done: aime25 in 1 of 4 cells; of {made.id(*SECOND)} it is missing" in " ".join(
        report.notes
    )
    assert "missing" in asked(made.store, None, held_out=["aime25"]).to_text()


def test_every_look_is_noted_and_told(make, monkeypatch):
    """Who, when, which benchmarks and the command; the next report says how often it was looked at."""
    made = secret(make)
    folder = made.store.sweep(made.name)
    monkeypatch.setattr(sys, "argv", ["ot_grid", "report", "--held-out", "aime25"])
    api.report(place=made.store.root)
    assert looks.read(folder) == []
    for _ in range(2):
        api.report(place=made.store.root, asked=Asked(held_out=["aime25"]))
    api.report(place=made.store.root, asked=Asked(rank_by=["aime25"]))
    seen = looks.read(folder)
    assert [list(look.benchmarks) for look in seen] == [["aime25"]] * 3
    assert "@" in seen[0].who
    assert seen[0].command == shlex.join(sys.argv)
    said = " ".join(asked(made.store, None, held_out=["aime25"]).notes)
    assert f"looked at 3 times before, first {seen[0].when} by {seen[0].who}, last {seen[2].when}" in said
    (folder / looks.FILE).open("a").write('{"who": ')
    assert len(looks.read(folder)) == 3


def test_a_look_is_told_by_its_benchmarks():
    """Looks at another benchmark do not count."""
    one = Look("ann@here", "2026-11-01", ["hmmt"], "x")
    assert looks.said([one], ["aime25"]) == "not looked at before"
    assert looks.said([one], ["aime25", "hmmt"]) == "looked at once before, 2026-11-01 by ann@here"


def test_a_look_that_cannot_be_noted_is_not_given(make):
    """The error says so, and how else."""
    made = secret(make)
    (made.store.sweep(made.name) / looks.FILE).mkdir()
    with pytest.raises(BadInput, match="a look at held-out scores is given only when it is noted"):
        api.report(place=made.store.root, asked=Asked(held_out=["aime25"]))


def test_the_command_line_shows_held_out_scores_and_leaves_the_files_without(make, capsys):
    """report.* beside the sweep hold what everyone may see."""
    made = secret(make)
    place = ["--store", str(made.store.root)]
    assert cli.main(["report", *place]) == 0
    before = {path: path.read_text() for path in made.store.sweep(made.name).glob("report.*")}
    assert len(before) == 6
    assert not SEEN.search(capsys.readouterr().out)
    assert cli.main(["report", *place, "--held-out", "aime25"]) == 0
    shown = capsys.readouterr()
    assert "77.0 [67.8, 84.2]" in shown.out
    assert "this look is noted" in shown.err
    assert {path: path.read_text() for path in made.store.sweep(made.name).glob("report.*")} == before
    assert cli.main(["report", *place, "--rank-by", "sums, gcd"]) == 0
    assert "Ranked by sums, gcd alone" in capsys.readouterr().out
    assert cli.main(["report", *place, "--held-out", "aime52"]) == 2
    assert "did you mean 'aime25'" in capsys.readouterr().err


def test_nothing_that_w_and_b_is_told_has_a_held_out_score(make):
    """It is told the numbers of the table; neither scores nor verdicts of a held-out benchmark are among them."""
    report = build(secret(make).store, None)
    assert not [name for name in report.table if "aime25" in str(name)]
    assert not set(report.table) & {"right", "partial", "wrong", "unverifiable", "error"}
    assert 77.0 not in report.table.select_dtypes("number").to_numpy(dtype=float, na_value=0)
