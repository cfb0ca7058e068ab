"""Certificates in the words of people: what the page and the web page show of a signed text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from app.domain.asset import AssetStatus
from app.domain.certificate import Verdict
from app.domain.clock import SHANGHAI
from app.domain.hold import HoldKind

Words = tuple[str, str]
"""Chinese, then English."""

KINDS: Mapping[str, Words] = MappingProxyType(
    {
        "invention": ("发明专利", "Invention patent"),
        "utility_model": ("实用新型专利", "Utility model patent"),
        "design": ("外观设计专利", "Design patent"),
        "patent": ("专利", "Patent"),
        "trademark": ("注册商标", "Trademark"),
    }
)
STATUSES: Mapping[AssetStatus, Words] = MappingProxyType(
    {
        AssetStatus.application: ("专利申请中", "Patent application pending"),
        AssetStatus.granted: ("专利权有效", "Granted and maintained"),
        AssetStatus.late_fee: ("专利权有效（年费滞纳期内）", "Granted; annual fee in its late period"),
        AssetStatus.terminated_fee: ("因未缴年费终止", "Ended for want of the annual fee"),
        AssetStatus.restorable: ("已终止，可请求恢复", "Ended; restoration may be requested"),
        AssetStatus.abandoned: ("已放弃", "Abandoned"),
        AssetStatus.invalid_full: ("已宣告全部无效", "Declared invalid in full"),
        AssetStatus.invalid_part: ("部分无效，其余维持有效", "Declared invalid in part; the rest maintained"),
        AssetStatus.applied: ("商标申请中", "Trademark application pending"),
        AssetStatus.registered: ("注册商标有效", "Registered"),
        AssetStatus.renewal_window: ("注册商标有效（续展期内）", "Registered; may be renewed now"),
        AssetStatus.grace: ("注册商标（宽展期内）", "Registered; in the grace period for renewal"),
        AssetStatus.lapsed: ("期满未续展", "Not renewed"),
        AssetStatus.cancelled: ("已撤销", "Cancelled"),
        AssetStatus.invalid: ("已宣告无效", "Declared invalid"),
        AssetStatus.surrendered: ("已注销", "Surrendered"),
        AssetStatus.expired: ("期限届满", "Expired"),
        AssetStatus.refused: ("驳回或视为撤回", "Refused or withdrawn"),
        AssetStatus.unknown: ("状态不明", "Not known"),
    }
)
ENCUMBRANCES: Mapping[HoldKind, Words] = MappingProxyType(
    {
        HoldKind.lien: ("质押", "Pledge"),
        HoldKind.exclusive_licence: ("独占或排他许可", "Exclusive or sole licence"),
        HoldKind.licence: ("普通许可", "Licence"),
        HoldKind.preservation: ("财产保全", "Preservation by a court"),
        HoldKind.suspension: ("程序中止", "Procedures suspended"),
    }
)
VERDICTS: Mapping[Verdict, Words] = MappingProxyType(
    {
        Verdict.valid: (
            "有效：登记簿现在对该日的记载与本证明一致",
            "Valid: the register says the same of that day still",
        ),
        Verdict.superseded: (
            "已被取代：出具后登记簿对该日的记载有变化，请重新申请",
            "Superseded: the register says something else of that day now; ask for a new certificate",
        ),
        Verdict.revoked: (
            "已撤销：出具机构已撤销本证明",
            "Revoked: the issuer has withdrawn this certificate",
        ),
        Verdict.altered: (
            "不真实：证明内容与电子签名不符",
            "Not genuine: text and signature do not belong together",
        ),
    }
)
NOT_RECORDED: Words = ("未记载", "not recorded")
UNRECORDED_OWNER: Words = ("权利人未记载", "owner not recorded")
UNDIVIDED: Words = ("共有，未约定份额", "undivided")
YES: Words = ("是", "yes")
NO: Words = ("否", "no")
SAMPLE: Words = ("沙箱样本，不具证明效力", "Sandbox sample: it proves nothing")


def sheet(told: Mapping[str, Any]) -> dict[str, Any]:
    """The signed text as lines and tables: each label a pair of words, each cell a text or such a pair."""
    state = told["state"]
    return {
        "number": told["number"],
        "description": f"{told['right']['office']} {told['right']['number']} {told['right']['name']}",
        "verify_url": told["verify_url"],
        "state_sha256": told["state_sha256"],
        "sample": list(SAMPLE) if told["sample"] else None,
        "right": _right(told),
        "times": _times(told),
        "owners": [_owner(owner, told["names"], len(state["owners"])) for owner in state["owners"]],
        "encumbrances": [_encumbrance(one) for one in state["encumbrances"]],
        "not_covered": [told["not_covered"]["zh"], told["not_covered"]["en"]],
        "seal": _seal(told["seal"]),
    }


def _right(told: Mapping[str, Any]) -> list[list[Any]]:
    right, state = told["right"], told["state"]
    kind = KINDS[right["patent_type"] or right["kind"]]
    status = state["status"]
    words = STATUSES[AssetStatus(status["status"])] if status else NOT_RECORDED
    since = status["effective_on"] if status else None
    return [
        ["权利号", "Number", f"{right['office']} {right['number']}"],
        ["名称", "Name", right["name"]],
        ["类型", "Kind", list(kind)],
        ["法律状态", "Legal status", list(words)],
        ["是否有效", "In force", list(YES if state["in_force"] else NO)],
        ["状态起始日", "Status since", since or list(NOT_RECORDED)],
        ["状态来源", "Source of the status", told["status_source"] or list(NOT_RECORDED)],
        ["期限末日", "Last day of the term", right["last_day_in_force"] or list(NOT_RECORDED)],
    ]


def _times(told: Mapping[str, Any]) -> list[list[Any]]:
    return [
        ["状态日", "State on", told["on"]],
        ["知悉时点", "As known at", local(told["known_at"])],
        ["出具时间", "Issued at", local(told["issued_at"])],
        ["出具机构", "Issued by", told["issuer"]["name"]],
    ]


def _owner(owner: Mapping[str, Any], names: Mapping[str, str], owners: int) -> list[Any]:
    name = names[owner["party_id"]] if owner["party_id"] else list(UNRECORDED_OWNER)
    return [name, share(owner["share_ppm"], owners), owner["acquired_on"] or list(NOT_RECORDED)]


def share(ppm: int | None, owners: int) -> str | list[str]:
    """A share in per cent; without one the only owner has it all, several own undivided (专利法第14条)."""
    if ppm is None:
        return "100%" if owners == 1 else list(UNDIVIDED)
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + "%"


def _encumbrance(one: Mapping[str, Any]) -> list[Any]:
    since = one["since"] or one["placed_on"] or list(NOT_RECORDED)
    last_day = one["last_day"] or ["至注销", "until released"]
    return [list(ENCUMBRANCES[HoldKind(one["kind"])]), str(one["rank"]), since, last_day]


def _seal(seal: Mapping[str, Any] | None) -> list[str] | None:
    return [f"{seal['stream']} / {seal['seq']}", seal["hash"]] if seal else None


def local(instant: str) -> str:
    """An instant as people in China write it, to the second."""
    moment = datetime.fromisoformat(instant).astimezone(SHANGHAI)
    return f"{moment:%Y-%m-%d %H:%M:%S} (UTC+8)"
