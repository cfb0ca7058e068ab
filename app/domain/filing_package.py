"""Filing packages: what the offices' forms ask for, patents and marks apart, with one debt stated in both.

The form of a patent pledge is 专利权质押登记申请表 (专利权质押登记办法第7、8条, PL-03, PL-04), that of a
trademark 商标专用权质权登记申请书 (注册商标专用权质押登记程序规定第4、5条, PL-16).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.domain.asset import AssetKind
from app.domain.errors import ErrorKind, define
from app.domain.money import capitals, format_amount
from app.domain.patent_number import PatentType
from app.domain.pledge import PledgeForm
from app.domain.seal import canonical

NO_SUCH_RIGHTS = define(
    "filing.no_such_rights",
    ErrorKind.not_found,
    "该质押没有此类权利，无须提交此申请",
    "The pledge has no rights of this kind: there is nothing to file.",
)
HOME = "CN"
TITLES = {
    AssetKind.patent: "专利权质押登记申请表",
    AssetKind.trademark: "商标专用权质权登记申请书",
}
BASES = {
    AssetKind.patent: "专利权质押登记办法（国家知识产权局公告第461号）第7条",
    AssetKind.trademark: "注册商标专用权质押登记程序规定（国家知识产权局公告第358号）第4条",
}
FORMS = {PledgeForm.ordinary: "普通质权", PledgeForm.maximum_amount: "最高额质权"}
PATENT_TYPES = {
    PatentType.invention: "发明",
    PatentType.utility_model: "实用新型",
    PatentType.design: "外观设计",
}
DEFAULT_SCOPE = "主债权及其利息、违约金、损害赔偿金、保管担保财产和实现质权的费用（民法典第389条）"


@dataclass(frozen=True, slots=True)
class Signatory:
    """A party as a form names it; `identifier` is its 统一社会信用代码 where it has one."""

    name: str
    identifier: str | None
    country: str | None
    address: str | None

    @property
    def foreign(self) -> bool:
        """Whether it is known to be of another country: it files through an agency (PL-02, PL-14)."""
        return self.country is not None and self.country != HOME


@dataclass(frozen=True, slots=True)
class Debt:
    """The secured debt as the contract states it (第8条)."""

    contract_number: str | None
    contract_signed_on: date | None
    claim_kind: str | None
    form: PledgeForm
    principal_fen: int | None
    currency: str
    debt_from: date | None
    debt_to: date | None
    security_scope: str | None


@dataclass(frozen=True, slots=True)
class PledgedRight:
    """A right as its form lists it; of a mark its Nice classes and the period of the exclusive right."""

    number: str
    name: str
    pledgor: str | None
    patent_type: PatentType | None
    filed_on: date | None
    granted_on: date | None
    classes: Sequence[int]
    registered_on: date | None
    exclusive_to: date | None
    secured_fen: int | None
    share_ppm: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """All that one pledge brings to a form."""

    asset_kind: AssetKind
    pledge_number: str
    district_code: str
    debt: Debt
    pledgees: Sequence[Signatory]
    pledgors: Sequence[Signatory]
    borrower: Signatory | None
    agent: Signatory | None
    rights: Sequence[PledgedRight]
    consents: Sequence[str]
    valuations: Sequence[str]
    """The hashes of the co-owners' consents and of the valuation reports that are kept."""


def package(case: Case) -> dict[str, Any]:
    """The data of the form, fit for JSON and for the page, with the hash of its debt and of the whole."""
    debt = _debt(case.debt)
    data: dict[str, Any] = {
        "asset_kind": case.asset_kind.value,
        "title": TITLES[case.asset_kind],
        "basis": BASES[case.asset_kind],
        "pledge_number": case.pledge_number,
        "district_code": case.district_code,
        "pledgees": [_signatory(one) for one in case.pledgees],
        "pledgors": [_signatory(one) for one in case.pledgors],
        "borrower": _signatory(case.borrower) if case.borrower else None,
        "agent": _signatory(case.agent) if case.agent else None,
        "agent_needed": any(one.foreign for one in (*case.pledgees, *case.pledgors)),
        "debt": debt,
        "debt_sha256": _sha256(debt),
        "rights": [_right(right, case) for right in case.rights],
        "documents": _documents(case),
    }
    return data | {"sha256": _sha256(data)}


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _signatory(one: Signatory) -> dict[str, Any]:
    return {
        "name": one.name,
        "identifier": one.identifier,
        "country": one.country,
        "address": one.address,
    }


def _debt(debt: Debt) -> dict[str, Any]:
    """What both offices are told of the debt, in the same words."""
    known = debt.principal_fen is not None
    return {
        "contract_number": debt.contract_number,
        "contract_signed_on": _day(debt.contract_signed_on),
        "claim_kind": debt.claim_kind,
        "form": debt.form.value,
        "form_zh": FORMS[debt.form],
        "principal": format_amount(debt.principal_fen or 0) if known else None,
        "currency": debt.currency,
        "principal_capitals": capitals(debt.principal_fen or 0) if known else None,
        "debt_from": _day(debt.debt_from),
        "debt_to": _day(debt.debt_to),
        "security_scope": debt.security_scope or DEFAULT_SCOPE,
    }


def _right(right: PledgedRight, case: Case) -> dict[str, Any]:
    listed: dict[str, Any] = {"number": right.number, "name": right.name, "pledgor": right.pledgor}
    if case.asset_kind is AssetKind.patent:
        listed |= {
            "patent_type": PATENT_TYPES.get(right.patent_type) if right.patent_type else None,
            "filed_on": _day(right.filed_on),
            "granted_on": _day(right.granted_on),
        }
    else:
        listed |= {
            "classes": list(right.classes),
            "exclusive_from": _day(right.registered_on),
            "exclusive_to": _day(right.exclusive_to),
        }
    secured = format_amount(right.secured_fen) if right.secured_fen is not None else None
    return listed | {"secured": secured, "share_ppm": right.share_ppm}


def _documents(case: Case) -> list[dict[str, Any]]:
    """What is handed in with the form (PL-03, PL-16); a hash for each that is kept here."""
    patent = case.asset_kind is AssetKind.patent
    foreign = any(one.foreign for one in (*case.pledgees, *case.pledgors))
    rows: list[tuple[str, str, bool, Sequence[str]]] = [
        ("application", TITLES[case.asset_kind], True, ()),
        ("contract", "质押合同" if patent else "主合同和质权合同", True, ()),
        ("identity", "出质人、质权人身份证明或者承诺书", True, ()),
        ("power_of_attorney", "委托书", case.agent is not None or foreign, ()),
        ("consents", "共有人同意出质的书面文件", bool(case.consents), case.consents),
        ("translations", "外文文件的中文译本", foreign, ()),
    ]
    if patent:
        rows.insert(4, ("valuations", "专利权评估报告", bool(case.valuations), case.valuations))
    return [
        {"code": code, "name": name, "needed": needed, "sha256": list(hashes)}
        for code, name, needed, hashes in rows
    ]


def description(data: Mapping[str, Any]) -> str:
    """One line on a package, for the file's own description."""
    return f"{data['pledge_number']} {data['title']} {len(data['rights'])}"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
