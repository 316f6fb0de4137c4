"""Figures of a sweep for a paper, from its records alone.

    python analysis/figures.py --store STORE [--sweep NAME] --to FOLDER [--format pdf,svg,png] [--most N]

The same records give the same bytes. Held-out benchmarks are not drawn.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ot_grid.errors import OtGridError
from ot_grid.planning.frozen import find_sweep
from ot_grid.report import figures
from ot_grid.report.build import Asked, build
from ot_grid.store import Store


def main() -> int:
    """Write the figures and name them; 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default=os.environ.get("OT_GRID_STORE", "store"))
    parser.add_argument("--sweep", metavar="NAME", help="default: the one asked for last")
    parser.add_argument("--to", required=True, metavar="FOLDER")
    parser.add_argument("--format", default=",".join(figures.FORMATS), help="default: %(default)s")
    parser.add_argument("--most", type=int, default=figures.MOST, help="rows shown one by one (default: %(default)s)")
    parser.add_argument("--reference", metavar="CELL", help="default: that of the sweep")
    args = parser.parse_args()
    place = Store(args.store)
    formats = [name.strip() for name in args.format.split(",") if name.strip()]
    try:
        found = find_sweep(place, args.sweep)
        report = build(place, found.name, Asked(reference=args.reference or found.versus))
        written, absent = figures.write(report, Path(args.to), formats=formats, most=args.most)
    except OtGridError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(*written, sep="\n")
    print(*(f"no {name}: {why}" for name, why in absent.items()), sep="\n", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
