"""Every operation of the contract against every kind of caller."""
import time

import pytest

from conftest import ADMIN, OWNER, STRANGER, new_study
from harness import contract
from harness.furnish import furnish
from harness.client import Api, ndjson

PROTECTED = [operation for operation in contract.operations() if operation.content.get("security") != []]
#: What a key can do; the rest is for sessions or for participants.
KEYED = [operation for operation in PROTECTED if operation.scope]
SCOPES = sorted({operation.scope for operation in KEYED})
OF_STUDIES = [operation for operation in KEYED if "{study}" in operation.address or "{export}" in operation.address]
#: What acts on something that only time or another order of calls makes: deliveries, parts, half a file.
UNMADE = {"getDelivery", "replayDelivery", "downloadExportPart", "putFileContent", "appendFileContent", "completeFile"}
#: Parameters that an address cannot do without.
NEEDED = {"fields": "mood"}
FIELDS = [{"id": "mood", "type": "integer"}, {"id": "woke", "type": "enum", "options": [{"id": "alarm", "code": "1"}, {"id": "self", "code": "2"}]}]


COLLABORATOR = "collaborator@example.org"


@pytest.fixture(scope="module", autouse=True)
def collaborator(server):
    server.add_user(COLLABORATOR)


@pytest.fixture(scope="module")
def things(owner, collaborator):
    """What the addresses of the contract name: of the owner."""
    study = new_study(owner)
    dataset = study.dataset("diary", FIELDS, kind="survey")
    dataset.send([{"id": "r1", "participant": "p1", "session": "s1", "values": {"mood": 4, "woke": "alarm"}}])
    job = study.finished({"datasets": ["diary"], "format": "csv"})
    assert job["state"] == "succeeded"
    owner.put(f"{study.path}/grants/{COLLABORATOR}", {"rights": ["view"]})
    return {"study": study.id, "dataset": "diary", "participant": "p1", "session": "s1", "record": "r1", "export": job["id"], "account": COLLABORATOR, "key": "key_none",
            **furnish(owner, study)}


def call(api, operation, things, **expected):
    path = operation.address.removeprefix("/api/v1").format(**things)
    options = {}
    for media, content in operation.content.get("requestBody", {}).get("content", {}).items():
        if "example" in content:
            example = content["example"]
            body = example.encode() if isinstance(example, str) else None
            options = {"data": body, "headers": {"Content-Type": media}} if body else with_json(example)
            break
    needed = {entry["name"]: NEEDED[entry["name"]] for entry in operation.parameters if entry["in"] == "query" and entry.get("required")}
    # A stream of events has no end: its head is the answer.
    endless = "text/event-stream" in contract.resolve(operation.content["responses"].get("200", {})).get("content", {})
    response = api.call(operation.method.upper(), path, params=needed, stream=endless, **options, **expected)
    if endless and "error" not in expected:
        response.close()
    return response


def with_json(example):
    import json
    return {"data": json.dumps(example).encode(), "headers": {"Content-Type": "application/json"}}


@pytest.fixture(scope="module")
def dead_keys(server, make_key):
    expired = make_key(expires="1s")
    revoked = make_key()
    server.revoke_key(revoked["id"])
    time.sleep(1.2)
    return {"expired": expired["key"], "revoked": revoked["key"], "unknown": "sheaf_" + "A" * 43}


@pytest.mark.parametrize("operation", PROTECTED, ids=repr)
def test_without_a_valid_key(server, things, dead_keys, operation):
    call(Api(server.url), operation, things, error="unauthenticated")
    for key in dead_keys.values():
        call(Api(server.url, key), operation, things, error="unauthenticated")


@pytest.mark.parametrize("operation", KEYED, ids=repr)
def test_without_the_scope(server, make_key, things, operation):
    key = make_key(scopes=[scope for scope in SCOPES if scope != operation.scope])
    problem = call(Api(server.url, key["key"]), operation, things, error="forbidden").json()
    assert operation.scope in problem["detail"]


@pytest.mark.parametrize("operation", OF_STUDIES, ids=repr)
def test_a_strangers_study_does_not_exist(stranger, things, operation):
    call(stranger, operation, things, error="not-found")


@pytest.mark.parametrize("operation", [entry for entry in KEYED if entry.method == "get" and entry.identity not in UNMADE], ids=repr)
def test_readers_with_just_the_scope(server, make_key, things, operation):
    email = ADMIN if operation.role == "admin" else OWNER
    call(Api(server.url, make_key(email, scopes=[operation.scope])["key"]), operation, things, status=200)


@pytest.mark.parametrize("who", ["owner", "admin"])
def test_owner_and_administrator_may_everything(request, owner, who):
    """In order of the contract but for deletions, which come last and from the inside out."""
    api = request.getfixturevalue(who)
    study = new_study(owner)
    dataset = study.dataset("diary", FIELDS)
    dataset.send([{"id": "r1", "participant": "p1", "session": "s1", "values": {"mood": 4}}])
    # Whoever withdraws and is erased on the way is somebody else than whose record and file are deleted at the end.
    study.api.put(f"{study.path}/participants/p2", {})
    job = study.finished({"datasets": ["diary"], "format": "csv", "participants": ["p1"]})
    things = {"study": study.id, "dataset": "diary", "participant": "p2", "session": "s1", "record": "r1", "export": job["id"], "account": COLLABORATOR,
              "key": "key_none", **furnish(owner, study)}
    # What needs more than rights is done in the tests of its own. A lock is its owner's alone, whoever else may manage the study: see test_at_rest.py.
    skipped = {"createStudy", "changeStudy", "putDataset", "putOwner", "lockStudy", "unlockStudy", "createLink", "decideRequest"} | UNMADE
    rest = [entry for entry in OF_STUDIES if entry.identity not in skipped]
    for operation in [entry for entry in rest if entry.method != "delete"]:
        call(api, operation, things)
    api.patch(study.path, {"name": "New name"}, status=200)
    api.put(dataset.path, {"fields": [{"id": "more", "type": "string"}]}, status=200)
    for identity in ("deleteRecord", "deleteExport", "deleteGrant", "deleteStudy"):
        call(api, next(entry for entry in rest if entry.identity == identity), things, status=204)
    owner.get(study.path, error="not-found")


def test_lists_show_only_what_is_ones_own(owner, stranger, admin, study):
    assert study.id in [entry["id"] for entry in owner.get("/studies", params={"search": study.id}).json()["studies"]]
    assert stranger.get("/studies", params={"search": study.id}).json()["total"] == 0
    assert admin.get("/studies", params={"search": study.id}).json()["total"] == 1


def test_a_revoked_key_ends_at_once(server, make_key):
    key = make_key()
    api = Api(server.url, key["key"])
    api.get("/studies")
    server.revoke_key(key["id"])
    api.get("/studies", error="unauthenticated")


def test_reading_one_kind_of_dataset(server, make_key, study):
    survey = study.dataset("answers", [{"id": "a", "type": "integer"}], kind="survey")
    sensor = study.dataset("steps", [{"id": "a", "type": "integer"}], kind="sensor")
    api = Api(server.url, make_key(scopes=["read:survey"])["key"])
    for path in ("/records", "/summary", "/count"):
        api.get(survey.path + path)
        api.get(sensor.path + path, error="forbidden")
    api.call("POST", f"{survey.path}/records", data=ndjson([]), headers={"Content-Type": "application/x-ndjson"}, error="forbidden")


def test_a_writer_can_write_and_not_read(server, make_key, study):
    dataset = study.dataset("events", [{"id": "a", "type": "integer"}])
    api = Api(server.url, make_key(scopes=["write:records"])["key"])
    api.call("POST", f"{dataset.path}/records", data=ndjson([{"participant": "p", "values": {"a": 1}}]), headers={"Content-Type": "application/x-ndjson"})
    api.get(f"{dataset.path}/records", error="forbidden")
    api.get(f"{dataset.path}/export", error="forbidden")
    assert dataset.count() == 1


def test_unknown_scope_is_refused_by_the_command(server):
    from harness import program
    finished = program.run("key", "create", "--data", server.data, "--user", OWNER, "--scope", "write:everything", "--json", check=False)
    assert finished.returncode != 0 and "sheaf_" not in finished.stdout


def test_a_key_is_shown_once(server, make_key):
    from harness import program
    key = make_key(STRANGER)
    listed = program.run("key", "list", "--data", server.data, "--user", STRANGER, "--json").stdout
    assert key["id"] in listed and key["key"] not in listed
    assert all(key["key"].encode() not in path.read_bytes() for path in server.data.glob("catalog.sqlite*"))
    assert key["key"] not in server.log.read_text(errors="replace")
