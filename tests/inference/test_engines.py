"""Both engines with the real small model: what they write depends on the request, not on who else is in the batch."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ot_grid import stopping
from ot_grid.config import Cluster, Sampling
from ot_grid.errors import BadInput
from ot_grid.inference import engines
from ot_grid.inference.engine import Engine, Output, Prompt
from ot_grid.inference.engines import open_engine
from tests.inference.test_vllm_plugin import alive
from tests.requires import ALL, requires

WARM = Sampling(temperature=0.7, top_p=1.0, max_tokens=24)
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=24)
QUESTIONS = [f"What is {n} + {n * 7 % 9}?" + " Think step by step." * (n % 3) for n in range(12)]


def _cluster(**changes) -> Cluster:
    settings = {"kind": "local", "threads": 1, "engine": "transformers", "dtype": "float32", "batch_size": 8}
    return Cluster(**{**settings, "model_cache": "", **changes})


def _jobs(writer: Engine, questions: list[str] = QUESTIONS) -> list[Prompt]:
    return [Prompt(writer.render([{"role": "user", "content": text}]), 1000 + n) for n, text in enumerate(questions)]


def _all(writer: Engine, jobs: list[Prompt], sampling: Sampling) -> list[Output]:
    found = dict(pair for finished in writer.generate(jobs, sampling) for pair in finished)
    assert sorted(found) == list(range(len(jobs)))
    return [found[index] for index in range(len(jobs))]


@pytest.fixture(scope="module")
def writer(smollm2: Path) -> Engine:
    return open_engine(smollm2, _cluster())


def test_an_unknown_engine_or_dtype_is_refused_with_the_valid_ones(tmp_path):
    """A typing error in `cluster` is told before a model is touched."""
    with pytest.raises(BadInput, match=r"cluster.engine='vlm' is no engine; did you mean 'vllm'"):
        open_engine(tmp_path, _cluster(engine="vlm"))
    with pytest.raises(BadInput, match=r"cluster.dtype='bf16' is no dtype; did you mean 'bfloat16'"):
        open_engine(tmp_path, _cluster(dtype="bf16"))


def test_vllm_that_is_not_installed_is_told_with_how_to_get_it(monkeypatch):
    """`engine=vllm` is obeyed or refused, never replaced; `auto` takes transformers then."""
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    monkeypatch.setattr(engines, "_has_cuda", lambda: False)
    with pytest.raises(BadInput, match=r"vllm is not installed; pip install 'ot_grid\[vllm\]'"):
        engines.choose("vllm")
    assert engines.choose("auto") == "transformers"


def test_auto_is_vllm_where_a_gpu_and_vllm_are(monkeypatch):
    """Without a GPU the default is transformers even if vllm is installed."""
    monkeypatch.setattr(engines, "find_spec", lambda name: object())
    monkeypatch.setattr(engines, "_has_cuda", lambda: True)
    assert engines.choose("auto") == "vllm"
    monkeypatch.setattr(engines, "_has_cuda", lambda: False)
    assert engines.choose("auto") == "transformers"
    assert engines.choose("vllm") == "vllm"


@pytest.mark.slow
def test_a_chat_is_rendered_by_the_models_template(writer):
    """The prompt ends where the reply begins, and a given system message takes the place of the template's own."""
    text = writer.render([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])
    assert text == ("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "sampling",
    [
        pytest.param(WARM, marks=pytest.mark.long),
        Sampling(temperature=1.0, top_p=0.9, top_k=20, max_tokens=24 if ALL else 12),
    ],
)
def test_replies_do_not_depend_on_batch_size_or_order(smollm2, writer, sampling):
    """Each reply draws from its own seed: one batch of 8, batches of 3, one by one, shuffled: the same texts."""
    jobs = _jobs(writer)
    expected = _all(writer, jobs, sampling)
    other = open_engine(smollm2, _cluster(batch_size=3))
    order = random.Random(0).sample(range(len(jobs)), len(jobs))
    shuffled = _all(other, [jobs[index] for index in order], sampling)
    assert [shuffled[order.index(index)] for index in range(len(jobs))] == expected
    assert [_all(other, [job], sampling)[0] for job in jobs[:3]] == expected[:3]


@pytest.mark.slow
def test_another_seed_gives_another_reply(writer):
    """Samples of one question differ at a temperature above 0."""
    text = _jobs(writer)[0].text
    assert len({output.text for output in _all(writer, [Prompt(text, seed) for seed in range(6)], WARM)}) > 3


@pytest.mark.slow
def test_draws_follow_the_models_probabilities(writer):
    """Over 4,000 seeds the first token is distributed as softmax of the logits at that temperature says."""
    import torch

    from ot_grid.inference.transformers_engine import _drawing

    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0, 3.0]])
    seeds = list(range(4000))
    scores = logits.repeat(len(seeds), 1)
    for step in _drawing(Sampling(temperature=0.7, top_p=1.0, top_k=4, max_tokens=1), seeds, 1):
        scores = step(torch.zeros(len(seeds), 1, dtype=torch.long), scores)
    shares = torch.bincount(scores.argmax(-1), minlength=5) / len(seeds)
    expected = torch.softmax(logits[0].where(logits[0] > -1, torch.tensor(-torch.inf)) / 0.7, -1)
    assert shares[3] == 0
    assert (shares - expected).abs().max() < 0.02  # 2.6 standard errors of the largest


@pytest.mark.slow
def test_temperature_zero_is_greedy_decoding(smollm2, writer):
    """At temperature 0 a reply is what transformers' own greedy search writes to that prompt alone."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(smollm2, dtype="float32")
    tokenizer = writer.template.tokenizer
    jobs = _jobs(writer)[:4]
    for job, output in zip(jobs, _all(writer, jobs, GREEDY), strict=True):
        ids = tokenizer(job.text, return_tensors="pt", add_special_tokens=False)
        written = model.generate(**ids, max_new_tokens=24, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert output.text == tokenizer.decode(written, skip_special_tokens=True)
        assert output.output_tokens == len(written)
        assert output.prompt_tokens == ids["input_ids"].shape[1]


@pytest.mark.slow
def test_a_reply_at_the_token_limit_is_marked_as_cut(writer):
    """A reply that did not end within max_tokens has the finish reason 'length' and exactly that many tokens."""
    jobs = _jobs(writer, ["Write a long story about the sea.", "What is 2 + 2? Answer with one number."])
    cut, ended = _all(writer, jobs, Sampling(temperature=0.0, top_p=1.0, max_tokens=40))
    assert (cut.finish_reason, cut.output_tokens) == ("length", 40)
    assert ended.finish_reason == "stop"
    assert ended.output_tokens < 40
    assert "<|im_end|>" not in ended.text


@pytest.mark.slow
def test_a_prompt_beyond_the_context_is_refused_and_one_near_its_end_is_cut(smollm2, monkeypatch):
    """No room for one token is an error with both lengths; room for a few cuts the reply there."""
    small = open_engine(smollm2, _cluster())
    jobs = _jobs(small, ["Write a long story about the sea.", "Write a long story about the sea and about the wind."])
    longer = len(small.template.tokens([jobs[1].text])[0])
    monkeypatch.setattr(small.template, "context", longer)
    with pytest.raises(BadInput, match=rf"a prompt has {longer} tokens, but the model in .* reads {longer}"):
        _all(small, jobs, GREEDY)
    monkeypatch.setattr(small.template, "context", longer + 5)
    outputs = _all(small, jobs, GREEDY)
    assert [output.output_tokens for output in outputs] == [5 + longer - outputs[0].prompt_tokens, 5]
    assert [output.finish_reason for output in outputs] == ["length", "length"]


@pytest.mark.slow
def test_the_models_own_generation_settings_do_not_creep_in(smollm2, tmp_path):
    """A repetition penalty or a top_k in the model's generation_config.json changes nothing."""
    for path in smollm2.iterdir():
        (tmp_path / path.name).symlink_to(path)
    settings = json.loads((smollm2 / "generation_config.json").read_text())
    (tmp_path / "generation_config.json").unlink()
    creeping = {"repetition_penalty": 3.0, "do_sample": True, "temperature": 5.0, "top_k": 1, "no_repeat_ngram_size": 1}
    (tmp_path / "generation_config.json").write_text(json.dumps({**settings, **creeping}))
    plain, loaded = open_engine(smollm2, _cluster()), open_engine(tmp_path, _cluster())
    jobs = _jobs(plain)[:3]
    assert _all(plain, jobs, WARM) == _all(loaded, jobs, WARM)


@pytest.mark.slow
@requires("vllm")
def test_vllm_agrees_with_transformers_on_prompts_and_greedy_beginnings(smollm2, writer):
    """Same rendered prompts, same counts, replies handed over with their index; samples of one prompt differ."""
    other = open_engine(smollm2, _cluster(engine="vllm", dtype="float32"))
    jobs = _jobs(writer)
    assert _jobs(other) == jobs
    ours, theirs = _all(writer, jobs, GREEDY), _all(other, jobs, GREEDY)
    assert [output.prompt_tokens for output in theirs] == [output.prompt_tokens for output in ours]
    same = sum(one == two for one, two in zip(ours, theirs, strict=True))
    assert same >= len(jobs) * 3 // 4  # float32 on both sides: only near ties of two tokens may differ
    assert len({output.text for output in _all(other, [jobs[0]] * 6, WARM)}) > 3
    assert other.describe()["name"] == "vllm"
    [long] = _jobs(other, ["What is 1 + 1?" + " Think step by step." * 300])  # needs another load
    assert _all(other, [long], Sampling(temperature=0.0, top_p=1.0, max_tokens=4))[0].prompt_tokens >= 1200
    told = other.told()
    assert told["kv_tokens"] >= 1200
    assert (told["gpus"], told["preemptions"]) == (1, 0)
    other.close()


def _of_the_engine() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.name().startswith("VLLM::")]


@pytest.mark.long
@pytest.mark.slow
@requires("vllm")
def test_an_engine_in_a_process_of_its_own_writes_the_same(smollm2: Path):
    """And ends when it is closed; ended by what asks us to stop, it is no failure."""
    alone, within = (open_engine(smollm2, _cluster(engine="vllm", engine_process=own)) for own in (True, False))
    jobs = _jobs(alone)
    written = _all(alone, jobs, GREEDY)
    assert _of_the_engine()
    assert alone.told()["kv_tokens"] > 0
    outputs = alone.generate(jobs, Sampling(temperature=0.0, top_p=1.0, max_tokens=2000))
    for process in _of_the_engine():
        process.terminate()
    stopping._asked.append("preempted")
    with pytest.raises(stopping.Stopped):
        list(outputs)
    stopping._asked.clear()
    alone.close()
    psutil.wait_procs(_of_the_engine(), timeout=60)
    assert not list(filter(alive, _of_the_engine()))
    assert _all(within, jobs, GREEDY) == written
    assert not list(filter(alive, _of_the_engine()))
    within.close()


@pytest.mark.long
@pytest.mark.slow
@requires("vllm")
def test_the_engine_of_a_killed_process_ends(smollm2: Path, tmp_path: Path):
    """By the kernel: a process that is killed tells nobody, and its engine would hold the GPU."""
    program = tmp_path / "writes.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom ot_grid.config import Cluster\n"
        "from ot_grid.inference.engines import open_engine\n"
        "if __name__ == '__main__':\n"
        "    settings = Cluster('local', engine='vllm', dtype='float32', threads=1, engine_process=True)\n"
        "    open_engine(Path(sys.argv[1]), settings)._load(64, 1)\n"
        "    print('loaded', flush=True)\n    sys.stdin.read()\n"
    )
    line = [sys.executable, str(program), str(smollm2)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        while "loaded" not in (said := started.stdout.readline()):
            assert said, "it ended before its engine was there"
        engines_of_it = _of_the_engine()
        assert engines_of_it
        started.kill()
        deadline = time.monotonic() + 120
        while any(map(alive, engines_of_it)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not list(filter(alive, engines_of_it))
