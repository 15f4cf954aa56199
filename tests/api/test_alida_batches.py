"""From POST to file: states, addresses, applications that do not see each other, kills. Acceptance checks 2, 3, 11 and 13."""
import gzip
import json
import socket
import subprocess
import threading
import time
import uuid

import pytest
import requests

from conftest import new_study
from harness import program
from harness.alida import GUID, INSTANT, Alida, check_error
from harness.client import Api, ndjson

FIELDS = [{"id": "q", "type": "string"}, {"id": "n", "type": "double"}]


def rows(count, text="some words that say something"):
    return [{"participant": f"p{number % 100}", "values": {"q": text, "n": number / 8}} for number in range(count)]


@pytest.fixture(scope="module")
def world(owner, server, make_key):
    study = new_study(owner)
    study.dataset("s", FIELDS, kind="survey", mode="append").send(rows(3000))
    study.dataset("empty", FIELDS, kind="survey", mode="append")
    study.dataset("nothing", [{"id": "m", "type": "string", "question": "media_player"}], kind="survey", mode="append")
    return Alida(server.url, study.id, make_key()), study


def location(client, status, headers=None):
    response = client.session.get(status["data"], headers={"Authorization": f"Bearer {client.token}", **(headers or {})}, allow_redirects=False, timeout=60)
    assert response.status_code == 302, response.text
    return response.headers["Location"]


def test_post_and_status(world, owner):
    client, study = world
    activity = client.activity("s")
    started = client.start(activity)
    assert started.status_code == 202
    first = started.json()
    assert started.headers["Location"] == f"{client.url}/v2/applications/{study.id}/data/activities/responses/batch/{first['id']}"
    assert set(first) == {"id", "datasetId", "status", "message", "createDate", "createdBy", "lastUpdateDate", "lastUpdatedBy"}
    assert first["status"] == "pending" and first["message"] == "" and first["datasetId"] == activity
    for name in ("id", "createdBy", "lastUpdatedBy"):
        assert GUID.match(first[name])
    assert client.session.get(started.headers["Location"], headers={"Authorization": f"Bearer {client.token}"}, timeout=60).status_code == 200
    last = client.finished(started)
    assert last["status"] == "succeeded" and last["message"] == "" and last["id"] == first["id"] and last["createDate"] == first["createDate"]
    assert INSTANT.match(last["lastUpdateDate"]) and last["lastUpdateDate"] >= first["lastUpdateDate"]
    assert last["data"].startswith(f"{client.url}/v2/applications/{study.id}/data/activities/responses/files/")
    assert last["data"].rsplit("/", 1)[1] != last["id"] and GUID.match(last["data"].rsplit("/", 1)[1])
    assert client.status(last["id"]).json() == last, "what has ended does not change"
    assert client.status(last["id"].upper()).json() == last
    assert client.status(last["id"]).headers["Cache-Control"] == "no-store"
    native = owner.get(f"{study.path}/exports").json()["exports"][0]
    assert native["dialect"] == "alida" and native["state"] == "succeeded"


def test_bodies_that_ask_for_everything(world):
    client, _ = world
    activity = client.activity("empty")
    for options in ({"data": b""}, {"data": b"  \n"}, {"data": b"{}", "headers": {"Content-Type": "application/json; charset=utf-8"}}, {"data": b"{}"}):
        started = client.call("POST", f"/data/activities/{activity}/responses/batch", **options)
        assert started.status_code == 202
        client.finished(started)


def test_equal_posts_are_batches_of_their_own(world):
    client, _ = world
    activity = client.activity("empty")
    first, second = client.start(activity), client.start(activity)
    assert first.json()["id"] != second.json()["id"]
    files = [client.file(client.finished(started)).json() for started in (first, second)]
    assert [file["id"] for file in files] == [first.json()["id"], second.json()["id"]]


def test_an_empty_activity_succeeds(world):
    client, _ = world
    file = client.export(client.activity("empty"))
    assert file["records"] == [] and len(file["definition"]["fields"]) == 2


def test_an_activity_without_fields_fails_and_says_so(world):
    client, _ = world
    status = client.finished(client.start(client.activity("nothing")))
    assert status["status"] == "failed" and status["message"] == "The activity has no exportable fields." and "data" not in status


def test_the_redirect(world):
    client, _ = world
    status = client.finished(client.start(client.activity("s")))
    for method in ("GET", "HEAD"):
        response = client.session.request(method, status["data"], headers={"Authorization": f"Bearer {client.token}"}, allow_redirects=False, timeout=60)
        assert response.status_code == 302 and response.content == b"" and response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Length"] == "0" and response.headers["Location"].startswith(client.url + "/")
    assert location(client, status) != location(client, status), "each has an address of its own"
    check_error(client.session.get(status["data"], allow_redirects=False, timeout=60), 401)


def test_the_target(world):
    client, _ = world
    status = client.finished(client.start(client.activity("s")))
    target = location(client, status)
    identity = {"Accept-Encoding": "identity"}
    whole = requests.get(target, headers=identity, timeout=60)
    assert whole.status_code == 200 and whole.headers["Content-Type"] == "application/json; charset=utf-8"
    assert whole.headers["Content-Disposition"] == f'attachment; filename="{status["id"]}.json"'
    assert whole.content[:1] == b"{" and len(json.loads(whole.content)["records"]) == 3000
    assert int(whole.headers["Content-Length"]) == len(whole.content)
    for headers in ({"Authorization": f"Bearer {client.token}"}, {"Authorization": "Bearer stale"}, {"Accept": "application/json"}, {"Accept": "text/html"}):
        assert requests.get(target, headers={**identity, **headers}, timeout=60).content == whole.content
    part = requests.get(target, headers={**identity, "Range": "bytes=10-19"}, timeout=60)
    assert part.status_code == 206 and part.content == whole.content[10:20]
    head = requests.head(target, headers=identity, timeout=60)
    assert head.status_code == 200 and head.content == b"" and head.headers["ETag"] == whole.headers["ETag"]
    packed = requests.get(target, headers={"Accept-Encoding": "gzip"}, timeout=60, stream=True)
    raw = packed.raw.read(decode_content=False)
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(raw) == whole.content
    assert requests.get(target, headers={**identity, "If-None-Match": whole.headers["ETag"]}, timeout=60).status_code == 304
    check_error(requests.get(target, headers={**identity, "Range": f"bytes={len(whole.content)}-"}, timeout=60), 416)


def test_a_changed_signature(world):
    client, _ = world
    target = location(client, client.finished(client.start(client.activity("empty"))))
    head, token = target.rsplit("/", 1)
    for text in (token[:-1] + ("A" if token[-1] != "A" else "Q"), token[:20], "x", token + "x", "A" * 4000):
        check_error(requests.get(f"{head}/{text}", timeout=60), 403)


def test_curl_as_clients_do(world):
    client, _ = world
    status = client.finished(client.start(client.activity("s")))
    words = ["curl", "-sS", "--noproxy", "*", "-H", f"Authorization: Bearer {client.token}", status["data"]]
    followed = subprocess.run([*words, "-L"], capture_output=True, timeout=60, check=True)
    assert len(json.loads(followed.stdout)["records"]) == 3000
    plain = subprocess.run([*words, "-i"], capture_output=True, timeout=60, check=True).stdout.decode()
    assert plain.startswith("HTTP/1.1 302") and "\r\nLocation: http" in plain


def forwarder(target_port):
    """Bytes from a port of its own to the server's; answers the port, and a list that gets what clients sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    sent = []

    def pump(source, sink, seen):
        try:
            while data := source.recv(65536):
                if seen is not None:
                    seen.append(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve():
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", target_port))
            threading.Thread(target=pump, args=(near, far, sent), daemon=True).start()
            threading.Thread(target=pump, args=(far, near, None), daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1], sent


def lone_server(tmp_path, options=()):
    server = program.Server(tmp_path, options=options).start()
    server.add_user("a@example.org")
    key = server.create_key("a@example.org")
    return server, key, new_study(Api(server.url, key["key"]))


def test_the_target_on_another_port(tmp_path):
    """The addresses are those of --public-url; curl drops the bearer on the way to another port."""
    probe = program.Server(tmp_path / "one")
    port, sent = forwarder(probe.port)
    probe.options += ["--public-url", f"http://127.0.0.1:{port}/"]
    server = probe.start()
    server.add_user("a@example.org")
    key = server.create_key("a@example.org")
    study = new_study(Api(server.url, key["key"]))
    study.dataset("s", FIELDS, kind="survey", mode="append").send(rows(10))
    client = Alida(server.url, study.id, key)
    status = client.finished(client.start(client.activity("s")))
    assert status["data"].startswith(f"http://127.0.0.1:{port}/v2/")
    data = status["data"].replace(str(port), str(server.port))
    followed = subprocess.run(["curl", "-sS", "--noproxy", "*", "-L", "-H", f"Authorization: Bearer {client.token}", data], capture_output=True, timeout=60, check=True)
    assert len(json.loads(followed.stdout)["records"]) == 10
    assert b"authorization" not in b"".join(sent).lower()
    assert server.stop() == 0


def test_applications_do_not_see_each_other(world, owner, server, make_key):
    client, study = world
    status = client.finished(client.start(client.activity("s")))
    file = status["data"].rsplit("/", 1)[1]
    other_study = new_study(owner)
    other_study.dataset("s", FIELDS, kind="survey", mode="append")
    other = Alida(server.url, other_study.id, make_key())
    other.status(status["id"], error=404)
    other.call("GET", f"/data/activities/responses/files/{file}", error=404)
    other.start(client.activity("s"), error=404)
    stranger = Alida(server.url, study.id, server.create_key("stranger@example.org"))
    for error in (stranger.status(status["id"], error=404), stranger.call("GET", f"/data/activities/responses/files/{file}", error=404),
                  stranger.start(client.activity("s"), error=404), stranger.activities(error=404)):
        assert error.json()["message"] == "The application could not be found."


def test_ids_of_nothing(world):
    client, _ = world
    status = client.finished(client.start(client.activity("empty")))
    file = status["data"].rsplit("/", 1)[1]
    for identity in (str(uuid.uuid4()), "x", file, "0" * 36, "ffffffff-ffff-ffff-ffff-ffffffffffff", "%00", "exp_aaaaaaaaaaaaaaaaaaaa"):
        response = client.call("GET", f"/data/activities/responses/batch/{identity}", error=400 if identity == "%00" else 404)
        assert response.json()["message"]
    client.call("GET", f"/data/activities/responses/files/{status['id']}", error=404)
    client.status(status["id"], "members/profiles", error=404)
    client.call("GET", f"/data/members/profiles/files/{file}", error=404)


def test_native_exports_are_no_batches(world, owner):
    client, study = world
    from_native = study.finished({"datasets": ["s"], "format": "alida"})
    assert from_native["state"] == "succeeded"
    batch = json.loads(owner.get(f"/exports/{from_native['id']}/file", validate=False).content)["id"]
    client.status(batch, error=404)


def test_the_native_stream(world, owner):
    _, study = world
    first, second = (owner.get(f"{study.path}/datasets/s/export", params={"format": "alida"}, validate=False) for _ in range(2))
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"
    file = first.json()
    assert len(file["records"]) == 3000 and file["exportOptions"] == {} and file["id"] != second.json()["id"]
    owner.get(f"{study.path}/datasets/s/export", params={"format": "alida", "columns": "seq"}, error="bad-parameter")
    owner.get(f"{study.path}/datasets/s/export", params={"format": "alida", "timezone": "Europe/Berlin"}, error="bad-parameter")
    owner.get(f"{study.path}/datasets/s/export", params={"format": "alida", "identifiers": "aggregate"}, error="bad-parameter")


def test_trailing_slash_case_and_unknown_parameters(world):
    client, _ = world
    status = client.finished(client.start(client.activity("empty")))
    client.call("GET", f"/data/activities/responses/batch/{status['id']}/", params={"anything": "1"})
    client.call("GET", f"/data/activities/responses/batch/{status['id']}//", error=404)
    client.call("GET", f"/data/Activities/responses/batch/{status['id']}", error=404)
    client.activities(params={"anything": "1"})


def test_a_cancelled_export_is_a_failed_batch(world, owner):
    client, study = world
    for _ in range(30):
        started = client.start(client.activity("s"))
        job = owner.get(f"{study.path}/exports").json()["exports"][0]
        owner.delete(f"/exports/{job['id']}")
        # One that was finished by then is gone, and no longer a batch.
        if any(one["id"] == job["id"] for one in owner.get(f"{study.path}/exports").json()["exports"]):
            break
        client.status(started.json()["id"], error=404)
    else:
        pytest.fail("every export was finished before it could be cancelled")
    status = client.finished(started)
    assert status["status"] == "failed" and status["message"] == "An unexpected error occurred."


def test_erasure_takes_the_file(owner, server, make_key):
    study = new_study(owner)
    study.dataset("s", FIELDS, kind="survey", mode="append").send(rows(3))
    client = Alida(server.url, study.id, make_key())
    status = client.finished(client.start(client.activity("s")))
    target = location(client, status)
    owner.post(f"{study.path}/participants/p1/withdrawal", {"reason": "asked"})
    client.call("GET", "/data/activities/responses/files/" + status["data"].rsplit("/", 1)[1], error=404)
    check_error(requests.get(target, timeout=60), 404)
    assert client.status(status["id"]).json()["status"] == "succeeded"
    assert len(client.export(client.activity("s"))["records"]) == 2


@pytest.mark.slow
def test_killed_while_executing(tmp_path):
    """After a kill a batch ends all the same, and never goes backwards."""
    server, key, study = lone_server(tmp_path)
    dataset = study.dataset("s", FIELDS, kind="survey", mode="append")
    body = ndjson(rows(100_000, "x" * 300))
    for _ in range(3):
        dataset.send_raw(body)
    client = Alida(server.url, study.id, key)
    started = client.start(client.activity("s"))
    deadline = time.monotonic() + 30
    while client.status(started.json()["id"]).json()["status"] == "pending" and time.monotonic() < deadline:
        time.sleep(0.02)
    seen = client.status(started.json()["id"]).json()["status"]
    server.kill()
    server.start()
    after = client.status(started.json()["id"]).json()["status"]
    assert after in ("executing", "succeeded") if seen == "executing" else after
    status = client.finished(started, wait_s=120)
    assert status["status"] == "succeeded" and len(client.file(status).json()["records"]) == 300_000
    assert server.stop() == 0


def test_a_locked_study_asks_for_its_passphrase(owner, server, make_key):
    """Batches are made; the file opens only with the owner's passphrase."""
    study = new_study(owner)
    study.dataset("s", FIELDS, kind="survey", mode="append").send(rows(3))
    owner.put(f"{study.path}/lock", {"passphrase": "correct horse battery staple"}, status=204)
    client = Alida(server.url, study.id, make_key())
    target = location(client, client.finished(client.start(client.activity("s"))))
    check_error(requests.get(target, timeout=60), 403)
    check_error(requests.get(target, headers={"X-Study-Passphrase": "another one, and long"}, timeout=60), 403)
    assert len(requests.get(target, headers={"X-Study-Passphrase": "correct horse battery staple"}, timeout=60).json()["records"]) == 3
