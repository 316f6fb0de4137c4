"""The ranked table as LaTeX: booktabs, for a paper.

One idea: bold has one rule, which the caption says, with everything else that a reader must know: questions, repeats,
seeds, the noise that is covered. It must not compute anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ot_grid.errors import BadInput, nearest
from ot_grid.report import readings
from ot_grid.report.grouping import PUBLISHED
from ot_grid.report.table import DOMAIN, RESOLVED, SCORE

if TYPE_CHECKING:
    from ot_grid.report.build import Report

AUTO, BENCHMARKS, DOMAINS, NONE = "auto", "benchmarks", "domains", "none"
FITTING = 6  # columns of scores that a page takes beside the rest
NARROW = 6  # columns of all kinds that one column of a two-column paper takes
SYMMETRIC = 0.05  # points by which the two sides of an interval may differ and still be shown as one
ROWS = 30
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "-": "-{}", "'": r"\textquotesingle{}",
    "·": r"\textperiodcentered{}",
}  # fmt: skip
Rows = list[dict[str, Any]]
LACKING = "--"


def latex(report: Report, *, scores: str | Sequence[str] = AUTO, most: int = ROWS) -> str:
    r"""Return a `table` that needs `\usepackage{booktabs,textcomp}` and T1 fonts; `table*` where it is wide.

    `scores` are the columns beside the mean: 'benchmarks', 'domains', 'none', 'auto' (what fits), or names of
    benchmarks. Of more than `most` rows the first ones and the reference are shown.
    """
    every = readings.ranked(report)
    shown = readings.top(every, most)
    factors = readings.varied(report, every)
    extra = _extra(report, scores)
    cells = [
        _row(row, factors, extra, bold=bold, grouped=_grouped(shown))
        for row, bold in zip(shown, readings.best_group(shown), strict=True)
    ]
    heads = _heads(shown, factors, extra)
    kind = "table*" if len(heads) > NARROW else "table"
    lines = [
        *(
            f"% {_comment(line)}"
            for line in (*report.banner, f"sweep {report.sweep.name}; needs booktabs, textcomp, T1")
        ),
        rf"\begin{{{kind}}}[t]",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{' '.join(_caption(report, every, shown, most=most))}}}",
        rf"\label{{tab:{re.sub(r'[^A-Za-z0-9-]+', '-', report.sweep.name)}}}",
        rf"\begin{{tabular}}{{@{{}}r{'l' * len(factors) or 'l'}{'r' * (len(heads) - 1 - max(1, len(factors)))}@{{}}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
        *_body(shown, cells, most),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\end{{{kind}}}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text that LaTeX sets as it stands, on one line."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return "".join(SPECIAL.get(letter, letter) for letter in " ".join(kept.split()))


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _extra(report: Report, scores: str | Sequence[str]) -> list[str]:
    """Return the columns of the table that stand beside the mean."""
    benchmarks = [SCORE + name for name in readings.scores(report)]
    domains = [DOMAIN + name for name in readings.scores(report, DOMAIN)]
    kinds = {BENCHMARKS: benchmarks, DOMAINS: domains, NONE: [], AUTO: benchmarks}
    if scores == AUTO and len(benchmarks) > FITTING:
        return domains if len(domains) <= FITTING else []
    if isinstance(scores, str) and scores in kinds:
        return kinds[scores]
    named = [scores] if isinstance(scores, str) else list(scores)
    if unknown := [name for name in named if SCORE + name not in benchmarks]:
        known = [*kinds, *readings.scores(report)]
        raise BadInput(*(f"scores {name!r} is no benchmark of the table; {nearest(name, known)}" for name in unknown))
    return [SCORE + name for name in named]


def _heads(rows: Rows, factors: Sequence[str], extra: Sequence[str]) -> list[str]:
    names = [escaped(name) for name in factors] or ["cell"]
    mean = r"Mean [95\,\%]" if _with_intervals(rows) else "Mean (s.e.)"
    scores = [escaped(name.partition(":")[2]) for name in extra]
    return ["Rank", *names, mean, r"Difference", *(["Group"] if _grouped(rows) else []), *scores]


def _with_intervals(rows: Rows) -> bool:
    return any(not math.isnan(readings.number(row, "low")) for row in rows)


def _grouped(rows: Rows) -> bool:
    return any(readings.word(row, "group") for row in rows)


def _row(row: dict[str, Any], factors: Sequence[str], extra: Sequence[str], *, bold: bool, grouped: bool) -> list[str]:
    names = [escaped(readings.word(row, name) or "-") for name in factors] or [escaped(readings.word(row, "cell"))]
    mark = r"$^\dagger$" if readings.word(row, "source") == PUBLISHED else ""
    mean = _mean(row)
    return [
        _rank(row) + mark,
        *names,
        rf"\textbf{{{mean}}}" if bold else mean,
        _difference(row),
        *([escaped(readings.word(row, "group"))] if grouped else []),
        *(_percent(readings.number(row, name)) for name in extra),
    ]


def _rank(row: dict[str, Any]) -> str:
    rank, low, high = (readings.number(row, name) for name in ("rank", "rank_low", "rank_high"))
    return f"{rank:.0f}" if math.isnan(low) or low == high else f"{rank:.0f} [{low:.0f}--{high:.0f}]"


def _percent(value: float, sign: str = "") -> str:
    if math.isnan(value):
        return LACKING
    return f"{value:{sign}.1f}".replace("-", r"\textminus{}")


def _mean(row: dict[str, Any]) -> str:
    mean, error = readings.number(row, "mean"), readings.number(row, "se_questions")
    low, high = readings.interval(row)
    if math.isnan(low):
        return _percent(mean) + ("" if math.isnan(error) else f" ({error:.1f})")
    return _with(mean, low, high, "")


def _with(mean: float, low: float, high: float, sign: str) -> str:
    if abs((high - mean) - (mean - low)) < 2 * SYMMETRIC:
        return rf"{_percent(mean, sign)}\,\textpm\,{(high - low) / 2:.1f}"
    return f"{_percent(mean, sign)} [{_percent(low, sign)}, {_percent(high, sign)}]"


def _difference(row: dict[str, Any]) -> str:
    mean, low, high = readings.difference(row)
    if readings.is_reference(row):
        return "reference"
    if math.isnan(mean):
        return LACKING
    star = r"\textsuperscript{*}" if readings.word(row, "verdict") == RESOLVED else ""
    return (_percent(mean, "+") if math.isnan(low) else _with(mean, low, high, "+")) + star


def _body(shown: Rows, cells: Sequence[Sequence[str]], most: int) -> Iterator[str]:
    if not shown:
        yield r"\multicolumn{1}{@{}l@{}}{No recipe is ranked.} \\"
    for place, (row, each) in enumerate(zip(shown, cells, strict=True)):
        if place == most:
            yield r"\midrule"
        yield " & ".join(each) + rf" \\ % {_comment(readings.word(row, 'cell'))}"


def _caption(report: Report, every: Rows, shown: Rows, *, most: int) -> Iterator[str]:
    if report.banner:
        yield rf"\textbf{{{' '.join(escaped(line) + '.' for line in report.banner)}}}"
    names = readings.scores(report)
    of = f"{len(names)} benchmarks" if len(names) != 1 else f"the benchmark {escaped(names[0])}"
    yield rf"Recipes ranked by their mean over {of}, in percent{_interval_said(shown)}."
    yield from _counted(report, every, shown, most=most)
    yield from _differences(report, shown)
    if any(readings.best_group(shown)):
        yield (
            r"Bold: recipes that cannot be told from the best one (they share a letter of its tie group; rows without "
            r"a letter in common differ)."
        )
    verdict = getattr(report, "verdict", None)
    if verdict is not None:
        yield escaped(verdict.sentence)
    if any(readings.word(row, "source") == PUBLISHED for row in shown):
        yield r"$^\dagger$ As published: only scores and errors are known, so nothing of it is paired."


def _interval_said(shown: Rows) -> str:
    if _with_intervals(shown):
        return r", with 95\,\% intervals"
    return ", with standard errors over questions" if shown else ""


def _counted(report: Report, every: Rows, shown: Rows, *, most: int) -> Iterator[str]:
    known = {readings.number(row, "questions") for row in shown}
    questions = sorted(int(value) for value in known if not math.isnan(value))
    repeats = sorted({readings.word(row, "repeats").replace("-", " to ") for row in shown} - {""})
    few, many = readings.seeds(shown)
    trained = f"{few}" if few == many else f"{few} to {many}"
    if questions:
        asked = f"{questions[0]:,}" if len(questions) == 1 else f"{questions[0]:,} to {questions[-1]:,}"
        yield (
            f"{asked} questions, {' or '.join(map(escaped, repeats))} repeats, {trained} training "
            f"seed{'s' * (many > 1)} a recipe."
        )
    yield f"Intervals cover questions and decoding; {escaped(report.noise)}."
    if len(shown) < len(every):
        beside = " and the reference" if len(shown) > most else ""
        yield f"The first {min(most, len(shown))} of {len(every)} ranked recipes{beside}."
    left = len(report.table) - len(every)
    if left:
        yield f"Not ranked, and left out: {left} recipe{'s' * (left > 1)} with evaluations missing or flagged."


def _differences(report: Report, shown: Rows) -> Iterator[str]:
    if not any(readings.is_reference(row) for row in shown):
        return
    verdict = getattr(report, "verdict", None)
    corrections = {"holm": "Holm", "bh": "Benjamini-Hochberg"}
    star = r"\textsuperscript{*}: resolved from it"
    adjusted = (
        rf" (adjusted $p < 0.05$, {corrections.get(verdict.correction, verdict.correction)}, "
        f"{verdict.comparisons} comparisons)"
        if verdict is not None
        else ""
    )
    yield rf"Differences to the reference are paired by question, with 95\,\% intervals; {star}{adjusted}."
