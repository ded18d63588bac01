"""The disagreements explorer: annotators' spans under their sentence, with filters and pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from sayso.agreement.disagreement_cases import ComparedPair, DisagreementCase
from sayso.agreement.disagreement_counts import COUNT_COLUMNS, DisagreementCounts
from sayso.agreement.disagreement_types import DISAGREEMENT_KINDS, Disagreement, DisagreementSide
from sayso.files import convert_os_errors, make_folder
from sayso.labelstudio.urls import build_task_url
from sayso.models import Annotation, Mention
from sayso.reports.html_page import HtmlPage, JsonSpool, PageResult, build_data_block, label_colours
from sayso.reports.passages import PassagePacker
from sayso.schema.declarations import Schema

BLOCK_PASSAGES = 500  # passages in one JSON block


def write_explorer(
    out: Path,
    schema: Schema,
    cases: Iterable[DisagreementCase],
    counts: DisagreementCounts,
    server_url: str = "",
) -> PageResult:
    """Write the explorer to ``out`` unless it is up to date, and count its sentences.

    Args:
        cases: read to the end, before ``counts`` is read.
        server_url: the Label Studio that links lead to; empty for no links.

    Raises:
        InputError: a record is broken.
        DiskError: the file cannot be written.
    """
    packer = PassagePacker(schema)
    with convert_os_errors(out):
        make_folder(out.parent)
    with JsonSpool.open(out.parent) as spool:
        for case in cases:
            for passage in packer.pack_passages(case):
                spool.add(passage)
        data = build_data_block({**packer.build_page_data(), "server_url": server_url})
        page = HtmlPage(
            "explorer.html",
            ("passages.css", "explorer.css"),
            ("passages.js", "explorer.js"),
            lambda background: label_colours(schema, background),
        )
        blocks = [data, *spool.read_blocks("passages", BLOCK_PASSAGES)]
        result = page.write(out, _build_context(counts, schema), blocks)
        return replace(result, counts={"sentences": spool.count})


def _build_context(counts: DisagreementCounts, schema: Schema) -> dict[str, Any]:
    return {
        "total": f"{counts.total:,}",
        "documents": f"{len(counts.documents):,}",
        "pairs": f"{len(counts.pairs):,}",
        "columns": COUNT_COLUMNS[1:],
        "kinds": DISAGREEMENT_KINDS,
        "tables": list(_build_count_tables(counts)),
        "schema_version": schema.version,
        "excluded": [
            (f"{campaign} · {pass_name}", f"{count:,}", reason)
            for (campaign, pass_name, reason), count in sorted(counts.excluded.counts.items())
        ],
    }


def _build_count_tables(counts: DisagreementCounts) -> Iterator[tuple[str, list[Any]]]:
    yield "All pairs", counts.build_rows(counts.total_counts)
    if len(counts.pairs) > 1:
        for pair, pair_counts in sorted(counts.pairs.items()):
            yield (
                f"{pair.title} · {pair_counts.documents:,} documents",
                counts.build_rows(pair_counts),
            )


# --- as JSON


def build_entries(case: DisagreementCase, server_url: str) -> Iterator[dict[str, Any]]:
    """Yield every disagreement of a document as JSON; ``server_url`` of Label Studio adds links."""
    location = {
        "doc_id": case.document.doc_id,
        "campaign": case.campaign,
        "interface": case.pass_name,
    }
    for pair in case.pairs:
        for disagreement in pair.comparison.disagreements:
            yield {
                **location,
                **_encode_disagreement(disagreement),
                **_encode_sides(pair, disagreement, server_url),
            }


def _encode_disagreement(disagreement: Disagreement) -> dict[str, Any]:
    optional = {
        "counterpart": disagreement.counterpart and _encode_mention(disagreement.counterpart),
        "edges": [
            {
                "side": edge.side,
                "longer": ("one", "other")[edge.longer],
                "what": edge.what,
                "words": edge.words,
            }
            for edge in disagreement.edges
        ],
        "values": [
            {"name": each.name, "one": each.one, "other": each.other}
            for each in disagreement.values
        ],
    }
    details = {
        "kind": disagreement.kind,
        "names": list(disagreement.names),
        "details": list(disagreement.details),
    }
    return {**details, **{name: value for name, value in optional.items() if value}}


def _encode_sides(
    pair: ComparedPair, disagreement: Disagreement, server_url: str
) -> dict[str, Any]:
    one, other = disagreement.sides
    return {
        "one": _encode_side(pair.one, one, server_url),
        "other": _encode_side(pair.other, other, server_url),
    }


def _encode_side(annotation: Annotation, side: DisagreementSide, server_url: str) -> dict[str, Any]:
    relations = [
        {
            "type": each.relation.type,
            "head": _encode_mention(each.head),
            "tail": _encode_mention(each.tail),
        }
        for each in side.relations
    ]
    optional = {
        "mentions": [_encode_mention(mention) for mention in side.mentions],
        "relations": relations,
        "link": build_task_url(server_url, annotation.origin),
    }
    return {
        "annotator": annotation.annotator,
        **{name: value for name, value in optional.items() if value},
    }


def _encode_mention(mention: Mention) -> dict[str, Any]:
    fields: dict[str, Any] = {**msgspec.to_builtins(mention), "attributes": mention.attributes}
    fields.pop("started_from", None)
    return fields
