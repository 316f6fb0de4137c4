"""How large a model is, from its own config.json.

One idea: one reader for the config that lies in a model's folder and for the few lines of it that a YAML of ours gives
while the model is not here yet. It must not load weights: of safetensors it reads what stands in front of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput

BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0}
# Bits of a weight by the method of quantization_config, where it does not say them.
BITS = {"fp8": 8, "compressed-tensors": 8, "fbgemm_fp8": 8, "modelopt": 8, "mxfp4": 4, "bitsandbytes": 8}
INDEX = "model.safetensors.index.json"
NO_LIMIT = 1 << 30  # a recurrent model, say: its config names no context


@dataclass(frozen=True)
class ModelSize:
    """What of a model decides where it fits.

    >>> qwq = of_config({"num_hidden_layers": 64, "hidden_size": 5120, "intermediate_size": 27648, "vocab_size": 152064,
    ...                  "num_attention_heads": 40, "num_key_value_heads": 8, "max_position_embeddings": 40960})
    >>> round(qwq.parameters / 1e9, 1), round(qwq.weights / 1e9, 1), qwq.kv_bytes(1), qwq.kv_bytes(2)
    (32.8, 65.5, 262144, 131072)
    """

    parameters: float
    weights: float  # bytes, as they are stored
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int  # tokens of a prompt and its reply
    latent: int = 0  # numbers a token and layer in the cache of latent attention (DeepSeek), which no GPU shares
    cached: int = 2  # bytes of a number in the cache

    def kv_bytes(self, parallel: int) -> int:
        """Return what a token takes in the KV cache of each of `parallel` GPUs."""
        if self.latent:
            return self.cached * self.layers * self.latent
        return self.cached * self.layers * 2 * self.head_dim * math.ceil(self.kv_heads / parallel)

    def loaded(self, quantization: str | None, kv_cache_dtype: str | None) -> ModelSize:
        """Return the size as vLLM has it in memory: FP8 takes a byte; what else is quantized lies in its files so."""
        weights = min(self.weights, self.parameters) if "fp8" in str(quantization) else self.weights
        return replace(self, weights=weights, cached=1 if "fp8" in str(kv_cache_dtype) else 2)

    def splits(self, parallel: int) -> bool:
        """Whether its attention can be split over so many GPUs, as vLLM asks of its models."""
        heads = self.heads % parallel == 0
        return heads and (bool(self.latent) or self.kv_heads % parallel == 0 or parallel % self.kv_heads == 0)

    def __str__(self) -> str:
        billions = self.parameters / 1e9
        return f"{billions:.1f}B" if billions >= 1 else f"{self.parameters / 1e6:.0f}M"


def of_folder(folder: Path) -> ModelSize:
    """Return the size of the model in a folder; raise `BadInput` when its config says nothing of it."""
    return _read(folder, (folder / "config.json").stat().st_mtime_ns)


@cache
def _read(folder: Path, changed: int) -> ModelSize:
    """Read the files of a folder, once for all stage runs that load it; `changed` is when its config was written."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return of_config({**config, **_of_files(folder)}, where=str(folder / "config.json"))


def of_config(config: Mapping[str, Any], where: str = "its config") -> ModelSize:
    """Return the size that a config tells; `parameters` and `bytes` in it win over what follows from the rest.

    Raises `BadInput` where layers, width or heads are not said: nothing follows then.
    """
    config = {**config, **(config.get("text_config") or {})}  # multimodal models keep it one level down
    layers = _number(config, "num_hidden_layers", "n_layer", "num_layers", "n_layers")
    hidden = _number(config, "hidden_size", "n_embd", "d_model")
    heads = _number(config, "num_attention_heads", "n_head", "num_heads", "n_heads")
    if not (layers and hidden and heads):
        raise BadInput(
            f"{where} does not say how large the model is (num_hidden_layers, hidden_size, num_attention_heads); say "
            "it in `size` of its YAML in conf/model, or with '+cluster.sizes={ID: {parameters: 7e9, "
            "num_hidden_layers: 28, ...}}'"
        )
    latent = _number(config, "kv_lora_rank")
    counted = ModelSize(
        parameters=0,
        weights=0,
        layers=layers,
        hidden=hidden,
        intermediate=_number(config, "intermediate_size", "n_inner", "ffn_dim") or 4 * hidden,
        heads=heads,
        kv_heads=_number(config, "num_key_value_heads", "num_kv_heads") or heads,
        head_dim=_number(config, "head_dim") or hidden // heads,
        vocabulary=_number(config, "vocab_size"),
        context=_number(config, "max_position_embeddings", "n_positions", "max_sequence_length") or NO_LIMIT,
        latent=latent + _number(config, "qk_rope_head_dim") if latent else 0,
    )
    parameters = float(config.get("parameters") or _counted(counted, config))
    weights = float(config.get("bytes") or parameters * _bytes_each(config))
    return ModelSize(**{**vars(counted), "parameters": parameters, "weights": weights})


def _number(config: Mapping[str, Any], *names: str) -> int:
    """Return the first of some settings that a config gives as a number, 0 where it gives none."""
    return next((int(config[name]) for name in names if isinstance(config.get(name), (int, float))), 0)


def _counted(size: ModelSize, config: Mapping[str, Any]) -> float:
    """Return the parameters of a decoder of the usual make: gated MLP, or experts of that make."""
    attention = 2 * size.hidden * size.head_dim * (size.heads + size.kv_heads)
    experts = _number(config, "num_experts", "num_local_experts", "n_routed_experts")
    mlp = 3 * size.hidden * size.intermediate
    if experts:
        mlp = experts * 3 * size.hidden * (_number(config, "moe_intermediate_size") or size.intermediate)
    embeddings = size.vocabulary * size.hidden * (1 if config.get("tie_word_embeddings") else 2)
    return size.layers * (attention + mlp) + embeddings


def _bytes_each(config: Mapping[str, Any]) -> float:
    quantized = config.get("quantization_config") or {}
    usual = 4 if quantized.get("load_in_4bit") else BITS.get(str(quantized.get("quant_method")))
    bits = quantized.get("bits") or usual
    if bits:
        return float(bits) / 8
    return BYTES.get(str(config.get("dtype") or config.get("torch_dtype") or "bfloat16"), 2.0)


def _of_files(folder: Path) -> dict[str, float]:
    """Return parameters and bytes as the safetensors of a folder tell them, nothing where there are none."""
    files = sorted(folder.glob("*.safetensors"))
    if (folder / INDEX).exists():
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        files = sorted({folder / name for name in index["weight_map"].values()})
    if not files or not all(file.exists() for file in files):
        return {}
    parameters = weights = 0
    for file in files:
        for name, tensor in _header(file).items():
            if name != "__metadata__":
                parameters += math.prod(tensor["shape"])
                weights += tensor["data_offsets"][1] - tensor["data_offsets"][0]
    return {"parameters": parameters, "bytes": weights} if parameters else {}


def _header(file: Path) -> dict[str, Any]:
    """Return what stands in front of the tensors of a safetensors file: their names, shapes and places."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header: dict[str, Any] = json.loads(opened.read(length))
    return header
