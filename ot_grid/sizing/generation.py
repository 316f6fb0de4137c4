"""Over how many GPUs a model is split to generate, and how many copies the rest carry.

One idea: the fewest GPUs that hold the weights and the cache of some long replies, since what is sent between GPUs is
lost time; the others work for themselves. It must not load a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ot_grid.errors import BadInput
from ot_grid.sizing.gpus import Gpus, usual
from ot_grid.sizing.models import ModelSize

SHARE = 0.9  # of a GPU's memory for weights, cache and the rest: vLLM takes 0.92, other processes want some
RUNTIME = 3e9  # bytes of a GPU for activations, graphs and NCCL
AT_ONCE = 4  # replies of full length whose cache must fit: the average one is far shorter
PROCESS = 10e9  # bytes of host memory a GPU
SPLITS = (1, 2, 4, 8, 16)
MOST = 16  # GPUs that a model is split over, for saying which splits work


@dataclass(frozen=True)
class Generation:
    """How a model generates on the GPUs of a node."""

    parallel: int  # GPUs that one copy is split over
    replicas: int  # copies that the GPUs carry
    kv_tokens: int  # tokens that the cache of one copy holds


def fit(size: ModelSize, gpus: Gpus, length: int) -> Generation:
    """Return how a model writes replies of up to `length` tokens (with prompts) on a node; `BadInput` if it cannot.

    >>> from ot_grid.sizing.models import of_config
    >>> qwen = of_config({"num_hidden_layers": 28, "hidden_size": 3584, "intermediate_size": 18944,
    ...     "vocab_size": 152064, "num_attention_heads": 28, "num_key_value_heads": 4,
    ...     "max_position_embeddings": 32768})
    >>> made = fit(qwen, Gpus(8, 80), 32768)
    >>> made.parallel, made.replicas
    (1, 8)
    """
    length = min(length, size.context)
    if not gpus.count:
        if size.weights + length * size.kv_bytes(1) > gpus.one:
            raise BadInput(_refused(size, gpus, length))
        return Generation(1, 1, 0)
    for parallel in _splits(size, gpus, length):
        return Generation(parallel, gpus.count // parallel, kv_tokens(size, gpus, parallel))
    raise BadInput(_refused(size, gpus, length))


def _splits(size: ModelSize, gpus: Gpus, length: int) -> Iterator[int]:
    """Yield over how many GPUs of a node a model can be split with enough room for its cache, the fewest first."""
    for parallel in SPLITS:
        enough = kv_tokens(size, gpus, parallel) >= AT_ONCE * length
        if enough and parallel <= gpus.count and size.splits(parallel):
            yield parallel


def over(size: ModelSize, gpus: Gpus, parallel: int, length: int) -> Generation:
    """Return how a model runs split over a number of GPUs that somebody set; `BadInput` where it cannot."""
    if not size.splits(parallel):
        able = ", ".join(str(n) for n in range(1, MOST + 1) if size.splits(n))
        raise BadInput(
            f"{parallel} GPUs cannot share {size.heads} attention heads and {size.kv_heads} KV heads; {able} can"
        )
    room = kv_tokens(size, gpus, parallel)
    if parallel > gpus.count or room < min(length, size.context):
        raise BadInput(_refused(size, gpus, length))
    return Generation(parallel, gpus.count // parallel, room)


def widest(size: ModelSize, gpus: Gpus, length: int) -> Generation:
    """Return how one copy of a model runs on as many GPUs as can share it; `BadInput` where it has no room on them."""
    return over(size, gpus, max(n for n in SPLITS if n <= gpus.count and size.splits(n)), length)


def kv_tokens(size: ModelSize, gpus: Gpus, parallel: int) -> int:
    """Return how many tokens the cache holds beside the weights, when a model is split over some GPUs; 0 for none."""
    room = SHARE * gpus.one - RUNTIME - size.weights / parallel
    return max(0, int(room / size.kv_bytes(parallel)))


def would_fit(size: ModelSize, length: int) -> str:
    """Return in words the GPUs of one node that would do, of those that are usually to be had."""
    found: dict[float, str] = {}
    for gpus in usual():
        smaller = any(memory <= gpus.gigabytes for memory in found)
        if not smaller and gpus.nodes == 1 and any(_splits(size, gpus, length)):
            found[gpus.gigabytes] = str(gpus)
    return ", or ".join(found.values()) or "no node of 8 GPUs that are to be had"


def _refused(size: ModelSize, gpus: Gpus, length: int) -> str:
    return (
        f"{size} parameters are {size.weights / 1e9:.0f} GB of weights, and replies of {length:,} tokens want "
        f"{AT_ONCE * length * size.kv_bytes(1) / 1e9:.0f} GB of cache; there is {gpus}. It would fit "
        f"{would_fit(size, length)}"
    )
