"""The files beside ``schema.yaml`` that are made from it: interfaces for Label Studio, JSON Schema of the records."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sayso.files import convert_os_errors, write_if_changed
from sayso.labelstudio.interface import render_interface
from sayso.schema.declarations import Schema
from sayso.schema.json_schema import RECORD_TYPES, build_json_schema

OWNED_PATTERNS = ("interface/*.xml", "records/*.schema.json")
"""What only ``sayso schema write_derived_files`` writes. Whatever else matches was made from what the schema no longer declares."""


def render_derived_files(schema: Schema) -> dict[Path, bytes]:
    """Every derived file, by its path in the folder of ``schema.yaml``.

    Raises:
        InputError: an interface cannot be made, as a hotkey is Label Studio's own.
    """
    interfaces = {
        Path(f"interface/{name}.xml"): render_interface(schema, name).encode()
        for name in schema.interfaces
    }
    records = {
        Path(f"records/{record.__name__.lower()}.schema.json"): _format_json(
            build_json_schema(record, schema)
        )
        for record in RECORD_TYPES
    }
    return interfaces | records


def _format_json(content: dict[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def find_stale_files(folder: Path, schema: Schema) -> list[Path]:
    """Files that are missing, differ, or should not be there, relative to ``folder``, in order.

    Raises:
        DiskError: a file cannot be read.
    """
    wanted = render_derived_files(schema)
    with convert_os_errors(folder):
        return sorted(
            path
            for path in {*wanted, *_find_owned_files(folder)}
            if _read_bytes_if_present(folder / path) != wanted.get(path)
        )


def _find_owned_files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for pattern in OWNED_PATTERNS for path in folder.glob(pattern)}


def _read_bytes_if_present(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def write_derived_files(folder: Path, schema: Schema) -> list[Path]:
    """Bring the derived files up to date and return those that were not, relative to ``folder``.

    Raises:
        DiskError: a file cannot be written.
    """
    wanted = render_derived_files(schema)
    changed = find_stale_files(folder, schema)
    for path in changed:
        if path in wanted:
            write_if_changed(folder / path, wanted[path])
        else:
            with convert_os_errors(folder / path):
                (folder / path).unlink(missing_ok=True)
    return changed
