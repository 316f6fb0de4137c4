"""The text of `--help`: what this is, the commands, the groups with their choices, the sweeps.

One idea: a choice's line is the first sentence of its YAML, so help cannot go stale. It must not import Hydra.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ot_grid.config import RECIPE_GROUPS, shipped
from ot_grid.planning.sweep_file import headline, listed

HEAD = """ot_grid: runs a grid of reasoning-data recipes, from source questions to a ranked table.

  python -m ot_grid demo                                              87 published students, ranked: ten seconds
  python -m ot_grid -m filter=length,difficulty teacher=qwq,r1        run the grid: 4 cells, then the ranked table
  python -m ot_grid -m +sweep=teachers                                the same from a file in sweeps/
  python -m ot_grid plan -m filter=length,difficulty teacher=qwq,r1   what would run and what is shared; spends nothing
  python -m ot_grid doctor cluster=slurm                              would it run: Slurm, nodes, store, models, keys
  python -m ot_grid sweeps                                            all of a store: how far, since when, what they ask
  python -m ot_grid status [SWEEP] [--watch] [--json]                 where it stands; what failed, and why; until when
  python -m ot_grid logs CELL|STAGE|KEY [-f]                          the end of the logs; -f goes on with one
  python -m ot_grid resume [SWEEP]                                    go on: run or submit again what can pass
  python -m ot_grid retry [SWEEP]                                     forget failures and go on: their cause is gone
  python -m ot_grid throttle SWEEP N                                  at most N jobs of an array at once; 0: no limit
  python -m ot_grid cancel SWEEP                                      end its jobs; what is stored stays
  python -m ot_grid report [SWEEP] [--format markdown|csv|latex]      the ranked table; report.html: a page to explore
  python -m ot_grid report [SWEEP] --held-out NAME                    scores that are shown only by name; it is noted
  python -m ot_grid show CELL [STAGE] [-n 5]                          its data: rows that were kept, dropped, trained on
  python -m ot_grid compare CELL CELL [SWEEP] [--question Q]          two cells: what differs, what each of them said
  python -m ot_grid rescore [SWEEP] [--grade hendrycks]               grade what was said again, without a model
  python -m ot_grid export [SWEEP] --to FOLDER [--format parquet]     sample logs as lm-evaluation-harness writes them
  python -m ot_grid export dataset CELL --to FOLDER                   what a student is trained on, with a card; --push
  python -m ot_grid track [SWEEP] [--mode online]                     tell Weights & Biases what it was not told
  python -m ot_grid gc [SWEEP ...] [--delete]                         what no sweep needs any more; forget sweeps
  python -m ot_grid reproduce CELL                                    one cell again, from its frozen recipe alone
  python -m ot_grid explain CELL [OTHER]                              why keys differ; why a stage is not cached
  COMMAND --help                                                      the options of a command

The same command again goes on where the last one stopped; what has a record is not run again.
Settings of a choice: KEY=VALUE, e.g. scale.questions=32 train.learning_rate=1e-4,2e-4 (with -m: one cell each).
From Hydra: --cfg job, --info, --config-dir FOLDER (your own choices), --hydra-help.
TAB completes commands, sweeps, groups and choices: eval "$(python -m ot_grid completion)"
The data work alone: --until dataset; the same command without it goes on from there.
Training noise: train.seed=1,2,3 draws each recipe three times; the report averages over them (see --repeat).
"""
RUNTIME = ("cluster", "tracking")


def help_text() -> str:
    """Return the help."""
    folder = shipped("conf")
    lines = [HEAD, "Groups, in the order of the method:"]
    lines += [line for group in RECIPE_GROUPS for line in _group(folder / group)]
    lines += ["", "Nothing below can change a result:"]
    lines += [line for group in RUNTIME for line in _group(folder / group)]
    lines += [f"  {'store=FOLDER':<30}artifacts, replies and sweeps (default: OT_GRID_STORE, else ./store)"]
    lines += ["", "Sweeps kept as files (sweeps/NAME.yaml), with overrides on top: python -m ot_grid -m +sweep=NAME"]
    lines += [f"  {f'+sweep={name}':<30}{headline(path)}" for name, path in listed().items()]
    return "\n".join(lines)


def _group(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.yaml")):
        yield f"  {f'{folder.name}={path.stem}':<30}{sentence(path)}"


def sentence(path: Path) -> str:
    """Return the first sentence of a choice: its first comment that is no Hydra header."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") and not line.startswith("# @package"):
            return line.lstrip("# ")
    return ""
