"""The command for whoever has trained nothing yet."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ot_grid import api
from ot_grid.cli.printing import complain, say

ABOUT = """Rank the published students of OpenThoughts (87 of them, arXiv:2506.04178) by the rules of any grid: which of
the paper's choices the numbers resolve, which students look broken, who may have which rank. Takes seconds and needs no
model, no GPU and no network; the page to explore is written to a folder."""


def demo(words: Sequence[str]) -> int:
    """Print what there is to say of published scores, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m ot_grid demo", description=ABOUT)
    parser.add_argument(
        "--to", type=Path, default=Path("ot_grid_demo"), metavar="FOLDER", help="default: ./ot_grid_demo"
    )
    args = parser.parse_args(words)
    say(api.demo(args.to))
    complain(f"the whole table: {args.to}/report.txt, .md, .csv, .json, .tex; a page to explore: {args.to}/report.html")
    return 0
