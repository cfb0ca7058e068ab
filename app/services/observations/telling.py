"""What both reporting and checking say and ask: events, whom to notify, who checks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.domain import indicator as indicator_rules
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.permission import Role
from app.models.observation import Observation
from app.services import events

if TYPE_CHECKING:
    from app.domain.permission import Actor


def checks(actor: Actor, district_code: str) -> bool:
    """Whether the caller is the IP office of that district."""
    return Role.ip_office in actor.roles and actor.district_code in {district_code, OUTSIDE_EVERY_PLAN}


def first_of_each(
    told_of: Iterable[events.NewEvent], observations: Iterable[Observation]
) -> list[tuple[events.NewEvent, Observation]]:
    """The first observation of each indicator and reporter: a return is told of once, not row by row."""
    first: dict[tuple[uuid.UUID, uuid.UUID], tuple[events.NewEvent, Observation]] = {}
    for event, one in zip(told_of, observations, strict=True):
        first.setdefault((one.indicator_id, one.organisation_id), (event, one))
    return list(first.values())


def told(
    one: Observation, code: str, what: str, event_id: uuid.UUID, *, public: bool = False
) -> events.NewEvent:
    """The event `observation.{what}`, for the reporter and the district; what counts is for everybody."""
    return events.NewEvent(
        id=event_id,
        type=f"observation.{what}",
        noun="observation",
        subject_id=one.id,
        stream=one.district_code,
        audience=[one.organisation_id],
        public=public,
        payload={
            "indicator": code,
            "component": one.component,
            "subject": one.subject,
            "year": one.year,
            "revision": one.revision,
            "value": indicator_rules.format_value(one.value_micro),
        },
    )
