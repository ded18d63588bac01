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
from sayso.files import convert_os_errors
from sayso.formats.annotated_documents import (
    ALL_CONTENT,
    ATTRIBUTES,
    KEPT_PARTS,
    MENTION_NOTES,
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
    Losses,
    Vocabulary,
    build_mention,
    drop_mentions,
    drop_unheld,
    sort_document,
    validate_document,
)
from sayso.formats.brat import DocumentSideRecord
from sayso.formats.format_registry import ExportContent, ImportContext
from sayso.formats.optional_libraries import import_library
from sayso.spans import Span

MENTION_TYPE = "webanno.custom.Mention"
RELATION_TYPE = "webanno.custom.MentionRelation"
_METADATA_TYPE = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DOCUMENTS_FILE = "documents.jsonl"
_MENTION_FIELDS = ("flag", "note", "started_from", "decided", "votes")
_LONG_LIMIT = 1 << 63
_SKIPPED_TYPES = (
    "uima.",
    "de.tudarmstadt.ukp.dkpro.core.api.segmentation.",
    "de.tudarmstadt.ukp.dkpro.core.api.metadata.",
    "de.tudarmstadt.ukp.clarin.webanno.api.type.",
)


class XmiFormat:
    """Everything but what was kept apart, in documents that XML can hold."""

    suffix = ""
    holds_everything = False
    needs_vocabulary = True

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument | None:
        """The part of a reading that XMI holds."""
        if _NOT_XML.search(annotated.text):
            losses["documents with control characters, which XML cannot hold"] += 1
            return None
        annotated = drop_unheld(annotated, ALL_CONTENT - {KEPT_PARTS}, losses)
        unfit = "mentions whose label XML cannot hold"
        annotated = drop_mentions(
            annotated, lambda m: unfit if _NOT_XML.search(m.label + m.id) else None, losses
        )
        return sort_document(
            replace(
                annotated,
                mentions=tuple(_reduce_mention(mention, losses) for mention in annotated.mentions),
            )
        )

    def write(self, target: Path, content: ExportContent) -> None:
        """The folder.

        Raises:
            UsageError: dkpro-cassis is not installed.
        """
        cassis = import_library("cassis", "webanno")
        types = _build_types(cassis, content.vocabulary)
        types.to_xml(target / "TypeSystem.xml")
        with (target / _DOCUMENTS_FILE).open("wb") as side:
            for reading in content.documents:
                _build_cas(cassis, types, reading).to_xmi(target / f"{reading.doc_id}.xmi")
                line = DocumentSideRecord(reading.doc_id, reading.about, reading.note)
                side.write(msgspec.json.encode(line, order="sorted") + b"\n")

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Every .xmi of a folder or a zip, by name; or one .xmi.

        Raises:
            UsageError: dkpro-cassis is not installed.
            InputError: no .xmi, no TypeSystem.xml, or a file is none.
            SpanError: an annotation does not stand in its text.
        """
        cassis = import_library("cassis", "webanno")
        box = _XmiSource(path)
        types = {
            place: _load_uima(cassis.load_typesystem, box.read(place), f"{path}/{place}")
            for place in box.types
        }
        known = {side.doc_id: side for side in box.read_side_records()}
        if not box.documents:
            raise InputError(
                "no .xmi here",
                where=str(path),
                remedy="name the folder or the zip that was exported",
            )
        for name in box.documents:
            yield _read_cas(
                cassis,
                types[box.find_type_system(name)],
                box.read(name),
                name,
                known,
                f"{path}/{name}",
                context,
            )


FORMAT = XmiFormat()


def _reduce_mention(mention: FormatMention, losses: Losses) -> FormatMention:
    attributes = {
        n: v for n, v in mention.attributes.items() if _is_holdable(f"{mention.label}_{n}", v)
    }
    losses[ATTRIBUTES] += len(mention.attributes) - len(attributes)
    note = mention.note if mention.note is None or not _NOT_XML.search(mention.note) else None
    losses[MENTION_NOTES] += note != mention.note
    return replace(mention, attributes=attributes, note=note)


def _is_holdable(feature: str, value: str | int) -> bool:
    fits = (
        -_LONG_LIMIT <= value < _LONG_LIMIT
        if isinstance(value, int)
        else not _NOT_XML.search(value)
    )
    return fits and bool(_IDENTIFIER.fullmatch(feature))


def _build_types(cassis: Any, words: Vocabulary) -> Any:
    types = cassis.TypeSystem()
    about = types.create_type(name=_METADATA_TYPE, supertypeName="uima.tcas.DocumentAnnotation")
    for name in ("documentTitle", "documentId"):
        types.create_feature(about, name, "uima.cas.String")
    mention = types.create_type(name=MENTION_TYPE)
    for name in ("identifier", "label", *_MENTION_FIELDS):
        types.create_feature(mention, name, "uima.cas.String")
    for label in words.labels:
        for name, used in sorted(words.attributes[label].items()):
            kind = "uima.cas.Long" if used.whole_numbers else "uima.cas.String"
            types.create_feature(mention, f"{label}_{name}", kind, description=f"{name} of {label}")
    relation = types.create_type(name=RELATION_TYPE)
    for name in ("Governor", "Dependent"):
        types.create_feature(relation, name, mention)
    for name in ("relation", "decided", "votes"):
        types.create_feature(relation, name, "uima.cas.String")
    return types


def _build_cas(cassis: Any, types: Any, reading: AnnotatedDocument) -> Any:
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = reading.text, "text/plain"
    about, mention, relation = (
        types.get_type(name) for name in (_METADATA_TYPE, MENTION_TYPE, RELATION_TYPE)
    )
    title = reading.about.get("title")
    cas.add(
        about(
            begin=0,
            end=len(reading.text),
            language=reading.about.get("language", "x-unspecified"),
            documentId=reading.doc_id,
            documentTitle=title if title and not _NOT_XML.search(title) else None,
        )
    )
    made = {}
    for m in reading.mentions:
        whole = {f"{m.label}_{name}": value for name, value in m.attributes.items()}
        values = {
            n: v if mention.get_feature(n).rangeType.name.endswith("Long") else str(v)
            for n, v in whole.items()
        }
        made[m.id] = mention(
            begin=m.start,
            end=m.end,
            identifier=m.id,
            label=m.label,
            flag=m.flag,
            note=m.note,
            started_from=m.started_from,
            decided=m.decided,
            votes=" ".join(m.votes) or None,
            **values,
        )
    for r in reading.relations:
        head, tail = made[r.head], made[r.tail]
        made[f"{r.head} {r.type} {r.tail}"] = relation(
            begin=tail.begin,
            end=tail.end,
            Governor=head,
            Dependent=tail,
            relation=r.type,
            decided=r.decided,
            votes=" ".join(r.votes) or None,
        )
    cas.add_all(made.values())
    return cas


class _XmiSource:
    """A folder or a zip of .xmi with their type systems, or one .xmi beside its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with convert_os_errors(path):
            if zipfile.is_zipfile(path):
                self._zip: zipfile.ZipFile | None = zipfile.ZipFile(path)
                names = sorted(self._zip.namelist())
            else:
                self._zip, self._folder = None, path if path.is_dir() else path.parent
                found = (
                    self._folder.rglob("*")
                    if path.is_dir()
                    else [path, *self._folder.glob("*.xml")]
                )
                names = sorted(
                    each.relative_to(self._folder).as_posix() for each in found if each.is_file()
                )
        self.names = names
        self.documents = [name for name in names if name.endswith(".xmi")]
        self.types = [name for name in names if name.rpartition("/")[2].lower() == "typesystem.xml"]

    def read(self, name: str) -> bytes:
        with convert_os_errors(self.path):
            return self._zip.read(name) if self._zip else (self._folder / name).read_bytes()

    def read_side_records(self) -> Iterator[DocumentSideRecord]:
        if _DOCUMENTS_FILE in self.names and not self._zip:
            yield from jsonl.read(self._folder / _DOCUMENTS_FILE, DocumentSideRecord)

    def find_type_system(self, document: str) -> str:
        """The type system in the document's folder, or in the nearest one above."""
        folder = document.rpartition("/")[0]
        while True:
            for name in self.types:
                if name.rpartition("/")[0] == folder:
                    return name
            if not folder:
                raise InputError(
                    "no TypeSystem.xml beside it or above",
                    where=f"{self.path}/{document}",
                    remedy="export it with its type system",
                )
            folder = folder.rpartition("/")[0]


def _load_uima(load: Any, content: bytes, place: str, **options: Any) -> Any:
    """What cassis makes of a file. It only warns of an offset inside a surrogate pair: here that is an error."""
    etree, unknown = (
        import_library("lxml.etree", "webanno"),
        import_library("cassis.typesystem", "webanno").TypeNotFoundError,
    )
    wrong = (
        etree.XMLSyntaxError,
        Warning,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return load(io.BytesIO(content), **options)
    except unknown as error:
        raise InputError(
            str(error)[:300],
            where=place,
            remedy="put the TypeSystem.xml beside it that it was made with",
        ) from error
    except wrong as error:
        what = f"not UIMA as it should be: {type(error).__name__}: {error}"
        raise InputError(what[:300], where=place, remedy="export it anew") from error


def _read_cas(
    cassis: Any,
    types: Any,
    content: bytes,
    name: str,
    known: dict[str, DocumentSideRecord],
    place: str,
    how: ImportContext,
) -> AnnotatedDocument:
    cas = _load_uima(cassis.load_cas_from_xmi, content, place, typesystem=types)
    text = cas.sofa_string or ""
    doc_id = name.removesuffix(".xmi").replace("/", "-")
    side = known.get(doc_id, DocumentSideRecord(doc_id))
    mentions: dict[int, FormatMention] = {}
    relations = []
    for fs in cas.select_all_annotations():
        if fs.type.name.startswith(_SKIPPED_TYPES):
            how.notices["tokens and sentences, not taken"] += ".segmentation." in fs.type.name
        elif _find_ends(fs.type):
            relations.append(fs)
        elif fs.begin == fs.end:
            how.losses["mentions of nothing"] += 1
        else:
            mentions[fs.xmiID] = _convert_mention(fs, text, place, how)
    drawn = tuple(found for fs in relations if (found := _convert_relation(fs, mentions, how)))
    reading = AnnotatedDocument(
        doc_id=doc_id,
        text=text,
        about=side.about,
        note=side.note,
        mentions=tuple(mentions.values()),
        relations=drawn,
    )
    return sort_document(validate_document(reading, place))


@lru_cache(maxsize=256)
def _feature_names(kind: Any) -> tuple[str, ...]:
    return tuple(
        feature.name
        for feature in kind.all_features
        if feature.name not in ("begin", "end", "sofa")
    )


def _find_ends(kind: Any) -> tuple[str, str] | None:
    """The features of a relation's type that hold its head and its tail."""
    found = set(_feature_names(kind))
    pairs = (("Governor", "Dependent"), ("governor", "dependent"), ("source", "target"))
    return next((pair for pair in pairs if found.issuperset(pair)), None)


def _convert_mention(fs: Any, text: str, place: str, how: ImportContext) -> FormatMention:
    ours = fs.type.name == MENTION_TYPE
    values = {name: value for name in _feature_names(fs.type) if (value := fs[name]) is not None}
    named = next((n for n in ("label", "value") if isinstance(values.get(n), str)), None)
    label = values.pop(named) if named else fs.type.name.rpartition(".")[2]
    identifier = values.pop("identifier") if ours and "identifier" in values else f"x{fs.xmiID}"
    found = build_mention(text, place, identifier, label, Span(fs.begin, fs.end))
    extra = {name: values.pop(name) for name in _MENTION_FIELDS if ours and name in values}
    if "votes" in extra:
        extra["votes"] = extra["votes"].split()
    attributes = {}
    for name, value in values.items():
        if isinstance(value, str | int):
            plain = str(value).lower() if isinstance(value, bool) else value
            attributes[name.removeprefix(f"{label}_") if ours else name] = plain
        else:
            how.losses[
                f"values of {fs.type.name.rpartition('.')[2]}.{name} that are neither words nor whole numbers"
            ] += 1
    given = {**msgspec.structs.asdict(found), **extra, "attributes": attributes}
    return msgspec.convert(given, FormatMention)


def _convert_relation(
    fs: Any, mentions: dict[int, FormatMention], how: ImportContext
) -> FormatRelation | None:
    head, tail = (fs[name] for name in _find_ends(fs.type) or ())
    if head is None or tail is None or head.xmiID not in mentions or tail.xmiID not in mentions:
        how.losses["relations to what is no mention"] += 1
        return None
    values = {name: value for name in _feature_names(fs.type) if isinstance(value := fs[name], str)}
    named = next(
        (values[n] for n in ("relation", "label", "value", "DependencyType") if n in values), None
    )
    kind = named or fs.type.name.rpartition(".")[2]
    given = {"type": kind, "head": mentions[head.xmiID].id, "tail": mentions[tail.xmiID].id}
    if fs.type.name == RELATION_TYPE and "decided" in values:
        given |= {"decided": values["decided"], "votes": values.get("votes", "").split()}
    return msgspec.convert(given, FormatRelation)
