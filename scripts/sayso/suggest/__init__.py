"""Predictions to start from: programs that suggest mentions, settled into one reading, and how good they are."""
