"""What somebody sees who may not see everything: without identifiers, some sites, some datasets."""
import json

import pytest

from conftest import STRANGER, new_study
from harness.client import Dataset, Study

FIELDS = [{"id": "note", "type": "string"}, {"id": "phone", "type": "string", "privacy": "direct"}, {"id": "n", "type": "integer"}]


class World:
    """A study with four people at two sites, and the view of it that a grant gives a stranger."""

    def __init__(self, owner, stranger):
        self.owner = new_study(owner)
        self.stranger = stranger
        for number in range(4):
            self.owner.api.put(f"{self.owner.path}/participants/person-{number}", {"code": f"nick-{number}", "status": "active", "attributes": {"site": "north" if number < 2 else "south", "arm": "a", "phone": f"555-{number}"}})
        self.owner.api.put(f"{self.owner.path}/sessions/room-north", {"name": "Anna's room", "attributes": {"host": "person-0"}, "attendance": [{"participant": f"person-{number}", "role": "member"} for number in (0, 1, 2)]})
        self.owner.api.put(f"{self.owner.path}/sessions/room-south", {"attendance": [{"participant": "person-3"}]})
        self.owner.api.patch(self.owner.path, {"settings": {"attributes": {"arm": "plain", "site": "quasi"}}})
        for identity in ("one", "two"):
            self.owner.dataset(identity, FIELDS).send([{"id": f"rec-{number}", "participant": f"person-{number}", "session": "room-north" if number < 3 else "room-south", "values": {"note": f"mail me: p{number}@example.org", "phone": f"555-{number}", "n": number}} for number in range(4)])

    def grant(self, **grant):
        self.owner.api.put(f"{self.owner.path}/grants/{STRANGER}", {"rights": ["view", "export"], **grant})
        return Study(self.stranger, self.owner.id)


@pytest.fixture
def world(owner, stranger):
    return World(owner, stranger)


def listed(study, noun, **params):
    return study.api.get(f"{study.path}/{noun}", params=params).json()[noun]


def check_no_secret(content):
    for secret in (b"person-", b"nick-", b"room-north", b"rec-", b"555-", b"@example.org", b"Anna"):
        assert secret not in content, secret


# ------------------------------------------------------------------------- without identifiers

def test_whoever_may_not_see_identifiers_gets_none(world):
    study = world.grant(identifiers=False)
    dataset = Dataset(study, "one")
    for params in ({}, {"identifiers": "keep"}, {"identifiers": "remove"}):
        records = dataset.page(**params)["records"]
        assert [record["values"] for record in records] == [{"note": "mail me: [email]", "n": number} for number in range(4)]
        check_no_secret(json.dumps(records).encode())
        for format in ("csv", "json", "ndjson", "parquet"):
            check_no_secret(dataset.stream(format, **params).content)
    anna = dataset.page()["records"][0]["participant"]
    assert dataset.count(participant=anna) == 1 and dataset.count(participant="person-0") == 0
    dataset.page(filter='{"field":"phone","op":"is_not_null"}', error="identifier-removed")
    dataset.stream("csv", columns="phone", error="identifier-removed")


def test_people_are_listed_by_code(world):
    study = world.grant(identifiers=False)
    everybody = study.api.get(f"{study.path}/participants")
    check_no_secret(everybody.content)
    participants = everybody.json()["participants"]
    assert everybody.json()["total"] == 4 and [one["id"] for one in participants] == sorted(one["id"] for one in participants)
    assert all(one["code"] == "" and set(one["attributes"]) == {"arm", "site"} for one in participants)
    assert {one["id"] for one in participants} == {record["participant"] for record in Dataset(study, "one").page()["records"]}
    first = study.api.get(f"{study.path}/participants", params={"limit": 3}).json()
    rest = study.api.get(f"{study.path}/participants", params={"limit": 3, "cursor": first["cursor"]}).json()
    assert first["participants"] + rest["participants"] == participants and not rest["has_more"]
    assert listed(study, "participants", search=participants[1]["id"][4:]) == [participants[1]] and listed(study, "participants", search="person") == [] == listed(study, "participants", search="nick")
    assert study.api.get(f"{study.path}/participants/{participants[2]['id']}").json() == participants[2]
    study.api.get(f"{study.path}/participants/person-2", error="not-found")


def test_sessions_are_listed_by_code(world):
    study = world.grant(identifiers=False)
    sessions = study.api.get(f"{study.path}/sessions")
    check_no_secret(sessions.content)
    assert {len(one["attendance"]) for one in sessions.json()["sessions"]} == {3, 1}
    one = sessions.json()["sessions"][0]
    assert one["name"] == "" and one["attributes"] == {} and study.api.get(f"{study.path}/sessions/{one['id']}").json() == one
    study.api.get(f"{study.path}/sessions/room-north", error="not-found")


def test_jobs_with_identifiers_are_not_theirs(world):
    study = world.grant(identifiers=False)
    keep = world.owner.finished({"datasets": ["one"]})
    removed = world.owner.finished({"datasets": ["one"], "identifiers": "remove"})
    assert [job["id"] for job in listed(study, "exports")] == [removed["id"]]
    for path in ("", "/file", "/manifest"):
        study.api.get(f"/exports/{keep['id']}{path}", error="not-found")
        assert study.api.get(f"/exports/{removed['id']}{path}", validate=not path).status_code == 200
    study.api.delete(f"/exports/{keep['id']}", error="not-found")
    own = study.finished({"datasets": ["one"], "identifiers": "keep"})
    assert own["request"]["identifiers"] == "remove" and own["state"] == "succeeded"
    check_no_secret(study.api.get(f"/exports/{own['id']}/file").content)


def test_aggregates_stay_aggregates(world):
    study = world.grant(identifiers=False)
    assert b"n,participants" in Dataset(study, "one").stream("csv", identifiers="aggregate").content


# --------------------------------------------------------------------------------- some sites

def test_other_sites_are_not_there(world):
    study = world.grant(sites=["north"])
    dataset = Dataset(study, "one")
    assert [record["participant"] for record in dataset.page()["records"]] == ["person-0", "person-1"] and dataset.page()["total"] == 2
    assert dataset.count() == 2 and dataset.count(participant="person-3") == 0
    for format in ("csv", "ndjson", "json", "parquet"):
        content = dataset.stream(format).content
        assert b"person-1" in content and b"person-2" not in content and b"person-3" not in content
    summary = dataset.summary()
    assert (summary["records"], summary["participants"], summary["sessions"]) == (2, 2, 1)
    assert [one["id"] for one in listed(study, "participants")] == ["person-0", "person-1"]
    assert listed(study, "participants", search="person-3") == []
    study.api.get(f"{study.path}/participants/person-3", error="not-found")
    assert study.api.get(f"{study.path}/participants/person-1").json()["code"] == "nick-1"
    [session] = listed(study, "sessions")
    assert session["id"] == "room-north" and [one["participant"] for one in session["attendance"]] == ["person-0", "person-1"]
    study.api.get(f"{study.path}/sessions/room-south", error="not-found")


def test_jobs_of_other_sites_are_not_theirs(world):
    study = world.grant(sites=["north"])
    whole = world.owner.finished({"datasets": ["one"]})
    study.api.get(f"/exports/{whole['id']}/file", error="not-found")
    own = study.finished({"datasets": ["one"]})
    assert own["id"] != whole["id"] and own["progress"]["rows"] == 2
    assert b"person-3" not in study.api.get(f"/exports/{own['id']}/file").content
    assert {job["id"] for job in listed(study, "exports")} == {own["id"]}
    assert {job["id"] for job in listed(world.owner, "exports")} == {own["id"], whole["id"]}
    world.grant(sites=["south"])
    study.api.get(f"/exports/{own['id']}/file", error="not-found")


def test_sites_without_identifiers(world):
    study = world.grant(sites=["south"], identifiers=False)
    people = listed(study, "participants")
    assert len(people) == 2
    assert {record["participant"] for record in Dataset(study, "one").page()["records"]} == {one["id"] for one in people}
    sessions = listed(study, "sessions")
    assert sorted(len(one["attendance"]) for one in sessions) == [1, 1]
    check_no_secret(json.dumps([people, sessions]).encode())


def test_deleted_records_of_others_are_told_without_id(world):
    study = world.grant(sites=["north"])
    since = Dataset(study, "one").page()["cursor"]
    world.owner.api.delete(f"{world.owner.path}/datasets/one/records/rec-3", status=204)
    [gone] = Dataset(study, "one").page(since=since, tombstones="true")["deleted"]
    assert "id" not in gone


# ------------------------------------------------------------------------------ some datasets

def test_other_datasets_are_not_there(world):
    study = world.grant(datasets=["one"])
    assert [one["id"] for one in listed(study, "datasets")] == ["one"]
    assert Dataset(study, "one").count() == 4
    for path in ("", "/records", "/count", "/summary", "/export", "/risk"):
        study.api.get(f"{study.path}/datasets/two{path}", error="not-found")
    job = study.finished({"format": "zip"})
    assert [one["id"] for one in study.api.get(f"/exports/{job['id']}/manifest").json()["datasets"]] == ["one"]
    study.export({"datasets": ["two"]}, error="not-found")
    other = world.owner.finished({"datasets": ["two"]})
    study.api.get(f"/exports/{other['id']}/file", error="not-found")
    same = world.owner.finished({"datasets": ["one"]})
    assert study.api.get(f"/exports/{same['id']}/file").status_code == 200
