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
    assert dataset.count(participant=anna) == 1
    dataset.page(participant="person-0", error="identifier-removed", place="participant")
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


# ------------------------------------------------------- attributes that leave, with people in them

TOLD = {"contact": "anna@example.org", "partner": "pers-0", "house": "room-7", "rank": "42", "deep": {"to": ["pers-0", {"pers-1": "at anna\u0040example.org"}]}, "arm": "a", "age": 34}


@pytest.fixture
def told(owner, stranger):
    """A study whose attributes, declared as harmless, name people; the owner's view and that of a reader without identifiers."""
    study = new_study(owner)
    study.api.patch(study.path, {"settings": {"attributes": {name: "sensitive" if name == "deep" else "quasi" if name == "contact" else "plain" for name in TOLD}}})
    for number in range(6):
        study.api.put(f"{study.path}/participants/pers-{number}", {"status": "active" if number else "of anna@example.org", "attributes": TOLD})
    for identity in ("42", "34"):
        study.api.put(f"{study.path}/participants/{identity}", {"status": "active", "attributes": TOLD})
    study.api.put(f"{study.path}/sessions/room-7", {"status": "pers-1", "attendance": [{"participant": "pers-1", "role": "pers-0"}, {"participant": "pers-2", "role": "asks anna@example.org"}, {"participant": "pers-3", "role": "member"}]})
    study.dataset("d", [{"id": "n", "type": "integer"}]).send([{"id": f"rec-{number}", "participant": f"pers-{number}", "session": "room-7", "values": {"n": number}} for number in range(6)])
    study.api.put(f"{study.path}/grants/{STRANGER}", {"rights": ["view", "export"], "identifiers": False})
    return study, Study(stranger, study.id)


def condition(name, op, value=None):
    return json.dumps({"field": f"participant.{name}", "op": op, **({} if value is None else {"value": value})})


def test_attributes_of_participants_are_masked(told):
    _, study = told
    answer = study.api.get(f"{study.path}/participants")
    codes = [record["participant"] for record in Dataset(study, "d").page()["records"]]
    house = Dataset(study, "d").page()["records"][0]["session"]
    assert b"pers-" not in answer.content and b"example.org" not in answer.content and b"room-7" not in answer.content and answer.json()["total"] == 8
    for participant in answer.json()["participants"]:
        attributes = participant["attributes"]
        assert attributes == {"contact": "[email]", "partner": codes[0], "house": house, "rank": attributes["rank"], "deep": {"to": [codes[0], {codes[1]: "at [email]"}]}, "arm": "a", "age": 34}
        assert attributes["rank"].startswith("P-")
        assert study.api.get(f"{study.path}/participants/{participant['id']}").json() == participant
    assert sorted(participant["status"] for participant in answer.json()["participants"]) == ["active"] * 7 + ["of [email]"]


def test_roles_of_attendance_are_masked(told):
    _, study = told
    answer = study.api.get(f"{study.path}/sessions")
    codes = [record["participant"] for record in Dataset(study, "d").page()["records"]]
    assert b"pers-" not in answer.content and b"example.org" not in answer.content
    [session] = answer.json()["sessions"]
    assert {one["participant"]: one["role"] for one in session["attendance"]} == {codes[1]: codes[0], codes[2]: "asks [email]", codes[3]: "member"}
    assert session["status"] == codes[1] and study.api.get(f"{study.path}/sessions/{session['id']}").json() == session


def test_attributes_are_as_they_were_for_who_sees_identifiers(told):
    study, _ = told
    assert study.api.get(f"{study.path}/participants/pers-1").json()["attributes"] == TOLD
    assert {one["role"] for one in listed(study, "sessions")[0]["attendance"]} == {"pers-0", "asks anna@example.org", "member"}
    dataset = Dataset(study, "d")
    assert dataset.count(filter=condition("contact", "starts_with", "anna")) == 6 == dataset.count(filter=condition("partner", "=", "pers-0"))
    assert dataset.stream("csv", sort="participant.contact").status_code == 200


@pytest.mark.parametrize("name,op,value", [
    ("contact", "starts_with", "a"), ("contact", "ends_with", "org"), ("contact", "contains", "anna"), ("contact", "not_contains", "anna"), ("contact", ">", "anna"), ("contact", "<=", "b"), ("contact", "between", ["a", "b"]),
    ("contact", "=", "anna@example.org"), ("contact", "!=", "anna@example.org"), ("contact", "in", ["x", "anna@example.org"]), ("contact", "not_in", ["anna@example.org"]), ("arm", "=", "192.168.7.91"),
    ("partner", "starts_with", "pers"), ("deep", "=", '{"to":["pers-0",{"pers-1":"at anna@example.org"}]}'), ("deep", "contains", "pers"), ("status", "contains", "anna"), ("status", "=", "of anna@example.org"),
])
def test_attributes_cannot_be_guessed_by_filters(told, name, op, value):
    study, reader = told
    for params in ({}, {"identifiers": "remove"}, {"identifiers": "keep"}):
        Dataset(reader, "d").page(filter=condition(name, op, value), error="identifier-removed", place="/filter", **params)
    for mode in ("remove", "aggregate"):
        Dataset(study, "d").stream("csv", identifiers=mode, filter=condition(name, op, value), error="identifier-removed", place="/filter")
    Dataset(study, "d").stream("csv", identifiers="remove", filter=json.dumps({"not": {"any": [json.loads(condition(name, op, value))]}}), error="identifier-removed", place="/filter")


@pytest.mark.parametrize("name,op,value,count", [
    ("arm", "=", "a", 6), ("arm", "!=", "a", 0), ("arm", "in", ["a", "b"], 6), ("arm", "not_in", ["a"], 0), ("arm", "is_null", None, 0), ("contact", "is_not_null", None, 6),
    ("age", ">", 30, 6), ("age", "between", [1, 3], 0), ("age", "=", 34, 6), ("arm", "=", True, 0), ("status", "=", "active", 5),
    # A text that is an id is no number to who may not see it.
    ("rank", "=", 42, 0), ("rank", ">", 1, 0),
])
def test_attributes_can_be_compared_as_a_whole(told, name, op, value, count):
    study, reader = told
    assert Dataset(reader, "d").count(filter=condition(name, op, value)) == count
    assert Dataset(study, "d").count(identifiers="remove", filter=condition(name, op, value)) == count


@pytest.mark.parametrize("name", ["contact", "deep", "status"])
def test_groups_that_name_people_are_refused(told, name):
    study, reader = told
    for one in (study, reader):
        Dataset(one, "d").stream("csv", identifiers="aggregate", group_by=f"participant.{name}", error="identifier-removed", place="group_by")
        Dataset(one, "d").stream("csv", identifiers="aggregate", group_by=f"participant.arm,participant.{name}", error="identifier-removed", place="group_by")
    job = study.finished({"datasets": ["d"], "identifiers": "aggregate", "group_by": f"participant.{name}"})
    assert job["state"] == "failed" and "cannot be grouped by" in job["error"]
    assert "anna" not in json.dumps(job) and "pers-" not in json.dumps(job)


@pytest.mark.parametrize("name", ["partner", "house", "rank"])
def test_groups_of_ids_have_no_name(told, name):
    study, _ = told
    lines = Dataset(study, "d").stream("csv", identifiers="aggregate", group_by=f"participant.{name}").content.decode().splitlines()
    assert len(lines) == 2 and lines[1].startswith("d,,n,,6,6,")


def test_groups_that_name_nobody_are_counted(told):
    study, _ = told
    content = Dataset(study, "d").stream("csv", identifiers="aggregate", group_by="participant.arm,participant.age").content.decode()
    assert content.splitlines()[1].startswith("d,a,34,n,,6,6,")


def test_attributes_give_no_order(told):
    """It would tell of what is masked."""
    _, reader = told
    for name in ("contact", "partner", "status"):
        Dataset(reader, "d").page(sort=f"participant.{name}", error="identifier-removed", place="sort")
        Dataset(reader, "d").stream("csv", sort=f"participant.{name}", error="identifier-removed", place="sort")


# ------------------------------------------------------------- people of other datasets

@pytest.fixture
def apart(owner):
    """person-0 to 3 in one and two; here also people and sessions of another dataset alone, and of none."""
    world = World(owner, None)
    study = world.owner
    study.api.put(f"{study.path}/participants/idle", {"attributes": {"site": "north"}})
    study.api.put(f"{study.path}/sessions/room-empty", {"attendance": [{"participant": "person-0"}]})
    study.api.put(f"{study.path}/sessions/room-both", {"attendance": [{"participant": "person-0"}, {"participant": "elsewhere"}, {"participant": "idle"}]})
    study.dataset("three", FIELDS).send([{"id": "x", "participant": "elsewhere", "session": "room-three"}, {"id": "y", "participant": "person-0", "session": "room-both"}])
    Dataset(study, "one").send([{"id": "z", "participant": "person-0", "session": "room-both"}])
    return world


def test_people_of_other_datasets_are_not_there(apart, stranger):
    apart.stranger = stranger
    study = apart.grant(datasets=["one"])
    answer = study.api.get(f"{study.path}/participants").json()
    assert [one["id"] for one in answer["participants"]] == [f"person-{number}" for number in range(4)] and answer["total"] == 4
    assert listed(study, "participants", search="elsewhere") == [] == listed(study, "participants", search="idle")
    for identity in ("elsewhere", "idle"):
        study.api.get(f"{study.path}/participants/{identity}", error="not-found")
    assert study.api.get(f"{study.path}/participants/person-3").json()["code"] == "nick-3"
    sessions = study.api.get(f"{study.path}/sessions").json()
    assert [one["id"] for one in sessions["sessions"]] == ["room-both", "room-north", "room-south"] and sessions["total"] == 3
    assert [one["participant"] for one in sessions["sessions"][0]["attendance"]] == ["person-0"]
    assert study.api.get(f"{study.path}/sessions/room-both").json() == sessions["sessions"][0]
    for identity in ("room-three", "room-empty"):
        study.api.get(f"{study.path}/sessions/{identity}", error="not-found")
    everybody = {one["id"] for one in listed(apart.owner, "participants")}
    assert {"elsewhere", "idle"} < everybody and len(listed(apart.owner, "sessions")) == 5


def test_datasets_with_sites_and_without_identifiers(apart, stranger):
    apart.stranger = stranger
    study = apart.grant(datasets=["three"], sites=["north"])
    assert [one["id"] for one in listed(study, "participants")] == ["person-0"] and [one["id"] for one in listed(study, "sessions")] == ["room-both"]
    study = apart.grant(datasets=["three"], identifiers=False)
    records = Dataset(study, "three").page()["records"]
    people, sessions = listed(study, "participants"), listed(study, "sessions")
    assert {one["id"] for one in people} == {record["participant"] for record in records} and len(people) == 2
    assert {one["id"] for one in sessions} == {record["session"] for record in records} and len(sessions) == 2
    assert study.api.get(f"{study.path}/participants/{people[0]['id']}").json() == people[0]
    assert study.api.get(f"{study.path}/sessions/{sessions[0]['id']}").json() == sessions[0]
    check_no_secret(json.dumps([people, sessions]).encode())


def test_somebody_whose_records_went_is_not_there(apart, stranger):
    apart.stranger = stranger
    study = apart.grant(datasets=["three"])
    assert len(listed(study, "participants")) == 2
    apart.owner.api.delete(f"{apart.owner.path}/datasets/three/records/x", status=204)
    assert [one["id"] for one in listed(study, "participants")] == ["person-0"] and [one["id"] for one in listed(study, "sessions")] == ["room-both"]


def test_notices_name_no_other_dataset(world):
    for name in ("one", "two"):
        world.owner.api.put(f"{world.owner.path}/datasets/{name}/retention", {"delete_after_days": 3, "notice_days": 30})
    study = world.grant(datasets=["one"])
    answer = study.api.get(f"{study.path}/retention/notices").json()
    assert [one["dataset"] for one in answer["notices"]] == ["one"] and answer["total"] == 1
    assert {one["dataset"] for one in listed_notices(world.owner)} == {"one", "two"}


def listed_notices(study):
    return study.api.get(f"{study.path}/retention/notices").json()["notices"]


@pytest.mark.parametrize("name,op,known,unknown", [
    ("partner", "=", "pers-0", "pers-99"), ("partner", "!=", "pers-0", "pers-99"), ("partner", "in", ["pers-0", "pers-1"], ["pers-98", "pers-99"]),
    ("house", "=", "room-7", "room-99"), ("deep", "=", '["pers-1"]', '["pers-99"]'),
])
def test_filters_tell_not_whether_an_id_is_somebodys(told, name, op, known, unknown):
    _, reader = told
    dataset = Dataset(reader, "d")
    counts = [dataset.count(filter=condition(name, op, value)) for value in (known, unknown)]
    assert counts[0] == counts[1] == (6 if op == "!=" else 0)
