"""Surveys as a study has them: states of responses, tests, edits, partial responses, profiles."""
import json

import pytest


WAVE = [
    {"id": "status", "type": "enum", "system": True, "options": [{"id": "completed", "code": "1"}, {"id": "expired", "code": "3"}]},
    {"id": "test", "type": "boolean", "system": True},
    {"id": "completed", "type": "boolean", "system": True},
    {"id": "end_time", "type": "datetime", "system": True},
    {"id": "mood", "type": "integer"},
    {"id": "why", "type": "string"},
]


def file(study, job):
    return study.api.get(f"/exports/{job['id']}/file").text


def wave(study, fields=WAVE, kind="survey"):
    return study.dataset("wave", fields, kind=kind)


def test_test_responses_are_left_out(study):
    dataset = wave(study)
    dataset.send([{"id": "r1", "participant": "p1", "values": {"mood": 1, "test": False}}, {"id": "r2", "participant": "p1", "values": {"mood": 2, "test": True}},
                  {"id": "r3", "participant": "p2", "values": {"mood": 3}}, {"id": "r4", "participant": "p2", "values": {"mood": 4, "test": None}}])
    ids = lambda **query: [record["id"] for record in dataset.page(**query)["records"]]
    assert ids() == ["r1", "r3", "r4"] and dataset.page()["total"] == 3
    assert ids(test="include") == ["r1", "r2", "r3", "r4"] and ids(test="only") == ["r2"]
    assert dataset.count() == 3 and dataset.count(test="only") == 1
    assert dataset.stream("csv", columns="id").text == "id\r\nr1\r\nr3\r\nr4\r\n"
    assert dataset.stream("ndjson", columns="id", test="only").text == '{"id":"r2"}\n'
    job = study.finished({"format": "csv", "datasets": ["wave"], "columns": ["id"], "test": "include"})
    assert job["request"]["test"] == "include" and file(study, job).split() == ["id", "r1", "r2", "r3", "r4"]
    assert file(study, study.finished({"format": "csv", "datasets": ["wave"], "columns": ["id"]})).split() == ["id", "r1", "r3", "r4"]
    dataset.page(test="maybe", error="bad-parameter", place="test")


@pytest.mark.parametrize("kind,system,kind_of_field", [("events", True, "boolean"), ("survey", False, "boolean"), ("survey", True, "string")])
def test_a_field_called_test_need_not_mark_tests(study, kind, system, kind_of_field):
    dataset = wave(study, [{"id": "test", "type": kind_of_field, "system": system}], kind)
    dataset.send([{"id": "r1", "participant": "p", "values": {"test": True if kind_of_field == "boolean" else "true"}}])
    assert dataset.count() == 1


def test_an_edit_comes_again_and_takes_the_place_of_what_it_edits(study):
    dataset = wave(study)
    dataset.send([{"id": "r1", "participant": "p1", "values": {"mood": 1}}, {"id": "r2", "participant": "p1", "values": {"mood": 2}}])
    before = dataset.page()
    cursor = study.finished({"format": "json", "datasets": ["wave"]})["cursor"]
    dataset.send([{"id": "r1", "participant": "p1", "values": {"mood": 5, "completed": True}}])
    after = {record["id"]: record for record in dataset.page()["records"]}
    old = {record["id"]: record for record in before["records"]}
    assert after["r1"]["values"] == {"mood": 5, "completed": True} and after["r1"]["seq"] > old["r2"]["seq"]
    assert after["r1"]["received_at"] == old["r1"]["received_at"] and after["r1"]["updated_at"] > old["r1"]["updated_at"]
    assert [record["id"] for record in dataset.page(since=cursor)["records"]] == ["r1"]


def test_profiles_are_one_record_a_participant_and_a_filter_takes_the_active(study):
    profile = study.dataset("members", [{"id": "member_status", "type": "enum", "system": True, "options": [{"id": "active"}, {"id": "left"}]},
                                        {"id": "town", "type": "string"}], kind="profile")
    profile.send([{"id": person, "participant": person, "values": {"member_status": state, "town": "Bern"}} for person, state in (("a", "active"), ("b", "left"), ("c", "active"))])
    active = json.dumps({"field": "member_status", "op": "=", "value": "active"})
    assert [record["participant"] for record in profile.page(filter=active)["records"]] == ["a", "c"]
    profile.send([{"id": "b", "participant": "b", "values": {"member_status": "active"}}])
    assert profile.count(filter=active) == 3 and profile.count() == 3
