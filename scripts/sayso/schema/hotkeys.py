"""Hotkeys of a schema: one key means one thing, and those left out are filled in."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sayso.schema.schema_types import BOOLEAN_WORDS, Attribute, Schema

EDITOR_HOTKEYS = frozenset({"u", "alt+h", "alt+l", "alt+m", "alt+r"})
"""Label Studio's own, over text: unselect, hide, lock, add a remark, relate."""
KEEP_HOTKEY, DROP_HOTKEY = "shift+o", "shift+p"
"""The adjudicator's verdicts, side by side on the keyboard."""
RESERVED_HOTKEYS = {
    **dict.fromkeys(sorted(EDITOR_HOTKEYS), "Label Studio's own"),
    KEEP_HOTKEY: "the adjudicator's",
    DROP_HOTKEY: "the adjudicator's",
}

DeclarationPath = tuple[str, ...]
_LETTERS, _DIGITS = string.ascii_lowercase, string.digits[1:] + "0"


class HotkeyUse(NamedTuple):
    """Something that takes a hotkey, and the one that it has."""

    path: DeclarationPath
    key: str | None

    @property
    def name(self) -> str:
        """The name as messages show it.

        >>> HotkeyUse(("labels", "Party", "attributes", "side", "values", "left"), "l").name
        'Party.side.left'
        >>> HotkeyUse(("flags", "unsure"), None).name
        'flag unsure'
        """
        kind, *names = self.path
        return f"flag {names[0]}" if kind == "flags" else ".".join(names[::2])


def group_hotkeys(schema: Schema) -> dict[str, list[str]]:
    """Return the uses of each hotkey, which should be one, in the schema's order.

    Label Studio lets a key act on every panel, hidden ones too, and shows what it did there as soon
    as the mention gets another label.
    """
    uses: dict[str, list[str]] = {}
    for use in list_hotkeys(schema):
        if use.key:
            uses.setdefault(use.key, []).append(use.name)
    return uses


def list_hotkeys(schema: Schema) -> Iterator[HotkeyUse]:
    """Yield everything that takes a hotkey: labels, whole numbers, yes and no, values, flags."""
    for label, declared in schema.labels.items():
        yield HotkeyUse(("labels", label), declared.hotkey)
        for name, attribute in declared.attributes.items():
            yield from _list_attribute_hotkeys(("labels", label, "attributes", name), attribute)
    for name, question in schema.questions.items():
        yield from _list_attribute_hotkeys(("questions", name), question)
    for name, flag in schema.flags.items():
        yield HotkeyUse(("flags", name), flag.hotkey)


def _list_attribute_hotkeys(path: DeclarationPath, attribute: Attribute) -> Iterator[HotkeyUse]:
    if attribute.kind == "integer":
        yield HotkeyUse(path, attribute.hotkey)
    if attribute.kind == "boolean":
        for word in BOOLEAN_WORDS.values():
            yield HotkeyUse((*path, "hotkeys", word), attribute.hotkeys.get(word))
    for value, allowed in attribute.values.items():
        yield HotkeyUse((*path, "values", value), allowed.hotkey)


def choose_hotkeys(schema: Schema) -> dict[DeclarationPath, str]:
    """Return a free key for each use without one, labels first, by the letters of its name.

    A use beyond the last free key gets none.
    """
    uses = list(list_hotkeys(schema))
    taken = {use.key for use in uses} | RESERVED_HOTKEYS.keys()
    chosen: dict[DeclarationPath, str] = {}
    for use in sorted((use for use in uses if not use.key), key=_is_no_label):
        for key in _list_candidates(use):
            if key not in taken:
                taken.add(key)
                chosen[use.path] = key
                break
    return chosen


def _is_no_label(use: HotkeyUse) -> bool:
    return len(use.path) != 2 or use.path[0] != "labels"


def _list_candidates(use: HotkeyUse) -> Iterator[str]:
    """Yield the keys that suit a use, best first.

    Labels have letters alone: a digit pressed in haste would end up in the number typed last.
    """
    own = dict.fromkeys(letter for letter in use.path[-1].lower() if letter in _LETTERS)
    for modifier in ("", "shift+", "alt+"):
        yield from (f"{modifier}{letter}" for letter in own)
    yield from _combine(_LETTERS)
    if _is_no_label(use):
        yield from _combine(_DIGITS)


def _combine(keys: Iterable[str]) -> Iterator[str]:
    return (f"{modifier}{key}" for modifier in ("", "shift+", "alt+") for key in keys)
