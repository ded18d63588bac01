"""The project in which one pass of a campaign is adjudicated: it bears a mark of its own, and no command that asks for
annotators' projects ever takes it for one."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.schema import Schema
from sayso.studio import project
from sayso.studio.adjudication.interface import adjudication_xml


@dataclass(frozen=True)
class Place(project.Place):
    """Which project of adjudication is meant, whether or not it exists."""

    @property
    def mark(self) -> str:
        """As of any project.

        >>> Place("founding", "all").mark
        'sayso:adjudication=founding interface=all'
        """
        return f"sayso:adjudication={self.campaign} interface={self.interface}"

    @property
    def command(self) -> str:
        """As of any project."""
        return "sayso adjudicate push"

    def title(self, schema: Schema) -> str:
        """As of any project."""
        return f"{self.campaign}: adjudicate {self.interface}"

    def xml(self, schema: Schema) -> str:
        """As of any project."""
        return adjudication_xml(schema, self.interface)
