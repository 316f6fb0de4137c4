"""Weights & Biases as a mirror of a sweep: one run a cell, one with the ranked table, and a report. The only door.

One idea: it is told after the fact, from records and the report, and only what it was not told before; so it can be
offline, late or down without harm. It must not be read back.
"""

from ot_grid.report.tracking.facts import Frame, Overall, Piece, Tracked, run_id
from ot_grid.report.tracking.telling import Told, track

__all__ = ["Frame", "Overall", "Piece", "Told", "Tracked", "run_id", "track"]
