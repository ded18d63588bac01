"""Pseudonyms: the names of annotators in the corpus, never a person's name or e-mail address.

A pseudonym is a keyed digest of the account's address: the same account has the same one on every
server, and nobody can guess the address without the key. Key and map are in ``.sayso/``. The
campaign lead may edit the map to give an account another pseudonym, or to say that it is a program,
or that its role is the adjudicator's.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import convert_os_errors, write_secret
from sayso.labelstudio.api_types import Account
from sayso.models import AnnotatorRole, Pseudonym, ReadKind
from sayso.settings import Checkout


class Annotator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the private map.

    ``role`` is about the project of the annotators: there the answers of an ``adjudicator`` are
    kept and not compared with theirs. Whoever submits in a project of adjudication adjudicates.
    Older maps have ``adjudicator`` as a kind, which is read as a person in that role.
    """

    email: str
    pseudonym: Pseudonym
    kind: ReadKind = "human"
    role: AnnotatorRole = "annotator"

    def __post_init__(self) -> None:
        if self.kind not in ("human", "program"):
            structs.force_setattr(self, "kind", "human")
            structs.force_setattr(self, "role", "adjudicator")


def resolve_annotators(checkout: Checkout, accounts: Iterable[Account]) -> dict[int, Annotator]:
    """Return the annotator behind each account number; add new accounts to the map.

    Raises:
        InputError: the map is no JSON Lines, or gives two accounts one pseudonym.
    """
    annotators = _read_map(checkout)
    count = len(annotators)
    key = _load_key(checkout)
    resolved = {}
    for account in accounts:
        email = _normalize_email(account.email)
        if email not in annotators:
            pseudonym = _derive_pseudonym(email, annotators, key)
            annotators[email] = Annotator(email=email, pseudonym=pseudonym)
        resolved[account.id] = annotators[email]
    if len(annotators) > count:
        _write_map(checkout, annotators)
    return resolved


def encode_pseudonyms(annotators: Mapping[int, Annotator]) -> str:
    """Encode the pseudonym of each account number, without any address."""
    names = {number: annotator.pseudonym for number, annotator in annotators.items()}
    return msgspec.json.encode(names).decode()


def decode_pseudonyms(checkout: Checkout, encoded: str) -> dict[int, Annotator]:
    """Return the encoded annotators; none at all if the map now has another name for one."""
    annotators = {annotator.pseudonym: annotator for annotator in _read_map(checkout).values()}
    names = msgspec.json.decode(encoded or "{}", type=dict[int, str])
    if not annotators.keys() >= set(names.values()):
        return {}
    return {number: annotators[name] for number, name in names.items()}


def add_annotator(checkout: Checkout, annotator: Annotator) -> None:
    """Add an account to the map before it is first seen, with a chosen pseudonym or kind."""
    annotators = _read_map(checkout)
    email = _normalize_email(annotator.email)
    if annotators.get(email) != annotator:
        _write_map(checkout, {**annotators, email: annotator})


def _map_path(checkout: Checkout) -> Path:
    return checkout.private / "annotators.jsonl"


def _write_map(checkout: Checkout, annotators: dict[str, Annotator]) -> None:
    lines = (f"{msgspec.json.encode(annotator).decode()}\n" for annotator in annotators.values())
    write_secret(_map_path(checkout), "".join(lines))


def _read_map(checkout: Checkout) -> dict[str, Annotator]:
    """Read the annotators by their normalized address."""
    path = _map_path(checkout)
    annotators: dict[str, Annotator] = {}
    for number, annotator in jsonl.read_numbered(path, Annotator) if path.exists() else ():
        if annotator.pseudonym in {other.pseudonym for other in annotators.values()}:
            what = f"a second account has the pseudonym {annotator.pseudonym}"
            raise InputError(what, where=f"{path}:{number}", remedy="give each its own")
        annotators[_normalize_email(annotator.email)] = annotator
    return annotators


def _normalize_email(email: str) -> str:
    return email.strip().casefold()


def _derive_pseudonym(email: str, annotators: dict[str, Annotator], key: bytes) -> str:
    """Return eight hexadecimal digits, or as many more as tell two accounts apart."""
    digits = hmac.new(key, email.encode(), "sha256").hexdigest()
    taken = {annotator.pseudonym for annotator in annotators.values()}
    names = (f"ann-{digits[:length]}" for length in range(8, 60))
    return next(name for name in names if name not in taken)


def _load_key(checkout: Checkout) -> bytes:
    if given := os.environ.get("SAYSO_PSEUDONYM_KEY", "").strip():
        return given.encode()
    path = checkout.private / "pseudonym.key"
    if not path.exists():
        write_secret(path, secrets.token_hex(32))
    with convert_os_errors(path):
        return path.read_bytes().strip()
