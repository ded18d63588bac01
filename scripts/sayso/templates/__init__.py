"""New projects: the files of a corpus repository, as `sayso init` writes them.

``common/`` holds what every project gets, the other folders hold a schema each.
The template ``claims`` is this repository's own schema and card. In file names ``dot_`` stands for
a leading dot, since git and tools would obey the files here otherwise, and ``.jinja`` marks those
with blanks to fill.
"""
