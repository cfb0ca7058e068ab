"""HTTP routes; `ROUTERS` lists them in the order of the documentation."""

from app.routers import assets, deals, health, ledger, listings, oauth, parties, pledges, pools

ROUTERS = (
    health.router,
    oauth.router,
    parties.router,
    assets.router,
    listings.router,
    listings.public_router,
    deals.router,
    pledges.router,
    pools.router,
    ledger.router,
)

__all__ = ["ROUTERS"]
