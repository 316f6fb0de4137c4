"""Settings are checked against the functions they are for, all at once, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from ot_grid import api
from ot_grid.config import Model, Sampling, Slurm
from ot_grid.errors import BadInput
from ot_grid.planning.signatures import choice_problems, fits, misfit, out_of_range, type_name
from ot_grid.registry import register

SAMPLING = {"temperature": 0.0, "top_p": 1.0, "top_k": None, "max_tokens": 8}


@register("filter")
def measured(rows: Any, *, least: int, sampling: Sampling, how: Literal["words", "lines"]) -> Any:
    """A filter of a user."""


@pytest.mark.parametrize(
    ("value", "wanted", "does"),
    [
        (1, int, True), (True, int, False), (1.0, int, False), (1, float, True), (True, float, False),
        ("1", int, False),
        (None, int | None, True), ("a", int | None, False), ("a", Literal["a", "b"], True), ("c", Literal["a"], False),
        ([1, 2], list[int], True), ([1, "2"], list[int], False), ((1,), list[int], False), ([], list, True),
        ({"a": 1}, dict[str, int], True), ({"a": "1"}, dict[str, int], False), ({"a": 1}, Mapping[str, int], True),
        (object(), Any, True), ({"id": "m"}, Model, True), ({"name": "m"}, Model, False), ("m", Model, False),
    ],
)  # fmt: skip
def test_plain_values_fit_annotations(value: Any, wanted: Any, does: bool):
    """As Python means them, but that an int is a float and a bool is no number."""
    assert fits(value, wanted) is does


def test_a_mapping_is_checked_field_by_field():
    """A name that is none with the nearest, a wrong type with the value, what lacks; optional fields may lack."""
    found = list(misfit({"temprature": 1.0, "top_p": "1", "max_tokens": 8}, Sampling, "teacher.sampling"))
    assert found == [
        "teacher.sampling has no setting 'temprature'; did you mean 'temperature'? valid: max_tokens, temperature, "
        "top_k, top_p",
        "teacher.sampling.top_p='1' is not of type float",
        "teacher.sampling lacks temperature: every setting has its value in the YAML",
    ]
    first = next(iter(misfit({"nods": 1}, Slurm, "cluster.slurm")))
    assert first.startswith("cluster.slurm has no setting 'nods'; did you mean 'nodes'?")


def test_a_choice_is_checked_against_its_function():
    """All that does not fit is told together; settings for one domain alone are enough where they are optional."""
    choice = {"function": "measured", "least": "3", "sampling": SAMPLING, "hw": "words"}
    assert list(choice_problems("filter", choice, "filter")) == [
        "filter.least='3' is not of type int",
        "filter has no setting 'hw'; did you mean 'how'? valid: how, least, sampling",
        "filter lacks how: every setting has its value in the YAML",
    ]
    split = {"function": "measured", "least": 3, "sampling": SAMPLING, "per_domain": {"math": {"how": "words"}}}
    assert not list(choice_problems("filter", split, "filter"))
    split["per_domain"] = {"math": {"how": "letters"}}
    (told,) = choice_problems("filter", split, "filter")
    assert told == (
        "filter.per_domain.math.how='letters': there is no such value; did you mean 'lines'? valid: lines, words"
    )


def test_what_names_no_function_is_told():
    """Unknown ones with the nearest; one that does nothing takes no settings."""
    assert "did you mean 'measured'" in next(choice_problems("filter", {"function": "measurd"}, "filter"))
    assert "names no function" in next(choice_problems("filter", None, "filter"))
    (told,) = choice_problems("filter", {"function": None, "least": 3}, "filter")
    assert told == "filter has no setting 'least': it does nothing (function: null)"


def test_prompts_that_ask_nothing_are_told():
    """Every question would be asked the same."""
    (told,) = [line for line in choice_problems("filter", {"function": "measured", "prompt": "Solve it."}, "filter")
               if "prompt=" in line]  # fmt: skip
    assert told.startswith("filter.prompt='Solve it.' does not contain {question}")


@pytest.mark.parametrize(
    ("value", "where", "told"),
    [
        (0, "train.batch_size", "train.batch_size=0: must be at least 1"),
        (0, "train.epochs", "train.epochs=0: must be above 0"),
        (
            "slrm",
            "cluster.kind",
            "cluster.kind='slrm': there is no such value; did you mean 'slurm'? valid: local, slurm",
        ),
        (0, "cluster.slurm.time", "cluster.slurm.time=0: must be at least 1"),
        (-4, "cluster.slurm.train.mem_gb", "cluster.slurm.train.mem_gb=-4: must be above 0"),
        (-1, "cluster.slurm.retries.preempted", "cluster.slurm.retries.preempted=-1: must be at least 0"),
        (0.5, "cluster.slurm.grow.mem", "cluster.slurm.grow.mem=0.5: must be at least 1"),
        (0, "cluster.gpus.Qwen/Qwen2.5-7B", "cluster.gpus.Qwen/Qwen2.5-7B=0: must be at least 1"),
        ([], "verify.keep", "verify.keep=[]: must have at least one value"),
    ],
)
def test_values_that_nothing_could_use_are_told(value: Any, where: str, told: str):
    """By the name of the setting, wherever it stands."""
    assert list(out_of_range(value, where)) == [told]
    name = where.rpartition(".")[2]
    assert list(out_of_range({name: value}, where.rpartition(".")[0])) == [told]


def test_a_recipe_may_use_the_words_of_jobs_otherwise():
    """`time` of somebody's own filter is no time limit."""
    assert list(out_of_range({"time": 0, "nodes": -1, "gpus": -2}, "filter")) == []


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("mix.weights=equall", "mix.weights='equall': there is no such value; did you mean 'equal'"),
        ("filter.unparseable=lst", "filter.unparseable='lst': there is no such value; did you mean 'last'"),
        (
            "verify.keep=[right,rihgt]",
            r"verify.keep=\['right', 'rihgt'\]: there is no such value; did you mean 'right'",
        ),
        ("verify.keep=[]", r"verify.keep=\[\]: must have at least one value"),
        ("format.cut=drp", "format.cut='drp': there is no such value; did you mean 'drop'"),
        ("format.reasoning=if_an", "format.reasoning='if_an': there is no such value; did you mean 'if_any'"),
    ],
)
def test_words_are_checked_as_a_grid_is_planned(override: str, told: str):
    """Before anything is spent, with the nearest word; the stages themselves look no more."""
    with pytest.raises(BadInput, match=told):
        api.plan(["verify=on", "filter=difficulty", override])


def test_types_are_told_as_they_were_written():
    """`int | None`, not a class of typing's."""
    assert [type_name(each) for each in (int, int | None, list[str])] == ["int", "int | None", "list[str]"]
