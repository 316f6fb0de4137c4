"""What was lost on the way is said: traces and rows that were cut or dropped, replies that never end."""

from __future__ import annotations

from ot_grid.planning.frozen import FrozenCell
from ot_grid.report.losses import banner, said
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import Result


def result(cell: str, *cut: float, **losses: int) -> Result:
    benchmarks = tuple(BenchmarkResult(f"b{n}", "done", cut=share) for n, share in enumerate(cut))
    return Result(FrozenCell(cell, cell, {}, ()), benchmarks, None, 0, 0.0, losses=losses)


def test_a_table_of_replies_that_never_end_says_so_first():
    """In every cell more than half; one cell that ends its replies shows that the limit is not to blame."""
    (told,) = banner([result("a", 0.9, 0.4), result("b", 1.0, 1.0)])
    assert told.startswith(
        "CUT: in every cell more than half of all replies were stopped by the token limit (65% to 100"
    )
    assert not list(banner([result("a", 0.9, 0.9), result("b", 0.1, 0.1)]))
    assert not list(banner([result("a")]))


def test_losses_above_a_few_percent_are_said_with_the_worst_cell():
    """Of traces, of rows that were cut, of rows that were dropped."""
    cells = [
        result("a", traces=100, traces_cut=2, rows=98, rows_cut=0, rows_dropped=0),
        result("b", traces=100, traces_cut=30, rows=60, rows_cut=12, rows_dropped=20),
    ]
    assert list(said(cells)) == [
        "Lost: up to 30 of 100 (30%, cell b; 1 cell) of the traces were cut at max_tokens: what format.cut says became "
        "of them.",
        "Lost: up to 12 of 80 (15%, cell b; 1 cell) of the training rows are longer than train.max_length: their ends "
        "were not trained.",
        "Lost: up to 20 of 80 (25%, cell b; 1 cell) of the training rows were dropped: their prompts alone fill "
        "train.max_length.",
    ]


def test_where_nothing_is_known_nothing_is_said():
    """Records of older versions do not count it."""
    assert not list(said([result("a", 0.1)]))
