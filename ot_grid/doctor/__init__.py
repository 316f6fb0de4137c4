"""Would it run: this machine, Slurm, the nodes.

Nothing is imported here: a probe on a node starts with the standard library alone.
"""
