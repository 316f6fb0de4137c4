"""The report as one HTML file: everything in it, nothing loaded, nothing run but its own script.

One idea: the page is a fixed script and style, allowed by their digests alone, over data that are no markup. It must
not put a word of the data into HTML itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from ot_grid.report.page.evidence import Evidence, PageLimits, collect
from ot_grid.report.page.pack import columns, inline, packed_json, plain

if TYPE_CHECKING:
    from ot_grid.report.build import Report

__all__ = ["Evidence", "PageLimits", "collect", "html"]

SCRIPTS = ("text", "dom", "data", "grid", "scale", "ranking", "forest", "factors", "baselines", "cost", "heat", "cell",
           "questions", "outputs", "steps", "main")  # fmt: skip


def html(report: Report, evidence: Evidence | None = None) -> str:
    """Return the page; without evidence it has the numbers alone."""
    frames = {"benchmarks": report.benchmarks, "apart": report.apart}
    blobs = {"frames": packed_json({name: columns(frame) for name, frame in frames.items()})}
    style, script = style_and_script()
    return Template(_asset("page.html")).substitute(
        style_digest=_digest(style),
        script_digest=_digest(script),
        style=style,
        script=script,
        data=inline(_facts(report, evidence)),
        blobs="\n".join(_blob(name, pack) for name, pack in {**blobs, **(evidence.blobs if evidence else {})}.items()),
    )


@cache
def style_and_script() -> tuple[str, str]:
    """Return the one style and the one script of every page."""
    body = "\n".join(_asset(f"js/{name}.js") for name in SCRIPTS)
    return _asset("page.css"), f'"use strict";\n(() => {{\n{body}\n}})();\n'


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _blob(name: str, pack: str) -> str:
    return f'<script type="text/plain" id="blob-{name}">{pack}</script>'


def _facts(report: Report, evidence: Evidence | None) -> Mapping[str, Any]:
    sweep = report.sweep
    facts = {
        "sweep": sweep.name,
        "command": sweep.command_line,
        "created": f"{sweep.created:%Y-%m-%d %H:%M %Z}",
        "factors": {name: list(choices) for name, choices in sweep.factors.items()},
        "question": report.sweep.question,
        "banner": list(report.banner),
        "notes": list(report.notes),
        "noise": report.noise,
        "reference": report.reference,
        "complete": report.complete,
        "ranked_by": list(report.view.ranking),
        "held_out": list(report.view.held_out),
        "verdict": _verdict(report),
        "table": columns(report.table),
        "effects": columns(report.factors),
        "interactions": columns(report.interactions) if hasattr(report, "interactions") else {},
        "baselines": columns(report.beside) if len(report.beside) else {},
        "evidence": dict(evidence.index) if evidence else None,
    }
    return {name: plain(value) for name, value in facts.items()}


def _verdict(report: Report) -> Mapping[str, Any] | None:
    said = getattr(report, "verdict", None)
    return asdict(said) if is_dataclass(said) and not isinstance(said, type) else None
