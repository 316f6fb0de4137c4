"""What one job does, and what became of a plan.

One idea: a stage run that needs no model costs less than the job that runs it, so a chain of them is one job; so are
stage runs that load the same model. The rest is a job each, in waves: every input of a wave is done or in an earlier
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ot_grid import key
from ot_grid.config import Resources
from ot_grid.planning import rehearsal
from ot_grid.planning.plan import StageRun

SHARED = ("filter", "traces", "verify", "eval")  # stages that ask a model for many replies


@dataclass
class Outcome:
    """What became of a plan."""

    cached: int = 0
    executed: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # key -> cause
    submitted: list[str] = field(default_factory=list)  # Slurm array ids: the rest is up to the cluster
    handed_over: int = 0  # stage runs submitted now
    queued: int = 0  # stage runs submitted earlier, by anybody, and still queued or running
    left: int = 0  # stage runs for which the cluster has no room now

    @property
    def on_cluster(self) -> bool:
        """Whether the rest is up to the cluster."""
        return bool(self.submitted or self.queued or self.left)


def shared(run: StageRun) -> bool:
    """Whether several processes can work off a stage run together: those that ask a model for many replies."""
    return run.needs == "inference" and run.stage in SHARED


@dataclass
class Pack:
    """Stage runs that one job does one after the other."""

    runs: list[StageRun]


def packs(ready: Sequence[StageRun]) -> Iterator[Pack]:
    """Group ready stage runs: the benchmarks of one student go together, so that it is loaded once."""
    groups: dict[tuple[str, ...], list[StageRun]] = {}
    for run in ready:
        groups.setdefault(("eval", _student(run)) if run.stage == "eval" else (run.key,), []).append(run)
    yield from (Pack(runs) for runs in groups.values())


@dataclass(frozen=True)
class Want:
    """What a stage run asks of the cluster; equal shapes can share a job or an array."""

    resources: Resources
    shape: str

    @classmethod
    def of(cls, resources: Resources) -> Want:
        """Return a want; how much is packed and shared is no part of its shape."""
        alike = {name: value for name, value in vars(resources).items() if name not in ("pack", "workers")}
        return cls(resources, key.short(alike))

    @property
    def most(self) -> int:
        """Stage runs that one job may do."""
        return max(1, int(self.resources.pack or 1))


Wants = Mapping[str, Want]  # by the key of a stage run
Wave = dict[tuple[str, str], list[Pack]]  # the jobs of each array: by the stage it is called after, and its shape


@dataclass
class _Chain:
    """Stage runs without a model that feed each other and go into one job."""

    wave: int
    runs: list[StageRun]


def waves(missing: Sequence[StageRun], wants: Wants) -> list[Wave]:
    """Return the jobs of each wave, in arrays.

    `missing` lists inputs before what needs them. An input that is not in it is done or queued.
    """
    arrays: dict[int, Wave] = {}
    for chain in _chained(missing, wants):
        first = chain.runs[0]
        array = "cpu" if first.needs == "cpu" else first.stage, wants[first.key].shape
        arrays.setdefault(chain.wave, {}).setdefault(array, []).append(Pack(list(chain.runs)))
    made = []
    for _, wave in sorted(arrays.items()):
        made.append({array: list(_packed(jobs, wants)) for array, jobs in wave.items()})
    return made


def _chained(missing: Sequence[StageRun], wants: Wants) -> list[_Chain]:
    """Return every stage run in its chain: alone, or with the inputs that feed it from the same wave."""
    of: dict[str, _Chain] = {}
    for run in missing:
        parents = [of[parent] for parent in run.inputs if parent in of]
        wave = max((chain.wave for chain in parents), default=0)
        feeding = list({id(chain): chain for chain in parents if chain.wave == wave}.values())
        members = [run, *(each for chain in feeding for each in chain.runs)]
        if parents and not _joinable(members, wants):
            members, wave = [run], wave + 1
        joined = _Chain(wave, [*members[1:], run])
        of.update((each.key, joined) for each in members)
    return list({id(chain): chain for chain in of.values()}.values())


def _joinable(members: Sequence[StageRun], wants: Wants) -> bool:
    alike = len({wants[each.key].shape for each in members}) == 1
    return alike and all(each.needs == "cpu" for each in members) and len(members) <= wants[members[0].key].most


def _packed(jobs: Iterable[Pack], wants: Wants) -> Iterator[Pack]:
    """Put small jobs together: chains of any kind, others when they load the same model."""
    begun: dict[str, Pack] = {}
    for job in jobs:
        model = _model(job.runs[0])
        pack = begun.get(model)
        if pack and len(pack.runs) + len(job.runs) <= wants[job.runs[0].key].most:
            pack.runs += job.runs
            continue
        if pack:
            yield pack
        begun[model] = job
    yield from begun.values()


def _model(run: StageRun) -> str:
    """Return what a stage run loads: nothing, the student it is the benchmark of, or the models it names."""
    if run.needs == "cpu":
        return ""
    if run.stage == "eval":
        return "student " + _student(run)
    return "models " + key.short([dict(model) for model in rehearsal.models(run.reads)])


def _student(run: StageRun) -> str:
    """Return whom a benchmark asks: the key of a training, or what stands for a model that is not trained."""
    return key.short(dict(run.reads["student"])) if "student" in run.reads else run.inputs[0]
