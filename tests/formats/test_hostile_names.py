"""No name of a file is ever run: they reach libraries that make code of names."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from sayso.errors import InputError, SaysoError
from sayso.formats.corpus_import import ImportRequest, import_annotations
from sayso.formats.format_registry import EXPORT_FORMATS, IMPORT_FORMATS
from sayso.settings import Checkout
from tests.command_line import run_sayso
from tests.formats.hostile_names import EXPRESSION, MARKER, forbid_compiling, make_hostile_document
from tests.formats.sample_documents import fit_documents, read_documents, write_documents
from tests.formats.test_foreign_files import write_dkpro_document

ESCAPED = quoteattr(EXPRESSION, {'"': "&quot;"})[1:-1]
VALUE = "<name>value</name>"
STRING = "<rangeTypeName>uima.cas.String</rangeTypeName>"
PARENT = "<supertypeName>uima.tcas.Annotation</supertypeName>"
ELEMENT_TYPE = f"{STRING}<elementType>{ESCAPED}</elementType>"

NAMES = {
    "feature": ("TypeSystem.xml", VALUE, f"<name>{ESCAPED}</name>"),
    "feature in a comment's company": ("TypeSystem.xml", VALUE, f"<name> {ESCAPED}<!--x--></name>"),
    "feature in CDATA": ("TypeSystem.xml", VALUE, f"<name><![CDATA[{EXPRESSION}]]></name>"),
    "feature without a namespace": ("TypeSystem.xml", VALUE, f'<name xmlns="">{ESCAPED}</name>'),
    "feature of a keyword": ("TypeSystem.xml", VALUE, "<name>class</name>"),
    "feature that attrs runs": ("TypeSystem.xml", VALUE, "<name>__attrs_post_init__</name>"),
    "feature in another form": ("TypeSystem.xml", VALUE, "<name>ﬁeld</name>"),
    "type": ("TypeSystem.xml", "NamedEntity</name>", f"{ESCAPED}</name>"),
    "parent": ("TypeSystem.xml", PARENT, f"<supertypeName>{ESCAPED}</supertypeName>"),
    "range": ("TypeSystem.xml", STRING, f"<rangeTypeName>{ESCAPED}</rangeTypeName>"),
    "element": ("TypeSystem.xml", STRING, ELEMENT_TYPE),
    "entity": ("TypeSystem.xml", "?>", f'?><!DOCTYPE a [<!ENTITY b "{MARKER}">]>'),
    "attribute": ("a.xmi", ' value="PER"', ' __init__="PER"'),
    "tag": ("a.xmi", "NamedEntity ", "Named-Entity "),
    "namespace": ("a.xmi", "http:///de/tudarmstadt", f"http:///de/{ESCAPED}"),
}


def write_hostile_document(folder: Path, where: str) -> Path:
    file, old, new = NAMES[where]
    path = write_dkpro_document(folder) / file
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize("where", NAMES)
def test_no_name_of_uima_is_compiled(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_hostile_document(tmp_path / "x", where)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as box:
        for path in folder.iterdir():
            box.write(path, f"inner/{path.name}")
    for source in (folder, tmp_path / "x.zip", folder / "a.xmi"):
        with forbid_compiling(), pytest.raises(InputError) as caught:
            read_documents("webanno", source)
        assert NAMES[where][0] in caught.value.where and caught.value.remedy


def test_the_command_refuses_it_in_one_line(checkout: Checkout, tmp_path: Path) -> None:
    folder = write_hostile_document(tmp_path / "x", "feature")
    words = ("import", "--from", "webanno", str(folder), "--annotator", "a", "--dry-run")
    done = run_sayso(checkout.root, *words, folder=tmp_path)
    assert done.returncode == 7 and "cannot be the name of a type or feature" in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / MARKER).exists()


def test_names_that_uima_has_still_come_in(tmp_path: Path) -> None:
    folder = write_dkpro_document(tmp_path / "x")
    for path, old, new in (
        ("TypeSystem.xml", "<name>identifier</name>", "<name>Größe_2</name>"),
        ("a.xmi", "identifier=", "Größe_2="),
    ):
        content = (folder / path).read_text(encoding="utf-8").replace(old, new)
        (folder / path).write_text(content, encoding="utf-8")
    (found,) = read_documents("webanno", folder)
    assert found.mentions[0].attributes == {"Größe_2": "Q1"}


def write_types(path: Path, parents: dict[str, str], features: int) -> Path:
    """Write a type system beside an empty document."""
    listed = "".join(
        f"<featureDescription><name>f{number}</name>{STRING}</featureDescription>"
        for number in range(features)
    )
    types = "".join(
        f"<typeDescription><name>{name}</name><supertypeName>{parent}</supertypeName>"
        f"<features>{listed.replace('<name>f', f'<name>{name}f')}</features></typeDescription>"
        for name, parent in parents.items()
    )
    namespace = "http://uima.apache.org/resourceSpecifier"
    path.mkdir()
    (path / "TypeSystem.xml").write_text(
        f'<typeSystemDescription xmlns="{namespace}"><types>{types}</types></typeSystemDescription>'
    )
    (path / "a.xmi").write_text('<x:XMI xmlns:x="http://www.omg.org/XMI"/>')
    return path


@pytest.mark.parametrize(
    ("parents", "features", "what"),
    [
        ({f"T{n}": f"T{n - 1}" if n else "uima.cas.TOP" for n in range(200)}, 1, "too many types"),
        ({"T": "uima.cas.TOP"}, 1000, "too many types and features"),
        ({"A": "B", "B": "A"}, 0, "inherits from itself"),
        ({"A": "A"}, 0, "inherits from itself"),
    ],
)
def test_a_type_system_that_takes_minutes_is_refused(
    parents: dict[str, str], features: int, what: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=what):
        read_documents("webanno", write_types(tmp_path / "x", parents, features))


def _write_labelstudio(path: Path) -> Path:
    labels = {"labels": [EXPRESSION], "start": 0, "end": 3, "text": "Two"}
    region = {"id": EXPRESSION, "from_name": EXPRESSION, "to_name": "text", "type": "labels"}
    annotation = {"id": 1, "completed_by": 1, "result": [{**region, "value": labels}]}
    task = {"id": 1, "project": 1, "data": {"text": "Two"}, "annotations": [annotation]}
    path.write_text(json.dumps([task]))
    return path


@pytest.mark.parametrize("name", sorted(IMPORT_FORMATS.keys() - {"xmi"}))
def test_no_name_of_any_format_is_compiled_on_its_way_in(
    name: str, checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write: Callable[[], Path] = lambda: _write_labelstudio(tmp_path / "x")  # noqa: E731
    if name in EXPORT_FORMATS:
        document = make_hostile_document()
        kept = [document] if name == "jsonl" else fit_documents(name, [document])[0]
        write = lambda: write_documents(name, kept, tmp_path / "x")  # noqa: E731
    request = ImportRequest(name, write(), "pilot", "all", lossy=True)
    with forbid_compiling():
        try:
            import_annotations(checkout, request)
        except SaysoError as error:
            assert error.remedy


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_no_name_of_the_corpus_is_compiled_on_its_way_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with forbid_compiling():
        fitting, _losses = fit_documents(name, [make_hostile_document()])
        write_documents(name, fitting, tmp_path / "out")
    assert len(fitting) == 1
