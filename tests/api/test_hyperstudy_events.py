"""Records over HyperStudy's protocol: the envelope, paging, filters, sorts, formats, every key on every row."""
import csv
import io
import json
import secrets
import time

import pytest
import requests

from harness.hyperstudy import (AuthenticationError, Client, ForbiddenError, HyperStudyError, NotFoundError, ValidationError)

START = "2024-10-20T14:30:00.000Z"


def event(number, participant="p1", room="room-1", **values):
    seconds = number % 60
    minutes = number // 60
    return {"id": f"e{number:05d}", "participant": participant, "session": room, "time": f"2024-10-20T14:{30 + minutes:02d}:{seconds:02d}.000Z",
            "onset_ms": number * 1000, "values": {"category": "component", "eventType": "component.start", **values}}


FIELDS = [{"id": "category", "type": "string"}, {"id": "eventType", "type": "string"}, {"id": "componentType", "type": "string"},
          {"id": "content", "type": "string"}, {"id": "duration", "type": "integer"}, {"id": "value", "type": "json"},
          {"id": "own", "type": "string"}]


@pytest.fixture(scope="module")
def experiment(module_study):
    study = module_study
    study.api.put(f"{study.path}/sessions/room-1", {"start": START, "end": "2024-10-20T15:00:00Z", "status": "completed",
                                                    "attendance": [{"participant": "p1"}, {"participant": "p2"}]})
    study.api.put(f"{study.path}/sessions/room-2", {"start": "2024-10-20T14:00:00.000Z"})
    events = study.dataset("events", FIELDS, kind="events")
    records = [event(number, participant=f"p{1 + number % 2}") for number in range(250)]
    records.append({"id": "early", "participant": "p1", "session": "room-1", "time": "2024-10-20T14:29:55.000Z", "onset_ms": -5000,
                    "values": {"category": "pre_experiment", "eventType": "consent.accepted", "own": "x"}})
    records.append(event(300, room="room-2", category="post_experiment", eventType="questionnaire.response",
                         value={"questionId": "q1", "answer": 3}, content='say "hi", now\nplease'))
    records.append({"id": "bare", "participant": "p2", "session": "room-1", "values": {}})
    events.send(records)
    return study


@pytest.fixture(scope="module")
def client(server, make_key):
    return Client(make_key(scopes=["read:events"])["key"], server.url + "/api/v3")


KEYS = ("id experimentId roomId sessionId deploymentId participantId timestamp onset category eventType componentType componentId content "
        "stateId stateName participantRole duration response value data clientTime").split()


def test_health_needs_no_key(server):
    answer = requests.get(server.url + "/api/v3/health", timeout=10)
    assert answer.status_code == 200 and answer.json()["version"] == "3.0.0" and answer.json()["status"] != "error"


def test_every_key_stands_on_every_row_in_one_order(experiment, client):
    rows = client.fetch("events", experiment.id)
    assert len(rows) == 253
    assert all(list(row)[:len(KEYS)] == KEYS for row in rows) and all("own" in row for row in rows)
    row = next(row for row in rows if row["id"] == "e00007")
    assert row["experimentId"] == experiment.id and row["roomId"] == row["sessionId"] == "room-1" and row["participantId"] == "p2"
    assert row["timestamp"] == "2024-10-20T14:30:07.000Z" and row["onset"] == 7000 and row["componentType"] == "unknown"
    assert row["content"] == "" and row["value"] is None and row["deploymentId"] is None
    bare = rows[-1]
    assert bare["id"] == "bare" and bare["timestamp"] is None and bare["eventType"] == "unknown"


def test_the_envelope(experiment, client):
    body = client.get(f"data/events/experiment/{experiment.id}", limit=10, offset=0, startTime="2024-10-20T14:30:00")
    metadata = body["metadata"]
    assert body["status"] == "success" and metadata["dataType"] == "events" and metadata["scope"] == "experiment"
    assert metadata["scopeId"] == experiment.id
    assert metadata["query"] == {"startTime": START, "endTime": None, "category": None, "limit": 10, "offset": 0, "sort": "timestamp",
                                 "order": "asc"}
    assert metadata["pagination"] == {"total": 251, "returned": 10, "limit": 10, "offset": 0, "hasMore": True, "nextOffset": 10}
    assert metadata["processing"]["experimentStartedAt"] == "2024-10-20T14:00:00.000Z" and metadata["processing"]["version"] == "3.0.0"
    room = client.get("data/events/room/room-1", experimentId=experiment.id)["metadata"]
    assert room["scope"] == "room" and room["processing"]["experimentStartedAt"] == START


@pytest.mark.parametrize("page", [1, 7, 100, 253, 1000])
def test_pages_give_each_row_once_whatever_their_size(experiment, client, page):
    rows = client.fetch("events", experiment.id, page=page)
    assert [row["id"] for row in rows] == ["early"] + [f"e{n:05d}" for n in range(250)] + ["e00300", "bare"]


@pytest.mark.parametrize("sort, order", [("timestamp", "desc"), ("onset", "asc"), ("id", "desc"), ("participantId", "asc"), ("roomId", "asc"),
                                         ("category", "desc"), ("eventType", "asc"), ("duration", "asc"), ("own", "desc")])
def test_sorted_pages_are_the_sorted_whole(experiment, client, sort, order):
    whole = client.fetch("events", experiment.id, sort=sort, order=order, limit=5000)
    assert client.fetch("events", experiment.id, sort=sort, order=order, page=13) == whole
    assert len({row["id"] for row in whole}) == 253
    values = [row[sort] for row in whole if row[sort] is not None and not (sort == "eventType" and row[sort] == "unknown")]
    assert values == sorted(values, reverse=order == "desc")


def test_offsets_out_of_order_and_out_of_range(experiment, client):
    whole = client.fetch("events", experiment.id)
    for offset in (250, 0, 100, 99, 101, 252, 7):
        body = client.get(f"data/events/experiment/{experiment.id}", offset=offset, limit=3)
        assert body["data"] == whole[offset:offset + 3]
    for offset in (253, 254, 10**6, 10**15):
        body = client.get(f"data/events/experiment/{experiment.id}", offset=offset, limit=3)
        assert body["data"] == [] and body["metadata"]["pagination"]["total"] == 253
        assert body["metadata"]["pagination"]["hasMore"] is False


def test_a_page_has_no_largest_size(experiment, client):
    for limit in (10_000, 10_001, 10**9):
        body = client.get(f"data/events/experiment/{experiment.id}", limit=limit, offset=3)
        assert len(body["data"]) == 250 and body["metadata"]["pagination"]["total"] == 253
        assert body["metadata"]["pagination"]["hasMore"] is False
    assert client.get(f"data/events/experiment/{experiment.id}", limit=10**9, offset=253)["data"] == []


def test_pages_stay_with_the_instant_of_the_first(owner, server, client):
    from conftest import new_study
    study = new_study(owner)
    events = study.dataset("events", FIELDS, kind="events")
    events.send([event(number) for number in range(100, 130)])
    first = client.get(f"data/events/experiment/{study.id}", limit=10, offset=0)
    events.send([event(number) for number in range(50)])
    rows, offset = first["data"], 10
    while True:
        body = client.get(f"data/events/experiment/{study.id}", limit=10, offset=offset)
        rows += body["data"]
        assert body["metadata"]["pagination"]["total"] == 30
        if not body["metadata"]["pagination"]["hasMore"]:
            break
        offset = body["metadata"]["pagination"]["nextOffset"]
    assert [row["id"] for row in rows] == [f"e{n:05d}" for n in range(100, 130)]
    assert client.get(f"data/events/experiment/{study.id}", limit=1)["metadata"]["pagination"]["total"] == 80


def test_scopes(experiment, client):
    of_room = client.fetch("events", "room-2", scope="room", experimentId=experiment.id)
    assert [row["id"] for row in of_room] == ["e00300"]
    of_person = client.fetch("events", "p2", scope="participant", roomId="room-1", experimentId=experiment.id)
    assert len(of_person) == 126 and {row["participantId"] for row in of_person} == {"p2"}
    filtered = client.fetch("events", experiment.id, roomId="room-2")
    assert [row["id"] for row in filtered] == ["e00300"]
    assert client.fetch("events", "room-1", scope="room", roomId="room-2", experimentId=experiment.id) == []


def test_a_room_is_found_without_its_experiment(owner, server, client):
    from conftest import new_study
    name = "room-" + secrets.token_hex(4)
    study = new_study(owner)
    study.dataset("events", FIELDS, kind="events").send([event(1, room=name)])
    for _ in range(2):
        assert [row["experimentId"] for row in client.fetch("events", name, scope="room")] == [study.id]
    other = new_study(owner)
    other.dataset("events", FIELDS, kind="events").send([event(1, room=name)])
    fresh = "two-" + name
    for one in (study, other):
        one.dataset("events", FIELDS, kind="events").send([{**event(2, room=fresh), "id": "two"}])
    with pytest.raises(ValidationError) as caught:
        client.fetch("events", fresh, scope="room")
    assert caught.value.details["parameter"] == "experimentId"
    assert [row["experimentId"] for row in client.fetch("events", fresh, scope="room", experimentId=other.id)] == [other.id]


def test_a_room_of_the_same_id_elsewhere_is_noticed(own_server):
    """One key went on with the first study for good, and got the other's records after a key that sees that one alone had asked."""
    from conftest import OWNER, new_study
    from harness.client import Api
    api = Api(own_server.url, own_server.create_key(OWNER)["key"])
    first, second = new_study(api), new_study(api)
    first.dataset("events", FIELDS, kind="events").send([event(1), event(2)])
    others = second.dataset("events", FIELDS, kind="events")
    client = Client(api.key, own_server.url + "/api/v3")
    assert [row["experimentId"] for row in client.fetch("events", "room-1", scope="room")] == [first.id] * 2
    others.send([event(1)])
    narrow = Client(api.post("/keys", {"name": "narrow", "scopes": ["read:events"], "studies": [second.id]}).json()["key"], own_server.url + "/api/v3")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert [row["experimentId"] for row in narrow.fetch("events", "room-1", scope="room")] == [second.id]
        try:
            # Until it is noticed, and never the other's.
            assert {row["experimentId"] for row in client.fetch("events", "room-1", scope="room")} == {first.id}
            time.sleep(0.2)
        except ValidationError as error:
            assert error.details["parameter"] == "experimentId"
            break
    else:
        pytest.fail("the second room was not noticed")


@pytest.mark.parametrize("params, count", [
    ({"category": "pre_experiment"}, 1), ({"category": "questionnaire"}, 1), ({"category": "post_experiment"}, 1), ({"category": "component"}, 250),
    ({"category": "no such"}, 0), ({"startTime": "2024-10-20T14:30:00Z"}, 251), ({"endTime": "2024-10-20T14:30:00Z"}, 2),
    ({"startTime": "2024-10-20T14:30:10Z", "endTime": "2024-10-20T14:30:20.000+00:00"}, 11), ({"startTime": "2024-10-20"}, 252),
    ({"endTime": "2024-10-20"}, 0), ({"endTime": "9999-12-31T23:59:59.999999Z"}, 252), ({"deploymentId": "nope"}, 0),
    ({"startTime": "2025-01-01", "endTime": "2024-01-01"}, 0), ({"unheard_of": "1"}, 253)])
def test_filters(experiment, client, params, count):
    rows = client.fetch("events", experiment.id, **params)
    assert len(rows) == count


def test_csv_and_ndjson(experiment, server, make_key):
    key = make_key(scopes=["read:events"])["key"]
    address = f"{server.url}/api/v3/data/events/experiment/{experiment.id}"
    whole = requests.get(address, params={"limit": 300}, headers={"X-API-Key": key}, timeout=30).json()["data"]
    answer = requests.get(address, params={"format": "csv", "limit": 100, "offset": 200}, headers={"X-API-Key": key}, timeout=30)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8" and answer.headers["X-Total-Count"] == "253"
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0])[:len(KEYS)] == KEYS and [row["id"] for row in rows] == [row["id"] for row in whole[200:300]]
    late = next(row for row in rows if row["id"] == "e00300")
    assert json.loads(late["value"]) == {"questionId": "q1", "answer": 3} and late["content"] == 'say "hi", now\nplease'
    lines = requests.get(address, params={"format": "ndjson", "limit": 20000}, headers={"X-API-Key": key}, timeout=30)
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == whole
    nothing = requests.get(address, params={"format": "csv", "category": "none"}, headers={"X-API-Key": key}, timeout=30)
    assert nothing.text.split("\r\n")[0].split(",")[:len(KEYS)] == KEYS


@pytest.mark.parametrize("params, parameter", [
    ({"limit": "-1"}, "limit"), ({"limit": "0"}, "limit"), ({"limit": "ten"}, "limit"), ({"limit": "99999999999999999999"}, "limit"),
    ({"offset": "-1"}, "offset"), ({"offset": "1.5"}, "offset"), ({"offset": ""}, "offset"), ({"startTime": "yesterday"}, "startTime"),
    ({"endTime": "2024-13-01"}, "endTime"), ({"sort": "nope"}, "sort"), ({"sort": "value"}, "sort"), ({"sort": "id'--"}, "sort"),
    ({"order": "up"}, "order"), ({"format": "xml"}, "format")])
def test_bad_parameters(experiment, client, params, parameter):
    with pytest.raises(ValidationError) as caught:
        client.get(f"data/events/experiment/{experiment.id}", **params)
    assert caught.value.code == "INVALID_PARAMETER" and caught.value.details["parameter"] == parameter


def test_who_is_refused_and_how(experiment, server, make_key, stranger):
    base = server.url + "/api/v3"
    for key in ("hst_live_" + "x" * 64, "sheaf_nonsense"):
        with pytest.raises(AuthenticationError) as caught:
            Client(key, base).fetch("events", experiment.id)
        assert caught.value.code == "UNAUTHORIZED" and caught.value.message == "Invalid or expired API key"
    with pytest.raises(ForbiddenError) as caught:
        Client(make_key(scopes=["read:chat", "write:events"])["key"], base).fetch("events", experiment.id)
    assert caught.value.message == "Insufficient scopes. Required: read:events"
    assert caught.value.details["required"] == ["read:events"] and caught.value.details["provided"] == ["read:chat", "write:events"]
    # Somebody else's experiment is not there.
    for scope, identity in (("experiment", experiment.id), ("experiment", "none"), ("room", "room-1"), ("experiment", "a'b"), ("room", "x\u00e9")):
        with pytest.raises(NotFoundError) as caught:
            Client(stranger.key, base).fetch("events", identity, scope=scope)
        assert caught.value.code == "NOT_FOUND"


def test_participants_need_a_room(experiment, client):
    for room in (None, ""):
        with pytest.raises(ValidationError) as caught:
            client.fetch("events", "p1", scope="participant", roomId=room)
        assert caught.value.details["parameter"] == "roomId"
    with pytest.raises(NotFoundError):
        client.fetch("events", "nobody", scope="participant", roomId="room-1", experimentId=experiment.id)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/data/nothing/experiment/x", 404), ("GET", "/data/ratings/other/experiment/x", 404), ("GET", "/nope", 404), ("GET", "", 404),
    ("POST", "/data/events/experiment/x", 405), ("DELETE", "/data/chat/room/x", 405), ("PUT", "/health", 405), ("GET", "/data/events/%ff/x", 404)])
def test_the_router_refuses_in_the_envelope(client, method, path, status):
    with pytest.raises(HyperStudyError) as caught:
        client.request(method, path)
    assert caught.value.status == status and caught.value.code == {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}[status]


def test_the_native_api_keeps_its_own_errors(server):
    answer = requests.get(server.url + "/api/v1/nope", timeout=10)
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_view_without_export_reads_json_alone(experiment, server, owner, stranger, make_key):
    from conftest import STRANGER
    owner.put(f"{experiment.path}/grants/{STRANGER}", {"rights": ["view"]})
    try:
        key = make_key(STRANGER, scopes=["read:events"])["key"]
        client = Client(key, server.url + "/api/v3")
        assert len(client.fetch("events", experiment.id)) == 253
        assert len(client.fetch("events", "room-2", scope="room")) == 1
        for path in (f"data/events/experiment/{experiment.id}", "data/events/room/room-2"):
            with pytest.raises(ForbiddenError):
                client.get(path, format="csv")
    finally:
        owner.delete(f"{experiment.path}/grants/{STRANGER}")


def test_reading_is_in_the_audit(experiment, owner, client):
    import time
    client.fetch("events", "p1", scope="participant", roomId="room-1", experimentId=experiment.id)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        entries = owner.get(f"{experiment.path}/audit", params={"limit": 5}).json()["entries"]
        found = [entry for entry in entries if entry["action"] == "records.read" and entry.get("participant") == "p1"]
        if found:
            break
        time.sleep(0.05)
    assert found and found[0]["dataset"] == "events" and found[0]["rows"] == 126
