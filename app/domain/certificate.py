"""Encumbrance certificates: the state of a right on a day as known at a moment, signed (UNI-25)."""

from enum import StrEnum

from app.domain.state_machine import StateMachine


class CertificateStatus(StrEnum):
    """Whether the issuer still stands by it."""

    issued = "issued"
    revoked = "revoked"


class CertificateEvent(StrEnum):
    """What moves a certificate from state to state."""

    revoke = "revoke"


CERTIFICATE = StateMachine[CertificateStatus, CertificateEvent](
    noun="certificate",
    noun_zh="权利状态证明",
    initial=CertificateStatus.issued,
    transitions={(CertificateStatus.issued, CertificateEvent.revoke): CertificateStatus.revoked},
)
