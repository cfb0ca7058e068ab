"""Reads of notices: each organisation sees its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import notice as rules
from app.domain.notice import NoticeKind
from app.models.notice import Notice

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Notice]:
    """The notices of the caller's organisation, whoever else may see their subjects."""
    return select(Notice).where(Notice.organisation_id == actor.organisation_id)


def matching(
    statement: Select[Notice],
    *,
    unread: bool | None = None,
    kind: NoticeKind | None = None,
    subject_id: uuid.UUID | None = None,
) -> Select[Notice]:
    """`statement` narrowed by what is given; `unread` False: those that have been read."""
    if unread is not None:
        statement = statement.where(Notice.read_at.is_(None) if unread else Notice.read_at.is_not(None))
    if kind is not None:
        statement = statement.where(Notice.kind == kind)
    if subject_id is not None:
        statement = statement.where(Notice.subject_id == subject_id)
    return statement


async def lock(session: AsyncSession, actor: Actor, notice_id: uuid.UUID) -> Notice:
    """One notice of the caller's organisation, locked and fresh. Raises: `notice.not_found`."""
    statement = visible(actor).where(Notice.id == notice_id).with_for_update(key_share=True)
    notice = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if notice is None:
        raise rules.NOT_FOUND.error("path:notice_id", notice_id=notice_id)
    return notice
