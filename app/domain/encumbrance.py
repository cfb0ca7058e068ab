"""Encumbrances (权利负担): what anybody may learn of what ties a right up, today or on a day past (PLG-11).

Kind, rank and days are for everybody; who lends, and on what terms, for those concerned alone.
"""

from __future__ import annotations

from datetime import date

from app.domain.errors import ErrorKind, Violation, define
from app.domain.hold import LICENCE_KINDS, STAY_KINDS, HoldKind

SEARCHED_KINDS = LICENCE_KINDS | STAY_KINDS | {HoldKind.lien, HoldKind.reservation}
"""What a search tells of; of reservations only those of banks, offers on the market not at all."""

VOID = frozenset({"pledge.revoked"})
"""Ends that undo what ended from its beginning: the registration was revoked (PL-08)."""

ONE_SUBJECT = define(
    "encumbrance.one_subject",
    ErrorKind.invalid,
    "须且仅须指明一项查询对象：权利（asset_id 或 number）或者权利人（party_id 或 uscc）",
    "Say whose or which right is searched, in one way: asset_id, number, party_id or uscc.",
)
DAY_OR_WINDOW = define(
    "encumbrance.day_or_window",
    ErrorKind.invalid,
    "at 不与 include=discharged、from、to 同时使用；from、to 须与 include=discharged 同时使用",
    "`at` asks for one day; `from` and `to` go with include=discharged, and not with `at`.",
)
WINDOW_INVALID = define(
    "encumbrance.window_invalid",
    ErrorKind.invalid,
    "查询期间无效：终止日早于起始日",
    "The window ends before it begins.",
)


def faults(
    *, subjects: int, at: date | None, first: date | None, last: date | None, discharged: bool
) -> list[Violation]:
    """What is wrong with a search. `subjects`: in how many ways it says what is searched."""
    found: list[Violation] = []
    if subjects != 1:
        found.append(ONE_SUBJECT.violation())
    windowed = first is not None or last is not None
    if (at is not None and (discharged or windowed)) or (windowed and not discharged):
        found.append(DAY_OR_WINDOW.violation("query:at" if at is not None else "query:include"))
    if first is not None and last is not None and last < first:
        found.append(WINDOW_INVALID.violation("query:to"))
    return found
