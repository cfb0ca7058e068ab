"""What speaks against a filing: the same for a pre-check, one filing, a batch and a substitution.

Nothing is read or written here: all is decided on what was read under lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import (
    application as application_rules,
    asset as asset_rules,
    party as party_rules,
    pledge_ground as rules,
    pool as pool_rules,
    valuation as valuation_rules,
)
from app.domain.errors import Violation
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
    if new.pool_id is not None and ground.pool is None:
        found.append(pool_rules.NOT_FOUND.violation("/pool_id"))
    if new.application_id is not None and ground.application is None:
        found.append(application_rules.NOT_FOUND.violation("/application_id"))
    return found


def objections(new: NewPledge, ground: FilingState, moment: Moment) -> list[Violation]:
    """Every objection of the grounds, of valuation practice, of the pool and of the application."""
    filing = rules.Filing(
        filed_on=moment.today,
        debt_to=new.debt_to,
        contract=new.contract,
        pledgors={item.asset_id: item.pledgor_id for item in new.items},
        consents=new.consents,
        acknowledgements=new.acknowledgements,
    )
    found = rules.grounds(filing, [ground.rights[item.asset_id] for item in new.items])
    found += _valuation_objections(new, ground, moment)
    if ground.pool is not None:
        kinds = [(right.kind, right.patent_type) for right in ground.rights.values()]
        found += covering.pool_objections(new, ground.pool, kinds)
    if ground.application is not None:
        found += covering.application_objections(new, ground.application)
    return found


def _valuation_objections(new: NewPledge, ground: FilingState, moment: Moment) -> list[Violation]:
    """A pledge rests on a signed valuation of the right itself, within a year or by the pool's leave."""
    lenient = ground.pool is not None and ground.pool.accepts_expired_valuations
    return [
        fault
        for position, item in enumerate(new.items)
        if item.valuation_id is not None
        for fault in valuation_rules.support_faults(
            ground.valuations[item.valuation_id],
            item.asset_id,
            today=moment.today,
            accepts_expired=lenient,
            pointer=f"/items/{position}/valuation_id",
        )
    ]
