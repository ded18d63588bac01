"""The texts that a dataset may carry: one setting, ``texts``, and the licence of each article.

| ``texts`` | the dataset holds |
|---|---|
| ``all`` (default) | every text; it cannot be published while a licence does not allow it |
| ``licensed`` | the texts whose licence allows redistribution; of the others no words |
| ``none`` | no text at all |

A licence is an SPDX identifier. An unknown one allows nothing.
"""

from __future__ import annotations

import re
from typing import Literal, cast

from sayso.errors import UsageError
from sayso.settings import Checkout

TextPolicy = Literal["all", "licensed", "none"]
_TEXT_POLICIES = ("all", "licensed", "none")
_REDISTRIBUTABLE = re.compile(
    r"CC0-1\.0|CC-PDDC|CC-BY(-(SA|NC|ND|NC-SA|NC-ND))?-\d\.\d(-[A-Z]+)?|PDDL-1\.0|ODC-By-1\.0|ODbL-1\.0|OGL-.+|"
    r"NLOD-\d\.\d|Etalab-2\.0|FDL.*|GFDL-.+|Apache-2\.0|MIT|BSD-.+|Unlicense"
)


def read_text_policy(checkout: Checkout) -> TextPolicy:
    """Return the setting ``texts``.

    Raises:
        UsageError: it is none of the three values.
    """
    setting = checkout.find_setting("texts")
    if setting is None:
        return "all"
    if setting.value not in _TEXT_POLICIES:
        raise UsageError(
            f"texts is {setting.value!r}",
            where=setting.source,
            remedy="choose all, licensed or none",
        )
    return cast("TextPolicy", setting.value)


def allows_redistribution(license: str) -> bool:
    """Return whether a licence allows redistribution of the text, be it under conditions.

    >>> [allows_redistribution(each) for each in ("CC-BY-4.0", "unknown", "LicenseRef-press")]
    [True, False, False]
    """
    return bool(_REDISTRIBUTABLE.fullmatch(license))


def withholds_text(license: str, texts: TextPolicy) -> bool:
    """Return whether the dataset leaves out the text of an article with this licence.

    >>> withholds_text("unknown", "licensed"), withholds_text("CC0-1.0", "licensed")
    (True, False)
    >>> withholds_text("unknown", "all")
    False
    """
    return texts == "none" or (texts == "licensed" and not allows_redistribution(license))
