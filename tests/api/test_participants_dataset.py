"""The participants of a study, read as a dataset."""
import json

import pytest

from harness.client import Api


@pytest.fixture
def people(study):
    study.api.put(f"{study.path}/participants/a", {"code": "A-1", "status": "active", "attributes": {"age": 30, "town": "Bern", "joined": "2026-01-01"}})
    study.api.put(f"{study.path}/participants/b", {"attributes": {"age": 9, "vip": True}})
    study.dataset("d", [{"id": "x", "type": "integer"}]).send([{"participant": "c", "values": {"x": 1}}])
    return study


def test_they_can_be_paged_filtered_and_exported(people):
    api, path = people.api, f"{people.path}/datasets/_participants"
    dataset = api.get(path).json()
    assert dataset["kind"] == "profile" and [field["id"] for field in dataset["fields"]] == ["code", "status", "attributes"]
    assert "_participants" not in [one["id"] for one in api.get(f"{people.path}/datasets").json()["datasets"]]
    records = api.get(f"{path}/records").json()["records"]
    assert [record["id"] for record in records] == ["a", "b", "c"] and records[0]["values"] == {"code": "A-1", "status": "active", "attributes": {"age": 30, "town": "Bern", "joined": "2026-01-01"}}
    assert records[2]["values"] == {}
    grown = json.dumps({"field": "participant.age:number", "op": ">=", "value": 18})
    assert api.get(f"{path}/count", params={"filter": grown}).json()["count"] == 1
    csv = api.get(f"{path}/export", params={"format": "csv", "columns": "id,status,participant.age,participant.joined:datetime,participant.vip:boolean", "sort": "-participant.age:number"})
    assert csv.text.splitlines() == ["id,status,participant.age,participant.joined:datetime,participant.vip:boolean", "a,active,30,2026-01-01T00:00:00.000Z,", "b,,9,,true", "c,,,,"]
    lines = api.get(f"{path}/export", params={"format": "ndjson", "columns": "id,participant.age:number,participant.town"}).text.splitlines()
    assert [json.loads(line) for line in lines] == [{"id": "a", "participant.age:number": 30, "participant.town": "Bern"}, {"id": "b", "participant.age:number": 9}, {"id": "c"}]
    assert api.get(f"{path}/export", params={"format": "parquet"}).content.startswith(b"PAR1")
    summary = api.get(f"{path}/summary").json()
    assert summary["records"] == summary["participants"] == 3
    job = people.finished({"format": "csv", "datasets": ["_participants"], "columns": ["id"]})
    assert api.get(f"/exports/{job['id']}/file").text.split() == ["id", "a", "b", "c"]


def test_nobody_can_write_it(people):
    path = f"{people.path}/datasets/_participants"
    people.api.put(path, {"fields": []}, error="definition-conflict")
    people.api.call("POST", f"{path}/records", data=b'{"id":"x","participant":"x","values":{}}\n', headers={"Content-Type": "application/x-ndjson"}, error="not-found")
    people.api.delete(f"{path}/records/a", error="not-found")


def test_who_withdrew_is_not_in_it(people):
    people.api.post(f"{people.path}/participants/a/withdrawal", {"reason": "moved away"})
    assert [record["id"] for record in people.api.get(f"{people.path}/datasets/_participants/records").json()["records"]] == ["b", "c"]


def test_with_identifiers_removed_what_is_direct_stays_out(people):
    api, path = people.api, f"{people.path}/datasets/_participants"
    api.patch(people.path, {"settings": {"attributes": {"age": "quasi"}}})
    records = api.get(f"{path}/records", params={"identifiers": "remove"}).json()["records"]
    assert all(set(record["values"]) <= {"status"} for record in records) and not {record["participant"] for record in records} & {"a", "b", "c"}
    text = api.get(f"{path}/export", params={"format": "csv", "identifiers": "remove", "columns": "participant.age"}).text
    assert sorted(text.split()) == ["30", "9", "participant.age"]
    for column in ("participant.town", "participant.code", "code", "attributes"):
        api.get(f"{path}/export", params={"format": "csv", "identifiers": "remove", "columns": column}, error="identifier-removed")


def test_columns_of_people_in_other_datasets(people):
    dataset = people.dataset("e", [{"id": "x", "type": "integer"}])
    dataset.send([{"participant": "a", "session": "s", "values": {"x": 1}}, {"participant": "b", "values": {"x": 2}}])
    people.api.put(f"{people.path}/sessions/s", {"name": "First", "start": "2026-02-01T10:00:00Z", "attributes": {"room": "R1"}})
    columns = "x,participant.town,session.name,session.start,session.room,study"
    assert dataset.stream("csv", columns=columns).text.splitlines() == [columns, f"1,Bern,First,2026-02-01T10:00:00.000Z,R1,{people.id}", f"2,,,,,{people.id}"]
    dataset.stream("parquet", columns=columns, error="bad-parameter", place="columns")
    dataset.stream("csv", columns=columns, shift_dates="true", error="bad-parameter", place="columns")
    page = dataset.page(columns="x,participant.town,study")["records"]
    assert page == [{"values": {"x": 1}, "participant.town": "Bern", "study": people.id}, {"values": {"x": 2}, "study": people.id}]


def test_metadata_of_one_answer(study):
    dataset = study.dataset("d", [{"id": "x", "type": "integer"}, {"id": "y", "type": "integer"}])
    dataset.send([{"participant": "p", "values": {"x": 1, "y": 2}, "metadata": {"x": {"response_time": "2026-01-01T00:00:00Z", "iteration": 0}}}])
    assert dataset.stream("csv", columns="metadata.x,metadata.y").text.split("\r\n")[1] == '"{""response_time"":""2026-01-01T00:00:00Z"",""iteration"":0}",'
    assert dataset.page(columns="metadata.x")["records"] == [{"metadata.x": {"response_time": "2026-01-01T00:00:00Z", "iteration": 0}}]
    dataset.page(columns="metadata.z", error="unknown-field", place="columns")


def test_a_key_for_profiles_does_not_open_it(people, server, make_key):
    people.dataset("profiles", [{"id": "x", "type": "integer"}], kind="profile").send([{"id": "a", "participant": "a", "time": "2026-01-01T00:00:00Z", "values": {"x": 1}}])
    key = Api(server.url, make_key(scopes=["read:profile"])["key"])
    assert len(key.get(f"{people.path}/datasets/profiles/records").json()["records"]) == 1
    for what in ("records", "count", "summary"):
        key.get(f"{people.path}/datasets/_participants/{what}", error="forbidden")
    assert len(Api(server.url, make_key(scopes=["read:records"])["key"]).get(f"{people.path}/datasets/_participants/records").json()["records"]) == 3
