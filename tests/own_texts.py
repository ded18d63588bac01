"""Texts of other groups, with what is to be marked in them and answered about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sayso.models import AttributeValue, Mention, Relation

_MARKED = re.compile(r"\[(\w+):([^\]]+)\]")
Part = tuple[str, str, dict[str, AttributeValue]]
"""A label, the words that have it, and its attributes."""


@dataclass(frozen=True)
class MarkedText:
    """A text, and the annotation that is right."""

    text: str
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    answers: Mapping[str, AttributeValue] = field(default_factory=dict)
    misread_answers: Mapping[str, AttributeValue] = field(default_factory=dict)

    def misread(self) -> MarkedText:
        """Return the annotation of somebody who misses the last mention, and answers otherwise."""
        kept = self.mentions[:-1]
        names = {mention.id for mention in kept}
        relations = tuple(each for each in self.relations if {each.head, each.tail} <= names)
        answers = {**self.answers, **self.misread_answers}
        return replace(self, mentions=kept, relations=relations, answers=answers)


@dataclass(frozen=True)
class OwnTexts:
    """A project in some language: the words of its `init`, its schema and its texts.

    Attributes:
        labels: for ``--labels``.
        schema: what schema.yaml becomes after `init`; empty where it stays.
    """

    name: str
    language: str
    labels: tuple[str, ...]
    marked: tuple[MarkedText, ...]
    template: str = "blank"
    schema: str = ""

    def find(self, shown: str) -> MarkedText:
        """Return the text that is shown, whatever became of its white space."""
        (found,) = (each for each in self.marked if each.text.split() == shown.split())
        return found


def _mention(
    number: int, label: str, start: int, words: str, attributes: dict[str, AttributeValue]
) -> Mention:
    return Mention(
        id=f"m{number}",
        label=label,
        start=start,
        end=start + len(words),
        text=words,
        attributes=attributes,
    )


def parse_marked(text: str) -> MarkedText:
    """Return a text in which ``[Label:words]`` is to be marked."""
    mentions: list[Mention] = []
    dropped = 0
    for found in _MARKED.finditer(text):
        mentions.append(_mention(len(mentions), found[1], found.start() - dropped, found[2], {}))
        dropped += len(found[0]) - len(found[2])
    return MarkedText(_MARKED.sub(r"\2", text), tuple(mentions))


def mark(
    text: str,
    *parts: Part,
    relations: Iterable[tuple[str, int, int]] = (),
    answers: Mapping[str, AttributeValue],
    misread: Mapping[str, AttributeValue] | None = None,
) -> MarkedText:
    """Return a text with mentions of the first place where their words stand.

    Args:
        text: as it is ingested.
        parts: the mentions.
        relations: types, with the numbers of the parts at head and tail.
        answers: to the questions about the document.
        misread: other answers, of the second account.
    """
    mentions = tuple(
        _mention(number, label, text.index(words), words, attributes)
        for number, (label, words, attributes) in enumerate(parts)
    )
    arrows = [
        Relation(type=each, head=f"m{head}", tail=f"m{tail}") for each, head, tail in relations
    ]
    return MarkedText(text, mentions, tuple(arrows), answers, misread or {})


ARABIC = OwnTexts(
    "akhbar",
    "ar",
    ("Speaker", "Town"),
    tuple(
        map(
            parse_marked,
            (
                "قال [Speaker:رئيس البلدية] إن السوق في [Town:حلب] فُتح من جديد.",
                "أعلنت [Speaker:الوزارة] افتتاح مدرسة في [Town:الرباط] يوم الأحد.",
                "زار [Speaker:الوزير] مدينة [Town:تونس] ثم عاد إلى [Town:صفاقس].",
            ),
        )
    ),
)
JAPANESE = OwnTexts(
    "shinbun",
    "ja",
    ("Speaker", "Town"),
    tuple(
        map(
            parse_marked,
            (
                "[Speaker:市長]は[Town:京都]で新しい図書館が開いたと述べた。",
                "[Speaker:県]によると、[Town:奈良]の橋は来月に完成する。👍🏽",
                "[Speaker:文部科学省]は[Town:𠮷野]の学校を支援すると発表した。",
            ),
        )
    ),
)
LETTERS = OwnTexts(
    "letters",
    "en",
    ("Rent", "Labour", "No"),
    (
        MarkedText(
            "My landlord raised the rent twice this year.",
            answers={"topic": "Rent"},
            misread_answers={"topic": "Labour"},
        ),
        MarkedText("The factory has not paid us since March.", answers={"topic": "Labour"}),
        MarkedText("Thank you for the lovely afternoon at the lake!", answers={"topic": "No"}),
    ),
    template="classify",
)
"""Nothing is marked: a question about each letter."""

RULINGS_SCHEMA = """\
version: 1.0.0
interfaces:
  all:
    title: Alles
    definition: Alles in einem Durchgang.
    labels: [Party, Statute, Amount, Holding]
    questions: [area, remedies, appeal, ruled_on, panel, costs, gist]
questions:
  area:
    kind: choice
    required: true
    title: Rechtsgebiet
    definition: Worum es geht.
    values:
      rent: {title: Miete, definition: Miete.}
      labour: {definition: Arbeit.}
      other: {definition: Anderes.}
  remedies:
    kind: choices
    definition: Was verlangt wird.
    values:
      payment: {definition: Geld.}
      eviction: {definition: "Räumung."}
      finding: {definition: Feststellung.}
  appeal: {kind: boolean, default: false, title: Berufung, definition: Aus der Vorinstanz.}
  ruled_on: {kind: date, definition: Tag der Entscheidung.}
  panel: {kind: integer, default: 1, definition: Zahl der Richter.}
  costs: {kind: number, unit: EUR, definition: Kosten des Verfahrens.}
  gist: {kind: text, definition: In einem Satz.}
labels:
  Party:
    frame: true
    title: Partei
    learnable: true
    definition: Wer vor Gericht steht.
    overview: [side]
    attributes:
      side:
        kind: choice
        required: true
        definition: Seite.
        values:
          plaintiff: {definition: Klagend.}
          defendant: {definition: Beklagt.}
          third: {definition: Weder noch.}
      roles:
        kind: choices
        definition: Was die Partei sonst ist.
        values:
          tenant: {definition: Mieter.}
          landlord: {definition: Vermieter.}
          employer: {definition: Arbeitgeber.}
      represented: {kind: boolean, default: true, definition: Mit Anwalt.}
  Statute:
    title: Norm
    learnable: true
    definition: Eine Norm mit ihrem Gesetz.
    overlap: nest
    attributes:
      paragraph: {kind: integer, definition: Nummer des Paragraphen.}
  Amount:
    title: Betrag
    definition: Ein Geldbetrag.
    attributes:
      value: {kind: number, unit: EUR, required: true, definition: Wie viel.}
      due: {kind: date, definition: Wann.}
  Holding:
    title: Ergebnis
    definition: Was entschieden wird.
    attributes:
      certainty:
        kind: ordinal
        definition: Wie sicher das Gericht ist.
        values:
          doubtful: {definition: Zweifelnd.}
          firm: {definition: Sicher.}
      reason: {kind: text, definition: Weshalb.}
relations:
  owes: {head: Party, tail: Amount, title: schuldet, definition: Wer zahlt.}
  rests_on: {head: [Holding, Amount], tail: Statute, definition: Woraus es folgt.}
  tied: {head: Party, tail: Party, symmetric: true, title: ist verbunden mit, definition: Nah.}
rules:
  firm-norm:
    label: Holding
    when: {certainty: [firm]}
    needs: {relation: rests_on}
    level: warning
    definition: Ein sicheres Ergebnis nennt seine Norm.
    remedy: die Norm verbinden
"""
"""Every kind of attribute and question, titles, defaults, symmetry, a rule, nesting."""


def _party(words: str, side: str, **more: AttributeValue) -> Part:
    return "Party", words, {"side": side, **more}


def _amount(words: str, value: float, **more: AttributeValue) -> Part:
    return "Amount", words, {"value": value, **more}


def _norm(words: str, paragraph: int) -> Part:
    return "Statute", words, {"paragraph": paragraph}


def _holding(words: str, certainty: str, **more: AttributeValue) -> Part:
    return "Holding", words, {"certainty": certainty, **more}


RULINGS = OwnTexts(
    "rulings",
    "de",
    ("Party", "Statute", "Amount", "Holding"),
    (
        mark(
            "Die Klägerin verlangt vom Beklagten und dessen Bruder 500 Euro Miete.\n"
            "Die Klage ist nach § 535 Abs. 2 BGB begründet.",
            _party("Klägerin", "plaintiff", roles=("landlord",), represented=False),
            _party("Beklagten", "defendant", roles=("tenant",)),
            _party("Bruder", "defendant", roles=("tenant", "employer")),
            _amount("500 Euro", 500.0, due="2024-03-01"),
            _norm("§ 535 Abs. 2 BGB", 535),
            ("Statute", "BGB", {}),
            _holding("Die Klage ist nach § 535 Abs. 2 BGB begründet", "firm"),
            relations=[("owes", 1, 3), ("owes", 2, 3), ("tied", 2, 1), ("rests_on", 6, 4)],
            answers={
                "area": "rent",
                "remedies": ("payment", "finding"),
                "appeal": True,
                "ruled_on": "2024-02-29",
                "panel": 3,
                "costs": 120.5,
                "gist": "Die Miete ist zu zahlen.",
            },
            misread={"area": "other", "remedies": ("payment",), "appeal": False, "costs": 12.0},
        ),
        mark(
            "Der Arbeitgeber kündigt seinem Fahrer, weil dieser den Lieferwagen der Firma Nord "
            "beschädigt hat. Das trägt nicht, § 1 KSchG.",
            _party("Arbeitgeber", "defendant", roles=("employer",)),
            _party("Fahrer", "plaintiff"),
            _party("Firma Nord", "third", represented=False),
            _norm("§ 1 KSchG", 1),
            _holding("Das trägt nicht", "firm", reason="Sozialwidrig."),
            relations=[("tied", 0, 2), ("rests_on", 4, 3)],
            answers={"area": "labour", "remedies": ("finding",)},
        ),
        mark(
            "Frau Özdemir, ihr Mann und die Stadt Köln streiten über 1.200 Euro Kaution.",
            _party("Frau Özdemir", "plaintiff", roles=("tenant",)),
            _party("Mann", "plaintiff", roles=("tenant",)),
            _party("Stadt Köln", "defendant", roles=("landlord",)),
            _amount("1.200 Euro", 1200.0),
            relations=[("tied", 0, 1), ("owes", 2, 3)],
            answers={"area": "rent"},
        ),
        mark(
            "Ohne Erfolg rügt der Vermieter Krause Lärm der Nachbarin Vogt; auch der Makler "
            "schweigt dazu.",
            _party("Vermieter Krause", "plaintiff", roles=("landlord",)),
            _party("Nachbarin Vogt", "defendant"),
            _party("Makler", "third"),
            answers={"area": "rent", "remedies": ("eviction",), "appeal": True},
        ),
        mark(
            "Zwölf Näherinnen der Weberei Lenz erhalten je 75,50 Euro Zuschlag, so das "
            "Arbeitsgericht nach Anhörung des Betriebsrats.",
            _party("Zwölf Näherinnen", "plaintiff"),
            _party("Weberei Lenz", "defendant", roles=("employer",)),
            _party("Betriebsrats", "third"),
            _amount("75,50 Euro", 75.5),
            relations=[("owes", 1, 3)],
            answers={"area": "labour", "remedies": ("payment",), "panel": 3},
        ),
        mark(
            "Das Verfahren des Vereins Sonnenhof gegen seine Schatzmeisterin und den "
            "Kassierer ruht.",
            _party("Vereins Sonnenhof", "plaintiff"),
            _party("Schatzmeisterin", "defendant"),
            _party("Kassierer", "defendant"),
            relations=[("tied", 1, 2)],
            answers={"area": "other", "gist": "Ruht.\nBis Mai."},
        ),
        mark(
            "Herr Weiß räumt die Wohnung bis Ostern, verspricht er der Erbin Lang und "
            "deren Verwalter. 🏠",
            _party("Herr Weiß", "defendant", roles=("tenant",)),
            _party("Erbin Lang", "plaintiff", roles=("landlord",)),
            _party("Verwalter", "third"),
            answers={"area": "rent", "remedies": ("eviction",)},
        ),
        mark(
            "Nach § 611a BGB schuldet die Bäckerei ihrem Gesellen Lohn, meint die Innung.",
            _party("Bäckerei", "defendant", roles=("employer",)),
            _party("Gesellen", "plaintiff"),
            _party("Innung", "third"),
            _norm("§ 611a BGB", 611),
            answers={"area": "labour"},
        ),
        mark(
            "Weder die Reederei noch der Kapitän noch der Lotse haften für das gesunkene Schiff.",
            _party("Reederei", "defendant"),
            _party("Kapitän", "defendant"),
            _party("Lotse", "third"),
            answers={"area": "other", "ruled_on": "1999-12-31"},
        ),
        mark(
            "Es bleibt offen, ob die Schülerin, ihr Vater oder die Schule den Ausflug "
            "bezahlen muss.",
            _party("Schülerin", "third"),
            _party("Vater", "defendant"),
            _party("Schule", "plaintiff"),
            _holding("Es bleibt offen", "doubtful"),
            answers={"area": "other"},
        ),
    ),
    schema=RULINGS_SCHEMA,
)
"""Enough for a model to learn from."""
