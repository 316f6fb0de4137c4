"""From a sweep file, with overrides on top, to the cells of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid import api, cli
from ot_grid.cli.help import help_text
from ot_grid.config import shipped
from ot_grid.errors import BadInput
from ot_grid.planning import freezing, frozen, sweep
from ot_grid.planning.plan import Plan
from ot_grid.store import Store

SHIPPED = sorted(path.stem for path in shipped("sweeps").glob("*.yaml"))
SMALL = "base: [train.max_length=256]\n"
GRID = f"{SMALL}vary:\n  train.epochs: [1, 2]\n  train.batch_size: [4, 8]\nversus: train.epochs=1 train.batch_size=4\n"


@pytest.fixture
def planned(tmp_path: Path):
    """Plan a sweep file of one's own, with overrides on top of it."""

    def plan(text: str, *overrides: str, **wishes) -> Plan:
        (tmp_path / "sweeps").mkdir(exist_ok=True)
        (tmp_path / "sweeps" / "mine.yaml").write_text(text)
        return api.plan(["+sweep=mine", *overrides], config_dir=str(tmp_path), **wishes)

    return plan


def labels(plan: Plan) -> list[str]:
    return [cell.label for cell in plan.cells]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_sweep_is_planned(name: str):
    """It composes, binds, has its reference, and asks something."""
    plan = api.plan([f"+sweep={name}"])
    assert len(plan.cells) > 1
    assert plan.question
    assert plan.name.startswith(f"{name}-")
    assert f"+sweep={name} " in help_text()


def test_a_product_with_repeats(planned):
    """Repeats make cells, and the plan says which factors they are."""
    plan = planned(f"{GRID}repeat: {{train.seed: '1,2,3'}}\nrank_by: [sums]\n")
    assert len(plan.cells) == 12
    assert plan.factors["train.seed"] == ("1", "2", "3")
    assert (plan.repeat, plan.rank_by, plan.design) == (("train.seed",), ("sums",), "product")
    assert plan.versus == "train.epochs=1 train.batch_size=4"


def test_what_a_sweep_asks_is_frozen_and_read_again(planned):
    """The plan of a frozen sweep, and the sweep that a report reads, say the same; the reference is a recipe."""
    plan = planned(f"# Why?\n{GRID}design: one_at_a_time\nrepeat: {{train.seed: [1, 2]}}\nrank_by: [sums]\n")
    freezing.freeze(plan, api.artifacts_of(plan))
    place = Store(plan.runtime.store)
    again, read = frozen.plan(place, plan.name), frozen.find_sweep(place, plan.name)
    for name in ("repeat", "rank_by", "question", "design", "versus"):
        assert getattr(again, name) == getattr(read, name) == getattr(plan, name)
    assert frozen.pick(read, str(read.versus)).id == plan.cells[0].id
    with pytest.raises(BadInput, match="fits 2 cells"):
        frozen.pick(read, str(read.versus), recipe=False)


@pytest.mark.slow  # computes for seconds
def test_every_choice_of_a_group_is_those_that_need_no_setting(planned, tmp_path: Path):
    """`all` takes the user's own choices too, sorted, and leaves out those with an open value."""
    (tmp_path / "dedup").mkdir()
    (tmp_path / "dedup" / "mine.yaml").write_text("# Mine.\nfunction: exact\n")
    assert planned(f"{SMALL}vary: {{dedup: all}}").factors == {"dedup": ("exact", "mine", "none")}
    (tmp_path / "dedup" / "open.yaml").write_text("# Open.\nfunction: ???\n")
    assert planned(f"{SMALL}vary: {{dedup: all}}").factors == {"dedup": ("exact", "mine", "none")}


def test_hydras_grammar_in_a_file(planned):
    """A text that is no `all` is a sweep as a command line has it."""
    plan = planned(f"{SMALL}vary:\n  dedup: glob(*)\n  train.epochs: range(1,3)\n")
    assert plan.factors == {"dedup": ("exact", "none"), "train.epochs": ("1", "2")}


def test_steps_and_points_left_out(planned):
    """Values are compared as Hydra reads them: 1e-4 and 0.0001 are one."""
    plan = planned(
        f"{SMALL}vary: {{train.epochs: [1, 2], train.learning_rate: [1e-4, 2e-4], train.batch_size: [4, 8]}}\n"
        "zip: [[train.epochs, train.learning_rate]]\nexclude: [{train.learning_rate: 0.0001, train.batch_size: 8}]\n"
    )
    assert [tuple(cell.coordinates.values()) for cell in plan.cells] == [
        ("1", "0.0001", "4"),
        ("2", "0.0002", "4"),
        ("2", "0.0002", "8"),
    ]


def test_an_override_takes_the_place_of_the_files(planned):
    """Of what is varied, of what is fixed, and of what repeats; the reference may be named anew."""
    assert planned(GRID, "train.epochs=1,3").factors["train.epochs"] == ("1", "3")
    assert list(planned(GRID, "train.epochs=1").factors) == ["train.batch_size"]
    assert planned(GRID, "train.epochs=1").versus == "train.batch_size=4"
    assert planned(GRID, "train.epochs=3", versus="train.batch_size=8").versus == "train.batch_size=8"
    assert list(planned(GRID, "dedup=exact,none").factors) == ["train.epochs", "train.batch_size", "dedup"]
    assert planned(GRID, "dedup=exact,none").versus == "train.epochs=1 train.batch_size=4 dedup=exact"
    assert planned(GRID, "eval=sums,gcd").factors["eval"] == ("sums", "gcd")
    seeds = planned(f"{GRID}repeat: {{train.seed: [1, 2]}}", "train.seed=range(7,10)")
    assert seeds.factors["train.seed"] == ("7", "8", "9")
    assert seeds.repeat == ("train.seed",)


def test_what_an_override_fixes_is_still_left_out_and_no_longer_steps(planned):
    """Excluded points are those of the values that hold, wherever these were given."""
    text = f"{GRID}exclude: [{{train.epochs: 2, train.batch_size: 8}}]\n"
    assert labels(planned(text, "train.epochs=2", versus="train.batch_size=4")) == ["train.batch_size=4"]
    assert len(planned(text, "train.epochs=1").cells) == 2
    zipped = f"{GRID}zip: [[train.epochs, train.batch_size]]\n"
    assert len(planned(zipped).cells) == 2
    assert len(planned(zipped, "train.epochs=1").cells) == 2


def test_a_swept_seed_repeats_by_itself():
    """A seed ranks nothing, unless it is asked to; any other setting repeats when it is named."""
    assert api.plan(["train.seed=1,2"]).repeat == ("train.seed",)
    assert api.plan(["train.seed=1,2"], repeat=["none"]).repeat == ()
    assert api.plan(["train.seed=1,2", "train.epochs=1,2"], repeat=["train.epochs,train.seed"]).repeat == (
        "train.seed",
        "train.epochs",
    )


def test_a_seed_that_a_file_compares_is_a_factor(planned):
    """Whoever writes a seed into `vary` wants to see it; an override of it keeps that."""
    text = f"{SMALL}vary: {{train.seed: [1, 2]}}"
    assert planned(text).repeat == planned(text, "train.seed=3,4").repeat == ()
    assert planned(f"{SMALL}repeat: {{train.seed: [1, 2]}}", repeat=["none"]).repeat == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("vary: {filtr: [length]}", "no group or key 'filtr'; did you mean 'filter'?"),
        ("vary: {filtr: all}", "no group 'filtr'; did you mean 'filter'?"),
        ("vary: {train.seed: all}", "no group 'train.seed'"),
        ("vary: {filter: [lenght]}", "no filter 'lenght'; did you mean 'length'?"),
        ("vary: {filter: [length, length]}", "filter names 'length' twice"),
        ("vary: {train.learning_rate: [1e-4, 0.0001]}", "train.learning_rate names '0.0001' twice"),
        ("vary: {filter: length}", "'filter=length' is one value; put it into base, or make it a list"),
        ("vary: {filter: ['length,none', random]}", "in a list is more than one value"),
        ("vary: {filter: ['glob(*)']}", "in a list is more than one value"),
        ("vary: {filter: glob(zzz*)}", "the sweep is empty: 'filter=glob(zzz*)' names no value"),
        ("vary:\n  train.epochs: interval(1,3)", "an interval has no end of values"),
        ("vary: {train.sed: [1, 2]}", "train has no setting 'sed'; did you mean 'seed'?"),
        ("vary: {train.epochs: [many]}", "train.epochs"),
        ("vary: {cluster.workers: [1, 2]}", "where it runs cannot be swept"),
        ("base: ['filter=none,length']", "base has 'filter=none,length', which is varied; put it into vary"),
        ("base: [filter]", "'filter' is not an override"),
        ("repeat: {filter: [length, none]}", "repeat names the group 'filter'"),
        (
            "vary: {filter: [length, none], teacher: [qwq]}\nzip: [[filter, teacher]]",
            "zip: 2 of filter, 1 of teacher",
        ),
        (
            "vary: {filter: [none, random]}\nexclude: [{filter: rndom}]",
            "exclude names filter=rndom; did you mean 'random'?",
        ),
        ("vary: {filter: [none, random]}\nexclude: [{filter: [none, random]}]", "exclude leaves no point"),
        ("vary: {filter: [none, random]}\nversus: filter=none\nexclude: [{filter: none}]", "exclude leaves it out"),
        (
            "vary: {filter: [none, random]}\nversus: filter=length",
            "is no cell of this sweep: there is no filter=length",
        ),
        ("vary: {filter: [none, random]}\nrank_by: [sum]", "rank_by names 'sum', which not every cell evaluates"),
    ],
)
def test_what_cannot_be_planned_is_told(planned, text: str, told: str):
    """Groups, choices and values are checked before anything is spent."""
    with pytest.raises(BadInput) as raised:
        planned(text)
    assert told in str(raised.value)


def test_all_that_cannot_be_planned_is_told_at_once(planned):
    """The file's mistakes and the command line's, of names and of types; not what only follows from them."""
    text = "base: [smples=x1]\nvary: {filter: [lenght], teacher: [qwq, r1]}\nzip: [[filter, teacher]]\n"
    with pytest.raises(BadInput, match="4 problems:"):
        planned(text, "train.epochs=many", "verfy=on")


def test_wishes_that_do_not_fit_are_told(planned):
    """What is to repeat must be varied, and what is compared with must be a recipe."""
    for wishes, told in (
        ({"repeat": ["train.sed"]}, "--repeat 'train.sed' is not varied"),
        ({"repeat": ["dedup"]}, "--repeat 'dedup' is a group"),
        ({"versus": "train.epochs=9"}, "there is no train.epochs=9"),
        ({"versus": "nonsense"}, "--versus='nonsense' must name a recipe by its coordinates"),
        ({"versus": "teacher=qwq"}, "versus names 'teacher', which is not varied"),
        ({"versus": "train.seed=1"}, "versus names 'train.seed', which repeats"),
        ({"versus": "dedup=none"}, "there is no dedup=none"),
    ):
        with pytest.raises(BadInput) as raised:
            planned(GRID, "dedup=glob(e*)", "train.seed=1,2", **wishes)
        assert told in str(raised.value)


def test_what_is_to_repeat_and_has_one_value_is_told_how_to_get_more():
    """Not the name of a group, which cannot repeat."""
    with pytest.raises(BadInput, match=r"--repeat 'train\.seed' is not varied; give it several values, e\.g\. train"):
        api.plan(["filter=length,none"], repeat=["train.seed"])


def test_a_reference_that_an_override_leaves_out_is_told(planned):
    """With the way out."""
    with pytest.raises(BadInput, match=r"is no cell of this sweep: train\.epochs=3 is given; use --versus"):
        planned(GRID, "train.epochs=3")


def test_one_file_at_a_time():
    """Two would have two references and two designs."""
    with pytest.raises(BadInput, match="2 sweep files at once: first_light, seeds; give one"):
        api.plan(["+sweep=first_light", "sweep=seeds"])


def test_a_grid_needs_m_from_a_file_too():
    """As any other sweep."""
    with pytest.raises(BadInput, match=r"\+sweep=seeds names several values: add -m"):
        sweep.plan(sweep.Request(["+sweep=seeds"], multirun=False))


@pytest.mark.parametrize("word", ["teacher=qwq,", "teacher=,qwq", "teacher=qwq,,r1", "eval=[sums,]"])
def test_a_value_that_is_missing_at_a_comma_is_told(word: str, capsys):
    """In words, in place of the grammar's."""
    assert cli.main(["plan", "-m", word]) == 2
    assert f"{word!r} is not an override (a value is missing at a comma)" in capsys.readouterr().err


def test_all_on_the_command_line_is_hydras_glob(capsys):
    """`all` is the word of sweep files; who types it is told what Hydra has."""
    assert cli.main(["plan", "-m", "filter=all"]) == 2
    assert "every choice is 'filter=glob(*)'" in capsys.readouterr().err


def test_plan_says_what_is_asked(capsys):
    """In its first lines: the question, the design, the repeats; and the command is what was typed."""
    words = ["plan", "-m", "+sweep=teachers", "train.seed=1,2", "--repeat", "train.seed", "--versus", "teacher=r1"]
    assert cli.main(words) == 0
    text = capsys.readouterr().out
    assert "asks: Which teacher, with the training noise of each?" in text
    assert "compared with: teacher=r1" in text
    assert "repeats: train.seed=1,2; reports average over 2 draws of each recipe" in text
