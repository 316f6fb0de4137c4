"""What fits where: how large models are, what GPUs hold, and the arithmetic between them; no file of a plan, no job."""
