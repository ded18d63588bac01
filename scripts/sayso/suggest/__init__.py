"""Predictions to start from: programs that suggest mentions, and how good they are."""
