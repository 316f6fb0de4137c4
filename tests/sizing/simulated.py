"""What a training takes of a GPU's memory, without a GPU: its steps over tensors that have a shape and no numbers.

    python tests/sizing/simulated.py '[{"config": {...}, "length": 16384, "sharers": 8}, ...]'

As the trainer does it: TRL's loss in pieces, gradient checkpointing, autocast that keeps no casts (or FSDP2 over some
processes that are played), two rows a step. Writes the bytes of the cases as a list, in its last line. What CUDA and
NCCL take for themselves is not in them, nor is what lies idle between pieces.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from typing import Any

import torch
import transformers.masking_utils
import trl.kernels.chunked_logprob as tiles
from torch import distributed
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.fsdp2_mem_tracker import FSDPMemTracker
from torch.distributed._tools.mem_tracker import MemTracker
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM
from trl.trainer.utils import add_fused_lm_head

FAMILIES: dict[str, Any] = {"qwen2": (Qwen2Config, Qwen2ForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM)}
MOMENTS = 8  # bytes a parameter: Adam makes them in the first step, after its rows

# A GPU folds each tile of logits in one kernel; on a CPU it is done with tensors as large as the tile.
for name in ("_forward_tile", "_backward_tile", "_addmm_fp32"):
    setattr(tiles, name, lambda *_, **__: None)
# Whether rows are packed is read off positions, which have no numbers here.
transformers.masking_utils.find_packed_sequence_indices = lambda *_, **__: None


def peak(config: dict[str, Any], length: int, sharers: int) -> float:
    """Return the most bytes that are held at a time, with Adam's moments."""
    plain = {key: value for key, value in config.items() if key != "model_type"}
    made, of = FAMILIES[config.get("model_type", "qwen2")]
    mesh = processes(sharers)
    with FakeTensorMode():
        model = of(made(**plain, max_position_embeddings=1 << 17, attn_implementation="sdpa"))
        parameters = sum(weight.numel() for weight in model.parameters())
        model.train()
        model.gradient_checkpointing_enable({"use_reentrant": False})
        add_fused_lm_head(model, outputs=("log_probs", "entropy", "is_top1"))
        if mesh:
            share(model, mesh)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
        if mesh:
            tracker: Any = FSDPMemTracker(model, optimizer)
        else:
            tracker = MemTracker()
            tracker.track_external(model, optimizer)
        ids = torch.randint(0, 100, (1, length))
        with tracker:
            for _ in range(2):
                tracker.reset_mod_stats()
                with nullcontext() if mesh else torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
                    out = model(input_ids=ids, labels=ids.clone(), fused_lm_head=True)
                out.loss.backward()
            held = tracker.get_tracker_snapshot("peak")
    return float(max(one["Total"] for one in held.values()) + MOMENTS * parameters / sharers)


def processes(sharers: int) -> DeviceMesh | None:
    """Return so many processes, of which this one is real, or None for one."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
    if sharers == 1:
        return None
    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=sharers)
    return init_device_mesh("cpu", (sharers,))


def share(model: Any, mesh: DeviceMesh) -> None:
    """Share a model between processes, layer by layer, as accelerate does it for us."""
    policy = MixedPrecisionPolicy(torch.bfloat16, reduce_dtype=torch.float32, output_dtype=torch.bfloat16)
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh, mp_policy=policy, reshard_after_forward=True)
    fully_shard(model, mesh=mesh, mp_policy=policy, reshard_after_forward=True)


if __name__ == "__main__":
    sys.stdout.write(json.dumps([peak(**case) for case in json.loads(sys.argv[1])]) + "\n")
