"""What speaks against a filing: the same for a pre-check, one filing, a batch and a substitution.

Nothing is read or written here: all is decided on what was read under lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import (
    application as application_rules,
    asset as asset_rules,
    party as party_rules,
    pool as pool_rules,
    valuation as valuation_rules,
)
from app.domain.decision_case import Case, Charged, Judgement, judge as judged
from app.domain.errors import DomainError, Violation
from app.domain.pledge_ground import Filing
from app.services import rule_packs
from app.services.pledges import covering

if TYPE_CHECKING:
    from app.domain.clock import Moment
    from app.domain.pledge_filing import NewPledge
    from app.queries.pledge_filing import FilingState


def unknown(new: NewPledge, ground: FilingState) -> list[Violation]:
    """What a filing names that the register does not know, or that the caller may not see."""
    found: list[Violation] = []
    if new.borrower_id not in ground.parties:
        found.append(party_rules.NOT_FOUND.violation("/borrower_id"))
    for position, item in enumerate(new.items):
        if item.asset_id not in ground.rights:
            found.append(asset_rules.NOT_FOUND.violation(f"/items/{position}/asset_id"))
        if item.pledgor_id not in ground.parties:
            found.append(party_rules.NOT_FOUND.violation(f"/items/{position}/pledgor_id"))
        if item.valuation_id is not None and item.valuation_id not in ground.valuations:
            found.append(valuation_rules.NOT_FOUND.violation(f"/items/{position}/valuation_id"))
    found += [
        party_rules.NOT_FOUND.violation(f"/shares/{position}/party_id")
        for position, share in enumerate(new.shares)
        if share.party_id not in ground.parties
    ]
    if new.pool_id is not None and ground.pool is None:
        found.append(pool_rules.NOT_FOUND.violation("/pool_id"))
    if new.application_id is not None and ground.application is None:
        found.append(application_rules.NOT_FOUND.violation("/application_id"))
    return found


def case_of(new: NewPledge, ground: FilingState, moment: Moment) -> Case:
    """The filing with its rights as they were read, as the grounds look at it."""
    return Case(
        filing=Filing(
            filed_on=moment.today,
            debt_to=new.debt_to,
            contract=new.contract,
            pledgors={item.asset_id: item.pledgor_id for item in new.items},
            consents=new.consents,
            acknowledgements=new.acknowledgements,
        ),
        charged=[
            Charged(
                right=ground.rights[item.asset_id],
                valuation=ground.valuations[item.valuation_id] if item.valuation_id is not None else None,
                secured_fen=item.secured.fen if item.secured is not None else None,
                share_ppm=item.share_ppm,
            )
            for item in new.items
        ],
        principal_fen=new.principal.fen,
        ip_share_bp=new.ip_share_bp,
        counted_in=ground.parties[new.items[0].pledgor_id].district_code,
        accepts_expired=ground.pool is not None and ground.pool.accepts_expired_valuations,
    )


def judge(new: NewPledge, ground: FilingState, moment: Moment) -> Judgement:
    """Everything the rules in force today find, and what the pool and the application object to."""
    chosen = rule_packs.packs().national(moment.today)
    case = case_of(new, ground, moment)
    beside: list[Violation] = []
    if ground.application is not None:
        try:
            beside += covering.application_objections(new, ground.application)
        except DomainError as refused:
            beside += refused.violations
    if ground.pool is not None:
        kinds = [(right.kind, right.patent_type) for right in ground.rights.values()]
        beside += covering.pool_objections(new, ground.pool, kinds)
    return Judgement(case, chosen.pack, chosen.assumed, judged(case, chosen.pack), beside)


def objections(new: NewPledge, ground: FilingState, moment: Moment) -> list[Violation]:
    """Every objection of the grounds, of valuation practice, of the pool and of the application."""
    return judge(new, ground, moment).objections
