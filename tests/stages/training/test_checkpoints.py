"""Which checkpoints of a training count."""

from __future__ import annotations

from pathlib import Path

from ot_grid.stages.training import checkpoints


def test_a_half_written_checkpoint_is_never_resumed_from(tmp_path: Path):
    """Without its mark, with a file too short or a file gone, a checkpoint does not count, and is removed."""
    for step in (9, 10, 20, 30, 40):
        folder = tmp_path / f"checkpoint-{step}"
        (folder / "shards").mkdir(parents=True)
        for name in ("trainer_state.json", "shards/0.distcp"):
            (folder / name).write_text("{} and more")
        if step != 40:
            checkpoints.mark_whole(folder)
    (tmp_path / "checkpoint-30" / "shards" / "0.distcp").write_text("")
    (tmp_path / "checkpoint-20" / "trainer_state.json").unlink()
    assert checkpoints.newest(tmp_path) == tmp_path / "checkpoint-10"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-9"]
    assert checkpoints.newest(tmp_path / "nowhere") is None
