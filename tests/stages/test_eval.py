"""The matrix of a benchmark."""

from __future__ import annotations

import json

import pytest

from ot_grid import key, store, tables
from ot_grid.errors import BadInput, OtGridError, UpstreamMissing
from ot_grid.rows import Reply
from ot_grid.stages import eval as eval_stage
from ot_grid.stages.graders.worker import Limits
from tests.stages.conftest import ask

COLUMNS = {"question": "question", "answer": "answer", "solution": None}
SAMPLING = {"temperature": 0.7, "top_p": 1.0, "top_k": None, "max_tokens": 64}


@pytest.fixture
def benchmark(tmp_path):
    def write(count=3, **more):
        path = tmp_path / "bench.jsonl"
        path.write_text("".join(json.dumps({"question": f"{n} {{plus}} 0?", "answer": n}) + "\n" for n in range(count)))
        data = {"function": "jsonl", "path": str(path), "columns": COLUMNS, "answer_pattern": None, "domain": "math"}
        fields = {"name": "bench", "data": data, "prompt": "Q: {question}", "system": None, "repeats": 2}
        return {"benchmark": {**fields, "sampling": SAMPLING, "grade": {"function": "number"}, "limit": None, **more}}

    return write


@pytest.fixture
def train(tmp_path):
    artifact = tmp_path / "train" / "sft-0123"
    (artifact / "model").mkdir(parents=True)
    store.write_json(artifact / store.RECORD, {"key": "0123", "outputs": {"model/model.safetensors": "abc"}})
    return artifact


def matrix(run):
    return tables.read_rows(run.out / "data" / "matrix.parquet")


def right(prompt, sample):
    return f"It is {prompt.split()[1]}."


def test_the_matrix_has_a_row_for_each_question_and_repeat(work, benchmark, train, asker):
    """Each question is asked `repeats` times as samples 0, 1, ..., and every reply is scored."""
    asker.answer = lambda prompt, sample: right(prompt, sample) if sample == 0 else "I pass."
    run = work(benchmark(), train)
    counts = eval_stage.run(run)
    assert len(matrix(run)) == 6
    assert {(row["repeat"], row["correct"], row["extracted"] is None) for row in matrix(run)} == {
        (0, True, False),
        (1, False, True),
    }
    wanted = {
        "questions": 3, "repeats": 2, "correct": 3, "unextracted": 3, "cut": 0, "identical_repeats": 0, "ungraded": 0,
    }  # fmt: skip
    assert {name: counts[name] for name in wanted} == wanted
    assert {row["question"] for row in matrix(run)} == {q.row for q in tables.read_questions(run.out)}


def test_the_student_is_its_training_and_its_weights(work, benchmark, train, asker):
    """The model asked is named after the train run and pinned by the digest of what it wrote."""
    eval_stage.run(work(benchmark(), train))
    (asked,) = asker.asked
    assert asked["path"] == train / "model"
    assert (asked["model"].id, asked["model"].revision) == (
        "student-0123",
        key.digest({"model/model.safetensors": "abc"}),
    )
    assert sorted(asked["samples"]) == [0, 0, 0, 1, 1, 1]


def test_prompt_and_system_are_put_around_the_question(work, benchmark, train, asker):
    """The question replaces {question}, braces and all; a system prompt comes first."""
    eval_stage.run(work(benchmark(count=1, system="Be brief."), train))
    assert asker.asked[0]["chats"][0] == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Q: 0 {plus} 0?"},
    ]  # fmt: skip


def test_limit_draws_nested_questions(work, benchmark, train):
    """A smaller limit asks a subset of the questions of a larger one."""
    drawn = []
    for limit in (3, 6):
        run = work(benchmark(count=9, limit=limit), train)
        assert eval_stage.run(run)["questions"] == limit
        drawn.append([q.text for q in tables.read_questions(run.out)])
    assert drawn[1][:3] == drawn[0]


def test_identical_repeats_are_counted(work, benchmark, train, asker):
    """Repeats that are equal to the byte are counted: they are no repeats."""
    asker.answer = right
    assert eval_stage.run(work(benchmark(), train))["identical_repeats"] == 3
    assert eval_stage.run(work(benchmark(repeats=1), train))["identical_repeats"] == 0


def test_equal_questions_count_once(work, benchmark, train):
    """A benchmark that holds a question twice asks it once, and says so."""
    fields = benchmark()
    path = fields["benchmark"]["data"]["path"]
    with open(path, "a") as file:
        file.write(json.dumps({"question": "0 {plus} 0?", "answer": 0}) + "\n")
    counts = eval_stage.run(work(fields, train))
    assert (counts["questions"], counts["duplicates"]) == (3, 1)


def test_a_reply_that_cannot_be_graded_is_null(work, benchmark, train, asker, monkeypatch):
    """Where the grader fails the matrix holds null, not false."""
    asker.answer = lambda prompt, sample: r"\boxed{10^{10^{10}}}"
    monkeypatch.setattr(eval_stage.pool, "Limits", lambda: Limits(seconds=1))
    math = {"function": "math", "boxed_only": True, "float_rounding": 6}
    run = work(benchmark(count=1, repeats=1, grade=math), train)
    assert eval_stage.run(run)["ungraded"] == 1
    assert matrix(run)[0]["correct"] is None
    assert "took more than" in matrix(run)[0]["reason"]


def test_scoring_needs_no_model():
    """Replies can be scored again, apart from asking."""
    asked = [eval_stage.Asked(ask("q", answer="4"), 0, Reply("k", text, "stop", 1, 1)) for text in ("4", "5")]
    told = []
    rows = eval_stage.score(asked, {"function": "number"}, lambda done, of: told.append((done, of)))
    assert [row["correct"] for row in rows] == [True, False]
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"sampling": {**SAMPLING, "temperature": 0.0}}, "repeats=2 at temperature=0.0"),
        ({"repeats": 0}, "repeats=0"),
        ({"limit": 0}, r"no questions \(limit=0\)"),
        ({"count": 0}, "no questions"),
    ],
)
def test_benchmarks_that_measure_nothing_are_bad_input(work, benchmark, train, more, says):
    """Greedy repeats, no repeats and no questions fail before a model is asked."""
    with pytest.raises(BadInput, match=says):
        eval_stage.run(work(benchmark(**more), train))


def test_questions_without_known_answers_are_bad_input(work, benchmark, train):
    """A benchmark whose pattern finds no answer cannot be scored."""
    fields = benchmark()
    fields["benchmark"]["data"]["answer_pattern"] = "#### (.+)"
    with pytest.raises(BadInput, match="3 of 3 questions have no known answer"):
        eval_stage.run(work(fields, train))


def test_an_untrained_student_is_missing_upstream(work, benchmark, tmp_path):
    """Without a record of the training there is no student."""
    with pytest.raises(UpstreamMissing, match="its training is not done"):
        eval_stage.run(work(benchmark(), tmp_path / "nothing"))


def test_an_engine_that_dies_fails_the_stage(work, benchmark, train, asker):
    """The door's error reaches the user, and no matrix is written."""
    asker.fails = True
    run = work(benchmark(), train)
    with pytest.raises(OtGridError, match="the engine died"):
        eval_stage.run(run)
    assert not (run.out / "data").exists()


@pytest.mark.parametrize(
    ("file", "count"),
    [("aime24.json", 30), ("aime25.json", 30), ("amc23.json", 40), ("math500.jsonl", 500), ("gsm8k_test.jsonl", 1319)],
)
def test_the_real_benchmarks_load_from_local_files(shared_data, file, count):
    """With `data.file` alone, the shipped YAML of a hub benchmark reads the local file of the same form."""
    import yaml

    from ot_grid.recipe import shipped

    name = file.split(".")[0].removesuffix("_test")
    fields = yaml.safe_load((shipped("conf") / "eval" / f"{name}.yaml").read_text())
    fields["data"]["file"] = str(shared_data / file)
    questions, duplicates = eval_stage._questions({"name": name, **fields})
    assert (len(questions), duplicates) == (count, 0)
