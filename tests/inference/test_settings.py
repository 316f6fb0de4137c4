"""What is set for a model: arguments of its engine, which change no reply and no key, and what changes replies."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ot_grid import api
from ot_grid.config import Cluster, Model, Sampling
from ot_grid.errors import BadInput
from ot_grid.inference import engine_arguments, engines, identity, vllm_engine
from ot_grid.planning.plan import Plan
from ot_grid.running import preflight
from tests.requires import requires

MINE = """# Mine.
id: a/b
revision: null
engine: {max_num_seqs: 64, gpu_memory_utilization: 0.8}
"""
SAMPLING = Sampling(temperature=0.0, top_p=1.0, top_k=None, max_tokens=8)


def planned(tmp_path: Path, yaml: str, *more: str) -> Plan:
    """A plan whose teacher has a YAML of its own."""
    for folder in ("model", "teacher"):
        (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / "model" / "mine.yaml").write_text(yaml)
    (tmp_path / "teacher" / "mine.yaml").write_text(
        "# Mine.\ndefaults:\n  - /model@model: mine\n  - _self_\nfunction: model\nsystem: null\nprompt: '{question}'\n"
        "sampling: {temperature: 1.0, top_p: 1.0, top_k: null, max_tokens: 100}\n"
    )
    return api.plan(["scale=ot_0.3k", "teacher=mine", *more], config_dir=str(tmp_path))


def keys(plan: Plan, stage: str) -> list[str]:
    return [run.key for run in plan.runs.values() if run.stage == stage]


def test_arguments_of_an_engine_are_in_no_key(tmp_path: Path):
    """They are the machine's; what the cluster's settings say wins over the YAML."""
    plain = planned(tmp_path, "# Mine.\nid: a/b\nrevision: null\n")
    made = planned(tmp_path, MINE)
    assert list(made.runs) == list(plain.runs)
    assert made.runtime.cluster.engine_args == {"a/b": {"max_num_seqs": 64, "gpu_memory_utilization": 0.8}}
    other = planned(tmp_path, MINE, "+cluster.engine_args={a/b: {max_num_seqs: 8}}")
    assert other.runtime.cluster.engine_args == {"a/b": {"max_num_seqs": 8}}


@pytest.mark.parametrize("setting", ["quantization: fp8", "kv_cache_dtype: fp8", "chat_template_kwargs: {think: no}"])
def test_what_changes_replies_is_in_the_keys(tmp_path: Path, setting: str):
    """Of what is asked of that teacher and follows from it, and of nothing before; null says nothing."""
    yaml = "# Mine.\nid: a/b\nrevision: null\n"
    plain, made = planned(tmp_path, yaml), planned(tmp_path, f"{yaml}{setting}\n")
    assert keys(made, "traces") != keys(plain, "traces")
    assert keys(made, "filter") == keys(plain, "filter")
    assert list(planned(tmp_path, f"{yaml}{setting.partition(':')[0]}: null\n").runs) == list(plain.runs)


def test_what_was_bought_before_there_were_such_settings_stays_bought():
    """The name of a model's replies, as it was; with a setting it is another."""
    plain = Model("Qwen/QwQ-32B")
    assert identity.model_key(plain) == "Qwen-QwQ-32B-7f794f789a7b756f"
    changed = {identity.model_key(Model("Qwen/QwQ-32B", **more)) for more in (
        {"quantization": "fp8"}, {"kv_cache_dtype": "fp8"}, {"chat_template_kwargs": {"enable_thinking": False}},
    )}  # fmt: skip
    assert len(changed | {identity.model_key(plain)}) == 4


@requires("vllm")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"max_num_seq": 64}, "vLLM has no max_num_seq; did you mean 'max_num_seqs'"),
        (
            {"quantization": "fp8"},
            r"quantization changes replies; say it of the model: \+teacher.model.quantiz",
        ),
        ({"seed": 3}, "seed follows from the recipe and the machine"),
        ({"hf_overrides": {"rope_scaling": None}}, "hf_overrides changes replies, and no key would know"),
        ({"load_format": "dummy"}, "load_format changes replies"),
        ([64], r"engine_args of a/b=\[64\]: must be arguments and their values"),
    ],
)
def test_arguments_that_there_are_not_are_refused(given: dict[str, Any], says: str):
    """With the nearest, or with where to say it."""
    with pytest.raises(BadInput, match=f"^(engine_args of a/b: )?{says}"):
        engine_arguments.arguments(Model("a/b"), Cluster(engine_args={"a/b": given}))


def test_ways_of_reading_the_same_weights_are_taken():
    """A fast loader for a model of 700 GB changes no reply."""
    given = {"load_format": "runai_streamer", "model_loader_extra_config": {"concurrency": 16}}
    assert engine_arguments.arguments(Model("a/b"), Cluster(engine_args={"a/b": given})) == given


@requires("vllm")
def test_arguments_that_there_are_not_are_told_by_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Before a job waits in a queue for them; where vLLM is not, only those that nobody may set."""
    typo, changing = "+cluster.engine_args={a/b: {max_num_seq: 8}}", "+cluster.engine_args={a/b: {load_format: dummy}}"

    def told(more: str) -> list[str]:
        made = planned(tmp_path, "# Mine.\nid: a/b\nrevision: null\n", more)
        return [line for line in preflight.not_ready(made, api.artifacts_of(made)) if "engine_args" in line]

    assert ["vLLM has no max_num_seq; did you mean 'max_num_seqs'" in line for line in told(typo)] == [True]
    monkeypatch.setattr(engine_arguments, "_known", tuple)
    assert told(typo) == []
    assert len(told(changing)) == 1


@pytest.mark.slow
def test_arguments_and_identity_reach_the_engine(smollm2: Path, monkeypatch: pytest.MonkeyPatch):
    """As vLLM is given them; of another model they are not."""
    vllm = pytest.importorskip("vllm")
    seen: list[dict[str, Any]] = []

    def fake(folder: str, **given: Any) -> Any:
        seen.append(given)
        core = SimpleNamespace(shutdown=lambda: None)
        config = SimpleNamespace(cache_config=SimpleNamespace(num_gpu_blocks=10, block_size=16))
        counted = [SimpleNamespace(name="vllm:num_preemptions", value=3), SimpleNamespace(name="other", value=9)]
        return SimpleNamespace(
            generate=lambda *_, **__: [], llm_engine=SimpleNamespace(vllm_config=config, engine_core=core),
            get_metrics=lambda: counted,
        )  # fmt: skip

    monkeypatch.setattr(vllm, "LLM", fake)
    cluster = Cluster(dtype="auto", engine_args={"a/b": {"max_num_seqs": 64}})
    for model in (Model("a/b", kv_cache_dtype="fp8"), Model("c/d")):
        engine = vllm_engine.VllmEngine(smollm2, cluster, model)
        assert engine.told() == {}
        engine._load(100, 1)
        assert engine.told() == {"gpus": 1, "kv_tokens": 160, "preemptions": 3}
        engine.close()
    assert (seen[0]["max_num_seqs"], seen[0]["kv_cache_dtype"], seen[0]["tensor_parallel_size"]) == (64, "fp8", 1)
    assert not {"max_num_seqs", "kv_cache_dtype"} & seen[1].keys()


def test_a_large_model_without_vllm_beside_a_gpu_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It would take days without a word; a small one may, and whoever says so gets it."""
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    monkeypatch.setattr(engines, "_has_cuda", lambda: True)
    shape = '"hidden_size": 4096, "num_attention_heads": 32, "vocab_size": 1000'
    (tmp_path / "config.json").write_text(f'{{"num_hidden_layers": 32, {shape}}}')
    with pytest.raises(BadInput, match=r"and vllm is not installed beside this GPU; pip install"):
        engines.choose("auto", tmp_path)
    assert engines.choose("transformers", tmp_path) == "transformers"
    (tmp_path / "config.json").write_text(f'{{"num_hidden_layers": 1, {shape}}}')
    assert engines.choose("auto", tmp_path) == "transformers"
    monkeypatch.setattr(engines, "_has_cuda", lambda: False)
    assert engines.choose("auto", tmp_path) == "transformers"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gpus", "given", "parallel"),
    [(0, {}, 1), (2, {"pipeline_parallel_size": 2}, 1), (16, {"pipeline_parallel_size": 2}, 8),
     (8, {"tensor_parallel_size": 2}, 2), (4, {}, 1)],
)  # fmt: skip
def test_gpus_are_split_between_layers_and_heads(
    smollm2: Path, monkeypatch: pytest.MonkeyPatch, gpus: int, given: dict[str, Any], parallel: int
):
    """By size where nobody says it (nine heads go into no power of two), else as it is set."""
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(total_memory=80 * 2**30))
    assert vllm_engine._parallel(smollm2, 1024, given) == parallel
