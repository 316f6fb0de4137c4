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
    found = api.unneeded(args.sweeps, place=args.store)
    for each in found[:SHOWN]:
        say(f"{each.bytes / 1e9:9.3f} GB  {each.folder}{'  (a process writes it)' if each.held else ''}")
    if len(found) > SHOWN:
        say(f"and {len(found) - SHOWN} smaller ones")
    total = sum(each.bytes for each in found)
    say(f"{many(len(found), 'folder')}, {total / 1e9:,.3f} GB that no sweep needs" if found else "nothing to remove")
    if not args.delete:
        if found:
            complain("nothing was deleted: add --delete")
        return 0
    done = api.remove(found, place=args.store)
    say(f"deleted {many(len(done), 'folder')}, {sum(each.bytes for each in done) / 1e9:,.3f} GB")
    return 0 if len(done) == len(found) else 1
