"""Croissant 1.0 metadata of the dataset: which files there are, and which fields rows have, for programs to read.

Lists of structs are fields with sub-fields. A struct inside such a list is taken apart into its leaves, whose names
have a slash (``mentions/attributes/type``): readers of Croissant know one level of nesting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sayso.dataset import features
from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.citation import Citation
from sayso.dataset.card.hub_vocabulary import HUB_LICENSES
from sayso.dataset.column_descriptions import ROW_DESCRIPTIONS, describe_column

CROISSANT_FILE = "croissant.json"
_PARQUET_TYPE = "application/x-parquet"
_SCHEMA_ORG_TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "float64": "sc:Float",
}
_SPLIT_PATTERN = r"^.*?([a-z]+)-[0-9]+\.parquet$"
_KEY_COLUMNS = {"gold": "doc_id", "articles": "doc_id"}
_CROISSANT_TERMS = (
    "citeAs",
    "column",
    "equivalentProperty",
    "extract",
    "field",
    "fileProperty",
    "fileObject",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _CROISSANT_TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def build_croissant(made: BuiltDataset, citation: Citation) -> bytes:
    """The metadata as JSON-LD; the same for the same data."""
    configs = [config for config in features.CONFIGS if config in made.rows]
    said = {
        "@context": dict(sorted(_CONTEXT.items())),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "sayso",
        "alternateName": citation.title,
        "description": " ".join(str(citation.keys.get("abstract", citation.title)).split()),
        "version": made.version,
        **({"datePublished": made.last_change} if made.last_change else {}),
        **({"url": citation.url} if citation.url else {}),
        "license": _license_entry(made),
        "creator": [
            {"@type": "sc:Organization", "name": name.strip("{}")} for name in citation.authors
        ],
        "citeAs": citation.bibtex(made),
        "inLanguage": [name for (name,) in made.counts_under("articles|language")],
        "isLiveDataset": False,
        "distribution": [
            *(_file_object(name, made) for name in sorted(made.footers)),
            *map(_file_set, configs),
        ],
        "recordSet": [_record_set(config, made) for config in configs],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def _license_entry(made: BuiltDataset) -> Any:
    if len(made.licences) == 1 and made.licences[0].lower() in HUB_LICENSES:
        return f"https://spdx.org/licenses/{made.licences[0]}.html"
    told = ", ".join(
        f"{name}: {count:,}" for (name,), count in made.counts_under("articles|license").items()
    )
    return {
        "@type": "sc:CreativeWork",
        "name": "per-article",
        "description": f"Each article has its own licence ({told} documents); annotations are under Apache-2.0.",
        "url": "LICENSE.md",
    }


def _file_object(name: str, made: BuiltDataset) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{made.footers[name].size} B",
        "encodingFormat": _PARQUET_TYPE,
        "sha256": made.digests[name],
    }


def _file_set(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}-files",
        "name": f"{config}-files",
        "encodingFormat": _PARQUET_TYPE,
        "includes": f"data/{config}/*.parquet",
    }


def _record_set(config: str, made: BuiltDataset) -> dict[str, Any]:
    declared = features.config_columns(made.schema)[config]
    fields = [
        _column_field(config, name, kind, describe_column(config, name, made.schema))
        for name, kind in declared.items()
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"One row is {ROW_DESCRIPTIONS[config]}",
        **({"key": {"@id": f"{config}/{_KEY_COLUMNS[config]}"}} if config in _KEY_COLUMNS else {}),
        "field": [*fields, *([] if "split" in declared else [_split_field(config)])],
    }


def _split_field(config: str) -> dict[str, Any]:
    """Which split a row is of; where no column says so, the name of its file does."""
    source = {
        "fileSet": {"@id": f"{config}-files"},
        "extract": {"fileProperty": "fullpath"},
        "transform": {"regex": _SPLIT_PATTERN},
    }
    return {
        **_field_header(config, "split"),
        "description": "train, validation or test.",
        "dataType": "sc:Text",
        "source": source,
    }


def _column_field(config: str, name: str, kind: features.ColumnType, told: str) -> dict[str, Any]:
    inner = kind[0] if isinstance(kind, list) else kind
    said = {
        **_field_header(config, name),
        "description": told,
        **({"repeated": True} if isinstance(kind, list) else {}),
    }
    if isinstance(inner, dict):
        leaves = (_leaf_field(config, name, path, plain) for path, plain in _iterate_leaves(inner))
        return {**said, "subField": list(leaves)}
    return {**said, "dataType": _SCHEMA_ORG_TYPES[inner], "source": _column_source(config, name)}


def _field_header(config: str, *path: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": "/".join([config, *path]), "name": path[-1]}


def _iterate_leaves(
    declared: Mapping[str, features.ColumnType], *above: str
) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, kind in declared.items():
        if isinstance(kind, dict):
            yield from _iterate_leaves(kind, *above, name)
        else:
            yield (*above, name), kind[0] if isinstance(kind, list) else kind


def _leaf_field(config: str, column: str, path: tuple[str, ...], plain: str) -> dict[str, Any]:
    source = {**_column_source(config, column), "transform": {"jsonPath": ".".join(path)}}
    return {
        **_field_header(config, column, *path),
        "dataType": _SCHEMA_ORG_TYPES[plain],
        "source": source,
    }


def _column_source(config: str, column: str) -> dict[str, Any]:
    return {"fileSet": {"@id": f"{config}-files"}, "extract": {"column": column}}
