"""Studies: create, read, change, list, delete."""
import secrets

import pytest

from conftest import new_study


def test_create_with_an_id(owner):
    identity = "mine_" + secrets.token_hex(4)
    response = owner.post("/studies", {"id": identity, "name": "Größe \U0001f30d", "description": "two\nlines"}, status=201)
    assert response.headers["Location"] == f"/api/v1/studies/{identity}"
    study = response.json()
    assert study["id"] == identity and study["name"] == "Größe \U0001f30d" and study["description"] == "two\nlines" and study["status"] == "active"
    assert owner.get(f"/studies/{identity}").json() == study


def test_create_without_an_id_or_name(owner):
    study = owner.post("/studies", {}, status=201).json()
    assert study["name"] == study["id"]
    assert owner.get(f"/studies/{study['id']}").json() == study


def test_ids_are_taken_once(owner, stranger, study):
    owner.post("/studies", {"id": study.id}, error="study-exists")
    stranger.post("/studies", {"id": study.id}, error="study-exists")


@pytest.mark.parametrize("identity", ["", "a b", "a/b", "ä", "..", "x" * 65, "a.b", "'; DROP TABLE studies; --", "a\n"])
def test_bad_ids(owner, identity):
    owner.post("/studies", {"id": identity}, error="bad-id", place="/id")


def test_longest_id(owner):
    identity = "x" + secrets.token_hex(31) + "_"
    assert len(identity) == 64
    owner.post("/studies", {"id": identity}, status=201)
    owner.get(f"/studies/{identity}")


@pytest.mark.parametrize("body,error,place", [
    ({"name": 5}, "bad-member", "/name"),
    ({"name": None}, "bad-member", "/name"),
    ({"status": "asleep"}, "bad-member", "/status"),
    ({"nmae": "x"}, "unknown-member", "/nmae"),
    ({"owner": "usr_x"}, "unknown-member", "/owner"),
    ({"id": 7}, "bad-member", "/id"),
    ({"name": "n" * 501}, "bad-member", "/name"),
    ({"description": "n" * 20001}, "bad-member", "/description"),
])
def test_bad_members(owner, study, body, error, place):
    owner.post("/studies", body, error=error, place=place)
    if "id" not in body:
        owner.patch(study.path, body, error=error, place=place)


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_body_must_be_an_object(owner, body):
    import json
    owner.call("POST", "/studies", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, error="bad-member")


def test_change(owner, study):
    before = owner.get(study.path).json()
    changed = owner.patch(study.path, {"description": "now with one", "status": "completed"}, status=200).json()
    assert changed["name"] == before["name"] and changed["description"] == "now with one" and changed["status"] == "completed"
    assert changed["created_at"] == before["created_at"] and changed["updated_at"] >= before["updated_at"]
    assert owner.get(study.path).json() == changed
    assert owner.patch(study.path, {}, status=200).json()["description"] == "now with one"


def test_an_archived_study_takes_no_data(owner, study):
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}])
    dataset.send([{"id": "r", "participant": "p", "values": {"a": 1}}])
    owner.patch(study.path, {"status": "archived"})
    dataset.send([{"participant": "p", "values": {"a": 2}}], error="study-read-only")
    owner.put(f"{study.path}/participants/q", {}, error="study-read-only")
    owner.put(f"{study.path}/sessions/s", {}, error="study-read-only")
    owner.put(dataset.path, {"fields": [{"id": "b", "type": "integer"}]}, error="study-read-only")
    owner.delete(f"{dataset.path}/records/r", error="study-read-only")
    assert dataset.count() == 1 and dataset.stream().text.count("\n") == 2
    owner.patch(study.path, {"status": "active"})
    dataset.send([{"participant": "p", "values": {"a": 2}}])
    assert dataset.count() == 2


def test_delete_takes_everything(owner, study):
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}])
    dataset.send([{"participant": "p", "values": {"a": 1}}])
    job = study.finished({"datasets": ["d"]})
    owner.delete(study.path, status=204)
    for path in ("", "/participants", "/datasets", "/datasets/d/records", "/datasets/d/summary", "/exports"):
        owner.get(study.path + path, error="not-found")
    owner.get(f"/exports/{job['id']}/file", error="not-found")
    owner.delete(study.path, error="not-found")


def test_an_id_can_be_used_again_after_deletion(owner, study):
    study.dataset("d", [{"id": "a", "type": "integer"}]).send([{"participant": "p", "values": {"a": 1}}])
    owner.delete(study.path)
    owner.post("/studies", {"id": study.id}, status=201)
    assert owner.get(f"{study.path}/datasets").json()["datasets"] == []
    assert study.dataset("d", [{"id": "a", "type": "string"}]).count() == 0


def test_paging_and_search(owner):
    prefix = "page-" + secrets.token_hex(4)
    made = sorted(f"{prefix}-{number:02}" for number in range(23))
    for identity in reversed(made):
        owner.post("/studies", {"id": identity, "name": f"name of {identity}"})
    found, cursor = [], None
    while True:
        params = {"search": prefix, "limit": 5, **({"cursor": cursor} if cursor else {})}
        page = owner.get("/studies", params=params).json()
        found += [study["id"] for study in page["studies"]]
        assert page["total"] == 23 and len(page["studies"]) <= 5 and page["has_more"] == (page["cursor"] is not None)
        cursor = page["cursor"]
        if cursor is None:
            break
    assert found == made
    assert owner.get("/studies", params={"search": f"NAME OF {prefix}-07".lower()}).json()["total"] == 1
    assert owner.get("/studies", params={"search": prefix + "%"}).json()["total"] == 0
    assert owner.get("/studies", params={"search": prefix + "_00"}).json()["total"] == 0


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "1.5", "", "99999999999999999999"])
def test_bad_limits(owner, study, limit):
    for path in ("/studies", f"{study.path}/participants", f"{study.path}/sessions", f"{study.path}/exports"):
        owner.get(path, params={"limit": limit}, error="bad-parameter", place="limit")


def test_bad_cursor(owner, study):
    for path in ("/studies", f"{study.path}/participants", f"{study.path}/sessions"):
        owner.get(path, params={"cursor": "%%%not a cursor\x01"}, error="bad-cursor")


@pytest.mark.slow
def test_many_studies_do_not_use_up_the_memory(owner):
    """Each open study takes a part of the record engine's memory: idle ones are closed, also those that were just made."""
    prefix = "many-" + secrets.token_hex(4)
    for number in range(250):
        owner.post("/studies", {"id": f"{prefix}-{number}"}, status=201)
    for number in (0, 125, 249):
        assert owner.get(f"/studies/{prefix}-{number}/datasets").json()["datasets"] == []


def test_settings_change_member_by_member(owner):
    study = new_study(owner)
    fresh = owner.get(f"/studies/{study.id}").json()
    assert fresh["settings"]["records_consent"] is False and fresh["ends_at"] is None
    body = {"settings": {"records_consent": True, "attributes": {"age": "quasi"}}, "ends_at": "2027-01-01T00:00:00Z"}
    changed = owner.patch(f"/studies/{study.id}", body).json()
    assert changed["settings"] == {**fresh["settings"], "records_consent": True, "attributes": {"age": "quasi"}}
    assert changed["ends_at"] == "2027-01-01T00:00:00.000Z"
    again = owner.patch(f"/studies/{study.id}", {"settings": {"minimum_cell": 10}, "ends_at": None}).json()
    assert again["settings"] == {**changed["settings"], "minimum_cell": 10} and again["ends_at"] is None
    owner.patch(f"/studies/{study.id}", {"settings": {"minimum_cell": 1}}, error="bad-member", place="/settings/minimum_cell")
    owner.patch(f"/studies/{study.id}", {"settings": {"colour": 1}}, error="unknown-member", place="/settings/colour")


def test_no_two_studies_have_the_same_number(owner, stranger):
    number = secrets.randbelow(1_000_000_000) + 1_000_000_000
    first = new_study(owner, settings={"number": number})
    second = new_study(stranger)
    stranger.patch(second.path, {"settings": {"number": number}}, error="conflict", place="/settings/number")
    stranger.post("/studies", {"id": "n-" + secrets.token_hex(4), "settings": {"number": number}}, error="conflict", place="/settings/number")
    stranger.post("/studies", {"id": str(number)}, error="conflict", place="/id")
    owner.patch(first.path, {"settings": {"number": number}, "name": "The same again"})
    owner.patch(first.path, {"settings": {"number": 0}})
    stranger.patch(second.path, {"settings": {"number": number}})
