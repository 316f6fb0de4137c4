"""A report as terminal text, Markdown, CSV and JSON.

One idea: the same numbers four times, each starting with the rehearsal banner and ending with the notes. It must not
compute anything.
"""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ot_grid.report.sections import Section

WIDTH = 100  # columns of a terminal
CELL_WIDTH = 40  # of one column of text, before it is cut with an ellipsis
GAP = "  "
KEYS = 2  # columns that every part of a table starts with


@dataclass(frozen=True)
class Page:
    """What every form of a report shows."""

    heading: Mapping[str, str]  # sweep, cells, command, created
    banner: Sequence[str]
    sections: Sequence[Section]
    unranked: Sequence[tuple[str, str]]  # cell and status, cause
    notes: Sequence[str]


def text(page: Page) -> str:
    """Return terminal text of at most 100 columns, but for paths, which stay whole to be copied."""
    lines = [*wrapped(page.banner), *([""] if page.banner else [])]
    lines += wrapped([f"{name}: {value}" for name, value in page.heading.items()])
    for number, section in enumerate(page.sections):
        lines += ["", section.title, *laid_out(section)]
        if page.unranked and not number:
            lines += ["", "NOT RANKED", *wrapped([f"{cell}: {cause}" for cell, cause in page.unranked])]
    return "\n".join([*lines, "", "NOTES", *wrapped([f"- {note}" for note in page.notes])]) + "\n"


def wrapped(paragraphs: Iterable[str]) -> list[str]:
    """Return paragraphs as lines of a terminal."""
    wrap = textwrap.TextWrapper(WIDTH, subsequent_indent=GAP, break_long_words=False, break_on_hyphens=False)
    return [line for paragraph in paragraphs for line in wrap.wrap(paragraph)]


def laid_out(section: Section) -> Iterator[str]:
    """Yield the lines of a table, on as many pages of columns as the width asks for."""
    columns = [list(map(_cut, column)) for column in zip(section.headers, *section.rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    for number, shown in enumerate(_pages(widths, section.second)):
        if number:
            yield ""
        for line in zip(*(columns[index] for index in shown), strict=True):
            words = [_set(cell, widths[index], section.numbers[index]) for cell, index in zip(line, shown, strict=True)]
            yield GAP.join(words).rstrip()


def _cut(cell: str) -> str:
    return cell if len(cell) <= CELL_WIDTH else cell[: CELL_WIDTH - 1] + "…"


def _set(cell: str, width: int, number: bool) -> str:
    return cell.rjust(width) if number else cell.ljust(width)


def _pages(widths: Sequence[int], second: int) -> list[list[int]]:
    """Deal columns to as many pages as the width asks for, with the key columns on each of them."""
    if sum(widths) + len(GAP) * (len(widths) - 1) <= WIDTH:
        return [list(range(len(widths)))]
    pages = [list(range(KEYS))]
    for index in range(KEYS, len(widths)):
        used = sum(widths[each] + len(GAP) for each in pages[-1])
        if (used + widths[index] > WIDTH and len(pages[-1]) > KEYS) or index == second:
            pages.append(list(range(KEYS)))
        pages[-1].append(index)
    return pages


def markdown(page: Page) -> str:
    """Return Markdown with pipe tables."""
    parts = ["\n".join(f"> **{_escaped(line)}**  " for line in page.banner)] if page.banner else []
    sweep, *others = page.heading.items()
    parts += [f"# {sweep[0]} {_escaped(sweep[1])}", "\n".join(f"- {name}: {_escaped(value)}" for name, value in others)]
    for number, section in enumerate(page.sections):
        parts += [f"## {section.title}", "\n".join(_piped(section))]
        if page.unranked and not number:
            parts += ["## NOT RANKED", "\n".join(f"- {cell}: {_escaped(cause)}" for cell, cause in page.unranked)]
    return "\n\n".join([*parts, "## NOTES", "\n".join(f"- {_escaped(note)}" for note in page.notes)]) + "\n"


def _piped(section: Section) -> Iterator[str]:
    for number, cells in enumerate([section.headers, *section.rows]):
        yield f"| {' | '.join(map(_escaped, cells))} |"
        if not number:
            yield f"|{'|'.join('---:' if right else '---' for right in section.numbers)}|"


def _escaped(text: str) -> str:
    escaped = "".join(f"\\{letter}" if letter in "\\|*_<`" else letter for letter in text)
    return " ".join(escaped.split())  # a line break would end a table row


def fragment(page: Page) -> str:
    """Return tables of HTML without style or script, for a notebook."""
    told = [*page.banner, *(f"{name}: {value}" for name, value in page.heading.items())]
    parts = [f"<p>{html.escape(line)}</p>" for line in told]
    for section in page.sections:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in section.headers)
        body = ""
        for row in section.rows:
            body += f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
        parts.append(f"<h4>{html.escape(section.title)}</h4><table><tr>{head}</tr>{body}</table>")
    parts += [f"<p>{html.escape(f'{cell}: {cause}')}</p>" for cell, cause in page.unranked]
    return f"<div>{''.join(parts)}</div>"


def comma_separated(page: Page, table: pd.DataFrame) -> str:
    """Return plain CSV, which `pandas.read_csv` and spreadsheets read: the table, the banner as a column of every row.

    Heading and notes are in the other forms. Ten digits hide the noise of binary fractions.
    """
    told = table.assign(banner=" ".join(page.banner)) if page.banner else table
    return str(told.to_csv(index=False, float_format="%.10g", lineterminator="\n"))


def strict_json(page: Page, frames: Mapping[str, pd.DataFrame], facts: Mapping[str, Any]) -> str:
    """Return strict JSON: the banner first, the notes last, null where there is no number."""
    tables = {name: _records(frame) for name, frame in frames.items()}
    whole = {"banner": list(page.banner), **facts, **tables, "notes": list(page.notes)}
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    objects = frame.astype(object)
    rows = objects.where(objects.notna(), None).to_dict("records")
    return [{str(name): _rounded(value) for name, value in row.items()} for row in rows]


def _rounded(value: Any) -> Any:
    return round(value, 10) if isinstance(value, float) else value
