"""Offers (报价): what a buyer bids on a listing, and the rounds of bids that follow (LST-10)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
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
