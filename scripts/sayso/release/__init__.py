"""A version of the data that can be cited: what it holds, how it differs, and where it is published."""
