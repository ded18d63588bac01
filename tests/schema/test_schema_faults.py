"""Every schema builds, or is refused where it is read, with its line and in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.errors import InputError
from sayso.schema.declarations import load_schema
from tests.command_line import run_sayso
from tests.schema.small_schemas import (
    CONTRACTS,
    FRAMES,
    JOINED,
    QUESTIONS_ONLY,
    RULINGS,
    SPANS_ONLY,
    write_schema,
)

FAULTS: dict[str, tuple[str, str, str, int, str]] = {
    # name: (schema, words, words instead, line, message)
    "column of a mention's row": (
        RULINGS.replace("Party", "Mention"),
        "side: {kind",
        "id: {kind",
        8,
        "labels.Mention.attributes.id: Mention.id would be a column of `mentions`, or a control "
        "of the interface named 'mention_id', which is there already; choose another name",
    ),
    "control of the interface": (
        RULINGS.replace("Party", "Document"),
        "name: {kind",
        "note: {kind",
        9,
        "labels.Document.attributes.note: Document.note would be",
    ),
    "column of a frame's row": (
        FRAMES,
        "name: {kind",
        "text: {kind",
        10,
        "labels.Party.attributes.text: Party.text would be a column of `parties` named 'text'",
    ),
    "field of a frame's related mention": (
        FRAMES,
        "euros: {kind",
        "start: {kind",
        14,
        "labels.Amount.attributes.start: Amount.start would be a field of Amount in `parties`",
    ),
    "two attributes of one column": (
        RULINGS.replace("Amount", "Party_x").replace("side", "x_euros"),
        "version",
        "version",
        13,
        "labels.Party_x.attributes.euros: Party.x_euros and Party_x.euros would both be",
    ),
    "labels that differ in case": (
        RULINGS.replace("Amount", "party"),
        "version",
        "version",
        10,
        "labels.party: label Party and label party would both be",
    ),
    "attribute and relation of one column": (
        FRAMES,
        "name: {kind",
        "payss: {kind",
        16,
        "relations.pays: Party.payss and relation pays would both be a column of `parties`",
    ),
    "two relations of one column": (
        FRAMES + "  owes: {head: Party, tail: Amount, column: payss, definition: Owes.}\n",
        "version",
        "version",
        17,
        "relations.owes: relation pays and relation owes would both be a column",
    ),
    "a frame whose table every dataset has": (
        FRAMES.replace("Party", "Token"),
        "version",
        "version",
        5,
        "labels.Token: its table 'tokens' is one that every dataset has",
    ),
    "one attribute of two kinds": (
        RULINGS,
        "euros: {kind",
        "side: {kind",
        13,
        "labels.Amount.attributes.side: 'side' is words for Party and a whole number for Amount",
    ),
    "passes that differ in case": (
        RULINGS,
        "labels:\n",
        "  All: {definition: All., labels: [Party]}\nlabels:\n",
        4,
        "interfaces.All: pass all and pass All would both be a file",
    ),
    "a pass without labels": (RULINGS, "[Party, Amount]", "[]", 3, "a pass needs a label"),
    "a label twice in a pass": (RULINGS, "[Party, Amount]", "[Party, Party]", 3, "stands twice"),
    "no pass": (
        RULINGS,
        "interfaces:\n  all: {definition: All., labels: [Party, Amount]}",
        "interfaces: {}",
        2,
        "interfaces: a schema needs a pass",
    ),
    "a pass that starts from itself": (
        RULINGS,
        "All., ",
        "All., starts_from: all, ",
        3,
        "interfaces.all.starts_from: a pass cannot start from itself",
    ),
    "Label Studio's key": (
        RULINGS,
        "definition: A sum.",
        "definition: A sum.\n    hotkey: u",
        12,
        "labels.Amount.hotkey: hotkey 'u' of Amount is one of Label Studio's own",
    ),
    "the adjudicator's key": (
        SPANS_ONLY,
        "flags: {}",
        "flags:\n  unsure: {definition: Unsure., hotkey: shift+o}",
        8,
        "flags.unsure.hotkey: hotkey 'shift+o' of flag unsure is one of the adjudicator's",
    ),
    "a crosswalk without an attribute": (
        RULINGS + "crosswalk: {Party: {yes: {acled: 1}}}\n",
        "version",
        "version",
        16,
        "crosswalk.Party: no attribute 'Party'; write it as Label.attribute",
    ),
    "codes of two types": (
        RULINGS + "crosswalk: {Party.side: {yes: {acled: 1}, no: {acled: [x]}}}\n",
        "version",
        "version",
        16,
        "codes are whole numbers, or lists of words",
    ),
    "a code that is neither": (
        RULINGS + "crosswalk: {Party.side: {yes: {acled: x}}}\n",
        "version",
        "version",
        16,
        "codes are whole numbers, or lists of words",
    ),
    "a definition that YAML reads as a boolean": (
        RULINGS,
        "definition: A sum.",
        "definition: yes",
        11,
        "labels.Amount.definition: expected text, got true or false; put yes, no, on and off in",
    ),
    "a number for a name": (
        RULINGS,
        "{yes:",
        "{1:",
        8,
        "labels.Party.attributes.side.values.1: expected letters, digits and underscores",
    ),
    "a kind that there is not": (
        RULINGS,
        "kind: integer",
        "kind: money",
        13,
        "labels.Amount.attributes.euros.kind: expected one of choice, ordinal, choices, boolean",
    ),
    "the second of two wrong things of a kind": (
        RULINGS,
        "euros: {kind: integer, definition: How much.}",
        "euros: {kind: integer, definition: 7}",
        13,
        "labels.Amount.attributes.euros.definition: expected text, got a whole number",
    ),
    "bounds that are words": (
        RULINGS,
        "definition: Who stands before the court.",
        "definition: Who.\n    bounds: [name, side]",
        7,
        "labels.Party.bounds: name is no whole number",
    ),
    "an arithmetic of what has no bounds": (
        RULINGS,
        "definition: Who pays it.",
        "arithmetic: part, definition: Who pays it.",
        15,
        "relations.pays.arithmetic: Party has no `bounds`",
    ),
    "a rule about an unknown value": (
        RULINGS + "rules:\n  paying: {label: Party, when: {side: [maybe]}, needs: {relation: pays},"
        " definition: D., remedy: R.}\n",
        "version",
        "version",
        17,
        "rules.paying.when.side: side has no value 'maybe'",
    ),
    "a rule about an unknown relation": (
        RULINGS + "rules:\n  paying: {label: Party, needs: {relation: owes},"
        " definition: D., remedy: R.}\n",
        "version",
        "version",
        17,
        "rules.paying.needs.relation: no relation 'owes' starts at Party",
    ),
    "a rule that asks nothing": (
        RULINGS + "rules:\n  paying: {label: Party, definition: D., remedy: R.}\n",
        "version",
        "version",
        17,
        "rules.paying: a rule says what it `needs`, or what stays the `same`",
    ),
    "a default that is no value": (
        CONTRACTS,
        "default: gmbh",
        "default: kg",
        44,
        "labels.Company.attributes.form.default: 'kg' is none of its values",
    ),
    "a day that no month has": (
        CONTRACTS,
        "kind: date, definition: When.",
        "kind: date, default: 2023-02-30, definition: When.",
        52,
        "labels.Payment.attributes.due.default: '2023-02-30' is none of its values",
    ),
    "words with a unit": (
        CONTRACTS,
        "kind: text, definition: In one",
        "kind: text, unit: EUR, definition: In one",
        22,
        "questions.gist.unit: a text attribute has no unit",
    ),
    "a list without values": (
        CONTRACTS,
        "values: {civil: {definition: C.}, criminal: {definition: K.}, tax: {definition: T.}}",
        "values: {}",
        14,
        "questions.areas: a choices attribute needs values",
    ),
    "a question that nobody is asked": (
        CONTRACTS,
        "hearings, gist]",
        "gist]",
        21,
        "questions.hearings: no pass asks this",
    ),
    "a pass that asks something else": (
        CONTRACTS,
        "hearings, gist]",
        "hearings, gist, court]",
        6,
        "interfaces.all.questions: no question 'court'",
    ),
    "a pass with nothing": (
        QUESTIONS_ONLY,
        "questions: [topic, urgent]",
        "questions: []",
        3,
        "interfaces.all: a pass needs a label or a question",
    ),
    "a question of a column": (
        QUESTIONS_ONLY.replace("topic", "text"),
        "version",
        "version",
        5,
        "questions.text: question text would be a column of `answers` named 'text'",
    ),
    "a symmetric relation of two sorts of ends": (
        CONTRACTS,
        "tail: [Person, Company]\n    sym",
        "tail: [Person]\n    sym",
        55,
        "relations.kin: a symmetric relation has the same labels at both ends",
    ),
    "parts of different labels": (
        JOINED,
        "tail: [Person, Company]\n    joins: frag",
        "tail: Person\n    joins: frag",
        64,
        "relations.part_of_name.joins: mentions that are joined have the same labels at both ends",
    ),
    "symmetric parts": (
        JOINED,
        "joins: frag",
        "symmetric: true\n    joins: frag",
        65,
        "relations.part_of_name.joins: a relation that joins fragments is not `symmetric`",
    ),
    "a chain with a direction": (
        JOINED,
        "    symmetric: true\n    joins: co",
        "    joins: co",
        69,
        "relations.same_as.joins: a relation that joins coreference is `symmetric`",
    ),
    "two relations that join parts": (
        JOINED + "  bits: {head: Person, tail: Person, joins: fragments, definition: B.}\n",
        "version",
        "version",
        72,
        "relations.bits.joins: part_of_name joins fragments of Person already",
    ),
    "an end that is no label": (
        CONTRACTS,
        "pays: {head: [Person, Company]",
        "pays: {head: [Person, Firm]",
        54,
        "relations.pays.head: no label 'Firm'",
    ),
    "keys of what is no boolean": (
        CONTRACTS,
        "kind: date, definition: The day",
        "kind: date, hotkeys: {yes: y}, definition: The day",
        19,
        "questions.ruled_on.hotkeys: a date attribute takes no hotkeys",
    ),
    "two labels that look alike": (
        CONTRACTS,
        "title: Natural person",
        "title: Company",
        26,
        "labels.Person.title: 'Company' is shown for Company, too",
    ),
    "two values that look alike": (
        CONTRACTS,
        "title: Rent and lease",
        "title: labour",
        13,
        "questions.topic.values.rent.title: 'labour' is shown for labour, too",
    ),
    "an empty file": ("", "", "", 1, "expected keys with values, got nothing"),
    "a list": ("[]", "", "", 1, "expected keys with values, got a list"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_schema_that_cannot_be_built_is_refused_where_it_is_read(
    name: str, tmp_path: Path
) -> None:
    text, old, new, line, message = FAULTS[name]
    assert old in text
    path = write_schema(tmp_path, text.replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        load_schema(path)
    assert str(refused.value).startswith(f"{path}:{line}: "), refused.value
    assert message in str(refused.value)
    assert "$" not in str(refused.value)


def test_what_a_build_refuses_a_check_refuses_too(tmp_path: Path) -> None:
    write_schema(tmp_path, RULINGS.replace("A sum.", "A sum.\n    hotkey: u", 1))
    (tmp_path / "corpus").mkdir()
    built, checked = (run_sayso(tmp_path, *words) for words in (("schema", "build"), ("check",)))
    assert (built.returncode, checked.returncode) == (7, 7)
    assert built.stderr == checked.stderr
