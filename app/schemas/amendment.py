"""Amendments and coverage on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from app.domain.amendment import AmendmentKind
from app.schemas.common import (
    UNION_TAG,
    Day,
    Id,
    MoneyOut,
    Name,
    PositiveMoney,
    RequestModel,
    ResponseModel,
    Text,
    union_tag,
)
from app.schemas.pledge import MAX_ITEMS, AcknowledgementIn, PledgeConsentIn

AssetIds = Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)]


class AmendmentRegistrationIn(RequestModel):
    """The office's registration for one right.

    `registration_no` of a right that comes in; `expires_on` of a mark that comes in or is extended.
    """

    asset_id: Id
    registered_on: Day
    registration_no: Name | None = None
    expires_on: Day | None = None


class AgreedIn(RequestModel):
    """What every amendment says: the day on which the parties agreed, and the document that shows it.

    `registrations`: what the office has registered of it already, recorded in the same commit.
    """

    changed_on: Day
    document_id: Id | None = None
    registrations: Annotated[list[AmendmentRegistrationIn], Field(default_factory=list, max_length=MAX_ITEMS)]


class PartyEntryIn(RequestModel):
    """A party's name or address as the office is to show it."""

    party_id: Id
    name: Name | None = None
    address: Text | None = None


class PledgeChangeIn(AgreedIn):
    """Another amount or kind of the claim, scope of the security, name or address of a party (第13条)."""

    kind: Literal["change"]
    principal: PositiveMoney | None = None
    claim_kind: Name | None = None
    security_scope: Text | None = None
    parties: Annotated[list[PartyEntryIn], Field(default_factory=list, max_length=50)]


class PledgeExtensionIn(AgreedIn):
    """A later end of the debt; marks are extended at the office before their own period ends (PL-19)."""

    kind: Literal["extension"]
    debt_to: Day


class PledgeReleaseIn(AgreedIn):
    """Rights that are let go while others stay; the last one goes with the pledge's deregistration."""

    kind: Literal["release"]
    asset_ids: AssetIds


class SubstituteIn(RequestModel):
    """A right that comes in; `secured` limits what it secures, `valuation_id` is what it was found worth."""

    asset_id: Id
    pledgor_id: Id
    secured: PositiveMoney | None = None
    valuation_id: Id | None = None


class PledgeSubstitutionIn(AgreedIn):
    """Rights that come in, pledged at once, for others that go once the office has registered these.

    `asset_ids` may be empty: then nothing goes, as where a right was lost or the others bear too little.
    """

    kind: Literal["substitution"]
    items: Annotated[list[SubstituteIn], Field(min_length=1, max_length=MAX_ITEMS)]
    asset_ids: Annotated[list[Id], Field(default_factory=list, max_length=MAX_ITEMS)]
    consents: Annotated[list[PledgeConsentIn], Field(default_factory=list, max_length=1_000)]
    acknowledgements: Annotated[list[AcknowledgementIn], Field(default_factory=list, max_length=1_000)]


def _kind(body: Any) -> str:
    """Which of the four a body is; without a kind, or with one that does not exist, it reads as a change."""
    kind = body.get("kind") if isinstance(body, dict) else getattr(body, "kind", None)
    known = isinstance(kind, str) and kind in set(AmendmentKind)
    return f"{UNION_TAG}{kind if known else AmendmentKind.change}"


AmendmentIn = Annotated[
    Annotated[PledgeChangeIn, union_tag("change")]
    | Annotated[PledgeExtensionIn, union_tag("extension")]
    | Annotated[PledgeReleaseIn, union_tag("release")]
    | Annotated[PledgeSubstitutionIn, union_tag("substitution")],
    Discriminator(_kind),
]
"""An amendment to be filed: `kind` is `change`, `extension`, `release` or `substitution`."""


class AmendmentRegistrationsIn(RequestModel):
    """Registrations of an amendment for one or more rights; of a substitution for those that come in."""

    registrations: Annotated[list[AmendmentRegistrationIn], Field(min_length=1, max_length=MAX_ITEMS)]


class AmendmentRefusalIn(RequestModel):
    """The office refused the amendment."""

    reason: Text
    refused_on: Day


class AmendmentItemOut(ResponseModel):
    """What an amendment does to a right, and the office's registration for it."""

    asset_id: uuid.UUID
    number: str
    action: str
    registered_on: date | None
    expires_on: date | None


class AmendmentOut(ResponseModel):
    """An amendment. `late`: filed over 30 days after it was agreed. `detail`: what was and what will be."""

    id: uuid.UUID
    number: str
    pledge_id: uuid.UUID
    kind: str
    status: str
    changed_on: date
    filed_on: date
    late: bool
    detail: dict[str, Any]
    items: list[AmendmentItemOut]
    document_id: uuid.UUID | None
    reason: str | None
    decided_on: date | None
    district_code: str
    version: int


class WorthOut(ResponseModel):
    """A pledged right with the valuation it rests on.

    `aged`: the valuation is older than practice uses one. `ended`: the right is no more and counts for
    nothing. `cap_bp`: how much of its value may be lent on it, in parts of 10,000.
    """

    asset_id: uuid.UUID
    number: str
    valuation_id: uuid.UUID | None
    mode: str | None
    value: MoneyOut | None
    base_on: date | None
    aged: bool
    ended: bool
    cap_bp: int


class CoverageOut(ResponseModel):
    """A loan against the rights that secure it, in parts of 10,000 where it is a ratio.

    `owed`: the IP share of what is outstanding. `lendable`: how much of a loan the rights support, each up to
    its cap. `shortfall` is null where nothing was valued or the debt is unknown: then nothing can be told.
    `short_since`: since when the pledgee has been told of a shortfall.
    """

    pledge_id: uuid.UUID
    owed: MoneyOut | None
    value: MoneyOut
    lendable: MoneyOut
    ltv_bp: int | None
    cap_bp: int | None
    shortfall: MoneyOut | None
    short_since: date | None
    unvalued: list[uuid.UUID]
    rights: list[WorthOut]
