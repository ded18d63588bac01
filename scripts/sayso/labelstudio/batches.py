"""Batches of documents, smaller ones where a proxy refuses a request as too large."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Generic, NamedTuple, TypeVar

from sayso.labelstudio.transport import RequestTooLarge, Transport

T = TypeVar("T")


class BatchItem(NamedTuple, Generic[T]):
    """The part of one document in the JSON list that is sent.

    Attributes:
        body: encoded as JSON.
        source: whatever the sender knows it by.
    """

    doc_id: str
    body: bytes
    source: T


def cut_batches(
    items: Iterable[BatchItem[T]], client: Transport, sizes: Iterable[int] = repeat(sys.maxsize)
) -> Iterator[list[BatchItem[T]]]:
    """Yield batches of at most the next of ``sizes`` and of what one request may hold."""
    batch: list[BatchItem[T]] = []
    left, length = iter(sizes), 0
    size = next(left)
    for item in items:
        if batch and (len(batch) >= size or length + len(item.body) > client.batch_bytes):
            yield batch
            batch, length, size = [], 0, next(left)
        batch.append(item)
        length += len(item.body) + 1
    if batch:
        yield batch


def join_batch(batch: Iterable[BatchItem[T]]) -> bytes:
    """Return the body of a request."""
    return b"[" + b",".join(item.body for item in batch) + b"]"


def send_batch(
    client: Transport, batch: list[BatchItem[T]], send: Callable[[list[BatchItem[T]]], list[int]]
) -> list[int]:
    """Send a batch, in parts where it is too large, and return all that ``send`` returns.

    Raises:
        RequestTooLarge: one document alone is too large; names it.
    """
    try:
        return send(batch)
    except RequestTooLarge as error:
        return send_parts(client, batch, send, error)


def send_parts(
    client: Transport,
    batch: list[BatchItem[T]],
    send: Callable[[list[BatchItem[T]]], list[int]],
    error: RequestTooLarge,
) -> list[int]:
    """Send a batch that was too large as a whole; else like ``send_batch``."""
    if len(batch) == 1:
        raise RequestTooLarge(error.what, where=batch[0].doc_id, remedy=error.remedy) from None
    parts = cut_batches(batch, client)  # two at least, since the client now allows half of it
    return [number for part in parts for number in send_batch(client, part, send)]
