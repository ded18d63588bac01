"""Pseudonyms: what the corpus calls an annotator, and never a name or an e-mail address.

A pseudonym is a keyed digest of the account's address, so the same account has the same one on every server, and
nobody without the key can guess their way back. Key and map lie in ``.sayso/``; the campaign lead may edit the map to
give an account another pseudonym, or to say that it is a program or an adjudicator.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import explained, write_secret
from sayso.records import AnnotatorKind, Pseudonym
from sayso.settings import Instance
from sayso.studio.client import Account


class Annotator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the private map."""

    email: str
    pseudonym: Pseudonym
    kind: AnnotatorKind = "human"


def annotators(instance: Instance, accounts: Iterable[Account]) -> dict[int, Annotator]:
    """The annotator behind each account number; accounts that are seen for the first time are added to the map.

    Raises:
        InputError: the map is no JSON Lines, or gives two accounts one pseudonym.
    """
    path = instance.private / "annotators.jsonl"
    known = _known(path)
    before = len(known)
    key = _key(instance)
    found = {account.id: _annotator(_address(account.email), known, key) for account in accounts}
    if len(known) > before:
        _remember(path, known)
    return found


def remembered(people: Mapping[int, Annotator]) -> str:
    """Which pseudonym each account number has, for ``recalled``: no address, which stands in the map alone."""
    return msgspec.json.encode({number: annotator.pseudonym for number, annotator in people.items()}).decode()


def recalled(instance: Instance, told: str) -> dict[int, Annotator]:
    """The annotators that were ``remembered``; nobody where one is called otherwise in the map by now."""
    known = {annotator.pseudonym: annotator for annotator in _known(instance.private / "annotators.jsonl").values()}
    names = msgspec.json.decode(told or "{}", type=dict[int, str])
    return {number: known[name] for number, name in names.items()} if known.keys() >= set(names.values()) else {}


def introduce(instance: Instance, annotator: Annotator) -> None:
    """Put an account into the map before it is first seen, under a chosen pseudonym or as another kind."""
    path = instance.private / "annotators.jsonl"
    known = _known(path)
    if known.get(_address(annotator.email)) != annotator:
        known[_address(annotator.email)] = annotator
        _remember(path, known)


def _remember(path: Path, known: dict[str, Annotator]) -> None:
    write_secret(path, "".join(f"{msgspec.json.encode(annotator).decode()}\n" for annotator in known.values()))


def _known(path: Path) -> dict[str, Annotator]:
    if not path.exists():
        return {}
    known: dict[str, Annotator] = {}
    for number, annotator in jsonl.numbered(path, Annotator):
        if annotator.pseudonym in {other.pseudonym for other in known.values()}:
            raise InputError(f"a second account is called {annotator.pseudonym}", where=f"{path}:{number}",
                             remedy="give each its own")  # fmt: skip
        known[_address(annotator.email)] = annotator
    return known


def _address(email: str) -> str:
    return email.strip().casefold()


def _annotator(email: str, known: dict[str, Annotator], key: bytes) -> Annotator:
    if email not in known:
        known[email] = Annotator(email=email, pseudonym=_pseudonym(email, known, key))
    return known[email]


def _pseudonym(email: str, known: dict[str, Annotator], key: bytes) -> str:
    """Eight hexadecimal digits, or as many more as it takes to tell two accounts apart."""
    digits = hmac.new(key, email.encode(), "sha256").hexdigest()
    taken = {annotator.pseudonym for annotator in known.values()}
    return next(name for length in range(8, 60) if (name := f"ann-{digits[:length]}") not in taken)


def _key(instance: Instance) -> bytes:
    if given := os.environ.get("SAYSO_PSEUDONYM_KEY", "").strip():
        return given.encode()
    path = instance.private / "pseudonym.key"
    if not path.exists():
        write_secret(path, secrets.token_hex(32))
    with explained(path):
        return path.read_bytes().strip()
