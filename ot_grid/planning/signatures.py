"""Whether the settings of a choice fit the function it names: names and types, all problems at once.

One idea: the signature is the schema. Checked for every cell before anything is submitted. It must not call the
functions.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ot_grid import config, registry
from ot_grid.config import Benchmark
from ot_grid.errors import BadInput, nearest
from ot_grid.planning import rehearsal

# Keys of a choice that are not settings of its function.
OWN = {"mix": {"take"}, "source": {"domain"}}
STAYS = {"train": {"student"}}  # of a choice that does nothing: the model that is evaluated as it is
GROUPS = ("mix", "filter", "dedup", "teacher", "verify", "answer_filter", "format", "train")


def problems(settings: Mapping[str, Any], checked: set[Any]) -> Iterator[str]:
    """Yield what does not fit in one cell's settings; groups whose id() is in `checked` were seen before."""
    for name in (*GROUPS, "source", "eval", "samples", "scale"):
        if name in settings and id(settings[name]) not in checked:
            checked.add(id(settings[name]))
            yield from _group(name, settings[name])
    yield from _whole(settings)
    for name, value in settings.items():
        if (name, id(value)) not in checked:
            checked.add((name, id(value)))
            yield from out_of_range(value, name)


def _group(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    if name == "source":
        for choice, settings in value.items():
            yield from choice_problems("source", settings, f"source.{choice}")
    elif name == "eval":
        for choice, settings in value.items():
            yield from benchmark_problems(settings, f"eval.{choice}")
    elif name in ("samples", "scale"):
        counts = {field: number for field, number in value.items() if isinstance(number, int)}
        yield from (f"{name}.{field}={number!r}: must be at least 1" for field, number in counts.items() if number < 1)
    else:
        yield from choice_problems(name, value, name)


def choice_problems(kind: str, choice: Any, where: str) -> Iterator[str]:
    """Yield what does not fit between a choice and the function it names."""
    if not isinstance(choice, Mapping) or "function" not in choice:
        yield f"{where} names no function; there are: {', '.join(registry.names(kind))} (or null to do nothing)"
        return
    if choice["function"] is None:
        extra = set(choice) - {"function", *OWN.get(kind, ()), *STAYS.get(kind, ())}
        yield from (f"{where} has no setting {name!r}: it does nothing (function: null)" for name in sorted(extra))
        return
    try:
        settings = registry.find(kind, choice["function"]).settings
    except BadInput as error:
        yield f"{where}: {error}"
        return
    per_domain = choice.get("per_domain") or {}
    given = {
        name: value for name, value in choice.items() if name not in {"function", "per_domain", *OWN.get(kind, ())}
    }
    some = {name for own in per_domain.values() for name in own}
    yield from _mapping_problems(given, settings, where, optional=some)
    yield from _inner_problems(given, where)
    for branch, own in per_domain.items():
        yield from _mapping_problems(own, settings, f"{where}.per_domain.{branch}", optional=set(settings))


def _inner_problems(given: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield what does not fit in a choice within a choice, and prompts that ask nothing."""
    if "grader" in given:
        yield from choice_problems("grader", given["grader"], f"{where}.grader")
    prompt = given.get("prompt")
    if isinstance(prompt, str) and "{question}" not in prompt:
        yield f"{where}.prompt={prompt!r} does not contain {{question}}: every question would be asked the same"


def _mapping_problems(
    given: Mapping[str, Any], wanted: Mapping[str, Any], where: str, *, optional: set[str]
) -> Iterator[str]:
    for name in given:
        if name not in wanted:
            yield f"{where} has no setting {name!r}; {nearest(name, wanted)}"
        else:
            yield from misfit(given[name], wanted[name], f"{where}.{name}")
    missing = [name for name in wanted if name not in given and name not in optional]
    if missing:
        yield f"{where} lacks {', '.join(missing)}: every setting has its value in the YAML"


def benchmark_problems(benchmark: Any, where: str) -> Iterator[str]:
    """Yield what does not fit in a benchmark."""
    yield from misfit(benchmark, Benchmark, where)
    if isinstance(benchmark, Mapping):
        yield from choice_problems("source", benchmark.get("data"), f"{where}.data")
        yield from choice_problems("grader", benchmark.get("grade"), f"{where}.grade")
        yield from _inner_problems({"prompt": benchmark.get("prompt")}, where)
        yield from _repeat_problems(benchmark, where)


def _repeat_problems(benchmark: Mapping[str, Any], where: str) -> Iterator[str]:
    repeats, sampling = benchmark.get("repeats"), benchmark.get("sampling") or {}
    if isinstance(repeats, int) and repeats < 1:
        yield f"{where}.repeats={repeats!r}: must be at least 1"
    if isinstance(repeats, int) and repeats > 1 and sampling.get("temperature") == 0:
        yield f"{where}: {repeats} repeats at temperature 0 are all the same; set repeats=1 or a temperature"


def misfit(value: Any, kind: Any, where: str) -> Iterator[str]:
    """Yield why a plain value is not of a type; a mapping fits a dataclass field by field."""
    if is_dataclass(kind) and isinstance(kind, type):
        yield from _dataclass_misfit(value, kind, where)
    elif not fits(value, kind):
        words = _words(kind)
        unknown = [word for word in (value if isinstance(value, list) else [value]) if word not in words]
        if words and unknown:
            yield f"{where}={value!r}: there is no such value; {nearest(str(unknown[0]), words)}"
        else:
            yield f"{where}={value!r} is not of type {type_name(kind)}"


def _words(wanted: Any) -> tuple[str, ...]:
    """Return the words that a value, or each of a list, may be; none where it may be anything of its type."""
    inner = get_args(wanted)
    if get_origin(wanted) is list and inner:
        return _words(inner[0])
    return inner if get_origin(wanted) is Literal else ()


def _dataclass_misfit(value: Any, wanted: type, where: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        names = ", ".join(field.name for field in fields(wanted))
        yield f"{where}={value!r} is not of type {wanted.__name__}: give its fields {names}"
        return
    hints = get_type_hints(wanted)
    optional = {name for name, hint in hints.items() if type(None) in get_args(hint)}
    yield from _mapping_problems(value, hints, where, optional=optional)


def fits(value: Any, kind: Any) -> bool:
    """Whether a plain value is of a type; an int is a float, and a bool is no number."""
    if kind is Any:
        return True
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in inner
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is list or kind is list:
        return isinstance(value, list) and all(fits(item, *inner[:1] or (Any,)) for item in value)
    if origin is dict or kind is dict or origin is Mapping:
        return isinstance(value, Mapping) and all(fits(item, (*inner, Any, Any)[1]) for item in value.values())
    if is_dataclass(kind):
        return not list(misfit(value, kind, ""))
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return isinstance(value, kind) if isinstance(kind, type) else True


def type_name(wanted: Any) -> str:
    """Return a type as its annotation was written."""
    return wanted.__name__ if isinstance(wanted, type) and not get_args(wanted) else str(wanted).replace("typing.", "")


# Settings by name, wherever they stand: the least value, or the values there are.
LEAST = {"batch_size": 1, "checkpoint_steps": 1, "max_length": 1, "max_tokens": 1, "limit": 1, "keep": 1, "take": 1,
         "repeats": 1, "workers": 1, "threads": 1, "size": 1, "temperature": 0, "timeout": 1, "heartbeat": 0,
         "epochs": 1e-9, "top_p": 1e-9, "learning_rate": 1e-12, "weight_decay": 0, "warmup_ratio": 0, "top_k": 1,
         "adam_epsilon": 1e-30, "count": 1, "pool": 1, "questions": 1, "rows": 1}  # fmt: skip
# Of jobs and of the machine; in a recipe these names may mean something else.
LEAST_OF_CLUSTER = {"time": 1, "nodes": 1, "gpus": 0, "split": 1, "gpu_gb": 1, "cpus": 1, "mem_gb": 0.1, "pack": 1,
                    "grace": 0, "max_parallel": 1, "chunk": 1, "mem": 1}  # fmt: skip
MOST = {"top_p": 1, "learning_rate": 1, "warmup_ratio": 1, "weight_decay": 1, "temperature": 10}  # by the same names
ONE_OF = {
    "cluster.kind": config.Kind, "cluster.engine": config.EngineName, "cluster.sandbox": config.Sandbox,
    "cluster.dtype": config.Dtype, "cluster.attention": config.Attention, "tracking.mode": config.TrackingMode,
    "tracking.artifacts": config.TrackedFiles,
}  # fmt: skip


def out_of_range(value: Any, where: str) -> Iterator[str]:
    """Yield the settings that no function could use: below their least value, or none of those there are."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from out_of_range(item, f"{where}.{name}")
        return
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number_problems(value, where)
    if value == [] and where.rpartition(".")[2] in LEAST:
        yield f"{where}=[]: must have at least one value"
    if where in ONE_OF:
        yield from misfit(value, ONE_OF[where], where)


def _least(where: str, name: str) -> float | None:
    """Return the least value of a number; retries and GPUs of models stand under names that are not ours."""
    if not where.startswith("cluster."):
        return LEAST.get(name)
    if where.startswith("cluster.slurm.retries."):
        return 0
    return 1 if where.startswith("cluster.gpus.") else LEAST_OF_CLUSTER.get(name, LEAST.get(name))


def _number_problems(value: float, where: str) -> Iterator[str]:
    name = where.rpartition(".")[2]
    least, most = _least(where, name), MOST.get(name)
    if value != value:
        yield f"{where}={value!r}: is no number"
    elif least is not None and value < least:
        yield f"{where}={value!r}: must be {'above 0' if 0 < least < 1 else f'at least {least}'}"
    elif most is not None and value > most:
        yield f"{where}={value!r}: must be at most {most}"


def _whole(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what does not fit between groups."""
    scale, count = settings.get("scale"), (settings.get("samples") or {}).get("count")
    if scale and isinstance(count, int) and scale["rows"] // max(count, 1) < 1:
        yield (
            f"samples.count={count} with scale.rows={scale['rows']} leaves no question to answer "
            f"({scale['rows']} rows // {count} samples = 0); take fewer samples or a larger scale"
        )
    if (settings.get("teacher") or {}).get("function") == "reference" and isinstance(count, int) and count > 1:
        yield f"samples.count={count} with teacher=reference: a source has one worked solution; use samples=x1"
    for branch in (settings.get("domain") or {}).get("branches") or ():
        yield from _branch(settings, branch)
    yield from _wheel_problems(settings)


def _wheel_problems(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the models that are not the ones in their wheels: an id was set over a YAML that has one."""
    told = set()
    for group in ("scale", *(name for name in settings if name != "scale")):
        for model in rehearsal.models(settings.get(group)):
            wheel, name = model.get("wheel"), str(model["id"])
            if wheel and name not in told and _letters(name.rpartition("/")[2]) not in _letters(str(wheel["gguf"])):
                told.add(name)
                yield (
                    f"{group}: the model {name!r} is not the one in its wheel ({wheel['requirement']}, "
                    f"{wheel['gguf']}), which would run in its place; set wheel=null and revision=null beside the id, "
                    "or name a choice of conf/model"
                )


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _branch(settings: Mapping[str, Any], branch: str) -> Iterator[str]:
    there = [name for name, choice in (settings.get("source") or {}).items() if choice.get("domain") == branch]
    take = (settings.get("mix") or {}).get("take")
    if "source" in settings and not there:
        named = ", ".join(settings["source"]) or "none"
        yield f"no source has domain={branch!r}: sources are {named}; choose one with source=NAME"
    elif take is not None and take > len(there):
        yield (
            f"mix.take={take}, but domain {branch!r} has {len(there)} source(s): {', '.join(there)}; "
            "take fewer with mix=top1, or name more with source=[A,B]"
        )
