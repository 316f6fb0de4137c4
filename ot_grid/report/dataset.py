"""The rows that a student was trained on, in a form that others read: chats as JSONL or parquet, with a card.

One idea: what is published says where it comes from: the choices of its recipe, the sweep, the key of its stage run. A
group of rows is in memory at a time. It must not make rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ot_grid import store as disk
from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.report.page.shelves import said
from ot_grid.store import RECORD, Store

FORMS = ("jsonl", "parquet")
STAGE, ROWS = "dataset", "data/dataset.parquet"
CARD, DATA = "README.md", "data"


def export(place: Store, sweep: Sweep, cell: FrozenCell, folder: Path, form: str) -> list[Path]:
    """Write the dataset of a cell below `folder`; return its files."""
    found = _artifact(place, cell)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"--to {str(folder)!r} is there and not empty; name a new folder")
    path = folder / DATA / f"train.{form}"
    count = _jsonl(found / ROWS, path) if form == "jsonl" else _parquet(found / ROWS, path)
    disk.write_text(folder / CARD, _card(sweep, cell, found, count, path.name))
    return [path, folder / CARD]


def push(folder: Path, repository: str) -> str:
    """Upload an exported dataset to the hub, as a private one where it is new; return its address."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    api = HfApi()
    try:
        api.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        done = api.upload_folder(folder_path=folder, repo_id=repository, repo_type="dataset")
    except (HfHubHTTPError, LocalTokenNotFoundError, OSError, ValueError) as error:
        raise BadInput(
            f"{repository!r} was not written on the hub ({error}); what was exported lies in {folder}: log in (hf auth "
            "login), see that the name is OWNER/NAME, and give the command again with a new --to"
        ) from error
    return str(getattr(done, "repo_url", None) or f"datasets/{repository}")


def _artifact(place: Store, cell: FrozenCell) -> Path:
    keys = [run.key for run in cell.runs if run.stage == STAGE]
    if not keys:
        raise BadInput(f"cell {cell.id} ({cell.label}) trains nothing, so it has no dataset; name a cell that does")
    folder = place.artifacts(STAGE).get(keys[0])
    if folder is None or not (folder / RECORD).exists():
        raise BadInput(f"the dataset of cell {cell.id} is not made yet; see how far it is: python -m ot_grid status")
    return folder


def _groups(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield rows with the whole chat under `messages`, a group of the file at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield [_row(row) for row in file.read_row_group(group).to_pylist()]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in row.items() if name not in ("prompt", "completion")}
    return {"messages": [*row["prompt"], *row["completion"]], **rest}


def _jsonl(source: Path, path: Path) -> int:
    count = 0
    with tables.writing(path) as file:
        for rows in _groups(source):
            count += len(rows)
            file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    return count


def _parquet(source: Path, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count, writer = 0, None
    with tables.writing(path) as file:
        for rows in _groups(source):
            table = pa.Table.from_pylist(rows)
            writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
            count += len(rows)
        if writer:
            writer.close()
    return count


def _card(sweep: Sweep, cell: FrozenCell, artifact: Path, count: int, name: str) -> str:
    """Return the card: what the hub and `datasets` read of it, and where every row comes from."""
    recipe = said(artifact / disk.RECIPE)
    counts = said(artifact / RECORD).get("counts") or {}
    sources = ", ".join(f"{source} {rows:,}" for source, rows in (counts.get("by_source") or {}).items())
    choices = [f"| {group} | {choice} |" for group, choice in cell.recipe.choices.items() if choice]
    banner = [f"> **Rehearsal: {line}.**" for line in sweep.banner]
    return "\n".join([
        "---", "configs:", "- config_name: default", "  data_files:", "  - split: train", f"    path: {DATA}/{name}",
        "---", f"# {cell.label}", *banner, "",
        f"{count:,} rows to train a reasoning model on, made by ot_grid: cell {cell.id} of sweep {sweep.name}.", "",
        f"- Made by: `{sweep.command_line}`",
        f"- Key of its stage run: `{artifact.name.rpartition('-')[2]}` (version {recipe.get('version', '?')})",
        *([f"- Questions from: {sources}"] if sources else []),
        "- `messages`: the chat, with the loss on the assistant's turn; `question`: the row it answers; `ended`: "
        "whether the teacher ended its reply.",
        "- What the sources and the teacher's makers allow holds for these rows too.", "",
        "| group | choice |", "|---|---|", *choices, "",
    ])  # fmt: skip
