"""Text as people type it, brought to one form before it is checked, stored or compared."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_JOINERS = {"\u200c", "\u200d"}
"""Zero-width (non-)joiners: invisible, but part of the spelling in several scripts."""

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")


def _visible(char: str) -> bool:
    return char.isspace() or char in _JOINERS or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}


def normalise(text: str) -> str:
    """`text` with full-width forms made half-width (NFKC), ends trimmed, inner white space one blank.

    Control and invisible format characters, which arrive by copy and paste and which PostgreSQL
    may refuse (NUL), are dropped. Where nothing is left to be seen the result is empty.
    """
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if folded.isprintable():  # nothing to drop: no control, format or surrogate character, no joiner
        return " ".join(folded.split())
    kept = " ".join("".join(filter(_visible, folded)).split())
    return kept if set(kept) - _JOINERS - {" "} else ""


def compact(text: str) -> str:
    """`text` as the body of an identifier: `normalise`d, no blanks at all, upper case, plain hyphens."""
    found = normalise(text).replace(" ", "")
    return (found if found.isascii() else found.translate(_DASHES)).upper()


@lru_cache(maxsize=65_536)
def name_key(text: str) -> str:
    """The key under which two spellings of one party name are the same name.

    Case, width, white space and punctuation do not count: `Sample Motors, Inc.` and
    `SAMPLE MOTORS INC` share a key, as do `示例（天津）公司` and `示例(天津)公司`. Letters, digits and
    symbols such as `+` do. A name of punctuation only keeps it, so that it never equals another.
    """
    folded = unicodedata.normalize("NFKC", normalise(text).casefold())
    key = "".join(char for char in folded if unicodedata.category(char)[0] not in "PZC")
    return key or folded
