"""Enrolments on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from app.domain.size_class import Industry
from app.schemas.common import MAX_ROWS, Day, Id, Name, RequestModel, ResponseModel, Text

Figure = Annotated[int, Field(ge=0, le=10**12)]


class FirmIn(RequestModel):
    """What a firm's size is told from: staff in persons, revenue and assets in 万元, of the latest year."""

    industry: Annotated[Industry, Field(strict=False)]
    employees: Figure | None = None
    revenue_wan: Figure | None = None
    assets_wan: Figure | None = None


class EnrolmentIn(FirmIn):
    """A firm enrols itself, confirms thereby and consents to the use of its data."""

    programme_id: Id
    party_id: Id | None = Field(default=None, description="The caller's own, and so without need.")
    data_consent: Literal[True]


class EnrolmentRowIn(FirmIn):
    """A firm that a provider enters; the firm has to confirm."""

    party_id: Id


class EnrolmentBatchIn(RequestModel):
    """Firms that a provider enters at once."""

    programme_id: Id
    rows: Annotated[list[EnrolmentRowIn], Field(min_length=1, max_length=MAX_ROWS)]


class EnrolmentConfirmationIn(RequestModel):
    """The firm's word, and its consent to the use of its data."""

    data_consent: Literal[True]


class ProxyConfirmationIn(EnrolmentConfirmationIn):
    """As the firm's own, on a document in which the firm says so."""

    document_id: Id


class ProxyConsentWithdrawalIn(RequestModel):
    """As the firm's own, on a document in which the firm says so."""

    document_id: Id


class EnrolmentCheckIn(RequestModel):
    """The operator's finding on the size of a firm that the table cannot class, with its reason."""

    size_class: Literal["large", "medium", "small", "micro"] | None = None
    reason: Text | None = None


class MatchIn(RequestModel):
    """The provider that is to serve the firm."""

    provider_id: Id


class AgreementIn(RequestModel):
    """The agreement of firm and provider, and the term agreed on.

    `document_id`, the signed agreement, is needed when `active_from` is before the firm confirmed or before
    the provider was selected.
    """

    agreement_no: Name
    active_from: Day
    active_to: Day
    document_id: Id | None = None


class ProviderChangeIn(RequestModel):
    """Another provider, and why; `ended_on` is the last day with the present one, today unless given."""

    provider_id: Id
    reason: Text
    ended_on: Day | None = None


class EnrolmentTerminationIn(RequestModel):
    """Why an enrolment is given up; `ended_on` is the last day served, today unless given."""

    reason: Text
    ended_on: Day | None = None


class ProxyTerminationIn(RequestModel):
    """Why a row that the firm never confirmed is cleared away."""

    reason: Text


class EndIn(RequestModel):
    """The last day of the service."""

    ended_on: Day


class RenewalIn(RequestModel):
    """The new agreement; service goes on from the day after the last one unless `active_from` is given.

    `document_id` is needed as in the first agreement.
    """

    agreement_no: Name
    active_to: Day
    active_from: Day | None = None
    document_id: Id | None = None


class EvaluationIn(RequestModel):
    """The score of a service that has ended."""

    score: Annotated[int, Field(ge=0, le=100)]
    evaluated_on: Day
    reason: Text | None = None


class FindingOut(ResponseModel):
    """A condition that was not met."""

    code: str
    message_zh: str
    message_en: str
    basis: str | None
    facts: dict[str, Any]


class EnrolmentOut(ResponseModel):
    """A firm in a programme. `active_from` is its first day of service under any provider.

    `findings` say why it is ineligible or not counted; the figures are null once the firm has taken its
    consent back.
    """

    id: uuid.UUID
    number: str
    district_code: str
    programme_id: uuid.UUID
    party_id: uuid.UUID
    organisation_id: uuid.UUID
    provider_id: uuid.UUID | None
    industry: str
    employees: int | None
    revenue_wan: int | None
    assets_wan: int | None
    size_class: str
    size_rule: str
    applied_on: date
    confirmed_on: date | None
    data_consent_on: date | None
    agreement_no: str | None
    active_from: date | None
    active_to: date | None
    ended_on: date | None
    score: int | None
    counted_on: date | None
    reason: str | None
    findings: list[FindingOut]
    status: str
    version: int


class EnrolmentBatchOut(ResponseModel):
    """The enrolments entered, in the order of the rows."""

    items: list[EnrolmentOut]


class EvaluationOut(EnrolmentOut):
    """An evaluated enrolment. `covered`: `first` for the firm's first count under the plan, `already`, or
    `moved` when the plan covers it from an earlier day now; null when it does not count.
    """

    covered: str | None
