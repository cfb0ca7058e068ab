"""Holding a list against the register: two reads at most, and one judgment per row."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.reconciliation import DifferenceKind, Subject, known_until
from app.domain.reconciliation_difference import Difference, of_liens, of_right
from app.domain.reconciliation_row import ListedLien, ListedRight
from app.queries import reconciliation_states as states
from app.queries.reconciliation_states import Place, Question
from app.services.reconciliations.lists import KINDS, OfficialList

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


async def compare(
    session: AsyncSession,
    listed: OfficialList,
    *,
    subject: Subject,
    list_as_of: date,
    complete_for: Collection[uuid.UUID],
    only: uuid.UUID | None = None,
) -> list[Difference]:
    """Every difference between a list and the register, in the order of the list, what it lacks last.

    What the list lacks is `extra`: liens on rights it names; and of the parties `complete_for` every right
    they own that has not ended, or every lien on what they own (`only`: on this right). Of a right whose
    row was refused nothing is said to be lacking.
    """
    question = Question(
        places=listed.named,
        owner_ids=list(complete_for),
        kinds=KINDS[subject],
        on=list_as_of,
        known_at=known_until(list_as_of),
        only=only,
    )
    if subject is Subject.liens:
        return await _liens(session, listed, question)
    found = await states.rights(session, question)
    differences: list[Difference] = []
    for row in listed.rights:
        asset_id = found.named.get((row.kind, row.office, row.number.key))
        differences += of_right(row, found.rights[asset_id] if asset_id else None)
    named = set(found.named.values())
    extra = [right for key, right in found.rights.items() if key in found.owned - named]
    differences += [
        Difference(DifferenceKind.extra, right.number, registered=right.status, asset_id=right.asset_id)
        for right in sorted(extra, key=lambda right: right.number)
    ]
    return differences


async def _liens(session: AsyncSession, listed: OfficialList, question: Question) -> list[Difference]:
    named, liens = await states.liens(session, question)
    # Two numbers may be of one right, whose rows are then judged together.
    by_right: dict[uuid.UUID | Place, list[ListedLien]] = {key: [] for key in liens}
    for row in listed.liens:
        place = (row.kind, row.office, row.number.key)
        by_right.setdefault(named.get(place, place), []).append(row)
    unread = {named.get(place) for place in listed.unread}
    differences: list[Difference] = []
    for key, rows in by_right.items():
        asset_id = key if isinstance(key, uuid.UUID) else None
        found = of_liens(rows, liens[asset_id] if asset_id else [], asset_id, question.on)
        differences += [one for one in found if one.line is not None or asset_id not in unread]
    return sorted(differences, key=lambda one: (one.line is None, one.line or 0, one.number))


def narrowed(listed: OfficialList, places: Collection[Place]) -> OfficialList:
    """What the list says of the rights of these places."""
    return replace(
        listed,
        rights=[row for row in listed.rights if (row.kind, row.office, row.number.key) in places],
        liens=[row for row in listed.liens if (row.kind, row.office, row.number.key) in places],
        named=[place for place in listed.named if place in places],
        unread=listed.unread & set(places),
    )


def place_at(listed: OfficialList, line: int) -> Place | None:
    """Which right a line of the list names."""
    rows: list[ListedRight | ListedLien] = [*listed.rights, *listed.liens]
    return next(((row.kind, row.office, row.number.key) for row in rows if row.line == line), None)
