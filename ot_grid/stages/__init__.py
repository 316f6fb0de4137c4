"""The stages of the method, one module each; importing this registers every built-in function."""

from ot_grid.stages import answer_filter, benchmark, dataset, dedup, eval, filter, mix, source, traces, train, verify
from ot_grid.stages.graders import choice, code, hendrycks, jeebench, maths, number, science

__all__ = [
    "answer_filter", "benchmark", "choice", "code", "dataset", "dedup", "eval", "filter", "hendrycks", "jeebench",
    "maths", "mix", "number", "science", "source", "traces", "train", "verify",
]  # fmt: skip
