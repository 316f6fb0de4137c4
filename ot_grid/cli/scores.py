"""Commands about scores: rescore, export."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ot_grid import api
from ot_grid.cli.parsers import store_parser, sweep_parser
from ot_grid.cli.printing import say
from ot_grid.report.rescore import AGAIN, Rescored, Skipped

DATASET = "dataset"  # `export dataset CELL`


def rescore(words: Sequence[str]) -> int:
    """Grade what students said again, without a model; the first scores stay."""
    parser = sweep_parser(
        "rescore",
        "Grade the replies of a sweep's finished evaluations again, without a model. The new scores lie beside the "
        "first ones, which stay; show them with: report --grade LABEL.",
    )
    parser.add_argument("--grade", metavar="CHOICE", help="a choice of conf/grade; default: each benchmark's own")
    parser.add_argument("-cd", "--config-dir", help="a folder with a grade/ of your own")
    parser.add_argument("--label", help="what to call the new scores (default: the choice, or 'again')")
    parser.add_argument(
        "--sandbox", default="auto", help="where programs run: auto, required, bubblewrap, namespaces, rlimits"
    )
    _add_only(parser)
    args = parser.parse_args(words)
    done = api.rescore(
        args.sweep,
        place=args.store,
        grade=args.grade,
        config_dir=args.config_dir,
        label=args.label,
        only=args.only,
        sandbox=args.sandbox,
    )
    label = args.label or args.grade or AGAIN
    for each in done:
        if isinstance(each, Skipped):
            say(f"{each.name:<20} skipped: {each.why}")
            continue
        label = each.folder.name
        say(f"{each.name:<20} {_scores(each)}  {each.folder}")
    say(f"to rank by these scores: python -m ot_grid report --grade {label}")
    return 0


def _scores(done: Rescored) -> str:
    if done.before is None or done.after is None:
        return "held out: name it with --only to see its score"
    there = "" if done.made else "  (there already: the same grader made it)"
    return f"{100 * done.before:5.1f} -> {100 * done.after:5.1f}  {done.changed} of {done.of} verdicts changed{there}"


def export(words: Sequence[str]) -> int:
    """Write evaluations, or a dataset, in a form that other tools read."""
    if words[:1] == [DATASET]:
        return _export_dataset(words[1:])
    parser = sweep_parser(
        "export",
        "Write the finished evaluations of a sweep, a folder for each cell: sample logs and results as "
        "lm-evaluation-harness writes them, logs that Inspect's viewer opens, or one parquet file a benchmark with "
        "questions, outputs and verdicts. "
        "`export dataset CELL` writes the rows that a student is trained on.",
    )
    parser.add_argument("--to", required=True, metavar="FOLDER")
    parser.add_argument("--format", choices=("lm-eval", "inspect", "parquet"), default="lm-eval")
    _add_only(parser)
    args = parser.parse_args(words)
    for path in api.export(args.sweep, place=args.store, to=args.to, form=args.format, only=args.only):
        say(str(path))
    return 0


def _export_dataset(words: Sequence[str]) -> int:
    parser = store_parser(
        "export dataset",
        "Write the rows that the student of a cell is trained on, as chats, with a card that says where they come "
        "from; datasets.load_dataset(FOLDER) reads them.",
    )
    parser.add_argument("cell", metavar="CELL", help="its id, the beginning of one, its coordinates; SWEEP:CELL")
    parser.add_argument("--to", required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument("--format", choices=("jsonl", "parquet"), default="jsonl")
    parser.add_argument("--push", metavar="OWNER/NAME", help="also to the Hugging Face hub, private where it is new")
    args = parser.parse_args(words)
    written = api.export_dataset(args.cell, place=args.store, to=args.to, form=args.format, push=args.push)
    for path in written:
        say(str(path))
    return 0


def _add_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only", metavar="BENCHMARK,...", type=lambda text: tuple(text.split(",")), default=(), help="default: all"
    )
