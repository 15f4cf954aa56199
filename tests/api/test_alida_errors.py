"""Every refusal has the one shape. Section 9 of the protocol, and limits of section 10."""
import json
import re
import socket
import time
import uuid

import pytest
import requests

from conftest import new_study
from harness import program
from harness.alida import Alida, check_error
from harness.client import Api, Dataset, Study, ndjson

FIELDS = [{"id": "q", "type": "string"}]


@pytest.fixture(scope="module")
def world(owner, server, make_key):
    study = new_study(owner)
    study.dataset("s", FIELDS, kind="survey", mode="append").send([{"participant": "p", "values": {"q": "x"}}])
    study.dataset("forum", FIELDS, kind="survey", attributes={"activityType": "Forum"})
    study.dataset("power", FIELDS, kind="survey", attributes={"activityType": "Sparq1survey"})
    study.dataset("draft", FIELDS, kind="survey", published=False)
    study.dataset("sensor", FIELDS, kind="sensor")
    client = Alida(server.url, study.id, make_key())
    return client, client.activity("s")


def raw(client, activity, body, media="application/json", error=400):
    headers = {"Content-Type": media} if media else {}
    return client.call("POST", f"/data/activities/{activity}/responses/batch", data=body, headers=headers, error=error)


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"{", b"{}x", b"{'a':1}", b"\xff", b'{"fieldIds":[', b'{"fieldIds":1}', b'{"fieldIds":"x"}', b'{"fieldIds":{}}',
                                  b'{"fieldIds":[1]}', b'{"fieldIds":[null]}', b'{"fieldIds":["x"]}', b'{"fieldIds":[[]]}', b"[" * 100_000, b'{"a":' * 50_000,
                                  b'{"fieldIds":[],"fieldIds":[]}', b'{"sinceDatetime":NaN}', b'{"x":1e999}', b"<xml/>", b"\xef\xbb\xbf"], ids=lambda body: body[:30].decode("latin-1"))
def test_400_bodies(world, body):
    client, activity = world
    raw(client, activity, body)


def test_400_too_many_fields(world):
    client, activity = world
    raw(client, activity, json.dumps({"fieldIds": [str(uuid.uuid4()) for _ in range(5001)]}).encode())


def test_400_types_that_are_not_exported(world, server, owner):
    client, _ = world
    client.start(client.activity("forum"), error=400)
    client.finished(client.start(client.activity("power")))


def test_401_everywhere(world):
    client, activity = world
    batch = client.start(activity).json()["id"]
    for method, path, version in (("GET", "/activities", "v1"), ("GET", f"/activities/{activity}", "v1"), ("POST", f"/data/activities/{activity}/responses/batch", "v2"),
                                  ("GET", f"/data/activities/responses/batch/{batch}", "v2"), ("GET", f"/data/activities/responses/files/{batch}", "v2"),
                                  ("POST", "/data/members/profiles/batch", "v2"), ("GET", f"/data/members/profiles/batch/{batch}", "v2"),
                                  ("GET", f"/data/members/profiles/files/{batch}", "v2")):
        error = client.call(method, path, version=version, bearer=False, error=401)
        assert error.headers["WWW-Authenticate"].startswith("Bearer")


def test_403_without_the_scope(world, server, make_key):
    client, activity = world
    weak = Alida(server.url, client.application, make_key(scopes=["read:records", "read:studies"]))
    weak.start(activity, error=403)
    weak.status(str(uuid.uuid4()), error=403)
    weak.activities(error=403)


def test_404_of_all_kinds(world, server):
    client, _ = world
    for path in ("/nothing", "/v1/", "/v2/", "/v1/applications", "/v2/applications/x", "/v2/applications/x/data", "/oauth2", "/oauth2/nothing"):
        if path.startswith("/v") or path.startswith("/o"):
            check_error(requests.get(server.url + path, timeout=60), 404)
    for activity in ("x", str(uuid.uuid4()), "draft", "sensor", "0" * 36, "%2e%2e", "a" * 3000):
        client.start(activity, error=404)
        client.activities()
    client.start_profiles(error=404)
    names = [item["name"] for item in client.activities().json()["items"]]
    assert names == ["s", "forum", "power"]


def test_405_says_what_is_allowed(world):
    client, activity = world
    response = client.call("GET", f"/data/activities/{activity}/responses/batch", error=405)
    assert response.headers["Allow"] == "POST"
    response = client.call("DELETE", f"/data/activities/responses/batch/{activity}", error=405)
    assert "GET" in response.headers["Allow"]
    client.call("PUT", "/activities", version="v1", error=405)


def test_406(world):
    client, activity = world
    for accept in ("text/csv", "application/xml", "application/json;q=0", "text/*"):
        client.start(activity, headers={"Accept": accept}, error=406)
    for accept in ("*/*", "application/*", "application/json", "text/html, application/json;q=0.1", "application/json; charset=utf-8", "nonsense;;;, */*"):
        client.activities(headers={"Accept": accept})


def test_413(world):
    client, activity = world
    raw(client, activity, b'{"a":"' + b"x" * (1 << 20) + b'"}', error=413)
    body = b'{"a":"' + b"x" * ((1 << 20) - 8) + b'"}'
    assert len(body) == 1 << 20
    assert client.call("POST", f"/data/activities/{activity}/responses/batch", data=body, headers={"Content-Type": "application/json"}).status_code == 202

    def chunks():
        for _ in range(40):
            yield b" " * 65_536
    raw(client, activity, chunks(), error=413)


def test_415(world):
    client, activity = world
    for media in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "multipart/form-data", "x"):
        raw(client, activity, b"{}", media, error=415)
    client.call("POST", f"/data/activities/{activity}/responses/batch", data=b"", headers={"Content-Type": "text/plain"})


def test_the_log_has_the_error_id(world, server):
    client, _ = world
    error = client.status(str(uuid.uuid4()), error=404).json()
    assert error["errorId"] in server.tail(500)


def test_requests_that_cannot_be_read(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"GET /v2/applications/%zz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 400") and re.search(r'"errorId":"[0-9a-f-]{36}"', answer)


def limited(tmp_path, *words):
    options = [word for pair in words for word in ("--alida", pair)]
    server = program.Server(tmp_path, options=options).start()
    server.add_user("a@example.org")
    key = server.create_key("a@example.org")
    study = new_study(Api(server.url, key["key"]))
    study.dataset("s", FIELDS, kind="survey", mode="append").send([{"participant": "p", "values": {"q": "x"}}])
    return server, Alida(server.url, study.id, key), key


def test_429_requests_of_a_token(tmp_path):
    server, client, key = limited(tmp_path, "requests_per_minute=1", "request_burst=3")
    for _ in range(3):
        client.activities()
    error = client.activities(error=429)
    assert int(error.headers["Retry-After"]) >= 30
    Alida(server.url, client.application, key).activities()
    assert server.stop() == 0


def test_429_batches_an_hour(tmp_path):
    server, client, key = limited(tmp_path, "batches_per_hour=2")
    activity = client.activity("s")
    for _ in range(2):
        client.finished(client.start(activity))
    client.start(activity, error=429)
    Alida(server.url, client.application, key).start(activity, error=429)
    assert server.stop() == 0


def test_429_unfinished_batches(tmp_path):
    """While one batch writes a large file, the next is refused; afterwards it is taken."""
    server, client, key = limited(tmp_path, "unfinished_batches=1", "batches_per_hour=0")
    dataset = Dataset(Study(Api(server.url, key["key"]), client.application), "s")
    for _ in range(4):
        dataset.send_raw(ndjson([{"participant": f"p{number}", "values": {"q": "x" * 1000}} for number in range(25_000)]))
    activity = client.activity("s")
    started = client.start(activity)
    client.start(activity, error=429)
    client.finished(started)
    assert client.start(activity).status_code == 202
    assert server.stop() == 0


def test_status_and_file_are_kept_for_a_time(tmp_path):
    server, client, _ = limited(tmp_path, "status_lifetime_s=4", "file_lifetime_s=2", "link_lifetime_s=1")
    status = client.finished(client.start(client.activity("s")))
    target = client.session.get(status["data"], headers={"Authorization": f"Bearer {client.token}"}, allow_redirects=False, timeout=60).headers["Location"]
    assert requests.get(target, timeout=60).status_code == 200
    time.sleep(1.1)
    check_error(requests.get(target, timeout=60), 403)
    time.sleep(1.1)
    client.call("GET", "/data/activities/responses/files/" + status["data"].rsplit("/", 1)[1], error=404)
    assert client.status(status["id"]).json() == status
    time.sleep(2.1)
    client.status(status["id"], error=404)
    assert server.stop() == 0


def test_switches_of_the_file(tmp_path):
    server, client, _ = limited(tmp_path, "single_choice_type=set", "file_delivery=inline", "option_visibility=always")
    Api(server.url, client.key["key"]).put(f"/studies/{client.application}/datasets/t", {
        "kind": "survey", "fields": [{"id": "e", "type": "enum", "options": [{"id": "a"}, {"id": "b", "hidden": True}]}]})
    status = client.finished(client.start(client.activity("t")))
    response = client.session.get(status["data"], headers={"Authorization": f"Bearer {client.token}"}, allow_redirects=False, timeout=60)
    assert response.status_code == 200 and response.headers["Content-Type"] == "application/json; charset=utf-8"
    field, = response.json()["definition"]["fields"]
    assert field["type"]["dataType"] == "set"
    assert [option["meta"]["visibility"] for option in field["type"]["values"]] == ["active", "hidden"]
    check_error(client.session.get(status["data"], timeout=60), 401)
    assert server.stop() == 0


@pytest.mark.parametrize("words", ["single_choice_type=maybe", "nothing=1", "novalue", "field_ids=0", "field_ids=x", "token_lifetime_s=-1", "=1"])
def test_options_that_are_none(tmp_path, words):
    finished = program.run("serve", "--data", tmp_path / "d", "--listen", "127.0.0.1:0", "--alida", words, check=False, timeout=30)
    assert finished.returncode != 0 and "--alida" in finished.stderr
