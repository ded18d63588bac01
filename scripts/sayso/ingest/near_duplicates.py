"""Find texts that are copies of one another, as syndicated articles are: MinHash finds pairs,
Jaccard confirms them.

Two texts resemble each other by the share of their runs of five words. Case, punctuation, white
space and Unicode form do not count, or a copy with other quotation marks would not be found. xxHash
is a frozen function, so stored fingerprints stay valid.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import repeat

import numpy as np
import xxhash
from numpy.typing import NDArray

from sayso.sentences import UNSPACED_SCRIPTS

RUN_LENGTH = 5  # words in a run
BANDS, ROWS = 25, 4  # what shares one band of four minima is compared
COPY_THRESHOLD = 0.5  # texts that share at least this much are copies
_RUNS_PER_BLOCK = 4096  # keeps a very long article's matrix small

RunHashes = NDArray[np.uint64]

# Scripts without spaces between words count by the letter.
_WORD = re.compile(rf"[{UNSPACED_SCRIPTS}]|[^\W{UNSPACED_SCRIPTS}]+")


def split_words(text: str) -> list[str]:
    """Return the words that are compared.

    >>> split_words("The  Mayor’s post – said")
    ['the', 'mayor', 's', 'post', 'said']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def hash_runs(text: str) -> RunHashes:
    """Return the hashes of all runs of five words, sorted, each once; of all words where there are
    fewer.
    """
    found = split_words(text)
    hashed = np.fromiter(
        map(xxhash.xxh3_64_intdigest, map(str.encode, found)), np.uint64, len(found)
    )
    if not found:
        return hashed
    size = min(RUN_LENGTH, len(found))
    windows = np.lib.stride_tricks.sliding_window_view(hashed, size)
    return np.unique(_mix_bits((windows * _polynomial_weights(size)).sum(axis=1, dtype=np.uint64)))


def hash_bands(text_runs: RunHashes) -> list[int]:
    """Return a key for each band, a signed 64-bit integer; texts that share a key probably resemble
    each other.
    """
    if not len(text_runs):
        return []
    halves = (text_runs >> np.uint64(32)).astype(
        np.uint32
    )  # 32 bits are enough here, and ten times as fast
    minima = np.full(BANDS * ROWS, np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, len(halves), _RUNS_PER_BLOCK):
        part = halves[start : start + _RUNS_PER_BLOCK, None]
        np.minimum(minima, (part * _FACTORS + _OFFSETS).min(axis=0), out=minima)
    return [
        int.from_bytes(xxhash.xxh3_64_digest(row.tobytes(), seed=band), "big", signed=True)
        for band, row in enumerate(minima.astype("<u4").reshape(BANDS, ROWS))
    ]


def resemblance(one: RunHashes, other: RunHashes) -> float:
    """Return the share of runs that both have, 0 to 1 (Jaccard).

    >>> resemblance(hash_runs("a b c d e f g h"), hash_runs("A, b: c d e f g h"))
    1.0
    """
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / max(1, len(one) + len(other) - shared)


def are_copies(one: RunHashes, other: RunHashes) -> bool:
    """Return whether two texts resemble each other so much that they get the same split."""
    return resemblance(one, other) >= COPY_THRESHOLD


def _polynomial_weights(size: int) -> RunHashes:
    return np.cumprod(
        np.array([1, *repeat(0x9E3779B97F4A7C15, size - 1)], np.uint64), dtype=np.uint64
    )


def _mix_bits(values: RunHashes) -> RunHashes:
    # Without this the sums of neighbouring runs would stay in step under every permutation.
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    return values ^ (values >> np.uint64(33))


def _draw_constants(seed: int) -> NDArray[np.uint32]:
    numbers = (xxhash.xxh32_intdigest(str(n).encode(), seed=seed) for n in range(BANDS * ROWS))
    return np.fromiter(numbers, np.uint32, BANDS * ROWS)


_FACTORS = _draw_constants(1) | np.uint32(1)
_OFFSETS = _draw_constants(2)
