"""README shows what the command prints: the same headings, the same columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.cli import COMMANDS
from ot_grid.report.build import build
from ot_grid.status.plans import plan_text
from tests.report.conftest import Made

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SHOWN = README.partition("$ python -m ot_grid")[2].partition("```")[0]


def headings(text: str) -> list[str]:
    """Return the titles of the tables of a report, up to their colon."""
    return re.findall(r"^([A-Z][A-Z ]{5,}):", text, re.MULTILINE)


def columns(text: str, title: str) -> list[str]:
    """Return the heads of the columns of a table."""
    line = text.partition(f"\n{title}")[2].splitlines()[1]
    return re.split(r"\s{2,}", line.strip())


def test_readme_shows_the_tables_that_are_printed(made: Made):
    """In the same order, with the same columns: those of a grid of two filters and two teachers."""
    made.complete()
    text = build(made.store, None).to_text()
    shown = [title for title in headings(SHOWN) if title != "REHEARSAL"]
    assert shown
    assert shown == [title for title in headings(text) if title in shown]
    for title in shown:
        own, printed = columns(SHOWN, title), columns(text, title)
        assert own == printed, title


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "slurm" / "README.md"]), ids=str
)
def test_every_link_of_the_docs_leads_somewhere(page: Path):
    """To a file that is here; what lies on the web is not asked."""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_command_of_the_docs_is_one():
    """What follows `python -m ot_grid` is a command, an option or an override."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
    named = set(re.findall(r"python -m ot_grid ([a-z]+)\b(?!=)", text))
    assert named <= set(COMMANDS)


def test_the_benchmark_of_the_docs_is_one(tmp_path: Path):
    """Saved as the page says it, with a file of questions, it is planned beside ours."""
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "my_conf" / "eval").mkdir(parents=True)
    lines = "".join(f'{{"question": "What is {n} + {n}?", "answer": "{2 * n}"}}\n' for n in range(20))
    (tmp_path / "mine.jsonl").write_text(lines)
    text = text.replace("/data/mine.jsonl", str(tmp_path / "mine.jsonl"))
    (tmp_path / "my_conf" / "eval" / "mine.yaml").write_text(text)
    plan = api.plan(["filter=random", "eval=[mine,sums]"], config_dir=str(tmp_path / "my_conf"))
    benchmarks = plan.cells[0].recipe["eval"]
    assert list(benchmarks) == ["mine", "sums"]
    assert (benchmarks["mine"]["repeats"], benchmarks["mine"]["grade"]["function"]) == (4, "math")
    assert any("mine.jsonl: 20 questions" in line for line in plan_text(plan, []))
