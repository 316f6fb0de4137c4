"""How a student is trained on the GPUs there are, and what that takes.

One idea: sixteen bytes a parameter (weights, gradients and Adam's two moments in float32), whole on each GPU or shared
by all, and what one row of the longest length leaves behind on top. Estimates, on the safe side. It must not start
anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ot_grid.errors import BadInput
from ot_grid.sizing.gpus import Gpus, usual
from ot_grid.sizing.models import ModelSize

Sharing = Literal["one_gpu", "ddp", "fsdp", "hsdp", "cpu"]
SHARED: tuple[Sharing, ...] = ("fsdp", "hsdp")
STATE = 16  # bytes a parameter: weight, gradient, two moments, float32 each
BUCKETS = 4  # bytes a parameter that DDP holds besides, to send gradients in
SAVED = 4  # bytes a parameter of a trained student, half of them where it was trained in 16 bits
CHECKPOINT = 12  # bytes a parameter: all but the gradients
RUNTIME = 2e9  # bytes: CUDA's context, NCCL's buffers, pieces that do not fit together
USABLE = 0.92  # of a GPU's memory
PROCESS = 5e9  # bytes of host memory that a process takes with torch in it
SLOW_DISK = 0.25e9  # bytes a second, for a checkpoint that must be written before a job's end


@dataclass(frozen=True)
class Training:
    """How a training runs, and what each GPU and each node needs for it."""

    sharing: Sharing
    gpus: Gpus
    gpu_bytes: float  # of each GPU
    host_bytes: float  # of each node
    checkpoint_bytes: float  # of a checkpoint
    grace: int  # seconds in which a step ends and a checkpoint is written

    @property
    def config(self) -> str:
        """The file of slurm/accelerate that does it."""
        if self.sharing in ("one_gpu", "cpu"):
            return "one_gpu"
        return f"{'one_node' if self.gpus.nodes == 1 else 'many_nodes'}_{self.sharing}"


def fit(size: ModelSize, gpus: Gpus, length: int, fixed: Sharing | None = None) -> Training:
    """Return how a student is trained on all of `gpus` with rows of up to `length` tokens; `BadInput` if it cannot be.

    Copies on every GPU where one has room, since nothing but gradients is sent then; else one student shared by the
    GPUs of a node, a copy a node (HSDP); else one shared by all. What is `fixed` is taken; that it shares is believed,
    for its file may put on the host what has no room.
    """
    needs = {sharing: needed(size, gpus, length, sharing) for sharing in ([fixed] if fixed else _possible(gpus))}
    for sharing, need in needs.items():
        if need <= USABLE * gpus.one or (fixed and sharing in SHARED):
            return _training(size, gpus, sharing, need)
    least = min(needs.values())
    raise BadInput(
        f"training {size} parameters on rows of {length:,} tokens takes {least / 1e9:.0f} GB "
        f"{'on each GPU' if gpus.count else 'of memory'}, and there is {gpus}; it would fit {would_fit(size, length)}"
    )


def _possible(gpus: Gpus) -> tuple[Sharing, ...]:
    if gpus.all <= 1:
        return ("one_gpu",) if gpus.count else ("cpu",)
    return ("ddp", "fsdp") if gpus.nodes == 1 else ("ddp", "hsdp", "fsdp")


def would_fit(size: ModelSize, length: int) -> str:
    """Return in words the GPUs that a training would fit, of those that are usually to be had."""
    known: dict[tuple[int, float], str] = {}
    for gpus in usual():
        sharing: Sharing = "one_gpu" if gpus.all == 1 else "fsdp"
        smaller = any(nodes <= gpus.nodes and memory <= gpus.gigabytes for nodes, memory in known)
        if not smaller and needed(size, gpus, length, sharing) <= USABLE * gpus.one:
            known[gpus.nodes, gpus.gigabytes] = str(gpus)
    return ", or ".join(known.values()) or "no two nodes of 8 GPUs that are to be had; take a smaller student"


def needed(size: ModelSize, gpus: Gpus, length: int, sharing: Sharing) -> float:
    """Return the bytes that a training takes on each GPU, or of the machine's memory without one."""
    if sharing in SHARED:
        sharers = gpus.count if sharing == "hsdp" else gpus.all
        return STATE * size.parameters / sharers + beside_shards(size, length) + RUNTIME
    each = STATE + BUCKETS if sharing == "ddp" else STATE
    return each * size.parameters + beside_copy(size, length) + RUNTIME


def beside_copy(size: ModelSize, length: int) -> float:
    """Return the most bytes that one row takes beside a whole student and its optimizer, with gradient checkpointing.

    The inputs of all layers in float32, one layer that is computed again for its gradient, and the gradient of what
    writes words; or, with short rows, three of that: as head, as embedding, and their sum. TRL computes the loss in
    pieces, so no row of logits is ever whole. The factors are counted from tensors: tests/sizing/simulated.py.
    """
    words = 4 * size.vocabulary * size.hidden
    layer = 34 * size.hidden + 12 * size.intermediate
    return max(length * (4 * size.layers * size.hidden + layer) + words, 3 * words)


def beside_shards(size: ModelSize, length: int) -> float:
    """Return the most bytes that one row takes beside the shards of a student, under FSDP.

    As above in 16 bits; and whole at a time: what reads and writes words with its gradient, a layer, the next one, and
    the layer's gradient in float32. With short rows the gradients of words, in both sizes, are the most.
    """
    words = 2 * size.vocabulary * size.hidden
    gathered = 8 * max(0.0, size.parameters - words) / size.layers
    layer = 21 * size.hidden + 12 * size.intermediate
    return max(length * (2 * size.layers * size.hidden + layer) + 3 * words + gathered, 6 * words)


def _training(size: ModelSize, gpus: Gpus, sharing: Sharing, need: float) -> Training:
    whole, processes = 4 * size.parameters, max(1, gpus.count)
    # Sharded, the first process alone reads the weights, and gathers them at the end; else each reads them all.
    loaded = 2 * whole if sharing in SHARED else processes * whole
    checkpoint = CHECKPOINT * size.parameters
    grace = 60 * math.ceil((60 + checkpoint / SLOW_DISK) / 60)
    return Training(sharing, gpus, need, loaded + processes * PROCESS, checkpoint, grace)
