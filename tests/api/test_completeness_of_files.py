"""How complete each file of an export is: received of expected of the participant in the session whose file it is."""
import io
import json
import zipfile

import pytest

from conftest import STRANGER, new_study
from harness.client import Study

START = "2026-01-31T08:00:00Z"


def at(second):
    return f"2026-01-31T08:{second // 60:02}:{second % 60:02}Z"


def parts(basis, received, expected):
    return {"basis": basis, "received": received, "expected": expected, "fraction": received / expected}


@pytest.fixture(scope="module")
def study(owner):
    study = new_study(owner, name="Complete")
    for session in ("s1", "s2"):
        owner.put(f"{study.path}/sessions/{session}", {"start": START, "end": at(9)})
    components = study.dataset("components", [{"id": "componentId", "type": "string"}, {"id": "stateId", "type": "string"}], kind="components",
                               attributes={"quality": {"expected_components": 2, "expected_states": 2}})
    components.send([{"participant": who, "session": "s1", "time": START, "values": {"componentId": component, "stateId": state}}
                     for who, pairs in (("ada", "11 12 21 22"), ("ben", "11 12")) for component, state in map(tuple, pairs.split())])
    ratings = study.dataset("continuous_ratings", [{"id": "value", "type": "double"}], kind="continuous_ratings", attributes={"quality": {"interval_ms": 1000}})
    ratings.send([{"participant": who, "session": session, "time": at(second), "values": {"value": second}}
                  for who, session, seconds in (("ada", "s1", range(10)), ("ben", "s1", range(3)), ("ada", "s2", (0, 5))) for second in seconds])
    recordings = study.dataset("recordings", [{"id": "format", "type": "string"}], kind="recordings", attributes={"quality": {"expected_per_session": 2}})
    recordings.send([{"id": f"{who}-{session}", "participant": who, "session": session, "time": START, "values": {}} for who, session in (("ada", "s1"), ("ada", "s2"))])
    chat = study.dataset("chat", [{"id": "content", "type": "string"}], kind="chat", attributes={"quality": {"expected_per_participant": 4}})
    chat.send([{"participant": who, "session": session, "time": at(n), "values": {"content": "hi"}}
               for who, session, count in (("ada", "s1", 2), ("ada", "s2", 2), ("ben", "s1", 3)) for n in range(count)])
    survey = study.dataset("diary", [{"id": "mood", "type": "integer"}, {"id": "note", "type": "string"}], kind="survey", mode="keyed")
    survey.send([{"id": "d1", "participant": "ada", "session": "s1", "values": {"mood": 1}}, {"id": "d2", "participant": "ada", "session": "s2", "values": {"mood": 2, "note": "x"}},
                 {"id": "d3", "participant": "ben", "values": {"mood": 3}}])
    study.dataset("events", [{"id": "eventType", "type": "string"}], kind="events").send([{"participant": "ada", "session": "s1", "time": START, "values": {"eventType": "media.play"}}])
    study.dataset("all", [{"id": "n", "type": "integer"}], attributes={"quality": {"expected_records": 10}}).send([{"participant": "ada", "session": "s1", "values": {"n": 1}}])
    return study


EXPECTED = {
    ("components", "s1", "ada"): parts("components", 4, 4), ("components", "s1", "ben"): parts("components", 2, 4),
    ("continuous_ratings", "s1", "ada"): parts("interval", 10, 10), ("continuous_ratings", "s1", "ben"): parts("interval", 3, 10),
    ("continuous_ratings", "s2", "ada"): parts("interval", 2, 10),
    ("recordings", "s1", "ada"): parts("sessions", 1, 2), ("recordings", "s2", "ada"): parts("sessions", 1, 2),
    # What is expected of a participant in all is nothing of one session among several.
    ("chat", "s1", "ada"): None, ("chat", "s2", "ada"): None, ("chat", "s1", "ben"): parts("participants", 3, 4),
    ("diary", "s1", "ada"): parts("fields", 1, 2), ("diary", "s2", "ada"): parts("fields", 2, 2), ("diary", None, "ben"): parts("fields", 1, 2),
    # Nothing is expected of anybody.
    ("events", "s1", "ada"): None, ("all", "s1", "ada"): None,
}


def fetch(study, **body):
    job = study.finished({"format": "zip", **body})
    assert job["state"] == "succeeded", job
    archive = zipfile.ZipFile(io.BytesIO(study.api.get(f"/exports/{job['id']}/file", validate=False).content))
    metadata = json.loads(archive.read("metadata.json"))
    assert study.api.get(f"/exports/{job['id']}/manifest").json()["files"][:-1] == metadata["files"]
    return metadata


def told(metadata):
    return {(file["dataset"], file["session"], file["participant"]): file["completeness"] for file in metadata["files"] if "dataset" in file}


@pytest.mark.parametrize("layout, files", [("hyperstudy", "json"), ("hyperstudy", "csv"), ("participant", "csv"), ("participant", "parquet")])
def test_each_file_of_a_person(study, layout, files):
    metadata = fetch(study, layout=layout, files=files)
    assert told(metadata) == EXPECTED
    for file in metadata["files"]:
        assert "sha256" in file and ("completeness" in file) == ("rows" in file) == ("first_time" in file) == ("last_time" in file), file
    if layout == "hyperstudy":
        people = next(file for file in metadata["files"] if file["path"] == f"participants.{files}")
        assert people["rows"] == 4 and people["completeness"] is None and people["first_time"] is None


def test_it_is_what_quality_says(study):
    for (dataset, session, participant), expected in EXPECTED.items():
        if session and expected and dataset != "diary":
            answer = study.api.get(f"{study.path}/datasets/{dataset}/quality", params={"participant": participant, "session": session}).json()
            assert answer["completeness"] == expected, (dataset, session, participant)


def test_a_choice_does_not_make_a_file_more_complete(study):
    chosen = fetch(study, layout="hyperstudy", files="json", participants=["ben"], sessions=["s1"], datasets=["components", "continuous_ratings"], filter={"field": "record.time", "op": ">", "value": at(1)})
    assert told(chosen) == {("continuous_ratings", "s1", "ben"): parts("interval", 3, 10)}
    assert chosen["rows"] == 1


def test_codes(study):
    coded = fetch(study, layout="hyperstudy", files="json", identifiers="remove")
    of_codes = told(coded)
    assert not {"ada", "ben", "s1"} & {part for key in of_codes for part in key if part}
    key = lambda item: json.dumps(item, sort_keys=True)  # noqa: E731
    assert sorted(((dataset, value) for (dataset, _, _), value in of_codes.items()), key=key) == sorted(((dataset, value) for (dataset, _, _), value in EXPECTED.items()), key=key)


def test_whole_datasets(study):
    metadata = fetch(study, files="csv")
    quality = {one["dataset"]: one["completeness"] for one in study.api.get(f"{study.path}/quality").json()["datasets"]}
    assert {file["dataset"]: file["completeness"] for file in metadata["files"] if "dataset" in file} == quality
    assert quality["all"] == parts("records", 1, 10) and quality["events"] is None
    # One file by itself, and one that is cut.
    job = study.finished({"format": "csv", "datasets": ["components"]})
    assert study.api.get(f"/exports/{job['id']}/manifest").json()["files"][0]["completeness"] == parts("components", 6, 8)
    job = study.finished({"format": "csv", "datasets": ["components"], "part_size": "100KB"})
    assert "completeness" not in study.api.get(f"/exports/{job['id']}/manifest").json()["files"][0]


def test_what_arrives_counts_at_once(owner):
    study = new_study(owner)
    notes = study.dataset("notes", [{"id": "n", "type": "integer"}], attributes={"quality": {"expected_per_session": 2}})
    for number in (1, 2):
        notes.send([{"participant": "ada", "session": "s", "values": {"n": number}}])
        assert told(fetch(study, layout="participant")) == {("notes", "s", "ada"): parts("sessions", number, 2)}


def test_only_who_is_seen(study, owner, stranger):
    owner.put(f"{study.path}/participants/ben", {"attributes": {"site": "north"}})
    owner.put(f"{study.path}/grants/{STRANGER}", {"rights": ["view", "export"], "sites": ["north"]})
    metadata = fetch(Study(stranger, study.id), layout="participant")
    of_ben = {key: value for key, value in EXPECTED.items() if key[2] == "ben"}
    assert told(metadata) == of_ben and len(of_ben) == 4


def test_records_left_out_are_not_counted_beside_the_others(owner):
    study = new_study(owner)
    ages = study.dataset("ages", [{"id": "age", "type": "integer", "privacy": "quasi"}], attributes={"quality": {"expected_per_session": 2}})
    ages.send([{"participant": f"p{n}", "session": "s", "values": {"age": 40}} for n in range(6)] + [{"participant": "p0", "session": "s", "values": {"age": 97}}])
    metadata = fetch(study, layout="participant", identifiers="remove", require_k=5, on_risk="suppress")
    rows = [file for file in metadata["files"] if "dataset" in file]
    assert len(rows) == 6 and not [file for file in rows if "completeness" in file]
