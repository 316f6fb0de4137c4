"""The options that commands share."""

from __future__ import annotations

import argparse
import os


def grid_parser(command: str, about: str) -> argparse.ArgumentParser:
    """Return a parser for a grid: overrides, and what Hydra users expect beside them."""
    parser = argparse.ArgumentParser(prog=f"python -m ot_grid {command}".strip(), description=about)
    parser.add_argument(
        "overrides", nargs="*", metavar="GROUP=CHOICE", help="e.g. filter=length,difficulty teacher=qwq,r1"
    )
    parser.add_argument("-m", "--multirun", action="store_true", help="several values make a grid")
    parser.add_argument("-cd", "--config-dir", help="a folder with groups like conf/ of your own")
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
