"""``sayso agreement``: how far annotators agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import Advance, emit, progress, say, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.agreement.answers import Compared, LeftOut
    from sayso.agreement.measure import Measurement
    from sayso.records import AnnotatorKind
    from sayso.schema import Schema


def _floors(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, float]]:
    """Names of figures, each with how low it may be."""
    found = []
    for each in given:
        name, _equals, floor = each.rpartition("=")
        try:
            found.append((name, float(floor)))
        except ValueError as error:
            raise click.BadParameter(f"{each!r} is not like spans.Actor.exact=0.8") from error
    return found


@click.command(short_help="Measure how far annotators agree, with intervals.")
@click.argument("files", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--campaign", "campaigns", multiple=True, metavar="NAME", help="Only this campaign; may be repeated.")
@click.option("--interface", metavar="NAME", help="Only this pass. [default: each by itself]")
@click.option("--annotator", "annotators", multiple=True, metavar="NAME",
              help="Only this annotator, by pseudonym; may be repeated.")  # fmt: skip
@click.option("--programs", is_flag=True, help="Compare programs' answers too.")
@click.option("--label", "labels", multiple=True, metavar="NAME", help="Only figures of this label; may be repeated.")
@click.option("--samples", type=click.IntRange(1), default=1000, show_default=True, metavar="N",
              help="How many times documents are drawn anew for the intervals.")  # fmt: skip
@click.option("--by", type=click.Choice(["version"]), help="Apart for each version of schema and guidelines.")
@click.option("--pairs", is_flag=True, help="Show every two annotators too.")
@click.option("--fail-under", "floors", multiple=True, callback=_floors, metavar="NAME=VALUE",
              help="End with exit code 5 where this figure is lower, or undefined; may be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.pass_obj
def command(
    root: Path | None, files: tuple[Path, ...], campaigns: tuple[str, ...], interface: str | None,
    annotators: tuple[str, ...], programs: bool, labels: tuple[str, ...], samples: int, by: str | None, pairs: bool,
    floors: list[tuple[str, float]], as_json: bool,
) -> None:  # fmt: skip
    """Measure how far annotators agree: on spans, attributes, counts, relations, claims, and what they come to.

    Compared are the answers that people submitted to the same document in the same pass without another's answer
    before them; PATHs are files of annotations to take instead of the corpus' own. Every figure stands with its 95 %
    interval, found by drawing whole documents anew. What cannot be said is undefined, with the reason.

    F1 is what both marked, twice, over what either marked: exact by label and span; normalised without article,
    possessive and punctuation at the edges; overlap where they share a code point. Alpha is Krippendorff's: over
    code points, over where units begin and end, and over what was chosen for mentions that both marked.

    \b
    Examples:
      sayso agreement
      sayso agreement --campaign pilot --interface names --pairs
      sayso agreement --label Claim --by version
      sayso agreement mine.jsonl theirs.jsonl --programs --json
      sayso agreement --fail-under spans.Actor.exact=0.85 --fail-under attributes.Claim.type.alpha=0.75
    """
    from sayso import schema as schemas
    from sayso.agreement.answers import LeftOut, Who, compared
    from sayso.agreement.measure import measure
    from sayso.settings import MARK, find_instance
    from sayso.store import Corpus

    instance = find_instance(root)
    schema, out = schemas.load(instance.root / MARK), LeftOut()
    wanted = _wanted(labels, schema)
    kinds: frozenset[AnnotatorKind] = frozenset({"human", "program"} if programs else {"human"})
    who = Who(frozenset(campaigns), frozenset(annotators), interface, kinds, files)
    with progress("measuring") as advance:
        coming = _watched(compared(Corpus(instance.root), who, out), advance)
        found = measure(coming, schema, left_out=out, samples=samples, by_version=by is not None)
    _print(found, wanted, out, pairs, as_json)
    _hold(found, floors)


def _wanted(labels: tuple[str, ...], schema: Schema) -> frozenset[str]:
    from sayso.errors import UsageError

    if strange := [label for label in labels if label not in schema.labels]:
        raise UsageError(f"no label {strange[0]!r}", remedy=f"choose among {', '.join(schema.labels)}")
    return frozenset(labels)


def _watched(coming: Iterator[Compared], advance: Advance) -> Iterator[Compared]:
    for each in coming:
        advance(1)
        yield each


def _print(found: list[Measurement], labels: frozenset[str], out: LeftOut, pairs: bool, as_json: bool) -> None:
    from sayso.agreement import written
    from sayso.agreement.stated import stated

    told = stated((written.of_labels(each, labels) for each in found), out)
    if as_json:
        emit({"measurements": told.measurements, "not_measured": told.not_measured})
        return
    for each in told.measurements:
        _tables(each, pairs)
    for other in told.not_measured:
        what = f"{other.campaign}, {other.interface}: no document has two answers to compare"
        say("; ".join([what, *written.left_out(other.left_out)]))
    if not told.measurements and not told.not_measured:
        say("nobody has answered yet: nothing to compare")


def _tables(measured: Measurement, pairs: bool) -> None:
    from sayso.agreement import written

    click.echo(f"{written.title(measured)}\n")
    more = [*written.of_versions(measured), *(written.of_pairs(measured) if pairs else ())]
    for sheet in [*written.sheets(measured), *more]:
        table(*sheet)
    for note in written.notes(measured):
        say(note)


def _hold(found: list[Measurement], floors: list[tuple[str, float]]) -> None:
    """Whether every figure that was named is as high as it should be, wherever it was measured."""
    from sayso.errors import FindingsError, UsageError

    for name, floor in floors:
        figures = [figure for each in found for figure in each.figures if figure.name == name]
        if not figures:
            raise UsageError(f"no figure {name!r} was measured", remedy="see `sayso agreement --json` for their names")
        for figure in figures:
            if figure.value is None:
                raise FindingsError(f"{name} is undefined: {figure.undefined}", remedy="see the answers left out")
            if figure.value < floor:
                raise FindingsError(f"{name} is {figure.value:.3f}, which is under {floor:g}",
                                    remedy="see `sayso disagreements` for where annotators differ")  # fmt: skip
