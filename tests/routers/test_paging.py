"""Pages of lists over HTTP."""

from tests.factories.parties import party
from tests.support.api import Api

NAME = "示例分页公司"


async def test_the_link_header_leads_to_the_page_that_the_cursor_names(api: Api) -> None:
    """C08: the next page is linked with its filters; following links gives every row once, then stops."""
    made = [await api.made("operator", "/v1/parties", party(number, name=NAME)) for number in range(60, 65)]
    await api.made("operator", "/v1/parties", party(65, name="示例另一分页公司"))
    answer = await api.get("bank_a", "/v1/parties", name=NAME, limit=2)
    found = []
    while True:
        body = answer.json()
        found += [row["id"] for row in body["items"]]
        if body["next_cursor"] is None:
            break
        assert answer.links["next"]["url"].startswith("/v1/parties?")
        assert answer.links["next"]["url"].endswith(f"&cursor={body['next_cursor']}")
        answer = await api.http.get(answer.links["next"]["url"], headers=api.headers("bank_a"))
    assert "Link" not in answer.headers
    assert found == [row["id"] for row in made]
