"""Choices: every letter equally often, the same order everywhere, and rows that no letter fits."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from itertools import permutations

import pytest

from ot_grid.errors import BadInput
from ot_grid.stages import sources
from ot_grid.stages.sources.multiple_choice import order
from tests.stages.sources import forms


def gpqa(path, rows, **more):
    return forms.data("gpqa_diamond", forms.write(path, rows), **more)


def chi_square(counts, kinds, total):
    return sum((counts[kind] - total / len(kinds)) ** 2 * len(kinds) / total for kind in kinds)


def test_no_letter_is_favoured(tmp_path):
    """Over 2,000 questions the right letter is uniform: chi-square with 3 degrees of freedom below its 99.9 % point."""
    loaded = forms.load(gpqa(tmp_path / "rows.jsonl", [forms.gpqa(n) for n in range(2000)]))
    assert chi_square(Counter(question.answer for question in loaded), "ABCD", 2000) < 16.27


def test_no_order_is_favoured():
    """Each of the 24 orders of four choices is drawn: chi-square with 23 degrees of freedom below its 99.9 % point."""
    choices = ["one", "two", "three", "four"]
    drawn = Counter(tuple(order(f"question {number}", choices)) for number in range(4800))
    assert chi_square(drawn, list(permutations(choices)), 4800) < 49.73


def test_the_letter_is_that_of_the_right_choice(tmp_path):
    """What stands behind the answer's letter is the right choice, stripped."""
    for question in forms.load(gpqa(tmp_path / "rows.jsonl", [forms.gpqa(n) for n in range(1, 30)])):
        number = int(re.findall(r"rope (\d+)", question.text)[0])
        shown = dict(each.split(") ") for each in question.text.split("Options: ")[1].split(", "))
        assert shown[str(question.answer)] == f"{number * 10} metres"
        assert list(shown) == list("ABCD")


def test_the_order_moves_with_nothing_around_the_question(tmp_path):
    """Shuffled rows, another file name, more rows and another stored order of the choices: the same questions."""
    rows = [forms.gpqa(number) for number in range(40)]
    wanted = {(q.id, q.text, q.answer) for q in forms.load(gpqa(tmp_path / "rows.jsonl", rows))}
    turned = [{**row, "Incorrect Answer 1": row["Incorrect Answer 3"], "Incorrect Answer 3": row["Incorrect Answer 1"]}
              for row in rows]  # fmt: skip
    others = [*turned, *(forms.gpqa(number) for number in range(900, 950))]
    random.Random(7).shuffle(others)
    found = {(q.id, q.text, q.answer) for q in forms.load(gpqa(tmp_path / "renamed.jsonl", others))}
    assert wanted < found


def test_every_process_draws_the_same_order(tmp_path):
    """Two processes with other hash seeds load what this one does."""
    choice = gpqa(tmp_path / "rows.jsonl", [forms.gpqa(number) for number in range(20)])
    program = (
        "import json, sys; from ot_grid.stages import sources; "
        "print(json.dumps([(q.text, q.answer) for q in sources.load(json.loads(sys.argv[1]), name='b', domain='d')]))"
    )
    wanted = [[question.text, question.answer] for question in forms.load(choice)]
    for seed in ("1", "4242"):
        told = subprocess.run(
            [sys.executable, "-c", program, json.dumps(choice)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert json.loads(told.stdout) == wanted


def test_where_keeps_the_rows_that_match(tmp_path):
    """Images and exact answers are no part of the text-only choices; a missing column is, where null is allowed."""
    rows = [forms.hle(0), forms.hle(1, image="data:image/png"), forms.hle(2, answer_type="exactMatch", answer="seven")]
    without = {name: value for name, value in forms.hle(4).items() if name != "image"}
    loaded = forms.load(forms.data("hle", forms.write(tmp_path / "rows.jsonl", [*rows, without])))
    assert [(question.text[:11], question.answer) for question in loaded] == [
        ("Which is 0?", "A"),
        ("Which is 4?", "A"),
    ]


def test_equal_wrong_choices_do_no_harm(tmp_path):
    """MMLU has a few; no letter is in doubt. Choices that keep their place keep the published letter in any case."""
    (question,) = forms.load(gpqa(tmp_path / "rows.jsonl", [forms.gpqa(1, **{"Incorrect Answer 2": "11 metres"})]))
    assert question.text.count("11 metres") == 2
    row = {**forms.mmlu_pro(0), "options": ["same", "same", "other"], "answer": "B"}
    assert forms.load(forms.data("mmlu_pro", forms.write(tmp_path / "pro.jsonl", [row])))[0].answer == "B"


def test_braces_of_a_question_stay(tmp_path):
    """A question that holds the names of a template is not filled a second time."""
    (question,) = forms.load(gpqa(tmp_path / "rows.jsonl", [forms.gpqa(1, Question="What is {choices} in {letter}?")]))
    assert question.text.startswith("Problem: What is {choices} in {letter}?\nOptions: A) ")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"Incorrect Answer 2": "10 metres "}, "the right choice '10 metres' is there twice"),
        ({"Incorrect Answer 2": " "}, "has an empty choice"),
        ({"Incorrect Answer 2": None}, "has an empty choice"),
    ],
)
def test_a_row_without_one_right_choice_is_named(tmp_path, more, says):
    """The file and the row are told."""
    rows = [forms.gpqa(0), forms.gpqa(1, **more)]
    with pytest.raises(BadInput, match=re.escape(says)) as told:
        forms.load(gpqa(tmp_path / "rows.jsonl", rows))
    assert str(told.value).startswith(f"{tmp_path / 'rows.jsonl'} line 2: ")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"answer": "K"}, "the answer 'K' is no letter of 4 choices"),
        ({"answer": 4}, "the answer 4 is no letter of 4 choices"),
        ({"answer": None}, "the answer None is no letter"),
        ({"answer": ""}, "the answer '' is no letter"),
        ({"answer": "b"}, "the answer 'b' is no letter"),
        ({"options": ["one"]}, "must be 2 to 26 choices"),
        ({"options": [str(n) for n in range(27)]}, "must be 2 to 26 choices"),
        ({"options": "A or B"}, "must be 2 to 26 choices"),
    ],
)
def test_an_answer_that_is_no_choice_is_named(tmp_path, more, says):
    """Letters and indices must be of a choice; there are 2 to 26 of them."""
    file = forms.write(tmp_path / "rows.jsonl", [forms.mmlu_pro(1), forms.mmlu_pro(9), {**forms.mmlu_pro(17), **more}])
    with pytest.raises(BadInput, match="rows.jsonl line 3: .*" + re.escape(says)):
        forms.load(forms.data("mmlu_pro", file))


def test_the_answer_may_be_the_text_of_a_choice(tmp_path):
    """`answer_is: text` looks the answer up, so a choice 'C' is not the letter C."""
    row = {"question": "Which is C?", "options": ["L", "C", "1/C", "R"], "answer": "C"}
    file = forms.write(tmp_path / "rows.jsonl", [row])
    assert [q.answer for q in forms.load(forms.data("mmlu_pro", file, answer_is="text"))] == ["B"]
    assert [q.answer for q in forms.load(forms.data("mmlu_pro", file))] == ["C"]
    with pytest.raises(BadInput, match="the answer 'c' is no text of 4 choices"):
        forms.load(forms.data("mmlu_pro", forms.write(file, [{**row, "answer": "c"}]), answer_is="text"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"shuffle": False}, "every answer is A"),
        ({"template": "{question}"}, "has no {choices}"),
        ({"choice": "{choice}"}, "has no {letter}"),
        ({"columns": {"question": "Question", "choices": None, "answer": "x"}}, "cannot be shuffled"),
        ({"columns": {"question": "Question", "choises": None, "answer": "x"}}, "did you mean 'choices'?"),
        ({"columns": {"question": "Question", "answer": "x"}}, "columns lacks 'choices'"),
        ({"where": {"Subdomian": "Ropes"}}, "there is no column 'Subdomian'; did you mean 'Subdomain'?"),
        ({"where": {"Subdomain": "Knots"}}, "holds no questions for this choice"),
        ({"columns": {"question": "question", "choices": ["a", "b"], "answer": None}}, "did you mean 'Question'?"),
    ],
)
def test_check_says_what_is_wrong_before_launch(tmp_path, more, says):
    """Settings that contradict each other or the file are problems at plan time."""
    problems = sources.check(gpqa(tmp_path / "rows.jsonl", [forms.gpqa(0)], **more))
    assert any(says in problem for problem in problems), problems
