"""Write the files of a new project. What is there already stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import Environment, StrictUndefined
from msgspec.structs import replace

from sayso import __version__
from sayso.dataset.card import CARD_FILE, blank_card
from sayso.dataset.card.citation import CITATION_FILE
from sayso.dataset.card.start_files import UNTITLED, render_start_file
from sayso.errors import UsageError, require_known
from sayso.files import (
    convert_os_errors,
    exists,
    is_folder,
    list_files,
    read_file,
    read_text,
    write_if_changed,
)
from sayso.ingest.article_metadata import validate_metadata
from sayso.schema.column_names import list_configs
from sayso.schema.declarations import (
    AllowedValue,
    Attribute,
    Flag,
    Label,
    Schema,
    complete_schema,
    load_schema,
)
from sayso.schema.derived_files import render_derived_files
from sayso.schema.schema_types import NAME_PATTERN
from sayso.settings import SCHEMA_FILE

TEMPLATES = ("blank", "classify", "ner", "claims")
FOLDER = Path(__file__).parent
CLAIMS_FILES = (
    *("schema/schema.yaml", "schema/guidelines.md", "schema/rules.yaml"),
    *("corpus/README.md", "corpus/CITATION.cff", "corpus/LICENSE.md"),
)
"""The files of this repository that the template ``claims`` is made of."""

_TAKEN_HOTKEYS = ("shift+u", "shift+y")  # by the flags of the template
_NAME_REMEDY = (
    "a name becomes a column, so use the letters A to Z, digits and _, and begin with a letter; "
    "people see the `title:` that you give it in schema.yaml, in any letters"
)


@dataclass(frozen=True)
class NewProject:
    """The choices for a new project. ``title`` names it in its card; empty for the folder's name.

    Attributes:
        labels: of the template ``blank``; of ``classify``, the values of its question.
        language: BCP 47 tag of texts that name no other.
    """

    folder: Path
    template: str = "blank"
    labels: tuple[str, ...] = ()
    language: str = "und"
    title: str = ""


@dataclass(frozen=True)
class NewProjectResult:
    """The files of a project, relative to its folder.

    Attributes:
        written: those that were not there.
        kept: those that were there with another content, and were left alone.
    """

    folder: str
    template: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


def create_project(project: NewProject, *, dry_run: bool = False) -> NewProjectResult:
    """Write the files of a project that are not there yet, or with ``dry_run`` list them.

    Raises:
        UsageError: the template or a label is not one, or the template has labels of its own.
        InputError: the language is not one, or the schema that is there is wrong.
        DiskError: the folder cannot be written; running it again goes on.
    """
    require_known("template", [project.template], TEMPLATES)
    validate_metadata({"language": project.language}, "--language")
    written, kept = [], []
    for name, content in _render_files(project).items():
        path = project.folder / name
        with convert_os_errors(path):
            present = read_file(path) if exists(path) or path.is_symlink() else None
        if present is None:
            written.append(name)
            if not dry_run:
                write_if_changed(path, content)
        elif present != content:
            kept.append(name)
    return NewProjectResult(str(project.folder), project.template, tuple(written), tuple(kept))


def _render_files(project: NewProject) -> dict[str, bytes]:
    """Return the content of every file by its name, the schema first."""
    name = project.folder.resolve().name
    title = " ".join((project.title or name.replace("_", " ").replace("-", " ")).split())
    values: dict[str, Any] = {
        "title": title or UNTITLED,
        "campaign": "-".join(re.findall("[a-z0-9]+", title.lower())) or "main",
        "language": project.language,
        "version": __version__,
        "names": _describe_names(project),
    }
    schema_name = SCHEMA_FILE.as_posix()
    schema_text = _render_folder(project.template, values)
    present = project.folder / SCHEMA_FILE
    with TemporaryDirectory() as folder:
        path = present
        if not exists(present):
            path = Path(folder) / SCHEMA_FILE.name
            path.write_bytes(schema_text[schema_name])
        values["schema"] = load_schema(path)
    derived = render_derived_files(values["schema"])
    return {
        schema_name: schema_text[schema_name],
        **_render_folder("common", values),
        f"corpus/{CARD_FILE}": render_start_file(
            "start.md", values["title"], list_configs(values["schema"])
        ).encode(),
        f"corpus/{CITATION_FILE}": render_start_file(CITATION_FILE, values["title"]).encode(),
        **schema_text,
        **{(SCHEMA_FILE.parent / path).as_posix(): derived[path] for path in sorted(derived)},
    }


def _describe_names(project: NewProject) -> Schema:
    """Return a schema of the labels, or of the values of a question, with colours and hotkeys."""
    names = list(project.labels)
    is_question = project.template == "classify"
    if names and project.template not in ("blank", "classify"):
        what = f"the template {project.template} has labels of its own"
        raise UsageError(what, where="--labels", remedy="leave one of the two options out")
    for name in names:
        if not re.fullmatch(NAME_PATTERN, name):
            what = f"{name!r} is no name of a {'value' if is_question else 'label'}"
            raise UsageError(what, where="--labels", remedy=_NAME_REMEDY)
    folded = [name.casefold() for name in names]
    if repeated := [name for name in names if folded.count(name.casefold()) > 1]:
        remedy = "name each label once"
        raise UsageError(f"repeated: {', '.join(repeated)}", where="--labels", remedy=remedy)
    names = names or (["Example", "Other"] if is_question else ["Example"])
    flags = {key: Flag(definition="", hotkey=key) for key in _TAKEN_HOTKEYS}
    schema = Schema(version="1.0.0", interfaces={})
    if is_question:
        values = {name: AllowedValue(definition="") for name in names}
        question = Attribute(kind="choice", definition="", values=values)
        return complete_schema(replace(schema, questions={"topic": question}))
    labels = {name: Label(definition="") for name in names}
    return complete_schema(replace(schema, labels=labels, flags=flags))


def _render_folder(template: str, values: Mapping[str, Any]) -> dict[str, bytes]:
    if template == "claims":
        return _read_claims_files()
    environment = Environment(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - these are no HTML pages
    )
    return {
        name: environment.from_string(text).render(values).encode()
        if is_rendered
        else text.encode()
        for name, is_rendered, text in _read_folder(FOLDER / template)
        if not is_rendered or "schema" in values or name == SCHEMA_FILE.as_posix()
    }


def _read_folder(folder: Path) -> Iterator[tuple[str, bool, str]]:
    """Yield the name in a project, whether there are blanks to fill, and the text of each file."""
    for path in list_files(folder, "**/*"):
        parts = [re.sub("^dot_", ".", part) for part in path.relative_to(folder).parts]
        name = "/".join(parts).removesuffix(".jinja")
        yield name, path.suffix == ".jinja", read_text(path)


def _read_claims_files() -> dict[str, bytes]:
    """Return this repository's own schema and card: in a wheel, or around it in a checkout."""
    packaged = FOLDER / "claims"
    root = packaged if is_folder(packaged) else FOLDER.parents[2]
    files = {name: read_file(root / name) for name in CLAIMS_FILES}
    card, cite = f"corpus/{CARD_FILE}", f"corpus/{CITATION_FILE}"
    files[card] = blank_card(files[card].decode(), root / card).encode()
    citation = re.sub("(?m)^date-released:.*\n", "", files[cite].decode())
    files[cite] = re.sub("(?m)^version:.*$", "version: 0.0.0", citation).encode()
    return files
