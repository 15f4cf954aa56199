"""Addresses by which an export's file can be had without credentials."""
import gzip
import hashlib
import secrets

import pytest
import requests

from conftest import new_study
from harness.client import Api


def rows(count):
    return [{"participant": f"p{number % 7}", "values": {"mood": number, "note": "again and again"}} for number in range(count)]


@pytest.fixture(scope="module")
def exported(owner):
    study = new_study(owner)
    dataset = study.dataset("diary", [{"id": "mood", "type": "integer"}, {"id": "note", "type": "string"}], kind="survey", mode="append")
    dataset.send(rows(20_000))
    job = study.finished({"datasets": ["diary"], "format": "csv"})
    assert job["state"] == "succeeded", job
    return study, job


def link(api, job):
    answer = api.post(f"/exports/{job['id']}/link", status=201).json()
    return answer["url"] if answer["url"].startswith("http") else api.url + answer["url"]


def plain(address, **options):
    options.setdefault("headers", {})["Accept-Encoding"] = "identity"
    return requests.get(address, timeout=60, **options)


def test_the_file_comes_without_credentials(owner, exported):
    _, job = exported
    response = plain(link(owner, job))
    assert response.status_code == 200 and hashlib.sha256(response.content).hexdigest() == job["sha256"]
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8" and job["file_name"] in response.headers["Content-Disposition"]
    assert int(response.headers["Content-Length"]) == job["file_size"]


def test_credentials_are_not_looked_at(owner, exported):
    _, job = exported
    for headers in ({"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}, {"X-API-Key": "nonsense"}):
        assert plain(link(owner, job), headers=headers).status_code == 200


def test_parts_and_conditions(owner, exported):
    _, job = exported
    address = link(owner, job)
    whole = plain(address).content
    part = plain(address, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == whole[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert plain(address, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    etag = plain(address).headers["ETag"]
    assert plain(address, headers={"If-None-Match": etag}).status_code == 304
    assert plain(address, headers={"If-Match": '"other"'}).status_code == 412
    head = requests.head(address, headers={"Accept-Encoding": "identity"}, timeout=60)
    assert head.status_code == 200 and head.content == b"" and int(head.headers["Content-Length"]) == len(whole)


def test_packed_only_when_asked(owner, exported):
    _, job = exported
    address = link(owner, job)
    packed = requests.get(address, headers={"Accept-Encoding": "gzip"}, timeout=60, stream=True)
    raw = packed.raw.read(decode_content=False)
    assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["ETag"] != plain(address).headers["ETag"]
    assert gzip.decompress(raw) == plain(address).content and len(raw) < job["file_size"] / 3
    assert "Content-Encoding" not in requests.get(address, headers={"Accept-Encoding": "gzip;q=0"}, timeout=60).headers
    part = requests.get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"}, timeout=60)
    assert part.status_code == 206 and len(part.content) == 10 and "Content-Encoding" not in part.headers


def test_an_empty_file_packs(owner):
    study = new_study(owner)
    study.dataset("empty", [{"id": "mood", "type": "integer"}])
    job = study.finished({"datasets": ["empty"], "format": "ndjson"})
    assert requests.get(link(owner, job), headers={"Accept-Encoding": "gzip"}, timeout=60).content == b""


def test_a_changed_link_opens_nothing(nobody, owner, exported):
    _, job = exported
    token = link(owner, job).rsplit("/", 1)[1]
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
    for text in (changed, token[:-4], token + "AAAA", "x", "A" * 5000, "%00", token.upper()):
        response = requests.get(f"{owner.url}/api/v1/downloads/{text}", timeout=60)
        assert response.status_code in (400, 403), (text, response.text)
        if response.status_code == 403:
            assert response.json()["slug"] == "forbidden"


def test_a_link_ends_with_its_key(server, owner, make_key, exported):
    _, job = exported
    key = make_key()
    address = link(Api(owner.url, key["key"]), job)
    assert plain(address).status_code == 200
    server.revoke_key(key["id"])
    assert plain(address).json()["slug"] == "forbidden"


def test_a_link_ends_with_the_right_of_its_account(owner, server, exported):
    study, job = exported
    email = f"link-{secrets.token_hex(4)}@example.org"
    server.add_user(email)
    guest = Api(owner.url, server.create_key(email)["key"])
    owner.put(f"{study.path}/grants/{email}", {"rights": ["export"]})
    address = link(guest, job)
    assert plain(address).status_code == 200
    owner.delete(f"{study.path}/grants/{email}")
    assert plain(address).json()["slug"] == "forbidden"


def test_a_link_of_a_session(owner, server, exported):
    study, job = exported
    email = f"link-{secrets.token_hex(4)}@example.org"
    server.add_user(email)
    owner.put(f"{study.path}/grants/{email}", {"rights": ["export"]})
    browser = Api(server.url)
    token = browser.post("/session", {"email": email, "password": "a long enough password"}).json()["csrf_token"]
    browser.session.headers["X-CSRF-Token"] = token
    assert plain(link(browser, job)).status_code == 200


def test_the_file_gone_the_link_says_so(owner):
    study = new_study(owner)
    study.dataset("d", [{"id": "x", "type": "integer"}]).send([{"participant": "p", "values": {"x": 1}}])
    job = study.finished({"datasets": ["d"], "format": "csv"})
    address = link(owner, job)
    owner.delete(f"/exports/{job['id']}")
    assert plain(address).json()["slug"] == "export-gone"


def test_downloads_are_in_the_audit_without_the_token(owner, exported):
    study, job = exported
    address = link(owner, job)
    plain(address)
    entries = owner.get(f"{study.path}/audit", params={"action": "export.download"}).json()["entries"]
    assert entries[0]["target"] == job["id"] and address.rsplit("/", 1)[1] not in str(entries)


def test_only_finished_exports_have_one(owner, stranger, exported):
    study, job = exported
    stranger.post(f"/exports/{job['id']}/link", error="not-found")
    owner.post("/exports/exp_none/link", error="not-found")


def test_the_address_answers_as_the_contract_says(owner, nobody, study):
    study.dataset("d", [{"id": "a", "type": "integer"}]).send([{"participant": "p", "values": {"a": 1}}])
    job = study.finished({"datasets": ["d"], "format": "csv"})
    url = owner.post(f"/exports/{job['id']}/link", {}).json()["url"]
    answer = nobody.call("GET", url[url.index("/api/v1/"):], root=True, status=200)
    assert answer.content.decode().splitlines()[0].startswith("participant")
