"""Croissant 1.0 metadata of the dataset: its files and the fields of its rows, for programs.

Lists of structs are fields with sub-fields. A struct inside such a list is taken apart into its
leaves, named with a slash (``mentions/attributes/type``): readers of Croissant know one level.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sayso.dataset import features
from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.citation import Citation
from sayso.dataset.card.hub_vocabulary import HUB_LICENSES
from sayso.dataset.column_descriptions import describe_column, describe_row

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
_CROISSANT_TERMS = """
    citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes
    isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace
    samplingRate separator source subField transform
"""
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in str.split(_CROISSANT_TERMS)},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def build_croissant(dataset: BuiltDataset, citation: Citation) -> bytes:
    """Return the metadata as JSON-LD; equal data give equal bytes."""
    creators = [{"@type": "sc:Organization", "name": name.strip("{}")} for name in citation.authors]
    metadata = {
        "@context": dict(sorted(_CONTEXT.items())),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": citation.key,
        "alternateName": citation.title,
        "description": " ".join(str(citation.keys.get("abstract", citation.title)).split()),
        "version": dataset.version,
        **({"datePublished": dataset.last_change} if dataset.last_change else {}),
        **({"url": citation.url} if citation.url else {}),
        "license": _license_entry(dataset, citation),
        "creator": creators,
        "citeAs": citation.bibtex(dataset),
        "inLanguage": [tag for (tag,) in dataset.counts_under("articles|language")],
        "isLiveDataset": False,
        "distribution": [
            *(_file_object(name, dataset) for name in sorted(dataset.files)),
            *map(_file_set, dataset.rows),
        ],
        "recordSet": [_record_set(config, dataset) for config in dataset.rows],
    }
    return json.dumps(metadata, ensure_ascii=False, indent=1).encode() + b"\n"


def _license_entry(dataset: BuiltDataset, citation: Citation) -> Any:
    if len(dataset.licences) == 1 and dataset.licences[0].lower() in HUB_LICENSES:
        return f"https://spdx.org/licenses/{dataset.licences[0]}.html"
    licences = dataset.counts_under("articles|license").items()
    counts = ", ".join(f"{name}: {count:,}" for (name,), count in licences)
    annotations = f"annotations are under {citation.license or 'no licence that is stated'}"
    return {
        "@type": "sc:CreativeWork",
        "name": "per-article",
        "description": f"Each article has its own licence ({counts} documents); {annotations}.",
        "url": "LICENSE.md",
    }


def _file_object(name: str, dataset: BuiltDataset) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{dataset.files[name].footer.size} B",
        "encodingFormat": _PARQUET_TYPE,
        "sha256": dataset.files[name].sha256,
    }


def _file_set(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}-files",
        "name": f"{config}-files",
        "encodingFormat": _PARQUET_TYPE,
        "includes": f"data/{config}/*.parquet",
    }


def _record_set(config: str, dataset: BuiltDataset) -> dict[str, Any]:
    columns = features.config_columns(dataset.schema)[config]
    fields = [
        _column_field(config, name, kind, describe_column(config, name, dataset.schema))
        for name, kind in columns.items()
    ]
    if "split" not in columns:
        fields.append(_split_field(config))
    key = _KEY_COLUMNS.get(config)
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"One row is {describe_row(config, dataset.schema)}",
        **({"key": {"@id": f"{config}/{key}"}} if key else {}),
        "field": fields,
    }


def _split_field(config: str) -> dict[str, Any]:
    """Return a field for the split of a row, taken from the name of its file."""
    return {
        **_field_header(config, "split"),
        "description": "train, validation or test.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": f"{config}-files"},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": _SPLIT_PATTERN},
        },
    }


def _column_field(
    config: str, name: str, kind: features.ColumnType, description: str
) -> dict[str, Any]:
    inner = kind[0] if isinstance(kind, list) else kind
    field = {
        **_field_header(config, name),
        "description": description,
        **({"repeated": True} if isinstance(kind, list) else {}),
    }
    if not isinstance(inner, dict):
        return {**field, **_typed_source(config, name, inner)}
    sub_fields = [
        {**_field_header(config, name, *path), **_typed_source(config, name, leaf, *path)}
        for path, leaf in _iterate_leaves(inner)
    ]
    return {**field, "subField": sub_fields}


def _field_header(config: str, *path: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": "/".join([config, *path]), "name": path[-1]}


def _iterate_leaves(
    columns: Mapping[str, features.ColumnType], *path: str
) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, kind in columns.items():
        if isinstance(kind, dict):
            yield from _iterate_leaves(kind, *path, name)
        elif isinstance(kind, list) and isinstance(kind[0], dict):
            yield from _iterate_leaves(kind[0], *path, name)
        else:
            yield (*path, name), kind[0] if isinstance(kind, list) else kind


def _typed_source(config: str, column: str, kind: str, *path: str) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": f"{config}-files"}, "extract": {"column": column}}
    if path:
        source["transform"] = {"jsonPath": ".".join(path)}
    return {"dataType": _SCHEMA_ORG_TYPES[kind], "source": source}
