"""A teacher answers questions; what it cannot read is dropped with its reason."""

from __future__ import annotations

from ot_grid import rows, tables
from ot_grid.stages import traces
from tests.stages.conftest import MODEL, SAMPLING

TEACHER = {"function": "model", "model": MODEL, "system": None, "prompt": "{question}", "sampling": SAMPLING}


def test_a_question_that_is_too_long_for_the_teacher_is_dropped(work, questions_at, asker):
    """It costs only itself, and says how long it is and how it begins."""
    asker.room = 40
    asked = [rows.question(text, source="s", domain="math") for text in ("short", "long " * 20)]
    run = work({"teacher": TEACHER, "count": 2, "questions": 2, "rows": 4}, questions_at("in", asked))
    counts = traces.run(run)
    assert (counts["questions"], counts["traces"]) == (2, 2)
    reasons = [row["reason"] for row in tables.read_rows(run.out / "dropped.parquet")]
    assert len(reasons) == 2
    assert all(reason.startswith("too long for the teacher: 100 tokens, 'long long") for reason in reasons)


def test_a_given_trace_is_taken_as_it_is(work, questions_at, asker):
    """A solution with thinking of its own is not put into another thought."""
    given = "<think>\n2 and 2\n</think>\n\n4"
    asked = [rows.question("2+2?", source="s", domain="math", answer="4", solution=given)]
    run = work({"teacher": {"function": "reference"}, "count": 1, "questions": 1, "rows": 1}, questions_at("in", asked))
    traces.run(run)
    (trace,) = tables.read_traces(run.out, asker.find)
    assert trace.parts == ("2 and 2", "4")
