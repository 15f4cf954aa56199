"""Questionnaires and comprehension checks: events with files of their own in HyperStudy's ZIPs."""
import csv
import hashlib
import io
import json
import secrets
import zipfile

import pytest

from conftest import STRANGER, new_study
from harness import program
from harness.client import Study
from harness.hyperstudy import Client

QUESTIONNAIRE = ["experiment_id", "participant_id", "room_id", "page_index", "page_title", "page_id", "question_id", "question_text", "question_type", "answer",
                 "response_time_ms", "timestamp"]
COMPREHENSION = ["experiment_id", "participant_id", "room_id", "event_type", "page_index", "page_title", "attempt_number", "answers", "score", "passed", "correct_count",
                 "total_questions", "timestamp"]


def answer(question, value, kind="text-short", took=1200, page=0, **more):
    return "post_experiment", "questionnaire.response", {"value": {"questionId": question, "questionText": f"What of {question}, \"really\"?", "questionType": kind, "answer": value,
                                                                   "pageIndex": page, "pageTitle": "The end", "pageId": f"page-{page}", "responseTime": took, **more}}


def attempt(number, passed, score=1):
    return "pre_experiment", "instructions.comprehension_attempt", {"value": {"pageIndex": 1, "pageTitle": "Rules", "attemptNumber": number, "answers": {"q1": "a", "q2": "b"},
                                                                              "score": score, "passed": passed, "correctCount": 1 + passed, "totalQuestions": 2}}


EVENTS = {
    ("ra", "ada"): [("pre_experiment", "consent.accepted", {}), attempt(1, False, 0.5), attempt(2, True),
                    ("pre_experiment", "instructions.comprehension_passed", {"value": {"pageIndex": 1}}), ("pre_experiment", "instructions.completed", {}),
                    ("component", "component.view", {"value": {"n": 1}}),
                    answer("mood", "fine, thanks"), answer("age", 31, "vas-rating", 900.5), answer("rank", ["b", "a", 3], "ranking", page=1), answer("none", None),
                    answer("formula", "=1+1"), answer("minus", -4, "vas-rating"), answer("half", 2.5, "vas-rating"), answer("agree", True), answer("write", "a@b.org\nline two"),
                    ("post_experiment", "questionnaire.completed", {"value": {"totalPages": 2, "totalQuestions": 9, "totalResponseTime": 12345}})],
    ("ra", "bo"): [("pre_experiment", "instructions.comprehension_failed", {}), ("component", "component.view", {})],
    ("rb", "ada"): [("questionnaire", "other", {}), answer("again", "ada")],
    ("rb", "_room"): [("system", "trigger", {}), ("questionnaire", "questionnaire.response", {"value": {"questionId": "of-all"}})],
}


@pytest.fixture(scope="module")
def experiment(owner):
    study = new_study(owner, name="Asked")
    for number, room in enumerate(("ra", "rb")):
        owner.put(f"{study.path}/sessions/{room}", {"start": f"2026-01-0{number + 1}T10:00:00Z", "attendance": [{"participant": "ada"}, {"participant": "bo"}]})
    events = study.dataset("events", [{"id": "category", "type": "string"}, {"id": "eventType", "type": "string"}, {"id": "value", "type": "json"}, {"id": "response", "type": "json"}],
                           kind="events")
    events.send([{"id": f"{room}-{who}-{n}", "participant": who, "session": room, "time": f"2026-01-01T10:00:{n:02}.5Z",
                  "values": {"category": category, "eventType": kind, **values}} for (room, who), rows in EVENTS.items() for n, (category, kind, values) in enumerate(rows)])
    return study


def fetch(study, **body):
    job = study.finished({"format": "zip", "layout": "hyperstudy", **body})
    assert job["state"] == "succeeded", job
    archive = zipfile.ZipFile(io.BytesIO(study.api.get(f"/exports/{job['id']}/file", validate=False).content))
    assert archive.testzip() is None and len(set(archive.namelist())) == len(archive.namelist())
    return job, archive


def answers_in(archive):
    return sorted(name for name in archive.namelist() if name.rsplit("/", 1)[-1].split(".")[0] in ("questionnaire", "comprehension"))


ALL = ["room_ra/participant_ada/comprehension", "room_ra/participant_ada/questionnaire", "room_ra/participant_bo/comprehension", "room_rb/participant_ada/questionnaire",
       "room_rb/questionnaire"]


@pytest.mark.parametrize("choice, paths", [({}, ALL), ({"sessions": ["ra"]}, ALL[:3]), ({"participants": ["ada"]}, [ALL[0], ALL[1], ALL[3]]),
                                           ({"participants": ["ada"], "sessions": ["ra"]}, ALL[:2]), ({"participants": ["bo"], "sessions": ["rb"]}, []),
                                           ({"filter": {"field": "eventType", "op": "=", "value": "questionnaire.completed"}}, [ALL[1]])])
@pytest.mark.parametrize("files", ["json", "ndjson", "csv"])
def test_on_every_level(experiment, files, choice, paths):
    _, archive = fetch(experiment, files=files, **choice)
    if files == "csv" and "filter" in choice:
        paths = []  # the end of a questionnaire is no answer
    assert answers_in(archive) == [f"{path}.{files}" for path in paths]


def test_json_is_what_the_api_answers(experiment, server, make_key):
    job, archive = fetch(experiment, files="json")
    client = Client(make_key()["key"], server.url + "/api/v3")
    for room, who in EVENTS:
        folder = f"room_{room}" + ("" if who == "_room" else f"/participant_{who}")
        own = [row for row in client.fetch("events", room, scope="room", experimentId=experiment.id) if (row["participantId"] or "_room") == who]
        assert json.loads(archive.read(f"{folder}/events.json")) == own and len(own) == len(EVENTS[room, who])
        asked = [row for row in client.fetch("events", room, scope="room", experimentId=experiment.id, category="questionnaire") if (row["participantId"] or "_room") == who]
        checked = [row for row in own if row["eventType"].startswith("instructions.comprehension_")]
        for name, expected in (("questionnaire", asked), ("comprehension", checked)):
            path = f"{folder}/{name}.json"
            assert (json.loads(archive.read(path)) if path in archive.namelist() else []) == expected, path
    lines = fetch(experiment, files="ndjson")[1].read("room_ra/participant_ada/questionnaire.ndjson").decode().splitlines()
    assert [json.loads(line) for line in lines] == json.loads(archive.read("room_ra/participant_ada/questionnaire.json")) and len(lines) == 10
    # Each record counts once, in however many files it is.
    metadata = json.loads(archive.read("metadata.json"))
    assert metadata["rows"] == job["progress"]["rows"] == job["progress"]["rows_total"] == sum(map(len, EVENTS.values()))
    listed = {file["path"]: file for file in metadata["files"]}
    assert set(listed) == set(archive.namelist()) - {"metadata.json"}
    asked = listed["room_ra/participant_ada/questionnaire.json"]
    content = archive.read(asked["path"])
    assert (asked["dataset"], asked["extract"], asked["rows"], asked["participant"], asked["session"]) == ("events", "questionnaire", 10, "ada", "ra")
    assert (asked["first_time"], asked["last_time"]) == ("2026-01-01T10:00:06.500Z", "2026-01-01T10:00:15.500Z")
    assert asked["sha256"] == hashlib.sha256(content).hexdigest() and asked["bytes"] == len(content) and asked["completeness"] is None
    assert "extract" not in listed["room_ra/participant_ada/events.json"]
    assert experiment.api.get(f"/exports/{job['id']}/manifest").json()["files"][:-1] == metadata["files"]


def table(archive, path, **options):
    text = archive.read(path).decode("utf-8-sig")
    return text.splitlines()[0], list(csv.DictReader(io.StringIO(text, newline=""), **options))


def test_csv_has_a_row_an_answer(experiment):
    _, archive = fetch(experiment, files="csv")
    head, rows = table(archive, "room_ra/participant_ada/questionnaire.csv")
    assert head == ",".join(QUESTIONNAIRE)
    sent = [values["value"] for _, kind, values in EVENTS["ra", "ada"] if kind == "questionnaire.response"]
    assert [row["question_id"] for row in rows] == [value["questionId"] for value in sent] and len(rows) == 9
    written = ["fine, thanks", "31", "b, a, 3", "", "=1+1", "-4", "2.5", "true", "a@b.org\nline two"]
    assert [row["answer"] for row in rows] == written
    assert [row["response_time_ms"] for row in rows[:2]] == ["1200", "900.5"]
    first = rows[0]
    assert first == {"experiment_id": experiment.id, "participant_id": "ada", "room_id": "ra", "page_index": "0", "page_title": "The end", "page_id": "page-0", "question_id": "mood",
                     "question_text": 'What of mood, "really"?', "question_type": "text-short", "answer": "fine, thanks", "response_time_ms": "1200",
                     "timestamp": "2026-01-01T10:00:06.500Z"}
    head, rows = table(archive, "room_ra/participant_ada/comprehension.csv")
    assert head == ",".join(COMPREHENSION)
    assert [(row["event_type"], row["attempt_number"], row["score"], row["passed"], row["correct_count"], row["total_questions"], row["page_title"]) for row in rows] == [
        ("instructions.comprehension_attempt", "1", "0.5", "false", "1", "2", "Rules"), ("instructions.comprehension_attempt", "2", "1", "true", "2", "2", "Rules"),
        ("instructions.comprehension_passed", "", "", "", "", "", "")]
    assert json.loads(rows[0]["answers"]) == {"q1": "a", "q2": "b"}
    # What belongs to a room has no participant.
    (shared,) = table(archive, "room_rb/questionnaire.csv")[1]
    assert shared["participant_id"] == "" and shared["room_id"] == "rb" and shared["question_id"] == "of-all"
    listed = {file["path"]: file["rows"] for file in json.loads(archive.read("metadata.json"))["files"] if "extract" in file}
    assert listed["room_ra/participant_ada/questionnaire.csv"] == 9


def test_csv_for_spreadsheets(experiment):
    _, archive = fetch(experiment, files="csv", profile="excel", sessions=["ra"])
    assert archive.read("room_ra/participant_ada/questionnaire.csv").startswith(b"\xef\xbb\xbfexperiment_id,")
    answers = [row["answer"] for row in table(archive, "room_ra/participant_ada/questionnaire.csv")[1]]
    assert "'=1+1" in answers and "-4" in answers
    _, archive = fetch(experiment, files="csv", profile="excel-eu", sessions=["ra"])
    assert "2,5" in [row["answer"] for row in table(archive, "room_ra/participant_ada/questionnaire.csv", delimiter=";")[1]]


def test_without_identifiers(experiment):
    for files in ("json", "csv"):
        _, archive = fetch(experiment, files=files, identifiers="remove")
        found = answers_in(archive)
        assert len(found) == 5
        text = b"".join(archive.read(name) for name in archive.namelist()) + "".join(archive.namelist()).encode()
        for secret in (b"_ada", b"room_ra", b"a@b.org"):
            assert secret not in text, (files, secret)
        if files == "json":
            coded = {row["participantId"] for name in archive.namelist() if name.endswith("events.json") for row in json.loads(archive.read(name))}
            assert {row["participantId"] for name in found for row in json.loads(archive.read(name))} <= coded


def test_rows_that_do_not_tell(experiment):
    # A file of some events would say what was left out of the rows.
    _, archive = fetch(experiment, files="json", columns="category,value")
    assert {name.rsplit("/", 1)[-1] for name in answers_in(archive)} == {"questionnaire.json"}
    _, archive = fetch(experiment, files="json", columns="value")
    assert answers_in(archive) == []


def test_kinds_that_are_choices(owner, make_key, server):
    study = new_study(owner)
    kinds = ["questionnaire.response", "questionnaire.completed", "instructions.comprehension_attempt", "media.play"]
    events = study.dataset("events", [{"id": "category", "type": "enum", "options": [{"id": "post_experiment"}, {"id": "media"}]},
                                      {"id": "eventType", "type": "enum", "options": [{"id": kind} for kind in kinds]}, {"id": "value", "type": "json"}], kind="events")
    events.send([{"id": f"e{n}", "participant": "ada", "session": "ra", "values": {"category": "media" if n == 3 else "post_experiment", "eventType": kind,
                                                                                  "value": {"questionId": f"q{n}"}}} for n, kind in enumerate(kinds)])
    _, archive = fetch(study, files="json")
    rows = {name: [row["id"] for row in json.loads(archive.read(f"room_ra/participant_ada/{name}.json"))] for name in ("events", "questionnaire", "comprehension")}
    assert rows == {"events": ["e0", "e1", "e2", "e3"], "questionnaire": ["e0", "e1", "e2"], "comprehension": ["e2"]}
    client = Client(make_key()["key"], server.url + "/api/v3")
    assert [row["id"] for row in client.fetch("events", study.id, category="questionnaire")] == rows["questionnaire"]
    _, archive = fetch(study, files="csv")
    assert [row["question_id"] for row in table(archive, "room_ra/participant_ada/questionnaire.csv")[1]] == ["q0"]
    assert table(archive, "room_ra/participant_ada/comprehension.csv")[1][0]["event_type"] == kinds[2]


def test_datasets_of_the_same_names(owner):
    study = new_study(owner)
    study.dataset("events", [{"id": "eventType", "type": "string"}], kind="events").send([{"participant": "ada", "session": "r", "values": {"eventType": "questionnaire.response"}}])
    for name, kind in (("ratings_sparse", "custom"), ("sparse_ratings", "sparse_ratings"), ("questionnaire", "survey"), ("comprehension", "custom")):
        study.dataset(name, [{"id": "own", "type": "string"}], kind=kind).send([{"id": name, "participant": "ada", "session": "r", "values": {"own": f"of {name}"}}])
    _, archive = fetch(study, files="json")
    folder = "room_r/participant_ada"
    listed = {file["path"]: (file["dataset"], file.get("extract")) for file in json.loads(archive.read("metadata.json"))["files"] if "dataset" in file}
    assert listed == {f"{folder}/events.json": ("events", None), f"{folder}/questionnaire.json": ("events", "questionnaire"),
                      f"{folder}/ratings_sparse.json": ("sparse_ratings", None), f"{folder}/ratings_sparse-2.json": ("ratings_sparse", None),
                      f"{folder}/questionnaire-2.json": ("questionnaire", None), f"{folder}/comprehension-2.json": ("comprehension", None)}
    for path, (dataset, extract) in listed.items():
        (row,) = json.loads(archive.read(path))
        assert row["eventType"] == "questionnaire.response" if dataset == "events" else row["own"] == f"of {dataset}"
    # Of two datasets of events each has its own answers.
    study.dataset("afterwards", [{"id": "eventType", "type": "string"}], kind="events").send([{"id": "later", "participant": "ada", "session": "r", "values": {"eventType": "questionnaire.response"}}])
    _, archive = fetch(study, files="json")
    of_events = {file["path"]: file["dataset"] for file in json.loads(archive.read("metadata.json"))["files"] if file.get("extract")}
    assert of_events == {f"{folder}/questionnaire.json": "events", f"{folder}/questionnaire-2.json": "afterwards"}
    assert [row["id"] for row in json.loads(archive.read(f"{folder}/questionnaire-2.json"))] == ["later"] and f"{folder}/questionnaire-3.json" in archive.namelist()
    # Alone they are called as they are.
    _, archive = fetch(study, files="json", datasets=["questionnaire"])
    assert f"{folder}/questionnaire.json" in archive.namelist()


def test_taken_in_again(experiment, server, owner, owner_key, make_key, tmp_path):
    _, archive = fetch(experiment, files="json")
    copy = f"copy-{secrets.token_hex(4)}"
    (tmp_path / "export.zip").write_bytes(archive.fp.getvalue())
    program.run("import", "--server", server.url, "--key", owner_key, "--study", copy, "--from", "hyperstudy", tmp_path / "export.zip")
    client = Client(make_key()["key"], server.url + "/api/v3")
    ids = [sorted(row["id"] for row in client.fetch("events", study)) for study in (experiment.id, copy)]
    assert ids[0] == ids[1] and len(ids[0]) == sum(map(len, EVENTS.values()))
    owner.delete(f"/studies/{copy}")


def test_one_participants_answers(experiment, server, make_key):
    client = Client(make_key()["key"], server.url + "/api/v3")
    answer = client.session.get(f"{client.base}/data/events/participant/ada", timeout=30,
                                params={"roomId": "ra", "experimentId": experiment.id, "format": "csv", "category": "questionnaire"})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="questionnaire_ada_ra_20') and answer.headers["X-Total-Count"] == "10"


def test_payloads_of_every_kind(owner):
    study = new_study(owner)
    long = "ä" * 100_000
    deep = {"answer": 1}
    for _ in range(60):
        deep = {"questionId": "deep", "answer": deep}
    payloads = [None, "text", 5, [], {}, {"answer": {"a": [1, 2.5, None]}}, {"answer": [[1], {"b": 2}, None, "x,y", True]}, {"answer": long}, {"questionId": 7, "answer": ""},
                {"questionId": "line\r\nbreak", "answer": "\x00\x1b[31m"}, {"answer": 1e300, "responseTime": -0.5}, {"answer": 18446744073709551615}, deep]
    events = study.dataset("events", [{"id": "eventType", "type": "string"}, {"id": "value", "type": "json"}, {"id": "response", "type": "json"}], kind="events")
    events.send([{"participant": "ada", "session": "r", "values": {"eventType": "questionnaire.response", **({"value": value} if value is not None else {}), "response": {"responseTime": 11}}}
                 for value in payloads])
    _, archive = fetch(study, files="csv")
    rows = table(archive, "room_r/participant_ada/questionnaire.csv")[1]
    assert len(rows) == len(payloads) and not [row for row in rows if None in row or None in row.values()]
    answers = [row["answer"] for row in rows]
    assert answers[:5] == [""] * 5 and json.loads(answers[5]) == {"a": [1, 2.5, None]} and answers[6] == '[1], {"b":2}, null, x,y, true' and answers[7] == long
    assert (rows[8]["question_id"], answers[8]) == ("7", "") and rows[9]["question_id"] == "line\r\nbreak"
    assert float(answers[10]) == 1e300 and answers[11] == "18446744073709551615"
    # Where the payload does not say, the response does.
    assert [row["response_time_ms"] for row in rows[:10]] == ["11"] * 10 and rows[10]["response_time_ms"] == "-0.5"


def test_who_sees_a_part(experiment, owner, stranger):
    owner.put(f"{experiment.path}/participants/ada", {"attributes": {"site": "north"}})
    try:
        owner.put(f"{experiment.path}/grants/{STRANGER}", {"rights": ["view", "export"], "sites": ["north"]})
        _, archive = fetch(Study(stranger, experiment.id), files="json")
        assert answers_in(archive) == [f"{path}.json" for path in ALL if "participant_ada" in path]
        # Without identifiers, asked for by a code.
        owner.put(f"{experiment.path}/grants/{STRANGER}", {"rights": ["view", "export"], "identifiers": False})
        coded = Study(stranger, experiment.id)
        _, archive = fetch(coded, files="json")
        path = next(name for name in answers_in(archive) if name.endswith("questionnaire.json") and len(json.loads(archive.read(name))) == 10)
        rows = json.loads(archive.read(path))
        _, one = fetch(coded, files="json", participants=[rows[0]["participantId"]], sessions=[rows[0]["roomId"]])
        assert json.loads(one.read(path)) == rows and len(answers_in(one)) == 2 and "ada" not in str(rows) and "b.org" not in str(rows)
    finally:
        owner.delete(f"{experiment.path}/grants/{STRANGER}")
