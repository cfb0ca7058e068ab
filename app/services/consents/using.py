"""Consents as deals need them: picked and locked, then used, in the deal's own transaction (UNI-01)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import consent_need
from app.domain.consent import ConsentEvent, ConsentKind, ConsentStatus, Proceeds, Scope, Wanted
from app.domain.consent_need import Candidate, Need
from app.domain.deal import DealKind, LicenceType
from app.domain.errors import Violation
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.models.consent import Consent, ConsentUse
from app.queries import consents as queries
from app.services import events
from app.services.consents.telling import told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.deal import Deal
    from app.queries.assets import Right


@dataclass(frozen=True, slots=True)
class Chosen:
    """Consents picked for a deal and locked, or used for it before.

    `proceeds`: everything the pledgees among them ask of the price; empty where nobody's lien is lifted.
    """

    consents: tuple[Consent, ...]
    proceeds: frozenset[Proceeds]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A consent that could be locked and used, and how it is judged."""

    consent: Consent
    judged: Candidate


async def choose(
    session: AsyncSession, *, deal: Deal, rights: Sequence[Right], today: date
) -> tuple[Chosen, list[Violation]]:
    """Pick the consents a deal needs over locked rights, lock them, and say what is missing.

    Every live lien needs its pledgee's (民法典第444条), and all but an ordinary licence every owner's
    beside the grantor's (TR-03). One that this deal has used before serves it still, whatever became of it.
    Violations, at `/asset_ids/{n}`: `deal.pledgee_consent_required` with `hold_ids`,
    `deal.co_owner_consent_missing` with `owner_ids`, `deal.owner_unrecorded`; after them why the nearest
    consent that exists does not serve (`consent.pending`, `.floor_not_met`, `.other_grantee`, …).
    """
    needed = [need for position, right in enumerate(rights) for need in _needs(deal, position, right)]
    if not needed:
        return Chosen((), frozenset()), []
    wanted = Wanted(
        DealKind(deal.kind), _licence_type(deal), deal.grantee_id, price_fen=deal.amount_fen, day=today
    )
    candidates = _in_order(await _candidates(session, deal, needed), needed, deal)
    chosen: dict[uuid.UUID, Consent] = {}
    for need in needed:
        serving = [
            one for one in candidates if one.judged.covers(need) and not one.judged.misfits(wanted, need)
        ]
        serving.sort(key=lambda one: one.consent.id not in chosen)
        if serving:
            chosen[serving[0].consent.id] = serving[0].consent
    consents = tuple(chosen[key] for key in sorted(chosen))
    asked = frozenset(Proceeds(one.proceeds) for one in consents if one.kind == ConsentKind.pledgee)
    judged = [one.judged for one in candidates]
    missing = consent_need.unmet(needed, judged, wanted)
    return Chosen(consents, asked), list(consent_need.objections(missing, judged, wanted))


async def use(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal: Deal,
    chosen: Chosen,
    event_id: uuid.UUID,
) -> None:
    """Use the chosen consents for a deal under its event, which has been recorded; tell the grantors.

    One that this deal has used already is left alone. A use that the table does not admit comes as the
    database's error `consent.not_usable`, `.expired` or `.used_up`.
    """
    before = await queries.used_for(session, deal.id)
    fresh = [consent for consent in chosen.consents if consent.id not in before]
    if not fresh:
        return
    session.add_all(
        ConsentUse(
            id=new_id(),
            district_code=consent.district_code,
            consent_id=consent.id,
            deal_id=deal.id,
            used_on=moment.today,
            event_id=event_id,
            recorded_at=moment.now,
        )
        for consent in fresh
    )
    await session.flush()  # while the consents are still granted: the last use is what ends them
    uses = await queries.uses(session, [consent.id for consent in fresh])
    for consent in fresh:
        if uses[consent.id] >= consent.max_uses:
            consent.advance(ConsentEvent.use_up)
        else:
            consent.version += 1
    happened = [
        told(
            consent,
            "used",
            also=[deal.organisation_id],
            deal_id=str(deal.id),
            uses=uses[consent.id],
            max_uses=consent.max_uses,
        )
        for consent in fresh
    ]
    await events.record(session, actor=actor, moment=moment, events=happened)
    await session.flush()


def _licence_type(deal: Deal) -> LicenceType | None:
    return LicenceType(deal.licence_type) if deal.licence_type else None


def _scope(consent: Consent, uses: int) -> Scope:
    return Scope(
        status=ConsentStatus(consent.status),
        action=DealKind(consent.action),
        licence_type=LicenceType(consent.licence_type) if consent.licence_type else None,
        grantee_id=consent.grantee_id,
        floor_fen=consent.floor_fen,
        valid_from=consent.valid_from,
        valid_to=consent.valid_to,
        max_uses=consent.max_uses,
        uses=uses,
    )


def _needs(deal: Deal, position: int, right: Right) -> Iterator[Need]:
    """What a locked right asks of the deal."""
    return consent_need.needs(
        DealKind(deal.kind),
        _licence_type(deal),
        asset_id=right.asset.id,
        number=right.asset.number,
        grantor_id=deal.grantor_id,
        owner_ids=right.owner_ids,
        lien_ids=[hold.id for hold in right.holds if hold.kind == HoldKind.lien],
        pointer=f"/asset_ids/{position}",
    )


async def _candidates(session: AsyncSession, deal: Deal, needed: Sequence[Need]) -> list[_Candidate]:
    found = await queries.of_assets(session, {need.asset_id for need in needed})
    ids = [consent.id for consent in found]
    items = await queries.items(session, ids)
    uses = await queries.uses(session, ids)
    taken = await queries.used_for(session, deal.id)
    return [
        _Candidate(
            consent,
            Candidate(
                ConsentKind(consent.kind),
                consent.grantor_id,
                frozenset((item.asset_id, item.hold_id) for item in items[consent.id]),
                _scope(consent, uses[consent.id]),
                consent.id in taken,
            ),
        )
        for consent in found
    ]


def _in_order(candidates: Collection[_Candidate], needed: Sequence[Need], deal: Deal) -> list[_Candidate]:
    """First what this deal has used, then what its drafter asked for, what serves most, what ends soonest."""
    served = Counter(one.consent.id for one in candidates for need in needed if one.judged.covers(need))
    return sorted(
        (one for one in candidates if served[one.consent.id]),
        key=lambda one: (
            not one.judged.taken,
            one.consent.requested_by != deal.organisation_id,
            -served[one.consent.id],
            one.consent.valid_to,
            one.consent.id,
        ),
    )
