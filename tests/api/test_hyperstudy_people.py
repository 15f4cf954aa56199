"""Participants, rooms, experiments, deployments, counts, variables, agents and access over HyperStudy's protocol."""
import secrets

import pytest
import requests
import yaml

from conftest import STRANGER, new_study
from harness.hyperstudy import Client, ForbiddenError, NotFoundError, ValidationError, to_frame

RUN = secrets.token_hex(3)
ROOM_A, ROOM_B, ROOM_C = f"a-{RUN}", f"b-{RUN}", f"c-{RUN}"


@pytest.fixture(scope="module")
def experiment(owner):
    study = new_study(owner, description="Couples watch clips")
    people = {
        "ada": {"status": "completed", "attributes": {"email": "ada@example.org", "completionCode": "SUCCESS", "age": 31,
                                                      "completedAt": "2024-10-20T15:00:00Z"}},
        "bo": {"status": "disconnected", "attributes": {"completionCode": "TIMEOUT", "isAgent": True}},
        "cy": {"status": "active", "attributes": {"joinedAt": "2024-10-19T10:00:00Z"}}}
    for identity, body in people.items():
        owner.put(f"{study.path}/participants/{identity}", body)
    owner.put(f"{study.path}/sessions/{ROOM_A}", {
        "name": "First", "start": "2024-10-20T14:30:00Z", "end": "2024-10-20T15:00:00Z", "status": "completed",
        "attributes": {"deploymentId": f"dep-{RUN}", "deploymentName": "Autumn"},
        "attendance": [{"participant": "ada", "role": "viewer", "joined_at": "2024-10-20T14:29:00Z", "left_at": "2024-10-20T15:00:00Z"},
                       {"participant": "bo", "role": "partner", "joined_at": "2024-10-20T14:28:00Z"}]})
    owner.put(f"{study.path}/sessions/{ROOM_B}", {"start": "2024-10-21T09:00:00Z"})
    chat = study.dataset("chat", [{"id": "content", "type": "string"}], kind="chat")
    chat.send([{"id": "m1", "participant": "bo", "session": ROOM_B, "time": "2024-10-21T09:01:00Z", "onset_ms": 60000, "values": {"content": "hi"}},
               {"id": "m2", "participant": "ada", "session": ROOM_A, "time": "2024-10-20T14:31:00Z", "values": {"content": "ho"}}])
    sync = study.dataset("sync_metrics", [{"id": name, "type": "double"} for name in ("timeDrift", "playbackRate", "syncQuality", "latency")],
                         kind="sync_metrics")
    sync.send([{"id": f"s{n}", "participant": "ada", "session": ROOM_A, "time": f"2024-10-20T14:30:{n:02d}.500Z", "onset_ms": n * 1000 + 500,
                "values": {"timeDrift": (-1) ** n * n * 10.0, "playbackRate": 1.0, "latency": float(n)}} for n in range(20)]
              + [{"id": "s-early", "participant": "ada", "session": ROOM_A, "time": "2024-10-20T14:29:59.000Z", "onset_ms": -1000,
                  "values": {"timeDrift": 3.0}}])
    return study


@pytest.fixture(scope="module")
def client(server, make_key):
    return Client(make_key(scopes=["read:events", "read:experiments", "read:sync", "read:chat"])["key"], server.url + "/api/v3")


COLUMNS = {"id", "participantId", "experimentId", "roomId", "sessionId", "deploymentId", "name", "email", "role", "status", "completionCode",
           "joinedAt", "completedAt", "isAgent", "timestamp", "attributes"}


def test_participants(experiment, client):
    rows = client.fetch("participants", experiment.id)
    assert all(set(row) == COLUMNS for row in rows)
    assert [(row["id"], row["roomId"]) for row in rows] == [("cy", None), ("bo", ROOM_A), ("ada", ROOM_A), ("bo", ROOM_B)]
    ada = next(row for row in rows if row["id"] == "ada")
    assert ada["email"] == "ada@example.org" and ada["role"] == "viewer" and ada["completionCode"] == "SUCCESS" and ada["isAgent"] is False
    assert ada["joinedAt"] == "2024-10-20T14:29:00.000Z" and ada["completedAt"] == "2024-10-20T15:00:00.000Z" and ada["attributes"] == {"age": 31}
    assert ada["deploymentId"] == f"dep-{RUN}" and rows[1]["isAgent"] is True and rows[3]["deploymentId"] == experiment.id
    assert [row["id"] for row in client.fetch("participants", ROOM_A, scope="room")] == ["bo", "ada"]
    assert [row["id"] for row in client.fetch("participants", experiment.id, completionCode="SUCCESS")] == ["ada"]
    assert [row["id"] for row in client.fetch("participants", experiment.id, sort="id", order="desc", page=2)] == ["cy", "bo", "bo", "ada"]
    for sort in ("joinedAt", "completedAt", "id", "email", "role", "status", "completionCode"):
        assert len(client.fetch("participants", experiment.id, sort=sort, page=1)) == 4
    assert len(client.fetch("participants", experiment.id, deploymentId=f"dep-{RUN}")) == 2
    with pytest.raises(ValidationError):
        client.fetch("participants", "ada", scope="participant", roomId=ROOM_A)
    with pytest.raises(ValidationError):
        client.fetch("participants", experiment.id, sort="attributes")


def test_rooms(experiment, client):
    rows = client.fetch("rooms", experiment.id)
    assert [row["id"] for row in rows] == [ROOM_A, ROOM_B]
    first, second = rows
    assert first["participantCount"] == 2 and second["participantCount"] == 1 and first["deploymentName"] == "Autumn"
    assert first["startTime"] == "2024-10-20T14:30:00.000Z" and first["duration"] == 1_800_000 and first["status"] == "completed"
    assert second["status"] == "active" and second["endTime"] is None and second["deploymentId"] == experiment.id
    assert set(first) == set(second)
    assert [row["id"] for row in client.fetch("rooms", ROOM_A, scope="room")] == [ROOM_A]
    assert [row["id"] for row in client.fetch("rooms", experiment.id, deploymentId=f"dep-{RUN}")] == [ROOM_A]


@pytest.mark.parametrize("kind", ["participants", "rooms", "sync"])
def test_lists_in_csv(experiment, client, server, kind):
    params = {"aggregationWindow": 1000} if kind == "sync" else {}
    answer = client.session.get(f"{client.base}/data/{kind}/experiment/{experiment.id}", params={"format": "csv", **params}, timeout=10)
    lines = answer.text.split("\r\n")
    assert answer.status_code == 200 and lines[0].split(",")[0] in ("id", "metricId") and len(lines) - 2 == int(answer.headers["X-Total-Count"])
    more = client.session.get(f"{client.base}/data/{kind}/experiment/{experiment.id}", params={"format": "ndjson", "limit": 1, **params}, timeout=10)
    assert len(more.text.splitlines()) == 1


def test_experiments(experiment, client, owner):
    listed = client.get_experiments()
    one = next(row for row in listed if row["id"] == experiment.id)
    assert one["participantCount"] == 3 and one["roomCount"] == 2 and one["ownerEmail"] == "owner@example.org"
    assert one["description"] == "Couples watch clips" and one["states"] == [] and one["roles"] == {}
    body = client.get("experiments", limit=50)
    assert body["metadata"]["dataType"] == "experiments" and body["metadata"]["scope"] == "user"
    assert client.get_experiment(experiment.id) == one
    assert [row["id"] for row in client.pages("experiments", search=experiment.id.upper())] == [experiment.id]
    assert experiment.id in [row["id"] for row in client.pages("experiments", search="couples WATCH")]
    assert client.pages("experiments", search="no such thing %") == []
    config = client.get(f"experiments/{experiment.id}/config")["data"]
    assert isinstance(config, list) and config[0]["dataTypes"] == ["chat", "sync_metrics"]
    export = client.get(f"experiments/{experiment.id}/export")
    assert export["data"][0]["experiment"]["id"] == experiment.id and export["data"][0]["mediaAssets"] == []
    assert export["metadata"]["filename"] == f"{experiment.id}-export.json" and export["metadata"]["mediaAssetsCount"] == 0
    for path in ("experiments/none", "experiments/none/config"):
        with pytest.raises(NotFoundError):
            client.get(path)


def test_shared_experiments(experiment, server, make_key, owner):
    client = Client(make_key(STRANGER, scopes=["read:experiments"])["key"], server.url + "/api/v3")
    for path in ("experiments/shared", "experiments"):
        assert experiment.id not in [row["id"] for row in client.pages(path)]
    owner.put(f"{experiment.path}/grants/{STRANGER}", {"rights": ["view"]})
    try:
        for path in ("experiments/shared", "experiments"):
            assert experiment.id in [row["id"] for row in client.pages(path)]
        access = client.get(f"data/check-access/experiment/{experiment.id}")
        assert access["canView"] is True and access["canExport"] is False and access["data"] == [{"canView": True, "canExport": False}]
    finally:
        owner.delete(f"{experiment.path}/grants/{STRANGER}")
    assert client.get(f"data/check-access/experiment/{experiment.id}")["data"] == [{"canView": False, "canExport": False}]
    assert client.get("data/check-access/experiment/none")["canView"] is False


def test_deployments(experiment, client):
    rows = client.get("deployments", experimentId=experiment.id)["data"]
    assert {row["id"]: row["participantCount"] for row in rows} == {f"dep-{RUN}": 2, experiment.id: 1}
    assert all(row["experimentId"] == experiment.id and row["status"] == "active" for row in rows)
    one = client.get(f"deployments/dep-{RUN}")["data"]
    assert one["name"] == "Autumn" and one["ownerName"] == "owner"
    rooms = client.get(f"deployments/dep-{RUN}/sessions")
    assert [row["id"] for row in rooms["data"]] == [ROOM_A] and rooms["metadata"]["dataType"] == "sessions"
    assert rooms["metadata"]["scope"] == "deployment"
    assert [row["messageId"] for row in client.fetch("chat", experiment.id, deploymentId=f"dep-{RUN}")] == ["m2"]
    assert [row["messageId"] for row in client.fetch("chat", experiment.id, deploymentId=experiment.id)] == ["m1"]
    assert client.get("deployments", status="archived", experimentId=experiment.id)["data"] == []
    with pytest.raises(NotFoundError):
        client.get("deployments/none")
    with pytest.raises(NotFoundError):
        client.get("deployments/none/sessions")


def test_counts(experiment, client):
    body = client.get("data/counts/participant/ada", roomId=ROOM_A)["data"]
    assert len(body) == 1 and body[0]["participantId"] == "ada" and body[0]["roomId"] == ROOM_A
    assert body[0]["counts"]["textchat"] == 1 and body[0]["counts"]["sync"] == 21 and body[0]["counts"]["events"] == 0
    assert body[0]["hasData"]["textchat"] is True and body[0]["hasData"]["events"] is False
    assert set(body[0]["counts"]) == set(body[0]["hasData"])
    with pytest.raises(ValidationError):
        client.get("data/counts/participant/ada")


def test_windows_of_sync_metrics(experiment, client):
    rows = client.fetch("sync", ROOM_A, scope="room", aggregationWindow=5000)
    assert [row["onset"] for row in rows] == [-5000, 0, 5000, 10000, 15000] and [row["sampleCount"] for row in rows] == [1, 5, 5, 5, 5]
    assert rows[1]["timestamp"] == "2024-10-20T14:30:00.000Z" and rows[1]["timeDrift"] == pytest.approx((0 - 10 + 20 - 30 + 40) / 5)
    assert rows[1]["maxDrift"] == 40 and rows[1]["latency"] == 2 and rows[1]["bufferHealth"] is None
    assert client.fetch("sync", ROOM_A, scope="room", aggregationWindow=5000, page=2) == rows
    assert [row["onset"] for row in client.fetch("sync", ROOM_A, scope="room", aggregationWindow=5000, order="desc")] == [15000, 10000, 5000, 0, -5000]
    assert len(client.fetch("sync", ROOM_A, scope="room", aggregationWindow=10**10)) == 2
    for window in ("0", "-1", "x", "1.5", str(10**30)):
        with pytest.raises(ValidationError) as caught:
            client.fetch("sync", ROOM_A, scope="room", aggregationWindow=window)
        assert caught.value.details["parameter"] == "aggregationWindow"


def test_variables(owner, client):
    study = new_study(owner)
    room = f"v-{secrets.token_hex(3)}"
    fields = [{"id": "variable", "type": "string"}, {"id": "value", "type": "json"}, {"id": "source", "type": "string"},
              {"id": "persisted", "type": "boolean"}, {"id": "stateId", "type": "string"}, {"id": "reason", "type": "string"}]
    writes = [("score", 0, "seed", "s1", None), ("name", "Ada", "human", "s1", None), ("score", 5, "human", "s1", None),
              ("score", {"a": 1}, "human", "s2", None), ("ghost", 1, "human", "s2", "unknown variable")]
    study.dataset("variables", fields).send(
        [{"id": f"w{n}", "participant": "ada", "session": room, "time": f"2024-01-01T00:00:0{n}Z",
          "values": {"variable": name, "value": value, "source": source, "persisted": True, "stateId": state, **({"reason": reason} if reason else {})}}
         for n, (name, value, source, state, reason) in enumerate(writes)])
    body = client.get(f"data/variables/room/{room}")
    assert [(row["variable"], row["value"]) for row in body["data"]] == [("score", 0), ("name", "Ada"), ("score", 5), ("score", {"a": 1})]
    metadata = body["metadata"]
    assert metadata["timeline"] == [{"stateId": "s1", "score": 5, "name": "Ada"}, {"stateId": "s2", "score": {"a": 1}, "name": "Ada"}]
    assert metadata["variableNames"] == ["score", "name"] and metadata["matrixColumns"] == ["score", "name"] and metadata["mode"] == "replay"
    assert metadata["droppedWrites"] == [{"variable": "ghost", "reason": "unknown variable"}]
    assert client.get(f"data/variables/room/{ROOM_A}")["data"] == []


def test_no_agents(experiment, client):
    for path in (f"agent-decisions/experiment/{experiment.id}", f"agent-decisions/room/{ROOM_A}", f"agent-runs/experiment/{experiment.id}"):
        body = client.get(f"data/{path}", detail="true", limit=5000)
        assert body["data"] == [] and body["metadata"]["truncated"] is False
    with pytest.raises(NotFoundError):
        client.get(f"data/agent-decisions/room/{ROOM_A}/decision/ada_1")


def test_everything_of_a_participant_in_thirteen_requests(experiment, server, make_key):
    client = Client(make_key(scopes=["read:*"])["key"], server.url + "/api/v3")
    data = client.get_all_data("ada", ROOM_A)
    assert len(client.asked) == 13
    assert {name: len(rows) for name, rows in data.items() if rows} == {"chat": 1, "sync": 21}
    assert set(data) == {"events", "recordings", "chat", "videochat", "sync", "ratings_continuous", "ratings_sparse", "components", "eyetracking",
                         "questionnaire", "instructions", "consent", "agent_decisions"}
    pandas = pytest.importorskip("pandas")
    frame = to_frame(data["sync"])
    assert str(frame["timestamp"].dtype).startswith("datetime64[ns") and frame["timestamp"].notna().all()
    assert frame["onset_sec"].min() == -1 and len(frame) == 21 and isinstance(frame, pandas.DataFrame)


SCOPED = [("participants/experiment/{s}", ["read:events", "read:participants"]), ("rooms/experiment/{s}", ["read:events", "read:experiments"]),
          ("chat/experiment/{s}", ["read:chat"]), ("videochat/experiment/{s}", ["read:videochat"]), ("sync/experiment/{s}", ["read:sync"]),
          ("ratings/sparse/experiment/{s}", ["read:ratings"]), ("ratings/continuous/experiment/{s}", ["read:ratings"]),
          ("components/experiment/{s}", ["read:components"]), ("recordings/experiment/{s}", ["read:recordings"]),
          ("eyetracking/experiment/{s}", ["read:events"]), ("events/experiment/{s}", ["read:events"]),
          ("agent-runs/experiment/{s}", ["read:events"]), ("variables/room/{r}", ["read:events"])]
ALL = {"read:events", "read:participants", "read:experiments", "read:chat", "read:videochat", "read:sync", "read:ratings", "read:components",
       "read:recordings", "write:events", "write:experiments", "read:personas", "admin:users"}


@pytest.mark.parametrize("path, scopes", SCOPED)
def test_each_scope_opens_its_own(experiment, server, make_key, path, scopes):
    address = "data/" + path.format(s=experiment.id, r=ROOM_A)
    for scope in [*scopes, "read:*", "*", "read:records" if "participants" not in path and "rooms" not in path else "read:studies"]:
        assert isinstance(Client(make_key(scopes=[scope])["key"], server.url + "/api/v3").get(address)["data"], list)
    with pytest.raises(ForbiddenError) as caught:
        Client(make_key(scopes=sorted(ALL - set(scopes)))["key"], server.url + "/api/v3").get(address)
    assert caught.value.details["required"] == scopes[:1]


@pytest.mark.parametrize("path", ["experiments", "experiments/{s}", "experiments/{s}/config", "experiments/{s}/export", "experiments/shared"])
def test_experiments_need_their_scope(experiment, server, make_key, path):
    with pytest.raises(ForbiddenError):
        Client(make_key(scopes=["read:events"])["key"], server.url + "/api/v3").get(path.format(s=experiment.id))


def test_keys_of_both_styles(server, owner):
    made = owner.post("/keys", {"name": "sdk", "scopes": ["read:events", "read:ratings"], "style": "hyperstudy"}, status=201).json()
    assert made["key"].startswith("hst_live_") and len(made["key"]) == len("hst_live_") + 64
    assert Client(made["key"], server.url + "/api/v3").get("data/check-access/experiment/x")["canView"] is False
    owner.post("/keys", {"name": "x", "scopes": ["*"], "style": "other"}, error="bad-member", place="/style")
    from harness import program
    out = program.run("key", "create", "--data", server.data, "--user", "owner@example.org", "--style", "hyperstudy", "--scope", "read:events", "--json")
    assert '"hst_live_' in out.stdout.replace('": "', '":"').replace(' ', '') or "hst_live_" in out.stdout


def test_a_key_makes_no_wider_key(server, make_key):
    from harness.client import Api
    narrow = Api(server.url, make_key(scopes=["write:access", "read:events"])["key"])
    narrow.post("/keys", {"name": "x", "scopes": ["read:ratings"]}, error="forbidden")
    wide = Api(server.url, make_key(scopes=["write:access", "read:records"])["key"])
    wide.post("/keys", {"name": "x", "scopes": ["read:ratings", "read:sync", "read:chat"]}, status=201)
    wide.post("/keys", {"name": "x", "scopes": ["write:events"]}, error="forbidden")
    wide.post("/keys", {"name": "x", "scopes": ["admin:users"]}, error="forbidden")


def test_platform_scopes_read_the_native_api(server, make_key, experiment):
    from harness.client import Api
    key = Api(server.url, make_key(scopes=["read:sync"])["key"])
    assert key.get(f"{experiment.path}/datasets/sync_metrics/records").json()["total"] == 21
    key.get(f"{experiment.path}/datasets/chat/records", error="forbidden")


def test_the_description(server):
    answer = requests.get(server.url + "/api/v3/openapi.yaml", timeout=10)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    document = yaml.safe_load(answer.text)
    assert document["openapi"].startswith("3.1") and "/data/events/experiment/{experimentId}" in document["paths"]
    assert document["components"]["schemas"]["events"]["required"][0] == "id"


def test_rights_without_identifiers(experiment, server, make_key, owner):
    owner.put(f"{experiment.path}/grants/{STRANGER}", {"rights": ["view"], "identifiers": False})
    try:
        client = Client(make_key(STRANGER)["key"], server.url + "/api/v3")
        rows = client.fetch("sync", experiment.id)
        assert len(rows) == 21 and not {"ada", ROOM_A} & {row["participantId"] for row in rows} | {row["roomId"] for row in rows} & {"ada", ROOM_A}
        code, room = rows[0]["participantId"], rows[0]["roomId"]
        assert len(client.fetch("sync", code, scope="participant", roomId=room, page=4)) == 21
        assert client.fetch("sync", experiment.id, page=4) == rows
        people = client.fetch("participants", experiment.id)
        text = str(people) + str(client.fetch("rooms", experiment.id)) + str(client.fetch("chat", experiment.id))
        assert "ada" not in text and "example.org" not in text and ROOM_A not in text and "'bo'" not in text
        with pytest.raises(NotFoundError):
            client.fetch("sync", ROOM_A, scope="room")
    finally:
        owner.delete(f"{experiment.path}/grants/{STRANGER}")


def test_a_withdrawn_participant_is_nowhere(owner, server, make_key):
    study = new_study(owner)
    room = f"w-{secrets.token_hex(3)}"
    events = study.dataset("events", [{"id": "category", "type": "string"}], kind="events")
    events.send([{"id": f"e{n}", "participant": f"p{n % 3}", "session": room, "time": f"2024-01-01T00:00:{n:02d}Z", "values": {}} for n in range(30)])
    client = Client(make_key()["key"], server.url + "/api/v3")
    first = client.get(f"data/events/experiment/{study.id}", limit=6)
    assert first["metadata"]["pagination"]["total"] == 30
    owner.post(f"{study.path}/participants/p1/withdrawal", {})
    rest = client.fetch("events", study.id, page=6)
    assert len(rest) == 20 and "p1" not in {row["participantId"] for row in rest}
    after = client.get(f"data/events/experiment/{study.id}", limit=6, offset=6)
    assert "p1" not in {row["participantId"] for row in after["data"]}
    with pytest.raises(NotFoundError):
        client.fetch("events", "p1", scope="participant", roomId=room)
