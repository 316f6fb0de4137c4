"""Answers that are a letter, a number of letters, or one of several options."""
