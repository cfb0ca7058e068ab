"""API clients: the credentials by which an organisation's systems call."""

from app.domain.errors import ErrorKind, define

NOT_FOUND = define(
    "client.not_found", ErrorKind.not_found, "没有客户端 {client_id}", "There is no client {client_id}."
)
ALREADY_REVOKED = define(
    "client.already_revoked",
    ErrorKind.conflict,
    "客户端 {client_id} 已停用",
    "Client {client_id} is revoked already.",
)
TAKEN = define(
    "client.taken",
    ErrorKind.conflict,
    "客户端名称 {client_id} 已被使用",
    "There is a client {client_id} already.",
)
