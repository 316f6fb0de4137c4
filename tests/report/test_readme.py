"""README shows what the command prints: the same headings, the same columns."""

from __future__ import annotations

import re
from pathlib import Path

from ot_grid.report.build import build
from tests.report.conftest import Made

README = (Path(__file__).parents[2] / "README.md").read_text()
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


def test_readme_names_commands_that_there_are():
    """Every `python -m ot_grid COMMAND` of README is one."""
    from ot_grid.cli import COMMANDS

    named = set(re.findall(r"python -m ot_grid ([a-z]+)\b(?!=)", README))
    assert named <= COMMANDS.keys(), named - COMMANDS.keys()
