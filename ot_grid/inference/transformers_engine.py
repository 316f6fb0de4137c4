"""The transformers engine: batches on a CPU or on GPUs, and the same draws whatever the batch.

One idea: every reply draws from numbers of its own, made from its seed, so batch size and order change nothing but
rounding. It must not use a global random state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ot_grid.config import Cluster, Dtype, Model, Sampling
from ot_grid.errors import BadInput, nearest
from ot_grid.inference.engine import Output, Outputs, Prompt
from ot_grid.inference.prompts import Template

if TYPE_CHECKING:
    import torch

DTYPES = get_args(Dtype)


class TransformersEngine:
    """A model run by `transformers.generate`."""

    def __init__(self, folder: Path, cluster: Cluster, model: Model | None = None) -> None:
        if cluster.dtype not in DTYPES:
            raise BadInput(f"cluster.dtype={cluster.dtype!r} is no dtype; {nearest(cluster.dtype, DTYPES)}")
        unable = [name for name in ("quantization", "kv_cache_dtype") if model and getattr(model, name)]
        if model and unable:
            raise BadInput(
                f"{model.id} is to have {' and '.join(unable)}, which the transformers engine does not know; use "
                "cluster.engine=vllm"
            )
        self.template = Template(folder, model.chat_template_kwargs if model else None)
        self.cluster = cluster
        self._model: Any = None

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return messages as the chat template writes them."""
        return self.template.render(messages)

    def rooms(self, prompts: Sequence[str]) -> list[tuple[int, int]]:
        """Return of each prompt its tokens, and how many a reply may have."""
        return self.template.rooms(prompts)

    def generate(self, jobs: Sequence[Prompt], sampling: Sampling) -> Outputs:
        """Yield the outputs of one batch after the other, the longest prompts first."""
        ids = self.template.tokens([job.text for job in jobs])
        rooms = [min(sampling.max_tokens, self.template.room(len(row))) for row in ids]
        # One limit a batch: near the end of the context the room for a reply differs from prompt to prompt.
        order = sorted(range(len(jobs)), key=lambda index: (-rooms[index], -len(ids[index])))
        for room, same in groupby(order, key=rooms.__getitem__):
            for batch in _batches(list(same), self.cluster.batch_size):
                seeds = [jobs[index].seed for index in batch]
                yield list(zip(batch, self._run([ids[index] for index in batch], seeds, sampling, room), strict=True))

    def describe(self) -> dict[str, Any]:
        """Return what computes."""
        import torch

        return {
            "name": "transformers",
            "transformers": version("transformers"),
            "torch": version("torch"),
            "dtype": self._dtype(),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "threads": self.cluster.threads or torch.get_num_threads(),
            "seeding": "reply",
        }

    def told(self) -> dict[str, Any]:
        """Return nothing: it has no cache of its own."""
        return {}

    def close(self) -> None:
        """Free the weights."""
        import torch

        self._model = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _dtype(self) -> str:
        import torch

        if self.cluster.dtype != "auto":
            return self.cluster.dtype
        return "bfloat16" if torch.cuda.is_available() else "float32"  # float32 is the faster one on a CPU thread

    def _load(self) -> Any:
        import torch
        from transformers import AutoModelForCausalLM, GenerationConfig

        if self._model is None:
            if self.cluster.threads:
                torch.set_num_threads(self.cluster.threads)
            place = {"device_map": "auto"} if torch.cuda.is_available() else {}
            dtype = getattr(torch, self._dtype())
            model = AutoModelForCausalLM.from_pretrained(self.template.folder, dtype=dtype, **place).eval()
            own, template = model.generation_config.eos_token_id, self.template
            ends = _ends(own, template.tokenizer.eos_token_id, template.ends())
            # Replaced, not changed: a repetition penalty or a top_k that the model's own file sets would be merged in.
            model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=ends[0])
            self._model = model
        return self._model

    def _run(self, ids: list[list[int]], seeds: list[int], sampling: Sampling, room: int) -> list[Output]:
        import torch

        model = self._load()
        ends: list[int] = model.generation_config.eos_token_id
        tokens, mask = _left_padded(ids, ends[0])
        with torch.inference_mode():
            written = model.generate(
                input_ids=tokens.to(model.device),
                attention_mask=mask.to(model.device),
                max_new_tokens=room,
                do_sample=False,
                logits_processor=_drawing(sampling, seeds, room),
            )[:, tokens.shape[1] :].tolist()
        return [self._output(row, len(prompt), set(ends)) for row, prompt in zip(written, ids, strict=True)]

    def _output(self, row: list[int], prompt_tokens: int, ends: set[int]) -> Output:
        end = next((index for index, token in enumerate(row) if token in ends), None)
        reply = row if end is None else row[: end + 1]
        text = self.template.decode(reply)
        return Output(text, "length" if end is None else "stop", prompt_tokens, len(reply))


def _batches(items: list[int], size: int) -> Iterator[list[int]]:
    return (items[start : start + size] for start in range(0, len(items), max(1, size)))


def _ends(*ids: int | list[int] | None) -> list[int]:
    found = [token for some in ids if some is not None for token in (some if isinstance(some, list) else [some])]
    if not found:
        raise BadInput("the model names no token that ends a reply; set eos_token_id in its generation_config.json")
    return sorted(set(found))


def _left_padded(ids: list[list[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    width = max(map(len, ids))
    tokens = torch.tensor([[pad] * (width - len(row)) + row for row in ids])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in ids])
    return tokens, mask


def _drawing(sampling: Sampling, seeds: list[int], room: int) -> list[Any]:
    """Return the processors that make HF's greedy step a draw: temperature, top_k, top_p, then one token."""
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    if sampling.temperature == 0:
        return []
    chain: list[Any] = [TemperatureLogitsWarper(float(sampling.temperature))]
    if sampling.top_k and sampling.top_k > 0:
        chain.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        chain.append(TopPLogitsWarper(sampling.top_p))
    return [*chain, _Draw(seeds, room)]


class _Draw:
    """Leaves one token a row: the one at which the cumulative probability passes the row's own number."""

    def __init__(self, seeds: list[int], room: int) -> None:
        import numpy as np
        import torch

        draws = np.stack([np.random.default_rng(seed).random(room) for seed in seeds])
        self.draws = torch.from_numpy(draws.T.copy())  # [step, row], float64
        self.step = 0

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores of 0 for the drawn tokens and -inf for all others."""
        import torch

        below = torch.softmax(scores.float(), -1).cumsum(-1)
        number = self.draws[self.step].to(device=below.device, dtype=below.dtype)
        self.step += 1
        # Times the last sum, which rounding keeps from being 1; and at most the last token that has any probability.
        drawn = torch.searchsorted(below, (number * below[:, -1])[:, None], right=True)
        drawn = drawn.minimum((below < below[:, -1:]).sum(-1, keepdim=True))
        return torch.full_like(scores, -torch.inf).scatter_(1, drawn, 0.0)
