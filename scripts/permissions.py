"""The table of docs/security.md: which role holds which permission."""

from __future__ import annotations

from app.domain.permission import ROLE_PERMISSIONS, Permission, Role
from scripts.text import table

FEW = 2


def render() -> str:
    """A row per permission, which is also the OAuth scope's name."""
    return table(["scope", "roles"], [[f"`{one}`", _holders(one)] for one in Permission])


def _holders(permission: Permission) -> str:
    holders = [role for role in Role if permission in ROLE_PERMISSIONS[role]]
    others = [role for role in Role if role not in holders]
    if len(others) > FEW:
        return ", ".join(holders) or "—"
    return "all but " + ", ".join(others) if others else "all"
