"""Patents and trademarks: entered with numbers, classes and owners, or revised by a later publication."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import PENDING, AssetStatus
from app.domain.asset_sign import NO_WORDS
from app.domain.errors import DomainError
from app.domain.imports import RightRow
from app.services.imports.newcomers import Newcomers
from app.services.imports.parties import Directory
from app.services.imports.register import KnownRight, Rights, number_keys
from app.services.imports.work import Change, Entry, Outcome, Record, Work

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def plan(session: AsyncSession, work: Work, entries: Sequence[Entry[RightRow]]) -> None:
    """Enter the rights that are new and revise those that are known.

    Two publications of one application are one right (ID-07): see `_revise`. Refuses, row by row:
    `asset.number_taken`.
    """
    rows = [entry.row for entry in entries]
    keys = [number_keys(row.new.office, row.new.kind, row.entry.numbers.numbers) for row in rows]
    rights = await Rights.load(session, work, [key for several in keys for key in several])
    names = [(name, row.owner_kind) for row in rows for name in row.owners]
    directory = await Directory.load(session, work, names)
    newcomers = Newcomers(work, rights, directory, keys)
    for entry, own_keys in zip(entries, keys, strict=True):
        row = entry.row
        if newcomers.has(own_keys):
            work.outcomes.append(Outcome(entry.raws, "asset", newcomers.enter(row), Change.created))
            continue
        try:
            right = rights.find(row.new.office, row.new.kind, row.entry.numbers.numbers)
        except DomainError as refused:
            work.refusals.append((entry.raws, refused))
            continue
        if right is None:
            right, change = _enter(rights, directory, row), Change.created
        else:
            change = _revise(work, rights, directory, right, row)
        work.outcomes.append(Outcome(entry.raws, "asset", right.id, change))


def _stated(row: RightRow) -> Record:
    new = row.new
    return {
        "name": new.name,
        "ipc": row.entry.ipc,
        "filed_on": new.filed_on,
        "granted_on": new.granted_on,
        "registered_on": new.registered_on,
        "last_day_in_force": row.last_day_in_force,
        "status": new.status.value,
    }


def _enter(rights: Rights, directory: Directory, row: RightRow) -> KnownRight:
    new = row.new
    right = rights.enter(
        office=new.office,
        kind=new.kind,
        numbers=row.entry.numbers.numbers,
        number=row.entry.numbers.quoted,
        patent_type=row.entry.patent_type,
        status_source=new.status_source,
        status_since=new.status_since,
        **_stated(row),
    )
    _add_classes(rights, right, row)
    _add_owners(rights, directory, right, row)
    return right


def _add_classes(rights: Rights, right: KnownRight, row: RightRow) -> bool:
    added = [given for given in row.entry.classes if given.nice_class not in right.classes]
    for given in added:
        rights.add_class(right, given.nice_class, given.goods)
    return bool(added)


def _add_owners(rights: Rights, directory: Directory, right: KnownRight, row: RightRow) -> None:
    parties = [directory.party(name, row.owner_kind, row.owner_country) for name in row.owners]
    for ordinal, party_id in enumerate(dict.fromkeys(parties) or [None], start=1):
        rights.add_title(right, party_id, ordinal)


def _weight(status: str) -> int:
    """Later publications tell later statuses: nothing, pending, anything that follows."""
    if status == AssetStatus.unknown:
        return 0
    return 1 if AssetStatus(status) in PENDING else 2


def _revise(work: Work, rights: Rights, directory: Directory, right: KnownRight, row: RightRow) -> Change:
    """What a row says otherwise of a known right.

    A blank cell says nothing. An earlier publication (its status would fall back, as an application's after
    the grant) only fills what is not known. Owners are taken where none is recorded; where the row names
    others the register, which follows recorded transfers, stays, and the difference is noted.
    """
    earlier = _weight(row.new.status) < _weight(right.record["status"])
    news = {
        name: value
        for name, value in _stated(row).items()
        if value not in (None, NO_WORDS, right.record[name]) and not (earlier and right.record[name])
    }
    number = right.record["number"]
    for name, value in news.items():
        work.differs("asset", number, name, right.record[name], value)
    if news:
        right.revise(work, {**news, "status_source": row.new.status_source})
    if "status" in news:
        rights.add_status(right, _status_day(work, right, row.new.status_since))
    added = [
        rights.add_numbers(right, row.entry.numbers.numbers),
        _add_classes(rights, right, row),
        _revise_owners(work, rights, directory, right, row),
    ]
    if any(added) and not news:
        right.revise(work, {})
    return Change.changed if news or any(added) else Change.confirmed


def _status_day(work: Work, right: KnownRight, told: date | None) -> date:
    """Since when a right is said to be in another status; today where the file does not tell.

    Nor does it where the day is earlier than that of the status it is said not to be in any more.
    """
    return work.moment.today if told is None or told < (right.status_on or told) else told


def _revise_owners(
    work: Work, rights: Rights, directory: Directory, right: KnownRight, row: RightRow
) -> bool:
    live = right.titles
    if not row.owners:
        return False
    if [title["party_id"] for title in live] == [None] and live[0]["recordal_id"] is None:
        rights.end_titles(right, None)
        _add_owners(rights, directory, right, row)
        return True
    owners = {title["party_id"] for title in live}
    named = {directory.find(name, row.owner_kind) for name in row.owners}
    if owners != named:
        work.differs("asset", right.record["number"], "owners", sorted(map(str, owners)), list(row.owners))
        work.counts["owners_differ"] += 1
    return False
