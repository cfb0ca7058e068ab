"""Certificates of the state of a right, as issued."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.certificate import CERTIFICATE, CertificateEvent, CertificateStatus
from app.models.base import Base, OperationalMixin, one_of


class CertificateKey(Base):
    """A public Ed25519 key that certificates were signed with, so that they verify after a change of keys.

    `key_id` is its thumbprint (RFC 7638). Written with the first certificate it signs. Append-only.
    """

    __tablename__ = "certificate_keys"
    __table_args__ = (
        CheckConstraint("length(public_key) = 32", name="public_key"),
        Index("ix_certificate_keys_event_id", "event_id"),
    )

    key_id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class Certificate(OperationalMixin, Base):
    """The state of a right on `on` as known at `known_at`, in the bytes that were signed and handed out.

    Or what a search for encumbrances found then, of a right or of all rights of a party (PLG-06).

    `body` is canonical JSON, `signature` the Ed25519 signature over its bytes by the key `key_id`,
    `pdf_sha256` names the same as a page. Anyone may verify it by `code`, which cannot be guessed.
    `state_sha256` is of what is certified alone (rights, owners, encumbrances), to compare with what is
    known later. District: the issuer's.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        one_of("status", CertificateStatus),
        CheckConstraint("(status = 'revoked') = (revoked_on IS NOT NULL)", name="revoked_on"),
        CheckConstraint("(status = 'revoked') = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("body_sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')", name="body_sha256"),
        CheckConstraint(
            "body::jsonb ->> 'number' = number AND body::jsonb ->> 'state_sha256' = state_sha256"
            " AND body::jsonb #>> '{state,asset_id}' IS NOT DISTINCT FROM asset_id::text"
            " AND body::jsonb #>> '{state,party_id}' IS NOT DISTINCT FROM party_id::text",
            name="of_body",
        ),
        CheckConstraint("num_nonnulls(asset_id, party_id) = 1", name="one_subject"),
        UniqueConstraint("number"),
        UniqueConstraint("code"),
        Index("ix_certificates_asset_id", "asset_id"),
        Index("ix_certificates_party_id", "party_id"),
        Index("ix_certificates_organisation_id", "organisation_id"),
    )

    number: Mapped[str]
    code: Mapped[str]
    asset_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("assets.id"))
    party_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    on: Mapped[date]
    known_at: Mapped[datetime]
    body: Mapped[str]
    body_sha256: Mapped[str]
    state_sha256: Mapped[str]
    key_id: Mapped[str] = mapped_column(ForeignKey("certificate_keys.key_id"))
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    pdf_sha256: Mapped[str] = mapped_column(ForeignKey("document_contents.sha256"))
    status: Mapped[str]
    revoked_on: Mapped[date | None]
    reason: Mapped[str | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: CertificateEvent) -> None:
        """Move to the next state or refuse."""
        self.status = CERTIFICATE.next(CertificateStatus(self.status), event)
        self.version += 1
