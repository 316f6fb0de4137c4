"""The arguments of vLLM's engine that are set for a model: which there are, and which would change replies.

One idea: what changes replies is said of the model, whose key knows of it; the rest is how a machine does its work. It
must not load vLLM: planning asks, too.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ot_grid.config import Cluster, Model
from ot_grid.errors import BadInput, nearest

OURS = ("model", "dtype", "max_model_len", "seed", "enforce_eager", "disable_log_stats")  # which follow from the rest
OF_IDENTITY = ("quantization", "kv_cache_dtype")
# Other weights, other words, other numbers of a token: no key would know of them.
CHANGING = (
    "code_revision", "config_format", "convert", "default_mm_loras", "diffusion_config", "disable_sliding_window",
    "enable_lora", "generation_config", "hf_config_path", "hf_overrides", "kv_cache_dtype_skip_layers",
    "logits_processors", "lora_dtype", "mamba_cache_dtype", "mamba_ssm_cache_dtype", "model_class_overrides",
    "model_weights", "override_generation_config", "quantization_config", "reasoning_config", "revision", "runner",
    "structured_outputs_config", "tokenizer", "tokenizer_mode", "tokenizer_revision", "watermark_config",
)  # fmt: skip
MADE_UP = ("load_format", "dummy")  # weights that nobody trained; other formats are ways to read the same ones
SOURCE = Path("engine") / "arg_utils.py"  # of vLLM


def arguments(model: Model | None, cluster: Cluster) -> dict[str, Any]:
    """Return the arguments of vLLM's engine that are set for a model; raise `BadInput` for those there are not."""
    if model is None:
        return {}
    told = list(problems(model.id, cluster))
    if told:
        raise BadInput(*told)
    settings: Mapping[str, Any] = cluster.engine_args.get(model.id) or {}
    return {**settings, **{name: value for name in OF_IDENTITY if (value := getattr(model, name))}}


def problems(of: str, cluster: Cluster) -> Iterator[str]:
    """Yield what is wrong with the arguments of a model, by its id."""
    settings, where = cluster.engine_args.get(of) or {}, f"engine_args of {of}"
    if not isinstance(settings, Mapping):
        yield f"{where}={settings!r}: must be arguments and their values, e.g. {{max_num_seqs: 64}}"
        return
    for name, value in settings.items():
        if name in OF_IDENTITY:
            yield f"{where}: {name} changes replies; say it of the model: +teacher.model.{name}={value}"
        elif name in CHANGING or (name, value) == MADE_UP:
            yield f"{where}: {name} changes replies, and no key would know; use a model of another id that is made so"
        elif name in OURS:
            yield f"{where}: {name} follows from the recipe and the machine, and cannot be set"
        elif _known() and name not in _known():
            yield f"{where}: vLLM has no {name}; {nearest(name, difflib.get_close_matches(name, _known(), 8, 0.4))}"


@cache
def _known() -> tuple[str, ...]:
    """Return the arguments there are, read off vLLM's source, since to load it takes seconds; none where it is not."""
    found = find_spec("vllm")
    path = Path(found.origin).parent / SOURCE if found and found.origin else None
    if path is None or not path.exists():
        return ()
    names: list[str] = []
    for made in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(made, ast.ClassDef) and made.name == "EngineArgs":
            fields = [line.target for line in made.body if isinstance(line, ast.AnnAssign)]
            names += [target.id for target in fields if isinstance(target, ast.Name)]
    return tuple(names)
