"""Adjudication in Label Studio, in a project beside that of the annotators, and gold from it."""
