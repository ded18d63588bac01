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
from sayso.files import convert_os_errors, write_secret
from sayso.labelstudio.api_types import Account
from sayso.models import AnnotatorKind, Pseudonym
from sayso.settings import Checkout


class Annotator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the private map."""

    email: str
    pseudonym: Pseudonym
    kind: AnnotatorKind = "human"


def resolve_annotators(checkout: Checkout, accounts: Iterable[Account]) -> dict[int, Annotator]:
    """The annotator behind each account number; accounts that are seen for the first time are added to the map.

    Raises:
        InputError: the map is no JSON Lines, or gives two accounts one pseudonym.
    """
    path = checkout.private / "annotators.jsonl"
    known = _read_map(path)
    before = len(known)
    key = _load_key(checkout)
    found = {
        account.id: _find_or_add(_normalize_email(account.email), known, key)
        for account in accounts
    }
    if len(known) > before:
        _write_map(path, known)
    return found


def encode_pseudonyms(annotators: Mapping[int, Annotator]) -> str:
    """Which pseudonym each account number has, for ``decode_pseudonyms``: no address, which stands in the map alone."""
    return msgspec.json.encode(
        {number: annotator.pseudonym for number, annotator in annotators.items()}
    ).decode()


def decode_pseudonyms(checkout: Checkout, encoded: str) -> dict[int, Annotator]:
    """The annotators that were ``encode_pseudonyms``; nobody where one is called otherwise in the map by now."""
    known = {
        annotator.pseudonym: annotator
        for annotator in _read_map(checkout.private / "annotators.jsonl").values()
    }
    names = msgspec.json.decode(encoded or "{}", type=dict[int, str])
    return (
        {number: known[name] for number, name in names.items()}
        if known.keys() >= set(names.values())
        else {}
    )


def add_annotator(checkout: Checkout, annotator: Annotator) -> None:
    """Put an account into the map before it is first seen, under a chosen pseudonym or as another kind."""
    path = checkout.private / "annotators.jsonl"
    known = _read_map(path)
    if known.get(_normalize_email(annotator.email)) != annotator:
        known[_normalize_email(annotator.email)] = annotator
        _write_map(path, known)


def _write_map(path: Path, known: dict[str, Annotator]) -> None:
    write_secret(
        path,
        "".join(f"{msgspec.json.encode(annotator).decode()}\n" for annotator in known.values()),
    )


def _read_map(path: Path) -> dict[str, Annotator]:
    if not path.exists():
        return {}
    known: dict[str, Annotator] = {}
    for number, annotator in jsonl.read_numbered(path, Annotator):
        if annotator.pseudonym in {other.pseudonym for other in known.values()}:
            raise InputError(
                f"a second account is called {annotator.pseudonym}",
                where=f"{path}:{number}",
                remedy="give each its own",
            )
        known[_normalize_email(annotator.email)] = annotator
    return known


def _normalize_email(email: str) -> str:
    return email.strip().casefold()


def _find_or_add(email: str, known: dict[str, Annotator], key: bytes) -> Annotator:
    if email not in known:
        known[email] = Annotator(email=email, pseudonym=_derive_pseudonym(email, known, key))
    return known[email]


def _derive_pseudonym(email: str, known: dict[str, Annotator], key: bytes) -> str:
    """Eight hexadecimal digits, or as many more as it takes to tell two accounts apart."""
    digits = hmac.new(key, email.encode(), "sha256").hexdigest()
    taken = {annotator.pseudonym for annotator in known.values()}
    return next(name for length in range(8, 60) if (name := f"ann-{digits[:length]}") not in taken)


def _load_key(checkout: Checkout) -> bytes:
    if given := os.environ.get("SAYSO_PSEUDONYM_KEY", "").strip():
        return given.encode()
    path = checkout.private / "pseudonym.key"
    if not path.exists():
        write_secret(path, secrets.token_hex(32))
    with convert_os_errors(path):
        return path.read_bytes().strip()
