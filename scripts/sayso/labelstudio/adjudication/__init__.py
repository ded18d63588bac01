"""Adjudication on Label Studio: a project of its own beside that of the annotators, and the way from it into gold."""
