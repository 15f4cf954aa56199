"""DDM: what does not fit memory."""
import contextlib
import csv
import io
import json
import secrets
import sqlite3
import threading
import time
import zipfile

import pytest
import requests

from conftest import new_study
from harness import program
from harness.client import Api
from harness.ddm import Project

BOSS = "boss@example.org"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    server = program.Server(tmp_path_factory.mktemp("ddm-large"))
    server.add_user(BOSS, admin=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def project(world):
    project = Project(world, new_study(Api(world.url, world.create_key(BOSS)["key"])), BOSS)
    project.browser = project.sign_in()
    return project


def give(project, person, payload, record, blueprint=1):
    """A donation as the native API takes it: a file, and a record that names it."""
    api, path = project.study.api, project.study.path
    file = api.post(f"{path}/files", {"kind": "donation", "media_type": "application/json", "participant": person, "dataset": f"blueprint-{blueprint}"}).json()["id"]
    api.put(f"{path}/files/{file}/content", data=payload)
    api.call("POST", f"{path}/datasets/blueprint-{blueprint}/records", headers={"Content-Type": "application/json"},
             data=json.dumps([{"id": record, "participant": person, "values": {"status": "success", "consent": True, "payload": file}}]))
    return file


class Watch:
    """The most memory the server had while something ran, beyond what it had before."""

    def __init__(self, server):
        self.server, self.stop, self.most = server, threading.Event(), 0

    def __enter__(self):
        self.before = self.server.resident_bytes()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self):
        while not self.stop.wait(0.01):
            self.most = max(self.most, self.server.resident_bytes() - self.before)

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


# 12 MB each, with spaces that leave and one string that is as long as a piece is not.
LARGE = ("[" + ", ".join(json.dumps({"title": f"film {number} \u00e9", "seen": [number, 2.50]}) for number in range(240_000)) + ', "' + secrets.token_hex(1_000_000) + '"]').encode()


@pytest.mark.slow
def test_donations_that_do_not_fit_memory(world, project):
    person, token = "A" * 24, project.new_token(project.browser)
    for number in range(3):
        give(project, person, LARGE, f"d{number}")
    want = json.loads(LARGE)
    with Watch(world) as watch:
        answer = project.get("donations", token, params={"participants": person}, stream=True)
        assert answer.status_code == 200
        body = answer.raw.read()
    assert len(body) == int(answer.headers["Content-Length"]) > 30_000_000
    assert watch.most < 30_000_000, watch.most
    assert b'{"title":"film 0 \xc3\xa9","seen":[0,2.5]},' in body
    donations = json.loads(body)["blueprints"]["1"]["donations"]
    assert [donation["data"] == want for donation in donations] == [True] * 3
    page = f"{project.root}/projects/{project.url_id}/data-donation/download/{person}"
    form = {"csrfmiddlewaretoken": project.browser.cookies["csrftoken"]}
    with Watch(world) as watch:
        answer = project.browser.post(page, data=form)
    assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(answer.content) > 4 << 20
    assert watch.most < 30_000_000, watch.most
    entries = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read(f"ddm_{project.url_id}_donations_{person}.json"))
    assert [entry["donation"]["data"] == want for entry in entries] == [True] * 3
    # HEAD says the length and sends nothing; who leaves early is no harm to anybody.
    head = requests.head(f"{project.api}/donations", params={"participants": person}, headers={"Authorization": f"Token {token}"})
    assert int(head.headers["Content-Length"]) == len(body) and head.content == b""
    leaver = project.get("donations", token, params={"participants": person}, stream=True)
    assert leaver.raw.read(100_000)
    leaver.close()
    assert project.get("overview", token).status_code == 200


def test_a_damaged_payload_is_an_error_and_no_half_download(world, project):
    person, token = "B" * 24, project.new_token(project.browser)
    give(project, person, b"[1, 2]", "whole")
    before = {path for path in (world.data / "blobs").rglob("*") if path.is_file()}
    give(project, person, LARGE, "damaged")
    (blob,) = {path for path in (world.data / "blobs").rglob("*") if path.is_file()} - before
    bytes_ = bytearray(blob.read_bytes())
    bytes_[len(bytes_) - 5000] ^= 1
    blob.write_bytes(bytes_)
    for answer in (project.get("donations", token, params={"participants": person}),
                   project.browser.post(f"{project.root}/projects/{project.url_id}/data-donation/download/{person}",
                                        data={"csrfmiddlewaretoken": project.browser.cookies["csrftoken"]})):
        assert answer.status_code == 500 and list(answer.json()) == ["detail"]
    assert project.get("donations", token, params={"participants": person, "blueprints": "2"}).status_code == 200
    blob.unlink()
    assert project.get("donations", token, params={"participants": person}).status_code == 500
    # What was broken on purpose is nobody else's: other tests have the server's data checked.
    project.study.api.delete(project.study.path)


def test_many_answers(world, project):
    """Beyond what is kept in memory, and in pages of every size."""
    api, path = project.study.api, project.study.path
    count = 4000
    for begin in range(0, count, 500):
        rows = [{"id": f"r{n}", "participant": f"P{n:023}", "time": "2026-01-14T12:19:21Z", "values": {"zsc": str(n), "open": f"{n}," + "x" * (3000 if n % 7 == 0 else 800)}}
                for n in range(begin, begin + 500)]
        api.call("POST", f"{path}/datasets/questionnaire/records", headers={"Content-Type": "application/json"}, data=json.dumps(rows))
    token = project.new_token(project.browser)
    for params in ({}, {"include_snapshot": "true"}):
        answer = project.get("responses", token, params=params)
        assert int(answer.headers["Content-Length"]) == len(answer.content) > 4 << 20
        body = answer.json()
        assert body["metadata"] == {"n_responses": count}
        assert [one["response_data"]["zsc"] for one in body["responses"]] == [str(n) for n in range(count)]
    answer = project.get("responses", token, params={"csv": "true"})
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["zsc"] for row in rows] == [str(n) for n in range(count)] and list(rows[0]) == ["participant", "time_submitted", "zsc", "open"]
    some = project.get("responses", token, params={"participants": ",".join(f"P{n:023}" for n in range(0, 100, 3))}).json()
    assert some["metadata"] == {"n_responses": 34}


def many(project, prefix, people):
    """Donations of so many participants, and a dataset of the study that is not the project's."""
    api, path = project.study.api, project.study.path
    for blueprint in (1, 2):
        rows = [{"id": f"d{prefix}{number}", "participant": f"{prefix}{number:04d}", "values": {"status": "success", "consent": True}} for number in range(people)]
        api.post(f"{path}/datasets/blueprint-{blueprint}/records", rows)
    api.put(f"{path}/datasets/notes", {"fields": [{"id": "said", "type": "string"}]})
    api.post(f"{path}/datasets/notes/records", [{"id": f"about {prefix}0003", "participant": f"{prefix}0002", "session": f"with-{prefix}0004", "values": {"said": f"{prefix}0003"}}])


def test_all_data_of_many_goes_at_once(world, project):
    prefix = f"goes{secrets.token_hex(4)}x"
    many(project, prefix, 300)
    person = project.take_part({"1": {"consent": True, "status": "success", "extractedData": [{"a": "words of mine"}]}})
    assert project.browser.get(f"{project.api}/details/download").status_code == 200
    answer = project.browser.delete(f"{project.api}/data/delete")
    assert answer.status_code == 200 and answer.json() == {"message": "Deleted 601 data donations and 0 questionnaire responses."}
    assert project.get("overview", project.new_token(project.browser)).json()["participants"] == []
    assert project.study.api.get(f"{project.study.path}/datasets/notes/records").json()["records"] == []
    assert project.browser.delete(f"{project.api}/data/delete").json() == {"message": "Deleted 0 data donations and 0 questionnaire responses."}
    assert world.stop() == 0
    try:
        assert program.holding(world.data, prefix.encode(), person.encode()) == []
        assert program.run("check", "--data", world.data).returncode == 0
    finally:
        world.start()


@pytest.mark.parametrize("delay", [0.05, pytest.param(0.0, marks=pytest.mark.slow), pytest.param(0.3, marks=pytest.mark.slow)])
def test_killed_while_all_data_goes(world, project, delay):
    prefix = f"goes{secrets.token_hex(4)}x"
    many(project, prefix, 400)

    def delete():
        with contextlib.suppress(requests.RequestException):
            project.browser.delete(f"{project.api}/data/delete", timeout=60)

    def begun():
        with contextlib.closing(sqlite3.connect(world.data / "catalog.sqlite")) as catalog:
            return catalog.execute("SELECT count(*) FROM erasure WHERE study = ? AND state <> 'done'", (project.study.id,)).fetchone()[0]

    thread = threading.Thread(target=delete, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < deadline and not begun():
        time.sleep(0.002)
    time.sleep(delay)
    world.kill()
    thread.join(60)
    world.start()
    # All of them were written down before the first went: the start finishes it.
    assert project.get("overview", project.new_token(project.sign_in())).json()["participants"] == []
    assert program.holding(world.data, f"{prefix}0003".encode()) == []
