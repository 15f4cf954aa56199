"""Accounts and keys over the API."""
import secrets

import pytest

from conftest import ADMIN, OWNER, STRANGER, new_study
from harness import program
from harness.client import Api

DAY = 86400


@pytest.fixture
def email():
    return f"{secrets.token_hex(6)}@example.org"


def test_administrators_make_and_change_accounts(server, admin, email):
    body = {"email": email, "name": "Cy", "password": "a good password"}
    made = admin.post("/accounts", body, status=201)
    account = made.json()
    assert account["email"] == email and account["admin"] is False and account["disabled"] is False
    assert made.headers["Location"].endswith(account["id"]) and "password" not in made.text
    admin.post("/accounts", {**body, "email": email.upper()}, error="conflict")
    assert admin.get(f"/accounts/{account['id']}").json() == admin.get(f"/accounts/{email}").json() == account
    assert account in admin.get("/accounts").json()["accounts"]
    changed = admin.patch(f"/accounts/{email}", {"name": "Cy B.", "admin": True}).json()
    assert changed["name"] == "Cy B." and changed["admin"] is True
    admin.get("/accounts/usr_none", error="not-found")
    admin.patch("/accounts/nobody@example.org", {}, error="not-found")


@pytest.mark.parametrize("body, place", [
    ({"name": "x", "password": "long enough"}, "/email"), ({"email": "a", "name": "x", "password": "long enough"}, "/email"),
    ({"email": "a@example.org", "password": "long enough"}, "/name"), ({"email": "a@example.org", "name": "x"}, "/password"),
    ({"email": "a@example.org", "name": "x", "password": "short"}, "/password"), ({"email": "a@example.org", "name": "a\nb", "password": "long enough"}, "/name"),
    ({"email": "a@example.org", "name": "x", "password": "long enough", "admin": 1}, "/admin"),
])
def test_bad_accounts(admin, body, place):
    admin.post("/accounts", body, error="bad-member", place=place)


def test_others_do_not(owner, admin, make_key, server, email, study):
    for call in (lambda api: api.get("/accounts", error="forbidden"), lambda api: api.get(f"/accounts/{OWNER}", error="forbidden"),
                 lambda api: api.post("/accounts", {"email": email, "name": "x", "password": "long enough"}, error="forbidden"),
                 lambda api: api.patch(f"/accounts/{OWNER}", {"admin": True}, error="forbidden")):
        call(owner)
    limited = admin.post("/keys", {"name": "one study", "scopes": ["*"], "studies": [study.id]}).json()
    Api(server.url, limited["key"]).get("/accounts", error="forbidden")


def test_an_administrator_stays(tmp_path):
    server = program.Server(tmp_path)
    server.add_user(ADMIN, admin=True)
    server.start()
    admin = Api(server.url, server.create_key(ADMIN)["key"])
    admin.patch(f"/accounts/{ADMIN}", {"admin": False}, error="conflict")
    admin.patch(f"/accounts/{ADMIN}", {"disabled": True}, error="conflict")
    admin.post("/accounts", {"email": "second@example.org", "name": "x", "password": "long enough", "admin": True}, status=201)
    admin.patch(f"/accounts/{ADMIN}", {"admin": False}, status=200)
    admin.get("/accounts", error="forbidden")
    assert server.stop() == 0


def seconds(key):
    from datetime import datetime
    made, end = (datetime.fromisoformat(key[name].replace("Z", "+00:00")) for name in ("created_at", "expires_at"))
    return (end - made).total_seconds()


def test_keys_are_made_listed_used_and_revoked(server, owner):
    made = owner.post("/keys", {"name": "phones", "scopes": ["write:records", "read:studies"]}, status=201).json()
    assert made["scopes"] == ["read:studies", "write:records"] and made["studies"] is None
    assert abs(seconds(made) - 90 * DAY) < 60
    key = Api(server.url, made["key"])
    key.get("/studies")
    listed = {entry["id"]: entry for entry in owner.get("/keys").json()["keys"]}
    assert listed[made["id"]]["revoked_at"] is None and made["key"] not in owner.get("/keys").text
    owner.delete(f"/keys/{made['id']}", status=204)
    key.get("/studies", error="unauthenticated")
    assert {entry["id"]: entry for entry in owner.get("/keys").json()["keys"]}[made["id"]]["revoked_at"] is not None
    assert all(made["key"].encode() not in path.read_bytes() for path in server.data.glob("catalog.sqlite*"))


@pytest.mark.parametrize("expires, days", [("7d", 7), ("30d", 30), ("90d", 90), ("1y", 365)])
def test_expiries(owner, expires, days):
    assert abs(seconds(owner.post("/keys", {"name": "x", "scopes": ["read:*"], "expires": expires}).json()) - days * DAY) < 60


def test_a_key_that_never_expires(owner):
    assert owner.post("/keys", {"name": "x", "scopes": ["read:*"], "expires": "never"}).json()["expires_at"] is None


@pytest.mark.parametrize("change, place", [
    ({"name": ""}, "/name"), ({"name": "a\nb"}, "/name"), ({"scopes": []}, "/scopes"), ({"scopes": ["write:everything"]}, "/scopes"), ({"scopes": "*"}, "/scopes"),
    ({"expires": "soon"}, "/expires"), ({"expires": 90}, "/expires"), ({"studies": []}, "/studies"), ({"studies": ["no-such-study"]}, "/studies"),
])
def test_bad_keys(owner, change, place):
    owner.post("/keys", {"name": "x", "scopes": ["read:*"], **change}, error="bad-member", place=place)


def test_a_key_for_one_study(server, owner, study):
    other = new_study(owner)
    key = Api(server.url, owner.post("/keys", {"name": "one", "scopes": ["*"], "studies": [study.id]}).json()["key"])
    key.get(study.path)
    key.get(other.path, error="not-found")
    assert [entry["id"] for entry in key.get("/studies").json()["studies"]] == [study.id]
    assert key.get("/studies").json()["total"] == 1
    key.post("/studies", {"name": "x"}, error="forbidden")
    job = other.finished({"datasets": [other.dataset("d", [{"id": "a", "type": "integer"}]).id], "format": "csv"})
    key.get(f"/exports/{job['id']}", error="not-found")


def test_a_foreign_study_is_none(stranger, study):
    stranger.post("/keys", {"name": "x", "scopes": ["*"], "studies": [study.id]}, error="bad-member", place="/studies")


def test_a_key_makes_none_that_can_do_more(server, owner, study):
    other = new_study(owner)
    first = owner.post("/keys", {"name": "x", "scopes": ["write:access", "read:records"], "studies": [study.id], "expires": "7d"}).json()
    key = Api(server.url, first["key"])
    base = {"name": "y", "scopes": ["read:records"], "studies": [study.id]}
    made = key.post("/keys", base, status=201).json()
    assert made["expires_at"] == first["expires_at"]
    key.post("/keys", {**base, "scopes": ["read:survey"]}, status=201)
    for change in ({"scopes": ["*"]}, {"scopes": ["read:*"]}, {"scopes": ["read:records", "export"]}, {"studies": [other.id]}, {"studies": None},
                   {"studies": [study.id, other.id]}, {"expires": "30d"}, {"expires": "never"}):
        key.post("/keys", {**base, **change}, error="forbidden")


def test_a_key_for_one_study_deals_with_its_like_only(server, owner, study):
    body = {"name": "x", "scopes": ["write:access", "read:access"]}
    wide = owner.post("/keys", body).json()
    narrow = Api(server.url, owner.post("/keys", {**body, "studies": [study.id]}).json()["key"])
    assert all(entry["studies"] == [study.id] for entry in narrow.get("/keys").json()["keys"])
    narrow.delete(f"/keys/{wide['id']}", error="not-found")


def test_keys_of_others(owner, stranger, admin):
    key = owner.post("/keys", {"name": "mine", "scopes": ["read:*"]}).json()
    stranger.delete(f"/keys/{key['id']}", error="not-found")
    stranger.get("/keys", params={"account": OWNER}, error="forbidden")
    stranger.delete(f"/keys/{key['id']}", params={"account": OWNER}, error="forbidden")
    assert key["id"] in [entry["id"] for entry in admin.get("/keys", params={"account": OWNER}).json()["keys"]]
    admin.delete(f"/keys/{key['id']}", error="not-found")
    admin.delete(f"/keys/{key['id']}", params={"account": STRANGER}, error="not-found")
    admin.delete(f"/keys/{key['id']}", params={"account": OWNER}, status=204)
    admin.get("/keys", params={"account": "nobody@example.org"}, error="not-found")
    owner.delete("/keys/key_none", error="not-found")


def test_uses_are_counted(tmp_path):
    server = program.Server(tmp_path)
    server.add_user(OWNER)
    server.start()
    made = server.create_key(OWNER)
    for _ in range(3):
        Api(server.url, made["key"]).get("/studies")
    assert server.stop() == 0
    server.start()
    entry = Api(server.url, server.create_key(OWNER)["key"]).get("/keys").json()["keys"][0]
    assert entry["id"] == made["id"] and entry["uses"] == 3 and entry["last_used_at"] is not None
    server.stop()
