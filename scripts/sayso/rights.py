"""Which texts a dataset may carry: one setting, ``texts``, over the licence of each article.

| ``texts`` | what the dataset holds |
|---|---|
| ``all`` (default) | every text; it may not be published while a licence does not allow that |
| ``licensed`` | the texts whose licence lets anybody pass them on; of the rest everything but their words |
| ``none`` | no text at all |

A licence is an SPDX identifier. One that is unknown allows nothing.
"""

from __future__ import annotations

import re
from typing import Literal, cast

from sayso.errors import UsageError
from sayso.settings import Instance

Texts = Literal["all", "licensed", "none"]
_CHOICES = ("all", "licensed", "none")
_PASSED_ON = re.compile(
    r"CC0-1\.0|CC-PDDC|CC-BY(-(SA|NC|ND|NC-SA|NC-ND))?-\d\.\d(-[A-Z]+)?|PDDL-1\.0|ODC-By-1\.0|ODbL-1\.0|OGL-.+|"
    r"NLOD-\d\.\d|Etalab-2\.0|FDL.*|GFDL-.+|Apache-2\.0|MIT|BSD-.+|Unlicense"
)


def chosen(instance: Instance) -> Texts:
    """What the setting says.

    Raises:
        UsageError: it is none of the three.
    """
    setting = instance.setting("texts")
    if setting is None:
        return "all"
    if setting.value not in _CHOICES:
        raise UsageError(f"texts is {setting.value!r}", where=setting.source, remedy="choose all, licensed or none")
    return cast("Texts", setting.value)


def may_be_passed_on(license: str) -> bool:
    """Whether a licence lets anybody pass the text on, be it under conditions.

    >>> may_be_passed_on("CC-BY-4.0"), may_be_passed_on("unknown"), may_be_passed_on("LicenseRef-press")
    (True, False, False)
    """
    return bool(_PASSED_ON.fullmatch(license))


def withheld(license: str, texts: Texts) -> bool:
    """Whether the dataset goes without the text of an article with this licence.

    >>> withheld("unknown", "licensed"), withheld("CC0-1.0", "licensed"), withheld("unknown", "all")
    (True, False, False)
    """
    return texts == "none" or (texts == "licensed" and not may_be_passed_on(license))
