"""UIMA CAS XMI: DOC.xmi for each document and one TypeSystem.xml, as INCEpTION, WebAnno and DKPro take it.

Offsets in the files are UTF-16 code units, as UIMA counts; dkpro-cassis converts them at the border. A mention is a
``webanno.custom.Mention`` with its ``label`` and a feature ``Label_attribute`` for each attribute; a relation is a
``webanno.custom.MentionRelation`` from ``Governor``, its head, to ``Dependent``, its tail. An attribute that
is a number here and words there becomes words.

Files of other makers come in by their types: an annotation's label is its feature ``label`` or ``value``, else the
short name of its type.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from sayso import jsonl
from sayso.errors import InputError
from sayso.exchange.brat import Side
from sayso.exchange.extras import library
from sayso.exchange.formats import Arriving, Written
from sayso.exchange.readings import (
    ATTRIBUTES,
    EVERYTHING,
    KEPT,
    NOTES,
    Drawn,
    Losses,
    Marked,
    Reading,
    Words,
    checked,
    holding,
    leaving_out,
    marked,
    ordered,
)
from sayso.files import explained
from sayso.spans import Span

MENTION = "webanno.custom.Mention"
RELATION = "webanno.custom.MentionRelation"
_METADATA = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SIDE = "documents.jsonl"
_EXTRA = ("flag", "note", "started_from", "decided", "votes")
_LONGEST = 1 << 63
_NOT_MENTIONS = (
    "uima.",
    "de.tudarmstadt.ukp.dkpro.core.api.segmentation.",
    "de.tudarmstadt.ukp.dkpro.core.api.metadata.",
    "de.tudarmstadt.ukp.clarin.webanno.api.type.",
)


class WebAnno:
    """Everything but what was kept apart, in documents that XML can hold."""

    suffix = ""
    whole = False
    worded = True

    def fit(self, reading: Reading, losses: Losses) -> Reading | None:
        """The part of a reading that XMI holds."""
        if _NO_XML.search(reading.text):
            losses["documents with control characters, which XML cannot hold"] += 1
            return None
        reading = holding(reading, EVERYTHING - {KEPT}, losses)
        unfit = "mentions whose label XML cannot hold"
        reading = leaving_out(reading, lambda m: unfit if _NO_XML.search(m.label + m.id) else None, losses)
        return ordered(replace(reading, mentions=tuple(_fitted(mention, losses) for mention in reading.mentions)))

    def write(self, target: Path, what: Written) -> None:
        """The folder.

        Raises:
            UsageError: dkpro-cassis is not installed.
        """
        cassis = library("cassis", "webanno")
        types = _types(cassis, what.words)
        types.to_xml(target / "TypeSystem.xml")
        with (target / _SIDE).open("wb") as side:
            for reading in what.readings:
                _cas(cassis, types, reading).to_xmi(target / f"{reading.doc_id}.xmi")
                line = Side(reading.doc_id, reading.about, reading.note)
                side.write(msgspec.json.encode(line, order="sorted") + b"\n")

    def read(self, path: Path, how: Arriving) -> Iterator[Reading]:
        """Every .xmi of a folder or a zip, by name; or one .xmi.

        Raises:
            UsageError: dkpro-cassis is not installed.
            InputError: no .xmi, no TypeSystem.xml, or a file is none.
            SpanError: an annotation does not stand in its text.
        """
        cassis = library("cassis", "webanno")
        box = _Box(path)
        types = {place: _loaded(cassis.load_typesystem, box.read(place), f"{path}/{place}") for place in box.types}
        known = {side.doc_id: side for side in box.side()}
        if not box.documents:
            raise InputError("no .xmi here", where=str(path), remedy="name the folder or the zip that was exported")
        for name in box.documents:
            yield _reading(cassis, types[box.type_of(name)], box.read(name), name, known, f"{path}/{name}", how)


FORMAT = WebAnno()


def _fitted(mention: Marked, losses: Losses) -> Marked:
    attributes = {n: v for n, v in mention.attributes.items() if _holdable(f"{mention.label}_{n}", v)}
    losses[ATTRIBUTES] += len(mention.attributes) - len(attributes)
    note = mention.note if mention.note is None or not _NO_XML.search(mention.note) else None
    losses[NOTES] += note != mention.note
    return replace(mention, attributes=attributes, note=note)


def _holdable(feature: str, value: str | int) -> bool:
    fits = -_LONGEST <= value < _LONGEST if isinstance(value, int) else not _NO_XML.search(value)
    return fits and bool(_IDENTIFIER.fullmatch(feature))


def _types(cassis: Any, words: Words) -> Any:
    types = cassis.TypeSystem()
    about = types.create_type(name=_METADATA, supertypeName="uima.tcas.DocumentAnnotation")
    for name in ("documentTitle", "documentId"):
        types.create_feature(about, name, "uima.cas.String")
    mention = types.create_type(name=MENTION)
    for name in ("identifier", "label", *_EXTRA):
        types.create_feature(mention, name, "uima.cas.String")
    for label in words.labels:
        for name, used in sorted(words.attributes[label].items()):
            kind = "uima.cas.Long" if used.whole_numbers else "uima.cas.String"
            types.create_feature(mention, f"{label}_{name}", kind, description=f"{name} of {label}")
    relation = types.create_type(name=RELATION)
    for name in ("Governor", "Dependent"):
        types.create_feature(relation, name, mention)
    for name in ("relation", "decided", "votes"):
        types.create_feature(relation, name, "uima.cas.String")
    return types


def _cas(cassis: Any, types: Any, reading: Reading) -> Any:
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = reading.text, "text/plain"
    about, mention, relation = (types.get_type(name) for name in (_METADATA, MENTION, RELATION))
    title = reading.about.get("title")
    cas.add(
        about(
            begin=0,
            end=len(reading.text),
            language=reading.about.get("language", "x-unspecified"),
            documentId=reading.doc_id,
            documentTitle=title if title and not _NO_XML.search(title) else None,
        )
    )
    made = {}
    for m in reading.mentions:
        whole = {f"{m.label}_{name}": value for name, value in m.attributes.items()}
        values = {n: v if mention.get_feature(n).rangeType.name.endswith("Long") else str(v) for n, v in whole.items()}
        made[m.id] = mention(
            begin=m.start, end=m.end, identifier=m.id, label=m.label, flag=m.flag, note=m.note,
            started_from=m.started_from, decided=m.decided, votes=" ".join(m.votes) or None, **values,
        )  # fmt: skip
    for r in reading.relations:
        head, tail = made[r.head], made[r.tail]
        made[f"{r.head} {r.type} {r.tail}"] = relation(
            begin=tail.begin, end=tail.end, Governor=head, Dependent=tail, relation=r.type, decided=r.decided,
            votes=" ".join(r.votes) or None,
        )  # fmt: skip
    cas.add_all(made.values())
    return cas


class _Box:
    """A folder or a zip of .xmi with their type systems, or one .xmi beside its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with explained(path):
            if zipfile.is_zipfile(path):
                self._zip: zipfile.ZipFile | None = zipfile.ZipFile(path)
                names = sorted(self._zip.namelist())
            else:
                self._zip, self._folder = None, path if path.is_dir() else path.parent
                found = self._folder.rglob("*") if path.is_dir() else [path, *self._folder.glob("*.xml")]
                names = sorted(each.relative_to(self._folder).as_posix() for each in found if each.is_file())
        self.names = names
        self.documents = [name for name in names if name.endswith(".xmi")]
        self.types = [name for name in names if name.rpartition("/")[2].lower() == "typesystem.xml"]

    def read(self, name: str) -> bytes:
        with explained(self.path):
            return self._zip.read(name) if self._zip else (self._folder / name).read_bytes()

    def side(self) -> Iterator[Side]:
        if _SIDE in self.names and not self._zip:
            yield from jsonl.read(self._folder / _SIDE, Side)

    def type_of(self, document: str) -> str:
        """The type system in the document's folder, or in the nearest one above."""
        folder = document.rpartition("/")[0]
        while True:
            for name in self.types:
                if name.rpartition("/")[0] == folder:
                    return name
            if not folder:
                raise InputError("no TypeSystem.xml beside it or above", where=f"{self.path}/{document}",
                                 remedy="export it with its type system")  # fmt: skip
            folder = folder.rpartition("/")[0]


def _loaded(load: Any, content: bytes, place: str, **options: Any) -> Any:
    """What cassis makes of a file. It only warns of an offset inside a surrogate pair: here that is an error."""
    etree, unknown = library("lxml.etree", "webanno"), library("cassis.typesystem", "webanno").TypeNotFoundError
    wrong = (etree.XMLSyntaxError, Warning, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return load(io.BytesIO(content), **options)
    except unknown as error:
        raise InputError(
            str(error)[:300], where=place, remedy="put the TypeSystem.xml beside it that it was made with"
        ) from error
    except wrong as error:
        what = f"not UIMA as it should be: {type(error).__name__}: {error}"
        raise InputError(what[:300], where=place, remedy="export it anew") from error


def _reading(
    cassis: Any, types: Any, content: bytes, name: str, known: dict[str, Side], place: str, how: Arriving
) -> Reading:
    cas = _loaded(cassis.load_cas_from_xmi, content, place, typesystem=types)
    text = cas.sofa_string or ""
    doc_id = name.removesuffix(".xmi").replace("/", "-")
    side = known.get(doc_id, Side(doc_id))
    mentions: dict[int, Marked] = {}
    relations = []
    for fs in cas.select_all_annotations():
        if fs.type.name.startswith(_NOT_MENTIONS):
            how.noticed["tokens and sentences, not taken"] += ".segmentation." in fs.type.name
        elif _ends(fs.type):
            relations.append(fs)
        elif fs.begin == fs.end:
            how.lost["mentions of nothing"] += 1
        else:
            mentions[fs.xmiID] = _mention(fs, text, place, how)
    drawn = tuple(found for fs in relations if (found := _relation(fs, mentions, how)))
    reading = Reading(
        doc_id=doc_id, text=text, about=side.about, note=side.note, mentions=tuple(mentions.values()), relations=drawn
    )
    return ordered(checked(reading, place))


@lru_cache(maxsize=256)
def _features(kind: Any) -> tuple[str, ...]:
    return tuple(feature.name for feature in kind.all_features if feature.name not in ("begin", "end", "sofa"))


def _ends(kind: Any) -> tuple[str, str] | None:
    """The features of a relation's type that hold its head and its tail."""
    found = set(_features(kind))
    pairs = (("Governor", "Dependent"), ("governor", "dependent"), ("source", "target"))
    return next((pair for pair in pairs if found.issuperset(pair)), None)


def _mention(fs: Any, text: str, place: str, how: Arriving) -> Marked:
    ours = fs.type.name == MENTION
    values = {name: value for name in _features(fs.type) if (value := fs[name]) is not None}
    named = next((n for n in ("label", "value") if isinstance(values.get(n), str)), None)
    label = values.pop(named) if named else fs.type.name.rpartition(".")[2]
    identifier = values.pop("identifier") if ours and "identifier" in values else f"x{fs.xmiID}"
    found = marked(text, place, identifier, label, Span(fs.begin, fs.end))
    extra = {name: values.pop(name) for name in _EXTRA if ours and name in values}
    if "votes" in extra:
        extra["votes"] = extra["votes"].split()
    attributes = {}
    for name, value in values.items():
        if isinstance(value, str | int):
            plain = str(value).lower() if isinstance(value, bool) else value
            attributes[name.removeprefix(f"{label}_") if ours else name] = plain
        else:
            how.lost[
                f"values of {fs.type.name.rpartition('.')[2]}.{name} that are neither words nor whole numbers"
            ] += 1
    given = {**msgspec.structs.asdict(found), **extra, "attributes": attributes}
    return msgspec.convert(given, Marked)


def _relation(fs: Any, mentions: dict[int, Marked], how: Arriving) -> Drawn | None:
    head, tail = (fs[name] for name in _ends(fs.type) or ())
    if head is None or tail is None or head.xmiID not in mentions or tail.xmiID not in mentions:
        how.lost["relations to what is no mention"] += 1
        return None
    values = {name: value for name in _features(fs.type) if isinstance(value := fs[name], str)}
    named = next((values[n] for n in ("relation", "label", "value", "DependencyType") if n in values), None)
    kind = named or fs.type.name.rpartition(".")[2]
    given = {"type": kind, "head": mentions[head.xmiID].id, "tail": mentions[tail.xmiID].id}
    if fs.type.name == RELATION and "decided" in values:
        given |= {"decided": values["decided"], "votes": values.get("votes", "").split()}
    return msgspec.convert(given, Drawn)
