"""Rights that one row of a batch tells of and nothing else does: the bulk of a first import."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence

from app.domain.asset import AssetKind, regime_of
from app.domain.asset_sign import sign_key
from app.domain.identifiers import new_ids
from app.domain.imports import RightRow
from app.services.imports.parties import Directory
from app.services.imports.register import NumberKey, Rights
from app.services.imports.work import Work


class Newcomers:
    """Which rows of a batch tell of a right that is neither stored nor told of by another of its rows.

    Such a right is what `Rights.enter` would make of the row; since nothing in the batch can change it, its
    rows are made at once in the order of `work.COLUMNS`.
    """

    def __init__(
        self, work: Work, rights: Rights, directory: Directory, keys: Sequence[Sequence[NumberKey]]
    ) -> None:
        self._work = work
        self._directory = directory
        self._known = rights.by_number
        self._ids: list[uuid.UUID] = []
        self._told = Counter(key for several in keys for key in several)

    def has(self, keys: Sequence[NumberKey]) -> bool:
        """Whether the right with these numbers is one."""
        told, known = self._told, self._known
        return not any(told[key] > 1 or key in known for key in keys)

    def _new_id(self) -> uuid.UUID:
        if not self._ids:
            self._ids = new_ids(_IDS)
            self._ids.reverse()
        return self._ids.pop()

    def enter(self, row: RightRow) -> uuid.UUID:
        """The right with its numbers, classes, first status and owners."""
        work, new, entry = self._work, row.new, row.entry
        rows, event_id, now = work.rows, work.event_id, work.moment.now
        new_id = self._new_id
        right_id = new_id()
        office, kind = new.office, new.kind
        status, source = new.status.value, new.status_source
        sign = sign_key(new.name) if kind is AssetKind.trademark else None
        rows["assets"].append(
            (
                *(right_id, office, kind, regime_of(office), 1, entry.patent_type, None, False, True),
                *(entry.numbers.quoted, source, new.name, sign, entry.ipc),
                *(new.filed_on, new.granted_on, new.registered_on, row.last_day_in_force, status),
                *(event_id, now),
            )
        )
        identifiers = rows["asset_identifiers"]
        for number in entry.numbers.numbers:
            identifiers.append((new_id(), right_id, office, kind, number.scheme, number.value, number.key))
        for given in entry.classes:
            rows["asset_classes"].append((new_id(), right_id, given.nice_class, given.goods))
        rows["asset_status_changes"].append(
            (new_id(), right_id, status, new.status_since, source, event_id, now)
        )
        find = self._directory.party
        owners = [find(name, row.owner_kind, row.owner_country) for name in row.owners]
        titles = rows["titles"]
        for ordinal, party_id in enumerate(dict.fromkeys(owners) or (None,), start=1):
            titles.append((new_id(), right_id, party_id, None, ordinal, *_OPEN, event_id, now))
        return right_id


_IDS = 1_000
_OPEN = (None, None, None, None, None)
"""A title that no document tells the beginning of, and that lasts."""
