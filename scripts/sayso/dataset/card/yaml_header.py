"""The head of the card, in YAML: computed keys, and keys of the authors, which stay as they are.

`huggingface_hub.DatasetCardData` would write the whole head anew, without comments and quoting, so
the computed keys are replaced in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sayso.dataset import features
from sayso.dataset.build_counts import UNKNOWN
from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.hub_vocabulary import HUB_LICENSES
from sayso.errors import InputError
from sayso.schema.column_names import FIXED_CONFIGS
from sayso.schema.yaml_reader import parse_yaml

UNFINISHED_PATH = "data/unfinished-build-run-sayso-build-again"
_ADJUDICATING_PERSON = "expert-generated"
_CREATORS = {
    "program": "machine-generated",
    "human": "other",  # nobody recorded whether they are experts or a crowd
    UNKNOWN: "other",
}
_KEY_GROUPS = {"license_name": "license", "license_link": "license"}
_HEADER = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_KEY_START = re.compile(r"""(?=^[\w"'])|(?=^\#)""", re.MULTILINE)


class _PlainYamlDumper(yaml.SafeDumper):
    """YAML without anchors: the Hub's reader and people want each value where it is used."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def split_card(text: str, path: Path) -> tuple[str, str]:
    """Split a card into head and body, without the lines of ``---``.

    The head need not be YAML: a merge that kept the computed keys of both sides can leave any lines
    there, until a build replaces them.

    Raises:
        InputError: there is no head.
    """
    header = _HEADER.match(text)
    if not header:
        raise InputError(
            "no head of YAML between two lines of ---",
            where=str(path),
            remedy="restore it from git",
        )
    return header[1], text[header.end() :]


def join_card(head: str, body: str) -> str:
    """Join head and body to a card."""
    return f"---\n{head}---\n{body}"


def parse_header(head: str, path: Path) -> dict[str, Any]:
    """Return the keys of a head.

    Raises:
        InputError: it is not a mapping in YAML.
    """
    remedy = "run `sayso build`, which writes its computed keys, or correct the others"
    keys = parse_yaml(head, f"{path}, the head", remedy)
    if not isinstance(keys, dict):
        raise InputError("the head has no keys", where=str(path), remedy="restore it from git")
    return keys


def replace_keys(head: str, computed: Mapping[str, Mapping[str, Any]]) -> str:
    """Replace the computed keys of a head where they are; new ones go to the end.

    Everything else stays byte for byte.

    Args:
        computed: group of adjacent keys -> keys and values; an empty group is removed.

    >>> head = "# mine\\npretty_name:  Ours\\nlanguage: [fr]\\n"
    >>> print(replace_keys(head, {"language": {"language": ["en"]}}), end="")
    # mine
    pretty_name:  Ours
    language:
    - en
    """
    remaining = dict(computed)
    pieces = []
    for piece in _KEY_START.split(head):
        name = piece.partition(":")[0].strip("\"'")
        group = _KEY_GROUPS.get(name, name)
        pieces.append(_dump_yaml(remaining.pop(group, {})) if group in computed else piece)
    return "".join(pieces + [_dump_yaml(keys) for keys in remaining.values()])


def _dump_yaml(keys: Mapping[str, Any]) -> str:
    if not keys:
        return ""
    return yaml.dump(
        dict(keys), Dumper=_PlainYamlDumper, sort_keys=False, allow_unicode=True, width=120
    )


def hide_data_files(head: str) -> str:
    """Return a head that names no existing data file, so that loading fails."""
    nothing = [{"split": "train", "path": UNFINISHED_PATH}]
    present = re.findall(r"(?m)^- config_name: (\w+)$", head)  # after a merge it may be no YAML
    configs = [
        {"config_name": config, "data_files": nothing, **_default_flag(config)}
        for config in dict.fromkeys([*FIXED_CONFIGS, *present])
    ]
    return replace_keys(head, {"configs": {"configs": configs}, "dataset_info": {}})


def computed_keys(dataset: BuiltDataset) -> dict[str, dict[str, Any]]:
    """Return the computed keys by group."""
    tags = [tag for (tag,) in dataset.counts_under("articles|language")]
    languages = sorted({tag.split("-")[0].lower() for tag in tags})
    creators = list_creators(dataset)
    keys: dict[str, Any] = {
        "language": languages,
        "annotations_creators": creators or ["no-annotation"],
        "multilinguality": ["multilingual" if len(languages) > 1 else "monolingual"],
        "size_categories": [size_category(dataset.counts["articles|documents"])],
        "configs": [_config_entry(config, dataset) for config in dataset.rows],
        "dataset_info": [_dataset_info(config, dataset) for config in dataset.rows],
    }
    return {"license": _license_keys(dataset), **{name: {name: keys[name]} for name in keys}}


def list_creators(dataset: BuiltDataset) -> list[str]:
    """Return the Hub's words for who made annotations and gold."""
    roles = dataset.tabulate("annotations|role", 0, 2)
    roles += Counter(
        {
            (kind, "adjudicator" if method == "adjudicated" else "annotator"): count
            for (method, kinds), count in dataset.decisions.items()
            for kind in kinds
        }
    )
    return sorted(
        {
            _ADJUDICATING_PERSON if key == ("human", "adjudicator") else _CREATORS[key[0]]
            for key in roles
        }
    )


def _license_keys(dataset: BuiltDataset) -> dict[str, str]:
    names = {name.lower() for name in dataset.licences}
    if len(names) == 1 and names <= HUB_LICENSES:
        return {"license": names.pop()}
    return {"license": "other", "license_name": "per-article", "license_link": "LICENSE.md"}


def size_category(documents: int) -> str:
    """Return the Hub's word for a number of rows.

    >>> size_category(2), size_category(1000), size_category(12_000_000)
    ('n<1K', '1K<n<10K', '10M<n<100M')
    """
    steps = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
    reached = sum(documents >= 10**exponent for exponent in range(3, 13))
    if reached == 0:
        return "n<1K"
    return f"{steps[reached - 1]}<n<{steps[reached]}" if reached < len(steps) else "n>1T"


def _default_flag(config: str) -> dict[str, bool]:
    return {"default": True} if config == features.DEFAULT_CONFIG else {}


def _config_entry(config: str, dataset: BuiltDataset) -> dict[str, Any]:
    files = [
        {"split": split, "path": f"data/{config}/{split}-*.parquet"}
        for split in dataset.rows[config]
    ]
    flag = _default_flag(config)
    return {"config_name": config, **flag, "version": dataset.version, "data_files": files}


def _dataset_info(config: str, dataset: BuiltDataset) -> dict[str, Any]:
    splits = []
    for split, rows in dataset.rows[config].items():
        files = dataset.select_files(config, split).values()
        size = sum(file.footer.uncompressed_size for file in files)
        splits.append({"name": split, "num_bytes": size, "num_examples": rows})
    return {
        "config_name": config,
        # A digest of the content: the local cache of `datasets` looks at the card, not the files.
        "description": f"Sayso {dataset.version}, {config}; "
        f"content sha256 {dataset.digest(config)}",
        "features": features.yaml_features(features.config_columns(dataset.schema)[config]),
        "splits": splits,
        "download_size": sum(file.footer.size for file in dataset.select_files(config).values()),
        "dataset_size": sum(split["num_bytes"] for split in splits),
    }
