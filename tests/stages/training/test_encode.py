"""Rows are trained as they will be asked: whole, behind the same prompt, with the end of a turn; by template family."""

# ruff: noqa: RUF001 (the bars of DeepSeek's tokens are wide ones)
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ot_grid.errors import BadInput
from ot_grid.stages.training import encode
from ot_grid.stages.training.encode import names, template

pytestmark = pytest.mark.slow  # transformers loads torch

# The special tokens of each family, its end of a turn, and a chat template as its models bring it, in short.
FAMILIES = {
    "chatml": (["<|endoftext|>", "<|im_start|>", "<|im_end|>"], "<|im_end|>", (
        "{%- if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are Qwen.<|im_end|>\n{% endif %}"
        "{%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}{% endfor %}"
        "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")),
    "llama3": (["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], "<|eot_id|>", (
        "{{- bos_token }}{%- for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + "
        "m.content | trim + '<|eot_id|>' }}{% endfor %}"
        "{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")),
    "deepseek": (["<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"],
                 "<｜end▁of▁sentence｜>", (
        "{{- bos_token }}{%- for m in messages %}{% if m.role == 'user' %}{{ '<｜User｜>' + m.content }}"
        "{% elif m.role == 'assistant' %}{% set content = m.content %}{% if '</think>' in content %}"
        "{% set content = content.split('</think>')[-1] %}{% endif %}"
        "{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}{% endif %}{% endfor %}"
        "{%- if add_generation_prompt %}{{ '<｜Assistant｜><think>\n' }}{% endif %}")),
    "gemma": (["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], "<end_of_turn>", (
        "{{- bos_token }}{%- for m in messages %}{% set role = 'model' if m.role == 'assistant' else m.role %}"
        "{{ '<start_of_turn>' + role + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
        "{%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}")),
}  # fmt: skip
ROW = {
    "prompt": [{"role": "user", "content": "What is 2+2?"}],
    "completion": [{"role": "assistant", "content": "<think>\n2 and 2 are 4.\n</think>\n\nIt is 4."}],
    "ended": True,
}


def tokenizer(family: str, *, eos: str | None = None) -> Any:
    """A tokenizer of bytes with the special tokens of a family; its end of text is that of its turns, or `eos`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    specials, end, chat = FAMILIES[family]
    letters = {letter: at for at, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    plain = Tokenizer(models.BPE(letters, []))
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=plain, bos_token=specials[0], eos_token=eos or end)
    fast.add_special_tokens({"additional_special_tokens": specials})
    fast.chat_template = chat
    return fast


def decoded(fast: Any, made: encode.Encoded) -> tuple[str, str]:
    """Return the first row as text: what is not trained, and what is."""
    row = made.rows[0]
    assert row
    ids, labels = row
    begin = next(at for at, label in enumerate(labels) if label != encode.NOT_TRAINED)
    assert labels == [encode.NOT_TRAINED] * begin + ids[begin:]
    return fast.decode(ids[:begin]), fast.decode(ids[begin:])


def asked(fast: Any) -> str:
    """What evaluation sends."""
    return str(fast.apply_chat_template(ROW["prompt"], tokenize=False, add_generation_prompt=True))


@pytest.mark.parametrize("name", FAMILIES)
def test_our_template_of_each_family_trains_the_whole_reply(name: str):
    """Behind the prompt that evaluation sends, with the token that ends the turn."""
    fast = tokenizer(name)
    fast.chat_template = template(name, fast)
    made = encode.encode([ROW], fast, 512)
    before, after = decoded(fast, made)
    assert before == asked(fast)
    assert after.rstrip() == ROW["completion"][0]["content"] + FAMILIES[name][1]
    assert fast.convert_ids_to_tokens(encode.end_of_turn(fast)) == FAMILIES[name][1]


@pytest.mark.parametrize("name", ["chatml", "llama3", "gemma"])
def test_a_template_that_keeps_a_reply_is_taken_as_it_is(name: str):
    """Those of Qwen, Llama and Gemma."""
    fast = tokenizer(name)
    before, after = decoded(fast, encode.encode([ROW], fast, 512))
    assert (before, after.rstrip()) == (asked(fast), ROW["completion"][0]["content"] + FAMILIES[name][1])


def test_a_template_that_drops_the_thinking_is_refused():
    """That of the DeepSeek distillations: a student would learn answers without a thought."""
    with pytest.raises(BadInput, match=r"does not keep a reply whole: .*thinking would not be trained; set train"):
        encode.encode([ROW], tokenizer("deepseek"), 512)


def test_a_prompt_that_opens_the_thought_is_not_trained_twice():
    """Where evaluation sends `<think>`, the row goes on behind it."""
    fast = tokenizer("deepseek")
    fast.chat_template = template("deepseek", fast).replace(
        "{{ '<｜Assistant｜>' }}{% endif %}", "{{ '<｜Assistant｜><think>\\n' }}{% endif %}"
    )
    before, after = decoded(fast, encode.encode([ROW], fast, 512))
    assert before.endswith("<｜Assistant｜><think>\n")
    assert after == "2 and 2 are 4.\n</think>\n\nIt is 4.<｜end▁of▁sentence｜>"


def test_another_prompt_in_training_is_refused():
    """A template that writes a system prompt only where nothing was said yet."""
    fast = tokenizer("chatml")
    fast.chat_template = fast.chat_template.replace("messages[0]['role'] != 'system'", "messages | length == 1")
    with pytest.raises(BadInput, match="writes another prompt in training than evaluation sends"):
        encode.encode([ROW], fast, 512)


def test_a_turn_without_an_end_is_refused():
    """The student would never learn to stop."""
    fast = tokenizer("chatml")
    fast.chat_template = "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"
    fast.chat_template += "{% if add_generation_prompt %}assistant: {% endif %}"
    with pytest.raises(BadInput, match=r"ends a reply with '\\n', which is no token that ends a turn"):
        encode.encode([ROW], fast, 512)
    assert encode.end_of_turn(fast) is None


def test_a_base_model_learns_the_end_of_its_template():
    """Its tokenizer names another end: the one that is trained is that of the turn."""
    fast = tokenizer("chatml", eos="<|endoftext|>")
    _, after = decoded(fast, encode.encode([ROW], fast, 512))
    assert after.rstrip().endswith("<|im_end|>")
    assert fast.convert_ids_to_tokens(encode.end_of_turn(fast)) == "<|im_end|>"


def test_a_student_without_a_template_is_refused_with_ours():
    """By name; another name is told with the nearest, and the text of a file is taken as it is."""
    fast = tokenizer("chatml")
    fast.chat_template = None
    with pytest.raises(BadInput, match=r"has no chat template; set train.template .*chatml, deepseek, gemma, llama3"):
        template(None, fast)
    with pytest.raises(BadInput, match="did you mean 'llama3'"):
        template("lama3", fast)
    assert template("{{ messages }}", fast) == "{{ messages }}"
    assert sorted(names()) == sorted(FAMILIES)


def test_a_cut_reply_gets_no_end():
    """It ends where it was cut."""
    fast = tokenizer("chatml")
    _, after = decoded(fast, encode.encode([{**ROW, "ended": False}], fast, 512))
    assert after == ROW["completion"][0]["content"]


def test_rows_that_are_cut_or_dropped_are_counted():
    """A row is cut at the end; one of whose reply nothing would be left has no tokens."""
    fast = tokenizer("chatml")
    length = len(fast(asked(fast), add_special_tokens=False)["input_ids"])
    long = {**ROW, "prompt": [{"role": "user", "content": "What is 2+2? " * 20}]}
    made = encode.encode([ROW, long], fast, length + 5)
    assert [bool(row) for row in made.rows] == [True, False]
    assert made.cut == 1
    assert made.rows[0]
    assert len(made.rows[0][0]) == len(made.rows[0][1]) == length + 5
    assert encode.encode([ROW, long], fast, length).rows == [None, None]
    assert encode.encode([], fast, length).rows == []


def test_a_file_of_a_template_is_its_text(tmp_path: Path):
    """In the key, so that an edited one is another training; where it lies does not matter."""
    from ot_grid import api

    path = tmp_path / "mine.jinja"
    path.write_text("{{ messages }}")
    plan = api.plan(["filter=none", "teacher=reference", "source=gsm_symbolic", "mix=top1", f"train.template={path}"])
    (train,) = [run for run in plan.runs.values() if run.stage == "train"]
    assert train.reads["train"]["template"] == "{{ messages }}"
