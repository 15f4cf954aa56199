"""HyperStudy's records: every field of every type as it was sent, by every scope; what all types are filtered, sorted and paged by; timing."""
import json
import re
import secrets

import pytest
import yaml

from conftest import new_study
from harness import program
from harness.hyperstudy import TYPES, Client, NotFoundError, ValidationError, to_frame

RECORDS = (program.ROOT / "tests" / "api" / "data" / "hyperstudy_records.yaml").read_text(encoding="utf-8")
RUN = secrets.token_hex(3)
ROOM, OTHER = f"ra-{RUN}", f"rb-{RUN}"
IDS = {"recordings": "recordingId", "chat": "messageId", "ratings/continuous": "ratingId", "ratings/sparse": "ratingId", "sync": "metricId"}
#: The fields that name the type's person, beside participantId.
PERSON = {"chat": ["senderId"]}
EARLY, LATE = "2024-10-20T14:29:55.000Z", "2024-10-20T14:30:10.500Z"


def id_of(kind):
    return IDS.get(kind, "id")


class World:
    """Ada's two records of each type in one room; one of Bo's there that has nothing in it, one in another room of another deployment."""

    def __init__(self, owner):
        self.study = new_study(owner)
        self.sent = yaml.safe_load(RECORDS.replace("EXPERIMENT", self.study.id))

    def records(self, kind):
        places = {"experimentId": self.study.id, "roomId": ROOM, "sessionId": ROOM, "deploymentId": f"d1-{RUN}"}
        people = ["participantId", *PERSON.get(kind, [])]
        return [{**record, **places, **{name: "ada" for name in people}} for record in self.sent[kind]]

    def others(self, kind):
        return [{id_of(kind): f"bare-{kind[:1]}", "roomId": ROOM, "participantId": "bo"},
                {id_of(kind): f"far-{kind[:1]}", "roomId": OTHER, "participantId": "bo", "deploymentId": f"d2-{RUN}", "timestamp": "2024-10-21T08:00:00.000Z"}]

    def ask(self, client, kind, scope="experiment", **params):
        identity = {"experiment": self.study.id, "room": ROOM, "participant": "ada"}[scope]
        return client.fetch(kind, identity, scope=scope, **({"roomId": ROOM} if scope == "participant" else {}), **params)

    def names(self, client, kind, **params):
        return [row[id_of(kind)] for row in self.ask(client, kind, **params)]


@pytest.fixture(scope="module")
def world(server, owner, owner_key, tmp_path_factory):
    world = World(owner)
    directory = tmp_path_factory.mktemp("hyperstudy")
    rooms = [{"id": ROOM, "startTime": "2024-10-20T14:30:00.000Z", "endTime": "2024-10-20T15:00:00.000Z"}, {"id": OTHER, "startTime": "2024-10-21T07:59:00.000Z"}]
    (directory / "rooms.json").write_text(json.dumps(rooms))
    for kind in TYPES:
        (directory / f"{kind.replace('/', '_')}.json").write_text(json.dumps(world.records(kind) + world.others(kind)))
    program.run("import", "--server", server.url, "--key", owner_key, "--study", world.study.id, "--from", "hyperstudy", directory)
    return world


@pytest.fixture(scope="module")
def client(server, make_key):
    return Client(make_key(scopes=["read:*", "write:events"])["key"], server.url + "/api/v3")


def as_read(kind, record):
    # What the server says of itself: where the recording's file is.
    return {**record, "downloadPath": None} if kind == "recordings" else record


@pytest.mark.parametrize("scope", ["experiment", "room", "participant"])
@pytest.mark.parametrize("kind", TYPES)
def test_every_field_comes_back_by_every_scope(world, client, kind, scope):
    rows = {row[id_of(kind)]: row for row in world.ask(client, kind, scope=scope)}
    sent = {record[id_of(kind)]: as_read(kind, record) for record in world.records(kind)}
    assert {name: rows[name] for name in sent} == sent
    others = [record[id_of(kind)] for record in world.others(kind)][:{"experiment": 2, "room": 1, "participant": 0}[scope]]
    assert set(rows) == set(sent) | set(others)
    # The record with nothing in it has the same keys.
    assert len({tuple(row) for row in rows.values()}) == 1


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_filtered_alike(world, client, kind):
    early, late = (record[id_of(kind)] for record in world.sent[kind])
    bare, far = (record[id_of(kind)] for record in world.others(kind))
    assert set(world.names(client, kind, deploymentId=f"d1-{RUN}")) == {early, late} and world.names(client, kind, deploymentId=f"d2-{RUN}") == [far]
    assert world.names(client, kind, deploymentId="none") == []
    assert set(world.names(client, kind, roomId=ROOM)) == {early, late, bare} and world.names(client, kind, roomId=OTHER) == [far]
    # Records of the room's start and end are in it: both ends belong to the window.
    assert world.names(client, kind, startTime=EARLY, endTime=LATE) == [early, late]
    assert world.names(client, kind, startTime=LATE, endTime=LATE) == [late] and world.names(client, kind, startTime="2024-10-20T14:29:55.001Z", endTime="2024-10-20T14:30:10.499Z") == []
    # What has no offset is UTC, another one is reckoned.
    assert world.names(client, kind, startTime="2024-10-20T14:30:10.500", endTime="2024-10-20T16:30:10.5+02:00") == [late]
    assert world.names(client, kind, deploymentId=f"d1-{RUN}", order="desc") == [late, early]
    assert world.names(client, kind, deploymentId=f"d1-{RUN}", sort="onset", order="desc") == [late, early]
    page = client.get(f"data/{kind}/experiment/{world.study.id}", deploymentId=f"d1-{RUN}", limit=1, offset=1)
    assert [row[id_of(kind)] for row in page["data"]] == [late] and page["metadata"]["pagination"]["total"] == 2


@pytest.mark.parametrize("kind", TYPES)
def test_every_scalar_sorts(world, client, kind):
    """And what is none says so."""
    first, second = (as_read(kind, record) for record in world.records(kind))
    for name in first:
        if name == "downloadPath" or any(isinstance(record[name], (dict, list)) for record in (first, second)):
            with pytest.raises(ValidationError) as caught:
                world.names(client, kind, sort=name)
            assert caught.value.details["parameter"] == "sort", name
            continue
        rows = [row[name] for row in world.ask(client, kind, sort=name, order="asc") if row[name] not in (None, "", "unknown")]
        assert rows == sorted(rows), name
        assert sorted(map(str, world.names(client, kind, sort=name, page=1))) == sorted(map(str, world.names(client, kind))), name


def test_recordings_are_found_by_when_they_began(owner, client):
    study = new_study(owner)
    study.dataset("recordings", [{"id": "startTime", "type": "datetime"}], kind="recordings").send(
        [{"id": f"r{n}", "participant": "ada", "time": "2024-01-01T00:00:00Z", "values": {"startTime": f"2024-10-20T14:3{n}:00Z"}} for n in (2, 0, 1)])
    rows = client.fetch("recordings", study.id, startTime="2024-10-20T14:31:00Z")
    assert [row["recordingId"] for row in rows] == ["r1", "r2"]
    assert [row["recordingId"] for row in client.fetch("recordings", study.id)] == ["r0", "r1", "r2"]


CATEGORIES = ["component", "state", "media", "communication", "sync", "system", "pre_experiment", "post_experiment", "sparse_rating", "scanner"]


def test_categories(study, client):
    """Those of the platform, its own word for questionnaires, and others."""
    events = [{"id": name, "experimentId": study.id, "participantId": "ada", "category": name, "eventType": f"{name}.event"} for name in [*CATEGORIES, "ours"]]
    events.append({"id": "answer", "experimentId": study.id, "participantId": "ada", "category": "component", "eventType": "questionnaire.response"})
    client.request("POST", "data/events/batch", json={"events": events})

    def names(category):
        return {row["id"] for row in client.fetch("events", study.id, category=category)}
    for name in [*CATEGORIES, "ours"]:
        assert names(name) == ({name, "answer"} if name == "component" else {name})
    assert names("questionnaire") == {"post_experiment", "answer"}
    assert client.get(f"data/events/experiment/{study.id}", category="media")["metadata"]["pagination"]["total"] == 1


def test_an_event_without_a_type_stops_no_client(study, client):
    """Clients ask `eventType.startswith(…)` of every event before the experiment."""
    head = {"experimentId": study.id, "roomId": f"t-{RUN}", "participantId": "ada", "category": "pre_experiment"}
    client.request("POST", "data/events/batch", json={"events": [
        {**head, "eventType": None}, head, {**head, "eventType": "consent.accepted"}, {**head, "eventType": "instructions.page_view"}]})
    study.api.post(f"{study.path}/datasets/events/records", [{"participant": "ada", "session": f"t-{RUN}", "values": {"category": "pre_experiment", "eventType": None}}])
    data = client.get_all_data("ada", f"t-{RUN}")
    assert [row["eventType"] for row in data["consent"]] == ["consent.accepted"] and len(data["instructions"]) == 1 and len(data["events"]) == 5
    assert {row["eventType"] for row in data["events"]} == {"unknown", "consent.accepted", "instructions.page_view"}


def test_equal_times_come_in_one_order(study, client):
    study.dataset("events", [{"id": "category", "type": "string"}], kind="events").send(
        [{"id": f"e{n * 7 % 40}", "participant": f"p{n % 3}", "time": "2024-10-20T14:30:00Z", "values": {}} for n in range(40)])
    whole = [row["id"] for row in client.fetch("events", study.id)]
    for page in (1, 7):
        assert [row["id"] for row in client.fetch("events", study.id, page=page)] == whole
    assert len(set(whole)) == 40 and [row["id"] for row in client.fetch("events", study.id, sort="participantId", page=3)] == [row["id"] for row in client.fetch("events", study.id, sort="participantId")]


def test_ids_that_were_made_need_no_escaping(study, client):
    """Clients write them into addresses and names of files as they are."""
    study.dataset("recordings", [], kind="recordings", mode="append").send([{"participant": "ada", "session": f"i-{RUN}", "values": {}}])
    study.dataset("sync_metrics", [{"id": "timeDrift", "type": "double"}], kind="sync_metrics").send([{"participant": "ada", "session": f"i-{RUN}", "onset_ms": 1, "values": {"timeDrift": 1}}])
    ids = [client.fetch("recordings", study.id)[0]["recordingId"], client.fetch("sync", study.id)[0]["metricId"], client.fetch("sync", study.id, aggregationWindow=1000)[0]["metricId"]]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", identity) for identity in ids), ids


def test_onsets_are_whole_milliseconds_from_the_start(study, client):
    """Also of a batch that brings the start with it, of what came before the start, and of times finer than they are shown."""
    room = f"o-{RUN}"

    def event(name, time, **members):
        return {"id": name, "experimentId": study.id, "roomId": room, "participantId": "ada", "eventType": name, "timestamp": time, **members}
    client.request("POST", "data/events/batch", json={"events": [
        event("consent", "2024-10-20T14:29:55.000Z"), event("experiment.start", "2024-10-20T14:30:00.0001Z"), event("click", "2024-10-20T14:30:10.5004Z")]})
    client.request("POST", "data/events/batch", json={"events": [event("late", "2024-10-20T14:30:11.0009Z"), event("own", "2024-10-20T14:30:12Z", onset=-7.5)]})
    rows = {row["id"]: row["onset"] for row in client.fetch("events", study.id)}
    assert rows == {"consent": -5000, "experiment.start": 0, "click": 10500, "late": 11000, "own": -7.5}
    assert [type(rows[name]) for name in ("consent", "experiment.start", "click", "late")] == [int] * 4
    assert client.get(f"data/events/room/{room}")["metadata"]["processing"]["experimentStartedAt"] == "2024-10-20T14:30:00.000Z"


def test_numbers_that_are_none(study, client):
    """JSON knows no NaN: none comes in, and a mean of nothing is null."""
    sync = study.dataset("sync_metrics", [{"id": "timeDrift", "type": "double"}, {"id": "latency", "type": "double"}], kind="sync_metrics")
    sync.send([{"participant": "ada", "session": f"n-{RUN}", "onset_ms": 10, "values": {"latency": 5}}])
    for text in ("NaN", "inf", "-Infinity", "1e999"):
        sync.send_raw(f"participant,timeDrift\nada,{text}\n", media="text/csv", error="records-rejected")
        with pytest.raises(ValidationError):
            client.request("POST", "data/events/batch", data=f'{{"events":[{{"experimentId":"{study.id}","value":{text}}}]}}', headers={"Content-Type": "application/json"})
    [row] = client.fetch("sync", study.id, aggregationWindow=1000)
    assert row["timeDrift"] is None and row["maxDrift"] is None and row["latency"] == 5
    assert client.fetch("sync", study.id)[0]["timeDrift"] is None and client.fetch("events", study.id) == []


def sort_of(value):
    return "number" if type(value) in (int, float) else "object" if isinstance(value, (dict, list)) else type(value).__name__


@pytest.mark.parametrize("kind", TYPES)
def test_a_column_has_one_type(world, client, kind):
    """For data frames that are strict: a column is of numbers, texts, flags or objects, but for payloads of events, which are what they are."""
    rows = world.ask(client, kind)
    for name in rows[0]:
        sorts = {sort_of(row[name]) for row in rows if row[name] is not None}
        assert len(sorts) <= 1 or (kind, name) == ("events", "value"), (name, sorts)


def test_data_frames(world, client):
    """As clients make them: nested fields flattened, times parsed, seconds beside onsets."""
    pandas = pytest.importorskip("pandas")
    for kind in TYPES:
        frame = to_frame(world.ask(client, kind, deploymentId=f"d1-{RUN}"))
        assert list(frame["timestamp"]) == [pandas.Timestamp(EARLY), pandas.Timestamp(LATE)] and list(frame["onset_sec"]) == [-5.0, 10.5], kind
        whole = to_frame(world.ask(client, kind))
        assert str(whole["timestamp"].dtype) == "datetime64[ns, UTC]" and list(whole.columns)[:len(frame.columns)] == list(frame.columns)
    frame = to_frame(world.ask(client, "ratings/sparse", deploymentId=f"d1-{RUN}"))
    assert list(frame["metadata_question"]) == ["?", "?"] and list(frame["sparseRatingData_pauseIndex"]) == [0, 1]
    assert list(to_frame(world.ask(client, "recordings", deploymentId=f"d1-{RUN}"))["metadata_type"]) == ["video", "audio"]


@pytest.mark.parametrize("kind", [*TYPES, "participants", "rooms"])
def test_an_experiment_without_data(study, client, kind):
    body = client.get(f"data/{kind}/experiment/{study.id}")
    assert body["data"] == [] and body["metadata"]["pagination"] == {"total": 0, "returned": 0, "limit": 1000, "offset": 0, "hasMore": False}
    assert body["metadata"]["processing"]["experimentStartedAt"] is None
    with pytest.raises(NotFoundError):
        client.get(f"data/{kind}/experiment/none-{RUN}")
    with pytest.raises(NotFoundError):
        client.get(f"data/{kind}/room/none-{RUN}")


CODES = ["SUCCESS", "TIMEOUT", "TECHNICAL", "NOCONSENT", "ABANDONED", "IN_PROGRESS", "COMPLETED_NO_CODE", "NO_CONSENT", "DISCONNECT_TIMEOUT"]


def test_completion_codes_and_states_of_participants(study, client):
    states = ["completed", "active", "disconnected"]
    for number, code in enumerate(CODES):
        study.api.put(f"{study.path}/participants/p{number}", {"status": states[number % 3], "attributes": {"completionCode": code}})
    for number, code in enumerate(CODES):
        [row] = client.fetch("participants", study.id, completionCode=code)
        assert (row["id"], row["participantId"], row["status"], row["completionCode"]) == (f"p{number}", f"p{number}", states[number % 3], code)
    assert client.fetch("participants", study.id, completionCode="NOPE") == []


def test_at_most_5000_rooms(study, client):
    study.dataset("events", [{"id": "category", "type": "string"}], kind="events").send(
        [{"participant": "ada", "session": f"room-{RUN}-{n:05}", "values": {}} for n in range(5001)])
    with pytest.warns(UserWarning, match="^ROOMS_TRUNCATED: "):
        body = client.get(f"data/rooms/experiment/{study.id}", limit=10000)
    assert len(body["data"]) == body["metadata"]["pagination"]["total"] == 5000
    # A room by itself, of whichever scope it is asked, is itself.
    for scope, identity in (("room", f"room-{RUN}-05000"), ("participant", "ada")):
        assert [row["id"] for row in client.fetch("rooms", identity, scope=scope, roomId=f"room-{RUN}-05000")] == [f"room-{RUN}-05000"]
