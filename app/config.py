"""Settings, read once from the environment (`IPOPS_*`) and passed down; never imported by services."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SEED_LENGTH = 43
"""A 32-byte Ed25519 seed in base64url without padding."""


class Mode(StrEnum):
    """What the instance is; fixed when its database is created."""

    sandbox = "sandbox"
    live = "live"


class Settings(BaseSettings):
    """All settings with their defaults; `.env.example` documents them."""

    model_config = SettingsConfigDict(env_prefix="IPOPS_", env_file=".env", extra="ignore")

    mode: Mode = Mode.sandbox
    database_url: SecretStr | None = None
    owner_database_url: SecretStr | None = None
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$")
    signing_key: SecretStr | None = None
    roots_folder: Path | None = None
    pledgee_names_open: bool = False
    token_seconds: int = Field(default=600, ge=30, le=3600)
    issuer: str = "ipops"
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    max_batch_bytes: int = Field(default=16_777_216, ge=1024)
    pool_size: int = Field(default=16, ge=1)
    read_pool_size: int = Field(default=8, ge=1)
    lock_timeout_ms: int = Field(default=2_000, ge=100)
    statement_timeout_ms: int = Field(default=30_000, ge=1_000)

    @model_validator(mode="after")
    def refuse_placeholders(self) -> Settings:
        """A live instance runs on a database and a key of its own, never on generated or sample ones."""
        if self.mode is Mode.sandbox:
            return self
        if self.database_url is None:
            raise ValueError("a live instance needs IPOPS_DATABASE_URL")
        key = self.signing_key.get_secret_value() if self.signing_key else ""
        if len(key) != SEED_LENGTH or len(set(key)) < 16:
            raise ValueError("a live instance needs IPOPS_SIGNING_KEY: 32 random bytes in base64url")
        if self.public_url is None:
            raise ValueError("a live instance needs IPOPS_PUBLIC_URL: certificates bear it for good")
        return self
