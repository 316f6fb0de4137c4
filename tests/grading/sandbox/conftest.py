"""The corpus is run in sandboxes alone: pytest must import none of it, whatever a file there is called."""

collect_ignore = ["corpus"]
