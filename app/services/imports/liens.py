"""Pledges of recorded documents: liens in the order of registration, their releases and assignments."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import Regime
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.identifiers import business_number
from app.domain.pledge import ALREADY_PLEDGED, PLEDGE, PledgeEvent, PledgeStatus
from app.domain.recordal_row import RecordalRow, secured_key
from app.queries.driver import driver
from app.services import rule_packs
from app.services.imports.register import KnownRight
from app.services.imports.work import Record, Work

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

CURRENCIES = {"US": "USD", "CN": "CNY", "EM": "EUR", "NZ": "NZD"}
NO_CURRENCY = "XXX"
"""ISO 4217: no currency is known."""

NOTICE_PACK = "notice"
ENDED = "pledge.deregistered"

_LIENS = """
SELECT h.asset_id, h.id, h.rank, h.placed_on, h.ended_at IS NULL AS live, h.source_id, p.imported
FROM holds h LEFT JOIN pledges p ON h.source_noun = 'pledge' AND p.id = h.source_id
WHERE h.kind = 'lien' AND h.asset_id = ANY($1)
"""
_PLEDGES = """
SELECT p.id, p.status, p.pledgee_id, p.ended_on, r.office, r.reference, r.stated_rank, y.name AS pledgee,
       ARRAY(SELECT z.name FROM recordal_parties s JOIN parties z ON z.id = s.party_id
             WHERE s.recordal_id = r.id AND s.role = 'assignee') AS secured
FROM pledges p JOIN recordals r ON r.id = p.recordal_id LEFT JOIN parties y ON y.id = p.pledgee_id
WHERE p.imported AND p.id = ANY($1)
ORDER BY p.id FOR NO KEY UPDATE OF p
"""
_ITEMS = "SELECT id, pledge_id, hold_id, status FROM pledge_items WHERE pledge_id = ANY($1)"
_NUMBERS = "SELECT nextval('pledge_numbers') AS serial FROM generate_series(1, $1::int)"


def _rule_pack(regime: str, registered_on: date) -> str:
    """The rules a recorded pledge was registered under: the national ones of its day, or a registry's."""
    return rule_packs.packs().national(registered_on).pack.code if regime == Regime.cn else NOTICE_PACK


@dataclass(slots=True)
class KnownPledge:
    """An imported pledge. `keys`: by which names its secured parties are recognised."""

    record: Record
    new: bool
    office: str
    reference: str | None
    stated_rank: str | None
    keys: set[str]
    items: dict[uuid.UUID, Record] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lien:
    """A live lien; `pledge` is None for one that was not imported and that no import ends."""

    hold: Record
    rank: int
    placed_on: date | None
    pledge: KnownPledge | None


class Liens:
    """The liens on the rights that a batch concerns."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._serials: list[int] = []
        self._live: dict[uuid.UUID, list[Lien]] = {}
        self._ever: dict[uuid.UUID, int] = {}
        self._newest: dict[uuid.UUID, date] = {}

    @classmethod
    async def load(
        cls, session: AsyncSession, work: Work, rights: Iterable[uuid.UUID], new_pledges: int
    ) -> Liens:
        """What ties up these rights; `new_pledges` is for how many pledges numbers are drawn."""
        connection = await driver(session)
        liens = cls(work)
        holds = await connection.fetch(_LIENS, list(rights))
        sources = sorted({row["source_id"] for row in holds if row["live"] and row["imported"]})
        pledges: dict[uuid.UUID, KnownPledge] = {}
        for row in await connection.fetch(_PLEDGES, sources):
            names = [*row["secured"], *([row["pledgee"]] if row["pledgee"] else [])]
            record = {name: row[name] for name in ("id", "status", "ended_on", "pledgee_id")}
            keys = {secured_key(name) for name in names}
            pledges[row["id"]] = KnownPledge(
                record, False, row["office"], row["reference"], row["stated_rank"], keys
            )
        for row in await connection.fetch(_ITEMS, sources):
            pledges[row["pledge_id"]].items[row["hold_id"]] = {"id": row["id"], "status": row["status"]}
        for row in holds:
            asset_id = row["asset_id"]
            liens._count(asset_id, row["placed_on"])
            if row["live"]:
                pledge = pledges.get(row["source_id"])
                liens._add(asset_id, Lien({"id": row["id"]}, row["rank"], row["placed_on"], pledge))
        if new_pledges:
            liens._serials = [row["serial"] for row in await connection.fetch(_NUMBERS, new_pledges)]
        return liens

    def _count(self, asset_id: uuid.UUID, placed_on: date | None) -> None:
        self._ever[asset_id] = self._ever.get(asset_id, 0) + 1
        if placed_on is not None:
            self._newest[asset_id] = max(placed_on, self._newest.get(asset_id, placed_on))

    def _add(self, asset_id: uuid.UUID, lien: Lien) -> None:
        """Live liens are in the order of their days, those of one day in the order of their ranks."""
        live = self._live.setdefault(asset_id, [])
        live.append(lien)
        live.sort(key=lambda one: (one.placed_on or date.max, one.rank))

    def check(self, rights: Iterable[KnownRight]) -> None:
        """A CN right carries one live lien. Raises: `pledge.already_pledged`."""
        for right in rights:
            if right.record["regime"] == Regime.cn and self._live.get(right.id):
                raise ALREADY_PLEDGED.error("/application_numbers", number=right.record["number"])

    def place(
        self,
        row: RecordalRow,
        rights: Sequence[KnownRight],
        *,
        recordal_id: uuid.UUID,
        pledgors: Sequence[uuid.UUID],
        pledgees: Sequence[uuid.UUID],
    ) -> Record:
        """A pledge over these rights: on each the next lien in the order of registration (PL-24)."""
        regime = str(rights[0].record["regime"])
        record = self._work.known(
            "pledges",
            district_code=OUTSIDE_EVERY_PLAN,
            number=business_number("PL", OUTSIDE_EVERY_PLAN, row.effective_on.year, self._serials.pop(0)),
            regime=regime,
            organisation_id=None,
            pledgee_id=next(iter(pledgees), None),
            borrower_id=next(iter(pledgors), None),
            pool_id=None,
            recordal_id=recordal_id,
            principal_fen=row.amount_fen,
            currency="CNY" if row.amount_fen else CURRENCIES.get(row.office, NO_CURRENCY),
            debt_from=None,
            debt_to=None,
            contract={},
            acknowledgements=[],
            rule_pack=_rule_pack(regime, row.effective_on),
            status=PledgeStatus.registered,
            filed_on=row.recorded_on,
            registered_on=row.effective_on,
            mixed_on=None,
            ended_on=None,
            imported=True,
            version=1,
        )
        keys = {secured_key(name) for name in row.assignees}
        pledge = KnownPledge(record, True, row.office, row.reference, row.stated_rank, keys)
        for ordinal, right in enumerate(rights, start=1):
            self._place_one(pledge, right, ordinal, row, pledgors)
        return record

    def _place_one(
        self,
        pledge: KnownPledge,
        right: KnownRight,
        ordinal: int,
        row: RecordalRow,
        pledgors: Sequence[uuid.UUID],
    ) -> None:
        ranked = right.record["regime"] != Regime.cn
        if ranked and self._newest.get(right.id, row.effective_on) > row.effective_on:
            self._work.counts["liens.late"] += 1
        self._count(right.id, row.effective_on)
        rank = self._ever[right.id] if ranked else 1
        hold = self._work.insert(
            "holds",
            asset_id=right.id,
            rank=rank,
            source_id=pledge.record["id"],
            placed_on=row.effective_on,
            ended_on=None,
            end_reason=None,
            ended_at=None,
            event_id=self._work.event_id,
        )
        owners = {title["party_id"] for title in right.titles}
        pledge.items[hold["id"]] = self._work.insert(
            "pledge_items",
            district_code=OUTSIDE_EVERY_PLAN,
            pledge_id=pledge.record["id"],
            asset_id=right.id,
            asset_kind=right.record["kind"],
            pledgor_id=next((one for one in pledgors if one in owners), next(iter(pledgors), None)),
            ordinal=ordinal,
            hold_id=hold["id"],
            secured_fen=None,
            rank=rank,
            status=PledgeStatus.registered,
            registration_no=row.reference,
            registered_on=row.effective_on,
            expires_on=None,
            ended_on=None,
        )
        self._add(right.id, Lien(hold, rank, row.effective_on, pledge))

    def find(self, row: RecordalRow, right: KnownRight) -> Lien | None:
        """The live lien on a right that a release or an assignment means, or None: nothing is guessed.

        The one it refers to, and no other; without a reference the earliest of the same secured party (of
        the same stated rank, if that helps); else the only one there is.
        """
        every = self._live.get(right.id, [])
        live = [(lien, lien.pledge) for lien in every if lien.pledge is not None]
        if row.refers_to is not None:
            asked = (row.office, row.refers_to)
            found = [lien for lien, pledge in live if (pledge.office, pledge.reference) == asked]
            return next(iter(found), None)
        keys = {secured_key(name) for name in row.assignors}
        named = [(lien, pledge) for lien, pledge in live if pledge.keys & keys]
        if named:
            ranked = [lien for lien, pledge in named if row.stated_rank in (None, pledge.stated_rank)]
            return next(iter(ranked), named[0][0])
        return live[0][0] if live and len(every) == 1 else None

    def release(self, right: KnownRight, lien: Lien, ended_on: date) -> None:
        """The lien ends; with the last one of a pledge the pledge is deregistered."""
        pledge = lien.pledge
        if pledge is None:
            raise ValueError("only imported liens are released by an import")
        self._live[right.id].remove(lien)
        end = {"ended_on": ended_on, "end_reason": ENDED, "ended_at": self._work.moment.now}
        lien.hold.update(end)
        if "rank" not in lien.hold:  # stored before this batch
            self._work.update("holds", lien.hold["id"], end)
        item = pledge.items[lien.hold["id"]]
        ended = {"status": self._ended(item["status"]), "ended_on": ended_on}
        item.update(ended)
        if "pledge_id" not in item:
            self._work.update("pledge_items", item["id"], ended)
        if all(one["status"] != PledgeStatus.registered for one in pledge.items.values()):
            self._change(pledge, status=self._ended(pledge.record["status"]), ended_on=ended_on)

    @staticmethod
    def _ended(status: str) -> PledgeStatus:
        return PLEDGE.next(PledgeStatus(status), PledgeEvent.deregister)

    def reassign(self, pledge: KnownPledge, pledgee_id: uuid.UUID | None, names: Iterable[str]) -> None:
        """Another secured party takes the pledge over; its liens keep their ranks."""
        pledge.keys |= {secured_key(name) for name in names}
        self._change(pledge, pledgee_id=pledgee_id)

    def _change(self, pledge: KnownPledge, **values: object) -> None:
        pledge.record.update(values)
        if not pledge.new:
            columns = ("status", "ended_on", "pledgee_id")
            self._work.update("pledges", pledge.record["id"], {name: pledge.record[name] for name in columns})
