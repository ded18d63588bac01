"""Versions of the data that can be cited: prepare, publish, and fill with texts."""
