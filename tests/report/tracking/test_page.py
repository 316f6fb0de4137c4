"""What the W&B Report and the picture are, without any network."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ot_grid.report.tracking import page, whole
from tests.report.tracking.conftest import overall

pytestmark = pytest.mark.slow  # real W&B clients, processes of their own

GOLDEN = Path(__file__).parent / "report.json"


def spec() -> dict[str, Any]:
    """Return the spec of the report as it is sent, without the ids that the library draws."""
    made = page.report("grid", asdict(overall()), entity="team", project="p")
    return steady(json.loads(made._to_model().spec.model_dump_json(by_alias=True, exclude_none=True)))


def steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: steady(item) for name, item in value.items() if name not in ("id", "__id__", "ref")}
    return [steady(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch):
    """The library asks for nothing but the project's number."""
    monkeypatch.setattr("wandb_workspaces.reports.v2.interface._get_api", lambda: None)
    monkeypatch.setattr(
        "wandb_workspaces.reports.v2.interface.execute_graphql", lambda *_: {"project": {"id": "1", "internalId": "1"}}
    )


def test_the_spec_is_the_one_that_was_looked_at():
    """The report's spec equals the golden file; delete the file and run again to write it anew, then read the diff."""
    made = spec()
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps(made, indent=1) + "\n")
    assert made == json.loads(GOLDEN.read_text())


def test_the_run_sets_are_those_of_the_sweep():
    """Panels show the runs of this group alone, cells and table apart."""
    text = json.dumps(spec())
    found = re.findall(r'"key": {"section": "run", "name": "(\w+)"}, "op": "=", "value": "(\w+)"', text)
    assert found == [("group", "grid"), ("jobType", "table"), ("group", "grid"), ("jobType", "cell")]


def test_the_picture_is_drawn_where_there_is_something_to_draw():
    """A PNG of the intervals; nothing without rows."""
    picture = whole.forest([("a", 1.0, 0.5, 1.5, "resolved"), ("b", -1.0, -3.0, 1.0, "not resolved")])
    assert picture is not None
    assert picture.read(4) == b"\x89PNG"
    assert whole.forest([]) is None
