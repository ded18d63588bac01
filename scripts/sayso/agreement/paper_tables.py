"""Tables as Markdown or LaTeX, ready for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from sayso.agreement.agreement_tables import AgreementTable
from sayso.escaping import escape_markdown

PaperFormat = Literal["markdown", "latex"]
_LATEX_SPECIAL = re.compile(r"[\\{}$&#^_~%]")
_LATEX_NAMES = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}


def render_tables(title: str, tables: Iterable[AgreementTable], form: PaperFormat) -> str:
    """Return all tables of a measurement, with its title in front."""
    listed = list(tables)
    if form == "markdown":
        return "\n\n".join([f"**{escape_markdown(title)}**", *map(_render_markdown, listed)]) + "\n"
    return "\n\n".join([f"% {' '.join(title.split())}", *map(_render_latex, listed)]) + "\n"


def _render_markdown(table: AgreementTable) -> str:
    columns: list[str] = [escape_markdown(name) for name in table.columns]
    rows: list[list[str]] = [[escape_markdown(cell.strip()) for cell in row] for row in table.rows]
    ruler = ["---"] + ["--:"] * (len(columns) - 1)
    heading = [f"{escape_markdown(table.title)}:", ""] if table.title else []
    lines = [f"| {' | '.join(row)} |" for row in [columns, ruler, *rows]]
    return "\n".join([*heading, *lines])


def _render_latex(table: AgreementTable) -> str:
    r"""Return a table in LaTeX, which needs ``\usepackage{booktabs}``."""
    caption = [rf"\caption{{{escape_latex(table.title)}}}"] if table.title else []
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"\toprule",
            _render_latex_row(table.columns),
            r"\midrule",
            *map(_render_latex_row, table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            *caption,
            r"\end{table}",
        ]
    )


def _render_latex_row(cells: Sequence[str]) -> str:
    shown = (escape_latex(cell.strip()).replace("–", "--") for cell in cells)
    return rf"{' & '.join(shown)} \\"


def escape_latex(text: str) -> str:
    r"""Escape what LaTeX would read as commands.

    >>> print(escape_latex("Actor.state_military & 50 %"))
    Actor.state\_military \& 50 \%
    """
    return _LATEX_SPECIAL.sub(lambda found: _LATEX_NAMES.get(found[0], f"\\{found[0]}"), text)
