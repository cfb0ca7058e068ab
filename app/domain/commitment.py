"""Commitments (入库): capacity reserved for a loan, from approval to release (RP-02 to RP-06)."""

from enum import StrEnum

from app.domain.state_machine import StateMachine


class CommitmentStatus(StrEnum):
    """States of a commitment: the first three reserve capacity."""

    reserved = "reserved"
    committed = "committed"
    anomaly = "anomaly"
    confirmed = "confirmed"
    lapsed = "lapsed"
    excluded = "excluded"
    released = "released"


class CommitmentEvent(StrEnum):
    """What moves a commitment from state to state."""

    confirm = "confirm"
    lapse = "lapse"
    flag = "flag"
    clear = "clear"
    exclude = "exclude"
    release = "release"


_S, _E = CommitmentStatus, CommitmentEvent

COMMITMENT = StateMachine[CommitmentStatus, CommitmentEvent](
    noun="commitment",
    noun_zh="入库承诺",
    initial=_S.committed,
    transitions={
        (_S.reserved, _E.confirm): _S.confirmed,
        (_S.reserved, _E.lapse): _S.lapsed,
        (_S.committed, _E.flag): _S.anomaly,
        (_S.anomaly, _E.clear): _S.committed,
        (_S.anomaly, _E.exclude): _S.excluded,
        (_S.committed, _E.release): _S.released,
        (_S.anomaly, _E.release): _S.released,
    },
)
"""A reservation begins `reserved`; the filing that confirms it makes a commitment of its own."""

LIVE = frozenset({_S.reserved, _S.committed, _S.anomaly})
"""These reserve capacity: their transfer is pending."""

COVERING = frozenset({_S.committed, _S.anomaly})
"""These cover a filed pledge."""
