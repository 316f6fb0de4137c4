"""All that knows Slurm: what it says, what a job asks for, what is submitted, where it stands, how it is steered.

One idea: `slurm` is the only module that runs Slurm's commands, and records on disk decide what is done.
"""
