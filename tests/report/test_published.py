"""Published scores: read as they are said, told apart from one's own, and refused with every problem at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ot_grid.cli import main
from ot_grid.errors import BadInput
from ot_grid.report import published
from ot_grid.report.build import build
from ot_grid.store import Store
from tests.report.conftest import asked

HEAD = "cell,benchmark,score,se,questions,repeats,domain,teacher\n"
TWO = (
    HEAD
    + "a,sums,60,1,100,4,math,qwq\na,gcd,40,1,100,4,math,qwq\nb,sums,50,1,100,4,math,r1\nb,gcd,30,1,100,4,math,r1\n"
)


@pytest.fixture
def file(tmp_path: Path):
    def written(text: str, name: str = "scores.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return written


def problems(path: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        published.read(path)
    return str(caught.value).splitlines()


def test_published_scores_alone_are_ranked(file, tmp_path, capsys):
    """Errors as published, of the plain mean: sqrt(1 + 1) / 2; the command says so in every form."""
    report = asked(Store(tmp_path / "store"), "-", scores=file(TWO))
    table = report.table.set_index("cell")
    assert list(table.index) == ["a", "b"]
    assert set(table["source"]) == {"published"}
    assert table.loc["a", "mean"] == pytest.approx(50)
    assert table.loc["a", "se_decoding"] == pytest.approx(2**0.5 / 2)
    assert (table.loc["b", "difference"], table.loc["b", "verdict"]) == (pytest.approx(-10), "resolved")
    assert report.verdict.winner == "a"
    for form in ("text", "markdown", "csv", "json", "latex", "html"):
        assert main(["report", "-", "--scores", str(file(TWO)), "--format", form, "--to", str(tmp_path / "out")]) == 0
        assert "published" in capsys.readouterr().out.lower()


def test_published_scores_stand_beside_a_sweep(made, file):
    """The sweep's cells come from replies, the file's from its lines; ids must differ."""
    made.complete()
    report = asked(made.store, None, scores=file(TWO))
    assert list(report.table["source"]).count("published") == 2
    assert list(report.table["source"]).count("measured") == 4
    assert set(build(made.store, None).table["source"]) == {"measured"}
    twice = file(TWO.replace("\na,", f"\n{made.id('length', 'qwq')},"), "twice.csv")
    with pytest.raises(BadInput, match=r"are cells of sweep 'first-light'; give them other names"):
        asked(made.store, None, scores=twice)


def test_cells_of_one_recipe_are_its_training_seeds(file, tmp_path):
    path = file("cell,benchmark,score,se,recipe\na,sums,60,1,one\nb,sums,64,1,one\nc,sums,50,1,two\n")
    report = asked(Store(tmp_path / "store"), "-", scores=path)
    first = report.table.iloc[0]
    assert (first["members"], first["seeds"], first["mean"]) == ("a b", 2, pytest.approx(62))
    assert report.verdict.floor is not None
    assert report.verdict.floor_from == "2 training seeds of a"


@pytest.mark.parametrize("text", ["\ufeff" + TWO, TWO.replace("\n", "\r\n"), "# from a paper\n" + TWO, TWO + "\n\n"])
def test_marks_and_line_ends_of_other_systems_are_read(file, text):
    assert [result.cell.id for result in published.read(file(text)).results] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c,sums,101,1,100,4,math,qwq", "score='101' is no number from 0 to 100"),
        ("c,sums,-1,1,100,4,math,qwq", "score='-1' is no number from 0 to 100"),
        ("c,sums,nan,1,100,4,math,qwq", "score='nan' is no number from 0 to 100"),
        ("c,sums,60±1,1,100,4,math,qwq", "score='60±1' is no number from 0 to 100"),
        ("c,sums,,1,100,4,math,qwq", "has no score"),
        ("c,sums,60,-1,100,4,math,qwq", "se='-1' is no number from 0 to 100"),
        ("c,sums,60,1,2.5,4,math,qwq", "questions='2.5' is no whole number from 1"),
        ("c,sums,60,1,100,0,math,qwq", "repeats='0' is no whole number from 1"),
        (",sums,60,1,100,4,math,qwq", "names no cell"),
        ("c,,60,1,100,4,math,qwq", "names no benchmark"),
        ("c,sums,60,1,100,4,math", "has more or fewer fields than the first line"),
        ("c,sums,60,1,100,4,math,qwq,more", "has more or fewer fields than the first line"),
        ("a,sums,60,1,100,4,math,qwq", "says 'a' 'sums' again, after line 2"),
        ("a,lcm,60,1,100,4,math,r1", "says teacher='r1' of 'a', line 2 says 'qwq'"),
        ("c,sums,60,1,100,4,code,qwq", "says domain='code' of 'sums', line 2 says 'math'"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(file, line, said):
    (problem,) = problems(file(TWO + line + "\n"))
    assert "scores.csv: line 6" in problem
    assert said in problem


def test_all_problems_are_told_at_once_with_their_lines(file):
    """Comments and empty lines count as lines, as they do in an editor."""
    told = problems(file("# a paper\n" + TWO + "\nc,sums,101,-1,1,1,math,qwq\n# more\na,sums,60,1,1,1,math,qwq\n"))
    assert re.findall(r"scores.csv: line (\d+)", "\n".join(told)) == ["8", "8", "10"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the column 'cell', 'benchmark', 'score'"),
        (HEAD, "holds no line"),
        ("name,AIME24,AMC23\na,20,30\n", "it takes one line a cell and benchmark"),
        ("cell,benchmark,score,score\na,b,1,2\n", "has columns of no name or of the same: 'score'"),
        ("cell,benchmark,score,\na,b,1,\n", "has columns of no name or of the same: ''"),
    ],
)
def test_a_file_of_another_shape_is_refused(file, text, said):
    (problem,) = problems(file(text))
    assert said in problem


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "scores.csv").write_bytes(b"PK\x03\x04\xff\xfe")
    (problem,) = problems(tmp_path / "scores.csv")
    assert "is not a CSV in UTF-8" in problem
    (problem,) = problems(tmp_path / "none.csv")
    assert "is not there" in problem


def test_a_benchmark_that_some_cells_lack_is_left_out_and_told(file, tmp_path):
    lines = TWO.splitlines(keepends=True)
    report = asked(Store(tmp_path / "store"), "-", scores=file("".join(lines[:-1])))
    assert set(report.table["mean"].round(6)) == {50.0, 60.0}
    assert any("gcd left out of means and ranks" in note for note in report.notes)


DEDUP = Path(__file__).parents[2] / "analysis" / "published" / "dedup.csv"


def test_the_published_dedup_table_is_not_resolved(tmp_path):
    """36.2 and 34.2: printed errors alone resolve the worst of nine cells; with two trainings 1.1 apart, nothing."""
    wishes = {"scores": DEDUP, "reference": "exact-x16", "weights": {"code": 3.0, "math": 3.0, "science": 2.0}}
    store = Store(tmp_path / "store")
    printed, trained = asked(store, "-", **wishes), asked(store, "-", **wishes, training_noise=0.8)
    assert list(printed.table["mean"].round(1)) == [36.2, 36.1, 35.8, 35.8, 35.8, 35.5, 35.0, 34.9, 34.2]
    for report, resolved in ((printed, ["fuzzy-x1"]), (trained, [])):
        table = report.table.set_index("cell")
        assert table.loc["fuzzy-x1", "difference"] == pytest.approx(-2.0, abs=0.06)
        assert list(table.index[table["verdict"] == "resolved"]) == resolved
        assert report.verdict.winner is None
