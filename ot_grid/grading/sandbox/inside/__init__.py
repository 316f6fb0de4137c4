"""What runs inside a sandbox: the supervisor, the one process there that is ours.

One idea: it needs the standard library alone, and as little of it as can be; `launch` sends its compiled modules
through a pipe, so no file of ours is in the sandbox. It must not import the rest of ot_grid, nor be told what
is expected.
"""
