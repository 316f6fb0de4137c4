"""The matrix of a benchmark."""

from __future__ import annotations

import pytest

from ot_grid import key, store, tables
from ot_grid.errors import BadInput, OtGridError, UpstreamMissing
from ot_grid.grading import ItemLimits
from ot_grid.rows import Reply
from ot_grid.stages import eval as eval_stage
from tests.stages.conftest import ask

SAMPLING = {"temperature": 0.7, "top_p": 1.0, "top_k": None, "max_tokens": 64}


def benchmark(**more):
    """Return what an eval reads of a benchmark."""
    fields = {"name": "bench", "prompt": "Q: {question}", "system": None, "repeats": 2, "sampling": SAMPLING}
    return {"benchmark": {**fields, "grade": {"function": "number"}, "limit": None, **more}}


@pytest.fixture
def frozen(questions_at):
    """Write the artifact of a benchmark with so many questions."""

    def write(count=3):
        return questions_at(f"bench-{count}", [ask(f"{n} {{plus}} 0?", answer=str(n)) for n in range(count)])

    return write


@pytest.fixture
def evaluation(work, train, frozen):
    """Make an eval of so many questions."""
    return lambda count=3, **more: work(benchmark(**more), train, frozen(count))


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


def test_the_matrix_has_a_row_for_each_question_and_repeat(evaluation, asker):
    """Each question is asked `repeats` times as samples 0, 1, ..., and every reply is scored."""
    asker.answer = lambda prompt, sample: right(prompt, sample) if sample == 0 else "I pass."
    run = evaluation()
    counts = eval_stage.run(run)
    assert len(matrix(run)) == 6
    assert {(row["repeat"], row["verdict"], row["score"], row["extracted"] is None) for row in matrix(run)} == {
        (0, "right", 1.0, False),
        (1, "wrong", 0.0, True),
    }
    wanted = {
        "questions": 3, "repeats": 2, "right": 3, "partial": 0, "wrong": 3, "unverifiable": 0, "error": 0,
        "unextracted": 3, "empty": 0, "cut": 0, "identical_repeats": 0, "output_tokens": 15,
    }  # fmt: skip
    assert counts == wanted
    assert {row["question"] for row in matrix(run)} == {q.row for q in tables.read_questions(run.inputs[1])}


def test_the_student_is_its_training_and_its_weights(evaluation, asker, train):
    """The model asked is named after the train run and pinned by the digest of what it wrote."""
    eval_stage.run(evaluation())
    (asked,) = asker.asked
    assert asked["path"] == train / "model"
    assert (asked["model"].id, asked["model"].revision) == (
        "student-0123",
        key.digest({"model/model.safetensors": "abc"}),
    )
    assert sorted(asked["samples"]) == [0, 0, 0, 1, 1, 1]


def test_prompt_and_system_are_put_around_the_question(evaluation, asker):
    """The question replaces {question}, braces and all; a system prompt comes first."""
    eval_stage.run(evaluation(count=1, system="Be brief."))
    assert asker.asked[0]["chats"][0] == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Q: 0 {plus} 0?"},
    ]  # fmt: skip


def test_limit_draws_nested_questions(evaluation):
    """A smaller limit asks a subset of the questions of a larger one."""
    drawn = []
    for limit in (3, 6):
        run = evaluation(count=9, limit=limit)
        assert eval_stage.run(run)["questions"] == limit
        drawn.append([row["question"] for row in matrix(run) if row["repeat"] == 0])
    assert drawn[1][:3] == drawn[0]


def test_no_verdict_depends_on_the_other_questions(work, train, questions_at, asker):
    """Shuffled, or among others, a question gets the same replies and the same verdicts."""
    asker.answer = lambda prompt, sample: f"It is {len(prompt) % 3 + sample}."
    few = [ask(f"{n} {{plus}} {'0' * n}?", answer=str(n % 3)) for n in range(6)]
    found = []
    for name, questions in [("few", few), ("shuffled", few[::-1]), ("more", [ask("other?", answer="1"), *few])]:
        run = work(benchmark(), train, questions_at(name, questions))
        eval_stage.run(run)
        found.append({(row["question"], row["repeat"]): row for row in matrix(run)})
    assert found[1] == found[0]
    assert {place: found[2][place] for place in found[0]} == found[0]


def test_identical_repeats_are_counted(evaluation, asker):
    """Repeats that are equal to the byte are counted: they are no repeats."""
    asker.answer = right
    assert eval_stage.run(evaluation())["identical_repeats"] == 3
    assert eval_stage.run(evaluation(repeats=1))["identical_repeats"] == 0


def test_a_reply_that_cannot_be_graded_is_null(evaluation, asker, monkeypatch):
    """Where the grader fails the matrix holds null, not false."""
    asker.answer = lambda prompt, sample: r"\boxed{10^{10^{10}}}"
    monkeypatch.setattr(eval_stage.pool, "ItemLimits", lambda: ItemLimits(seconds=1))
    math = {"function": "math", "boxed_only": True, "float_rounding": 6}
    run = evaluation(count=1, repeats=1, grade=math)
    assert eval_stage.run(run)["error"] == 1
    assert (matrix(run)[0]["verdict"], matrix(run)[0]["score"]) == ("error", None)
    assert "took more than" in matrix(run)[0]["reason"]


def test_scoring_needs_no_model():
    """Replies can be scored again, apart from asking."""
    asked = [eval_stage.Answered(ask("q", answer="4"), 0, Reply("k", text, "stop", 1, 1)) for text in ("4", "5")]
    told = []
    rows = eval_stage.score(asked, eval_stage.Scoring.of({"function": "number"}, "auto"), lambda *far: told.append(far))
    assert [row["score"] for row in rows] == [1, 0]
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"sampling": {**SAMPLING, "temperature": 0.0}}, "repeats=2 at temperature=0.0"),
        ({"repeats": 0}, "repeats=0"),
    ],
)
def test_benchmarks_that_measure_nothing_are_bad_input(evaluation, more, says):
    """Greedy repeats and no repeats fail before a model is asked."""
    with pytest.raises(BadInput, match=says):
        eval_stage.run(evaluation(**more))


def test_an_untrained_student_is_missing_upstream(work, frozen, tmp_path):
    """Without a record of the training there is no student."""
    with pytest.raises(UpstreamMissing, match="its training is not done"):
        eval_stage.run(work(benchmark(), tmp_path / "nothing", frozen()))


def test_an_engine_that_dies_fails_the_stage(evaluation, asker):
    """The door's error reaches the user, and no matrix is written."""
    asker.fails = True
    run = evaluation()
    with pytest.raises(OtGridError, match="the engine died"):
        eval_stage.run(run)
    assert not (run.out / "data").exists()
