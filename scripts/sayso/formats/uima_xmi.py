"""UIMA CAS XMI: DOC.xmi for each document and one TypeSystem.xml, as INCEpTION takes it.

Offsets in the files are UTF-16 code units, as UIMA counts; dkpro-cassis converts them at the
border. A mention is a ``webanno.custom.Mention`` with its ``label`` and a feature
``Label_attribute`` for each attribute; a relation is a ``webanno.custom.MentionRelation`` from
``Governor``, its head, to ``Dependent``, its tail. An attribute that is a number here and words
there becomes words. An answer about the document is a ``webanno.custom.Answer`` without offsets,
its value in words.

Files of other makers come in by their types: an annotation's label is its feature ``label`` or
``value``, else the short name of its type. A feature of a type without offsets, as INCEpTION's
document metadata has them, is an answer named as the feature. Links of coreference chains, which
have a feature ``next``, are mentions, each in a relation to the next.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from sayso.errors import InputError, SaysoError
from sayso.files import convert_os_errors, is_file, is_folder, list_files, read_file
from sayso.formats.annotated_documents import (
    METADATA_FILE,
    AnnotatedDocument,
    ExportContent,
    FormatAnswer,
    FormatMention,
    FormatRelation,
    MetadataRecord,
    Vocabulary,
    build_mention,
    convert_fields,
    drop_mentions,
    encode_metadata,
    read_metadata_file,
    validate_document,
)
from sayso.formats.format_registry import ImportContext
from sayso.formats.losses import Loss, Losses
from sayso.formats.uima_validation import is_feature_name, require_harmless
from sayso.formats.zip_archives import ZipArchive, is_zip
from sayso.models import AttributeValue, UnknownItem, format_value
from sayso.optional_libraries import import_library
from sayso.spans import Span

MENTION_TYPE = "webanno.custom.Mention"
RELATION_TYPE = "webanno.custom.MentionRelation"
ANSWER_TYPE = "webanno.custom.Answer"
_METADATA_TYPE = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
_SKIPPED_TYPES = (
    "uima.",
    "de.tudarmstadt.ukp.dkpro.core.api.segmentation.",
    "de.tudarmstadt.ukp.dkpro.core.api.metadata.",
    "de.tudarmstadt.ukp.clarin.webanno.api.type.",
)
_STRING, _STRING_ARRAY = "uima.cas.String", "uima.cas.StringArray"
_RANGE_TYPES: dict[type, str] = {
    bool: "uima.cas.Boolean",
    int: "uima.cas.Long",
    float: "uima.cas.Double",
    tuple: _STRING_ARRAY,
}
_MENTION_FIELDS = ("flag", "note", "started_from", "decided", "votes", "amended")
_END_FEATURES = (("Governor", "Dependent"), ("governor", "dependent"), ("source", "target"))
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONG_LIMIT = 1 << 63


def fit(annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument | None:
    """Drop what XML cannot hold: documents with control characters, odd labels, names and notes."""
    if _NOT_XML.search(annotated.text):
        losses[Loss.DOCUMENT_NOT_XML] += 1
        return None
    annotated = drop_mentions(
        annotated, lambda m: Loss.LABEL_NOT_XML if _NOT_XML.search(m.label + m.id) else None, losses
    )
    mentions = tuple(_reduce_mention(mention, losses) for mention in annotated.mentions)
    answers = tuple(
        replace(answer, value=words)
        for answer in annotated.answers
        if _is_holdable(words := format_value(answer.value)) and _is_holdable(answer.question)
    )
    losses[Loss.ANSWERS] += len(annotated.answers) - len(answers)
    return replace(annotated, mentions=mentions, answers=answers)


def write(target: Path, content: ExportContent) -> None:
    """Write the folder.

    Raises:
        UsageError: dkpro-cassis is not installed.
    """
    cassis = _import_cassis()
    types = _build_types(cassis, content.vocabulary)
    types.to_xml(target / "TypeSystem.xml")
    with (target / METADATA_FILE).open("wb") as metadata:
        for each in content.documents:
            _build_cas(cassis, types, each).to_xmi(target / f"{each.doc_id}.xmi")
            metadata.write(encode_metadata(each, answers=False))


def read(path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
    """Read every .xmi of a folder or a zip, by name; or one .xmi.

    Raises:
        UsageError: dkpro-cassis is not installed.
        InputError: no .xmi, no TypeSystem.xml, or a file is none.
        SpanError: an annotation is not inside its text.
    """
    cassis = _import_cassis()
    source = _XmiSource(path)
    types = {
        name: _load_uima(cassis.load_typesystem, source.read(name), f"{path}/{name}")
        for name in source.types
    }
    if not source.documents:
        raise InputError(
            "no .xmi here", where=str(path), remedy="name the folder or the zip that was exported"
        )
    for name in source.documents:
        location = f"{path}/{name}"
        types_of_document = types[source.find_type_system(name)]
        content = source.read(name)
        cas = _load_uima(cassis.load_cas_from_xmi, content, location, typesystem=types_of_document)
        doc_id = name.removesuffix(".xmi").replace("/", "-")
        record = source.metadata.get(doc_id, MetadataRecord(doc_id))
        yield _convert_cas(cas, record, location, context)


def _import_cassis() -> Any:
    return import_library("cassis", "webanno", extra="exchange")


def _reduce_mention(mention: FormatMention, losses: Losses) -> FormatMention:
    attributes = {
        name: value
        for name, value in mention.attributes.items()
        if _is_nameable(f"{mention.label}_{name}") and _is_holdable(value)
    }
    losses[Loss.ATTRIBUTES] += len(mention.attributes) - len(attributes)
    note = mention.note if mention.note is None or _is_holdable(mention.note) else None
    losses[Loss.MENTION_NOTES] += note != mention.note
    return replace(mention, attributes=attributes, note=note)


def _is_nameable(feature: str) -> bool:
    return feature.isascii() and is_feature_name(feature) and feature not in _MENTION_FIELDS


def _is_holdable(value: AttributeValue) -> bool:
    if type(value) is int:
        return -_LONG_LIMIT <= value < _LONG_LIMIT
    return not _NOT_XML.search(format_value(value))


def _build_types(cassis: Any, vocabulary: Vocabulary) -> Any:
    types = cassis.TypeSystem()
    metadata = types.create_type(name=_METADATA_TYPE, supertypeName="uima.tcas.DocumentAnnotation")
    mention = types.create_type(name=MENTION_TYPE)
    relation = types.create_type(name=RELATION_TYPE)
    answer = types.create_type(name=ANSWER_TYPE, supertypeName="uima.cas.AnnotationBase")
    for kind, names in (
        (metadata, ("documentTitle", "documentId")),
        (mention, ("identifier", "label", *_MENTION_FIELDS)),
        (relation, ("relation", "joins", "decided", "votes")),
        (answer, ("question", "value", "decided", "votes")),
    ):
        for name in names:
            types.create_feature(kind, name, _STRING)
    for label in vocabulary.labels:
        for name, used in sorted(vocabulary.attributes[label].items()):
            kind = next(iter(used.types)) if len(used.types) == 1 else str
            range_type = _RANGE_TYPES.get(kind, _STRING)
            description = f"{name} of {label}"
            types.create_feature(mention, f"{label}_{name}", range_type, description=description)
    for name in _END_FEATURES[0]:
        types.create_feature(relation, name, mention)
    return types


def _build_cas(cassis: Any, types: Any, annotated: AnnotatedDocument) -> Any:
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = annotated.text, "text/plain"
    metadata, relation_type, answer_type = map(
        types.get_type, (_METADATA_TYPE, RELATION_TYPE, ANSWER_TYPE)
    )
    title = annotated.about.get("title")
    cas.add(
        metadata(
            begin=0,
            end=len(annotated.text),
            language=annotated.about.get("language", "x-unspecified"),
            documentId=annotated.doc_id,
            documentTitle=title if title and not _NOT_XML.search(title) else None,
        )
    )
    built = {m.id: _build_feature_structure(types, m) for m in annotated.mentions}
    cas.add_all(built.values())
    for r in annotated.relations:
        head, tail = built[r.head], built[r.tail]
        cas.add(
            relation_type(
                begin=tail.begin,
                end=tail.end,
                Governor=head,
                Dependent=tail,
                relation=r.type,
                joins=r.joins,
                decided=r.decided,
                votes=" ".join(r.votes) or None,
            )
        )
    for a in annotated.answers:
        votes = " ".join(a.votes) or None
        cas.add(answer_type(question=a.question, value=a.value, decided=a.decided, votes=votes))
    return cas


def _build_feature_structure(types: Any, mention: FormatMention) -> Any:
    mention_type = types.get_type(MENTION_TYPE)
    attributes = {f"{mention.label}_{name}": value for name, value in mention.attributes.items()}
    return mention_type(
        begin=mention.start,
        end=mention.end,
        identifier=mention.id,
        label=mention.label,
        flag=mention.flag,
        note=mention.note,
        started_from=mention.started_from,
        decided=mention.decided,
        votes=" ".join(mention.votes) or None,
        amended=" ".join(mention.amended) or None,
        **{
            name: _build_value(types, mention_type.get_feature(name).rangeType.name, value)
            for name, value in attributes.items()
        },
    )


def _build_value(types: Any, range_type: str, value: AttributeValue) -> Any:
    if range_type == _STRING:
        return format_value(value)
    return (
        types.get_type(_STRING_ARRAY)(elements=list(value)) if isinstance(value, tuple) else value
    )


class _XmiSource:
    """A folder or a zip of .xmi with their type systems, or one .xmi beside its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata: dict[str, MetadataRecord] = {}
        with convert_os_errors(path):
            self._zip = ZipArchive(path) if is_file(path) and is_zip(path) else None
            if self._zip:
                names = self._zip.names
            else:
                self._folder = path if is_folder(path) else path.parent
                self.metadata = read_metadata_file(self._folder / METADATA_FILE)
                files = (
                    list_files(path, "**/*")
                    if is_folder(path)
                    else [path, *list_files(self._folder, "*.xml")]
                )
                names = sorted(each.relative_to(self._folder).as_posix() for each in files)
        self.documents = [name for name in names if name.endswith(".xmi")]
        self.types = [name for name in names if name.rpartition("/")[2].lower() == "typesystem.xml"]

    def read(self, name: str) -> bytes:
        return self._zip.read(name) if self._zip else read_file(self._folder / name)

    def find_type_system(self, document: str) -> str:
        """Return the type system in the document's folder, or in the nearest one above."""
        by_folder = {name.rpartition("/")[0]: name for name in self.types}
        folder = document.rpartition("/")[0]
        while folder and folder not in by_folder:
            folder = folder.rpartition("/")[0]
        if folder not in by_folder:
            raise InputError(
                "no TypeSystem.xml beside it or above",
                where=f"{self.path}/{document}",
                remedy="export it with its type system",
            )
        return by_folder[folder]


def _load_uima(load: Any, content: bytes, location: str, **options: Any) -> Any:
    """Let cassis load a harmless file; an offset inside a surrogate pair is an error, too."""
    invalid_xml = import_library("lxml.etree", "webanno", extra="exchange").XMLSyntaxError
    unknown = import_library("cassis.typesystem", "webanno", extra="exchange").TypeNotFoundError
    # What cassis raises for a wrong file; it has no class of its own for that.
    wrong = (Warning, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
    try:
        require_harmless(content, location)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return load(io.BytesIO(content), **options)
    except SaysoError:
        raise  # some of them are ValueErrors by inheritance
    except unknown as error:
        remedy = "put the TypeSystem.xml beside it that it was made with"
        raise InputError(str(error)[:300], where=location, remedy=remedy) from error
    except (invalid_xml, *wrong) as error:
        what = f"not UIMA as it should be: {type(error).__name__}: {error}"
        raise InputError(what[:300], where=location, remedy="export it anew") from error


def _convert_cas(
    cas: Any, record: MetadataRecord, location: str, context: ImportContext
) -> AnnotatedDocument:
    text = cas.sofa_string or ""
    mentions: dict[int, FormatMention] = {}
    relations, links = [], []
    kept: list[UnknownItem] = []
    for each in cas.select_all_annotations():
        if each.type.name.startswith(_SKIPPED_TYPES):
            is_token = ".segmentation." in each.type.name
            context.notices["tokens and sentences, not taken"] += is_token
        elif _find_ends(each.type):
            relations.append(each)
        elif each.begin == each.end:
            context.losses["mentions of nothing"] += 1
        else:
            links += [each] if _find_next(each) else []
            mentions[each.xmiID] = _convert_mention(each, text, location, context)
    converted = [
        *(_convert_relation(each, mentions, location, context) for each in relations),
        *_convert_links(links, mentions, kept, context),
    ]
    annotated = AnnotatedDocument(
        doc_id=record.doc_id,
        text=text,
        about=record.about,
        note=record.note,
        mentions=tuple(mentions.values()),
        relations=tuple(filter(None, converted)),
        answers=tuple(_convert_answers(cas, location, context)),
        kept=tuple(kept),
    )
    return validate_document(annotated, location)


@lru_cache(maxsize=256)
def _feature_names(kind: Any) -> tuple[str, ...]:
    names = (feature.name for feature in kind.all_features)
    return tuple(name for name in names if name not in ("begin", "end", "sofa"))


def _find_ends(kind: Any) -> tuple[str, str] | None:
    """Return the features of a relation's type that hold its head and its tail."""
    found = set(_feature_names(kind))
    return next((pair for pair in _END_FEATURES if found.issuperset(pair)), None)


def _find_next(annotation: Any) -> Any:
    """Return the next link of a chain; None at its end and where there is no chain."""
    feature = annotation.type.get_feature("next")
    is_link = feature is not None and feature.rangeType.name == annotation.type.name
    return annotation.next if is_link else None


def _short_name(annotation: Any) -> str:
    name: str = annotation.type.name
    return name.rpartition(".")[2]


def _convert_mention(
    theirs: Any, text: str, location: str, context: ImportContext
) -> FormatMention:
    ours = theirs.type.name == MENTION_TYPE
    names = _feature_names(theirs.type)
    values = {name: value for name in names if (value := theirs[name]) is not None}
    labelled = next((n for n in ("label", "value") if isinstance(values.get(n), str)), None)
    label = values.pop(labelled) if labelled else _short_name(theirs)
    identifier = values.pop("identifier") if ours and "identifier" in values else f"x{theirs.xmiID}"
    found = build_mention(text, location, identifier, label, Span(theirs.begin, theirs.end))
    extra = {name: values.pop(name) for name in _MENTION_FIELDS if ours and name in values}
    extra |= {name: extra[name].split() for name in ("votes", "amended") if name in extra}
    if _find_next(theirs):
        del values["next"]
    attributes = {}
    for name, value in values.items():
        if (plain := _convert_value(theirs, name, value, context)) is not None:
            attributes[name.removeprefix(f"{label}_") if ours else name] = plain
    known = {**msgspec.structs.asdict(found), **extra, "attributes": attributes}
    return convert_fields(known, FormatMention, location)


def _convert_value(
    theirs: Any, name: str, value: Any, context: ImportContext
) -> AttributeValue | None:
    """Return the value of a feature; None if it says nothing, or is counted as lost."""
    elements = getattr(value, "elements", None)
    if elements is not None and all(isinstance(each, str) for each in elements):
        return tuple(elements) or None
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    feature = f"{_short_name(theirs)}.{name}"
    context.losses[f"values of {feature} that are neither words nor numbers"] += 1
    return None


def _convert_answers(cas: Any, location: str, context: ImportContext) -> Iterator[FormatAnswer]:
    """Yield what feature structures without offsets say about the document."""
    for theirs in cas.select_all_fs():
        if hasattr(theirs, "begin") or theirs.type.name.startswith(_SKIPPED_TYPES):
            continue
        values = {name: theirs[name] for name in _feature_names(theirs.type)}
        if theirs.type.name == ANSWER_TYPE:
            known: dict[str, Any] = {n: v for n, v in values.items() if isinstance(v, str)}
            known["votes"] = known.get("votes", "").split()
            yield convert_fields(known, FormatAnswer, location)
            continue
        for name, value in values.items():
            is_chain = name == "first" and hasattr(value, "next")
            if value is not None and not is_chain:
                found = _convert_value(theirs, name, value, context)
                if found is not None:
                    yield FormatAnswer(question=name, value=found)


def _convert_links(
    links: list[Any],
    mentions: dict[int, FormatMention],
    kept: list[UnknownItem],
    context: ImportContext,
) -> Iterator[FormatRelation]:
    for link in links:
        head, following = mentions[link.xmiID].id, _find_next(link).xmiID
        if tail := mentions.get(following):
            yield FormatRelation(type="coreference", head=head, tail=tail.id, joins="coreference")
        else:
            reason = "a link of a chain to what is no mention"
            item = {"type": "coreference", "mentions": [head, f"x{following}"]}
            kept.append(UnknownItem(reason=reason, item=item))
            context.losses["links of chains to what is no mention"] += 1


def _convert_relation(
    theirs: Any, mentions: dict[int, FormatMention], location: str, context: ImportContext
) -> FormatRelation | None:
    head, tail = (theirs[name] for name in _find_ends(theirs.type) or ())
    if head is None or tail is None or not {head.xmiID, tail.xmiID} <= mentions.keys():
        context.losses["relations to what is no mention"] += 1
        return None
    names = _feature_names(theirs.type)
    values = {name: value for name in names if isinstance(value := theirs[name], str)}
    type_features = ("relation", "label", "value", "DependencyType")
    kind = next((values[name] for name in type_features if name in values), _short_name(theirs))
    known: dict[str, Any] = {
        "type": kind,
        "head": mentions[head.xmiID].id,
        "tail": mentions[tail.xmiID].id,
    }
    if theirs.type.name == RELATION_TYPE and "joins" in values:
        known["joins"] = values["joins"]
    if theirs.type.name == RELATION_TYPE and "decided" in values:
        known |= {"decided": values["decided"], "votes": values.get("votes", "").split()}
    return convert_fields(known, FormatRelation, location)
