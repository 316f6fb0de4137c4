"""How the run of a program can end, in words.

One idea: going over a limit is an ending with a name. It must not judge.
"""

OK, EXIT, SIGNAL = "ok", "exit code", "signal"
CPU, WALL, MEMORY = "cpu time", "wall time", "memory"
OUTPUT, PROCESSES, SCRATCH = "output limit", "processes", "scratch limit"
UNFINISHED = "unfinished"  # it ended well, but before its test or its function did
TOTAL = "total time"  # that of all cases together: nothing is said about this one
LOST = "lost"  # the sandbox itself ended: nothing more can be run in it
