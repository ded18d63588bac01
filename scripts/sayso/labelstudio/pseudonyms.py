"""Pseudonyms: the names of annotators in the corpus, never a person's name or e-mail address.

An account is its number on its server first and its address second: Label Studio shows removed
members without their address, and takes addresses that differ only in case. A pseudonym is a keyed
digest of the address: the same person has the same one on every server, and nobody can guess the
address without the key. Key and map are in ``.sayso/``. The campaign lead may edit the map to give
an account another pseudonym, or to say that it is a program, or that its role is the adjudicator's.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from sayso import jsonl
from sayso.errors import ConflictError
from sayso.files import convert_os_errors, exists, read_file, write_secret
from sayso.labelstudio.api_types import Account, ListedProject
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.server_identity import read_server_id
from sayso.labelstudio.sync_state import identify_server
from sayso.models import AnnotatorRole, Pseudonym, ReadKind
from sayso.settings import Checkout


class Annotator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the private map.

    ``role`` is about the project of the annotators: there the answers of an ``adjudicator`` are
    kept and not compared with theirs. Whoever submits in a project of adjudication adjudicates.
    Older maps have ``adjudicator`` as a kind, which is read as a person in that role.

    Attributes:
        email: empty if the account had been removed when it was first seen.
        accounts: the number of the account, by server.
    """

    email: str
    pseudonym: Pseudonym
    kind: ReadKind = "human"
    role: AnnotatorRole = "annotator"
    accounts: dict[str, int] = {}

    def __post_init__(self) -> None:
        if self.kind not in ("human", "program"):
            structs.force_setattr(self, "kind", "human")
            structs.force_setattr(self, "role", "adjudicator")


def read_annotators(checkout: Checkout, server: str) -> dict[int, Annotator]:
    """Return the known annotators of a server by the number of their account.

    Raises:
        InputError: the map is no JSON Lines.
        ConflictError: the map gives two accounts one pseudonym, or one account two.
    """
    return _select_server(_read_map(checkout), server)


def fetch_annotators(
    checkout: Checkout, client: LabelStudioClient, project: ListedProject
) -> dict[int, Annotator]:
    """Fetch the accounts of a project's server; return the annotators as `resolve_annotators`."""
    server = read_server_id(project.description) or identify_server(checkout, client)
    return resolve_annotators(checkout, server, client.list_accounts())


def resolve_annotators(
    checkout: Checkout, server: str, accounts: Iterable[Account]
) -> dict[int, Annotator]:
    """Return the known annotators of a server; add accounts that are new to the map.

    Args:
        accounts: all that the server lists.

    Raises:
        InputError, ConflictError: as ``read_annotators``.
    """
    lines = _read_map(checkout)
    before, key = list(lines), _load_key(checkout)
    listed = {account.id: account for account in accounts}
    known = _select_server(lines, server)
    for number in sorted(listed.keys() - known.keys()):
        email = "" if listed[number].is_removed else _normalize_email(listed[number].email)
        # A line with another listed account of this server is somebody else's.
        free = [line for line in lines if line.accounts.get(server) not in listed]
        line = next((line for line in free if email and line.email == email), None)
        if line is None:
            shared = not email or any(line.email == email for line in lines)
            seed = f"account {number} of {server}" if shared else email
            line = Annotator(email=email, pseudonym=_derive_pseudonym(seed, lines, key))
            lines.append(line)
        accounts_of_line = {**line.accounts, server: number}
        lines[lines.index(line)] = structs.replace(line, accounts=accounts_of_line)
    if lines != before:
        _write_map(checkout, lines)
    return _select_server(lines, server)


def restore_pseudonyms(
    checkout: Checkout, server: str, pseudonyms: Mapping[int, str]
) -> dict[int, Annotator]:
    """Give accounts that were first seen without an address pseudonyms that they had before.

    A pseudonym that another account of the server has stays there.

    Raises:
        InputError, ConflictError: as ``read_annotators``.
    """
    lines = _read_map(checkout)
    for number, pseudonym in pseudonyms.items():
        line = _select_server(lines, server)[number]
        other = next((other for other in lines if other.pseudonym == pseudonym), line)
        if other is line or server not in other.accounts:
            lines = [each for each in lines if each not in (line, other)]
            accounts = {**other.accounts, **line.accounts}
            lines.append(structs.replace(other, pseudonym=pseudonym, accounts=accounts))
    _write_map(checkout, lines)
    return _select_server(lines, server)


def resolve_address(checkout: Checkout, address: str) -> Annotator:
    """Return the annotator with this address; add a new one to the map.

    Raises:
        InputError, ConflictError: as ``read_annotators``.
    """
    lines, email = _read_map(checkout), _normalize_email(address)
    for line in lines:
        if line.email == email:
            return line
    pseudonym = _derive_pseudonym(email, lines, _load_key(checkout))
    line = Annotator(email=email, pseudonym=pseudonym)
    _write_map(checkout, [*lines, line])
    return line


def add_annotator(checkout: Checkout, annotator: Annotator) -> None:
    """Add an account to the map before it is first seen, with a chosen pseudonym or kind."""
    lines = _read_map(checkout)
    added = structs.replace(annotator, email=_normalize_email(annotator.email))
    for place, line in enumerate(lines):
        if line.email == added.email:
            lines[place] = structs.replace(added, accounts=line.accounts)
            break
    else:
        lines.append(added)
    _write_map(checkout, lines)


def _select_server(lines: Iterable[Annotator], server: str) -> dict[int, Annotator]:
    return {line.accounts[server]: line for line in lines if server in line.accounts}


def _map_path(checkout: Checkout) -> Path:
    return checkout.private / "annotators.jsonl"


def _write_map(checkout: Checkout, annotators: Iterable[Annotator]) -> None:
    lines = (f"{msgspec.json.encode(annotator).decode()}\n" for annotator in annotators)
    write_secret(_map_path(checkout), "".join(lines))


def _read_map(checkout: Checkout) -> list[Annotator]:
    """Read the annotators, with normalized addresses."""
    path = _map_path(checkout)
    annotators: list[Annotator] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in jsonl.read_numbered(path, Annotator) if exists(path) else ():
        annotator = structs.replace(line, email=_normalize_email(line.email))
        for claim in _list_claims(annotator):
            if (other := seen.setdefault(claim, number)) != number:
                raise ConflictError(
                    f"lines {other} and {number} {claim[0]}",
                    where=str(path),
                    remedy="give each account one line and a pseudonym of its own",
                )
        annotators.append(annotator)
    return annotators


def _list_claims(annotator: Annotator) -> Iterator[tuple[str, str]]:
    """Yield what no other line may say: as words for an error, and what these must not quote."""
    yield f"have the pseudonym {annotator.pseudonym}", ""
    for server, number in annotator.accounts.items():
        yield f"are account {number} of {server}", ""
    if not annotator.accounts:
        yield "have the same address, and no number of an account", annotator.email


def _normalize_email(email: str) -> str:
    return email.strip().casefold()


def _derive_pseudonym(seed: str, annotators: Iterable[Annotator], key: bytes) -> str:
    """Return eight hexadecimal digits, or as many more as tell two accounts apart."""
    digits = hmac.new(key, seed.encode(), "sha256").hexdigest()
    taken = {annotator.pseudonym for annotator in annotators}
    names = (f"ann-{digits[:length]}" for length in range(8, 60))
    return next(name for name in names if name not in taken)


def _load_key(checkout: Checkout) -> bytes:
    if given := os.environ.get("SAYSO_PSEUDONYM_KEY", "").strip():
        return given.encode()
    path = checkout.private / "pseudonym.key"
    if not exists(path):
        write_secret(path, secrets.token_hex(32))
    with convert_os_errors(path):
        return read_file(path).strip()
