"""Where rights, pools and applications stand while the lines of a chunk are decided one after another.

What a line takes is gone for the next: rights are pledged, capacity and caps are used up, an application is
contracted. Nothing is read again for that within a chunk.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.application import APPLICATION, ApplicationEvent
from app.domain.pledge_ground import Encumbrance
from app.queries.pledge_filing import FilingState

if TYPE_CHECKING:
    from app.domain.pledge_filing import NewPledge
    from app.queries.commitment_cover import PoolState
    from app.queries.pledge_batches import ChunkState, Tenure
    from app.queries.pledge_filing import Approved, Reservation
    from app.services.pledges.filed import FiledPledge


class Running:
    """A chunk as it was read, and what its lines have taken since."""

    def __init__(self, read: ChunkState) -> None:
        self._read = read
        self._covered: defaultdict[uuid.UUID, int] = defaultdict(int)
        self._household: defaultdict[tuple[uuid.UUID, uuid.UUID], int] = defaultdict(int)
        self._industry: defaultdict[tuple[uuid.UUID, str | None], int] = defaultdict(int)

    @property
    def registered(self) -> AbstractSet[tuple[str, uuid.UUID]]:
        """Registration numbers in use, each with its right."""
        return self._read.registered

    @property
    def tenures(self) -> Collection[Tenure]:
        """Who has ever held the rights of the chunk's history."""
        return self._read.tenures

    def state(self, new: NewPledge, serial: int) -> FilingState:
        """What a line is decided on now."""
        read = self._read
        asset_ids = [item.asset_id for item in new.items if item.asset_id in read.rights]
        party_ids = new.party_ids & read.parties.keys()
        made_on = new.application_id
        return FilingState(
            rights={key: read.rights[key] for key in asset_ids},
            serials={key: read.serials[key] for key in asset_ids},
            pool=self._pool(new),
            parties={key: read.parties[key] for key in party_ids},
            valuations={key: read.valuations[key] for key in new.valuation_ids & read.valuations.keys()},
            serial=serial,
            application=read.applications.get(made_on) if made_on is not None else None,
            priorities={key: read.priorities[key] for key in asset_ids if key in read.priorities},
        )

    def _pool(self, new: NewPledge) -> PoolState | None:
        if new.pool_id is None:
            return None
        pool = self._read.pools.get((new.pool_id, new.borrower_id, new.application_id))
        if pool is None:
            return None
        then, covered = pool.standing, self._covered[new.pool_id]
        standing = replace(
            then,
            outstanding_fen=then.outstanding_fen + covered,
            bank_fen=then.bank_fen + covered,
            household_fen=then.household_fen + self._household[new.pool_id, new.borrower_id],
            industry_fen=then.industry_fen + self._industry[new.pool_id, pool.industry],
        )
        return replace(pool, standing=standing)

    def take(self, filed: FiledPledge, state: FilingState) -> None:
        """Give a line what it was decided to have."""
        read = self._read
        if filed.ended_on is None:
            lien = Encumbrance(filed.filed_on, 1)
            for item, _ in filed.items:
                right = read.rights[item.asset_id]
                read.rights[item.asset_id] = replace(right, liens=[*right.liens, lien])
            used = {*state.priorities.values()}
            for key in [key for key, reservation_id in read.priorities.items() if reservation_id in used]:
                del read.priorities[key]
        for item, _ in filed.items:
            if item.registration_no is not None:
                read.registered.add((item.registration_no, item.asset_id))
        if filed.pool_id is not None and state.pool is not None and filed.covered_fen is not None:
            self._covered[filed.pool_id] += filed.covered_fen
            self._household[filed.pool_id, filed.borrower_id] += filed.principal_fen
            self._industry[filed.pool_id, state.pool.industry] += filed.covered_fen
        application = state.application
        if application is None:
            return
        kept = application.reservation
        if kept is not None:
            self._covered[kept.pool_id] -= kept.outstanding_fen
            self._household[kept.pool_id, application.borrower_id] -= kept.principal_fen
            self._industry[kept.pool_id, kept.industry] -= kept.outstanding_fen
            self._forget(application, kept)
        read.applications[application.id] = replace(
            application,
            status=APPLICATION.next(application.status, ApplicationEvent.contract),
            reservation=None,
        )

    def _forget(self, application: Approved, kept: Reservation) -> None:
        """Whoever names the application again meets a pool that keeps nothing for it any more."""
        pools = self._read.pools
        for key, pool in pools.items():
            pool_id, borrower_id, application_id = key
            if (pool_id, application_id) != (kept.pool_id, application.id):
                continue
            then = pool.standing
            same_borrower = borrower_id == application.borrower_id
            same_industry = pool.industry == kept.industry
            standing = replace(
                then,
                outstanding_fen=then.outstanding_fen + kept.outstanding_fen,
                bank_fen=then.bank_fen + kept.outstanding_fen,
                household_fen=then.household_fen + (kept.principal_fen if same_borrower else 0),
                industry_fen=then.industry_fen + (kept.outstanding_fen if same_industry else 0),
                reserved_fen=0,
            )
            pools[key] = replace(pool, standing=standing)
