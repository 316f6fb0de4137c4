"""Sources: files of any form, generators, the hub; what is wrong with them is told early."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ot_grid import key, tables
from ot_grid.errors import BadInput, OtGridError
from ot_grid.stages import source, sources

COLUMNS = {"question": ["question", "problem"], "answer": "answer", "solution": None}
GSM8K = {"question": "question", "answer": "answer", "solution": "answer"}
TWO_DIGITS = {"min_terms": 2, "max_terms": 2, "min_digits": 2, "max_digits": 2}


def jsonl(path: Path, rows: list[Any], **more: Any) -> dict[str, Any]:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    choice = {"function": "jsonl", "name": "mine", "domain": "math", "path": str(path), "columns": COLUMNS}
    return {**choice, "answer_pattern": None, **more}


def gym(**more: Any) -> dict[str, Any]:
    choice = {"function": "reasoning_gym", "name": "gym", "domain": "math", "generator": "chain_sum", "size": 5}
    return {**choice, "seed": 1, "options": TWO_DIGITS, "template": None, **more}


def hub(**more: Any) -> dict[str, Any]:
    choice = {"function": "hf", "name": "hub", "domain": "math", "id": "a/b", "config": None, "split": "train"}
    return {**choice, "revision": None, "file": None, "columns": COLUMNS, "answer_pattern": None, "limit": None, **more}


def load(choice: dict[str, Any]) -> list[Any]:
    return list(sources.load(choice, name=choice["name"], domain=choice["domain"]))


def test_gsm8k_loads_with_answers_and_solutions(work, shared_data):
    """The training set of GSM8K becomes 7,473 questions, each with its final answer and its worked solution."""
    pattern = r"####\s*(.+)"
    choice = hub(file=str(shared_data / "gsm8k_train.jsonl"), columns=GSM8K, answer_pattern=pattern)
    run = work({"source": choice})
    counts = source.run(run)
    assert counts["questions"] == counts["with_answer"] == counts["with_solution"] == 7473
    first = tables.read_questions(run.out)[0]
    assert (first.answer, first.source, first.domain) == ("72", "hub", "math")
    assert first.solution is not None
    assert first.solution.endswith("#### 72")


def test_record_names_the_digest_of_a_local_file(work, tmp_path):
    """A local file is pinned by its sha256 in the record."""
    choice = jsonl(tmp_path / "q.jsonl", [{"question": "1 + 1?", "answer": 2}])
    run = work({"source": choice})
    source.run(run)
    assert run.log["files"] == {choice["path"]: key.file_digest(tmp_path / "q.jsonl")}


def test_hub_dataset_without_revision_is_recorded_as_unpinned():
    """A hub dataset that no revision pins is named; one with a revision, or a local file, is not."""
    assert sources.provenance(hub()) == {"unpinned": "a/b"}
    assert sources.provenance(hub(revision="abc")) == {}


def test_limit_takes_the_first_rows(tmp_path):
    """`limit` is a number of rows from the beginning."""
    jsonl(tmp_path / "q.jsonl", [{"question": f"q{n}", "answer": n} for n in range(9)])
    assert [q.text for q in load(hub(file=str(tmp_path / "q.jsonl"), limit=2))] == ["q0", "q1"]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
def test_every_form_of_file_gives_the_same_questions(tmp_path, suffix):
    """Lines, an array, csv and parquet of the same rows are the same source."""
    rows = [{"problem": "a, b?", "answer": "007"}, {"problem": 'the "x"?', "answer": "1,000"}]
    path = tmp_path / f"q{suffix}"
    if suffix == ".json":
        path.write_text(json.dumps(rows))
    elif suffix == ".parquet":
        tables.write_rows(path, rows, {"problem": "string", "answer": "string"})
    elif suffix == ".csv":
        path.write_text('problem,answer\n"a, b?",007\n"the ""x""?","1,000"\n')
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    choice = {**jsonl(tmp_path / "other.jsonl", []), "path": str(path)}
    assert [(q.text, q.answer) for q in load(choice)] == [("a, b?", "007"), ('the "x"?', "1,000")]


def test_whole_floats_lose_their_point(tmp_path):
    """An answer stored as 142.0 is 142."""
    assert load(jsonl(tmp_path / "q.jsonl", [{"question": "q", "answer": 142.0}]))[0].answer == "142"


def test_copies_are_numbered_and_empty_questions_dropped(work, tmp_path, reasons):
    """Duplicates stay, told apart by their copy number; a row without a question is dropped with its reason."""
    rows = [{"question": text, "answer": None} for text in ("same", "same", " ", "other")]
    run = work({"source": jsonl(tmp_path / "q.jsonl", rows)})
    counts = source.run(run)
    assert [(q.text, q.copy) for q in tables.read_questions(run.out)] == [("same", 0), ("same", 1), ("other", 0)]
    assert counts["duplicates"] == 1
    assert list(reasons(run.out).values()) == ["empty question"]


def test_an_empty_source_is_bad_input(work, tmp_path):
    """A source without questions fails by name."""
    with pytest.raises(BadInput, match=r"'mine' has no questions \(1 empty"):
        source.run(work({"source": jsonl(tmp_path / "q.jsonl", [{"question": "", "answer": 1}])}))


def test_generated_questions_are_seeded_and_nested():
    """The same seed gives the same questions, another seed others, and a larger size contains the smaller."""
    five = [q.text for q in load(gym())]
    assert [q.text for q in load(gym(size=9))][:5] == five == [q.text for q in load(gym())]
    assert [q.text for q in load(gym(seed=1000))] != five


def test_template_wraps_a_generated_question():
    """A template's {question} is replaced, and braces of the question do no harm."""
    assert load(gym(template="{question} Be {brief}."))[0].text.endswith("= Be {brief}.")


def test_gsm_symbolic_brings_worked_solutions():
    """The generator that ships worked solutions passes them on."""
    assert load(gym(generator="gsm_symbolic", options={}))[0].solution


def test_check_finds_nothing_wrong_with_good_sources(tmp_path):
    """Good choices have no problems, and a user's own function is not judged."""
    assert sources.check(gym()) == sources.check(hub()) == sources.check({"function": "theirs"}) == []
    assert sources.check(jsonl(tmp_path / "q.jsonl", [{"problem": "q", "answer": "1"}])) == []


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        ([{"questoin": "q", "answer": 1}], {}, r"no such column; did you mean 'questoin'\? valid: answer, questoin"),
        ([{"question": "q", "answer": 1}, "{oops"], {}, r"line 2 is not JSON"),
        ([{"question": "q", "answer": 1}, "[1]"], {}, r"line 2 holds list"),
        ([{"question": "q", "answer": 1}], {"answer_pattern": "(a"}, "not a regular expression"),
        ([{"question": "q", "answer": 1}], {"answer_pattern": "a"}, "0 groups; put one group"),
        ([{"question": "q", "answer": 1}], {"answer_pattern": "(a)"}, "matches no answer"),
        ([{"question": None, "answer": 1}], {}, "holds no questions"),
        ([], {}, "holds no questions"),
    ],
)
def test_check_says_what_is_wrong_with_a_file(tmp_path, rows, more, says):
    """Each flaw of a file is one problem that names the file or the setting, before anything is launched."""
    problems = sources.check(jsonl(tmp_path / "q.jsonl", rows, **more))
    assert len(problems) == 1
    assert re.search(says, problems[0]), problems


@pytest.mark.parametrize(
    ("answers", "more", "says"),
    [
        ([1, 2], {}, "2 questions"),
        ([1, None], {}, "2 questions, 1 without a known answer"),
        (["", None], {}, "2 questions, all without a known answer"),
        (["no", "= 2"], {"answer_pattern": "= (.)"}, "2 questions, 1 without a known answer"),
    ],
)
def test_a_census_says_how_many_answers_are_known(tmp_path, answers, more, says):
    """A column that nobody named is told before anything is bought: nothing could be verified by it."""
    rows = [{"question": f"q{number}", "answer": answer} for number, answer in enumerate(answers)]
    assert str(sources.census(jsonl(tmp_path / "q.jsonl", rows, **more))) == says


def test_check_names_the_nearest_file(tmp_path):
    """A missing file is told with the likeliest one beside it."""
    choice = jsonl(tmp_path / "questions.jsonl", [{"question": "q", "answer": 1}])
    assert "did you mean 'questions.jsonl'?" in sources.check({**choice, "path": str(tmp_path / "question.jsonl")})[0]
    assert "its folder is not there" in sources.check({**choice, "path": str(tmp_path / "no" / "q.jsonl")})[0]
    assert sources.check({**choice, "path": str(tmp_path)})[0].endswith(
        "it is a folder; name one file of it: questions.jsonl"
    )
    (tmp_path / "empty").mkdir()
    assert sources.check({**choice, "path": str(tmp_path / "empty")})[0].endswith("a folder without a file to read")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"generator": "chain_sums"}, "did you mean 'chain_sum'?"),
        ({"options": {"digits": 3}}, "does not take {'digits': 3}"),
        ({"options": {"min_terms": 0}}, "does not take {'min_terms': 0}"),
        ({"size": 0}, "size=0 makes no questions"),
        ({"template": "answer!"}, "has no {question}"),
    ],
)
def test_check_says_what_is_wrong_with_a_generator(more, says):
    """An unknown generator, option, size or template is a problem before anything is launched."""
    assert says in sources.check(gym(**more))[0]


def test_a_hub_that_cannot_be_reached_says_the_way_out(monkeypatch):
    """Without a network the error names the dataset and the setting that replaces it."""
    import datasets

    def offline(*arguments: Any, **more: Any) -> Any:
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(OtGridError, match=r"'a/b'.*no route.*file=PATH"):
        load(hub())
