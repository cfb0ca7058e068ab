"""Health on the wire."""

from app.schemas.common import ResponseModel


class Health(ResponseModel):
    """Whether the service can do its work."""

    status: str
