"""HTTP routes; `ROUTERS` lists them in the order of the documentation."""

from app.routers import health, oauth, parties

ROUTERS = (health.router, oauth.router, parties.router)

__all__ = ["ROUTERS"]
