"""A sweep file is read as text, and everything that is wrong with it is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid.errors import BadInput
from ot_grid.planning import sweep_file


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_stay_what_was_written(tmp_path: Path):
    """What YAML would make booleans, numbers and nulls of is the text that an override has."""
    text = (
        "vary:\n  verify: [on, off]\n  train.learning_rate: [1e-4, 010, 1_0]\n  filter.x: [no, null, ~, 2026-11-23]\n"
    )
    vary = sweep_file.read(written(tmp_path, text)).vary
    assert vary["verify"] == ("on", "off")
    assert vary["train.learning_rate"] == ("1e-4", "010", "1_0")
    assert vary["filter.x"] == ("no", "null", "~", "2026-11-23")


def test_lists_and_mappings_as_values_are_written_as_hydra_has_them(tmp_path: Path):
    """`eval: [[sums, gcd], [gsm8k]]` varies between two suites."""
    vary = sweep_file.read(written(tmp_path, "vary: {eval: [[sums, gcd], [gsm8k]], a.b: [{x: 1, y: [2]}]}")).vary
    assert vary == {"eval": ("[sums,gcd]", "[gsm8k]"), "a.b": ("{x:1,y:[2]}",)}


def test_the_question_is_the_first_comment_unless_it_is_given(tmp_path: Path):
    """As for a choice of a group."""
    assert sweep_file.read(written(tmp_path, "# Which one?\n# More.\nvary: {a: [b]}")).question == "Which one?"
    assert (
        sweep_file.read(written(tmp_path, "# No.\nquestion: |\n  Which\n  one?\nvary: {a: [b]}")).question
        == "Which one?"
    )


def test_the_users_own_file_comes_before_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """First that of the config dir, then that of the current folder, then the shipped one."""
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "conf" / "sweeps").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert sweep_file.find("first_light", None).parent != tmp_path / "sweeps"
    (tmp_path / "sweeps" / "first_light.yaml").touch()
    assert sweep_file.find("first_light", None).parent == tmp_path / "sweeps"
    (tmp_path / "conf" / "sweeps" / "first_light.yaml").touch()
    assert sweep_file.find("first_light", str(tmp_path / "conf")).parent == tmp_path / "conf" / "sweeps"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds nothing"),
        ("# only a comment\n", "holds nothing"),
        ("- filter: [length]\n", "is a list; a sweep is a mapping"),
        ("filter", "is a str; a sweep is a mapping"),
        ("vary:\n\tfilter: [length]\n", "indented with spaces, not with tabs"),
        ("vary: {filter: [length}", "is not YAML"),
        ("a: 1\n---\nb: 2\n", "is not YAML"),
        ("vary: &x [*x]", "is not YAML"),
        ("vary: {filter: [length], filter: [none]}", "'filter' stands twice"),
        ("question: a\nquestion: b\n", "'question' stands twice"),
        ("vry: {filter: [length]}", "has 'vry'; a sweep holds question, base, vary"),
        ("vry: {filter: [length]}", "did you mean 'vary'?"),
        ("vary: [filter]", "must give values to each group or setting"),
        ("vary: {filter: []}", "vary: filter=[] is an empty list"),
        ("vary: {filter: }", "vary: filter='' must be a list of values"),
        ("vary: {filter: [length, '']}", "has an item without a value"),
        ("vary: {filter: {length: none}}", "vary: filter='{length:none}' must be a list"),
        ("vary: {filter length: [a]}", "'filter length' is no group and no setting"),
        ("vary: {~filter: [a]}", "'~filter' is no group and no setting"),
        ("vary: {train.seed: range(0,3)}", """inside { } and [ ] quote it: '"range(0,3)"'"""),
        ("repeat: {train.seed: []}", "repeat: train.seed=[] is an empty list"),
        ("base: filter=length", "base='filter=length' must be a list of overrides"),
        ("base: [{filter: length}]", "base has '{filter:length}'; write an override"),
        ("base: []", "base=[] is an empty list"),
        ("design: one_by_one", "there is no such design; did you mean 'one_at_a_time'?"),
        ("design: [product]", "there is no such design"),
        ("vary: {a: [b]}\nzip: [a, b]", "zip='[a,b]' must be a list of lists"),
        ("vary: {a: [b]}\nzip: [[a]]", "must be a list of lists of two factors or more"),
        ("vary: {a: [b], c: [d], e: [f]}\nzip: [[a, c], [c, e]]", "names 'c' twice"),
        ("vary: {a: [b], c: [d]}\nzip: [[a, d]]", "zip names 'd', which is not varied"),
        ("vary: {a: [b]}\nrepeat: {c: [d]}\nzip: [[a, c]]", "cannot step together with what repeats"),
        ("vary: {filter: [b]}\nexclude: {filter: b}", "exclude='{filter:b}' must be a list of points"),
        ("vary: {filter: [b]}\nexclude: [{}]", "must be a list of points"),
        ("vary: {filter: [b]}\nexclude: [{filter: []}]", "is an empty list"),
        (
            "vary: {filter: [b]}\nexclude: [{filtr: b}]",
            "exclude names 'filtr', which is not varied; did you mean 'filter'?",
        ),
        ("vary: {filter: [b]}\nversus: length", "versus='length' must name a recipe by its coordinates"),
        ("vary: {filter: [b]}\nversus: {filter: b}", "versus='{filter:b}' must be one text"),
        ("vary: {filter: [b]}\nversus: filter=b filter=c", "names a factor twice"),
        ("vary: {filter: [b]}\nversus: filtr=b", "versus names 'filtr', which is not varied; did you mean 'filter'?"),
        ("repeat: {train.seed: [1]}\nversus: train.seed=1", "versus names 'train.seed', which repeats"),
        ("vary: {a: [b]}\nrepeat: {a: [c]}", "a is in vary and in repeat"),
        ("vary: {a: [b]}\nrepeat: {+a: [c]}", "a is in vary and in repeat"),
        ("base: [a=b]\nvary: {a: [c]}", "a is in base and varied"),
        ("rank_by: sums", "rank_by='sums' must be a list of benchmarks"),
        ("rank_by: [sums, sums]", "names 'sums' twice"),
        ("question: [a]", "question='[a]' must be one text"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, text: str, told: str):
    """With the file, the value and the way out."""
    path = written(tmp_path, text)
    with pytest.raises(BadInput) as raised:
        sweep_file.read(path)
    assert told in str(raised.value)
    assert str(path) in str(raised.value)


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path):
    """Five mistakes are five numbered lines."""
    text = "vry: 1\nbase: a\nvary: {filter: [], teacher: []}\ndesign: square\n"
    with pytest.raises(BadInput, match="5 problems:"):
        sweep_file.read(written(tmp_path, text))


def test_a_file_that_is_no_text_is_told(tmp_path: Path):
    """Not with a traceback."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"vary: {filter: [\xff]}")
    with pytest.raises(BadInput, match="is not UTF-8"):
        sweep_file.read(path)
    assert sweep_file.headline(path) == "(not readable)"
