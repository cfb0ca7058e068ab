"""OPS-02: each invariant finds the fault it is there for, and none in a sound database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.domain.asset import AssetKind
from app.infra.db import Database, owner_connection
from app.infra.security import TokenIssuer
from app.queries import integrity
from tests.factories.assets import make_asset
from tests.factories.claims import document, make_claim, make_cover, money, pay
from tests.factories.clock import now
from tests.factories.deals import licence, through, transfer
from tests.factories.enforcements import distribute, enforce, sell
from tests.factories.finance import make_financed
from tests.factories.loans import THREE, draw, make_pledge, pay as pay_back
from tests.factories.market import make_market
from tests.factories.parties import make_party
from tests.factories.plans import make_evidence, make_plans
from tests.factories.pledges import filing, make_pool
from tests.routers.test_priority_reservations import applied, reserved
from tests.support.instance import Instance, instance

FAULTS = {
    "district.pledge_items": "UPDATE pledge_items SET district_code = '120116'",
    "district.commitments": "UPDATE commitments SET district_code = '120116'",
    "district.ledger_accounts": "UPDATE ledger_accounts SET district_code = '120116'",
    "district.ledger_transfers": "UPDATE ledger_transfers SET district_code = '120116'",
    "district.schemes": "UPDATE schemes SET district_code = '120116'",
    "district.loan_classifications": "UPDATE loan_classifications SET district_code = '120116'",
    "district.claims": "UPDATE claims SET district_code = '120116'",
    "district.claim_shares": "UPDATE claim_shares SET district_code = '120116'",
    "district.recoveries": "UPDATE recoveries SET district_code = '120116'",
    "district.clawbacks": "UPDATE clawbacks SET district_code = '120116'",
    "claim.clawbacks_are_vouchers": "UPDATE clawbacks SET amount_fen = amount_fen + 1",
    "district.recovery_shares": "UPDATE recovery_shares SET district_code = '120116'",
    "claim.shares_are_the_loss": "UPDATE claim_shares SET borne_fen = borne_fen + 1 WHERE party = 'bank'",
    "claim.payouts_are_vouchers": "UPDATE claims SET transfer_id = NULL",
    "recovery.shares_are_the_net": "UPDATE recoveries SET surplus_fen = surplus_fen + 1",
    "recovery.shares_are_recovered": "DELETE FROM recovery_shares WHERE party = 'bank'",
    "recovery.booked_once": "UPDATE recoveries SET transfer_id = NULL",
    "ledger.balanced": "UPDATE ledger_accounts SET debits_posted = debits_posted + 1 WHERE code = 'cash'",
    "ledger.ties_to_facts": "UPDATE facts SET value = value + 1 WHERE measure = 'recovery_amount'",
    "ledger.totals_follow_entries": "UPDATE ledger_accounts SET version = version + 1",
    "ledger.totals_follow_transfers": "UPDATE ledger_transfers SET amount_fen = amount_fen + 1",
    "ledger.second_person": "WITH one AS (UPDATE events SET client_id = (SELECT min(id::text)::uuid FROM clients))"
    " UPDATE ledger_transfers SET reverses_id = resolves_id WHERE kind = 'post'",
    "ledger.frozen_by_its_transfer": "UPDATE ledger_accounts SET frozen_by = id WHERE code = 'fees'",
    "ledger.two_entries_each": "DELETE FROM ledger_entries WHERE side = 'debit'",
    "pool.commitments_are_pending": "UPDATE commitments SET outstanding_fen = outstanding_fen - 1",
    "pool.commitments_are_backed": "UPDATE commitments SET outstanding_fen = outstanding_fen - 1",
    "pool.reservations_lapse": "WITH run AS (INSERT INTO job_runs (job, business_date, result, finished_at)"
    " VALUES ('lapse_reservations', '2021-01-02', '{}', now())) UPDATE commitments SET status = 'reserved',"
    " pledge_id = NULL, application_id = (SELECT id FROM applications LIMIT 1), expires_on = '2021-01-01'"
    " WHERE id = (SELECT min(id::text)::uuid FROM commitments)",
    "pool.caps_hold": "UPDATE schemes SET bank_cap_fen = 1",
    "district.fund_sources": "UPDATE fund_sources SET district_code = '120116'",
    "fund.remaining_is_cash": "UPDATE fund_tranches SET remaining_fen = remaining_fen - 1",
    "fund.remaining_follows_movements": "UPDATE fund_tranches SET remaining_fen = remaining_fen - 1",
    "fund.movements_are_the_transfer": "DELETE FROM fund_movements WHERE amount_fen < 0",
    "fund.sources_paid_in": "UPDATE fund_movements SET amount_fen = amount_fen - 1"
    " WHERE transfer_id = tranche_id",
    "fund.payouts_are_eligible": "UPDATE fund_sources SET eligible_ip = '{}' WHERE type = 'district'",
    "pledge.items_hold_their_rights": "UPDATE holds SET ended_at = now(), end_reason = 'x' WHERE kind = 'lien'",
    "pledge.follows_its_rights": "UPDATE pledges SET status = 'filed'",
    "pledge.registrations_counted": "DELETE FROM facts WHERE measure = 'pledge_registration_count'",
    "filing.settled_with_its_rights": "UPDATE filings SET status = 'submitted', decided_on = NULL",
    "district.filings": "UPDATE filings SET district_code = '120116'",
    "pledge.financing_counted_once": "DELETE FROM facts WHERE measure = 'pledge_financing_count'",
    "district.mandate_items": "UPDATE mandate_items SET district_code = '120116'",
    "district.offers": "UPDATE offers SET district_code = '120116'",
    "district.offer_rounds": "UPDATE offer_rounds SET district_code = '120116'",
    "district.portfolio_members": "UPDATE portfolio_members SET district_code = '120116'",
    "offer.stands_as_its_last_round": "UPDATE offers SET amount_fen = amount_fen + 1",
    "offer.became_its_deal": "UPDATE offers SET buyer_id = (SELECT owner_id FROM listings LIMIT 1)",
    "portfolio.counted_while_it_qualifies": "UPDATE portfolios SET qualified_on = '2021-01-01'",
    "portfolio.rights_count_in_one": "INSERT INTO portfolio_members (id, district_code, portfolio_id, asset_id,"
    " joined_on, left_on, event_id, recorded_at, left_event_id, left_at) SELECT gen_random_uuid(),"
    " district_code, gen_random_uuid(), asset_id, joined_on, joined_on + 1, event_id, recorded_at, event_id,"
    " recorded_at FROM portfolio_members",
    "district.deal_items": "UPDATE deal_items SET district_code = '120116'",
    "deal.transfer_passed_the_title": "UPDATE titles SET party_id = NULL WHERE ceased_at IS NULL",
    "deal.transfer_under_way_reserves_its_rights": "UPDATE deals SET status = 'signed'",
    "deal.transfer_counted_once": "DELETE FROM facts WHERE measure = 'transfer_count'",
    "district.consent_items": "UPDATE consent_items SET district_code = '120116'",
    "district.consent_uses": "UPDATE consent_uses SET district_code = '120116'",
    "consent.spent_by_its_last_use": "UPDATE consents SET status = 'granted'",
    "consent.used_within_its_scope": "UPDATE deals SET amount_fen = 1 WHERE kind = 'licence'",
    "hold.licences_respect_liens": "DELETE FROM consent_uses",
    "stay.holds_its_right": "UPDATE stays SET ends_on = ends_on + 1",
    "district.application_items": "UPDATE application_items SET district_code = '120116'",
    "district.valuations": "UPDATE valuations SET district_code = '120116'",
    "district.policy_items": "UPDATE policy_items SET district_code = '120116'",
    "district.policy_endorsements": "UPDATE policy_endorsements SET district_code = '120116'",
    "application.contracted_as_approved": "UPDATE applications SET approved_fen = 1",
    "policy.counted_once": "UPDATE policies SET status = 'voided'",
    "policy.insured_as_endorsed": "DELETE FROM policy_endorsements",
    "district.plan_departments": "UPDATE plan_departments SET district_code = '310115'",
    "district.tasks": "UPDATE tasks SET district_code = '310115'",
    "district.task_reports": "UPDATE task_reports SET district_code = '310115'",
    "district.indicators": "UPDATE indicators SET district_code = '310115'",
    "district.targets": "UPDATE targets SET district_code = '310115'",
    "district.observations": "UPDATE observations SET district_code = '310115'",
    "observation.checked_by_another": "DELETE FROM approvals WHERE step = 'make'",
    "district.reservations": "UPDATE reservations SET district_code = '120116'",
    "district.demands": "UPDATE demands SET district_code = '120116'",
    "reservation.holds_its_rights": "UPDATE reservations SET status = 'released'",
    "reservation.used_by_its_bank": "UPDATE reservations SET status = 'used',"
    " pledge_id = (SELECT id FROM pledges LIMIT 1)",
    "demand.enforced_by_cancelling": "UPDATE demands SET status = 'enforced'",
    "district.enforcements": "UPDATE enforcements SET district_code = '120116'",
    "district.enforcement_items": "UPDATE enforcement_items SET district_code = '120116'",
    "district.enforcement_payments": "UPDATE enforcement_payments SET district_code = '120116'",
    "enforcement.price_is_paid_out": "UPDATE enforcement_payments SET amount_fen = amount_fen + 1",
    "enforcement.sold_free_of_its_lien": "UPDATE pledge_items SET status = 'registered'",
    "enforcement.sold_by_its_deal": "UPDATE enforcements SET price_fen = price_fen + 1",
    "enforcement.disposals_are_its_own": "UPDATE listings SET status = 'published', organisation_id"
    " = (SELECT manager_id FROM pools LIMIT 1) WHERE disposal",
    "enforcement.recovered_as_paid": "UPDATE recoveries SET gross_fen = gross_fen * 10",
    "district.loans": "UPDATE loans SET district_code = '120116'",
    "district.loan_entries": "UPDATE loan_entries SET district_code = '120116'",
    "district.loan_instalments": "UPDATE loan_instalments SET district_code = '120116'",
    "loan.totals_follow_entries": "UPDATE loans SET interest_fen = interest_fen + 1",
    "loan.never_paid_before_drawn": "UPDATE loan_entries SET occurred_on = occurred_on - 1"
    " WHERE kind = 'repayment'",
    "loan.classed_as_booked": "UPDATE loan_classifications SET outstanding_fen = outstanding_fen + 1",
    "loan.plan_in_force": "UPDATE loans SET plan = plan + 1",
    "loan.state_of_its_book": "UPDATE loans SET status = 'overdue'",
    "loan.of_its_bank": "UPDATE loans SET organisation_id = (SELECT manager_id FROM pools LIMIT 1)",
    "title.shares_whole": "UPDATE titles SET share_ppm = 1",
    "fact.has_event": "UPDATE facts SET event_id = gen_random_uuid()",
}


@pytest.fixture
async def busy(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """A database in which a mixed pledge and a transfer have been filed and registered."""
    async with instance(server_url, "integrity", tokens, pool_size=2, read_pool_size=2) as stage:
        owner = stage.api.samples["sme"].organisation.party_id
        async with stage.database.write() as unit:
            rights = [(await make_asset(unit.session, owners=[owner], kind=kind)).id for kind in AssetKind]
            sold = await make_asset(unit.session, owners=[owner])
            buyer = await make_party(unit.session, district_code="120116")
        pool = await make_pool(stage.api)
        pledge = await stage.api.made(
            "bank_a", "/v1/pledges", filing(owner, list(rights), pool_id=pool["id"])
        )
        handed_in = {"asset_kind": "patent", "application_no": "示例-1", "channel": "online"}
        await stage.api.made(
            "bank_a", f"/v1/pledges/{pledge['id']}/filings", handed_in | {"submitted_on": str(now().today)}
        )
        registrations = [
            {
                "asset_id": str(right),
                "registration_no": f"R-{right}",
                "registered_on": str(now().today),
                "expires_on": "2027-06-30" if kind is AssetKind.trademark else None,
            }
            for right, kind in zip(rights, AssetKind, strict=True)
        ]
        await stage.api.made(
            "bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": registrations}
        )
        await make_financed(stage.api, str(rights[0]), pledge["id"])
        scope = {"kind": "pledgee", "action": "licence", "asset_ids": [str(rights[0])]}
        floor = {"amount": "1000.00"}
        await stage.api.made("bank_a", "/v1/consents", scope | {"floor": floor})
        deal = await stage.api.made("sme", "/v1/deals", licence(owner, buyer.id, [rights[0]], amount=floor))
        await through(stage.api, deal, "agree", "sign")
        deal = await stage.api.made("sme", "/v1/deals", transfer(owner, buyer.id, [sold.id]))
        await through(stage.api, deal, "agree", "sign", "file", "register")
        order = {
            "kind": "suspension",
            "authority": "国家知识产权局",
            "reference": "示例中止-1",
            "begins_on": str(now().today),
            "ends_on": str(now().today),
        }
        await stage.api.made("ip_office", f"/v1/assets/{sold.id}/stays", order)
        await _asked_for(stage, pledge["id"])
        await _claimed(stage)
        await _enforced(stage)
        await _lent(stage)
        await _reported(stage)
        await make_market(stage.api, stage.database)
        yield stage


async def _asked_for(stage: Instance, pledge_id: str) -> None:
    """A right that a bank keeps for its pledge, and a demand for the release of another."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
    await reserved(stage.api, await applied(stage.api, str(asset.id)))
    body = {"ground": "waived", "reason": "示例"}
    await stage.api.made("sme", f"/v1/pledges/{pledge_id}/demands", body)


async def _claimed(stage: Instance) -> None:
    """A claim paid out of a pool of its own and something recovered, and one whose payout was clawed back."""
    _, covered = await make_cover(stage.api, stage.database)
    claim = await pay(stage.api, await make_claim(stage.api, covered))
    received = {"source": "debtor", "gross": money("1000.00"), "occurred_on": claim["paid_on"]}
    await stage.api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
    _, covered = await make_cover(stage.api, stage.database)
    path = f"/v1/claims/{(await pay(stage.api, await make_claim(stage.api, covered)))['id']}/clawback"
    order = {
        "ground": "double_financing",
        "reason": "示例",
        "document_id": await document(stage.api, "finance_office"),
        "due_on": claim["paid_on"],
    }
    await stage.api.made("finance_office", path, order)
    await stage.api.made("treasury", f"{path}/receipt", {"received_on": claim["paid_on"]})


async def _enforced(stage: Instance) -> None:
    """Rights sold on the market after a pool had paid, the proceeds shared."""
    _, covered = await make_cover(stage.api, stage.database)
    await pay(stage.api, await make_claim(stage.api, covered))
    enforcement = await enforce(stage.api, covered)
    await sell(stage.api, enforcement)
    await distribute(stage.api, enforcement)


async def _lent(stage: Instance) -> None:
    """A loan by plan, and something of it paid back."""
    pledge = await make_pledge(stage.api, stage.database)
    await draw(stage.api, pledge, plan=THREE)
    await pay_back(stage.api, pledge, "1.00")


async def _reported(stage: Instance) -> None:
    """A plan with a report on a task, and a value that was reported and approved."""
    plans = await make_plans(stage.api, stage.database)
    tasks = await stage.api.get("sme", f"/v1/plans/{plans['DL']}/tasks")
    report = {"progress": "done", "percent": 100, "note": "示例", "occurred_on": "2020-06-30"}
    await stage.api.made("ip_office", f"/v1/tasks/{tasks.json()['items'][0]['id']}/reports", report)
    evidence = await make_evidence(stage.api, "department")
    value = {"plan": "DL", "indicator": "DL-14", "year": 2020, "value": "7", "document_id": evidence}
    made = await stage.api.made("department", "/v1/observations", value)
    await stage.api.made("ip_office", f"/v1/observations/{made['id']}/decision", {"decision": "approved"})


async def findings(database: Database) -> set[str]:
    """Names of the broken invariants."""
    async with database.read() as unit:
        return {finding.check for finding in await integrity.findings(unit.session)}


@pytest.mark.committed
async def test_each_invariant_names_its_own_fault(busy: Instance) -> None:
    """A sound database has no findings; each seeded fault is found under its name."""
    assert await findings(busy.database) == set()
    async with owner_connection(busy.url) as connection:
        await connection.execute(text("SET session_replication_role = replica"))
        for name, fault in FAULTS.items():
            savepoint = await connection.begin_nested()
            await connection.execute(text(fault))
            query = next(check.broken for check in integrity.CHECKS if check.name == name)
            assert (await connection.execute(text(query))).first() is not None, name
            await savepoint.rollback()
