"""The pool's side of a filing: what speaks against its cover, and the commitment that makes it (RP-02).

A filing on an application confirms what its approval reserved: the reservation is voided and the
commitment made anew, perhaps of less, in the statement that writes the pledge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.domain import application as application_rules, commitment as rules, commitment_ground as grounds
from app.domain.application import APPLICATION, ApplicationEvent
from app.domain.commitment_ground import Loan
from app.domain.identifiers import new_id
from app.domain.ledger import TransferKind
from app.domain.money import format_amount
from app.services import applications, ledger

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from app.domain.asset import AssetKind
    from app.domain.errors import Violation
    from app.domain.patent_number import PatentType
    from app.domain.permission import Actor
    from app.domain.pledge_filing import NewPledge
    from app.queries.commitment_cover import PoolState
    from app.queries.pledge_filing import Approved, FilingState
    from app.services.events import NewEvent
    from app.services.pledges.filed import FiledPledge


def application_objections(new: NewPledge, application: Approved) -> list[Violation]:
    """What keeps a filing from being made on an application of the caller's bank.

    Raises `state.illegal_transition` unless it is approved.
    """
    APPLICATION.next(application.status, ApplicationEvent.contract)
    found: list[Violation] = []
    if new.borrower_id != application.borrower_id:
        found.append(rules.BORROWER_DIFFERS.violation("/borrower_id"))
    approved = application.approved_fen or 0
    if new.principal.fen > approved:
        found.append(
            application_rules.PRINCIPAL_EXCEEDS_APPROVED.violation(
                "/principal",
                principal=format_amount(new.principal.fen),
                approved=format_amount(approved),
            )
        )
    kept = application.reservation
    if kept is not None and kept.pool_id != new.pool_id:
        found.append(rules.POOL_DIFFERS.violation("/pool_id", pool_id=kept.pool_id))
    return found


def pool_objections(
    new: NewPledge, pool: PoolState, kinds: Collection[tuple[AssetKind, PatentType | None]]
) -> list[Violation]:
    """What keeps the pool from covering the loan (RP-04 to RP-06); `kinds` of the rights pledged."""
    loan = Loan(
        principal_fen=new.principal.fen,
        currency=new.principal.currency,
        ip_share_bp=new.ip_share_bp,
        begins_on=new.debt_from,
        ends_on=new.debt_to,
        kinds=kinds,
        rate_over_lpr_bp=new.rate_over_lpr_bp,
    )
    return grounds.faults(loan, pool.standing)


def row(new: NewPledge, filed: FiledPledge, ground: FilingState, today: date) -> dict[str, Any] | None:
    """The commitment with the transfers of its one posting; None without a pool's cover."""
    pool = ground.pool
    if pool is None or filed.covered_fen is None:
        return None
    transfer = ledger.NewTransfer(
        debit_account_id=pool.covered_account_id,
        credit_account_id=pool.obligation_account_id,
        amount_fen=filed.covered_fen,
        code="commitment",
        business_noun="pledge",
        business_id=filed.id,
        kind=TransferKind.pending,
    )
    given_up = _given_up(ground.application, pool)
    return {
        "id": new_id(),
        "district_code": filed.district_code,
        "pool_id": filed.pool_id,
        "scheme_id": pool.scheme_id,
        "application_id": new.application_id,
        "pledge_id": filed.id,
        "borrower_id": filed.borrower_id,
        "industry": pool.industry,
        "transfer_id": transfer.id,
        "principal_fen": filed.principal_fen,
        "ip_share_bp": new.ip_share_bp,
        "covered_fen": filed.covered_fen,
        "committed_on": today,
        "currency": pool.standing.currency,
        "posting_id": new_id(),
        "transfers": ledger.transfer_records([*given_up, transfer], today),
    }


def _given_up(application: Approved | None, pool: PoolState) -> list[ledger.NewTransfer]:
    """The void of the transfer that kept the application's capacity."""
    if application is None or application.reservation is None:
        return []
    kept = application.reservation
    return [
        ledger.NewTransfer(
            debit_account_id=pool.covered_account_id,
            credit_account_id=pool.obligation_account_id,
            amount_fen=kept.outstanding_fen,
            code="commitment.confirmed",
            business_noun="application",
            business_id=application.id,
            kind=TransferKind.void,
            resolves_id=kept.transfer_id,
        )
    ]


def contracted(application: Approved, filed: FiledPledge, actor: Actor) -> NewEvent:
    """The event that the application is contracted with the pledge."""
    return applications.contracted(
        application_id=application.id,
        number=application.number,
        district_code=application.district_code,
        audience=[application.organisation_id, actor.organisation_id],
        amount_fen=application.amount_fen,
        approved_fen=application.approved_fen,
        pledge_id=filed.id,
    )
