"""The computed parts of the data statement: which data these are, who annotated them."""

from __future__ import annotations

from collections import defaultdict

from sayso import schema as schemas
from sayso.dataset.card.made import KINDS, Made
from sayso.dataset.card.markdown import code, listed, paragraphs, table
from sayso.dataset.figures import UNKNOWN, figure


def summary(made: Made) -> str:
    """The corpus in two sentences, and by whom it was annotated."""
    count = made.figures
    return (
        f"Version {made.version}: {count['articles|documents']:,} documents of {count['articles|tokens']:,} tokens, "
        f"{count['annotations|answers']:,} answers to them, {count['gold|adjudicated']:,} documents adjudicated. "
        f"{made_by(made)}"
    )


def made_by(made: Made) -> str:
    """Who made the annotations, plainly."""
    kinds = {kind for kind in made.kinds if kind != "gold"}
    gold = "" if made.figures["gold|adjudicated"] else " None is gold."
    if not kinds:
        return "**Nothing is annotated yet.**"
    if kinds == {"program"}:
        return f"**Every annotation here was made by a program. No person has checked one.{gold}**"
    if "program" in kinds:
        return f"**Some annotations were made by people and some by programs: `annotator_kind` says which.{gold}**"
    return f"**Every annotation here was made by people.{gold}**"


def header(made: Made) -> str:
    """Which data, schema and guidelines these are."""
    read = made.guidelines
    rows = [
        ["data version", code(made.version)],
        ["latest change in the sources", made.day or "not recorded"],
        ["schema", f"{code(made.schema.version)}, sha256 {code(schemas.digest(made.schema)[:16])}"],
        ["guidelines", f"{code(read.version)}, words sha256 {code(read.digest)}" if read else "none"],
        ["statement", "this card, after the headings of Data Statements, version 3"],
    ]
    return table(["dataset", "Sayso: who says what happened where, and how many"], rows)


def annotators(made: Made) -> str:
    """Every annotator by pseudonym: kind, passes, schema, guidelines, answers. Of persons nothing else is known."""
    found: dict[tuple[str, str], list[set[str]]] = defaultdict(lambda: [set(), set()])
    answers = made.tally("annotations|answer", 0, 1)
    for kind, name, asked, version, _status in made.under("annotations|answer"):
        found[kind, name][0].add(asked)
        found[kind, name][1].add(version)
    rows = [
        [code(name), kind, listed(sorted(passes)), listed(sorted(versions)), _guidelines(made, kind, name),
         answers[kind, name], "does not apply" if kind == "program" else "not recorded"]
        for (kind, name), (passes, versions) in sorted(found.items(), key=_by_kind)
    ]  # fmt: skip
    names = ["annotator", "kind", "passes", "schema", "guidelines", "answers", "demographics"]
    return paragraphs(made_by(made), table(names, rows))


def _guidelines(made: Made, kind: str, name: str) -> str:
    """The versions of the guidelines that an annotator had; answers of whom nobody knows are told so."""
    if kind == "program":
        return "does not apply"
    versions = [version for (version,) in made.under(f"annotations|{figure('guidelines', kind, name)}")]
    return ", ".join("not recorded" if version == UNKNOWN else code(version) for version in versions)


def _by_kind(found: tuple[tuple[str, str], object]) -> tuple[int, str]:
    (kind, name), _told = found
    return list(KINDS).index(kind), name
