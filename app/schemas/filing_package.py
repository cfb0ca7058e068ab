"""Filing packages on the wire."""

from __future__ import annotations

from datetime import date

from app.schemas.common import ResponseModel


class SignatoryOut(ResponseModel):
    """A party as a form names it; `identifier` is its 统一社会信用代码."""

    name: str
    identifier: str | None
    country: str | None
    address: str | None


class DebtOut(ResponseModel):
    """The secured debt, stated in the same words in the forms of both kinds."""

    contract_number: str | None
    contract_signed_on: date | None
    claim_kind: str | None
    form: str
    form_zh: str
    principal: str | None
    currency: str
    principal_capitals: str | None
    debt_from: date | None
    debt_to: date | None
    security_scope: str


class PatentRightOut(ResponseModel):
    """A patent as its form lists it."""

    number: str
    name: str
    pledgor: str | None
    patent_type: str | None
    filed_on: date | None
    granted_on: date | None
    secured: str | None
    share_ppm: int | None


class MarkRightOut(ResponseModel):
    """A mark as its form lists it, with its classes and the period of the exclusive right."""

    number: str
    name: str
    pledgor: str | None
    classes: list[int]
    exclusive_from: date | None
    exclusive_to: date | None
    secured: str | None
    share_ppm: int | None


class DocumentNeededOut(ResponseModel):
    """What is handed in with the form; `sha256` of those that are kept here."""

    code: str
    name: str
    needed: bool
    sha256: list[str]


class FilingPackageOut(ResponseModel):
    """The data of an office's form. `debt_sha256`, `sha256`: of the canonical JSON of the debt, of all."""

    asset_kind: str
    title: str
    basis: str
    pledge_number: str
    district_code: str
    pledgees: list[SignatoryOut]
    pledgors: list[SignatoryOut]
    borrower: SignatoryOut | None
    agent: SignatoryOut | None
    agent_needed: bool
    debt: DebtOut
    debt_sha256: str
    rights: list[PatentRightOut] | list[MarkRightOut]
    documents: list[DocumentNeededOut]
    sha256: str
