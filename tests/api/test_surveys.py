"""Surveys as a study has them: states of responses, tests, edits, partial responses, profiles."""
import csv
import io
import json
import pathlib
import zipfile

import pytest
import yaml

from conftest import OWNER
from harness import program
from harness.avicenna import Avicenna, new_study as avicenna_study


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


# ------------------------------------------------------------------------------------------------ every question in every format

QUESTIONS = yaml.safe_load((pathlib.Path(__file__).parent / "data" / "survey_questions.yaml").read_text(encoding="utf-8"))
FIELDS = [entry["field"] for entry in QUESTIONS["fields"]]
ANSWERS = {entry["field"]["id"]: entry["answer"] for entry in QUESTIONS["fields"]}
STATES = [("answered", ANSWERS, []), ("skipped", {}, [field["id"] for field in FIELDS]), ("not-asked", {}, [])]


@pytest.fixture(scope="module")
def questions(owner):
    study = avicenna_study(owner)
    dataset = study.dataset("1", FIELDS, kind="survey", groups=QUESTIONS["groups"])
    # Skipped in the one way, and in the other.
    dataset.send([{"id": "answered", "participant": "1", "values": ANSWERS}, {"id": "skipped", "participant": "1", "values": {name: None for name in ANSWERS}}, {"id": "not-asked", "participant": "1", "values": {}}])
    dataset.send([{"id": "skipped-2", "participant": "1", "values": {}, "skipped": list(ANSWERS)}])
    return dataset


def check(records):
    records = {record["id"]: record for record in records}
    for name, values, skipped in [*STATES, ("skipped-2", {}, STATES[1][2])]:
        assert records[name]["values"] == values and records[name].get("skipped", []) == skipped, name


def test_three_states_on_pages_and_in_json(questions):
    check(questions.page()["records"])
    document = questions.stream("json").json()
    check(document["records"])
    assert [field["question"] for field in document["definition"]["fields"] if "question" in field] == [field["question"] for field in FIELDS if "question" in field]
    assert document["definition"]["groups"][0] == {"id": "Q3", "name": "Q3", "label": "How much?", "required": True}
    check([json.loads(line) for line in questions.stream("ndjson").text.splitlines()])


def test_three_states_in_csv(questions):
    rows = list(csv.DictReader(io.StringIO(questions.stream("csv", missing="skipped=-99,absent=NA", columns=",".join(["id", *ANSWERS])).content.decode(), newline="")))
    for entry in QUESTIONS["fields"]:
        assert [row[entry["field"]["id"]] for row in rows[:3]] == entry["csv"], entry["field"]["id"]
    split = list(csv.DictReader(io.StringIO(questions.stream("csv", missing="skipped=-99,absent=NA", sets="split", columns="Q2,Q4_2").content.decode(), newline="")))
    assert [list(row.values()) for row in split[:3]] == [["1", "0", "1", "0", "0"], ["-99"] * 5, ["NA"] * 5]


def test_three_states_in_parquet(questions, server, owner_key, tmp_path):
    """Read back through the importer, which knows what skipped means."""
    path, types = tmp_path / "wave.parquet", {field["id"]: field["type"] for field in FIELDS}
    path.write_bytes(questions.stream("parquet", columns=",".join(["id", "participant", *ANSWERS, "skipped"])).content)
    back = avicenna_study(questions.api)
    copy = back.dataset("1", FIELDS, kind="survey", groups=QUESTIONS["groups"])
    program.run("import", path, "--server", server.url, "--key", owner_key, "--study", back.id, "--dataset", "1")
    records = copy.page()["records"]
    for record in records:  # Parquet keeps JSON as text, and the importer passes on what it reads
        record["values"].update({name: json.loads(value) for name, value in record["values"].items() if types[name] == "json"})
    check(records)


def test_three_states_in_a_zip(questions):
    job = questions.study.finished({"format": "zip", "files": "ndjson", "datasets": ["1"]})
    content = questions.api.get(f"/exports/{job['id']}/file").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check([json.loads(line) for line in archive.read("1/1.ndjson").decode().splitlines()])


def test_answers_as_avicenna_writes_them(questions, server, make_key):
    client = Avicenna(server.url, OWNER, make_key()["key"])
    entries = [entry for entry in QUESTIONS["fields"] if "avicenna" in entry]
    heading, rows = client.rows(client.survey({"study_id": int(questions.study.id), "filter": "ACTIVITY_RESPONSE", "activity_id": 1, "export_version": "v2",
                                               "rule_set": {"columns": [entry["field"]["id"] for entry in entries], "query": {"field_name": "uuid", "op": "!=", "value": "skipped-2"}, "sort_by": []}}))
    for entry in entries:
        assert [row[heading.index(entry["field"]["id"])] for row in rows] == entry["avicenna"], entry["field"]["id"]


def test_summaries_count_the_three(questions):
    for field in questions.summary()["fields"]:
        assert (field["answered"], field["skipped"], field["absent"]) == (1, 2, 1), field


def test_a_partial_response_lacks_required_answers(study):
    """Who drops off has not answered what they would have had to."""
    dataset = study.dataset("s", [{"id": "a", "type": "string", "required": True}, {"id": "b", "type": "string", "required": True}], kind="survey")
    dataset.send([{"id": "1", "participant": "p", "values": {"a": "x"}}])
    assert dataset.page()["records"][0]["values"] == {"a": "x"}
