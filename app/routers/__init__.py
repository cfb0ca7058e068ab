"""HTTP routes; `ROUTERS` lists them in the order of the documentation."""

from app.routers import (
    assets,
    clock,
    deals,
    events,
    health,
    ledger,
    listings,
    oauth,
    parties,
    pledges,
    pools,
    problems,
    statistics,
)

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
    statistics.router,
    events.router,
    clock.router,
    problems.router,
)

__all__ = ["ROUTERS"]
