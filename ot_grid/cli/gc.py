"""The command that makes room."""

from __future__ import annotations

from collections.abc import Sequence

from ot_grid import api
from ot_grid.cli.parsers import store_parser
from ot_grid.cli.printing import complain, say
from ot_grid.errors import many

ABOUT = """Show what no sweep needs any more, and with --delete remove it: artifacts of older versions, of sweeps that
are gone, and of the sweeps that are named, with these themselves. Bought replies stay."""
SHOWN = 20


def gc(words: Sequence[str]) -> int:
    """Print what may go, the largest first; delete it where that is asked for."""
    parser = store_parser("gc", ABOUT)
    parser.add_argument("sweeps", nargs="*", metavar="SWEEP", help="also forget these sweeps, and what only they need")
    parser.add_argument("--delete", action="store_true", help="delete it; without this nothing is touched")
    args = parser.parse_args(words)
    unneeded = api.unneeded(args.sweeps, place=args.store)
    for item in unneeded[:SHOWN]:
        say(f"{item.bytes / 1e9:9.3f} GB  {item.folder}{'  (a process writes it)' if item.held else ''}")
    if len(unneeded) > SHOWN:
        say(f"and {len(unneeded) - SHOWN} smaller ones")
    total = sum(item.bytes for item in unneeded)
    say(
        f"{many(len(unneeded), 'folder')}, {total / 1e9:,.3f} GB that no sweep needs"
        if unneeded
        else "nothing to remove"
    )
    if not args.delete:
        if unneeded:
            complain("nothing was deleted: add --delete")
        return 0
    done = api.remove(unneeded, place=args.store)
    say(f"deleted {many(len(done), 'folder')}, {sum(item.bytes for item in done) / 1e9:,.3f} GB")
    return 0 if len(done) == len(unneeded) else 1
