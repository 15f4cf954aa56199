"""HyperStudy's protocol, statement by statement, where no other test of it does: every field of every type, the filters of components, spellings."""
import re
import secrets

import pytest
import requests

from conftest import new_study
from harness.hyperstudy import Client, NotFoundError, ValidationError, flatten

#: As the contract lists them, and what every record has beside them.
EVERYWHERE = "experimentId roomId sessionId deploymentId participantId timestamp onset"
FIELDS = {
    "events": "id experimentId roomId sessionId participantId timestamp onset category eventType componentType componentId content stateId stateName participantRole duration response "
              "deploymentId value",
    "recordings": "recordingId egressId participantId participantName experimentId roomId startTime endTime duration videoOffset fileSize format resolution status fileName url downloadUrl "
                  "downloadPath metadata",
    "chat": "messageId experimentId roomId senderId senderName content timestamp onset recipientIds messageType deleted participantId",
    "videochat": "id experimentId roomId participantId timestamp onset eventType duration metadata",
    "ratings/continuous": "ratingId experimentId roomId participantId componentId timestamp onset value normalizedValue rawValue scaleMin scaleMax",
    "ratings/sparse": "ratingId experimentId roomId participantId componentId timestamp onset value responseTime scaleMin scaleMax labels rawOnset clockOffsetApplied rawValue scale type stateId "
                      "stimulusId stimulusTime confidence metadata ratingEndOnset sparseRatingData stateStartTime stateDuration",
    "sync": "metricId experimentId roomId participantId timestamp onset timeDrift playbackRate syncQuality latency bufferHealth",
    "components": "componentId componentType experimentId stateId config timestamp onset variableSnapshot completed content stimulusUrl stimulusCaption",
    "eyetracking": "gazeX gazeY pupilDiameter confidence timestamp sampleCount mode",
    "participants": "id email role status completionCode joinedAt completedAt isAgent deploymentId participantId roomId",
    "rooms": "id experimentId deploymentId status participantCount createdAt deploymentName startTime endTime duration",
}
DATASETS = {"events": ("events", "events"), "recordings": ("recordings", "recordings"), "chat": ("chat", "chat"), "videochat": ("videochat", "custom"),
            "ratings/continuous": ("continuous_ratings", "continuous_ratings"), "ratings/sparse": ("sparse_ratings", "sparse_ratings"), "sync": ("sync_metrics", "sync_metrics"),
            "components": ("components", "components"), "eyetracking": ("eyetracking", "custom")}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIMES = ("timestamp", "startTime", "endTime", "createdAt", "updatedAt", "joinedAt", "completedAt")
ROOM = "room-" + secrets.token_hex(4)


@pytest.fixture(scope="module")
def experiment(owner):
    study = new_study(owner)
    owner.put(f"{study.path}/sessions/{ROOM}", {"start": "2026-01-31T14:30:00Z", "attendance": [{"participant": "ada"}]})
    for identity, kind in DATASETS.values():
        # Two records with nothing in them, one before the start: every key has to stand on both.
        study.dataset(identity, [{"id": "own", "type": "string"}], kind=kind).send(
            [{"id": f"{identity}-{n}", "participant": "ada", "session": ROOM, "time": f"2026-01-31T14:{29 + n}:55.000Z", "values": {}} for n in range(2)])
    return study


@pytest.fixture(scope="module")
def client(server, make_key):
    return Client(make_key(scopes=["read:*"])["key"], server.url + "/api/v3")


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_of_the_type_stands_on_every_row(experiment, client, kind):
    rows = client.fetch(kind, experiment.id)
    assert len(rows) == (1 if kind in ("participants", "rooms") else 2)
    wanted = set(FIELDS[kind].split()) | (set(EVERYWHERE.split()) if kind in DATASETS else set())
    for row in rows:
        assert not wanted - set(row), wanted - set(row)
        assert list(row) == list(rows[0]) and row["experimentId"] == experiment.id
        for name in TIMES:
            assert row.get(name) is None or INSTANT.fullmatch(row[name]), (name, row[name])
    if kind in DATASETS:
        assert [row["onset"] for row in rows] == [-5000, 55000] and all(row["roomId"] == row["sessionId"] == ROOM for row in rows)
    # What is flattened is an object in the first row, so that all data frames have the same columns.
    for name in ("metadata", "sparseRatingData"):
        assert name not in rows[0] or isinstance(rows[0][name], dict)
    assert len(flatten(rows)) == len(rows)
    if kind == "chat":
        assert all(row["participantId"] == row["senderId"] == "ada" and row["recipientIds"] == [] and row["messageType"] == "text" for row in rows)


def test_the_envelopes_words_by_type(experiment, client):
    said = {kind: client.get(f"data/{kind}/experiment/{experiment.id}")["metadata"] for kind in DATASETS}
    assert {kind: one["dataType"] for kind, one in said.items()} == {kind: "ratings" if kind.startswith("ratings/") else kind for kind in DATASETS}
    assert {kind: one.get("ratingType") for kind, one in said.items() if "ratingType" in one} == {"ratings/sparse": "sparse", "ratings/continuous": "continuous"}
    assert {kind: one["query"]["sort"] for kind, one in said.items()} == {kind: "startTime" if kind == "recordings" else "timestamp" for kind in DATASETS}
    assert all(one["query"]["limit"] == 1000 and one["query"]["order"] == "asc" for one in said.values())
    for form in ("sparse", "continuous"):
        other = client.get(f"data/ratings/room/{ROOM}", ratingType=form)
        assert other["data"] == client.fetch(f"ratings/{form}", ROOM, scope="room")
    with pytest.raises(ValidationError):
        client.get(f"data/ratings/room/{ROOM}", ratingType="both")


def test_filters_of_components(owner, client):
    study = new_study(owner)
    fields = [{"id": name, "type": "string"} for name in ("componentId", "componentType", "stateId")] + [{"id": "completed", "type": "boolean"}]
    rows = [("a", "ShowVideo", "s1", True), ("b", "showvideo", "s2", False), ("c", "multiple_choice", "s1", True), ("d", "MultipleChoice", "s1", None)]
    study.dataset("components", fields, kind="components").send(
        [{"id": name, "participant": "ada", "session": ROOM, "values": {"componentId": name, "componentType": kind, "stateId": state, **({} if done is None else {"completed": done})}}
         for name, kind, state, done in rows])

    def names(**params):
        return [row["componentId"] for row in client.fetch("components", study.id, **params)]
    # However it is spelled.
    assert names(componentType="show_video") == names(componentType="SHOWVIDEO") == ["a", "b"] and names(componentType="multiplechoice") == ["c", "d"]
    assert names(completed="true") == ["a", "c"] and names(completed="false") in (["b"], ["b", "d"]) and names(stateId="s1", completed="true", componentType="ShowVideo") == ["a"]
    assert names(stateId="none") == []
    for bad in ("yes", "maybe"):
        with pytest.raises(ValidationError):
            names(completed=bad)


def test_an_organisation_may_be_named(experiment, client):
    answer = client.request("GET", f"data/events/experiment/{experiment.id}", headers={"X-Organization-Id": "org_1"})
    assert len(answer["data"]) == 2
    # Keys have a header of their own.
    refused = requests.get(f"{client.base}/data/events/experiment/{experiment.id}", timeout=10)
    assert refused.status_code == 401 and refused.json()["error"]["code"] == "UNAUTHORIZED" and refused.headers["Content-Type"].startswith("application/json")


def test_ids_with_everything_in_them(owner, client):
    """The package writes ids into addresses as they are, but for what its HTTP library escapes."""
    study = new_study(owner)
    room, person = f"ro om ü {secrets.token_hex(3)}", "p/1 ?#%&+"
    study.dataset("events", [{"id": "category", "type": "string"}], kind="events").send([{"id": "e", "participant": person, "session": room, "values": {}}])
    assert [row["roomId"] for row in client.fetch("events", room, scope="room")] == [room]
    quoted = requests.utils.quote(person, safe="")
    assert [row["participantId"] for row in client.fetch("events", quoted, scope="participant", roomId=room)] == [person]
    with pytest.raises(NotFoundError):
        client.fetch("events", person.split("/", maxsplit=1)[0], scope="participant", roomId=room)


def test_seconds_old_data_is_there(owner, client):
    study = new_study(owner)
    events = study.dataset("events", [{"id": "category", "type": "string"}], kind="events")
    for number in range(3):
        events.send([{"id": f"e{number}", "participant": "ada", "time": f"2026-01-31T14:30:0{number}Z", "values": {}}])
        assert client.get(f"data/events/experiment/{study.id}")["metadata"]["pagination"]["total"] == number + 1
