"""A pledge as it is filed, and the rows that are written of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import pool as pool_rules
from app.domain.asset import AssetKind
from app.domain.identifiers import business_number, new_id
from app.domain.pledge import PledgeStatus
from app.domain.pledge_count import counted
from app.domain.pledge_filing import HistoricRegistration, History, NewItem, NewPledge, NewShare
from app.services import events
from app.services.pledges import covering
from app.services.pledges.statement import PARTS

if TYPE_CHECKING:
    from app.domain.permission import Actor
    from app.queries.pledge_filing import FilingState


@dataclass(frozen=True, slots=True)
class FiledItem:
    """A right as filed, its lien placed; it reads like the row that is written."""

    id: uuid.UUID
    asset_id: uuid.UUID
    asset_kind: AssetKind
    pledgor_id: uuid.UUID
    hold_id: uuid.UUID
    secured_fen: int | None
    share_ppm: int | None = None
    required: bool = True
    valuation_id: uuid.UUID | None = None
    rank: int = 1
    status: PledgeStatus = PledgeStatus.filed
    registration_no: str | None = None
    registered_on: date | None = None
    expires_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class FiledPledge:
    """A pledge as filed; it reads like the row that is written."""

    id: uuid.UUID
    number: str
    district_code: str
    pledgee_id: uuid.UUID
    organisation_id: uuid.UUID
    borrower_id: uuid.UUID
    pool_id: uuid.UUID | None
    principal_fen: int
    currency: str
    form: str
    ip_share_bp: int
    debt_from: date
    debt_to: date
    filed_on: date
    contracted_on: date | None
    rule_pack: str
    items: Sequence[tuple[FiledItem, str]]
    """Each right with its number."""
    shares: Sequence[NewShare]
    covered_fen: int | None
    status: PledgeStatus = PledgeStatus.filed
    registered_on: date | None = None
    mixed_on: date | None = None
    ended_on: date | None = None
    short_since: None = None
    unsecured_since: None = None
    imported: bool = False
    version: int = 1


def filed_pledge(
    new: NewPledge, ground: FilingState, actor: Actor, *, today: date, rule_pack: str
) -> FiledPledge:
    """The pledge that a filing becomes; of history, as the office's register shows it."""
    pool, past = ground.pool, new.history
    district = pool.district_code if pool is not None else actor.district_code
    covers = pool is not None and (past is None or past.with_commitment)
    items = [_item(item, ground, past) for item in new.items]
    days = counted((item.asset_kind, item.registered_on) for item, _ in items if item.registered_on)
    filed_on = past.filed_on if past is not None else today
    return FiledPledge(
        id=new_id(),
        number=business_number("PL", district, filed_on.year, ground.serial),
        district_code=district,
        pledgee_id=actor.party_id,
        organisation_id=actor.organisation_id,
        borrower_id=new.borrower_id,
        pool_id=new.pool_id,
        principal_fen=new.principal.fen,
        currency=new.principal.currency,
        form=new.form,
        ip_share_bp=new.ip_share_bp,
        debt_from=new.debt_from,
        debt_to=new.debt_to,
        filed_on=filed_on,
        contracted_on=new.contract.signed_on,
        rule_pack=rule_pack,
        items=items,
        shares=new.shares,
        covered_fen=pool_rules.covered_principal(new.principal.fen, new.ip_share_bp) if covers else None,
        status=_status(past),
        registered_on=days.financing_on,
        mixed_on=days.mixed_on,
        ended_on=past.deregistered_on if past is not None else None,
        imported=past is not None,
    )


def _status(past: History | None) -> PledgeStatus:
    if past is None:
        return PledgeStatus.filed
    return PledgeStatus.registered if past.deregistered_on is None else PledgeStatus.deregistered


def _item(item: NewItem, ground: FilingState, past: History | None) -> tuple[FiledItem, str]:
    right = ground.rights[item.asset_id]
    done = past.of(item.asset_id) if past is not None else HistoricRegistration(item.asset_id)
    filed = FiledItem(
        id=new_id(),
        asset_id=item.asset_id,
        asset_kind=right.kind,
        pledgor_id=item.pledgor_id,
        hold_id=new_id(),
        secured_fen=item.secured.fen if item.secured is not None else None,
        share_ppm=item.share_ppm,
        required=item.required,
        valuation_id=item.valuation_id,
        status=_status(past),
        registration_no=done.registration_no,
        registered_on=done.registered_on,
        expires_on=done.expires_on,
        ended_on=past.deregistered_on if past is not None else None,
    )
    return filed, right.number


@dataclass(slots=True)
class Rows:
    """Everything that one statement writes of one or more filings."""

    happened: list[events.NewEvent] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def parts(self) -> frozenset[str]:
        """The parts of the statement that have rows."""
        return PARTS.intersection(self.tables)

    def add(
        self,
        new: NewPledge,
        filed: FiledPledge,
        ground: FilingState,
        actor: Actor,
        *,
        today: date,
        decision: Mapping[str, Any] | None,
        import_event_id: uuid.UUID | None = None,
    ) -> None:
        """A filing under its own event, or history under the event of its import."""
        event_id = import_event_id
        if event_id is None:
            event = _event(filed, ground, actor)
            event_id = event.id
            self.happened.append(event)
        if decision is not None:
            about = {"district_code": filed.district_code, "pledge_id": filed.id, "event_id": event_id}
            self._put("decisions", {**decision, "id": new_id(), **about})
        self._put("pledges", _pledge_row(new, filed, event_id))
        for row in _item_rows(filed, ground, event_id):
            self._put("items", row)
        for share in filed.shares:
            about = {"id": new_id(), "district_code": filed.district_code, "pledge_id": filed.id}
            self._put("shares", about | asdict(share) | {"event_id": event_id})
        cover = covering.row(new, filed, ground, today)
        if cover is not None:
            self._put("commitments", cover | {"event_id": event_id})
        application = ground.application
        if application is not None:
            self.happened.append(covering.contracted(application, filed, actor))
            kept = application.reservation
            about = {"application_id": application.id, "commitment_id": kept.id if kept is not None else None}
            self._put("contracted", about | {"pledge_id": filed.id, "filed_on": today})
        # What is over takes nothing that a reservation keeps.
        kept_for = {*ground.priorities.values()} if filed.ended_on is None else set()
        for reservation_id in sorted(kept_for):
            about = {"reservation_id": reservation_id, "pledge_id": filed.id}
            self._put("used", about | {"filed_on": today})

    def keep(self, key: str, fingerprint: bytes, body: str) -> None:
        """The answer to a line of a batch, under the line's own key."""
        self._put("kept", {"key": key, "fingerprint": fingerprint.hex(), "body": body})

    def count(self, event: events.NewEvent) -> None:
        """The facts of an event that is recorded by itself."""
        for row in events.fact_records([event]):
            self._put("facts", row)

    def _put(self, table: str, row: dict[str, Any]) -> None:
        self.tables.setdefault(table, []).append(row)

    def json(self) -> str:
        """The rows as the statement reads them."""
        return json.dumps(self.tables, default=str, ensure_ascii=False)


def _event(filed: FiledPledge, ground: FilingState, actor: Actor) -> events.NewEvent:
    involved = {actor.organisation_id}
    involved |= {party.organisation_id for party in ground.parties.values() if party.organisation_id}
    if ground.pool is not None:
        involved.add(ground.pool.manager_id)
    return events.NewEvent(
        type="pledge.filed",
        noun="pledge",
        subject_id=filed.id,
        stream=filed.district_code,
        audience=sorted(involved),
        payload={
            "number": filed.number,
            "asset_ids": [str(item.asset_id) for item, _ in filed.items],
            "principal_fen": filed.principal_fen,
            "pool_id": str(filed.pool_id) if filed.pool_id else None,
            "covered_fen": filed.covered_fen,
            "rule_pack": filed.rule_pack,
            "application_id": str(ground.application.id) if ground.application is not None else None,
        },
    )


def _pledge_row(new: NewPledge, filed: FiledPledge, event_id: uuid.UUID) -> dict[str, Any]:
    contract = new.contract
    return {
        "id": filed.id,
        "district_code": filed.district_code,
        "number": filed.number,
        "pledgee_id": filed.pledgee_id,
        "borrower_id": new.borrower_id,
        "pool_id": new.pool_id,
        "principal_fen": new.principal.fen,
        "currency": new.principal.currency,
        "form": new.form,
        "ip_share_bp": new.ip_share_bp,
        "debt_from": new.debt_from,
        "debt_to": new.debt_to,
        "contract": {
            "number": contract.number,
            "signed_on": str(contract.signed_on) if contract.signed_on is not None else None,
            "claim_kind": contract.claim_kind,
            "security_scope": contract.security_scope,
            "title_transfer_on_default": contract.title_transfer_on_default,
            "self_help_auction": contract.self_help_auction,
            "consents": [asdict(given) for given in new.consents],
            "rate_over_lpr_bp": new.rate_over_lpr_bp,
        },
        "acknowledgements": [asdict(given) for given in new.acknowledgements],
        "rule_pack": filed.rule_pack,
        "status": filed.status,
        "filed_on": filed.filed_on,
        "registered_on": filed.registered_on,
        "mixed_on": filed.mixed_on,
        "ended_on": filed.ended_on,
        "imported": filed.imported,
        "event_id": event_id,
    }


def _item_rows(filed: FiledPledge, ground: FilingState, event_id: uuid.UUID) -> list[dict[str, Any]]:
    placed = {
        "pledge_id": filed.id,
        "district_code": filed.district_code,
        "placed_on": filed.filed_on,
        "end_reason": "pledge.deregistered" if filed.ended_on is not None else None,
        "imported": filed.imported,
        "event_id": event_id,
    }
    return [
        {
            "id": item.id,
            "asset_id": item.asset_id,
            "asset_serial": ground.serials[item.asset_id],
            "asset_kind": item.asset_kind,
            "regime": ground.rights[item.asset_id].regime,
            "pledgor_id": item.pledgor_id,
            "ordinal": ordinal,
            "hold_id": item.hold_id,
            "secured_fen": item.secured_fen,
            "share_ppm": item.share_ppm,
            "required": item.required,
            "valuation_id": item.valuation_id,
            "status": item.status,
            "registration_no": item.registration_no,
            "registered_on": item.registered_on,
            "expires_on": item.expires_on,
            "ended_on": item.ended_on,
        }
        | placed
        for ordinal, (item, _) in enumerate(filed.items, start=1)
    ]
