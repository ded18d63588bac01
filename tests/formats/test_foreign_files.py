"""Files that other makers wrote, and files that are wrong."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import cassis
import pytest

from sayso.errors import InputError, SpanError
from sayso.formats.annotated_documents import AnnotatedDocument, FormatRelation
from sayso.formats.format_registry import ImportContext
from tests.formats.sample_documents import collect_spans, read_documents

TEXT = "😀 Sergei met Anna.\nThey left."
ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
LINK = "de.tudarmstadt.ukp.dkpro.core.api.syntax.type.dependency.Dependency"
TOKEN = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token"


def write_dkpro_document(folder: Path, name: str = "a") -> Path:
    """Write a document as DKPro has it: named entities, a relation between them, tokens."""
    types = cassis.TypeSystem()
    entity, token, link = (types.create_type(each) for each in (ENTITY, TOKEN, LINK))
    types.create_feature(entity, "value", "uima.cas.String")
    types.create_feature(entity, "identifier", "uima.cas.String")
    for end in ("Governor", "Dependent"):
        types.create_feature(link, end, entity)
    types.create_feature(link, "DependencyType", "uima.cas.String")
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = TEXT, "text/plain"
    people = [
        entity(begin=2, end=8, value="PER", identifier="Q1"),
        entity(begin=13, end=17, value="PER"),
    ]
    met = link(begin=13, end=17, Governor=people[0], Dependent=people[1], DependencyType="met")
    cas.add_all([*people, token(begin=2, end=8), met])
    folder.mkdir(exist_ok=True)
    types.to_xml(folder / "TypeSystem.xml")
    cas.to_xmi(folder / f"{name}.xmi")
    return folder


def list_entities(reading: AnnotatedDocument) -> list[tuple[str, int, int, str, dict[str, Any]]]:
    return [(m.label, m.start, m.end, m.text, m.attributes) for m in reading.mentions]


EXPECTED = [("PER", 2, 8, "Sergei", {"identifier": "Q1"}), ("PER", 13, 17, "Anna", {})]


def test_xmi_of_others_comes_with_code_points(tmp_path: Path) -> None:
    how = ImportContext()
    (found,) = read_documents("xmi", write_dkpro_document(tmp_path / "x"), how)
    assert (found.doc_id, found.text, list_entities(found)) == ("a", TEXT, EXPECTED)
    ids = [mention.id for mention in found.mentions]
    assert [(r.type, r.head, r.tail) for r in found.relations] == [("met", ids[0], ids[1])]
    assert +how.losses == {} and +how.notices == {"tokens and sentences, not taken": 1}


def test_xmi_comes_out_of_a_zip_and_alone(tmp_path: Path) -> None:
    folder = write_dkpro_document(tmp_path / "x")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as box:
        for path in folder.iterdir():
            box.write(path, f"inner/{path.name}")
    (zipped,), (alone,) = (
        read_documents("xmi", tmp_path / "x.zip"),
        read_documents("xmi", folder / "a.xmi"),
    )
    assert (zipped.doc_id, alone.doc_id) == ("inner-a", "a") and list_entities(
        zipped
    ) == list_entities(alone) == EXPECTED


def test_an_offset_inside_a_surrogate_pair_is_an_error(tmp_path: Path) -> None:
    folder = write_dkpro_document(tmp_path / "x")
    path = folder / "a.xmi"
    path.write_text(path.read_text().replace('begin="3"', 'begin="1"'))
    with pytest.raises(InputError, match=r"a\.xmi.*offset \[1\]"):
        read_documents("xmi", folder)


def test_a_missing_type_system_and_broken_xml_are_told(tmp_path: Path) -> None:
    folder = write_dkpro_document(tmp_path / "x")
    (folder / "a.xmi").write_text("<xmi")
    with pytest.raises(InputError, match="not UIMA"):
        read_documents("xmi", folder)
    (folder / "TypeSystem.xml").unlink()
    with pytest.raises(InputError, match=r"no TypeSystem\.xml"):
        read_documents("xmi", folder)


def write_conll(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_conllu_of_others_has_ranges_and_empty_words(tmp_path: Path) -> None:
    columns = "# global.columns = ID FORM MISC NER"
    path = write_conll(
        tmp_path / "f",
        columns,
        "# newdoc id = d1",
        "# text = Al mare 😀 …",
        "1-2\tAl\t_\tO",
        "1\tA\t_\tB-PER",
        "1.1\tx\t_\tO",
        "2\tl\t_\tI-PER",
        "3\tmare\t_\tI-LOC",
        "4\t😀\t_\tB",
        "5\t…\t_\tO",
        "",
        "# newdoc id = d2",
        "# text = Roma",
        "1\tRoma\t_\tB-LOC",
        "",
    )
    first, second = read_documents("conll", path)
    assert collect_spans([first, second]) == {
        "d1": [("LOC", 3, 7, "mare"), ("NER", 8, 9, "😀"), ("PER", 0, 2, "Al")],
        "d2": [("LOC", 0, 4, "Roma")],
    }


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (("# text = Two", "1\tThree\tO"), "'Three' does not come next"),
        (("# text = Two more", "1\tTwo\tO", ""), "goes on after its last token"),
        (("# text = Two", "1\tTwo"), "2 columns, and there should be 3"),
        (("# text = Two", "1\tTwo\tQ-X"), "is not BIO"),
        (("# document = {",), "no JSON"),
    ],
)
def test_wrong_conll_names_its_line(tmp_path: Path, lines: tuple[str, ...], what: str) -> None:
    path = write_conll(tmp_path / "f", "# global.columns = ID FORM NER", "# newdoc id = d", *lines)
    with pytest.raises(InputError, match=what) as caught:
        read_documents("conll", path)
    assert f"{path}:" in str(caught.value)


def test_a_discontinuous_mention_of_brat_comes_in_parts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two three\nfour")
    (tmp_path / "a.ann").write_text(
        "T1\tX 0 3;8 13;14 18\tone three four\nA1\tm T1 y\n#1\tAnnotatorNotes T1\tz\n"
    )
    how = ImportContext()
    (found,) = read_documents("brat", tmp_path, how)
    assert [(m.id, m.text, m.attributes, m.note) for m in found.mentions] == [
        ("T1", "one", {"m": "y"}, "z"),
        ("T1.2", "three\nfour", {"m": "y"}, None),
    ]
    joined = FormatRelation(type="fragments", head="T1", tail="T1.2", joins="fragments")
    assert (found.relations, +how.losses) == ((joined,), {})


def test_an_attribute_given_twice_has_both_values(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    lines = ("T1\tX 0 3\tone", "A1\tm T1 y", "A2\tm T1 z", "A3\tm T1 y", "A4\tn T1", "A5\tn T1")
    (tmp_path / "a.ann").write_text("".join(f"{line}\n" for line in lines))
    how = ImportContext()
    (found,) = read_documents("brat", tmp_path, how)
    assert found.mentions[0].attributes == {"m": ("y", "z"), "n": "true"}
    assert +how.losses == {}


def test_votes_of_somebody_else_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "a.ann").write_text("T1\tX 0 3\tone\n#1\tvotes T1\tAnn Smith\n")
    with pytest.raises(InputError, match=r"a\.ann:2.*votes"):
        read_documents("brat", tmp_path)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            '{"doc_id": "a", "text": "ab", "mentions": [{"label": "X", "start": 0, "end": 3}]}',
            "not inside the text",
        ),
        (
            '{"doc_id": "a", "text": "ab", "mentions":'
            ' [{"label": "X", "start": 0, "end": 1, "text": "b"}]}',
            "says 'b'",
        ),
        (
            '{"doc_id": "a", "text": "ab", "mentions": [{"label": "X", "start": "0", "end": 1}]}',
            "start",
        ),
        (
            '{"doc_id": "a", "text": "ab", "relations": [{"type": "r", "head": "x", "tail": "y"}]}',
            "not there",
        ),
        ('{"doc_id": "a"}', "no text"),
        ("[]", "not an object"),
    ],
)
def test_wrong_json_lines_name_their_line(tmp_path: Path, line: str, what: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"doc_id": "b", "text": "fine"}\n' + line + "\n")
    with pytest.raises(InputError, match=what) as caught:
        read_documents("jsonl", path)
    assert f"{path}:2" in str(caught.value) and isinstance(caught.value, SpanError) == (
        what == "not inside the text"
    )


def test_json_lines_of_others_come_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"id": "b", "body": "Two", "x": 1,'
        ' "spans": [{"label": "N", "start": 0, "end": 3, "score": 1}]}\n'
    )
    how = ImportContext(fields={"doc_id": "id", "text": "body", "mentions": "spans"})
    (found,) = read_documents("jsonl", path, how)
    assert collect_spans([found]) == {"b": [("N", 0, 3, "Two")]}
    assert how.losses == {"fields 'x'": 1, "fields 'score' of mentions": 1}
