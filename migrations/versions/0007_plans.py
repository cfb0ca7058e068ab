"""Rules of plans: reports are evidence, documents and approvals are never changed."""

from __future__ import annotations

from migrations import rules

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SEQUENCES = ()
APPEND_ONLY = ("task_reports", "document_contents", "documents", "approvals")
UPDATABLE = {
    "plan_departments": "organisation_id",
    "observations": "status, reason, decided_on, decided_event_id, superseded_event_id, version",
    "plans": "version",
    "indicators": "definition_version",
    "notices": "read_at",
}
INSERTABLE = ("tasks", "targets")


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.insertable(INSERTABLE)
    rules.updatable(UPDATABLE)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(append_only=APPEND_ONLY, sequences=SEQUENCES)
