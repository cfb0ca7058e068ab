"""Districts and the instance itself: where operations are administered, and in which mode."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class District(Base):
    """A GB/T 2260 division; `000000` stands for everything outside every plan."""

    __tablename__ = "districts"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(String(12), ForeignKey("districts.code"))


class Instance(Base):
    """The single row that says what this database is: sandbox or live, never both.

    `business_date` is the sandbox test clock: when set, business dates stand still at it.
    """

    __tablename__ = "instance"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("mode IN ('sandbox', 'live')", name="mode"),
        CheckConstraint("mode = 'sandbox' OR business_date IS NULL", name="clock_only_in_sandbox"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mode: Mapped[str]
    business_date: Mapped[date | None]
