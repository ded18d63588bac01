"""The head of the card, in YAML: keys that are computed, and keys that people wrote, which stay as they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sayso.dataset import features
from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.hub_vocabulary import HUB_LICENSES
from sayso.errors import InputError

UNFINISHED_PATH = "data/unfinished-build-run-sayso-build-again"
CREATORS = {
    "program": "machine-generated",
    "human": "other",
    "adjudicator": "expert-generated",
    "gold": "expert-generated",
}
"""People without adjudication are ``other``: whether they are experts, or a crowd, nobody recorded."""
_KEY_GROUPS = {"license_name": "license", "license_link": "license"}
_HEADER = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_KEY_START = re.compile(r"""(?=^[\w"'])|(?=^\#)""", re.MULTILINE)


_YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _PlainYamlDumper(yaml.SafeDumper):
    """YAML without anchors: the hub's reader and people alike want each value where it is used."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def split_card(text: str, path: Path) -> tuple[str, str]:
    """Head and body of a card; together with the lines of ``---`` they are the text.

    Raises:
        InputError: there is no head, or it is not YAML.
    """
    found = _HEADER.match(text)
    if not found:
        raise InputError(
            "no head of YAML between two lines of ---",
            where=str(path),
            remedy="restore it from git",
        )
    parse_header(found[1], path)
    return found[1], text[found.end() :]


def join_card(head: str, body: str) -> str:
    """A card from its head and body."""
    return f"---\n{head}---\n{body}"


def parse_header(head: str, path: Path) -> dict[str, Any]:
    """The keys of a head.

    Raises:
        InputError: it is not YAML, or no mapping.
    """
    try:
        found = yaml.load(head, Loader=_YamlLoader)  # noqa: S506 - one of the two safe ones
    except yaml.YAMLError as error:
        raise InputError(
            f"the head is not YAML: {' '.join(str(error).split())}", where=str(path)
        ) from error
    if not isinstance(found, dict):
        raise InputError("the head has no keys", where=str(path), remedy="restore it from git")
    return found


def replace_keys(head: str, computed: Mapping[str, Mapping[str, Any]]) -> str:
    """A head with its computed keys made anew, each where it stood, new ones at the end; all else byte for byte.

    Args:
        computed: name of a group of keys that stand together → the keys with their values; none, and it goes.

    >>> print(replace_keys("# mine\\npretty_name:  Ours\\nlanguage: [fr]\\n", {"language": {"language": ["en"]}}), end="")
    # mine
    pretty_name:  Ours
    language:
    - en
    """
    left = dict(computed)
    pieces = []
    for chunk in _KEY_START.split(head):
        name = chunk.partition(":")[0].strip("\"'")
        group = _KEY_GROUPS.get(name, name)
        pieces.append(_dump_yaml(left.pop(group, {})) if group in computed else chunk)
    return "".join(pieces + [_dump_yaml(keys) for keys in left.values()])


def _dump_yaml(keys: Mapping[str, Any]) -> str:
    if not keys:
        return ""
    return yaml.dump(
        dict(keys), Dumper=_PlainYamlDumper, sort_keys=False, allow_unicode=True, width=120
    )


def hide_data_files(head: str) -> str:
    """A head that names no data: whoever loads gets an error and never the rows of two builds."""
    nothing = [{"split": "train", "path": UNFINISHED_PATH}]
    configs = [
        {"config_name": config, "data_files": nothing, **_default_flag(config)}
        for config in features.CONFIGS
    ]
    return replace_keys(head, {"configs": {"configs": configs}, "dataset_info": {}})


def computed_keys(made: BuiltDataset) -> dict[str, dict[str, Any]]:
    """The computed keys by group."""
    languages = sorted(
        {name.split("-")[0].lower() for (name,) in made.counts_under("articles|language")}
    )
    values: dict[str, Any] = {
        "language": languages,
        "annotations_creators": sorted({CREATORS[kind] for kind in made.annotator_kinds})
        or ["no-annotation"],
        "multilinguality": ["multilingual" if len(languages) > 1 else "monolingual"],
        "size_categories": [size_category(made.counts["articles|documents"])],
        "configs": [_config_entry(config, made) for config in made.rows],
        "dataset_info": [_dataset_info(config, made) for config in made.rows],
    }
    return {
        "license": _license_keys(made),
        **{name: {name: value} for name, value in values.items()},
    }


def _license_keys(made: BuiltDataset) -> dict[str, str]:
    found = {name.lower() for name in made.licences}
    if len(found) == 1 and found <= HUB_LICENSES:
        return {"license": found.pop()}
    return {"license": "other", "license_name": "per-article", "license_link": "LICENSE.md"}


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


def _default_flag(config: str) -> dict[str, bool]:
    return {"default": True} if config == features.DEFAULT_CONFIG else {}


def _config_entry(config: str, made: BuiltDataset) -> dict[str, Any]:
    files = [
        {"split": split, "path": f"data/{config}/{split}-*.parquet"} for split in made.rows[config]
    ]
    return {
        "config_name": config,
        **_default_flag(config),
        "version": made.version,
        "data_files": files,
    }


def _dataset_info(config: str, made: BuiltDataset) -> dict[str, Any]:
    splits = [
        {
            "name": split,
            "num_bytes": sum(
                made.footers[name].uncompressed_size for name in made.files(config, split)
            ),
            "num_examples": rows,
        }
        for split, rows in made.rows[config].items()
    ]
    return {
        "config_name": config,
        # A digest of the content: the local cache of `datasets` looks at the card and not at the files.
        "description": f"Sayso {made.version}, {config}; content sha256 {made.digest(config)}",
        "features": features.yaml_features(features.config_columns(made.schema)[config]),
        "splits": splits,
        "download_size": sum(made.footers[name].size for name in made.files(config)),
        "dataset_size": sum(split["num_bytes"] for split in splits),
    }
