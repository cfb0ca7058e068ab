"""`openapi`: the description of the API, as the service answers it at `/openapi.json`."""

from __future__ import annotations

import json

import typer


def write() -> None:
    """输出接口说明 · Print the OpenAPI description; needs no database."""
    from app.config import Settings
    from app.infra.certificates import CertificatePress
    from app.infra.db import Database
    from app.infra.security import TokenIssuer, new_secret
    from app.main import create_app

    settings = Settings.model_construct()
    tokens = TokenIssuer(new_secret(), issuer=settings.issuer, seconds=settings.token_seconds)
    press = CertificatePress(new_secret(), public_url="https://nowhere", sample=True)
    nowhere = Database("postgresql:///")  # engines connect when first used, which nothing here does
    described = create_app(settings, nowhere, tokens, press).openapi()
    typer.echo(json.dumps(described, ensure_ascii=False, indent=2))
