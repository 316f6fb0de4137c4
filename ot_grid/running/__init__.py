"""One stage run in a process, and many of them on this machine."""
