"""The list of activities, by which clients find their ids."""
import pytest

from conftest import new_study
from harness.alida import GUID, Alida

FIELDS = [{"id": "q", "type": "string"}]


@pytest.fixture(scope="module")
def client(owner, server, make_key):
    study = new_study(owner)
    study.dataset("b", FIELDS, kind="survey", name="Beta", attributes={"status": "closed", "closedOn": "2024-01-01T00:00:00.000Z", "alternateId": "42", "panelId": 7})
    study.dataset("a", FIELDS, kind="survey", name="Alpha", attributes={"activityType": "Forum"})
    study.dataset("c", FIELDS, kind="survey", name="Gamma", attributes={"status": "pending"})
    study.dataset("d", FIELDS, kind="survey", name="Delta", published=False)
    study.dataset("e", FIELDS, kind="survey", name="Epsilon & more")
    study.dataset("f", FIELDS, kind="sensor", name="No survey")
    return Alida(server.url, study.id, make_key())


def names(response):
    return [item["name"] for item in response.json()["items"]]


def test_envelope(client):
    listed = client.activities().json()
    assert set(listed) == {"items", "links", "meta"} and listed["meta"] == {"limit": 20, "offset": 0, "count": 3}
    assert [item["name"] for item in listed["items"]] == ["Beta", "Alpha", "Epsilon & more"]
    assert {link["rel"] for link in listed["links"]} == {"first", "last"}
    first = listed["items"][0]
    assert GUID.match(first["id"]) and first["activityType"] == "Survey" and first["status"] == "closed" and first["closedOn"] == "2024-01-01T00:00:00.000Z"
    assert first["alternateId"] == "42" and first["createDate"] is None
    assert listed["items"][1]["activityType"] == "Forum" and listed["items"][1]["status"] == "open"


def test_pages(client):
    page = client.activities(params={"limit": 1, "offset": 1, "sort": "name:a"})
    assert names(page) == ["Beta"] and page.json()["meta"] == {"limit": 1, "offset": 1, "count": 3}
    links = {link["rel"]: link["href"] for link in page.json()["links"]}
    assert set(links) == {"first", "last", "prev", "next"}
    walked, address = [], links["first"]
    while address:
        answer = client.session.get(address, headers={"Authorization": f"Bearer {client.token}"}, timeout=60).json()
        walked += [item["name"] for item in answer["items"]]
        address = {link["rel"]: link["href"] for link in answer["links"]}.get("next")
    assert walked == ["Alpha", "Beta", "Epsilon & more"]
    assert names(client.activities(params={"offset": 100})) == []


def test_sort_filter_and_fields(client):
    assert names(client.activities(params={"sort": "name:d"})) == ["Epsilon & more", "Beta", "Alpha"]
    assert names(client.activities(params={"status": "open", "sort": "name:a"})) == ["Alpha", "Epsilon & more"]
    assert names(client.activities(params={"name": "Epsilon & more"})) == ["Epsilon & more"]
    assert names(client.activities(params={"status": "nothing"})) == []
    assert client.activities(params={"fields": "name,id"}).json()["items"][0].keys() == {"id", "name"}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=", "offset=-1", "offset=1e3", "offset=99999999999999999999", "sort=name:x", "sort=nothing:a", "sort=:a"])
def test_what_cannot_be_read(client, query):
    client.activities(params=query, error=400)


def test_one(client):
    item = client.activities().json()["items"][0]
    assert client.call("GET", f"/activities/{item['id'].upper()}", version="v1").json() == item
    client.call("GET", "/activities/x", version="v1", error=404)


def test_its_id_is_the_dataset_of_a_batch(client):
    identity = client.activity("Beta")
    assert client.start(identity).json()["datasetId"] == identity
