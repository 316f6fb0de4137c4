"""The trainer in one of several CPU processes that share a student (FSDP2), which accelerate gives to GPUs only.

    torchrun --nproc_per_node 2 tests/stages/training/shared_trainer.py ORDER.json TOLD.json

Beside training it notes, for the first process: the losses, and whether a gradient was ever whole between two rows of a
step. Everything else is the trainer as it is.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import accelerate.state as states
import torch
from accelerate.utils import DistributedType
from torch.distributed.fsdp import FSDPModule

from ot_grid import machine
from ot_grid.stages.training import arguments, sft

made = states.PartialState.__init__


def init(self: Any, *args: Any, **more: Any) -> None:
    made(self, *args, **more)
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.MULTI_GPU


states.PartialState.__init__ = init  # type: ignore[method-assign]
meet = torch.distributed.barrier
torch.distributed.barrier = lambda *args, **more: meet(*args, **{n: v for n, v in more.items() if n != "device_ids"})
machine.end_with_parent = lambda: None

whole_gradients: list[str] = []
dealing_trainer = sft.dealing_trainer


def watched(batch: int) -> Any:
    """The trainer, looked into after each row."""

    class Watched(dealing_trainer(batch)):  # type: ignore[misc]
        def training_step(self, model: Any, *rest: Any, **more: Any) -> Any:
            loss = super().training_step(model, *rest, **more)
            for name, module in model.named_modules():
                group = module._get_fsdp_state()._fsdp_param_group if isinstance(module, FSDPModule) else None
                for parameter in group.fsdp_params if group else ():
                    whole = getattr(parameter, "_unsharded_param", None)
                    if parameter.unsharded_accumulated_grad is not None or getattr(whole, "grad", None) is not None:
                        whole_gradients.append(name)
            return loss

    return Watched


if __name__ == "__main__":
    sft.dealing_trainer = watched
    arguments.ROWS_AT_ONCE["cpu"] = 1  # as on a GPU, so that a step has several rows of each process
    code = 1
    try:
        trainer = sft.main(sys.argv[1])
        plugin = trainer.accelerator.state.fsdp_plugin
        told = {
            "kind": str(trainer.accelerator.distributed_type),
            "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
            "whole_gradients": sorted(set(whole_gradients)),
            "reduced_in": str(plugin.mixed_precision_policy.reduce_dtype) if plugin.mixed_precision_policy else None,
        }
        if trainer.is_world_process_zero():
            Path(sys.argv[2]).write_text(json.dumps(told))
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if code:
            import traceback

            traceback.print_exc()
        os._exit(code)
