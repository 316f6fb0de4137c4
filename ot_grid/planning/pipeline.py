"""The method, as one table.

One idea: a stage is handed only the recipe fields that its row names, so a setting it does not read cannot change its
key. Order is the order of the rows; a stage whose choice does nothing leaves no stage run, and what comes after it
takes what comes before. It must not know about cells, jobs or files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ot_grid import registry
from ot_grid.config import Recipe
from ot_grid.planning import rehearsal


@dataclass(frozen=True)
class Stage:
    """A row of the table."""

    name: str
    each: str  # one run for each: source, branch, benchmark; or cell
    reads: tuple[str, ...]  # dotted recipe fields

    @property
    def version(self) -> int:
        """What its module says; raised when code changes what is written."""
        return int(import_module(f"ot_grid.stages.{self.name}").VERSION)


STAGES = (
    Stage("source", "source", ("source",)),
    Stage("mix", "branch", ("mix", "scale.pool")),
    Stage("filter", "branch", ("filter", "scale.questions")),
    Stage("dedup", "branch", ("dedup",)),
    Stage("traces", "branch", ("teacher", "samples.count", "scale.questions", "scale.rows")),
    Stage("verify", "branch", ("verify",)),
    Stage("answer_filter", "branch", ("answer_filter", "scale.rows")),
    Stage("dataset", "cell", ("format", "train.student", "train.template", "train.max_length")),
    Stage("train", "cell", ("train",)),
    Stage("benchmark", "benchmark", ("eval",)),
    Stage("eval", "benchmark", ("eval", "train.student")),  # of the student only where it is not trained
)

# Which kind of registered function a field names, where its name is not the kind.
KIND_OF = {"data": "source", "grade": "grader"}
TOKENIZES = ("dataset",)  # stages that read the tokenizer of a model and ask it nothing
NOT_READ = ("take", "per_domain")  # decided here, at plan time; the stage never sees them
# What the benchmark stage reads of a benchmark; the eval stage reads the rest. Reports alone read `held_out`.
BENCHMARK_READS = ("data",)
REPORTED = ("held_out",)


@dataclass(frozen=True)
class Reads:
    """What one stage run reads: its fields, resolved; and what to call it."""

    label: str
    branch: str
    fields: Mapping[str, Any]


def reads(stage: Stage, recipe: Recipe, branch: str) -> Iterator[Reads]:
    """Yield what each run of a stage reads in a branch; nothing where its choice does nothing."""
    if stage.each == "source":
        for name, choice in taken_sources(recipe, branch):
            yield Reads(name, branch, {"source": {"name": name, **choice}})
    elif stage.each == "benchmark":
        for name, benchmark in recipe["eval"].items():
            own = {} if stage.name != "eval" or trains(recipe) else {"student": recipe["train.student"]}
            yield Reads(name, "", {"benchmark": {"name": name, **_of_benchmark(stage, benchmark)}, **own})
    else:
        fields = {path.rpartition(".")[2]: for_branch(recipe[path], branch) for path in stage.reads if path in recipe}
        if not _does_nothing(fields[stage.reads[0]]):
            yield Reads(_label(stage, recipe), branch, fields)


def _of_benchmark(stage: Stage, benchmark: Mapping[str, Any]) -> dict[str, Any]:
    asks = stage.name == "eval"
    return {
        name: value for name, value in benchmark.items() if name not in REPORTED and asks != (name in BENCHMARK_READS)
    }


def taken_sources(recipe: Recipe, branch: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return the sources of a branch that the mix takes: the first `mix.take` of them, in ranked order."""
    ranked = [(name, choice) for name, choice in recipe["source"].items() if choice.get("domain") == branch]
    return ranked[: recipe["mix"].get("take") or len(ranked)]


def for_branch(choice: Any, branch: str) -> Any:
    """Return a choice with the settings of its `per_domain` for this branch merged in."""
    if not isinstance(choice, Mapping):
        return choice
    own = (choice.get("per_domain") or {}).get(branch) or {}
    return {name: value for name, value in {**choice, **own}.items() if name not in NOT_READ}


def trains(recipe: Recipe) -> bool:
    """Whether a recipe trains a student; else it evaluates one as it is, and nothing comes before that."""
    return not _does_nothing(recipe["train"])


def _does_nothing(choice: Any) -> bool:
    return isinstance(choice, Mapping) and choice.get("function", "") is None


def _label(stage: Stage, recipe: Recipe) -> str:
    """Return readable names: those of the choices that tell most siblings apart."""
    choices = recipe.choices
    if stage.name == "traces":
        return f"{choices['teacher']}-{choices['samples']}"
    if stage.each == "cell":
        return "-".join(choices[group] for group in ("filter", "teacher", "samples", "verify"))
    return choices[stage.reads[0]]


def needs(stage: Stage, fields: Mapping[str, Any]) -> str:
    """Return what a stage run needs: train, inference (it asks a model) or cpu."""
    if stage.name == "train":
        return "train"
    asks = stage.name == "eval" or (stage.name not in TOKENIZES and any(True for _ in rehearsal.models(fields)))
    return "inference" if asks else "cpu"


def versions(stage: Stage, fields: Mapping[str, Any]) -> list[int]:
    """Return the version of the stage, and of each registered function it calls, in the order of the fields."""
    return [stage.version, *(registry.find(kind, name).version for kind, name in functions(fields))]


def functions(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) of every registered function that fields name, at any depth."""
    for name, value in sorted(fields.items()):
        if not isinstance(value, Mapping):
            continue
        if isinstance(value.get("function"), str):
            yield KIND_OF.get(name, name), value["function"]
        yield from functions(value)
