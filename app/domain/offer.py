"""Offers (报价): what a buyer bids on a listing, and the rounds of bids that follow (LST-10)."""

from dataclasses import replace
from datetime import date
from enum import StrEnum

from app.domain.errors import DomainError, ErrorKind, Violation, define
from app.domain.hold import field_range, territory_range
from app.domain.listing import ListingMode, ListingStatus
from app.domain.state_machine import StateMachine


class OfferSide(StrEnum):
    """Who made a round."""

    buyer = "buyer"
    lister = "lister"


class OfferStatus(StrEnum):
    """An offer is open until one side accepts the other's last round, or it ends without a deal."""

    open = "open"
    accepted = "accepted"
    declined = "declined"
    withdrawn = "withdrawn"
    lapsed = "lapsed"


class OfferEvent(StrEnum):
    """What moves an offer from state to state; `counter` is a further round."""

    counter = "counter"
    accept = "accept"
    decline = "decline"
    withdraw = "withdraw"
    lapse = "lapse"


_S, _E = OfferStatus, OfferEvent

OFFER = StateMachine[OfferStatus, OfferEvent](
    noun="offer",
    noun_zh="报价",
    initial=_S.open,
    transitions={
        (_S.open, _E.counter): _S.open,
        (_S.open, _E.accept): _S.accepted,
        (_S.open, _E.decline): _S.declined,
        (_S.open, _E.withdraw): _S.withdrawn,
        (_S.open, _E.lapse): _S.lapsed,
    },
)

NOT_FOUND = define("offer.not_found", ErrorKind.not_found, "未找到该报价", "No such offer.")
ALREADY_OPEN = define(
    "offer.already_open",
    ErrorKind.conflict,
    "该买方对此挂牌已有一项进行中的报价",
    "This buyer has an open offer on this listing already.",
)
LISTING_NOT_OPEN = define(
    "offer.listing_not_open",
    ErrorKind.conflict,
    "挂牌处于“{status}”状态或已过期，目前不能报价或成交",
    "The listing is in state “{status}” or past its last day; no offer can be made or accepted.",
)
LISTING_IS_NEED = define(
    "offer.listing_is_need",
    ErrorKind.conflict,
    "需求类挂牌不接受报价",
    "A need is no offer of rights: nothing can be bid on it.",
)
OWN_LISTING = define(
    "offer.own_listing",
    ErrorKind.denied,
    "不能对本单位的挂牌报价",
    "An organisation cannot make an offer on its own listing.",
    basis="民法典第168条",
)
BUYER_FOREIGN = define(
    "offer.buyer_foreign",
    ErrorKind.denied,
    "企业只能以本单位名义报价",
    "An enterprise makes offers in its own name only.",
)
BUYER_IS_SELLER = define(
    "offer.buyer_is_seller",
    ErrorKind.conflict,
    "买方不能是权利人或挂牌机构自身",
    "The buyer is the owner or the lister itself.",
    basis="民法典第168条",
)
CURRENCY_UNSUPPORTED = define(
    "offer.currency_unsupported",
    ErrorKind.invalid,
    "报价目前仅支持人民币（CNY），填写的是 {currency}",
    "Offers are taken in CNY only, given is {currency}.",
)
TERM_MISSING = define(
    "offer.term_missing",
    ErrorKind.invalid,
    "许可报价须写明 {field}",
    "An offer for a licence states its {field}.",
)
TERM_INVALID = define(
    "offer.term_invalid",
    ErrorKind.invalid,
    "许可期限无效：止期早于起期",
    "The term is invalid: it ends before it starts.",
)
NOT_OF_TRANSFER = define(
    "offer.not_of_transfer",
    ErrorKind.invalid,
    "转让报价不写 {field}",
    "An offer for a transfer has no {field}.",
)
EXPIRY_PASSED = define(
    "offer.expiry_passed",
    ErrorKind.invalid,
    "报价有效期 {expires_on} 早于今日 {today}",
    "The offer would end on {expires_on}, before today {today}.",
)
OVER = define(
    "offer.over",
    ErrorKind.conflict,
    "报价已于 {expires_on} 到期",
    "The offer ended on {expires_on}.",
)
NOT_PARTY = define(
    "offer.not_party",
    ErrorKind.denied,
    "仅报价双方可以办理",
    "Only the two sides of the offer may do this.",
)
NOT_YOUR_TURN = define(
    "offer.not_your_turn",
    ErrorKind.conflict,
    "最近一轮由本方提出，须等待对方答复",
    "The last round is your own side's: the other side has to answer it.",
)
NOT_BUYER = define(
    "offer.not_buyer",
    ErrorKind.denied,
    "仅买方可以撤回报价",
    "Only the buyer's side can withdraw an offer.",
)

WHOLE_RIGHT = ("WW", "ALL")
"""Territory and field of an offer for a transfer: the right passes as a whole."""


def terms_faults(
    mode: ListingMode,
    *,
    territory: str | None,
    field: str | None,
    term_from: date | None,
    term_to: date | None,
) -> list[Violation]:
    """Objections to the terms of an offer: a licence has its term and known codes, a transfer has none."""
    found: list[Violation] = []
    if mode is ListingMode.transfer:
        given = {"territory": territory, "field": field, "term_from": term_from, "term_to": term_to}
        return [
            NOT_OF_TRANSFER.violation(f"/{name}", field=name)
            for name, value in given.items()
            if value is not None
        ]
    for name, day in (("term_from", term_from), ("term_to", term_to)):
        if day is None:
            found.append(TERM_MISSING.violation(f"/{name}", field=name))
    if term_from is not None and term_to is not None and term_to < term_from:
        found.append(TERM_INVALID.violation("/term_to"))
    for read, code, pointer in ((territory_range, territory, "/territory"), (field_range, field, "/field")):
        if code is None:
            continue
        try:
            read(code)
        except DomainError as error:
            found += [replace(violation, pointer=pointer) for violation in error.violations]
    return found


def expiry_faults(expires_on: date, today: date) -> list[Violation]:
    """Objections to the last day of an offer."""
    if expires_on >= today:
        return []
    return [EXPIRY_PASSED.violation("/expires_on", expires_on=expires_on, today=today)]


def market_faults(status: str, expires_on: date, today: date) -> list[Violation]:
    """Objections to a listing's being bid on or sold today: it is not published, or past its last day."""
    if status == ListingStatus.published and expires_on >= today:
        return []
    return [LISTING_NOT_OPEN.violation(status=status)]
