"""How figures look: sizes for a two-column paper, colours that every eye and a grey printer can tell apart.

One idea: nothing is said by colour alone; what differs in colour differs in its marker too. It must not know about
reports beyond their banner.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from ot_grid.errors import BadInput

COLUMN, PAGE = 3.35, 6.9  # inches: one column, both
ROW, MARGINS = 0.155, 0.75  # inches: of one row of intervals; of axis and labels
LONGEST = 38  # characters of a label
JOIN = " · "  # between the choices of a row
# Okabe & Ito, in an order whose greys differ; each with a marker and a dash of its own.
SERIES = (
    ("#000000", "o", "-"), ("#D55E00", "s", "--"), ("#0072B2", "^", "-."), ("#CC79A7", "D", ":"),
    ("#009E73", "v", (0, (5, 1))), ("#E69F00", "P", (0, (3, 1, 1, 1))),
)  # fmt: skip
DARK, ACCENT, GREY, PALE = "#0072B2", "#D55E00", "#777777", "#D9D9D9"
SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
    "font.size": 7, "axes.labelsize": 7.5, "axes.titlesize": 7.5, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5, "axes.linewidth": 0.6, "lines.linewidth": 1.0, "lines.markersize": 3.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "axes.spines.top": False, "axes.spines.right": False,
    "text.parse_math": False,  # a name with a dollar is a name
    "svg.hashsalt": "ot_grid", "pdf.fonttype": 42, "savefig.dpi": 300, "figure.dpi": 300, "axes.unicode_minus": True,
}  # fmt: skip


def check() -> None:
    """Raise `BadInput` when there is no matplotlib."""
    if find_spec("matplotlib") is None:
        raise BadInput("figures need matplotlib, which is not here; install it: pip install 'ot_grid[plots]'")


@contextmanager
def style() -> Iterator[None]:
    """Draw and save in this style, whatever matplotlibrc says."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        yield


def figure(width: float, height: float, banner: Sequence[str]) -> tuple[Any, Any]:
    """Return an empty figure with its axes; a rehearsal says above them that it is one."""
    from matplotlib.figure import Figure

    lines = textwrap.wrap("; ".join(banner), int(width * 17))
    made = Figure(figsize=(width, height + 0.12 * len(lines)), layout="constrained")
    if lines:
        made.suptitle("\n".join(lines), fontsize=5.5, fontweight="bold", color=ACCENT, ha="left", x=0.01)
    return made, made.add_subplot()


def cut(text: str) -> str:
    """Return a label that leaves room for the numbers: of a row's choices the longest are cut first."""
    parts = text.split(JOIN)
    room = LONGEST - len(JOIN) * (len(parts) - 1)
    most = LONGEST
    while most > 2 and sum(min(len(part), most) for part in parts) > room:
        most -= 1
    return _ended(JOIN.join(_ended(part, most) for part in parts), LONGEST)


def _ended(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def below(axes: Any, *lines: str) -> None:
    """Say below an axis what it is, and what its marks are; empty lines are left out."""
    axes.set_xlabel("\n".join(line for line in lines if line))


def below_all(axes: Any, *lines: str) -> None:
    """Say the same below the whole figure: of rows with long names the axis is too narrow for words."""
    axes.figure.supxlabel("\n".join(line for line in lines if line), fontsize=SETTINGS["axes.labelsize"])


def sizes(axes: Any, values: Sequence[float]) -> None:
    """Give sizes or costs a logarithmic axis with numbers in plain digits, where they differ much."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    span = max(values) / min(values)
    if span < 4:
        return
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if span > 300 else (1.0, 3.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def short(value: float) -> str:
    """Return a size as one would say it: 300, 10k, 3M."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"


def legend(made: Any, **settings: Any) -> None:
    """Set the names of what is drawn below the axes, where they hide nothing."""
    names = [name for axes in made.axes for name in axes.get_legend_handles_labels()[1]]
    columns = 2 if max(map(len, names), default=0) <= LONGEST // 2 else 1
    made.legend(loc="outside lower center", ncols=columns, frameon=False, columnspacing=1.0, **settings)


def listed(axes: Any, labels: Sequence[str]) -> None:
    """Give rows their labels, the first one on top."""
    axes.set_yticks(range(len(labels)), [cut(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
