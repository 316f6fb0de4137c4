"""What fits where. The expected values are from arithmetic with a pencil, not from the code.

Training: 16 bytes a parameter, so 2, 25, 122, 524 and 10,736 GB; 20 with DDP's buckets; shared by all under FSDP. On
top of it what a row of 16,384 tokens takes: 2 to 34 GB, and 2 GB for CUDA. Of a card of 80 GB 79e9 bytes are used.
Generation: weights of 2 bytes a parameter (R1: 689 GB in FP8) and the cache of four replies of 33k tokens.
"""

from __future__ import annotations

import pytest

from ot_grid.errors import BadInput
from ot_grid.sizing import generation, training
from ot_grid.sizing.gpus import Gpus
from tests.sizing.known import size

ROW, REPLY = 16384, 34000
NODES = {1: (1, 1), 4: (4, 1), 8: (8, 1), 16: (8, 2)}  # GPUs in all: those of a node, nodes
GIGABYTES = (40, 80, 141)

HOW = {  # student, GPUs -> on cards of 40, 80 and 141 GB
    ("135M", 1): "one_gpu one_gpu one_gpu",
    ("135M", 4): "one_node_ddp one_node_ddp one_node_ddp",
    ("135M", 8): "one_node_ddp one_node_ddp one_node_ddp",
    ("135M", 16): "many_nodes_ddp many_nodes_ddp many_nodes_ddp",
    ("1.5B", 1): "one_gpu one_gpu one_gpu",  # 25 GB and 8
    ("1.5B", 4): "one_node_ddp one_node_ddp one_node_ddp",  # 31 GB and 8: 39.3 of 39.5
    ("1.5B", 8): "one_node_ddp one_node_ddp one_node_ddp",
    ("1.5B", 16): "many_nodes_ddp many_nodes_ddp many_nodes_ddp",
    ("7B", 1): "- - one_gpu",  # 122 GB and 16: a card of 141 GB has 139 to use
    ("7B", 4): "- one_node_fsdp one_node_fsdp",  # 30 GB, 8 of a row, 5 gathered: more than 39
    ("7B", 8): "one_node_fsdp one_node_fsdp one_node_fsdp",
    ("7B", 16): "many_nodes_hsdp many_nodes_hsdp many_nodes_hsdp",  # one node has room: a copy on each
    ("32B", 1): "- - -",
    ("32B", 4): "- - -",  # 131 GB and 28
    ("32B", 8): "- - one_node_fsdp",  # 66 GB and 28
    ("32B", 16): "- many_nodes_fsdp many_nodes_hsdp",  # 33 GB and 28
    ("671B", 1): "- - -",
    ("671B", 4): "- - -",
    ("671B", 8): "- - -",
    ("671B", 16): "- - -",
}
SPLIT = {  # model, GPUs -> split over x copies, on cards of 40, 80 and 141 GB
    ("135M", 1): "1x1 1x1 1x1",
    ("135M", 8): "1x8 1x8 1x8",
    ("1.5B", 4): "1x4 1x4 1x4",
    ("7B", 1): "1x1 1x1 1x1",  # 15 GB and 7.8
    ("7B", 8): "1x8 1x8 1x8",  # and never 7, which its 28 heads would allow
    ("phi", 1): "- 1x1 1x1",  # 29 GB and 27 of cache
    ("phi", 4): "2x2 1x4 1x4",  # never 4: 10 KV heads
    ("phi", 8): "2x4 1x8 1x8",
    ("32B", 1): "- - 1x1",  # 66 GB and 36: more than 74, less than 133
    ("32B", 2): "- 2x1 1x2",
    ("32B", 4): "4x1 2x2 1x4",
    ("32B", 8): "4x2 2x4 1x8",
    ("671B", 4): "- - -",
    ("671B", 8): "- - 8x1",  # 689 GB: 86 on each, where a card of 80 GB gives 74 and one of 141 GB gives 133
}


@pytest.mark.parametrize(("student", "count"), HOW)
def test_how_a_student_is_trained(student: str, count: int):
    """By its size and the GPUs there are; - is a refusal."""
    made = []
    for gigabytes in GIGABYTES:
        try:
            made.append(training.fit(size(student), Gpus(NODES[count][0], gigabytes, NODES[count][1]), ROW).config)
        except BadInput:
            made.append("-")
    assert " ".join(made) == HOW[student, count]


@pytest.mark.parametrize(("model", "count"), SPLIT)
def test_over_how_many_gpus_a_model_is_split_to_generate(model: str, count: int):
    """The fewest that hold weights and cache; the others are copies."""
    made = []
    for gigabytes in GIGABYTES:
        try:
            fit = generation.fit(size(model), Gpus(count, gigabytes), REPLY)
            made.append(f"{fit.parallel}x{fit.replicas}")
        except BadInput:
            made.append("-")
    assert " ".join(made) == SPLIT[model, count]


def test_what_cannot_be_trained_is_told_with_what_would_do():
    """The need, what there is, and what is to be had that has room."""
    with pytest.raises(BadInput, match=r"7\.6B.*16,384 tokens takes 138 GB on each GPU.*1 x 80 GB.*2 x 80 GB"):
        training.fit(size("7B"), Gpus(1, 80), ROW)
    with pytest.raises(BadInput, match=r"take a smaller student"):
        training.fit(size("671B"), Gpus(8, 80), ROW)


def test_what_cannot_generate_is_told_with_what_would_do():
    """R1 on 80-GB GPUs, before anything is held for half an hour of loading."""
    with pytest.raises(BadInput, match=r"689 GB of weights.*8 x 80 GB.*would fit.*8 x 141 GB"):
        generation.fit(size("671B"), Gpus(8, 80), REPLY)


def test_a_split_that_was_set_is_taken_where_it_works():
    """And told which do, where it does not."""
    assert generation.over(size("32B"), Gpus(8, 80), 4, REPLY).replicas == 2
    with pytest.raises(BadInput, match=r"7 GPUs cannot share 28 attention heads and 4 KV heads; 1, 2, 4 can"):
        generation.over(size("7B"), Gpus(8, 80), 7, REPLY)
    with pytest.raises(BadInput, match=r"would fit"):
        generation.over(size("32B"), Gpus(8, 40), 1, REPLY)


def test_one_copy_takes_the_gpus_it_was_given_as_far_as_heads_go():
    """A process that is given three of them, or seven: what divides heads and KV heads, never more."""
    assert [generation.widest(size("7B"), Gpus(n, 80), REPLY).parallel for n in (1, 2, 3, 7, 8)] == [1, 2, 2, 4, 4]
    assert generation.widest(size("phi"), Gpus(8, 80), REPLY).parallel == 2
    with pytest.raises(BadInput, match=r"would fit"):
        generation.widest(size("32B"), Gpus(1, 40), REPLY)


def test_without_a_gpu_it_is_the_memory_of_the_machine_that_counts():
    """The small model of a rehearsal fits a laptop, a 7B student does not."""
    assert training.fit(size("135M"), Gpus(0, 8), 512).sharing == "cpu"
    assert generation.fit(size("135M"), Gpus(0, 2), 600).parallel == 1
    with pytest.raises(BadInput, match=r"of memory, and there is no GPU and 62 GB"):
        training.fit(size("7B"), Gpus(0, 62), ROW)
    with pytest.raises(BadInput, match=r"there is no GPU and 62 GB"):
        generation.fit(size("32B"), Gpus(0, 62), REPLY)


def test_host_memory_and_time_for_a_checkpoint_grow_with_the_student():
    """7B on 8 GPUs: weights twice on the first process and 5 GB each; 91 GB at 0.25 GB/s, and a minute for a step."""
    made = training.fit(size("7B"), Gpus(8, 80), ROW)
    assert made.host_bytes / 1e9 == pytest.approx(8 * 7.62 + 8 * 5, abs=1)
    assert made.checkpoint_bytes / 1e9 == pytest.approx(12 * 7.62, abs=1)
    assert made.grace == 480
