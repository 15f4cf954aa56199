"""Every address of HyperStudy's protocol: the envelope, its shape by address, refusals of every kind in it, keys, and what is not served."""
import datetime
import re
import secrets
import time

import pytest
import requests
import yaml

from conftest import OWNER, STRANGER, new_study
from harness import program
from harness.client import Api
from harness.hyperstudy import TYPES, Client, ForbiddenError, HyperStudyError, ValidationError

RUN = secrets.token_hex(3)
ROOM = f"ad-{RUN}"
#: {s} the experiment, {r} the room. What answers a single thing as itself and not as a list of one.
OBJECTS = ["data/recordings/download/{r}/rec", "deployments/{s}"]
WRAPPED = ["experiments/{s}", "experiments/{s}/config", "experiments/{s}/export", "data/counts/participant/ada?roomId={r}", "data/check-access/experiment/{s}"]
LISTS = [*(f"data/{kind}/{scope}" for kind in TYPES for scope in ("experiment/{s}", "room/{r}", "participant/ada?roomId={r}")),
         "data/ratings/experiment/{s}?ratingType=sparse", "data/ratings/room/{r}?ratingType=continuous", "data/participants/experiment/{s}", "data/participants/room/{r}",
         "data/rooms/experiment/{s}", "data/rooms/room/{r}", "data/variables/room/{r}", "data/agent-decisions/experiment/{s}?detail=true&limit=5000", "data/agent-decisions/room/{r}",
         "data/agent-runs/experiment/{s}", "experiments?search=ad", "experiments/shared", "deployments?experimentId={s}&status=active", "deployments/{s}/sessions"]
ADDRESSES = [*LISTS, *WRAPPED, *OBJECTS]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIMES = re.compile(r"timestamp|.*Time|.*At")


@pytest.fixture(scope="module")
def experiment(owner):
    study = new_study(owner, description="Addresses")
    owner.put(f"{study.path}/participants/ada", {"status": "completed", "attributes": {"email": "ada@example.org"}})
    owner.put(f"{study.path}/sessions/{ROOM}", {"name": "Room", "start": "2026-01-31T14:30:00Z", "attendance": [{"participant": "ada"}]})
    datasets = {"events": "events", "recordings": "recordings", "chat": "chat", "videochat": "custom", "continuous_ratings": "continuous_ratings", "sparse_ratings": "sparse_ratings",
                "sync_metrics": "sync_metrics", "components": "components", "eyetracking": "custom", "variables": "custom"}
    for identity, kind in datasets.items():
        study.dataset(identity, [], kind=kind, mode="append").send([{"id": "rec", "participant": "ada", "session": ROOM, "time": "2026-01-31T14:30:01Z", "values": {}}])
    owner.post(f"{study.path}/files", {"id": "f", "kind": "recording", "media_type": "video/mp4", "dataset": "recordings", "record": "rec", "participant": "ada", "size": 3}, status=201)
    owner.put(f"{study.path}/files/f/content", data=b"abc", headers={"Content-Type": "application/octet-stream"})
    return study


@pytest.fixture(scope="module")
def client(server, make_key):
    return Client(make_key(scopes=["*"])["key"], server.url + "/api/v3")


def fill(address, experiment):
    return address.format(s=experiment.id, r=ROOM)


def check_times(value, name=""):
    if isinstance(value, dict):
        for key, one in value.items():
            check_times(one, key)
    elif isinstance(value, list):
        for one in value:
            check_times(one, name)
    elif TIMES.fullmatch(name):
        assert value is None or isinstance(value, str) and INSTANT.fullmatch(value), (name, value)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_answers_in_the_envelope(experiment, client, address):
    answer = client.session.get(f"{client.base}/{fill(address, experiment)}", timeout=30, allow_redirects=False)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = client.get(fill(address, experiment))
    assert body["status"] == "success" and isinstance(body["data"], dict if address in OBJECTS else list)
    assert isinstance(body["metadata"], dict) and INSTANT.fullmatch(body["metadata"]["timestamp"]) and "_warnings" not in body["metadata"]
    assert isinstance(body["metadata"]["pagination"]["total"], int) and body["metadata"]["processing"]["version"] == "3.0.0"
    if address in WRAPPED:
        assert len(body["data"]) == 1
    check_times({name: member for name, member in body.items() if name != "query"})


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_refuses_in_the_envelope(experiment, server, client, address):
    path, _, query = fill(address, experiment).partition("?")
    nobody = requests.Session()
    for session, method, place, status, code in ((nobody, "GET", f"{path}?{query}", 401, "UNAUTHORIZED"), (client.session, "DELETE", path, 405, "METHOD_NOT_ALLOWED"),
                                                 (client.session, "GET", f"{path}/?{query}", 404, "NOT_FOUND")):
        answer = session.request(method, f"{client.base}/{place}", timeout=30, allow_redirects=False)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json; charset=utf-8"), (method, place)
        body = answer.json()
        assert list(body) == ["status", "error"] and body["status"] == "error" and body["error"]["code"] == code and isinstance(body["error"]["message"], str)
        assert isinstance(body["error"]["details"], dict)


def test_keys_that_no_longer_work(server, client, make_key, owner, experiment):
    def status(key, **headers):
        return requests.get(f"{client.base}/data/events/experiment/{experiment.id}", headers={"X-API-Key": key, **headers}, timeout=30).status_code
    expired, revoked = make_key(expires="1s")["key"], owner.post("/keys", {"name": "x", "scopes": ["*"], "style": "hyperstudy"}, status=201).json()
    assert status(revoked["key"]) == 200
    owner.delete(f"/keys/{revoked['id']}", status=204)
    assert status(revoked["key"]) == 401
    deadline = time.monotonic() + 10
    while status(expired) != 401:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {status(key) for key in ("", "hst_live_", "hst_test_abc123", "x" * 10_000, "hst_live_" + "a" * 62, "hst_live_" + "a" * 64)} == {401}


def test_a_new_key_is_good_at_once_and_looks_as_it_should(server, owner, experiment):
    made = owner.post("/keys", {"name": "sdk", "scopes": ["read:events"], "style": "hyperstudy", "expires": "7d"}, status=201).json()
    assert re.fullmatch(r"hst_live_[A-Za-z0-9]{64}", made["key"])
    assert len(Client(made["key"], server.url + "/api/v3").fetch("events", experiment.id)) == 1
    for _ in range(2):
        [listed] = [key for key in owner.get("/keys").json()["keys"] if key["id"] == made["id"]]
    assert made["key"] not in str(listed) and listed["scopes"] == ["read:events"] and listed["name"] == "sdk"


ALL_SCOPES = ["read:events", "read:recordings", "read:chat", "read:videochat", "read:ratings", "read:sync", "read:components", "read:participants", "read:experiments", "write:events",
              "write:experiments", "delete:experiments", "read:personas", "write:personas", "write:deployments", "admin:api_keys", "admin:users", "read:*", "*"]


@pytest.mark.parametrize("scope", ALL_SCOPES)
def test_every_scope_can_be_given(server, owner, scope):
    made = owner.post("/keys", {"name": scope, "scopes": [scope], "style": "hyperstudy"}, status=201).json()
    assert made["scopes"] == [scope]


@pytest.mark.parametrize("address, scopes", [("data/counts/participant/ada?roomId={r}", ["read:events"]), ("data/agent-decisions/room/{r}", ["read:events"]),
                                             ("data/recordings/download/{r}/rec", ["read:recordings"]), ("deployments/{s}", ["read:experiments", "read:events"]),
                                             ("deployments/{s}/sessions", ["read:experiments", "read:events"]), ("experiments/{s}", ["read:experiments"])])
def test_scopes_of_what_is_beside_the_records(server, experiment, make_key, address, scopes):
    for scope in [*scopes, "read:*"]:
        assert Client(make_key(scopes=[scope])["key"], server.url + "/api/v3").get(fill(address, experiment))["status"] == "success"
    with pytest.raises(ForbiddenError) as caught:
        Client(make_key(scopes=["read:chat", "write:events"])["key"], server.url + "/api/v3").get(fill(address, experiment))
    assert caught.value.code == "FORBIDDEN" and caught.value.details["required"][0] in scopes and caught.value.details["provided"] == ["read:chat", "write:events"]


def test_whether_one_may_is_told_every_key(server, experiment, make_key):
    for scopes in (["write:events"], ["admin:users"], ["read:chat"]):
        body = Client(make_key(scopes=scopes)["key"], server.url + "/api/v3").get(f"data/check-access/experiment/{experiment.id}")
        assert body["canView"] is True and body["canExport"] is True and body["data"] == [{"canView": True, "canExport": True}]
    stranger = Client(make_key(STRANGER, scopes=["read:chat"])["key"], server.url + "/api/v3")
    assert stranger.get(f"data/check-access/experiment/{experiment.id}")["canView"] is False


def test_health(server):
    answer = requests.get(f"{server.url}/api/v3/health", timeout=10)
    assert answer.json()["status"] in ("success", "healthy") and answer.json()["version"] == "3.0.0" and INSTANT.fullmatch(answer.json()["timestamp"])


def test_lent_addresses(experiment, client):
    lent = client.get(f"data/recordings/download/{ROOM}/rec")["data"]
    assert lent["url"].startswith("http://")
    left = datetime.datetime.strptime(lent["expiresAt"], "%Y-%m-%dT%H:%M:%S.%fZ") - datetime.datetime.utcnow()
    assert datetime.timedelta(minutes=55) < left <= datetime.timedelta(minutes=61)
    answer = requests.get(lent["url"], timeout=30)
    assert answer.content == b"abc" and answer.headers["Content-Length"] == "3" and answer.headers["Content-Disposition"].startswith("attachment")
    assert requests.head(lent["url"], timeout=30).headers["Content-Length"] == "3"


def test_experiments_page_by_fifty(server, make_key):
    email = f"pages-{RUN}@example.org"
    server.add_user(email)
    key = make_key(email)["key"]
    names = [f"Clip {number}" for number in range(5)]
    for name in names:
        new_study(Api(server.url, key), description=f"{name}, alone or in pairs")
    client = Client(key, server.url + "/api/v3")
    first = client.get("experiments", offset=0)
    assert first["metadata"]["query"]["limit"] == first["metadata"]["pagination"]["limit"] == 50 and first["metadata"]["pagination"]["total"] == 5
    assert first["metadata"]["dataType"] == "experiments" and first["metadata"]["scope"] == "user" and first["metadata"]["scopeId"] == first["data"][0]["ownerId"]
    assert client.pages("experiments", page=2) == first["data"] == client.get("experiments", view="summary")["data"]
    assert [row["description"] for row in client.pages("experiments", search="CLIP 3", page=2)] == ["Clip 3, alone or in pairs"]
    assert len(client.pages("experiments", search="in pairs", page=2)) == 5 and client.pages("experiments/shared") == []


def test_fields_of_experiments_and_deployments(experiment, client, server, owner):
    [row] = client.get(f"experiments/{experiment.id}")["data"]
    assert set("id name description ownerId ownerEmail roomCount participantCount createdAt updatedAt states roles requiredParticipants".split()) <= set(row)
    assert (row["id"], row["ownerEmail"], row["roomCount"], row["participantCount"], row["states"], row["roles"]) == (experiment.id, OWNER, 1, 1, [], {})
    deployment = client.get(f"deployments/{experiment.id}")["data"]
    assert set("id experimentId name status ownerId ownerName participantCount maxParticipants createdAt updatedAt".split()) <= set(deployment)
    assert (deployment["experimentId"], deployment["ownerId"], deployment["participantCount"], deployment["status"]) == (experiment.id, row["ownerId"], 1, "active")
    [room] = client.get(f"deployments/{experiment.id}/sessions")["data"]
    assert set("id experimentId deploymentId status participantCount createdAt".split()) <= set(room) and room["id"] == ROOM
    export = client.get(f"experiments/{experiment.id}/export")
    assert export["metadata"]["dataType"] == "experimentExport" and export["data"][0]["experiment"] == row and export["metadata"]["mediaAssetsCount"] == 0
    for status in ("completed", "archived"):
        study = new_study(owner)
        owner.patch(study.path, {"status": status})
        assert [one["status"] for one in client.get("deployments", experimentId=study.id, status=status)["data"]] == [status]
        assert client.get("deployments", experimentId=study.id, status="active")["data"] == [] and client.get(f"experiments/{study.id}")["data"][0]["status"] == status
    # All of them in one answer, whatever the size of a page.
    everything = client.get("deployments", limit=1)
    assert len(everything["data"]) == everything["metadata"]["pagination"]["total"] > 2 and everything["metadata"]["pagination"]["hasMore"] is False


NOT_SERVED = ["POST experiments", "PUT experiments/x", "POST experiments/validate", "DELETE experiments/x?skipDataCheck=true", "POST experiments/x/share", "POST deployments",
              "GET deployments/x/agent-spend", "POST deployments/x/run-more", "POST deployments/x/rooms/y/stop", "POST deployments/x/rooms/y/retry", "GET personas", "POST personas",
              "GET personas/x", "PUT personas/x", "DELETE personas/x", "POST personas/x/duplicate", "GET agent-cognition/catalog", "GET data/questionnaire-responses/experiment/x",
              "GET data/questionnaire-responses/participant/x", "GET data/events/batch", "GET data/variables/experiment/x",
              *(f"{method} ../v4/participant/{name}" for method, name in (("GET", "discover"), ("POST", "join"), ("POST", "events"), ("POST", "complete"), ("GET", "history")))]


@pytest.mark.parametrize("line", NOT_SERVED)
def test_what_is_not_served(server, client, line):
    method, path = line.split(" ")
    base = server.url + "/api/v4" if path.startswith("../v4") else client.base
    answer = client.session.request(method, f"{base}/{path.removeprefix('../v4/')}", json={} if method in ("POST", "PUT") else None, timeout=30)
    assert answer.status_code in (404, 405, 501) and answer.json()["status"] == "error" and answer.json()["error"]["code"] in ("NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_IMPLEMENTED")


def test_addresses_and_heads_that_are_too_long(server, client):
    """Refused before anybody looks for a route, in the protocol's shape all the same; others keep theirs."""
    for path, headers, status in ((f"data/events/experiment/{'x' * 20_000}", {}, 414), (f"data/{'x' * 60_000}", {}, 414), ("experiments", {"X-Much": "x" * 60_000}, 431)):
        answer = client.session.get(f"{client.base}/{path}", headers=headers, timeout=30)
        assert answer.status_code == status and answer.headers["Content-Type"] == "application/json; charset=utf-8", path[:20]
        assert answer.json()["status"] == "error" and answer.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"
        native = client.session.get(f"{server.url}/api/v1/{path}", headers=headers, timeout=30)
        assert native.status_code == status and native.json()["slug"] in ("uri-too-long", "headers-too-large")


def test_too_many_requests(tmp_path):
    """Off unless it is set; then in the envelope, with the seconds to wait."""
    server = program.Server(tmp_path, options=["--key-rate", "1"])
    server.add_user(OWNER)
    server.start()
    client = Client(server.create_key(OWNER)["key"], server.url + "/api/v3")
    answers = (client.session.get(f"{client.base}/experiments", timeout=30) for _ in range(500))
    caught = next(answer for answer in answers if answer.status_code == 429)
    assert int(caught.headers["Retry-After"]) >= 1 and caught.json()["status"] == "error" and caught.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert server.stop() == 0


def test_a_thousand_requests_are_no_many(server, make_key, client, experiment):
    """Clients do not try again: nothing is refused of what a whole download asks."""
    assert {client.session.get(f"{client.base}/data/check-access/experiment/{experiment.id}", timeout=30).status_code for _ in range(300)} == {200}


def test_the_description_names_every_address(server):
    answer = requests.get(f"{server.url}/api/v3/openapi.yaml", headers={"Origin": "https://elsewhere.example.org"}, timeout=10)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    document = yaml.safe_load(answer.text)
    described = {re.sub(r"\{\w+\}", "{}", path) for path in document["paths"]}
    wanted = {"/" + re.sub(r"/(\{s\}|\{r\}|ada|rec)(?=/|$)", "/{}", address.partition("?")[0]) for address in ADDRESSES}
    assert document["openapi"].startswith("3.1") and not wanted - described, wanted - described
    assert "post" in document["paths"]["/data/events/batch"] and "/health" in described


def test_parameters_are_refused_by_name(experiment, client):
    for path in ("experiments", "deployments", "data/participants/experiment/{s}", "data/rooms/experiment/{s}", "data/events/experiment/{s}"):
        for params, name in (({"limit": "-1"}, "limit"), ({"limit": "many"}, "limit"), ({"offset": "-1"}, "offset"), ({"order": "up"}, "order")):
            with pytest.raises(ValidationError) as caught:
                client.get(fill(path, experiment), **params)
            assert caught.value.code == "INVALID_PARAMETER" and caught.value.details["parameter"] == name
    with pytest.raises(HyperStudyError) as caught:
        client.request("POST", "data/events/batch", data="[", headers={"Content-Type": "application/json"})
    assert caught.value.status == 400 and caught.value.code == "VALIDATION_ERROR"
