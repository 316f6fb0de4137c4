"""Answers that are mathematics: equal as a person would say, not as text."""
