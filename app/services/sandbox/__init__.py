"""Sample data of a sandbox: organisations with credentials, rights and a pool, all fictional (示例)."""

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
from app.services.sandbox.pools import add_pool, find_pool
from app.services.sandbox.rights import add_rights

__all__ = [
    "DISTRICT",
    "NAMES",
    "SampleClient",
    "add_organisations",
    "add_pool",
    "add_rights",
    "client_name",
    "find_pool",
    "has_secrets",
    "is_empty",
    "renew_secrets",
    "sample_uscc",
]
