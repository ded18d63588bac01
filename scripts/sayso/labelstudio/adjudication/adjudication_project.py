"""The project in which one pass of a campaign is adjudicated.

It has a mark of its own, so that no command takes it for a project of annotators.
"""

from __future__ import annotations

from dataclasses import dataclass

from sayso.labelstudio import project
from sayso.labelstudio.adjudication.adjudication_interface import render_adjudication_interface
from sayso.schema.declarations import Schema

PROJECT_KEY = "adjudication_project"  # of a task's data: the mark, should the project lose it


@dataclass(frozen=True)
class AdjudicationProject(project.ProjectKey):
    """The key of a project of adjudication."""

    @property
    def mark(self) -> str:
        """The line of the description by which the project is found.

        >>> AdjudicationProject("founding", "all").mark
        'sayso:adjudication=founding interface=all'
        """
        return f"sayso:adjudication={self.campaign} interface={self.pass_name}"

    @property
    def command(self) -> str:
        """The command that makes the project and keeps it up to date."""
        return "sayso adjudicate push"

    def title(self, _schema: Schema) -> str:
        """Return the title of a new project."""
        return f"{self.campaign}: adjudicate {self.pass_name}"

    def xml(self, schema: Schema) -> str:
        """Return the labelling interface."""
        return render_adjudication_interface(schema, self.pass_name)
