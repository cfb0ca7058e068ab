"""The fictional world of the demonstration: districts with their offices, firms, patents and trademarks."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.cli.demo.caller import Caller
from app.domain.patent_number import patent_check_character
from app.domain.uscc import organisation_check_character, uscc_check_character

FIRST_FIRM = 700_000
WAN = 10_000
"""Yuan in 万元."""


@dataclass(frozen=True, slots=True)
class District:
    """A district of the story: its code, its plan and the sample organisations that act in it."""

    code: str
    plan: str
    name: str
    lister: str
    operator: str
    ip_office: str
    department: str
    bank: str
    insurer: str
    trustees: tuple[str, ...]


DONGLI = District(
    code="120110",
    plan="DL",
    name="东丽",
    lister="agency",
    operator="operator",
    ip_office="ip_office",
    department="department",
    bank="bank_a",
    insurer="insurer",
    trustees=("trustee", "trustee_b"),
)
BINHAI = District(
    code="120116",
    plan="BH",
    name="滨海",
    lister="sme_bh",
    operator="operator_bh",
    ip_office="ip_office_bh",
    department="department_bh",
    bank="bank_bh",
    insurer="insurer_bh",
    trustees=("trustee_bh",),
)


def wan(amount: int) -> dict[str, str]:
    """An amount of so many 万元 on the wire."""
    return {"amount": f"{amount * WAN}.00", "currency": "CNY"}


def uscc(district_code: str, number: int) -> str:
    """A well-formed 统一社会信用代码 of a fictional firm."""
    body = f"91{district_code}MA{number:06d}"
    inner = organisation_check_character(body[8:16])
    return body + inner + uscc_check_character(body + inner)


@dataclass
class World:
    """Makes what the story needs, each with a number of its own, through the API."""

    caller: Caller
    _firms: itertools.count[int] = field(default_factory=lambda: itertools.count(FIRST_FIRM))
    _patents: itertools.count[int] = field(default_factory=lambda: itertools.count(9_800_001))
    _trademarks: itertools.count[int] = field(default_factory=lambda: itertools.count(68_000_001))
    _papers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def firm(self, district: District, trade: str) -> str:
        """A firm of the district; its party id."""
        number = next(self._firms)
        made = self.caller.post(
            district.operator,
            "/v1/parties",
            {
                "name": f"示例{district.name}{trade}有限公司{number - FIRST_FIRM + 1}",
                "district_code": district.code,
                "country": "CN",
                "identifiers": [{"scheme": "uscc", "value": uscc(district.code, number)}],
            },
        )
        return str(made["id"])

    def patent(self, district: District, owners: list[str], *, filed_on: date, office: str = "CN") -> str:
        """A granted invention of these owners, or a PCT application (`office` WO); its asset id."""
        serial = next(self._patents)
        digits = f"{filed_on.year}1{serial:07d}"
        granted = filed_on + timedelta(days=700)
        body: dict[str, Any] = {
            "kind": "patent",
            "office": office,
            "patent_type": "invention",
            "name": f"一种示例装置及其控制方法{serial % 1000}",
            "filed_on": filed_on.isoformat(),
            "status_as_of": self.caller.today.isoformat(),
            "status_source": "示例数据",
            "owners": [{"party_id": owner} for owner in owners],
        }
        if office == "CN":
            body |= {
                "numbers": {"application": f"{digits}.{patent_check_character(digits)}"},
                "ipc": "B25J 17/00",
                "granted_on": granted.isoformat(),
                "status": "granted",
            }
        else:
            body |= {
                "numbers": {"application": f"PCT/CN{filed_on.year}/{serial % 1_000_000:06d}"},
                "status": "application",
            }
        return str(self.caller.post(district.operator, "/v1/assets", body)["id"])

    def trademark(self, district: District, owner: str, *, registered_on: date) -> str:
        """A registered trademark of the owner; its asset id."""
        serial = next(self._trademarks)
        made = self.caller.post(
            district.operator,
            "/v1/assets",
            {
                "kind": "trademark",
                "name": f"示例商标{serial % 1000}",
                "numbers": {"registration": str(serial)},
                "classes": [{"nice_class": 7, "goods": "工业机器人"}],
                "registered_on": registered_on.isoformat(),
                "status": "registered",
                "status_as_of": self.caller.today.isoformat(),
                "status_source": "示例数据",
                "owners": [{"party_id": owner}],
            },
        )
        return str(made["id"])

    def paper(self, who: str, name: str, *, shared_with: tuple[str, ...] = ()) -> str:
        """A document of an organisation, shared with others; its id."""
        text = f"示例文件 {next(self._papers)}：{name}\n"
        made = self.caller.post(
            who,
            "/v1/documents",
            {
                "name": f"{name}.txt",
                "media_type": "text/plain",
                "content_base64": base64.b64encode(text.encode()).decode(),
                "shared_with": [self.caller.organisation(one) for one in shared_with],
            },
        )
        return str(made["id"])
