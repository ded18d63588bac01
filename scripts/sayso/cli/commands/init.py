"""``sayso init``: make a new project."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_line, print_message

if TYPE_CHECKING:
    from sayso.templates.new_project import NewProjectResult


@click.command(short_help="Make a new project: schema, guidelines, card, settings, workflows.")
@click.argument("folder", metavar="[NAME]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--template",
    type=click.Choice(["blank", "classify", "ner", "claims"]),
    default="blank",
    show_default=True,
    help="The schema to begin with: labels of your own, a question about each document, names of "
    "persons and others, or who says what happened where and how many.",
)
@click.option(
    "--labels",
    metavar="LABEL,LABEL",
    help="The labels of the schema; of classify, the answers to its question. [default: examples, "
    "to be renamed]",
)
@click.option(
    "--language", metavar="TAG", default="und", show_default=True, help="BCP 47 tag of the texts."
)
@click.option("--title", metavar="TEXT", help="For the card. [default: the folder's name]")
@click.option("--dry-run", is_flag=True, help="List the files that would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print the files as JSON.")
@click.pass_obj
def command(
    root: Path | None,
    folder: Path,
    template: str,
    labels: str | None,
    language: str,
    title: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a new project in the folder NAME, or here.

    It gets schema/schema.yaml with a colour and a key for each label, guidelines with a section for
    each label and answer, a dataset card, CITATION.cff, a note on licences, settings, and the
    workflows of a repository on GitHub. Edit them as you like: a file that is there is never
    changed, so the command can be repeated.

    \b
    Examples:
      sayso init rulings --labels Party,Statute,Amount --language de
      sayso init letters --template classify --labels Rent,Labour,Tax
      sayso init names --template ner --dry-run
      cd rulings && sayso ingest texts/ && sayso push
    """
    from sayso.templates.new_project import NewProject, create_project

    names = () if labels is None else tuple(name.strip() for name in labels.split(","))
    project = NewProject((root or Path()) / folder, template, names, language, title or "")
    result = create_project(project, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(result)})
    else:
        _print_summary(result, dry_run)


def _print_summary(result: NewProjectResult, dry_run: bool) -> None:
    for name in result.written:
        print_line(f"{'would write' if dry_run else 'wrote'} {name}")
    for name in result.kept:
        print_message(f"{name} is there with another content, and stays as it is")
    if not result.written:
        print_message("every file is there already; nothing was left to do")
    elif not dry_run:
        step = "" if result.folder == "." else f"cd {shlex.quote(result.folder)} && "
        print_message(f"next: {step}sayso ingest texts/ && sayso push")
