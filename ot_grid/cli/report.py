"""The command that prints the ranked table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ot_grid import api
from ot_grid.cli.parsers import sweep_parser
from ot_grid.cli.printing import complain, say
from ot_grid.errors import OtGridError

if TYPE_CHECKING:
    from ot_grid.report.build import Report

FORMS = ("text", "markdown", "csv", "json", "latex", "html")


def report(words: Sequence[str]) -> int:
    """Print the ranked table of a sweep and write it beside its cells."""
    from ot_grid.report.build import Asked

    args = _parser().parse_args(words)
    asked = Asked(
        reference=args.reference, accept=tuple(args.accept), withdraw=tuple(args.withdraw),
        held_out=tuple(args.held_out), rank_by=tuple(args.rank_by), grade=args.grade, scores=args.scores,
        weights=dict(args.weigh), correction=args.correction, draws=args.draws, training_noise=args.training_noise,
    )  # fmt: skip
    made = api.report(args.sweep, place=args.store, asked=asked, to=args.to, say=complain)
    say(getattr(made, f"to_{args.format}")().rstrip("\n"))
    if made.view.looked:
        complain("held-out scores are shown here only: this look is noted, and the report in the store is as it was")
    if not asked.wished and args.to is None:
        _track(args, made)
    return 0 if made.complete else 1


def _track(args: argparse.Namespace, made: Report) -> None:
    """Tell W&B what it was not told; a table that is printed is a report, whatever becomes of this."""
    try:
        api.track(args.sweep, place=args.store, made=made, patient=False, say=complain)
    except OtGridError as error:
        complain(f"W&B was not told: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = sweep_parser(
        "report",
        "Print the ranked ablation table; it is also written to <store>/sweeps/<sweep>/, with a page to look at in a "
        "browser (report.html). SWEEP may be '-': published scores alone.",
    )
    parser.add_argument("--format", choices=FORMS, default="text")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="write all forms there, not beside the sweep's cells")
    parser.add_argument("--reference", help="the cell to compare with: its id or coordinates (default: the first)")
    _add_choices(parser)
    _add_statistics(parser)
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="CELL:BENCHMARK",
        help="rank a cell although this evaluation of it is flagged as broken, now and in later reports; may be given "
        "several times",
    )
    parser.add_argument(
        "--withdraw",
        action="append",
        default=[],
        metavar="CELL:BENCHMARK",
        help="take back what --accept said of an evaluation",
    )
    parser.add_argument(
        "--held-out",
        type=_names,
        default=[],
        metavar="NAME[,NAME...]",
        help="show the scores of these held-out benchmarks, apart from the ranking; every look is noted in looks.jsonl",
    )
    parser.add_argument(
        "--rank-by",
        type=_names,
        default=[],
        metavar="NAME[,NAME...]",
        help="rank by these benchmarks alone (default: what the sweep says, or all that are not held out)",
    )
    parser.add_argument("--grade", metavar="LABEL", help="read the scores that `rescore` made under this label")
    parser.add_argument(
        "--from",
        "--scores",
        dest="scores",
        type=Path,
        metavar="FILE|FOLDER",
        help="set results from elsewhere beside the sweep, or rank them alone (SWEEP '-'): a CSV or parquet file with "
        "columns cell, benchmark, score (percent), and where known se, questions, repeats, domain, recipe; with a "
        "column question (and repeat) a line is one answer, its score from 0 to 1; other columns are factors. Or a "
        "folder of logs: lm-evaluation-harness' samples_*.jsonl, Inspect's .json and .eval",
    )


def _add_statistics(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weigh",
        type=_weight,
        action="append",
        default=[],
        metavar="NAME=WEIGHT",
        help="what a benchmark weighs in the mean (default: all weigh 1, as in published tables)",
    )
    parser.add_argument(
        "--correction",
        default="holm",
        metavar="holm|bh",
        help="how p-values allow for many comparisons: holm (no false one among all, 95 %%; the default), or bh (few "
        "false ones among those found; for many cells)",
    )
    parser.add_argument(
        "--training-noise",
        type=float,
        metavar="SD",
        help="points: the standard deviation between training seeds where it is known from elsewhere (default: from "
        "the recipes here that have several seeds)",
    )
    parser.add_argument("--draws", type=int, default=10_000, metavar="N", help="of the bootstrap (default: 10,000)")


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


def _weight(text: str) -> tuple[str, float]:
    name, equals, weight = text.rpartition("=")
    try:
        if equals and name.strip():
            return name.strip(), float(weight)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not NAME=WEIGHT, e.g. --weigh math500=2")
