"""The files made from ``schema.yaml``: interfaces, and JSON Schema of the records."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sayso.files import convert_os_errors, list_files, read_file, write_if_changed
from sayso.labelstudio.interface import render_interface
from sayso.schema.declarations import Schema
from sayso.schema.json_schema import RECORD_TYPES, build_json_schema

# Only `sayso schema build` writes these, so one that the schema no longer asks for is removed.
OWNED_PATTERNS = ("interface/*.xml", "records/*.schema.json")


def render_derived_files(schema: Schema) -> dict[Path, bytes]:
    """Return the content of every derived file, by its path in the folder of ``schema.yaml``."""
    files = {
        Path(f"interface/{name}.xml"): render_interface(schema, name).encode()
        for name in schema.interfaces
    }
    for record in RECORD_TYPES:
        content = msgspec.json.encode(build_json_schema(record, schema))
        path = Path(f"records/{record.__name__.lower()}.schema.json")
        files[path] = msgspec.json.format(content, indent=2) + b"\n"
    return files


def find_stale_files(folder: Path, schema: Schema) -> list[Path]:
    """Return the files that are missing, differ, or should not exist, relative to `folder`."""
    expected = render_derived_files(schema)
    with convert_os_errors(folder):
        present = {
            path.relative_to(folder): read_file(path)
            for pattern in OWNED_PATTERNS
            for path in list_files(folder, pattern)
        }
    return sorted(path for path in expected | present if expected.get(path) != present.get(path))


def write_derived_files(folder: Path, schema: Schema) -> list[Path]:
    """Update the derived files and return those that changed, relative to `folder`."""
    expected = render_derived_files(schema)
    changed = find_stale_files(folder, schema)
    for path in changed:
        if path in expected:
            write_if_changed(folder / path, expected[path])
        else:
            with convert_os_errors(folder / path):
                (folder / path).unlink(missing_ok=True)
    return changed
