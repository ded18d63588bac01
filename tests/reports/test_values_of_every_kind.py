"""The report shows answers and every kind of value in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.reports.corpus_packer import CorpusPacker
from sayso.reports.corpus_statistics import CorpusStatistics
from tests.schema.small_corpus import make_corpus
from tests.schema.small_schemas import CONTRACTS, EVERY_KIND, read_schema


def test_answers_and_values_are_packed_in_words(tmp_path: Path) -> None:
    schema = read_schema(tmp_path / "own", CONTRACTS)
    corpus = CorpusFiles(make_corpus(tmp_path / "project", CONTRACTS).root)
    packer = CorpusPacker(schema)
    item = next(corpus.items())
    gold, first, _second = packer.pack_document(item)[1]
    assert gold[9][:2] == [
        ["What is it about?", "Rent and lease", "majority: ann-1"],
        ["areas", "civil", "majority: ann-1"],
    ]
    assert gold[9][7] == ["What is it about?", "labour", "declined: ann-1"]
    assert [each[1] for each in first[9]] == [
        *("Rent and lease", "civil", "no", "2025-11-05", "4.5 EUR", "400", "Nr. 4")
    ]
    assert first[2][0][4] == ["plaintiff", "no", "2025-11-01"]
    assert first[2][1][4] == ["1.5 EUR", 100, "2025-11-02"]
    (frame,) = packer.frames
    rows = list(packer.pack_frames(frame, 0, item))
    kin = frame["relations"].index("kin")
    assert all(row[8][kin:] for row in rows[:2])  # from either end


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_question_with_a_list_of_values_has_a_plot(name: str, tmp_path: Path) -> None:
    schema = read_schema(tmp_path / "own", EVERY_KIND[name])
    corpus = CorpusFiles(make_corpus(tmp_path / "project", EVERY_KIND[name]).root)
    statistics = CorpusStatistics(schema)
    for item in corpus.items():
        statistics.add(item)
    plots = {plot.name: plot for plot in statistics.build_plots()}
    urgent = plots["answers-urgent"].rows
    odd = 2 if schema.labels else 0  # the value follows from the number of mentions
    assert urgent == [
        (("yes",), {"human": odd} if odd else {}),
        (("no",), {"gold": 1, "human": 4 - odd}),
    ]
    topic = plots["answers-topic"]
    assert topic.title == ("What is it about?" if schema.labels else "topic")
    assert topic.rows[0][0] == (("Rent and lease",) if schema.labels else ("rent",))
