"""Models of which the sizes are known, as their config.json says them."""

from __future__ import annotations

from typing import Any

from ot_grid.sizing.models import ModelSize, of_config


def config(layers: int, hidden: int, heads: int, kv_heads: int, **more: Any) -> dict[str, Any]:
    """Return the lines of a config.json that say how large a model is."""
    return {
        "num_hidden_layers": layers, "hidden_size": hidden, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, **more,
    }  # fmt: skip


CONFIGS = {
    "135M": config(30, 576, 9, 3, intermediate_size=1536, vocab_size=49152, tie_word_embeddings=True),
    "1.5B": config(28, 1536, 12, 2, intermediate_size=8960, vocab_size=151936, tie_word_embeddings=True),
    "7B": config(28, 3584, 28, 4, intermediate_size=18944, vocab_size=152064, max_position_embeddings=32768),
    "phi": config(40, 5120, 40, 10, intermediate_size=17920, vocab_size=100352, max_position_embeddings=32768),
    "32B": config(64, 5120, 40, 8, intermediate_size=27648, vocab_size=152064, max_position_embeddings=40960),
    "671B": config(
        61, 7168, 128, 128, intermediate_size=18432, vocab_size=129280, kv_lora_rank=512, qk_rope_head_dim=64,
        parameters=671e9, bytes=689e9,
    ),
}  # fmt: skip


def size(name: str) -> ModelSize:
    """Return the size of one of them."""
    return of_config(CONFIGS[name])
