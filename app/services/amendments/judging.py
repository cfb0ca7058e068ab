"""What speaks against an amendment, all of it at once (PL-07, PL-09, PL-19, PLG-09)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain import (
    amendment as rules,
    application as application_rules,
    commitment as commitment_rules,
    commitment_ground,
    pledge as pledge_rules,
    pledge_coverage as coverage_rules,
    pledge_ground,
)
from app.domain.amendment import Change, Extension, NewAmendment, Release, Substitution
from app.domain.commitment import CommitmentStatus
from app.domain.errors import Violation
from app.domain.money import format_amount
from app.domain.pledge import PledgeStatus
from app.domain.pool import covered_principal
from app.queries import pledge_coverages
from app.queries.pledge_coverages import Wanted
from app.services import pledges
from app.services.amendments import effect
from app.services.amendments.ground import as_filing

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.asset import AssetKind
    from app.domain.clock import Moment
    from app.domain.decision_case import Judgement
    from app.domain.money import Money
    from app.domain.patent_number import PatentType
    from app.domain.pledge_filing import NewPledge
    from app.services.amendments.ground import Ground

REVIEWED = frozenset(
    code.code
    for code in (
        pledge_ground.ENDED_OR_INVALID,
        pledge_ground.NOT_GRANTED,
        pledge_ground.ANNUITY_UNPAID,
        pledge_ground.SUSPENDED_OR_PRESERVED,
        pledge_ground.TERM_EXCEEDS,
    )
)
"""Grounds that a pledged right may have fallen under since it was filed (第13条: the same review limits)."""


def standing(ground: Ground) -> list[Violation]:
    """What keeps the pledge from being amended at all."""
    found: list[Violation] = []
    if ground.pledge.status != PledgeStatus.registered:
        found.append(rules.NOT_REGISTERED.violation(status=ground.pledge.status))
    elif not ground.live:  # all were sold, and it is open for what its cover may still bear
        found.append(rules.RIGHT_NOT_PLEDGED.violation())
    if ground.amended:
        found.append(rules.ALREADY_OPEN.violation())
    return [*found, *ground.stopped]


async def objections(
    session: AsyncSession, ground: Ground, new: NewAmendment, moment: Moment
) -> list[Violation]:
    """What speaks against the amendment on this ground."""
    wish = new.wish
    if isinstance(wish, Change):
        return _change(ground, wish, moment)
    if isinstance(wish, Extension):
        return _extension(ground, wish, moment)
    if isinstance(wish, Release):
        return _release(ground, wish)
    return await _substitution(session, ground, wish, moment)


def _change(ground: Ground, wish: Change, moment: Moment) -> list[Violation]:
    pledge, found = ground.pledge, list[Violation]()
    named = {pledge.pledgee_id, pledge.borrower_id, *(item.pledgor_id for item in ground.items)}
    for position, entry in enumerate(wish.parties):
        if entry.party_id not in named:
            pointer = f"/parties/{position}/party_id"
            found.append(rules.PARTY_NOT_INVOLVED.violation(pointer, party_id=entry.party_id))
        if entry.name is None and entry.address is None:
            found.append(rules.NOTHING_CHANGED.violation(f"/parties/{position}"))
    if not wish.parties and _same(ground, wish):
        found.append(rules.NOTHING_CHANGED.violation())
    if wish.of_claim:
        found += _reviewed(ground, moment, principal=wish.principal)
    if wish.principal is not None:
        found += _amount(ground, wish.principal, moment)
    return found


def _same(ground: Ground, wish: Change) -> bool:
    contract = ground.pledge.contract
    return (
        wish.principal in (None, ground.principal)
        and wish.claim_kind in (None, contract.get("claim_kind"))
        and wish.security_scope in (None, contract.get("security_scope"))
    )


def _amount(ground: Ground, principal: Money, moment: Moment) -> list[Violation]:
    """What speaks against another amount of the debt: less than is owed, or more than is covered."""
    pledge, at = ground.pledge, "/principal"
    if principal.currency != pledge.currency:
        return [rules.CURRENCY_DIFFERS.violation(f"{at}/currency", currency=pledge.currency)]
    found = effect.below_outstanding(principal.fen, ground.least_fen, at)
    if any(
        item.secured_fen is not None and item.secured_fen > principal.fen for item in ground.live.values()
    ):
        found.append(pledge_rules.SECURED_EXCEEDS_PRINCIPAL.violation(at))
    if principal.fen <= ground.principal.fen:
        return found
    if ground.approved_fen is not None and principal.fen > ground.approved_fen:
        asked, approved = format_amount(principal.fen), format_amount(ground.approved_fen)
        found.append(
            application_rules.PRINCIPAL_EXCEEDS_APPROVED.violation(at, principal=asked, approved=approved)
        )
    before = ground.stand.coverage
    lent = coverage_rules.owed(principal.fen, pledge.ip_share_bp)
    found += effect.uncovered(before, replace(before, owed_fen=lent), at)
    return [*found, *_pool(ground, principal, moment)]


def _pool(ground: Ground, principal: Money, moment: Moment) -> list[Violation]:
    """What keeps the pool from covering more of the loan, what it covers already left out (RP-04, RP-05)."""
    kept, pool = ground.commitment, ground.state.pool
    if kept is None or pool is None:
        return []
    if kept.status == CommitmentStatus.anomaly:
        return [commitment_rules.ANOMALOUS.violation("/principal")]
    was, own = pool.standing, covered_principal(ground.principal.fen, kept.ip_share_bp)
    same = pool.industry is not None and pool.industry == kept.industry
    # Only the difference is new: what was repaid of the loan meanwhile is free and stays so.
    without = replace(
        was,
        outstanding_fen=was.outstanding_fen - own,
        household_fen=was.household_fen - kept.principal_fen,
        bank_fen=was.bank_fen - own,
        industry_fen=was.industry_fen - (own if same else 0),
    )
    new = as_filing(ground, ground.kept(), today=moment.today, principal=principal)
    return pledges.pool_objections(new, replace(pool, standing=without), _kinds(ground))


def _kinds(ground: Ground) -> list[tuple[AssetKind, PatentType | None]]:
    return [(right.kind, right.patent_type) for right in ground.state.rights.values()]


def _extension(ground: Ground, wish: Extension, moment: Moment) -> list[Violation]:
    """PL-07 for each patent; marks are held to it when the office has extended them."""
    pledge, found = ground.pledge, list[Violation]()
    if pledge.debt_to is not None and wish.debt_to <= pledge.debt_to:
        found.append(rules.NOT_LATER.violation("/debt_to", debt_to=pledge.debt_to))
    found += _reviewed(ground, moment, extension=wish)
    pool = ground.state.pool
    if ground.commitment is not None and pool is not None:
        new = as_filing(ground, ground.kept(), today=moment.today, debt_to=wish.debt_to)
        found += [
            fault
            for fault in pledges.pool_objections(new, pool, _kinds(ground))
            if fault.code is commitment_ground.TERM_TOO_LONG
        ]
    return found


def _reviewed(
    ground: Ground, moment: Moment, *, principal: Money | None = None, extension: Extension | None = None
) -> list[Violation]:
    """Grounds that the pledged rights have fallen under since."""
    until = extension.debt_to if extension is not None else None
    new = as_filing(ground, ground.kept(), today=moment.today, principal=principal, debt_to=until)
    state = replace(ground.state, pool=None, application=None)
    found = pledges.objections(new, state, moment)
    return [
        replace(fault, pointer="/debt_to" if fault.code is pledge_ground.TERM_EXCEEDS else None)
        for fault in found
        if fault.code.code in REVIEWED
    ]


def _release(ground: Ground, wish: Release) -> list[Violation]:
    found = _not_pledged(ground, wish.asset_ids)
    if set(ground.live) <= set(wish.asset_ids):
        found.append(rules.RELEASES_ALL.violation("/asset_ids"))
    before = ground.stand.coverage
    return [*found, *effect.uncovered(before, before.without(wish.asset_ids), "/asset_ids")]


def _not_pledged(ground: Ground, asset_ids: Sequence[uuid.UUID]) -> list[Violation]:
    return [
        rules.RIGHT_NOT_PLEDGED.violation(f"/asset_ids/{position}")
        for position, asset_id in enumerate(asset_ids)
        if asset_id not in ground.live
    ]


async def _substitution(
    session: AsyncSession, ground: Ground, wish: Substitution, moment: Moment
) -> list[Violation]:
    """The rights that come in are judged as in a filing, with what stays as their company."""
    found = _not_pledged(ground, wish.asset_ids)
    for position, item in enumerate(wish.items):
        if item.asset_id in ground.live:
            number = ground.state.rights[item.asset_id].number
            found.append(rules.RIGHT_KNOWN.violation(f"/items/{position}/asset_id", number=number))
    coming = [item.asset_id for item in wish.items]
    named = [item.valuation_id for item in wish.items if item.valuation_id is not None]
    wanted = Wanted(ground.pledge.id, ground.stand.bank_id, coming, [*ground.stand.valuation_ids, *named])
    worths = (await pledge_coverages.worths(session, [wanted])).get(ground.pledge.id, [])
    before = ground.stand.coverage
    found += effect.uncovered(before, before.without(wish.asset_ids).joined(worths), "/asset_ids")
    return [*found, *judged(ground, wish, moment).objections]


def incoming(ground: Ground, wish: Substitution, moment: Moment) -> NewPledge:
    """The rights that come in, as they would be filed by themselves."""
    new = as_filing(ground, wish.items, today=moment.today)
    return replace(new, consents=wish.consents, acknowledgements=wish.acknowledgements)


def judged(ground: Ground, wish: Substitution, moment: Moment) -> Judgement:
    """What the grounds say of the rights that come in; a mark's like may be among those that stay (PL-15).

    Of the pool only what it says of their kind: the loan itself is as it was.
    """
    staying = ground.live.keys() - set(wish.asset_ids)
    coming = {item.asset_id for item in wish.items}
    rights = {
        asset_id: replace(right, associated=[like for like in right.associated if like[0] not in staying])
        for asset_id, right in ground.state.rights.items()
        if asset_id in coming
    }
    state = replace(ground.state, rights=rights)
    found = pledges.judge(incoming(ground, wish, moment), state, moment)
    about_kind = [fault for fault in found.beside if fault.code is commitment_ground.IP_NOT_ELIGIBLE]
    return replace(found, beside=about_kind)
