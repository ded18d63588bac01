"""The dataset card, ``corpus/README.md``: prose by hand, head and figures by computation.

The card belongs to whoever writes it. A build replaces the keys of its head that are computed, and what stands between
``<!-- computed: NAME -->`` and ``<!-- end -->``; everything else stays as it was. A new instance starts from the card
in this package.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from sayso.dataset import features
from sayso.dataset.meanings import meaning
from sayso.dataset.parquet import Footer
from sayso.dataset.tables import Figures
from sayso.errors import InputError
from sayso.files import explained, write_if_changed
from sayso.schema import Schema

START = Path(__file__).with_name("card.md")
SPLITS = ("train", "validation", "test")
UNFINISHED = "data/unfinished-build-run-sayso-build-again"
HUB_LICENSES = frozenset(
    [
        "apache-2.0",
        "cc-by-2.0",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-4.0",
        "cc-by-nd-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc0-1.0",
        "mit",
        "odbl",
        "odc-by",
        "pddl",
    ]
)
CREATORS = {"program": "machine-generated", "human": "expert-generated", "adjudicator": "expert-generated"}
KINDS = {"program": "programs", "human": "people", "adjudicator": "adjudicators", "gold": "adjudicated"}

_HEAD = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"(<!-- computed: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_CUT = 160  # code points of a long string in an example


class _Plain(yaml.SafeDumper):
    """YAML without anchors: the hub's reader and people alike want each value where it is used."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@dataclass(frozen=True)
class Made:
    """What a build made, as the card tells it.

    Attributes:
        footers: each file's name under ``corpus/`` and what its footer says.
        digests: each file's name and SHA-256.
        place: where a named file lies at the moment.
    """

    schema: Schema
    version: str
    footers: Mapping[str, Footer]
    digests: Mapping[str, str]
    place: Callable[[str], Path]

    def of(self, config: str, split: str | None = None) -> list[str]:
        """The files of a configuration, or of one split of it."""
        return [name for name in self.footers if name.startswith(f"data/{config}/{split or ''}")]

    @cached_property
    def rows(self) -> dict[str, dict[str, int]]:
        """Configuration → split → number of rows, where there are any."""
        return {
            config: {
                split: sum(self.footers[name].rows for name in names)
                for split in SPLITS
                if (names := self.of(config, f"{split}-"))
            }
            for config in features.CONFIGS
            if self.of(config)
        }

    @cached_property
    def figures(self) -> Figures:
        """Every file's figures added up; a configuration's name stands first: ``mentions|label|Actor|program``."""
        total: Figures = Counter()
        for name, footer in self.footers.items():
            config = name.split("/")[1]
            total.update({f"{config}|{figure}": count for figure, count in footer.figures.items()})
        return total

    def under(self, prefix: str) -> dict[tuple[str, ...], int]:
        """The figures below a prefix, by the rest of their names."""
        start = f"{prefix}|"
        return {
            tuple(name.removeprefix(start).split("|")): count
            for name, count in sorted(self.figures.items())
            if name.startswith(start)
        }

    def digest(self, config: str) -> str:
        """SHA-256 over ``sha256sum``'s lines for the files of a configuration."""
        lines = "".join(f"{self.digests[name]}  {name}\n" for name in sorted(self.of(config)))
        return hashlib.sha256(lines.encode()).hexdigest()


def render(path: Path, made: Made) -> str:
    """The card that belongs to what was made; what is hand-written in the one at ``path`` stays.

    Raises:
        InputError: the card at ``path`` has no head, or asks for a figure that is not computed.
    """
    source = path if path.is_file() else START
    with explained(source):
        head, body = _parted(source.read_text(encoding="utf-8"), source)
    blocks = _blocks(made)

    def filled(found: re.Match[str]) -> str:
        if found[2] not in blocks:
            raise InputError(
                f"nothing computes {found[2]!r}", where=str(path), remedy=f"choose from {', '.join(blocks)}"
            )
        return f"{found[1]}{blocks[found[2]]()}\n{found[3]}"

    return f"---\n{_dumped(_head(head, made))}---\n{_BLOCK.sub(filled, body)}"


def withdraw(path: Path) -> None:
    """Let the card name no data while files are put in place: loading raises rather than mixes two builds."""
    if not path.is_file():
        return
    with explained(path):
        head, body = _parted(path.read_text(encoding="utf-8"), path)
    head.pop("dataset_info", None)
    head["configs"] = [
        {"config_name": config, "data_files": [{"split": "train", "path": UNFINISHED}], **_default(config)}
        for config in features.CONFIGS
    ]
    write_if_changed(path, f"---\n{_dumped(head)}---\n{body}".encode())


def _parted(text: str, path: Path) -> tuple[dict[str, Any], str]:
    found = _HEAD.match(text)
    try:
        head = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError as error:
        raise InputError(f"the head is not YAML: {error}", where=str(path), remedy="mend it") from error
    if not found or not isinstance(head, dict):
        raise InputError("no head of YAML between two lines of ---", where=str(path), remedy="restore it from git")
    return head, text[found.end() :]


def _dumped(head: dict[str, Any]) -> str:
    return yaml.dump(head, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


def _default(config: str) -> dict[str, bool]:
    return {"default": True} if config == features.DEFAULT else {}


# --- the head


def _head(head: dict[str, Any], made: Made) -> dict[str, Any]:
    """The head with its computed keys replaced in place, new ones at the end."""
    computed = {
        "language": sorted({name.split("-")[0].lower() for (name,) in made.under("articles|language")}),
        "license": "",
        "annotations_creators": _creators(made),
        "size_categories": [size_category(made.figures["articles|documents"])],
        "configs": [_config(config, made) for config in made.rows],
        "dataset_info": [_info(config, made) for config in made.rows],
    }
    licence = _license(made)
    apart = {"license_name", "license_link", "configs", "dataset_info"}
    found: dict[str, Any] = {}
    for name in [*(name for name in {**head, **computed} if name not in apart), "configs", "dataset_info"]:
        found |= licence if name == "license" else {name: computed.get(name, head.get(name))}
    return found


def _license(made: Made) -> dict[str, str]:
    found = {name.lower() for (name,) in made.under("articles|license")}
    if len(found) == 1 and found <= HUB_LICENSES:
        return {"license": found.pop()}
    return {"license": "other", "license_name": "per-article", "license_link": "LICENSE.md"}


def _creators(made: Made) -> list[str]:
    kinds = {kind for kind, _name in made.under("annotations|annotator")}
    return sorted({CREATORS[kind] for kind in kinds}) or ["no-annotation"]


def size_category(documents: int) -> str:
    """The hub's word for a number of rows.

    >>> size_category(2), size_category(1000), size_category(12_000_000)
    ('n<1K', '1K<n<10K', '10M<n<100M')
    """
    steps = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
    place = sum(documents >= 10**exponent for exponent in range(3, 13))
    if place == 0:
        return "n<1K"
    return f"{steps[place - 1]}<n<{steps[place]}" if place < len(steps) else "n>1T"


def _config(config: str, made: Made) -> dict[str, Any]:
    files = [{"split": split, "path": f"data/{config}/{split}-*.parquet"} for split in made.rows[config]]
    return {"config_name": config, **_default(config), "version": made.version, "data_files": files}


def _info(config: str, made: Made) -> dict[str, Any]:
    names = made.of(config)
    splits = [
        {
            "name": split,
            "num_bytes": sum(made.footers[name].uncompressed for name in made.of(config, f"{split}-")),
            "num_examples": rows,
        }
        for split, rows in made.rows[config].items()
    ]
    return {
        "config_name": config,
        # A digest of the content: the local cache of `datasets` looks at the card and not at the files.
        "description": f"Sayso {made.version}, {config}; content sha256 {made.digest(config)}",
        "features": features.card_features(features.columns(made.schema)[config]),
        "splits": splits,
        "download_size": sum(made.footers[name].size for name in names),
        "dataset_size": sum(split["num_bytes"] for split in splits),
    }


# --- the computed parts


def _blocks(made: Made) -> dict[str, Callable[[], str]]:
    return {
        "summary": lambda: _summary(made),
        "annotators": lambda: _annotators(made),
        "licences": lambda: _licences(made),
        "configurations": lambda: _configurations(made),
        "columns": lambda: "\n\n".join(_columns(config, made) for config in features.CONFIGS),
        "schema": lambda: _schema(made.schema),
        "figures": lambda: _figures(made),
        "citation": lambda: _citation(made),
    }


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; a bar in a cell is escaped.

    >>> print(table(["a", "b"], [[1, "x|y"]]))
    | a | b |
    |---|---|
    | 1 | x\\|y |
    """
    names = list(header)
    lines = [names, *([str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    text = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(names), *text[1:]])


def _summary(made: Made) -> str:
    count = made.figures
    return (
        f"Version {made.version}: {count['articles|documents']:,} documents of {count['articles|tokens']:,} tokens, "
        f"{count['annotations|answers']:,} answers to them, {count['gold|adjudicated']:,} documents adjudicated. "
        f"{_made_by(made)}"
    )


def _made_by(made: Made) -> str:
    kinds = {kind for kind, _name in made.under("annotations|annotator")}
    if not kinds:
        return "**Nothing is annotated yet.**"
    if kinds == {"program"}:
        return "**Every annotation here was made by a program. No person has checked one. None is gold.**"
    if "program" in kinds:
        return "**Some annotations were made by people and some by programs: `annotator_kind` says which.**"
    return "**Every annotation here was made by people.**"


def _annotators(made: Made) -> str:
    names = Counter(kind for kind, _name in made.under("annotations|annotator"))
    answers: Counter[str] = Counter()
    for (kind, _name), count in made.under("annotations|annotator").items():
        answers[kind] += count
    rows = [[KINDS[kind], names[kind], f"{answers[kind]:,}"] for kind in sorted(names)]
    shown = table(["annotated by", "annotators", "answers"], rows) if rows else ""
    return f"{_made_by(made)}\n\n{shown}\n\nAgreement: not yet measured.".replace("\n\n\n\n", "\n\n")


def _licences(made: Made) -> str:
    rows = [[f"`{name}`", f"{count:,}"] for (name,), count in made.under("articles|license").items()]
    return table(["licence of the article", "documents"], rows)


def _configurations(made: Made) -> str:
    rows = [
        [f"`{config}`", *(f"{made.rows[config].get(split, 0):,}" for split in SPLITS)]
        for config in features.CONFIGS
        if config in made.rows
    ]
    empty = [f"`{config}`" for config in features.CONFIGS if config not in made.rows]
    missing = f"\n\nNo rows yet, and so not loadable: {', '.join(empty)}." if empty else ""
    return table(["configuration", *SPLITS], rows) + missing


def _columns(config: str, made: Made) -> str:
    declared = features.columns(made.schema)[config]
    rows = [[f"`{name}`", f"`{_spelled(kind)}`", meaning(config, name, made.schema)] for name, kind in declared.items()]
    return f"### `{config}`\n\n{table(['column', 'type', 'meaning'], rows)}{_example(config, made)}"


def _spelled(kind: features.Type) -> str:
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return f"list of {_spelled(kind[0])}"
    return (
        "{"
        + ", ".join(name if inner == "string" else f"{name}: {_spelled(inner)}" for name, inner in kind.items())
        + "}"
    )


def _example(config: str, made: Made) -> str:
    names = made.of(config)
    if not names:
        return ""
    rows = next(pq.ParquetFile(made.place(names[0])).iter_batches(batch_size=1)).to_pylist()
    shown = json.dumps(_shortened(rows[0]), ensure_ascii=False, indent=1)
    return f"\n\nThe first row, long values cut short (…):\n\n```json\n{shown}\n```"


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _CUT else f"{value[:_CUT]}…"
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        many = 1 if value and isinstance(value[0], dict) else 8
        return [_shortened(each) for each in value[:many]] + (["…"] if len(value) > many else [])
    return value


def _schema(schema: Schema) -> str:
    labels = [[f"`{name}`", label.definition] for name, label in schema.labels.items()]
    attributes = [
        [f"`{label}`", f"`{name}`", attribute.kind, "yes" if attribute.required else "", attribute.definition]
        for label, declared in schema.labels.items()
        for name, attribute in declared.attributes.items()
    ]
    values = [
        [f"`{label}.{name}`", f"`{value}`", said.definition]
        for label, declared in schema.labels.items()
        for name, attribute in declared.attributes.items()
        for value, said in attribute.values.items()
    ]
    relations = [[f"`{n}`", f"`{r.head}`", f"`{r.tail}`", r.definition] for n, r in schema.relations.items()]
    flags = [[f"`{name}`", flag.definition] for name, flag in schema.flags.items()]
    parts = [
        f"Schema {schema.version}.",
        table(["label", "meaning"], labels),
        table(["label", "attribute", "kind", "required", "meaning"], attributes),
        table(["attribute", "value", "meaning"], values),
        table(["relation", "from", "to", "meaning"], relations),
        table(["flag", "meaning"], flags),
    ]
    return "\n\n".join(parts)


def _figures(made: Made) -> str:
    count = made.figures
    general = [
        ["documents", f"{count['articles|documents']:,}"],
        ["characters (code points)", f"{count['articles|characters']:,}"],
        ["sentences", f"{count['articles|sentences']:,}"],
        ["tokens", f"{count['articles|tokens']:,}"],
        ["documents adjudicated", f"{count['gold|adjudicated']:,}"],
        ["answers", f"{count['annotations|answers']:,}"],
        *([f"answers {status}, by {KINDS[kind]}", f"{n:,}"]
          for (kind, status), n in made.under("annotations|status").items()),
        *([f"{what}, carried over from an earlier text of their document", f"{count[name]:,}"]
          for what, name in (("answers", "annotations|carried"), ("adjudicated documents", "gold|carried"))
          if count[name]),
        ["claims, all readings", f"{count['claims|claims']:,}"],
        ["items kept that the schema does not know", f"{count['annotations|kept']:,}"],
        ["relations that join other labels than declared, in no row of `claims`", f"{count['claims|misdrawn']:,}"],
        *([f"mentions that tags do not give exactly: {reason}", f"{n:,}"]
          for (reason,), n in made.under("tokens|misaligned").items()),
    ]  # fmt: skip
    return "\n\n".join([
        table(["what", "how many"], general),
        _by_kind("label", "mentions|label", list(made.schema.labels), made),
        _by_kind("relation", "annotations|relation", list(made.schema.relations), made),
        "Agreement between annotators: not yet measured.",
    ])  # fmt: skip


def _by_kind(what: str, prefix: str, names: list[str], made: Made) -> str:
    found = made.under(prefix)
    kinds = sorted({kind for _name, kind in found})
    others = sorted({name for name, _kind in found} - set(names))
    rows = [[f"`{name}`", *(f"{found.get((name, kind), 0):,}" for kind in kinds)] for name in [*names, *others]]
    return table([what, *(f"by {KINDS[kind]}" for kind in kinds)], rows)


def _citation(made: Made) -> str:
    return (
        "```bibtex\n@misc{sayso,\n  title = {Sayso: who says what happened where, and how many},\n"
        f"  note = {{Data version {made.version}, schema {made.schema.version}}},\n"
        f"  howpublished = {{Dataset, gold digest {made.digest('gold')[:16]}}}\n}}\n```"
    )
