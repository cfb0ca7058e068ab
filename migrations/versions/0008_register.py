"""Rules of the register in depth: histories are never changed, a right has one preservation at a time."""

from __future__ import annotations

from migrations import rules

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SEQUENCES = ("certificate_numbers", "reconciliation_numbers")
APPEND_ONLY = (
    "party_names",
    "party_districts",
    "party_sizes",
    "party_roles",
    "legal_events",
    "reconciliations",
)
UPDATABLE = {
    "asset_goods": "removed_on, removed_at, removed_event_id",
    "asset_tags": "valid_to, ended_at, ended_event_id",
    "duplicates": (
        "status, decision_reason, decided_by, decided_on, undone_by, undone_on, succession_id, version"
    ),
    "fees": "status, paid_on, paid_fen, source, version",
    "stays": "status, lifted_on, reason, version",
    "certificates": "status, revoked_on, reason, version",
    "reconciliation_differences": "status, reason, decided_by, decided_on, version",
}


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.updatable(UPDATABLE)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(append_only=APPEND_ONLY, sequences=SEQUENCES)
