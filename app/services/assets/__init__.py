"""Assets: entering rights into the national register and recording what becomes of them."""

from app.services.assets.entering import Registered, register
from app.services.assets.links import link
from app.services.assets.status import NewStatus, change_status, set_flags

__all__ = ["NewStatus", "Registered", "change_status", "link", "register", "set_flags"]
