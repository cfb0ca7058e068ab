"""Rules of trusteeship: programmes, providers, enrolments, service records and coverage."""

from __future__ import annotations

from migrations import rules

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SEQUENCES = ("programme_numbers", "enrolment_numbers")
APPEND_ONLY = ()
UPDATABLE = {
    "programmes": "",
    "providers": "",
    "enrolments": "",
    "service_records": "accepted_on, version",
    "coverages": "since, enrolment_id",
}
INSERTABLE = ()


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.insertable(INSERTABLE)
    rules.updatable(UPDATABLE)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(append_only=APPEND_ONLY, sequences=SEQUENCES)
