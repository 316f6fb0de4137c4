"""The demo says of published scores what a report would, and what the paper's choices come to."""

from __future__ import annotations

import csv
import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ot_grid.__main__ import main
from ot_grid.report import demo
from ot_grid.report.build import Report
from ot_grid.store import Store

NAMES = {"AIME24": "aime24", "AMC23": "amc23", "MATH500": "math500", "JEEBench": "jeebench", "GPQAD": "gpqa_diamond",
         "LCB": "livecodebench", "CodeElo": "codeelo", "CodeForces": "codeforces"}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return demo.report(Store(tmp_path_factory.mktemp("demo")))


def test_its_scores_are_the_published_ones(made: Report, shared_data: Path):
    """Each of 87 x 8, and the averages that were printed, to a tenth."""
    with (shared_data / "openthoughts_eval_rows.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert set(made.table["cell"]) == set(rows)
    for row in made.table.to_dict("records"):
        published = rows[row["cell"]]
        assert {name: row[f"score:{name}"] for name in NAMES.values()} == pytest.approx(
            {name: float(published[column]) for column, name in NAMES.items()}
        )
        assert row["mean"] == pytest.approx(float(published["avg8"]), abs=0.1)


def test_five_students_look_broken_and_no_other(made: Report):
    """The evaluation that leaked into a table of the paper, and four that fall with more rows."""
    flagged = made.table[made.table["status"].str.startswith("flagged")]
    assert set(flagged["cell"]) == {
        "e1_code_fasttext_r1", "d1_code_long_paragraphs", "d1_code_fasttext_10k", "opencodereasoning_100k",
        "e1_math_all_phi_1k",
    }  # fmt: skip
    causes = dict(zip(flagged["cell"], flagged["cause"], strict=True))
    assert causes["e1_code_fasttext_r1"].startswith("livecodebench: scored 22.7; the other cells 43.3")


def test_hardly_a_choice_is_resolved_and_none_beyond_the_noise_of_training(made: Report):
    """Of steps that were published with two choices at one scale; a flagged student is in none of them."""
    found = demo.choices(made)
    assert len(found) == 19
    assert {each.step for each in found} == {"mix", "filter", "dedup", "answer_filter"}
    alone = {(each.step, each.data, each.scale) for each in found if each.p[0] < 0.05}
    assert alone == {("mix", "code", "3k"), ("mix", "code", "10k"), ("filter", "science", "1k")}
    assert not [each for each in found if each.p[1] < 0.05]
    assert all(each.half[0] < each.half[1] for each in found)
    by_step = {(each.step, each.data, each.scale): each for each in found}
    top = by_step["mix", "code", "31.6k"]
    assert (top.best, top.second, round(top.difference, 2)) == ("top_1", "top_4", 1.26)


def test_the_command_fits_a_terminal_and_leaves_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """In 100 columns; the page and all forms lie in the folder that was named, and nothing else anywhere."""
    assert main(["demo", "--to", str(tmp_path / "demo")]) == 0
    said = capsys.readouterr()
    assert max(map(len, said.out.splitlines())) <= 100
    assert "3 of 19 are resolved" in said.out
    assert re.search(r"1 +e1_code_fasttext_qwq_together +1-15", said.out)
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [
        f"report.{form}" for form in ("csv", "html", "json", "md", "tex", "txt")
    ]


def test_it_loads_nothing_that_the_light_core_lacks(tmp_path: Path):
    """Neither torch nor Hydra, nor what extras bring."""
    ask = (
        "import sys; from ot_grid.cli import main; main(['demo', '--to', 'out']);"
        "print([n for n in ('torch', 'hydra', 'transformers', 'datasets', 'wandb', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_picture_in_the_docs_shows_what_it_says_today(made: Report):
    """`make pictures` draws it again."""
    drawn = (Path(__file__).parents[2] / "docs" / "demo.svg").read_text(encoding="utf-8")
    shown = html.unescape(re.sub(r"<[^>]+>", "\n", drawn)).replace("\xa0", " ")
    lines = {line.strip() for line in shown.splitlines()}
    lacking = [line for line in demo.text(made).splitlines() if line.strip() and line.strip() not in lines]
    assert not lacking, "make pictures"
