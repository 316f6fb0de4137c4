"""The system calls that a program may not make: a filter in the kernel, which nothing can take off again.

One idea: memory that no process is charged for, objects that outlive a case, new namespaces and other processes'
memory are no part of any solution. It must not refuse what threads, multiprocessing or numpy need.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

SET_SECCOMP, FILTER = 22, 2
CLONE_NEW = 0x7E020000  # the namespace flags of clone
EPERM, ENOSYS = 1, 38
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # of the BPF machine
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, FIRST = 0, 4, 16  # offsets in what a filter sees: low half of the first argument
X32 = 0x40000000  # calls of the x32 ABI, under the same architecture
BOTH = {  # newer calls have one number everywhere
    *(425, 426, 427),  # io_uring_setup, io_uring_enter, io_uring_register
    *(428, 429, 430, 431, 432, 433, 442),  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
    447,  # memfd_secret
}
DENIED = {
    "x86_64": {
        *(319, 29, 30, 68, 64, 240),  # memfd_create, shmget, shmat, msgget, semget, mq_open
        *(272, 308, 165, 166, 155),  # unshare, setns, mount, umount2, pivot_root
        *(101, 310, 311),  # ptrace, process_vm_readv, process_vm_writev
        *(321, 323, 298, 250, 248, 249),  # bpf, userfaultfd, perf_event_open, keyctl, add_key, request_key
    },
    "aarch64": {
        *(279, 194, 196, 186, 190, 180),
        *(97, 268, 40, 39, 41),
        *(117, 270, 271),
        *(280, 282, 241, 219, 217, 218),
    },
}  # fmt: skip
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE, CLONE3 = {"x86_64": 56, "aarch64": 220}, 435


def restrict() -> None:
    """Refuse those calls from here on, to this process and all that it starts; raise OSError where that fails."""
    machine = os.uname().machine
    if machine not in DENIED or sys.maxsize < 1 << 32:
        return
    steps = program(machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    head = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SET_SECCOMP, FILTER, ctypes.c_void_p(ctypes.addressof(head)), 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def program(machine: str) -> list[tuple[int, int, int, int]]:
    """Return the filter as steps of (code, jump if true, jump if false, number)."""
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, ARCHITECTURES[machine]), (RETURN, 0, 0, KILL)]
    steps += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), (RETURN, 0, 0, ERRNO | ENOSYS)]
    for number in sorted(DENIED[machine] | BOTH):
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | EPERM)]
    steps += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, ERRNO | ENOSYS)]  # its flags are out of sight: libc takes clone
    steps += [(EQUAL, 0, 3, CLONE[machine]), (LOAD, 0, 0, FIRST), (ANY_BIT, 0, 1, CLONE_NEW)]
    return [*steps, (RETURN, 0, 0, ERRNO | EPERM), (RETURN, 0, 0, ALLOW)]
