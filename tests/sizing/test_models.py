"""How large a model is: what its config says, what its files say, and what is told when neither does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ot_grid.errors import BadInput
from ot_grid.sizing.models import of_config, of_folder
from tests.sizing.known import CONFIGS, size


@pytest.mark.parametrize(
    ("name", "billions"), [("135M", 0.135), ("1.5B", 1.54), ("7B", 7.62), ("phi", 14.66), ("32B", 32.76)]
)
def test_parameters_are_those_that_are_published(name: str, billions: float):
    """Counted from widths and heads, within a half per cent of what the models' own pages say."""
    assert size(name).parameters / 1e9 == pytest.approx(billions, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "parallel", "kilobytes"),
    [
        ("7B", 1, 2 * 28 * 4 * 128 * 2 / 1000),  # keys and values, layers, KV heads, width of a head, bytes
        ("7B", 8, 2 * 28 * 1 * 128 * 2 / 1000),  # a KV head is the least that a GPU holds
        ("32B", 2, 2 * 64 * 4 * 128 * 2 / 1000),
        ("671B", 1, 61 * (512 + 64) * 2 / 1000),
        ("671B", 8, 61 * (512 + 64) * 2 / 1000),  # what is latent is whole on every GPU
    ],
)
def test_a_token_takes_this_much_of_the_cache(name: str, parallel: int, kilobytes: float):
    """On each of the GPUs that share a model."""
    assert size(name).kv_bytes(parallel) / 1000 == kilobytes


@pytest.mark.parametrize(
    ("name", "able"),
    [
        ("7B", [1, 2, 4]),  # 28 heads, 4 KV heads: 7 divides the heads, and not the KV heads; nor does 14
        ("phi", [1, 2, 5, 10]),  # 40 heads, 10 KV heads: never 4 or 8
        ("32B", [1, 2, 4, 8]),
        ("671B", [1, 2, 4, 8, 16]),
    ],
)
def test_heads_say_over_how_many_gpus_a_model_can_be_split(name: str, able: list[int]):
    """Heads are shared out evenly, KV heads evenly or each by as many GPUs."""
    assert [n for n in range(1, 17) if size(name).splits(n)] == able


def test_files_say_it_more_exactly_than_the_config(tmp_path: Path):
    """Parameters and bytes as the headers of safetensors list them, without reading a weight."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIGS["135M"]))
    header = {"__metadata__": {}, "a": {"dtype": "F32", "shape": [10, 20], "data_offsets": [0, 800]}}
    written = json.dumps(header).encode()
    (tmp_path / "model.safetensors").write_bytes(len(written).to_bytes(8, "little") + written)
    made = of_folder(tmp_path)
    assert (made.parameters, made.weights, made.layers) == (200, 800, 30)


@pytest.mark.parametrize(
    ("more", "each"),
    [
        ({}, 2), ({"torch_dtype": "float32"}, 4), ({"dtype": "float16"}, 2),
        ({"quantization_config": {"quant_method": "fp8"}}, 1), ({"quantization_config": {"bits": 4}}, 0.5),
        ({"quantization_config": {"quant_method": "mxfp4"}}, 0.5),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}, 0.5),
    ],
)  # fmt: skip
def test_weights_are_as_large_as_they_are_stored(more: dict[str, object], each: float):
    """By the type of a number, or by how it is quantized."""
    made = of_config({**CONFIGS["7B"], **more})
    assert made.weights == made.parameters * each


def test_fp8_takes_a_byte_of_weights_and_of_cache():
    """As it is loaded; R1's files are in FP8 already, and other methods lie in the files as they are."""
    qwq = size("32B")
    made = qwq.loaded("fp8", "fp8_e5m2")
    assert (made.weights, made.kv_bytes(1)) == (qwq.parameters, qwq.kv_bytes(1) / 2)
    assert qwq.loaded("awq", None) == qwq
    assert size("671B").loaded("fp8", None).weights == 671e9


def test_words_of_other_families_and_one_level_down():
    """GPT-2 calls them otherwise; multimodal models keep them in `text_config`."""
    gpt2 = of_config({"n_layer": 12, "n_embd": 768, "n_head": 12, "vocab_size": 50257, "n_positions": 1024})
    assert (gpt2.layers, gpt2.kv_heads, gpt2.intermediate, gpt2.context) == (12, 12, 3072, 1024)
    assert of_config({"text_config": CONFIGS["7B"]}) == size("7B")


def test_a_mixture_counts_all_its_experts():
    """Qwen3-30B-A3B: 48 layers, 128 experts of width 768."""
    mixture = {
        "num_hidden_layers": 48, "hidden_size": 2048, "num_attention_heads": 32, "num_key_value_heads": 4,
        "head_dim": 128, "num_experts": 128, "moe_intermediate_size": 768, "intermediate_size": 6144,
        "vocab_size": 151936,
    }  # fmt: skip
    assert of_config(mixture).parameters / 1e9 == pytest.approx(30.5, rel=1e-2)


@pytest.mark.parametrize("config", [{}, {"model_type": "mamba"}, {"num_hidden_layers": "many", "hidden_size": 8}])
def test_a_config_that_says_nothing_is_told_with_the_way_out(config: dict[str, object]):
    """Where it could be said instead."""
    with pytest.raises(BadInput, match=r"does not say how large.*conf/model.*cluster\.sizes"):
        of_config(config)
