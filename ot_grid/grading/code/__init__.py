"""Answers that are programs: extracted, run in the sandbox on known tests, compared."""
