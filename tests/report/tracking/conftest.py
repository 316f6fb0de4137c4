"""The loopback server, and a sweep to tell it of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ot_grid.config import Tracking
from ot_grid.report.tracking import Frame, Overall, Piece, Tracked
from tests.report.tracking.server import KEY, Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A server that knows one key, and an environment that points the real client at it."""
    with serving() as running:
        monkeypatch.setenv("WANDB_BASE_URL", running.url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        for name, value in FAST.items():
            monkeypatch.setenv(name, value)
        yield running


HANGS = 600.0  # seconds after which what one waits for will not come, however busy the machine is
FAST = {  # wandb's private settings, by its own names
    "WANDB__FILE_STREAM_TRANSMIT_INTERVAL": "0.1",
    "WANDB__FILE_STREAM_RETRY_WAIT_MIN_SECONDS": "0.2",
    "WANDB__GRAPHQL_RETRY_WAIT_MIN_SECONDS": "0.2",
    "WANDB__FILE_TRANSFER_RETRY_WAIT_MIN_SECONDS": "0.2",
}


def settings(mode: str = "online", **others: object) -> Tracking:
    """Return settings of a test."""
    return Tracking(**{"mode": mode, "project": "p", "entity": "team", "artifacts": "references", "report": True,
                       "timeout": 600, **others})  # fmt: skip


def cell(folder: Path, name: str = "abcd1234", **others: object) -> Tracked:
    """Return a cell with a loss curve, scores, and artifacts from dataset to evaluation."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in {"model.safetensors": "w" * 5000, "matrix.parquet": "m", "rows.parquet": "r"}.items():
        (folder / file).write_text(content)
    pieces = (
        Piece("dataset-x-1", "dataset", str(folder), {"rows.parquet": "1" * 64}, {"key": "1", "made_from": []}),
        Piece("model-x-2", "model", str(folder), {"model.safetensors": "2" * 64},
              {"key": "2", "made_from": ["dataset-x-1"]}),
        Piece("evaluation-sums-3", "evaluation", str(folder), {"matrix.parquet": "3" * 64},
              {"key": "3", "made_from": ["model-x-2"]}, ("matrix.parquet",)),
    )  # fmt: skip
    facts = {
        "id": name, "name": f"filter=length [{name}]", "coordinates": {"filter": "length", "train.seed": "1"},
        "recipe": {"scale": {"rows": 4}, "filter": {"function": "length"}}, "loss": [[10, 2.5], [20, 2.25], [30, 2.0]],
        "summary": {"rank": 1.0, "mean": 41.5, "score/sums": 50.0, "seconds/train": 12.5}, "pieces": pieces,
    }  # fmt: skip
    return Tracked(**{**facts, **others})  # type: ignore[arg-type]


def overall(verdict: str = "The data cannot tell the two apart.") -> Overall:
    """Return what is told of a sweep of two cells."""
    ranked = Frame(("rank", "filter", "cell", "mean"), ((1.0, "length", "abcd1234", 41.5), (2.0, "r", "x", None)))
    effects = Frame(("factor", "choice", "mean"), (("filter", "length", 41.5),))
    return Overall(
        banner=["REHEARSAL: a small model stands in"], verdict=verdict, notes=["a note"],
        markdown="| rank | cell |\n|---|---|\n| 1 | abcd1234 |", factors=["filter", "train.seed"], benchmarks=["sums"],
        ranked=ranked, effects=effects, forest=[("filter=r", -1.5, -3.0, 0.5, "not resolved")],
    )  # fmt: skip
