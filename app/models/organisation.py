"""Who may call: organisations with roles, and the API clients they hold."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, DistrictCode, IdMixin


class Organisation(IdMixin, Base):
    """A party that uses the system. `district_code` is the district it belongs to or administers."""

    __tablename__ = "organisations"
    __table_args__ = (CheckConstraint("cardinality(roles) > 0", name="roles"),)

    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"), unique=True)
    name: Mapped[str]
    roles: Mapped[list[str]]
    district_code: Mapped[DistrictCode]
    created_at: Mapped[datetime]


class Client(IdMixin, Base):
    """API credentials of an organisation; the secret itself is never stored, only its SHA-256."""

    __tablename__ = "clients"
    __table_args__ = (UniqueConstraint("client_id"),)

    client_id: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str]
    roles: Mapped[list[str]]
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
