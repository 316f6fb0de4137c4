"""TRL's arguments for an order: what of a recipe, of the device and of the number of processes goes where.

One idea: rows a step are the recipe's; how many are worked on at once, and with what kernels, is the machine's. It must
not load torch.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid.errors import BadInput

if TYPE_CHECKING:
    from trl import SFTConfig

ROWS_AT_ONCE = {"cuda": 1, "cpu": 8}  # per device; the global batch is made up by accumulation
WAITS = 7200  # seconds that a process waits for another: a student is loaded, a checkpoint read from a slow disk


def arguments(order: dict[str, Any], device: str) -> SFTConfig:
    """Return TRL's arguments for an order."""
    from trl import SFTConfig

    world = int(os.environ.get("WORLD_SIZE", "1"))
    at_once, accumulation = split_batch(order["batch_size"], device, world)
    half = device == "cuda" and order["dtype"] != "float32"
    return SFTConfig(
        output_dir=str(Path(order["out"]) / "checkpoints"),
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=accumulation,
        num_train_epochs=order["epochs"],
        learning_rate=order["learning_rate"],
        lr_scheduler_type=order["schedule"],
        warmup_steps=order["warmup_ratio"],  # below 1 it is a share of all steps
        weight_decay=order["weight_decay"],
        adam_beta1=order["adam_betas"][0],
        adam_beta2=order["adam_betas"][1],
        adam_epsilon=order["adam_epsilon"],
        max_length=order["max_length"],
        packing=order["packing"],
        dataset_kwargs={"skip_prepare_dataset": True},  # rows are tokens with labels, cut and packed already
        seed=order["seed"],
        data_seed=order["seed"],
        bf16=half,
        # weights stay in float32 and autocast does the rest: bfloat16 weights lose small updates
        model_init_kwargs={"dtype": "float32", **attention(order, device)},
        gradient_checkpointing=device == "cuda",
        # Sharded gradients stay sharded between the rows of a step: whole ones would take 2 bytes a parameter.
        accelerator_config={"gradient_accumulation_kwargs": {"sync_each_batch": shares()}},
        ddp_timeout=WAITS,
        use_cpu=device == "cpu",
        ddp_find_unused_parameters=False,
        ddp_backend="gloo" if device == "cpu" and world > 1 else None,
        save_strategy="steps",
        save_steps=order["checkpoint_steps"],
        save_total_limit=2,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )


def shares() -> bool:
    """Whether accelerate was told to share one student between processes (FSDP)."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def attention(order: dict[str, Any], device: str) -> dict[str, str]:
    """Return what loads a model with the attention that is asked for; nothing where transformers may choose.

    For packed rows flash attention is taken where it is installed: torch's own builds a mask of all pairs for them.
    """
    implementation = order["attention"]
    if implementation == "auto":
        packed = order["packing"] and device == "cuda" and find_spec("flash_attn") is not None
        return {"attn_implementation": "flash_attention_2"} if packed else {}
    if implementation.startswith("flash") and device == "cpu":
        raise BadInput(
            f"cluster.attention={implementation!r} is for GPUs, and there is none here; use auto, sdpa or eager"
        )
    return {"attn_implementation": implementation}


def split_batch(batch_size: int, device: str, world: int) -> tuple[int, int]:
    """Return rows at once per device and accumulation steps whose product over all devices is the global batch."""
    if batch_size % world:
        raise BadInput(f"train.batch_size={batch_size} cannot be shared by {world} devices; use a multiple of {world}")
    share = batch_size // world
    at_once = max(n for n in range(1, ROWS_AT_ONCE[device] + 1) if share % n == 0)
    return at_once, share // at_once
