"""GB/T 2260 divisions, which every operational row refers to."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILE = Path(__file__).parent.parent / "data" / "districts.csv"


def upgrade() -> None:
    """Insert all divisions in one statement."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [{**row, "parent": row["parent"] or None} for row in csv.DictReader(file)]
    statement = sa.text(
        "INSERT INTO districts (code, name, level, parent_code)"
        " SELECT code, name, level, parent FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
        " AS r(code text, name text, level text, parent text)"
    )
    op.execute(statement.bindparams(rows=json.dumps(rows, ensure_ascii=False)))


def downgrade() -> None:
    """Remove them."""
    op.execute("DELETE FROM districts")
