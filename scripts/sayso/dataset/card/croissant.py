"""Croissant 1.0 metadata of the dataset: which files there are, and which fields rows have, for programs to read.

Lists of structs are fields with sub-fields. A struct inside such a list is taken apart into its leaves, whose names
have a slash (``mentions/attributes/type``): readers of Croissant know one level of nesting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sayso.dataset import features
from sayso.dataset.card.citation import Citation
from sayso.dataset.card.made import Made
from sayso.dataset.card.vocabulary import LICENSES
from sayso.dataset.meanings import ROWS, meaning

FILE = "croissant.json"
_PARQUET = "application/x-parquet"
_TYPES = {
    "string": "sc:Text", "bool": "sc:Boolean", "int32": "sc:Integer", "int64": "sc:Integer", "float64": "sc:Float",
}  # fmt: skip
_SPLIT = r"^.*?([a-z]+)-[0-9]+\.parquet$"
_KEYS = {"gold": "doc_id", "articles": "doc_id"}
_OF_CROISSANT = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OF_CROISSANT},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def croissant(made: Made, citation: Citation) -> bytes:
    """The metadata as JSON-LD; the same for the same data."""
    configs = [config for config in features.CONFIGS if config in made.rows]
    said = {
        "@context": dict(sorted(_CONTEXT.items())),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "sayso",
        "alternateName": citation.title,
        "description": " ".join(str(citation.said.get("abstract", citation.title)).split()),
        "version": made.version,
        **({"datePublished": made.day} if made.day else {}),
        **({"url": citation.url} if citation.url else {}),
        "license": _license(made),
        "creator": [{"@type": "sc:Organization", "name": name.strip("{}")} for name in citation.authors],
        "citeAs": citation.bibtex(made),
        "inLanguage": [name for (name,) in made.under("articles|language")],
        "isLiveDataset": False,
        "distribution": [*(_file(name, made) for name in sorted(made.footers)), *map(_files, configs)],
        "recordSet": [_record_set(config, made) for config in configs],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def _license(made: Made) -> Any:
    if len(made.licences) == 1 and made.licences[0].lower() in LICENSES:
        return f"https://spdx.org/licenses/{made.licences[0]}.html"
    told = ", ".join(f"{name}: {count:,}" for (name,), count in made.under("articles|license").items())
    return {
        "@type": "sc:CreativeWork",
        "name": "per-article",
        "description": f"Each article has its own licence ({told} documents); annotations are under Apache-2.0.",
        "url": "LICENSE.md",
    }


def _file(name: str, made: Made) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{made.footers[name].size} B",
        "encodingFormat": _PARQUET,
        "sha256": made.digests[name],
    }


def _files(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}-files",
        "name": f"{config}-files",
        "encodingFormat": _PARQUET,
        "includes": f"data/{config}/*.parquet",
    }


def _record_set(config: str, made: Made) -> dict[str, Any]:
    declared = features.columns(made.schema)[config]
    fields = [_field(config, name, kind, meaning(config, name, made.schema)) for name, kind in declared.items()]
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"One row is {ROWS[config]}",
        **({"key": {"@id": f"{config}/{_KEYS[config]}"}} if config in _KEYS else {}),
        "field": [*fields, *([] if "split" in declared else [_split(config)])],
    }


def _split(config: str) -> dict[str, Any]:
    """Which split a row is of; where no column says so, the name of its file does."""
    source = {
        "fileSet": {"@id": f"{config}-files"},
        "extract": {"fileProperty": "fullpath"},
        "transform": {"regex": _SPLIT},
    }
    return {
        **_named(config, "split"),
        "description": "train, validation or test.",
        "dataType": "sc:Text",
        "source": source,
    }


def _field(config: str, name: str, kind: features.Type, told: str) -> dict[str, Any]:
    inner = kind[0] if isinstance(kind, list) else kind
    said = {
        **_named(config, name),
        "description": told,
        **({"repeated": True} if isinstance(kind, list) else {}),
    }
    if isinstance(inner, dict):
        leaves = (_leaf(config, name, path, plain) for path, plain in _leaves(inner))
        return {**said, "subField": list(leaves)}
    return {**said, "dataType": _TYPES[inner], "source": _source(config, name)}


def _named(config: str, *path: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": "/".join([config, *path]), "name": path[-1]}


def _leaves(declared: Mapping[str, features.Type], *above: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, kind in declared.items():
        if isinstance(kind, dict):
            yield from _leaves(kind, *above, name)
        else:
            yield (*above, name), kind[0] if isinstance(kind, list) else kind


def _leaf(config: str, column: str, path: tuple[str, ...], plain: str) -> dict[str, Any]:
    source = {**_source(config, column), "transform": {"jsonPath": ".".join(path)}}
    return {**_named(config, column, *path), "dataType": _TYPES[plain], "source": source}


def _source(config: str, column: str) -> dict[str, Any]:
    return {"fileSet": {"@id": f"{config}-files"}, "extract": {"column": column}}
