"""Rights as a batch finds them in the register, and as it changes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.asset import NUMBER_TAKEN, AssetKind, NumberScheme, regime_of
from app.domain.asset_number import Number
from app.domain.asset_sign import sign_key
from app.queries.driver import driver
from app.services.imports.work import Record, Work

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

NumberKey = tuple[str, str, str, str]
"""Office, kind, scheme and key of a number."""

MANY_NUMBERS = frozenset({NumberScheme.publication})
"""A right is published more than once; its other numbers it has once."""

_FIND = """
SELECT DISTINCT i.asset_id FROM asset_identifiers i
JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(office, kind, scheme, key)
  ON i.key = k.key AND i.office = k.office AND i.kind = k.kind AND i.scheme = k.scheme
"""
_LOCK = """
SELECT id, office, kind, regime, number, name, sign_key, ipc, filed_on, granted_on, registered_on,
       last_day_in_force, status, status_source,
       (SELECT max(c.effective_on) FROM asset_status_changes c WHERE c.asset_id = assets.id) AS status_on
FROM assets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
"""
_NUMBERS = "SELECT asset_id, office, kind, scheme, key FROM asset_identifiers WHERE asset_id = ANY($1)"
_CLASSES = "SELECT asset_id, nice_class FROM asset_classes WHERE asset_id = ANY($1)"
_TITLES = """
SELECT t.asset_id, t.id, t.party_id, t.share_ppm, t.recordal_id, t.acquired_on, t.ceased_on, t.ordinal,
       p.name, t.ceased_at IS NULL AS live
FROM titles t LEFT JOIN parties p ON p.id = t.party_id
WHERE t.asset_id = ANY($1) AND t.superseded_at IS NULL AND (t.ceased_at IS NULL OR t.ceased_on IS NOT NULL)
ORDER BY t.ordinal, t.id
"""
_TITLE_COLUMNS = (
    "asset_id",
    "party_id",
    "share_ppm",
    "ordinal",
    "acquired_on",
    "ceased_on",
    "recordal_id",
)
COLUMNS = (
    "number",
    "status_source",
    "name",
    "sign_key",
    "ipc",
    "filed_on",
    "granted_on",
    "registered_on",
    "last_day_in_force",
    "status",
)

_BLANK = dict.fromkeys(("patent_type", "status_as_of", *COLUMNS)) | {
    "invalidation_pending": False,
    "imported": True,
}


@dataclass(slots=True)
class KnownRight:
    """A right as it stands in the register, or as this batch has entered it (`new`).

    `status_on`: the latest day on which one of its statuses took effect. `titles` are the live ones; `past`
    those that ended on a known day.
    """

    record: Record
    new: bool
    status_on: date | None = None
    numbers: dict[str, set[str]] = field(default_factory=dict)
    classes: set[int] = field(default_factory=set)
    titles: list[Record] = field(default_factory=list)
    past: list[Record] = field(default_factory=list)

    @property
    def id(self) -> uuid.UUID:
        """Its key."""
        found: uuid.UUID = self.record["id"]
        return found

    def revise(self, work: Work, values: Record) -> None:
        """Change what is stored of it; the sign of a mark follows its name."""
        self.record.update(values)
        if "name" in values and self.record["kind"] == AssetKind.trademark:
            self.record["sign_key"] = sign_key(values["name"])
        if not self.new:
            work.update("assets", self.id, {name: self.record[name] for name in COLUMNS})


class Rights:
    """The rights that a batch concerns, found by their numbers, locked in the order of their ids."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.by_id: dict[uuid.UUID, KnownRight] = {}
        self.by_number: dict[NumberKey, KnownRight] = {}

    @classmethod
    async def load(cls, session: AsyncSession, work: Work, keys: Iterable[NumberKey]) -> Rights:
        """The rights that bear one of these numbers."""
        connection = await driver(session)
        asked = list(set(keys))
        columns = [list(column) for column in zip(*asked, strict=True)] or [[], [], [], []]
        found = [row["asset_id"] for row in await connection.fetch(_FIND, *columns)]
        rights = cls(work)
        for row in await connection.fetch(_LOCK, found):
            rights.by_id[row["id"]] = KnownRight(dict(row), new=False, status_on=row["status_on"])
        for row in await connection.fetch(_NUMBERS, found):
            right = rights.by_id[row["asset_id"]]
            rights.by_number[row["office"], row["kind"], row["scheme"], row["key"]] = right
            right.numbers.setdefault(row["scheme"], set()).add(row["key"])
        for row in await connection.fetch(_CLASSES, found):
            rights.by_id[row["asset_id"]].classes.add(row["nice_class"])
        for row in await connection.fetch(_TITLES, found):
            right = rights.by_id[row["asset_id"]]
            (right.titles if row["live"] else right.past).append(dict(row))
        return rights

    def find(self, office: str, kind: str, numbers: Sequence[Number]) -> KnownRight | None:
        """The right these numbers belong to. Raises `asset.number_taken` when they belong to several."""
        found = {
            right.id: right
            for number in numbers
            if (right := self.by_number.get((office, kind, number.scheme, number.key))) is not None
        }
        right = next(iter(found.values()), None)
        for number in numbers:
            bearer = self.by_number.get((office, kind, number.scheme, number.key))
            others = right.numbers.get(number.scheme, set()) - {number.key} if right else set()
            if bearer not in (None, right) or (others and number.scheme not in MANY_NUMBERS):
                raise NUMBER_TAKEN.error(f"/{number.scheme}", value=number.value)
        return right

    def find_all(self, office: str, asked: Iterable[tuple[str, Sequence[Number]]]) -> list[KnownRight]:
        """The known ones of the rights that one document names, each by its kind and numbers.

        Raises `asset.number_taken` where they contradict the register or each other: a number of two
        rights, or two numbers of a scheme that a right has once.
        """
        known: list[KnownRight] = []
        bearers: dict[tuple[str, str, str], object] = {}
        borne: dict[tuple[object, str], str] = {}
        for kind, numbers in asked:
            right = self.find(office, kind, numbers)
            if right is not None:
                known.append(right)
            keys = [(kind, number.scheme.value, number.key) for number in numbers]
            earlier = [bearers[key] for key in keys if key in bearers]
            bearer: object = right.id if right else earlier[0] if earlier else object()
            for number, key in zip(numbers, keys, strict=True):
                other = borne.setdefault((bearer, number.scheme.value), number.key)
                once = number.scheme not in MANY_NUMBERS
                if bearers.setdefault(key, bearer) != bearer or (once and other != number.key):
                    raise NUMBER_TAKEN.error(f"/{number.scheme}", value=number.value)
        return known

    def enter(self, *, office: str, kind: str, numbers: Sequence[Number], **values: Any) -> KnownRight:
        """A new right with its numbers and its first status; its titles are the caller's."""
        effective_on = values.pop("status_since", None)
        record = self._work.known(
            "assets", office=office, kind=kind, regime=regime_of(office), version=1, **_BLANK
        )
        record.update(values)
        if kind == AssetKind.trademark:
            record["sign_key"] = sign_key(record["name"])
        right = self.by_id[record["id"]] = KnownRight(record, new=True)
        self.add_numbers(right, numbers)
        self.add_status(right, effective_on)
        return right

    def add_numbers(self, right: KnownRight, numbers: Iterable[Number]) -> bool:
        """Numbers a right is not yet known by; whether there were any."""
        office, kind = right.record["office"], right.record["kind"]
        added = False
        for number in numbers:
            if number.key in right.numbers.get(number.scheme, set()):
                continue
            self._work.insert(
                "asset_identifiers",
                asset_id=right.id,
                office=office,
                kind=kind,
                scheme=number.scheme,
                value=number.value,
                key=number.key,
            )
            right.numbers.setdefault(number.scheme, set()).add(number.key)
            self.by_number[office, kind, number.scheme, number.key] = right
            added = True
        return added

    def add_class(self, right: KnownRight, nice_class: int, goods: str | None) -> None:
        """A further Nice class of a mark."""
        self._work.insert("asset_classes", asset_id=right.id, nice_class=nice_class, goods=goods)
        right.classes.add(nice_class)

    def add_status(self, right: KnownRight, effective_on: date | None) -> None:
        """The right's status, with the day it took effect, as part of its history."""
        right.status_on = max(filter(None, (right.status_on, effective_on)), default=None)
        self._work.known(
            "asset_status_changes",
            asset_id=right.id,
            status=right.record["status"],
            effective_on=effective_on,
            source=right.record["status_source"],
        )

    def add_title(
        self,
        right: KnownRight,
        party_id: uuid.UUID | None,
        ordinal: int = 1,
        *,
        acquired_on: object = None,
        recordal_id: uuid.UUID | None = None,
    ) -> Record:
        """A live title, undivided; `party_id` None: the owner is unrecorded."""
        record = self._work.known(
            "titles",
            asset_id=right.id,
            party_id=party_id,
            share_ppm=None,
            ordinal=ordinal,
            acquired_on=acquired_on,
            ceased_on=None,
            recordal_id=recordal_id,
            ceased_event_id=None,
            ceased_at=None,
        )
        right.titles.append(record)
        return record

    def end_titles(self, right: KnownRight, ceased_on: object) -> None:
        """All live titles of a right end."""
        work = self._work
        end = {"ceased_on": ceased_on, "ceased_at": work.moment.now, "ceased_event_id": work.event_id}
        for title in right.titles:
            if _of_this_batch(title):
                title.update(end)
            else:
                work.update("titles", title["id"], end)
                title["ceased_on"] = ceased_on
            if ceased_on is not None:
                right.past.append(title)
        right.titles = []

    def revise_title(self, right: KnownRight, title: Record, **news: object) -> None:
        """A title of which more becomes known: when it began or ended, and by which document.

        What the register knew of it until now stays readable: the stored row is superseded by another.
        One that is live goes on.
        """
        if _of_this_batch(title):
            title.update(news)
            return
        work = self._work
        now, event_id = work.moment.now, work.event_id
        kept = right.titles if title in right.titles else right.past
        ended = {"ceased_at": now, "ceased_event_id": event_id}
        if kept is right.titles:
            work.update("titles", title["id"], {"ceased_on": None, **ended})
        work.update("title_superseded", title["id"], {"superseded_at": now, "superseded_event_id": event_id})
        same = {name: title[name] for name in _TITLE_COLUMNS}
        if kept is right.titles:
            ended = dict.fromkeys(ended)
        kept[kept.index(title)] = work.known("titles", **same | news, **ended)


def _of_this_batch(title: Record) -> bool:
    """Whether a title is not stored yet, so that it can still be changed."""
    return "event_id" in title


def number_keys(office: str, kind: str, numbers: Iterable[Number]) -> list[NumberKey]:
    """How the numbers are looked up."""
    return [(office, str(kind), str(number.scheme), number.key) for number in numbers]
