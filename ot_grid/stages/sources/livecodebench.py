"""LiveCodeBench: contest problems in a window of dates, with the tests of its files.

One idea: the files are read as plain lines and their packed tests are never loaded as pickles. It must not run a test.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ot_grid import rows
from ot_grid.errors import BadInput
from ot_grid.grading.code import known_tests
from ot_grid.registry import register
from ot_grid.stages.sources.columns import fill, filled, held, lacking, prose
from ot_grid.stages.sources.pickled import unpacked
from ot_grid.stages.sources.read import Cells
from ot_grid.stages.sources.table import Table


@register("source")
def livecodebench(
    name: str,
    domain: str,
    *,
    id: str,
    revision: str | None,
    files: list[str],
    file: str | None,
    since: str | None,
    until: str | None,
    stdin_template: str,
    call_template: str,
    limit: int | None,
) -> Iterator[rows.Question]:
    """Yield the problems of contests from `since` to `until`, both included, with public and private tests."""

    def make(row: Cells) -> rows.Question | None:
        if not (since or "") <= _day(row) <= (until or "9999"):
            return None
        starter = prose(row, "starter_code").strip()
        function, tests = _tests(row)
        template = call_template if function else stdin_template
        asked = fill(template, question=filled(row, "question_content").strip(), starter_code=starter)
        answer = known_tests.call(function, tests) if function else known_tests.stdin(tests)
        return rows.question(asked, source=name, domain=domain, answer=answer)

    table = Table(id, None, ", ".join(files), revision, file, tuple(files))
    yield from itertools.islice(table.questions(make, unique="question_id"), limit)


def _day(row: Cells) -> str:
    day = str(held(row, "contest_date"))[:10]
    if not _is_day(day):
        raise BadInput(f"contest_date={day!r} is no date; it must begin with YYYY-MM-DD")
    return day


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _tests(row: Cells) -> tuple[str | None, list[known_tests.Pair]]:
    """Return the function that is called, if any, and the public tests followed by the private ones."""
    public = _parsed(filled(row, "public_test_cases"), "public_test_cases", list)
    private = filled(row, "private_test_cases")
    packed = not private.lstrip().startswith("[")
    tests = public + _parsed(unpacked(private) if packed else private, "private_test_cases", list)
    kinds = {test.get("testtype") if isinstance(test, Mapping) else None for test in tests}
    if kinds not in ({"stdin"}, {"functional"}):
        raise BadInput(f"its {len(tests)} tests are of the types {sorted(map(str, kinds))}; one of stdin, functional")
    if kinds == {"stdin"}:
        return None, known_tests.pairs(tests, "tests")
    function = _parsed(filled(row, "metadata"), "metadata", dict).get("func_name")
    if not isinstance(function, str) or not function.isidentifier():
        raise BadInput(f"metadata.func_name={function!r} is no name of the function that the tests call")
    return function, known_tests.pairs(tests, "tests")


def _parsed(text: str, column: str, kind: type) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{column} is not JSON ({error}): {text[:60]!r}") from error
    if not isinstance(value, kind):
        raise BadInput(f"{column} holds {type(value).__name__}; it must be a JSON {kind.__name__}")
    return value


def check(settings: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings alone."""
    days = {name: settings[name] for name in ("since", "until") if settings[name] is not None}
    problems = [f"{name}={day!r} is no date; write 'YYYY-MM-DD'" for name, day in days.items() if not _is_day(str(day))]
    if not problems and len(days) == 2 and days["since"] > days["until"]:
        problems.append(f"since={days['since']!r} is after until={days['until']!r}: no problem is between them")
    if not settings["files"] and not settings["file"]:
        problems.append("files=[] names no file of the dataset: no problem would be read")
    problems += lacking(settings["stdin_template"], "question", where="stdin_template")
    return problems + lacking(settings["call_template"], "question", "starter_code", where="call_template")
