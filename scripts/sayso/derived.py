"""The files beside ``schema.yaml`` that are made from it: interfaces for Label Studio, JSON Schema of the records."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sayso.files import explained, write_if_changed
from sayso.record_schema import RECORDS, record_schema
from sayso.schema import Schema
from sayso.studio.interface import interface_xml

OWNED = ("interface/*.xml", "records/*.schema.json")
"""What only ``sayso schema build`` writes. Whatever else matches was made from what the schema no longer declares."""


def derived(schema: Schema) -> dict[Path, bytes]:
    """Every derived file, by its path in the folder of ``schema.yaml``.

    Raises:
        InputError: an interface cannot be made, as a hotkey is Label Studio's own.
    """
    interfaces = {Path(f"interface/{name}.xml"): interface_xml(schema, name).encode() for name in schema.interfaces}
    records = {
        Path(f"records/{record.__name__.lower()}.schema.json"): _json(record_schema(record, schema))
        for record in RECORDS
    }
    return interfaces | records


def _json(content: dict[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def stale(folder: Path, schema: Schema) -> list[Path]:
    """Files that are missing, differ, or should not be there, relative to ``folder``, in order.

    Raises:
        DiskError: a file cannot be read.
    """
    wanted = derived(schema)
    with explained(folder):
        return sorted(path for path in {*wanted, *_owned(folder)} if _bytes(folder / path) != wanted.get(path))


def _owned(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for pattern in OWNED for path in folder.glob(pattern)}


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def build(folder: Path, schema: Schema) -> list[Path]:
    """Bring the derived files up to date and return those that were not, relative to ``folder``.

    Raises:
        DiskError: a file cannot be written.
    """
    wanted = derived(schema)
    changed = stale(folder, schema)
    for path in changed:
        if path in wanted:
            write_if_changed(folder / path, wanted[path])
        else:
            with explained(folder / path):
                (folder / path).unlink(missing_ok=True)
    return changed
