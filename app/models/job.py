"""Jobs: which business-date job has run for which day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class JobRun(Base):
    """One business-date job done for one day; the key makes a second run of the day impossible."""

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(primary_key=True)
    business_date: Mapped[date] = mapped_column(primary_key=True)
    result: Mapped[dict[str, Any]]
    finished_at: Mapped[datetime]
