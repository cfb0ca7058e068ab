"""Enrolments (托管): a small firm in trusteeship, from application to being counted (TG-04 to TG-07)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from app.domain.errors import ErrorKind, Violation, catalogue, define
from app.domain.service_record import ServiceKind
from app.domain.size_class import SMALL_AND_MEDIUM, SizeClass
from app.domain.state_machine import StateMachine
from app.domain.term import add_months


class EnrolmentStatus(StrEnum):
    """States of an enrolment (domain §9.2)."""

    applied = "applied"
    ineligible = "ineligible"
    checked = "checked"
    matched = "matched"
    active = "active"
    ended = "ended"
    terminated = "terminated"
    counted = "counted"
    not_counted = "not_counted"


class EnrolmentEvent(StrEnum):
    """What moves an enrolment from state to state."""

    check = "check"
    fail = "fail"
    match = "match"
    sign = "sign"
    change_provider = "change_provider"
    end = "end"
    terminate = "terminate"
    leave = "leave"
    renew = "renew"
    count_ = "count"
    not_count = "not_count"


_S, _E = EnrolmentStatus, EnrolmentEvent

ENROLMENT = StateMachine[EnrolmentStatus, EnrolmentEvent](
    noun="enrolment",
    noun_zh="托管",
    initial=_S.applied,
    transitions={
        (_S.applied, _E.check): _S.checked,
        (_S.applied, _E.fail): _S.ineligible,
        # A firm that an agency entered against its will must be able to leave before it is checked.
        (_S.applied, _E.terminate): _S.terminated,
        (_S.checked, _E.match): _S.matched,
        (_S.checked, _E.terminate): _S.terminated,
        (_S.matched, _E.sign): _S.active,
        (_S.matched, _E.change_provider): _S.matched,
        (_S.matched, _E.terminate): _S.terminated,
        # Given up after a renewal: the term served before could have been counted, and still can.
        (_S.matched, _E.leave): _S.ended,
        (_S.active, _E.change_provider): _S.matched,
        (_S.active, _E.end): _S.ended,
        (_S.active, _E.terminate): _S.terminated,
        (_S.active, _E.leave): _S.ended,
        (_S.ended, _E.renew): _S.active,
        (_S.ended, _E.count_): _S.counted,
        (_S.ended, _E.not_count): _S.not_counted,
    },
)

LIVE = frozenset({_S.applied, _S.checked, _S.matched, _S.active})
"""A firm has at most one live enrolment in a programme (TG-04), those it has not confirmed left aside."""
SERVED = frozenset({_S.matched, _S.active})
"""What takes up a provider's quota (TG-03)."""
EVALUATED = frozenset({_S.counted, _S.not_counted})


class Change(StrEnum):
    """Which way the stock of active enrolments moves; a dimension of its facts (TRU-02)."""

    start = "start"
    end = "end"


class Cause(StrEnum):
    """Why the stock moves, so that new firms and exits are told from renewals and changes of provider."""

    agreement = "agreement"
    renewal = "renewal"
    provider_change = "provider_change"
    term_end = "term_end"
    termination = "termination"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in service under one provider: from `first` up to and including `last`, None while it lasts."""

    provider_organisation_id: str
    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        """Whether the firm was served on that day."""
        return self.first <= day and (self.last is None or day <= self.last)

    @property
    def days(self) -> int:
        """How long it was; nothing while it lasts."""
        return 0 if self.last is None else (self.last - self.first).days + 1


def stretches(changes: Sequence[tuple[date, int, str]]) -> list[Stretch]:
    """Service by the changes of the active stock: (day, +1 or -1, provider), by day.

    A -1 stands on the day after the last one served. Each provider's starts and ends take turns; a service
    that was given up before its first day is none.
    """
    starts: dict[str, list[date]] = {}
    ends: dict[str, list[date]] = {}
    for day, value, provider in changes:
        (starts if value > 0 else ends).setdefault(provider, []).append(day)
    found = [
        Stretch(provider, first, following - timedelta(days=1) if following is not None else None)
        for provider, begun in starts.items()
        for first, following in zip_longest(begun, ends.get(provider, []))
        if first != following
    ]
    return sorted(found, key=lambda stretch: stretch.first)


def known_from(confirmed_on: date | None, selected_on: date | None) -> date | None:
    """The first day of service for which the provider's own word is enough (TG-04).

    That is when the firm had confirmed and the provider was selected; before, the signed agreement proves it.
    """
    return max((day for day in (confirmed_on, selected_on) if day is not None), default=None)


def full_months(served: Sequence[Stretch]) -> int:
    """Full months of service over renewals and changes of provider (TG-05).

    The days served are laid end to end from the first one, so that a gap between two providers counts
    for nothing and takes nothing away.
    """
    if not served:
        return 0
    first = served[0].first
    following = first + timedelta(days=sum(stretch.days for stretch in served))
    months = (following.year - first.year) * 12 + following.month - first.month
    return months if add_months(first, months) <= following else months - 1


NOT_FOUND = define("enrolment.not_found", ErrorKind.not_found, "未找到该托管", "No such enrolment.")
ALREADY_ENROLLED = define(
    "enrolment.already_enrolled",
    ErrorKind.conflict,
    "该企业（含更名、合并前后）在本项目已有进行中的托管",
    "The firm, under this or a former name, already has an enrolment under way in this programme.",
    basis="TG-04",
)
PARTY_TWICE = define(
    "enrolment.party_twice", ErrorKind.invalid, "同一企业重复列出", "The same firm is listed twice."
)
PARTY_FOREIGN = define(
    "enrolment.party_foreign",
    ErrorKind.denied,
    "企业只能为本单位申请托管",
    "An enterprise enrols itself only.",
)
NOT_A_FIRM = define(
    "enrolment.not_a_firm",
    ErrorKind.invalid,
    "该主体不是企业",
    "The party is not an organisation.",
    basis="TG-04",
)
NOT_PROVIDER = define(
    "enrolment.not_provider",
    ErrorKind.denied,
    "仅本项目入选的托管机构可以批量录入",
    "Only a provider selected for the programme may enter firms.",
    basis="TRU-06",
)
NOT_SERVING = define(
    "enrolment.not_serving",
    ErrorKind.denied,
    "仅承接该企业的托管机构可以办理",
    "Only the provider the firm is matched with may do this.",
)
NOT_CONCERNED = define(
    "enrolment.not_concerned",
    ErrorKind.denied,
    "仅该企业、录入机构或承接机构可以办理",
    "Only the firm, who entered it or its provider may do this.",
)
NOT_FIRM = define(
    "enrolment.not_firm",
    ErrorKind.denied,
    "仅该企业可以办理；企业未入驻平台的，由本区运营机构凭文件代办",
    "Only the firm may do this, or the district's operator on a document where the firm has no account.",
    basis="TRU-06",
)
NOT_OPERATOR = define(
    "enrolment.not_operator",
    ErrorKind.denied,
    "仅本区运营机构可以办理",
    "Only the district's operator may do this.",
)
NOT_EVALUATOR = define(
    "enrolment.not_evaluator",
    ErrorKind.denied,
    "仅本区知识产权主管部门可以评价",
    "Only the district's IP office may evaluate.",
    basis="domain §9.1",
)
SAME_ORGANISATION = define(
    "enrolment.same_organisation",
    ErrorKind.conflict,
    "服务机构与被服务企业不得评价本次服务",
    "Who served, or was served, cannot evaluate the service.",
    basis="RB-02, RB-03",
)
SELF_SERVICE = define(
    "enrolment.self_service",
    ErrorKind.conflict,
    "托管机构不能托管本单位",
    "A provider cannot serve itself.",
    basis="RB-03",
)
ALREADY_CONFIRMED = define(
    "enrolment.already_confirmed",
    ErrorKind.conflict,
    "该企业已于 {confirmed_on} 确认",
    "The firm confirmed on {confirmed_on}.",
)
NOT_CONFIRMED = define(
    "enrolment.not_confirmed",
    ErrorKind.conflict,
    "企业尚未确认，不能继续办理，也不计入",
    "The firm has not confirmed; the enrolment neither goes on nor counts.",
    basis="TRU-06",
)
CONSENT_WITHDRAWN = define(
    "enrolment.consent_withdrawn",
    ErrorKind.conflict,
    "该企业没有有效的数据使用同意",
    "There is no consent to the use of the firm's data.",
    basis="TRU-09",
)
SIZE_UNKNOWN = define(
    "enrolment.size_unknown",
    ErrorKind.conflict,
    "划型标准无法判定企业规模（行业不在表内或缺少指标），须人工认定并说明理由",
    "The size table cannot tell the firm's size (industry left out, or a figure missing): class it by hand, "
    "with a reason.",
    basis="工信部联企业〔2011〕300号",
)
SIZE_KNOWN = define(
    "enrolment.size_known",
    ErrorKind.invalid,
    "划型标准已判定为 {size_class}，不能人工改定",
    "The size table says {size_class}; it is not overruled by hand.",
    basis="工信部联企业〔2011〕300号",
)
REASON_MISSING = define(
    "enrolment.reason_missing",
    ErrorKind.invalid,
    "人工认定规模须说明理由",
    "Classing a firm by hand needs a reason.",
)
QUOTA_EXCEEDED = define(
    "enrolment.quota_exceeded",
    ErrorKind.conflict,
    "承接机构的名额已满",
    "The provider's quota is used up.",
    basis="TRU-03",
)
PROVIDER_SAME = define(
    "enrolment.provider_same",
    ErrorKind.invalid,
    "该企业已由该机构承接",
    "The firm is with that provider already.",
)
AGREEMENT_UNPROVEN = define(
    "enrolment.agreement_unproven",
    ErrorKind.conflict,
    "服务起始日 {day} 早于企业确认日或机构入选日 {first}，须提交已签署的托管协议",
    "The service would start on {day}, before the firm confirmed or the provider was selected ({first}): the "
    "signed agreement is needed as evidence.",
    basis="TG-04 托管协议",
)
TERM_INVALID = define(
    "enrolment.term_invalid",
    ErrorKind.invalid,
    "服务截止日 {last} 早于起始日 {first}",
    "The service would end on {last}, before it starts on {first}.",
)
TERM_EXCEEDED = define(
    "enrolment.term_exceeded",
    ErrorKind.invalid,
    "日期 {day} 晚于 {last}",
    "The date {day} is after {last}.",
)
NOT_IN_DISTRICT = define(
    "enrolment.not_in_district",
    ErrorKind.conflict,
    "企业注册地 {registered_in} 不在本项目所在区 {district_code}",
    "The firm is registered in {registered_in}, not in the programme's district {district_code}.",
    basis="TG-04",
)
TOO_LARGE = define(
    "enrolment.too_large",
    ErrorKind.conflict,
    "企业规模为大型，不属于中小微企业",
    "The firm is large; the programme is for medium, small and micro firms.",
    basis="TG-04",
)
SERVICE_TOO_SHORT = define(
    "enrolment.service_too_short",
    ErrorKind.conflict,
    "服务满 {months} 个月，应满 {required} 个月",
    "Served for {months} full months of the {required} required.",
    basis="TG-05",
)
DELIVERABLE_MISSING = define(
    "enrolment.deliverable_missing",
    ErrorKind.conflict,
    "缺少已验收的服务：{kind}",
    "No accepted service of the kind {kind}.",
    basis="TG-05",
)
SCORE_TOO_LOW = define(
    "enrolment.score_too_low",
    ErrorKind.conflict,
    "评价得分 {score}，合格线为 {required}",
    "The score is {score}; {required} passes.",
    basis="TG-07",
)


def eligibility(
    *,
    registered_in: str,
    district_code: str,
    in_district: bool,
    size: SizeClass,
    enrolled_elsewhere: bool,
) -> list[Violation]:
    """What speaks against a firm whose size is known, all at once (TG-04)."""
    found: list[Violation] = []
    if not in_district:
        found.append(NOT_IN_DISTRICT.violation(registered_in=registered_in, district_code=district_code))
    if size not in SMALL_AND_MEDIUM:
        found.append(TOO_LARGE.violation())
    if enrolled_elsewhere:
        found.append(ALREADY_ENROLLED.violation())
    return found


def shortcomings(
    *,
    confirmed: bool,
    months: int,
    min_months: int,
    accepted: Collection[str],
    deliverables: Sequence[str],
    score: int,
    pass_score: int,
) -> list[Violation]:
    """Why a service that ended does not count, all conditions at once (TG-05, TG-07)."""
    found: list[Violation] = []
    if not confirmed:
        found.append(NOT_CONFIRMED.violation())
    if months < min_months:
        found.append(SERVICE_TOO_SHORT.violation(months=months, required=min_months))
    found += [
        DELIVERABLE_MISSING.violation(kind=ServiceKind(kind).value)
        for kind in deliverables
        if kind not in accepted
    ]
    if score < pass_score:
        found.append(SCORE_TOO_LOW.violation(score=score, required=pass_score))
    return found


def written(findings: Sequence[Violation]) -> list[dict[str, Any]]:
    """Findings as they are kept with an enrolment."""
    return [{"code": found.code.code, "facts": dict(found.facts)} for found in findings]


def read(findings: Sequence[dict[str, Any]]) -> list[Violation]:
    """Findings as they were kept, with their words."""
    codes = catalogue()
    return [codes[found["code"]].violation(**found["facts"]) for found in findings]
