"""The parts of the card that are numbers: rows, documents, mentions, relations and values, by split and by reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sayso.dataset import features
from sayso.dataset.card.made import KINDS, SPLITS, Made, ranked
from sayso.dataset.card.markdown import code, folded, listed, paragraphs, table

_SHOWN = 20  # outlets; the rest are told by their number


def configurations(made: Made) -> str:
    """How many rows each configuration has in each split."""
    rows = [
        [code(config), *(made.rows[config].get(split, 0) for split in SPLITS)]
        for config in features.CONFIGS
        if config in made.rows
    ]
    empty = [config for config in features.CONFIGS if config not in made.rows]
    missing = f"No rows yet, and so not loadable: {listed(empty)}." if empty else ""
    return paragraphs(table(["configuration", *SPLITS], rows), missing)


def figures(made: Made) -> str:
    """Everything that is counted."""
    return paragraphs(
        "### Documents", _documents(made),
        "### Answers and readings", _answers(made),
        "### Mentions", *_mentions(made),
        "### Relations", _crossed("relation", _relations(made), list(made.schema.relations), made.kinds),
        "### Values", _values(made),
        "### What does not fit", _odd(made),
    )  # fmt: skip


def _documents(made: Made) -> str:
    rows = [
        [what, *(made.splits[split][name] if split in made.splits else 0 for split in SPLITS), made.figures[name]]
        for what, name in {
            "documents": "articles|documents",
            "adjudicated": "gold|adjudicated",
            "characters (code points)": "articles|characters",
            "sentences": "articles|sentences",
            "tokens": "articles|tokens",
        }.items()
    ]
    return table(["what", *SPLITS, "all"], rows)


def _answers(made: Made) -> str:
    found = made.tally("annotations|answer", 0, 4)
    rows = [[f"{status}, by {KINDS[kind]}", count] for (kind, status), count in sorted(found.items())]
    started = [
        [f"begun with {word}, by {KINDS[kind]}", count]
        for (kind, word), count in made.under("annotations|started_from").items()
    ]
    carried = [
        [f"{what}, carried over from an earlier text of their document", made.figures[name]]
        for what, name in {"answers": "annotations|carried", "adjudicated documents": "gold|carried"}.items()
        if made.figures[name]
    ]
    general = [["all answers", made.figures["annotations|answers"]], *rows, *started, *carried]
    return table(["answers", "how many"], [*general, ["claims, all readings together", made.figures["claims|claims"]]])


def _mentions(made: Made) -> Iterable[str]:
    labels = list(made.schema.labels)
    yield "By label and by whose reading it is:"
    yield _by_reading(made, labels)
    yield "By label and split, all readings together:"
    by_split = {split: made.tally("mentions|label", 0, split=split) for split in SPLITS}
    yield table(["label", *SPLITS], [[code(name), *(by_split[split][name,] for split in SPLITS)] for name in labels])
    yield "Mentions that lie inside another mention of the same reading:"
    yield _crossed("label", made.tally("mentions|nested", 0, 1), labels, made.kinds)


def _by_reading(made: Made, labels: Sequence[str]) -> str:
    found = made.tally("mentions|label", 1, 2, 0)
    readings = {(kind, name) for kind, name, _label in found}
    rows = [
        [code(name), KINDS[kind], *(found[kind, name, label] for label in labels)]
        for kind, name in sorted(readings, key=lambda each: (list(KINDS).index(each[0]), each[1]))
    ]
    return table(["reading", "by", *labels], rows)


def _relations(made: Made) -> Mapping[tuple[str, ...], int]:
    return made.tally("annotations|relation", 0, 1) + made.tally("gold|relation", 0, 1)


def _crossed(what: str, found: Mapping[tuple[str, ...], int], names: Sequence[str], kinds: Sequence[str]) -> str:
    others = sorted({name for name, _kind in found} - set(names))
    rows = [[code(name), *(found.get((name, kind), 0) for kind in kinds)] for name in [*names, *others]]
    return table([what, *_headings(kinds)], rows) if kinds else "None."


def _headings(kinds: Iterable[str]) -> list[str]:
    return [KINDS[kind] if kind == "gold" else f"by {KINDS[kind]}" for kind in kinds]


def _values(made: Made) -> str:
    rows = [
        [code(f"{label}.{name}"), code(value), *(found.get((value, kind), 0) for kind in made.kinds)]
        for label, declared in made.schema.labels.items()
        for name, attribute in declared.attributes.items()
        if attribute.closed and (found := made.under(f"mentions|{label}.{name}"))
        for value in attribute.values
    ]
    shown = table(["attribute", "value", *_headings(made.kinds)], rows)
    return folded("How often each value was given", shown) if rows else "None."


def _odd(made: Made) -> str:
    rows = [
        ["items kept that the schema does not know", made.figures["annotations|kept"]],
        ["relations that join other labels than declared, in no row of `claims`", made.figures["claims|misdrawn"]],
        *([f"mentions flagged {code(flag)}, by {KINDS[kind]}", count]
          for (flag, kind), count in made.under("mentions|flag").items()),
        *([f"mentions that tags do not give exactly: {reason}", count]
          for (reason,), count in made.under("tokens|misaligned").items()),
    ]  # fmt: skip
    return table(["what", "how many"], rows)


def licences(made: Made) -> str:
    """How many articles are under which licence, and how many came without their text for it."""
    rows = [[code(name), count] for (name,), count in ranked(made.under("articles|license"))]
    told = table(["licence of the article", "documents"], rows)
    held = made.figures["articles|withheld"]
    if not held:
        return told
    return (
        f"{told}\n\n{held:,} articles are here without their text, which may not be passed on: every column that quotes"
        " them is null, offsets and `text_sha256` are not. Your own copies fill them in: `sayso hydrate FOLDER COPIES`."
    )


def sources(made: Made) -> str:
    """Which languages, outlets and years the articles are from, as far as it was recorded."""
    outlets = ranked(made.under("articles|outlet"))
    more = f"And {len(outlets) - _SHOWN:,} more outlets." if len(outlets) > _SHOWN else ""
    years = [[_known(year), count] for (year,), count in made.under("articles|year").items()]
    return paragraphs(
        _ranked("language, as BCP 47", made.under("articles|language")),
        table(["outlet", "documents"], [[_known(name), count] for (name,), count in outlets[:_SHOWN]]), more,
        table(["year of publication", "documents"], years),
    )  # fmt: skip


def _ranked(what: str, counts: Mapping[tuple[str, ...], int]) -> str:
    return table([what, "documents"], [[code(name), count] for (name,), count in ranked(counts)])


def _known(word: str) -> str:
    return "not recorded" if word == "unknown" else word
