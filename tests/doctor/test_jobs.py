"""Whether the cluster could ever run the jobs of a plan; its answers are given."""

from __future__ import annotations

import pytest

from ot_grid import api
from ot_grid.cluster import capacity
from ot_grid.cluster.capacity import Node
from ot_grid.doctor import slurm
from ot_grid.doctor.finding import BROKEN


@pytest.mark.parametrize(("kind", "broken"), [("h100", 1), ("h200", 0)])
def test_a_model_that_fits_no_gpu_of_the_cluster_is_broken(monkeypatch: pytest.MonkeyPatch, kind: str, broken: int):
    """Told once, beside what each other job asks for."""
    monkeypatch.setattr(capacity, "nodes", lambda: [Node("gpu", True, 128, 2_000_000, ((kind, 8),), None)])
    monkeypatch.setattr(slurm, "refused", lambda given: "")
    findings = list(slurm.fits(api.plan(["cluster=slurm", "scale=ot_1k", "filter=length,random", "teacher=r1"])))
    told = [finding.told for finding in findings if finding.state == BROKEN]
    assert len(told) == broken
    assert all("traces r1-x1: deepseek-ai/DeepSeek-R1: 671.0B" in text for text in told)
    assert any("train: " in finding.told and "gpus-per-node=8" in finding.told for finding in findings)
