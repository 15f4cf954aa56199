"""Member profiles. Acceptance check 10, and section 8."""
import pytest

from conftest import new_study
from harness.alida import Alida, answers, by_name

STATUS = {"id": "member_status", "name": "memberstatus", "label": "Member status", "type": "enum", "system": True,
          "options": [{"id": word.lower(), "label": word} for word in ("Active", "Pending", "Nonmember", "Unsubscribed", "Purged")]}
FIELDS = [STATUS, {"id": "email", "label": "Email", "type": "string", "system": True, "privacy": "direct"},
          {"id": "city", "name": "City", "type": "enum", "options": [{"id": "t", "label": "Toronto"}, {"id": "v", "label": "Vancouver"}]},
          {"id": "old", "type": "string", "visibility": "hidden"}]
MEMBERS = [
    {"id": "1", "participant": "ann", "time": "2025-02-11T10:00:00Z", "values": {"member_status": "active", "email": "ann@example.org", "city": "t"}, "skipped": ["old"]},
    {"id": "2", "participant": "bob", "values": {"member_status": "pending", "email": "bob@example.org"}},
    {"id": "3", "participant": "cy", "values": {"member_status": "unsubscribed"}},
    {"id": "4", "participant": "dee", "values": {"member_status": "purged"}},
    {"id": "5", "participant": "eve", "values": {"city": "v"}},
    {"id": "6", "participant": "fay", "values": {"member_status": "active"}},
    {"id": "7", "participant": "gus", "values": {"member_status": "nonmember"}},
]


@pytest.fixture(scope="module")
def world(owner, server, make_key):
    study = new_study(owner)
    dataset = study.dataset("members", FIELDS, kind="profile", mode="keyed")
    dataset.send(MEMBERS)
    study.dataset("s", [{"id": "q", "type": "string"}], kind="survey", mode="append").send([{"participant": "ann", "values": {"q": "x"}}])
    return Alida(server.url, study.id, make_key()), dataset


def test_status(world):
    client, _ = world
    started = client.start_profiles()
    assert started.status_code == 202 and "/data/members/profiles/batch/" in started.headers["Location"]
    status = client.finished(started, "members/profiles")
    assert set(status) == {"id", "status", "errorMessage", "createDate", "createdBy", "lastUpdateDate", "lastUpdatedBy", "data"}
    assert status["status"] == "succeeded" and status["errorMessage"] == ""
    assert "/data/members/profiles/files/" in status["data"]
    activity = client.finished(client.start(client.activity("s")))
    assert "message" in activity and "datasetId" in activity and "errorMessage" not in activity
    client.status(activity["id"], "members/profiles", error=404)
    client.status(status["id"], error=404)


def test_only_active_members(world):
    client, _ = world
    file = client.profiles()
    assert list(file) == ["id", "exportDate", "lastSyncDate", "definition", "records"]
    fields = by_name(file)
    assert list(fields) == ["memberstatus", "email", "City", "old"]
    assert fields["email"]["isSensitive"] is True and fields["email"]["meta"]["isSystem"] is True and fields["City"]["meta"]["isSystem"] is False
    assert fields["old"]["meta"]["visibility"] == "hidden" and fields["memberstatus"]["type"]["dataType"] == "enum"
    assert len(file["records"]) == 2
    toronto = fields["City"]["type"]["values"][0]["id"]
    first, second = (answers(file, record) for record in file["records"])
    active = [option["id"] for option in fields["memberstatus"]["type"]["values"] if option["name"] == "Active"]
    assert first == {"memberstatus": active, "email": ["ann@example.org"], "City": [toronto], "old": None} and second == {"memberstatus": active}
    assert file["records"][0]["lastUpdateDate"] == "2025-02-11T10:00:00.000Z"


def test_the_owner_is_the_one_of_the_activity(world):
    client, _ = world
    assert client.profiles()["records"][0]["ownerId"] == client.export(client.activity("s"))["records"][0]["ownerId"]


def test_latest_values_only(world):
    client, dataset = world
    dataset.send([{"id": "6", "participant": "fay", "values": {"member_status": "active", "city": "v"}}])
    records = client.profiles()["records"]
    assert len(records) == 2
    dataset.send([{"id": "6", "participant": "fay", "values": {"member_status": "unsubscribed"}}])
    assert len(client.profiles()["records"]) == 1
    dataset.send([{"id": "6", "participant": "fay", "values": {"member_status": "active"}}])


def test_options_are_an_extension(world):
    client, _ = world
    email = by_name(client.profiles())["email"]["id"]
    file = client.profiles({"fieldIds": [email], "sinceDatetime": "2020"})
    assert file["exportOptions"] == {"fieldIds": [email], "sinceDatetime": "2020-01-01T00:00:00.000Z"} and list(by_name(file)) == ["email"]
    client.start_profiles({"fieldIds": ["x"]}, error=400)


def test_an_application_without_profiles(owner, server, make_key):
    study = new_study(owner)
    study.dataset("p", [{"id": "x", "type": "string"}], kind="profile", mode="keyed")
    Alida(server.url, study.id, make_key()).start_profiles(error=404)


@pytest.mark.parametrize("field, active, other", [
    ({"type": "string"}, "Active", "Purged"), ({"type": "boolean"}, True, False),
    ({"type": "enum", "options": [{"id": "1", "label": "Active"}, {"id": "2", "label": "Inactive"}]}, "1", "2"),
    ({"type": "enum", "options": [{"id": "x", "code": "active"}, {"id": "y"}]}, "x", "y")], ids=str)
def test_how_a_status_is_kept(owner, server, make_key, field, active, other):
    study = new_study(owner)
    study.dataset("p", [{"id": "member_status", "system": True, **field}], kind="profile", mode="keyed").send(
        [{"id": "a", "participant": "a", "values": {"member_status": active}}, {"id": "b", "participant": "b", "values": {"member_status": other}}])
    assert len(Alida(server.url, study.id, make_key()).profiles()["records"]) == 1


def test_a_status_that_cannot_say_active_exports_nobody(owner, server, make_key):
    study = new_study(owner)
    study.dataset("p", [{"id": "member_status", "type": "enum", "system": True, "options": [{"id": "x"}]}], kind="profile", mode="keyed").send(
        [{"id": "a", "participant": "a", "values": {"member_status": "x"}}])
    assert Alida(server.url, study.id, make_key()).profiles()["records"] == []
