"""The command line says what is wrong before anything is spent, and does what `--help` says."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ot_grid import api, cli
from ot_grid.cli import main, printing
from ot_grid.errors import BadInput
from ot_grid.planning import freezing
from tests.sweeps import local_sweep


def ot_grid(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "ot_grid", *words], capture_output=True, text=True, cwd=cwd, check=False
    )


def problem(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what is printed for a command that must be refused as bad input."""
    assert cli.main(list(words)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["filtr=length"], r"no group or key 'filtr'; did you mean 'filter'?"),
        (["filter=lenght"], "no filter 'lenght'; did you mean 'length'? valid: "),
        (["train.lerning_rate=1"], "train has no setting 'lerning_rate'; did you mean 'learning_rate'?"),
        (["+filter.colour=red"], "filter has no setting 'colour'"),
        (["train.epochs=many"], "train.epochs='many' is not of type float"),
        (["scale.rows=many"], "scale.rows: Value 'many' of type 'str' could not be converted to Integer"),
        (["cluster.gpus={a/b: 2}"], "cluster.gpus has no entry for 'a/b' yet; a + adds it: '+cluster.gpus={a/b: ...}'"),
        (["cluster.slurm.cpus=-1"], "cluster.slurm.cpus=-1: must be at least 1"),
        (["scale.rws=4"], "scale has no setting 'rws'; did you mean 'rows'?"),
        (["samples.count=0"], "samples.count=0: must be at least 1"),
        (["source=jsonl"], "source.jsonl.path is left open ('???')"),
        (["samples=x16", "scale.rows=8"], "leaves no question to answer (8 rows // 16 samples = 0)"),
        (["source=gsm8k", "mix=top2"], "mix.take=2, but domain 'math' has 1 source(s): gsm8k"),
        (["filter=a,b"], "no filter 'a'"),
        (["filter=length,none"], "add -m to run them all as a grid"),
        (["filter"], "no command 'filter', and no override NAME=VALUE"),
        (["repot"], "did you mean 'report'?"),
        (["plan", "train.learning_rate=-1"], "train.learning_rate=-1: must be above 0"),
        (["plan", "train.learning_rate=nan"], "is no number"),
        (["plan", "teacher.sampling.top_p=7"], "teacher.sampling.top_p=7: must be at most 1"),
        (["eval=sums", "eval.sums.sampling.temperature=0"], "2 repeats at temperature 0"),
        (["plugins=[no_such_package]"], "cannot import 'no_such_package'"),
        (["+sweep=nothing"], "no sweep 'nothing'"),
        (["--config-dir", "/no/such/folder"], "'/no/such/folder' is not a folder"),
        (["train.learning_rate=.nan"], "nan"),
    ],
)
def test_bad_input_is_told_with_the_way_out(capsys, own_store: Path, words: list[str], told: str):
    """Each mistake is named with its value and what would be right; nothing is written."""
    assert told in problem(capsys, *words)
    assert not own_store.exists()


def test_all_problems_are_told_at_once(capsys):
    """Five mistakes in one command are five numbered lines, not five attempts."""
    text = problem(
        capsys, "filtr=a", "filter=lenght", "train.lerning_rate=1", "samples.count=0", "source=jsonl", "mix=top1"
    )
    assert "5 problems:" in text
    for part in ("'filtr'", "'lenght'", "'lerning_rate'", "samples.count=0", "source.jsonl.path"):
        assert part in text


def test_missing_files_and_models_are_told_before_anything_is_spent(capsys, tmp_path: Path):
    """A file that is not there and a teacher that is not there are told together, with three ways to get the model."""
    words = ["scale=ot_0.3k", "source=jsonl", f"source.jsonl.path={tmp_path}/no.jsonl", "teacher=r1"]
    text = problem(capsys, *words)
    assert f"{tmp_path}/no.jsonl" in text
    assert "deepseek-ai/DeepSeek-R1" in text
    for way in ("hf download", "cluster.models", "scale=rehearsal"):
        assert way in text


def test_a_store_that_cannot_be_written_is_told(capsys, tmp_path: Path):
    """A store below a file cannot be: it is said so, with the way out."""
    (tmp_path / "file").write_text("")
    assert "is not writable" in problem(capsys, f"store={tmp_path}/file/store")


def test_plan_as_json_counts_what_is_shared(capsys, own_store: Path):
    """`plan --json` gives cells, unique stage runs against naive ones, cached and to run; it writes nothing."""
    assert cli.main(["plan", "-m", "filter=length,difficulty", "teacher=qwq,r1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["cells"] == 4
    assert told["counts"]["unique"] == len(told["runs"]) < told["counts"]["naive"]
    assert told["counts"]["to_run"] == told["counts"]["unique"]
    assert told["banner"]
    assert not own_store.exists()


def test_help_in_a_real_process(tmp_path: Path):
    """`python -m ot_grid --help` names the commands and the choices, and exits with 0."""
    done = ot_grid("--help", cwd=tmp_path)
    assert done.returncode == 0
    for word in ("filter=length", "teacher=r1", *(command for command in cli.COMMANDS if command != "run")):
        assert word in done.stdout


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_each_command_has_help(capsys, command: str):
    """`COMMAND --help` says in a sentence what it does."""
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: python -m ot_grid" in capsys.readouterr().out


def test_hydras_own_flags_work_and_litter_nothing(tmp_path: Path):
    """--cfg job prints the composed config; no outputs/ or .hydra/ folder appears."""
    done = ot_grid("--cfg", "job", "filter=length", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "function: length" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    ["status", "report", "reproduce x", "explain x", "logs train", "cancel x", "throttle x 2", "resume", "retry"],
)
def test_an_empty_store_is_told(capsys, command: str):
    """Commands that read a store say that there is nothing yet, or no such cell."""
    assert cli.main(command.split()) == 2
    assert "no " in capsys.readouterr().err


def test_hydras_grammar_for_sweeps(capsys):
    """Choices, ranges, globs and quoted values sweep as Hydra users expect."""
    words = ["plan", "-m", "--json", "train.seed=range(1,4)", "filter=glob(*,exclude=[none,random])", "verify='off'"]
    assert cli.main(words) == 0
    factors = json.loads(capsys.readouterr().out)["factors"]
    assert factors == {"train.seed": ["1", "2", "3"], "filter": ["difficulty", "length"]}


def test_a_sweep_file_is_the_same_as_its_command_line(capsys):
    """`-m +sweep=first_light` plans the grid of the README."""
    assert cli.main(["plan", "-m", "--json", "+sweep=first_light"]) == 0
    by_file = json.loads(capsys.readouterr().out)
    assert cli.main(["plan", "-m", "--json", "filter=length,difficulty", "teacher=qwq,r1"]) == 0
    by_line = json.loads(capsys.readouterr().out)
    assert by_file["runs"] == by_line["runs"]


@pytest.mark.slow
def test_a_filter_from_outside_needs_no_change_here(tmp_path: Path):
    """A function in a package of the user's, with its YAML in a --config-dir, is planned like ours."""
    (tmp_path / "my_filters.py").write_text(
        "from collections.abc import Iterable, Iterator\n"
        "from ot_grid.registry import register\n"
        "from ot_grid.rows import Dropped, Question, Scored\n\n"
        "@register('filter')\n"
        "def digits(questions: Iterable[Question], *, fewest: int) -> Iterator[Scored | Dropped[Question]]:\n"
        "    for question in questions:\n"
        "        count = sum(c.isdigit() for c in question.text)\n"
        "        yield Scored(question, count) if count >= fewest else Dropped(question, f'{count} digits')\n"
    )
    (tmp_path / "conf" / "filter").mkdir(parents=True)
    (tmp_path / "conf" / "filter" / "digits.yaml").write_text("# Most digits first.\nfunction: digits\nfewest: 2\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from ot_grid import cli;"
        f"sys.exit(cli.main(['plan', '-m', '--config-dir', {str(tmp_path / 'conf')!r},"
        "'filter=digits,length', 'plugins=[my_filters]']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "filter=digits" in done.stdout


def test_several_choices_where_one_is_taken_are_told(capsys):
    """With the way to have a cell for each; and a choice that is named twice."""
    told = problem(capsys, "plan", "filter=[length,random]")
    assert told == (
        "ot_grid: filter=[length,random] names 2 choices, and filter takes one; a cell for each: "
        "-m filter=length,random\n"
    )
    told = problem(capsys, "plan", "source=[gsm_symbolic,gsm_symbolic]")
    assert "names gsm_symbolic twice; for another file or setting of the same kind, copy its YAML" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["filter=random", "filter.seed=${train.seed}"], "a group may refer to itself and to scale only"),
        (["cluster.kind=slrum"], "cluster.kind='slrum': there is no such value; did you mean 'slurm'?"),
        (["cluster.workers=-3"], "cluster.workers=-3: must be at least 1"),
        (["tracking.mode=foo"], "valid: off, offline, online"),
        (["train.batch_size=0"], "train.batch_size=0: must be at least 1"),
        (["train.epochs=-1"], "train.epochs=-1: must be above 0"),
        (["mix.weights=foo"], "mix.weights='foo': there is no such value; valid: equal, size"),
        (["verify=on", "verify.keep=[wright]"], "verify.keep"),
        (["mix.take=-1"], "mix.take=-1: must be at least 1"),
        (["eval.sums.limit=0"], "eval.sums.limit=0: must be at least 1"),
        (["-m", "train.seed=range(1,1)"], "the sweep is empty"),
        (["-m", "store=a,b"], "where it runs cannot be swept"),
        (["--name", "a/b"], "--name 'a/b' cannot be a folder's name"),
        (["-m", "+sweep=first_light", "filter=random,none"], "is no cell of this sweep"),
        (["samples=x4", "teacher=reference"], "a source has one worked solution; use samples=x1"),
        (["teacher.prompt=hello"], "does not contain {question}"),
    ],
)
def test_values_that_no_stage_could_use_are_told_by_plan(capsys, words: list[str], told: str):
    """What would fail late, or be silently something else, fails before anything is planned."""
    assert told in problem(capsys, "plan", *words)


def test_a_local_sweep_is_not_cancelled_by_slurm(capsys, own_store: Path, tmp_path: Path, monkeypatch):
    """What was never given to Slurm is stopped with Ctrl-C, it is said; no command of Slurm is needed for that."""
    wanted = api.plan(["teacher=reference"])
    freezing.freeze(wanted, api.artifacts_of(wanted))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["cancel", wanted.name]) == 0
    assert "Ctrl-C" in capsys.readouterr().out
    assert cli.main(["throttle", wanted.name, "2"]) == 0
    assert f"nothing of {wanted.name} is queued" in capsys.readouterr().out


@pytest.mark.parametrize("most", ["-1", "two", "1.5"])
def test_a_limit_is_a_number_of_jobs(capsys, most: str):
    """N of `throttle` is told with its value when it is none."""
    assert f"N={most!r} is no number of jobs" in problem(capsys, "throttle", "a-sweep", most)


def test_two_ways_to_write_one_value_are_one_cell(capsys):
    """train.learning_rate=1e-5 and 0.00001 are the same recipe."""
    assert cli.main(["plan", "-m", "--json", "train.learning_rate=1e-5,0.00001"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["cells"] == 1


def test_a_terminal_without_a_character_gets_a_question_mark(monkeypatch):
    """No report is lost because a node's locale is plain ASCII."""
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    assert cli.main(["--version"]) == 0
    printing.say("4.2 ± 1.0")
    assert shown.getvalue().endswith(b"4.2 ? 1.0\n")


def test_a_long_sweep_has_a_name_that_can_be_given_again(capsys):
    """The name that we make is one that --name takes."""
    words = ["-m", "filter=length,difficulty", "teacher.sampling.temperature=0.5,1", "eval.sums.repeats=1,2"]
    plan = api.plan([*words[1:], "scale.questions=8,16"])
    assert api.plan([*words[1:], "scale.questions=8,16"], name=plan.name).name == plan.name


def test_a_refused_run_is_not_the_sweep_asked_for_last(capsys, own_store: Path, monkeypatch):
    """Where Slurm does not answer nothing of the sweep is written."""
    monkeypatch.setenv("PATH", str(own_store / "nowhere"))
    plan = api.plan(["filter=none", "cluster=slurm", "cluster.slurm.partition=gpu", "teacher=reference",
                     "source=gsm_symbolic", "mix=top1", "eval=sums", "tracking='off'",
                     "+cluster.models={SmolLM2-135M-Instruct: /tmp}"])  # fmt: skip
    monkeypatch.setattr("ot_grid.running.preflight.check", lambda plan, artifacts: None)
    with pytest.raises(BadInput, match="squeue is not here"):
        api.run(plan)
    assert not (own_store / "sweeps").exists()


def test_whoever_may_not_write_has_the_table_all_the_same(capsys, monkeypatch):
    """And a line that says so; with a folder of one's own it is an error."""
    _, artifacts = local_sweep()
    monkeypatch.setattr("ot_grid.report.build.write", refusing)
    assert main(["report", "--store", str(artifacts.place.root)]) == 1  # nothing is done yet
    told = capsys.readouterr()
    assert "RANKED CELLS" in told.out
    assert "nothing can be written to" in told.err
    assert main(["report", "--store", str(artifacts.place.root), "--to", "/nowhere"]) == 2


def refusing(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_report_as_one_reader_wished_it_is_not_the_stored_one():
    """What lies beside the cells is what the sweep asks."""
    plan, artifacts = local_sweep()
    path = artifacts.place.sweep(plan.name) / "report.txt"
    main(["report", "--store", str(artifacts.place.root), "--rank-by", "sums"])
    assert not path.exists()
    main(["report", "--store", str(artifacts.place.root)])
    assert path.exists()


@pytest.mark.parametrize("error", [PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError])
def test_a_folder_that_cannot_be_used_is_told_and_no_traceback(monkeypatch, capsys, error: type[OSError]):
    """Whatever command meets it."""

    def command(words: object) -> int:
        raise error(13, "not for you", "/root/x")

    monkeypatch.setattr("ot_grid.cli.status.status", command)
    assert main(["status"]) == 2
    assert capsys.readouterr().err.startswith("ot_grid: /root/x: not for you; give a folder")


def test_an_export_to_a_file_is_told(capsys):
    """Its target is a folder."""
    _, artifacts = local_sweep()
    file = artifacts.place.root / "file"
    file.touch()
    assert main(["export", "--store", str(artifacts.place.root), "--to", str(file / "below")]) in (1, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_hydras_flags_that_do_not_go_together_are_told(tmp_path: Path):
    """In one line, as everything else."""
    line = [sys.executable, "-m", "ot_grid", "--cfg", "job", "-m", "filter=length,difficulty"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "--cfg and --info show one recipe" in done.stderr
