"""The server itself: health, reference, errors outside any operation, ways of sending a key."""
import json
import socket

import pytest
import requests

from harness import contract, program
from harness.client import Api


def test_health_needs_no_key(nobody):
    answer = nobody.get("/healthz", root=True).json()
    assert answer["status"] == "ok" and answer["version"][0].isdigit()


def test_contract_is_served_as_it_is_in_the_repository(nobody):
    response = nobody.get("/openapi.yaml")
    assert response.content == (program.ROOT / "openapi" / "sheaf.yaml").read_bytes()


@pytest.mark.parametrize("path", ["/docs", "/docs/errors"])
def test_reference_page(nobody, path):
    response = nobody.get(path, root=True)
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<script" not in response.text
    for slug in contract.catalogue():
        assert f'id="{slug}"' in response.text
    for operation in contract.operations():
        assert f'id="{operation.identity}"' in response.text


def test_error_catalogue_is_that_of_the_source(nobody):
    errors = nobody.get("/errors").json()["errors"]
    assert {entry["slug"]: (entry["code"], entry["status"]) for entry in errors} == contract.catalogue()
    assert [entry["code"] for entry in errors] == sorted(entry["code"] for entry in errors)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/studies/x/y/z", "/api/v2/studies", "/nowhere", "/api/v1/studies/", "//", "/api/v1/studies/%2e%2e/x/y"])
def test_unknown_address(owner, path):
    owner.get(path, root=True, error="not-found")


@pytest.mark.parametrize("method,path,allowed", [
    ("DELETE", "/api/v1/studies", {"GET", "POST"}),
    ("POST", "/healthz", {"GET"}),
    ("PATCH", "/api/v1/studies/x/datasets/y", {"GET", "PUT"}),
    ("PUT", "/api/v1/exports/x", {"GET", "DELETE"}),
])
def test_unknown_method_names_the_ones_there_are(owner, method, path, allowed):
    response = owner.call(method, path, root=True, error="method-not-allowed")
    named = {word.strip() for word in response.headers["Allow"].split(",")}
    assert allowed <= named


def test_head_has_the_headers_of_get_and_no_body(owner, study):
    got = owner.get(study.path)
    head = owner.call("HEAD", study.path)
    assert head.content == b"" and head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("style", ["bearer", "header"])
def test_both_ways_of_sending_a_key(server, owner_key, style):
    Api(server.url, owner_key, style).get("/studies")


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Basic dTpw"}, {"X-API-Key": ""},
    {"Authorization": "Bearer sheaf_" + "x" * 43}, {"X-API-Key": "x"}, {"X-API-Key": "sheaf_' OR 1=1 --"}, {"X-API-Key": "s" * 8000},
])
def test_no_valid_key(nobody, headers):
    first = nobody.get("/studies", headers=headers, error="unauthenticated")
    assert first.json()["detail"] == nobody.get("/studies", error="unauthenticated").json()["detail"]


def test_request_ids_differ(nobody):
    assert nobody.get("/studies", error="unauthenticated").json()["request_id"] != nobody.get("/studies", error="unauthenticated").json()["request_id"]


def test_unknown_parameter_is_refused(owner, study):
    owner.get("/studies?wat=1", error="unknown-parameter")
    owner.get(f"{study.path}/participants?lmit=1", error="unknown-parameter", place="lmit")


def raw(server, data, keep=False):
    """Sends bytes that no client library would, and answers what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(data)
        if not keep:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while True:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            received += piece
        return received


@pytest.mark.parametrize("data,status", [
    (b"GET / HTTP/9.9\r\n\r\n", (400, 505)),
    (b"NONSENSE\r\n\r\n", (400,)),
    (b"\x00\x01\x02\x03\r\n\r\n", (400,)),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", (400,)),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", (400,)),
    (b"POST /api/v1/studies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", (400, 401)),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n", (400, 431)),
    (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (400, 414, 431)),
    (b"GET /api/v1/studies/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (400, 401, 404)),
])
def test_broken_http(server, data, status):
    answer = raw(server, data)
    assert answer.startswith(b"HTTP/1."), answer[:200]
    assert int(answer.split(b" ", 2)[1]) in status, answer[:400]
    assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200


def test_pipelined_requests_are_answered_in_order(server):
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(server, request * 5 + last, keep=True)
    statuses = [int(part.split(b" ", 1)[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200] * 5 + [404]


def test_a_client_that_leaves_early_does_no_harm(server, owner_key):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"POST /api/v1/studies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + owner_key.encode() +
                               b"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200


def test_the_key_file_lies_outside_the_data(tmp_path):
    server = program.Server(tmp_path)
    inside = program.run("serve", "--data", server.data, "--key-file", server.data / "site.key", "--listen", "127.0.0.1:0", check=False)
    assert inside.returncode != 0 and "outside" in inside.stderr
    server.start()
    server.stop()
    key = tmp_path / "data.key"
    assert key.stat().st_mode & 0o777 == 0o600 and len(key.read_text().strip()) == 64
    before = key.read_text()
    server.start()
    server.stop()
    assert key.read_text() == before
    key.chmod(0o644)
    refused = program.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", check=False)
    assert refused.returncode != 0 and "chmod 600" in refused.stderr
    elsewhere = tmp_path / "keys" / "site.key"
    elsewhere.parent.mkdir()
    other = program.Server(tmp_path / "other", options=["--key-file", str(elsewhere)])
    other.start()
    other.stop()
    assert elsewhere.exists() and not (tmp_path / "other" / "data.key").exists()


def test_the_command_line_prints_the_same_catalogue(nobody):
    assert json.loads(program.run("errors", "--format", "json").stdout) == nobody.get("/errors").json()
    text = program.run("errors").stdout
    assert all(f"{entry['code']}  {entry['slug']}  HTTP {entry['status']}" in text for entry in nobody.get("/errors").json()["errors"])
