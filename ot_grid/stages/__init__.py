"""The stages of the method, one module each; importing this registers every built-in function."""

from ot_grid.grading import jeebench, science
from ot_grid.grading.choice import choice
from ot_grid.grading.code import code
from ot_grid.grading.math import hendrycks, maths, number
from ot_grid.stages import answer_filter, benchmark, dataset, dedup, eval, filter, mix, source, traces, train, verify

__all__ = [
    "answer_filter", "benchmark", "choice", "code", "dataset", "dedup", "eval", "filter", "hendrycks", "jeebench",
    "maths", "mix", "number", "science", "source", "traces", "train", "verify",
]  # fmt: skip
