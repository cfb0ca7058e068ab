"""Rules of finance: applications, valuations, claims, recoveries and policies."""

from __future__ import annotations

from migrations import rules

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEQUENCES = ("application_numbers", "valuation_numbers", "claim_numbers", "policy_numbers")
APPEND_ONLY = ("recoveries", "recovery_shares", "policy_endorsements", "loan_classifications")
UPDATABLE = {
    "applications": "",
    "valuations": "",
    "claims": "",
    "claim_shares": "borne_fen, recovered_fen",
    "policies": "",
}
INSERTABLE = ("application_items", "policy_items")


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.insertable(INSERTABLE)
    rules.updatable(UPDATABLE)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(append_only=APPEND_ONLY, sequences=SEQUENCES)
