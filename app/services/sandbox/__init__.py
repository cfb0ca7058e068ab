"""Sample data of a sandbox: organisations with credentials, rights, a pool and the districts' plans."""

from app.services.sandbox.organisations import (
    DISTRICT,
    NAMES,
    SampleClient,
    add_organisations,
    client_name,
    has_secrets,
    is_empty,
    renew_secrets,
    sample_uscc,
)
from app.services.sandbox.plans import add_plans, find_plans
from app.services.sandbox.pools import SINCE as POOL_SINCE, add_pool, find_pool
from app.services.sandbox.rights import add_rights

__all__ = [
    "DISTRICT",
    "NAMES",
    "POOL_SINCE",
    "SampleClient",
    "add_organisations",
    "add_plans",
    "add_pool",
    "add_rights",
    "client_name",
    "find_plans",
    "find_pool",
    "has_secrets",
    "is_empty",
    "renew_secrets",
    "sample_uscc",
]
