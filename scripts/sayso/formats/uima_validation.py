"""Refuse UIMA files that dkpro-cassis must not see.

cassis builds a class for each type, and attrs compiles source in which the features' names stand as
they are: a name that is an expression would run. It also compares every feature of a type with
every other whenever one is added, so that a type system of 24 kB can take minutes.
"""

from __future__ import annotations

import io
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sayso.errors import InputError
from sayso.optional_libraries import import_library

_NAME_ELEMENTS = frozenset({"name", "supertypeName", "rangeTypeName", "elementType"})
_TYPE, _FEATURE = "typeDescription", "featureDescription"
_XMI = "http://www.omg.org/XMI"
_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_PLAIN_NAMESPACES = frozenset({_XMI, "http://uima.apache.org/resourceSpecifier"})
_TYPE_NAMESPACE = re.compile(r"http:///((?:[^/]+/)*[^/]+)?\.ecore")  # of types: the package
_MAXIMUM_COST = 20_000_000  # about five seconds


def is_feature_name(name: str) -> bool:
    """Return True for a name that source code can hold: nothing but an identifier.

    >>> [is_feature_name(name) for name in ("value", "Größe", "x=print()", "class", "__init__")]
    [True, True, False, False, False]
    """
    return _is_identifier(name) and not keyword.iskeyword(name)


def is_type_name(name: str) -> bool:
    """Return True for identifiers with points between them.

    >>> [is_type_name(name) for name in ("de.import.Entity", "a..b", "a.b()", "")]
    [True, False, False, False]
    """
    return all(map(_is_identifier, name.split(".")))


def _is_identifier(name: str) -> bool:
    # Python compares normal forms, and attrs gives a meaning to some names with underscores.
    is_normal = name == unicodedata.normalize("NFKC", name)
    return name.isidentifier() and is_normal and not name.startswith("_")


@dataclass
class _TypeTree:
    """The supertype of each type and the number of its own features."""

    supertypes: dict[str, str] = field(default_factory=dict)
    features: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, int] = field(default_factory=dict)  # features and types, inherited ones too

    def measure(self, name: str) -> int | None:
        """Return the number of features and types that a type has in all; None in a circle."""
        way: dict[str, None] = {}
        while name in self.supertypes and name not in self.sizes:
            if name in way:
                return None
            way[name] = None
            name = self.supertypes[name]
        size = self.sizes.get(name, 0)
        for each in reversed(way):
            size = self.sizes[each] = size + 1 + self.features[each]
        return size


def require_harmless(content: bytes, location: str) -> None:
    """Raise unless a type system or a CAS can be given to cassis.

    Raises:
        InputError: a name is no identifier, a document type is declared, types inherit in a circle,
            or there are more types and features than cassis can hold.
        XMLSyntaxError: the file is not XML.
    """
    etree = import_library("lxml.etree", "webanno", extra="exchange")
    tree = _TypeTree()
    events = etree.iterparse(io.BytesIO(content), events=("start", "end"), no_network=True)
    for event, element in events:
        if event == "start":
            if element.getparent() is None:
                _require_no_document_type(element, location)
            for name in _find_odd_names(element, etree.QName):
                _refuse_name(name, location)
        else:
            _read_description(element, tree, location, etree.QName)
            _release(element, etree.QName)
    _require_bounded(tree, location)


def _require_no_document_type(root: Any, location: str) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        what = "a document type declaration, which UIMA does not use"
        raise InputError(what, where=location, remedy="export it anew")


def _refuse_name(name: str, location: str) -> None:
    raise InputError(
        f"{name[:80]!r} cannot be the name of a type or feature",
        where=location,
        remedy="rename it: letters, digits and underscores, no word of Python; types with points",
    )


def _find_odd_names(element: Any, qualify: Any) -> Iterator[str]:
    """Yield the names of a tag and of its attributes that are no identifiers."""
    tag = qualify(element)
    package = _TYPE_NAMESPACE.fullmatch(tag.namespace or "")
    if package and not all(map(_is_identifier, (package[1] or "a").split("/"))):
        yield package[1]
    elif tag.namespace and not package and tag.namespace not in _PLAIN_NAMESPACES:
        yield tag.namespace
    if not _is_identifier(tag.localname):
        yield tag.localname
    for attribute in map(qualify, element.attrib):
        if attribute.namespace is None and not _is_identifier(attribute.localname):
            yield attribute.localname
        elif attribute.namespace not in (None, _XMI, _SCHEMA_INSTANCE):
            yield attribute.text


def _release(element: Any, qualify: Any) -> None:
    """Free an element and those before it, unless the description around it is still to be read."""
    parent = element.getparent()
    if parent is None:
        return
    inside = qualify(parent).localname in (_TYPE, _FEATURE, "features")
    if not inside or qualify(element).localname == _TYPE:
        element.clear()
        while not inside and element.getprevious() is not None:
            del parent[0]


def _read_description(element: Any, tree: _TypeTree, location: str, qualify: Any) -> None:
    """Check the names of a type and its features, and count them."""
    if qualify(element).localname != _TYPE:
        return
    found = _read_names(element, qualify)
    for name in found.values():
        if not is_type_name(name):
            _refuse_name(name, location)
    own = found.get("name", "")
    tree.supertypes[own] = found.get("supertypeName", "")
    for feature in element.iterfind("{*}features/{*}featureDescription"):
        tree.features[own] += 1
        for kind, name in _read_names(feature, qualify).items():
            if not (is_feature_name(name) if kind == "name" else is_type_name(name)):
                _refuse_name(name, location)


def _read_names(description: Any, qualify: Any) -> dict[str, str]:
    """Return the names in a description by their kind. cassis, too, strips them."""
    found: dict[str, str] = {}
    for child in description.iterchildren("*"):
        kind = qualify(child).localname
        if kind in _NAME_ELEMENTS and (child.text or "").strip():
            found.setdefault(kind, child.text.strip())
    return found


def _require_bounded(tree: _TypeTree, location: str) -> None:
    cost = 0
    for name in tree.supertypes:
        size = tree.measure(name)
        if size is None:
            what = f"type {name[:80]} inherits from itself"
            raise InputError(what, where=location, remedy="correct its supertypeName")
        cost += size**3
        if cost > _MAXIMUM_COST:
            what = f"too many types and features: {len(tree.supertypes):,} types"
            remedy = "export only the layers that hold your annotations"
            raise InputError(what, where=location, remedy=remedy)
