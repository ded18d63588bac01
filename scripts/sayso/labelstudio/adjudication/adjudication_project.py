"""The project in which one pass of a campaign is adjudicated: it bears a mark of its own, and no command that asks for
annotators' projects ever takes it for one."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.labelstudio import project
from sayso.labelstudio.adjudication.adjudication_interface import render_adjudication_interface
from sayso.schema.declarations import Schema


@dataclass(frozen=True)
class AdjudicationProject(project.ProjectKey):
    """Which project of adjudication is meant, whether or not it exists."""

    @property
    def mark(self) -> str:
        """As of any project.

        >>> AdjudicationProject("read_founding_articles", "total_counts").mark
        'sayso:adjudication=founding interface=all'
        """
        return f"sayso:adjudication={self.campaign} interface={self.pass_name}"

    @property
    def command(self) -> str:
        """As of any project."""
        return "sayso adjudicate push"

    def title(self, schema: Schema) -> str:
        """As of any project."""
        return f"{self.campaign}: adjudicate {self.pass_name}"

    def xml(self, schema: Schema) -> str:
        """As of any project."""
        return render_adjudication_interface(schema, self.pass_name)
