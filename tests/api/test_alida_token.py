"""POST /oauth2/token, and what a token is good for. Acceptance check 1."""
import base64
import secrets
import time

import pytest
import requests

from conftest import new_study
from harness import program
from harness.alida import Alida, check_error
from harness.client import Api


@pytest.fixture(scope="module")
def key(make_key):
    return make_key()


@pytest.fixture(scope="module")
def application(owner):
    study = new_study(owner)
    study.dataset("survey", [{"id": "q1", "type": "string"}], kind="survey", mode="append")
    return study.id


def ask(server, data, headers=None, auth=None):
    return requests.post(f"{server.url}/oauth2/token", data=data, headers=headers or {}, auth=auth, timeout=60)


def test_by_basic_and_form(server, key, application):
    response = ask(server, {"grant_type": "client_credentials"}, auth=(key["id"], key["key"]), headers={"x-api-key": "anything"})
    assert response.status_code == 200
    body = response.json()
    assert body["token_type"] == "Bearer" and body["expires_in"] == 1800 and body["access_token"]
    assert response.headers["Cache-Control"] == "no-store"
    assert Alida(server.url, application, token=body["access_token"]).activities().status_code == 200


def test_by_items_of_the_form(server, key):
    response = ask(server, {"grant_type": "client_credentials", "client_id": key["id"], "client_secret": key["key"]})
    assert response.status_code == 200 and response.json()["access_token"]


def test_without_a_bearer(server, key, application):
    client = Alida(server.url, application, key)
    client.activities(error=401, bearer=False)
    for header in ("Bearer", "Bearer ", "Bearer x", f"Bearer {client.token}x", f"bearer{client.token}", f"Token {client.token}", "Basic eDp5",
                   f"Bearer {key['key']}", "Bearer " + "A" * 5000):
        client.activities(error=401, headers={"Authorization": header})
    client.activities(headers={"Authorization": f"bEARER {client.token}"})


@pytest.mark.parametrize("form, word, status", [
    ({}, "invalid_request", 400),
    ({"grant_type": "password", "username": "owner@example.org", "password": "a long enough password"}, "unsupported_grant_type", 400),
    ({"grant_type": "authorization_code"}, "unsupported_grant_type", 400),
    ({"grant_type": "client_credentials "}, "unsupported_grant_type", 400),
], ids=str)
def test_what_is_no_request(server, key, form, word, status):
    error = check_error(ask(server, form, auth=(key["id"], key["key"])), status)
    assert error["error"] == word and error["error_description"] == error["message"]


def test_broken_bodies(server, key):
    auth = (key["id"], key["key"])
    for data, headers in (("{}", {"Content-Type": "application/json"}), ("grant_type=client_credentials", {}),
                          ("grant_type=%zz", {"Content-Type": "application/x-www-form-urlencoded"}),
                          ("grant_type=client_credentials&grant_type=client_credentials", {"Content-Type": "application/x-www-form-urlencoded"}),
                          ("a" * 70_000, {"Content-Type": "application/x-www-form-urlencoded"})):
        response = ask(server, data, headers=headers, auth=auth)
        error = check_error(response, 413 if len(data) > 65_536 else 400)
        if response.status_code == 400:
            assert error["error"] == "invalid_request"


def test_wrong_clients_look_alike(server, key, make_key):
    other = make_key()
    basics = [(key["id"], other["key"]), (other["id"], key["key"]), ("key_none", key["key"]), (key["id"], ""), ("", ""), (key["id"], "sheaf_" + "x" * 43),
              (key["id"] + "x", key["key"]), (key["id"].upper(), key["key"])]
    bodies = set()
    for auth in basics:
        error = check_error(ask(server, {"grant_type": "client_credentials"}, auth=auth), 401)
        bodies.add((error["error"], error["message"]))
    assert len(bodies) == 1 and next(iter(bodies))[0] == "invalid_client"
    for header in ("Basic", "Basic !!!", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer x"):
        assert check_error(ask(server, {"grant_type": "client_credentials"}, headers={"Authorization": header}), 401)["error"] == "invalid_client"
    assert check_error(ask(server, {"grant_type": "client_credentials"}), 401)["error"] == "invalid_client"


def test_a_client_named_twice(server, key):
    form = {"grant_type": "client_credentials", "client_id": key["id"], "client_secret": key["key"]}
    assert check_error(ask(server, form, auth=(key["id"], key["key"])), 400)["error"] == "invalid_request"
    assert ask(server, {"grant_type": "client_credentials", "client_id": key["id"]}, auth=(key["id"], key["key"])).status_code == 200


def test_other_methods(server):
    response = requests.get(f"{server.url}/oauth2/token", timeout=60)
    check_error(response, 405)
    assert response.headers["Allow"] == "POST"


def test_revoking_the_key_ends_its_tokens(server, make_key, application):
    key = make_key()
    client = Alida(server.url, application, key)
    client.activities()
    server.revoke_key(key["id"])
    client.activities(error=401)
    check_error(client.new_token(), 401)


def test_a_key_that_expires_ends_its_tokens(server, make_key, application):
    key = make_key(expires="3s")
    client = Alida(server.url, application, key)
    assert client.new_token().json()["expires_in"] <= 3
    client.activities()
    time.sleep(3.1)
    client.activities(error=401)


def test_scopes_count(server, make_key, application):
    reader = Alida(server.url, application, make_key(scopes=["read:records"]))
    reader.activities(error=403)
    exporter = Alida(server.url, application, make_key(scopes=["export"]))
    exporter.start(exporter.activity("survey"))


def test_a_token_is_not_a_key(server, key, application):
    """And no other credential of Sheaf's is a token."""
    client = Alida(server.url, application, key)
    Api(server.url, client.token).get("/studies", error="unauthenticated")


def test_a_token_of_one_application_is_none_of_another(server, key, owner, application):
    other = new_study(owner)
    other.dataset("survey", [{"id": "q1", "type": "string"}], kind="survey", mode="append")
    token = Alida(server.url, application, key).new_token(headers={"x-api-key": application}).json()["access_token"]
    Alida(server.url, application, token=token).activities()
    error = Alida(server.url, other.id, token=token).activities(error=404).json()
    unknown = Alida(server.url, "no-such", token=token).activities(error=404).json()
    assert error["message"] == unknown["message"]


def test_a_key_for_some_studies(server, owner, application):
    other = new_study(owner)
    narrow = owner.post("/keys", {"name": "narrow", "scopes": ["*"], "studies": [application]}).json()
    client = Alida(server.url, application, narrow)
    client.activities()
    Alida(server.url, other.id, token=client.token).activities(error=404)


def test_survives_a_restart(tmp_path):
    server = program.Server(tmp_path).start()
    server.add_user("a@example.org")
    key = server.create_key("a@example.org")
    study = new_study(Api(server.url, key["key"]))
    client = Alida(server.url, study.id, key)
    client.activities()
    server.kill()
    server.start()
    client.activities()
    assert server.stop() == 0


def test_expired(tmp_path):
    server = program.Server(tmp_path, options=["--alida", "token_lifetime_s=1"]).start()
    server.add_user("a@example.org")
    key = server.create_key("a@example.org")
    study = new_study(Api(server.url, key["key"]))
    client = Alida(server.url, study.id, key)
    assert client.new_token().json()["expires_in"] == 1
    time.sleep(1.2)
    client.activities(error=401)
    assert server.stop() == 0


def test_switches_of_who_is_let_in(tmp_path):
    server = program.Server(tmp_path, options=["--alida", "api_key=required", "--alida", "password_grant=on", "--alida", "api_key_access=on"]).start()
    server.add_user("a@example.org")
    server.add_user("b@example.org")
    key = server.create_key("a@example.org")
    study = new_study(Api(server.url, key["key"]))
    auth, named = (key["id"], key["key"]), {"x-api-key": study.id}
    assert check_error(ask(server, {"grant_type": "client_credentials"}, auth=auth), 400)["error"] == "invalid_request"
    assert ask(server, {"grant_type": "client_credentials"}, auth=auth, headers=named).status_code == 200

    def password(email, text):
        return ask(server, {"grant_type": "password", "username": email, "password": text}, auth=auth, headers=named)
    token = password("a@example.org", "a long enough password").json()["access_token"]
    Alida(server.url, study.id, token=token).activities()
    assert check_error(password("a@example.org", "wrong password"), 400)["error"] == "invalid_grant"
    assert check_error(password("b@example.org", "a long enough password"), 400)["error"] == "invalid_grant"
    assert check_error(password("a@example.org", ""), 400)["error"] == "invalid_request"

    client = Alida(server.url, study.id, token="unused")
    client.activities(bearer=False, headers={"x-api-key": key["key"]})
    client.activities(bearer=False, headers={"x-api-key": "sheaf_" + "x" * 43}, error=401)
    client.activities(headers={"x-api-key": key["key"]}, error=401)
    assert server.stop() == 0


def test_tokens_are_in_the_audit_without_their_text(server, admin, key, application):
    client = Alida(server.url, application, key)
    entries = admin.get("/audit", params={"action": "token.create"}).json()["entries"]
    assert entries[0]["target"] == key["id"] and client.token not in str(entries)
    assert secrets.compare_digest(entries[0]["outcome"], "ok")
