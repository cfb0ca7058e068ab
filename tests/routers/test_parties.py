"""`/v1/parties` over HTTP."""

from tests.factories.parties import party
from tests.support.api import Api


async def test_a_registered_party_is_found_by_its_code_and_by_its_name(api: Api) -> None:
    """AST-02: the register answers by 统一社会信用代码 and by name however it is written."""
    made = await api.made("operator", "/v1/parties", party(1))
    by_code = await api.get("bank_a", "/v1/parties", identifier=made["identifiers"][0]["value"])
    by_name = await api.get("bank_a", "/v1/parties", name=" 示例新材料有限公司１ ")
    assert [row["id"] for row in by_code.json()["items"]] == [made["id"]]
    assert [row["id"] for row in by_name.json()["items"]] == [made["id"]]


async def test_one_code_belongs_to_one_party(api: Api) -> None:
    """AST-02: a taken identifier is refused and nothing is written."""
    await api.made("operator", "/v1/parties", party(2))
    again = await api.post("operator", "/v1/parties", party(2, name="示例另一公司"))
    assert (again.status_code, again.json()["code"]) == (409, "party.identifier_taken")
    assert (await api.get("operator", "/v1/parties", name="示例另一公司")).json()["items"] == []
