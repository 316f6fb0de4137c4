"""The dev cluster is a real one: jobs run, faults happen, and nothing is left of it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.dev import HANGS, DevCluster

pytestmark = pytest.mark.slow


def processes_of(cluster: DevCluster) -> list[str]:
    """Return the command lines and environments that name the folder of a cluster."""
    paths = [*Path("/proc").glob("[0-9]*/environ"), *Path("/proc").glob("[0-9]*/cmdline")]
    return [str(path) for path in paths if str(cluster.folder) in read(path)]


def read(path: Path) -> str:
    """Return what a file of /proc says, or nothing when its process has ended."""
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_up_again_changes_nothing(cluster: DevCluster) -> None:
    """`up` on a running cluster says where it is, on the only line of stdout."""
    before = processes_of(cluster)
    again = cluster.script("up")
    assert (again.returncode, again.stdout) == (0, f"export SLURM_CONF={cluster.conf}\n"), again.stderr
    assert set(before) <= set(processes_of(cluster))
    assert cluster.script("status").returncode == 0
    assert "`down` it" in cluster.script("up", "--nodes=5").stderr


def test_a_job_runs_and_accounting_knows_it(cluster: DevCluster) -> None:
    """sbatch, the job's own exit code and sacct tell the same."""
    job = cluster.submit("echo $CUDA_VISIBLE_DEVICES on $SLURMD_NODENAME; exit 3", "--gpus=2", "--output=out-%j")
    cluster.wait_for(job, "ENDED")
    assert (cluster.folder / f"out-{job}").read_text().startswith("0,1 on n")
    cluster.wait_until(lambda: cluster.history(job) == [("FAILED", "3:0")], HANGS, "sacct knows that it failed")


def test_a_dependent_job_starts_at_once(cluster: DevCluster) -> None:
    """A chain of ten jobs is not ten waits for the scheduler."""
    job = cluster.submit("true")
    for _ in range(9):
        job = cluster.submit("true", f"--dependency=afterany:{job}")
    cluster.wait_empty(HANGS)


def test_the_job_of_a_lost_node_runs_again_elsewhere(cluster: DevCluster) -> None:
    """A node without power loses its processes; its job is requeued and ends on another node."""
    job = cluster.submit("echo $SLURMD_NODENAME; sleep 7; echo end", "--output=out-%j", "--open-mode=append")
    out = cluster.folder / f"out-{job}"
    cluster.wait_until(lambda: out.exists() and out.read_text(), HANGS, "it has started")
    lost = cluster.job(job)["node"]
    cluster.kill_node(lost)
    cluster.wait_for(job, "PENDING")
    cluster.wait_for(job, "ENDED")
    first, second, end = out.read_text().splitlines()
    assert (first, end) == (lost, "end")
    assert second != lost
    cluster.wait_until(lambda: len(cluster.history(job)) == 2, HANGS, "sacct knows both runs")
    assert [state for state, _ in cluster.history(job)] == ["NODE_FAIL", "COMPLETED"]
    cluster.start_node(lost)
    assert cluster.script("status").returncode == 0


def test_a_preempted_job_is_requeued(cluster: DevCluster) -> None:
    """It is sent its signal at once, killed after the time of grace, and starts again when the other job has ended."""
    commands = "trap 'echo USR1' USR1; echo start; while [ -z $SLURM_RESTART_COUNT ]; do sleep 0.2; done"
    options = ["--partition=preemptible", "--signal=B:USR1@60", "--output=out-%j", "--open-mode=append"]
    job = cluster.submit(commands, *options)
    cluster.wait_for(job, "RUNNING")
    cluster.wait_until(lambda: (cluster.folder / f"out-{job}").exists(), HANGS, "it writes")
    other = cluster.preempt(job)
    cluster.wait_for(other, "RUNNING")
    cluster.wait_for(job, "ENDED")
    written = (cluster.folder / f"out-{job}").read_text().splitlines()
    assert [line for line in written if line in {"start", "USR1"}] == ["start", "USR1", "start"]
    cluster.wait_until(lambda: len(cluster.history(job)) == 2, HANGS, "sacct knows both runs")
    assert [state for state, _ in cluster.history(job)] == ["PREEMPTED", "COMPLETED"]


def test_a_new_controller_knows_the_queue(cluster: DevCluster) -> None:
    """Running jobs run on without it, and held jobs are still held after it."""
    running, held = cluster.submit("sleep 60"), cluster.submit("true", "--hold")
    cluster.wait_for(running, "RUNNING")
    cluster.wait_saved()
    cluster.restart_controller()
    assert {line["id"]: line["state"] for line in cluster.queue()} == {running: "RUNNING", held: "PENDING"}


def test_sacct_can_be_absent(cluster: DevCluster) -> None:
    """Without accounting sacct says so, and jobs run all the same."""
    cluster.stop_accounting()
    with pytest.raises(AssertionError, match="accounting storage is disabled"):
        cluster.history("1")
    cluster.submit("true")
    cluster.wait_empty(HANGS)
    cluster.start_accounting()
    assert cluster.history("1")


@pytest.fixture
def other() -> Iterator[DevCluster]:
    """A cluster beside the one of the other tests, not started."""
    other = DevCluster(Path(tempfile.mkdtemp(prefix="ot_grid-")))
    yield other
    other.script("down")


def test_nothing_is_left_after_down(other: DevCluster) -> None:
    """Daemons, jobs and what jobs started with an environment of its own are killed; the folder is removed."""
    other.up("--nodes=1", "--no-accounting", "--gpus=0")
    job = other.submit(f"env -i setsid sh -c 'sleep 54321; true' {other.folder} & wait")
    other.wait_for(job, "RUNNING")
    other.wait_until(lambda: any("54321" in read(Path(path)) for path in processes_of(other)), HANGS, "it has a child")
    assert other.script("down").returncode == 0
    assert not processes_of(other)
    assert not other.folder.exists()
    assert other.script("status").returncode == 1
    assert other.script("down").returncode == 0


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """`up` and `down` refuse a folder that holds other things."""
    (tmp_path / "thesis.tex").write_text("chapter 1")
    for command in ("up", "down"):
        assert "holds something else" in DevCluster(tmp_path).script(command).stderr
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.skipif(not shutil.which("bash"), reason="eval is a shell's")
def test_its_line_is_for_eval(cluster: DevCluster) -> None:
    """The shell that evaluates what `up` prints reaches the cluster."""
    script = Path(__file__).parents[2] / "slurm" / "dev-cluster"
    line = f'eval "$({script} up --folder {cluster.folder})"; sinfo -h -o %R'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.stdout.split() == ["normal", "preemptible"], done.stderr
