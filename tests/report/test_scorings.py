"""A later scoring is read when it is asked for, and the report says from where each number is."""

from __future__ import annotations

import json

import pytest

from ot_grid.errors import BadInput
from ot_grid.report.build import build
from tests.report.conftest import Made, answers, asked


@pytest.fixture
def rescored(made) -> Made:
    """All cells half right; `sums` scored again, all right, in all cells."""
    made.complete(dict.fromkeys(made.points, 0.5))
    for point in made.points:
        made.rescored("sums", "strict", answers(1.0), *point)
    return made


def test_a_later_scoring_is_read_where_it_is(rescored):
    """`sums` from it, `gcd` as first scored; the note says which, and the frame too."""
    assert list(build(rescored.store, None).table["mean"]) == [50] * 4
    report = asked(rescored.store, None, grade="strict")
    assert list(report.table["score:sums"]) == [100] * 4
    assert list(report.table["score:gcd"]) == [50] * 4
    assert "Scores of 'strict': from it: sums; as first scored: gcd." in report.notes
    assert set(report.benchmarks[report.benchmarks["benchmark"] == "sums"]["grade"]) == {"strict"}


def test_a_benchmark_scored_again_in_some_cells_only_is_told(rescored):
    """Unlike scorings do not compare."""
    rescored.rescored("gcd", "strict", answers(1.0), *rescored.points[0])
    report = asked(rescored.store, None, grade="strict")
    assert "in part, so that their cells do not compare: gcd (1 of 4 cells)" in " ".join(report.notes)


def test_an_unknown_label_lists_what_there_is(rescored):
    """Also when there is none at all."""
    with pytest.raises(BadInput, match=r"--grade 'strct' is no scoring of this sweep; did you mean 'strict'"):
        asked(rescored.store, None, grade="strct")
    with pytest.raises(BadInput, match="is no scoring"):
        asked(rescored.store, None, grade="../strict")


def test_a_sweep_scored_once_says_so(made):
    """With the command that scores again."""
    made.complete()
    with pytest.raises(BadInput, match=r"--grade 'strict': this sweep was scored once only; .*rescore"):
        asked(made.store, None, grade="strict")


def test_a_broken_scoring_is_a_cause_not_a_crash(rescored):
    """The way out is to score again, not to buy the replies again."""
    folder = rescored.folder("eval", "sums", *rescored.points[0]) / "scores" / "strict"
    (folder / "matrix.parquet").write_bytes(b"junk")
    (folder / "score.json").write_text("{")
    report = asked(rescored.store, None, grade="strict")
    assert report.table["rank"].notna().sum() == 3
    assert "cannot be read" in report.table["cause"].iloc[-1]


def test_shares_of_verdicts_are_in_frame_and_json(made):
    """Percent of replies for each verdict, empty and identical ones, and the flags."""
    made.complete()
    made.answered("sums", [[1.0, 0.5], [None, 0.0]], *made.points[0])
    first = build(made.store, None).benchmarks.iloc[0]
    assert [first[verdict] for verdict in ("right", "partial", "wrong", "unverifiable", "error")] == [25, 25, 25, 25, 0]
    assert (first["mean"], first["empty"], first["identical"]) == (37.5, 0, 0)
    assert first["flags"].startswith("25.0 % of the replies could not be judged")
    parsed = json.loads(build(made.store, None).to_json())["benchmarks"][0]
    assert (parsed["right"], parsed["partial"], parsed["identical"], parsed["flags"]) == (25, 25, 0, first["flags"])


def test_how_replies_were_drawn_and_graded_is_told(made):
    """Code graded without isolation, and draws that depend on the engine's scheduling."""
    made.complete()
    assert not any("isolation" in note or "scheduling" in note for note in build(made.store, None).notes)
    usage = {"bought": 1, "output_tokens": 1, "engine": {"name": "vllm", "seeding": "engine"}}
    made.answered("sums", answers(0.5), *made.points[0], record={"sandbox": "rlimits", "usage": usage})
    said = " ".join(build(made.store, None).notes)
    assert "Graded without isolation: sums." in said
    assert "Draws depend on the engine's scheduling: sums." in said
