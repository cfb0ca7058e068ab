"""`GET /v1/assets/{id}/blockers`: as true as the action itself, and of help (UNI-08)."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable

import pytest

from app.domain.asset import STATUSES, AssetKind, AssetStatus
from tests.support.api import Api
from tests.support.counter import statements
from tests.support.database import SavepointDatabase
from tests.support.situation import Situation

ACTIONS = ("list", "license", "transfer", "pledge")
ROUNDS = (82, 121, 200, 245, 252)
"""Seeds of which few meet all that can befall a right, most of it with most actions."""

PER_ROUND = 4
IN_ORDER = (
    "licensed",
    "listed",
    "filed",
    "pledged",
    "asked",
    "reserved",
    "twin",
    "alike",
    "challenged",
    "preserved",
    "suspended",
    "late",
)
"""What can befall a right, in an order in which it can: a lender takes none that is reserved."""


async def arise(dice: random.Random, make: Callable[..., Situation]) -> tuple[Situation, list[str]]:
    """A random situation and what it is."""
    kind = dice.choice(list(AssetKind))
    situation = make(kind=kind, co_owned=dice.random() < 0.3)
    await situation.begin()
    story = [kind.value, *(["co_owned"] if situation.co_owned else [])]
    for event in [name for name in IN_ORDER if dice.random() < 0.22]:
        patent_only = event in {"twin", "late"}
        if (patent_only and kind is AssetKind.trademark) or (event == "pledged" and "filed" in story):
            continue
        if event == "alike" and (kind is AssetKind.patent or situation.co_owned):
            continue  # a co-owned mark's like would ask for consents of its own
        if event == "asked" and not ({"filed", "pledged"} & set(story) or situation.co_owned):
            continue
        await getattr(situation, event)()
        story.append(event)
    if "late" not in story and dice.random() < 0.5:
        status = dice.choice(sorted(STATUSES[kind]))
        await situation.in_status(status)
        story.append(status)
    if dice.random() < 0.3:
        await situation.stale()
        story.append("stale")
    if dice.random() < 0.15:
        situation.asker = "sme_b" if not situation.co_owned else "sme"
        story.append(situation.asker)
    if dice.random() < 0.4:
        situation.said["licence_type"] = dice.choice(["exclusive", "sole"])
    return situation, story


@pytest.fixture
def make(api: Api, database: SavepointDatabase) -> Callable[..., Situation]:
    return lambda **changes: Situation(api, database, **changes)


@pytest.mark.parametrize("seed", ROUNDS)
async def test_blockers_are_what_the_action_says_and_their_remedies_make_it_go(
    make: Callable[..., Situation], seed: int
) -> None:
    """UNI-08: whatever a right's situation, an action is refused exactly when something blocks it, with codes
    that were told; the remedies, carried out, make it go, and where nothing is said to help nothing does.
    """
    dice = random.Random(seed)
    for number in range(PER_ROUND):
        situation, story = await arise(dice, make)
        action = ACTIONS[number % len(ACTIONS)]
        if action != "license":
            situation.said.clear()
        found = await situation.blockers(action)
        told = {blocker["code"] for blocker in found["blockers"]}
        refused = await situation.attempt(action)
        assert bool(refused) is not found["possible"], (story, action, told, refused)
        assert refused <= told, (story, action)
        if action in {"list", "pledge"}:
            assert refused == told, (story, action)
        await situation.remedy(found)
        hopeless = [one["code"] for one in found["blockers"] if not one["remediable"]]
        assert bool(await situation.attempt(action)) is bool(hopeless), (story, action, hopeless)


@pytest.mark.parametrize("status", [AssetStatus.expired, AssetStatus.invalid_full])
async def test_nothing_helps_a_right_that_has_ended(
    make: Callable[..., Situation], status: AssetStatus
) -> None:
    """UNI-08: an expired right says that no remedy exists, whatever the action."""
    situation = await make().begin()
    await situation.in_status(status)
    for action in (*ACTIONS, "open_license", "enrol"):
        found = await situation.blockers(action)
        (ended,) = [one for one in found["blockers"] if not one["remediable"]]
        assert ended["remedies"] == []
        assert not found["possible"]


async def test_blockers_are_read_in_one_statement(
    api: Api, database: SavepointDatabase, make: Callable[..., Situation]
) -> None:
    """One statement whatever lies on the right, once the driver has learnt the types of its connection."""
    situation = await make(co_owned=True).begin()
    await situation.pledged()
    await situation.asked()
    await situation.blockers("transfer")
    assert database.connection is not None
    async with statements(database.connection) as seen:
        await situation.blockers("transfer")
    assert len(seen.work) == 1, seen.work
    gone = await api.get("sme", f"/v1/assets/{uuid.uuid4()}/blockers", action="list")
    assert (gone.status_code, gone.json()["code"]) == (404, "asset.not_found")


async def test_who_lent_stays_untold(api: Api, make: Callable[..., Situation]) -> None:
    """Another bank learns that there is a lien, since when and of which rank; not whose, nor the filing."""
    situation = await make().begin()
    await situation.pledged()
    pledge = (await api.get("bank_b", "/v1/pledges")).json()["items"][0]
    answer = await api.get("bank_a", f"{situation.path}/blockers", action="pledge")
    (lien,) = answer.json()["blockers"]
    assert lien["code"] == "pledge.already_pledged"
    assert set(lien["facts"]) == {"number", "kind", "since", "rank"}
    bank = api.samples["bank_b"].organisation
    for secret in (pledge["id"], pledge["number"], str(bank.id), str(bank.party_id)):
        assert secret not in answer.text
    assert lien["remedies"][0]["path"] == "/v1/pledges/{pledge_id}/deregistrations"


async def test_a_question_that_makes_no_sense_is_refused(api: Api, make: Callable[..., Situation]) -> None:
    """All at once: a day that is over, a term that ends before it starts; then an unknown territory."""
    situation = await make().begin()
    path = f"{situation.path}/blockers"
    wrong = {"action": "license", "on": "2020-01-01", "term_from": "2027-01-02", "term_to": "2027-01-01"}
    refused = await api.get("sme", path, **wrong)
    codes = [violation["code"] for violation in refused.json()["violations"]]
    assert codes == ["blocker.day_passed", "blocker.term_invalid"]
    refused = await api.get("sme", path, action="license", territory="XX", field="1")
    codes = [violation["code"] for violation in refused.json()["violations"]]
    assert codes == ["hold.territory_unknown", "hold.field_unknown"]
