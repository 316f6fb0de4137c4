"""The ranked table as LaTeX: its structure is read back by a small parser, and compiled where a LaTeX is there."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from ot_grid.errors import BadInput
from ot_grid.report.build import build
from ot_grid.report.latex import escaped, latex
from tests.report import full

HOSTILE = r"a_b & 50% of $x$ #1 {y} ~z ^w \input{/etc/passwd} <tag> | `q' -- ?`" + "\n\x1b[0m \\\\[4pt]"


def rows(text: str) -> list[list[str]]:
    """Return the cells of the table's rows; fail where environments, braces or columns do not match."""
    bare = "\n".join(re.sub(r"(?<!\\)%.*", "", line) for line in text.splitlines())
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", bare.replace(r"\\", "")):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", bare):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    columns = re.search(r"\\begin\{tabular\}\{@\{\}([rl]+)@\{\}\}", bare)
    assert columns
    body = bare[bare.index(r"\toprule") : bare.index(r"\bottomrule")].replace(r"\midrule", "").replace(r"\toprule", "")
    found = [[cell.strip() for cell in re.split(r"(?<!\\)&", row)] for row in body.split(r"\\") if row.strip()]
    if "No recipe is ranked" not in bare:
        assert {len(row) for row in found} == {len(columns[1])}
    return found


def caption(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(r"\caption"))


def test_ranked_rows_with_intervals_differences_and_groups():
    """One row a recipe, best first; bold where it shares a letter with the first; the caption says the rule."""
    text = latex(full.report(12))
    head, *body = rows(text)
    assert head[:3] == ["Rank", "filter", "teacher"]
    assert head[3:] == [r"Mean [95\,\%]", "Difference", "Group", "math", "code", "science"]
    assert [row[5] for row in body] == ["a"] * 3 + ["b"] * 3 + ["c"] * 6
    assert [row[3].startswith(r"\textbf{") for row in body] == [True] * 3 + [False] * 9
    assert body[1][4] == "reference"
    assert body[0][0] == "1 [1--3]"
    assert body[3][1] == r"none\_\%"
    told = caption(text)
    for said in ("8 benchmarks", "2,100 questions", "3 to 10 repeats", "1 training seed a recipe",
                 "Intervals cover questions and decoding; training noise is NOT covered (one training seed a cell).",
                 "Bold: recipes that cannot be told from the best", "Holm, 11 comparisons", "No winner"):  # fmt: skip
        assert said in told


def test_score_columns_are_chosen():
    """Benchmarks, domains, none, some by name; auto takes what fits; an unknown name is bad input."""
    report = full.report(4)
    extra = {wanted: rows(latex(report, scores=wanted))[0][5:] for wanted in ("auto", "benchmarks", "domains", "none")}
    assert extra["auto"] == extra["domains"] == ["math", "code", "science"]
    assert extra["benchmarks"] == list(full.BENCHMARKS)
    assert extra["none"] == []
    assert rows(latex(report, scores=["gpqa", "lcb"]))[0][5:] == ["gpqa", "lcb"]
    assert r"\begin{table}[t]" in latex(report, scores="none")
    assert r"\begin{table*}[t]" in latex(report)
    with pytest.raises(BadInput, match="scores 'gpga' is no benchmark of the table; did you mean 'gpqa'"):
        latex(report, scores=["gpga"])


def test_of_many_rows_the_first_and_the_reference_are_shown():
    """The caption says how many there are."""
    report = full.report(200)
    text = latex(report, most=1)
    assert len(rows(text)) == 1 + 2
    assert "The first 1 of 200 ranked recipes and the reference." in caption(text)
    assert "The first 30 of 200 ranked recipes." in caption(latex(report))


def test_names_cannot_leave_the_table():
    """Every special character is set as it stands, and a line break ends no row and no comment."""
    report = full.report(2, coordinates=[{"filter": HOSTILE}, {"filter": "b"}], banner=(HOSTILE,))
    text = latex(report)
    found = rows(text)
    assert len(found) == 3
    assert r"\input" not in "".join(line for line in text.splitlines() if not line.startswith("%"))
    assert r"a\_b \& 50\% of \$x\$ \#1 \{y\} \textasciitilde{}z \textasciicircum{}w" in found[1][1]
    assert "\x1b" not in text
    assert escaped("--") == "-{}-{}"
    assert caption(text).startswith(r"\caption{\textbf{REHEARSAL: a\_b")


def test_todays_table_without_the_new_columns(make):
    """Means with standard errors, differences with half-widths, nothing in bold, and what is lacking is said."""
    made = make(banner=["a small model stands in"])
    made.complete()
    (made.folder("eval", "gcd", "length", "r1") / "record.json").unlink()
    text = latex(build(made.store, None))
    head, *body = rows(text)
    assert head[:3] == ["Rank", "filter", "teacher"]
    assert len(body) == 3
    told = caption(text)
    assert "REHEARSAL: a small model stands in" in told
    assert "Not ranked, and left out: 1 recipe with evaluations missing or flagged." in told


def test_nothing_ranked(made):
    """A table that says so."""
    made.sweep()
    assert "No recipe is ranked." in latex(build(made.store, None))


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex on this machine")
def test_it_compiles(tmp_path):
    """In a document with the packages that it names."""
    report = full.report(2, coordinates=[{"filter": HOSTILE}, {"filter": "b"}], banner=(HOSTILE,))
    page = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs,textcomp}\begin{document}"
    (tmp_path / "t.tex").write_text(page + latex(report) + r"\end{document}")
    subprocess.run(["pdflatex", "-halt-on-error", "t.tex"], cwd=tmp_path, check=True, capture_output=True)
