"""Assets: entering rights into the national register and recording what becomes of them."""

from app.services.assets.entering import Registered, register
from app.services.assets.goods import enter_goods, remove_goods
from app.services.assets.links import end_link, link
from app.services.assets.status import NewExtension, NewStatus, change_status, extend_term, set_flags

__all__ = [
    "NewExtension",
    "NewStatus",
    "Registered",
    "change_status",
    "end_link",
    "enter_goods",
    "extend_term",
    "link",
    "register",
    "remove_goods",
    "set_flags",
]
