"""The options that commands share."""

from __future__ import annotations

import argparse
import os


def grid_parser(command: str, about: str) -> argparse.ArgumentParser:
    """Return a parser for a grid: overrides, and what Hydra users expect beside them."""
    parser = argparse.ArgumentParser(prog=f"python -m ot_grid {command}".strip(), description=about)
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="GROUP=CHOICE",
        help="e.g. filter=length,difficulty teacher=qwq,r1; +sweep=NAME takes what sweeps/NAME.yaml asks, and the "
        "other overrides take the place of what stands there for the same group or setting",
    )
    parser.add_argument("-m", "--multirun", action="store_true", help="several values make a grid")
    parser.add_argument("-cd", "--config-dir", help="a folder with groups like conf/ of your own")
    parser.add_argument(
        "--repeat",
        action="append",
        metavar="SETTING",
        help="a swept setting that draws the same recipe again, so that reports average over it (default: what the "
        "sweep file says, and every swept seed, e.g. train.seed=1,2,3); 'none': no setting does",
    )
    parser.add_argument(
        "--versus", metavar="RECIPE", help="the recipe to compare with, e.g. 'filter=length teacher=qwq'"
    )
    parser.add_argument(
        "--baseline",
        type=lambda words: [word.strip() for word in words.split(",") if word.strip()],
        metavar="student,teacher",
        help="also evaluate these models as they are, and show them beside the ranked cells: the student before "
        "training, the teacher",
    )
    parser.add_argument(
        "--until",
        metavar="STAGE",
        help="only the stages up to this one, e.g. dataset, one after the other over all cells; the same command "
        "without it goes on from there",
    )
    parser.add_argument("--name", help="the name of the sweep (default: made from what it varies)")
    return parser


def store_parser(command: str, about: str) -> argparse.ArgumentParser:
    """Return a parser for what looks at a store."""
    parser = argparse.ArgumentParser(prog=f"python -m ot_grid {command}", description=about)
    parser.add_argument(
        "--store", default=os.environ.get("OT_GRID_STORE", "store"), help="default: OT_GRID_STORE, else ./store"
    )
    return parser


def sweep_parser(command: str, about: str) -> argparse.ArgumentParser:
    """Return a parser for what looks at one sweep of a store."""
    parser = store_parser(command, about)
    parser.add_argument("sweep", nargs="?", metavar="SWEEP", help="default: the one asked for last")
    return parser
