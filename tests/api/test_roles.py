"""Every operation of the contract × every kind of caller × own and foreign study, against the table in data/roles.yaml."""
import pathlib
import secrets

import pytest
import yaml

from conftest import ADMIN, new_study
from harness import contract
from harness.furnish import furnish as furnish_more
from harness.client import Api, ndjson

TABLE = yaml.safe_load((pathlib.Path(__file__).parent / "data" / "roles.yaml").read_text(encoding="utf-8"))
OPERATIONS = {operation.identity: operation for operation in contract.operations()}
CALLERS = ["nobody", "wrong_key", "revoked", "stranger", "view", "export", "manage", "delete", "masked", "expired", "owner", "admin", "signed_in",
           "forged", "participant", "other_study", "wrong_scope"]
#: What each collaborator is granted.
GRANTS = {
    "view": {"rights": ["view"]}, "export": {"rights": ["export"]}, "manage": {"rights": ["manage"]}, "delete": {"rights": ["delete"]},
    "masked": {"rights": ["view"], "identifiers": False},
    "expired": {"rights": ["view", "export", "manage", "delete"], "expires_at": "2020-01-01"},
}
#: Refusals that are about who is asking. Anything else means that the caller may.
ABOUT_WHO = {"unauthenticated", "forbidden", "not-found", "csrf"}
PASSWORD = "a long enough password"
BOSS, OTHER, SUBJECT = "table-owner@example.org", "table-foreign@example.org", "table-subject@example.org"
SCOPES = sorted({operation.scope for operation in OPERATIONS.values() if operation.scope})


def collaborator(name):
    return f"table-{name}@example.org"


@pytest.fixture(scope="module")
def world(server, make_key):
    """The accounts, and an Api for each caller."""
    for email in (BOSS, OTHER, SUBJECT, collaborator("stranger"), *map(collaborator, GRANTS)):
        server.add_user(email)
    api = {name: Api(server.url, make_key(collaborator(name))["key"]) for name in ("stranger", *GRANTS)}
    api["nobody"] = Api(server.url)
    api["wrong_key"] = Api(server.url, "sheaf_" + "B" * 43)
    api["owner"] = Api(server.url, make_key(BOSS)["key"])
    api["admin"] = Api(server.url, make_key(ADMIN)["key"])
    revoked = make_key(BOSS)
    server.revoke_key(revoked["id"])
    api["revoked"] = Api(server.url, revoked["key"])
    elsewhere = new_study(api["owner"])
    narrow = api["owner"].post("/keys", {"name": "elsewhere", "scopes": ["*"], "studies": [elsewhere.id]}).json()
    api["other_study"] = Api(server.url, narrow["key"])
    return {"server": server, "api": api, "make_key": make_key, "foreign_owner": Api(server.url, make_key(OTHER)["key"]), "scoped": {}}


def furnish(owner, grants):
    """A study with one of everything, and what the addresses of the contract name."""
    study = new_study(owner)
    dataset = study.dataset("diary", [{"id": "mood", "type": "integer"}], kind="survey")
    dataset.send([{"id": "r1", "participant": "p1", "session": "s1", "values": {"mood": 4}}])
    job = study.finished({"datasets": ["diary"], "format": "csv"})
    assert job["state"] == "succeeded"
    for name in grants:
        owner.put(f"{study.path}/grants/{collaborator(name)}", GRANTS[name])
    owner.put(f"{study.path}/grants/{SUBJECT}", {"rights": ["view"]})
    key = owner.post("/keys", {"name": "of the table", "scopes": ["read:studies"]}).json()
    return {"study": study.id, "dataset": "diary", "participant": "p1", "session": "s1", "record": "r1", "export": job["id"], "account": SUBJECT,
            "key": key["id"], **furnish_more(owner, study)}


@pytest.fixture(scope="module")
def own(world):
    world["own"] = furnish(world["api"]["owner"], GRANTS)
    return world["own"]


@pytest.fixture(scope="module")
def foreign(world):
    return furnish(world["foreign_owner"], [])


def sign_in(server):
    browser = Api(server.url)
    browser.session.headers["X-Forwarded-For"] = "198.51.100.200"
    browser.session.headers["X-CSRF-Token"] = browser.post("/session", {"email": BOSS, "password": PASSWORD}).json()["csrf_token"]
    return browser


def caller(world, name, operation):
    if name == "wrong_scope":
        if operation.scope not in world["scoped"]:
            scopes = [scope for scope in SCOPES if scope != operation.scope]
            world["scoped"][operation.scope] = Api(world["server"].url, world["make_key"](BOSS, scopes=scopes)["key"])
        return world["scoped"][operation.scope]
    if name == "participant":
        owner, study = world["api"]["owner"], f"/studies/{world['own']['study']}"
        owner.patch(study, {"settings": {"participant_access": True}})
        return Api(world["server"].url, owner.post(f"{study}/participants/p1/links", {"expires": "1d"}).json()["token"])
    if name in ("signed_in", "forged"):
        # A session of its own: some operations end it.
        browser = sign_in(world["server"])
        if name == "forged":
            browser.session.headers.pop("X-CSRF-Token")
        return browser
    return world["api"][name]


def send(api, operation, things):
    """The example of the contract, or an empty object where there is none."""
    options = {}
    for media, content in operation.content.get("requestBody", {}).get("content", {}).items():
        example = content.get("example", {})
        options = {"data": example.encode(), "headers": {"Content-Type": media}} if isinstance(example, str) else {"json": example}
        break
    if operation.identity == "addRecords":
        options = {"data": ndjson([{"participant": "p1", "values": {"mood": 1}}]), "headers": {"Content-Type": "application/x-ndjson"}}
    if operation.identity == "putOwner":
        options = {"json": {"account": SUBJECT}}
    if operation.identity == "createStudy":
        options = {"json": {"id": "t-" + secrets.token_hex(6)}}
    if operation.identity == "watchStudy":
        options["stream"] = True  # it has no end
    path = operation.address.format_map({**dict.fromkeys(places(operation), "none"), **things})
    response = api.session.request(operation.method.upper(), api.url + path, timeout=60, **options)
    contract.check(response)
    if operation.identity == "watchStudy" and response.status_code == 200:
        response.close()
    return response


def places(operation):
    return [part[1:-1] for part in operation.address.split("/") if part.startswith("{")]


def outcome(response):
    slug = response.json()["slug"] if response.status_code >= 400 else "ok"
    return slug if slug in ABOUT_WHO else "ok"


def row(identity):
    assert identity in TABLE["operations"], f"{identity} has no row in tests/api/data/roles.yaml: who may call it?"
    return TABLE["operations"][identity]


def concerned(operation):
    """The callers that the operation can tell apart."""
    return [name for name in CALLERS if name != "wrong_scope" or operation.scope]


def is_in_a_study(operation):
    return "study" in places(operation) or "export" in places(operation)


def test_the_table_has_no_other_rows():
    assert set(TABLE["operations"]) == set(OPERATIONS)


@pytest.mark.parametrize("identity", OPERATIONS)
def test_on_the_own_study(world, own, identity):
    operation = OPERATIONS[identity]
    expected = {**row(identity)["outcome"], **row(identity).get("except", {})}
    seen = {}
    for name in concerned(operation):
        fresh = row(identity).get("fresh") and expected[name] == "ok"
        things = furnish(world["api"]["owner"], GRANTS) if fresh else own
        seen[name] = outcome(send(caller(world, name, operation), operation, things))
    assert seen == {name: expected[name] for name in concerned(operation)}


@pytest.mark.parametrize("identity", [identity for identity, operation in OPERATIONS.items() if is_in_a_study(operation)])
def test_on_a_foreign_study(world, own, foreign, identity):
    operation = OPERATIONS[identity]
    expected = {**row(identity)["outcome"], **row(identity).get("except", {})}
    seen, wanted = {}, {}
    for name in concerned(operation):
        things = furnish(world["foreign_owner"], []) if row(identity).get("fresh") and name == "admin" else foreign
        seen[name] = outcome(send(caller(world, name, operation), operation, things))
        # Refused before the study is looked at: as on the own one.
        before = expected[name] in ("unauthenticated", "csrf") or name == "wrong_scope"
        wanted[name] = expected[name] if before else TABLE["outcomes"]["foreign"].get(name, "not-found")
        if name == "admin":
            wanted[name] = row(identity).get("foreign_admin", wanted[name])
    assert seen == wanted


@pytest.mark.parametrize("identity", [identity for identity, operation in OPERATIONS.items() if "study" in places(operation) and operation.scope])
def test_a_foreign_study_looks_like_none(world, foreign, identity):
    """Word for word, but for what was sent."""
    alike(OPERATIONS[identity], world["api"]["owner"], foreign, {**foreign, "study": "no-such-study"})


@pytest.mark.parametrize("identity", [identity for identity, operation in OPERATIONS.items() if "export" in places(operation) and operation.scope])
def test_a_foreign_export_looks_like_none(world, foreign, identity):
    alike(OPERATIONS[identity], world["api"]["owner"], foreign, {**foreign, "export": "exp_none"})


def alike(operation, api, foreign, missing):
    answers = []
    for things in (foreign, missing):
        problem = send(api, operation, things).json()
        answers.append({name: value for name, value in problem.items() if name not in ("request_id", "instance")})
    assert answers[0] == answers[1]
