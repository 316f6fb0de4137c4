"""`python -m ot_grid`."""

import sys

from ot_grid.cli import main

if __name__ == "__main__":
    sys.exit(main())
