"""SIGKILL under load, again and again: nothing acknowledged is missing, nothing is there twice, exports finish.

SHEAF_CRASH_ROUNDS sets the number of kills."""
import collections
import hashlib
import io
import json
import os
import random
import threading
import time
import zipfile

import pytest

from crash.load import FIELDS, Careless, KeyedRequests, LongUpload, RecordsWithIds, Replacing, Structure
from harness import program
from harness.client import Api, Study, wait_for

QUICK_ROUNDS, FULL_ROUNDS = 3, 15
AGAIN_WITHIN_S = 60


class Scene:
    def __init__(self, directory):
        self.server = program.Server(directory)
        self.server.add_user("a@example.org")
        self.key = self.server.create_key("a@example.org")["key"]
        self.server.start()
        self.api = Api(self.server.url, self.key)
        self.api.post("/studies", {"id": "crash"})
        self.study = Study(self.api, "crash")
        self.appended = self.study.dataset("appended", FIELDS)
        self.replaced = self.study.dataset("replaced", FIELDS[:2], kind="survey")
        self.stop = threading.Event()
        self.jobs = []
        path = self.appended.path
        make = [(KeyedRequests, path, 2), (RecordsWithIds, path, 4), (Careless, path, 1), (LongUpload, path, 1), (Replacing, self.replaced.path, 1), (Structure, path, 1)]
        self.writers = [kind(self.server, self.key, address, f"{kind.__name__}{number}", self.stop) for kind, address, count in make for number in range(count)]

    def start_exports(self):
        for body in ({"datasets": ["appended"], "format": "csv"}, {"format": "zip", "files": "ndjson"}, {"datasets": ["replaced"], "format": "parquet", "sort": "-n"}):
            # Jobs of a dead server wait for their leases to run out; with many kills in a row the account's limit is reached.
            response = self.api.session.post(f"{self.api.url}/api/v1{self.study.path}/exports", json=body)
            if response.status_code == 429:
                assert response.json()["slug"] == "too-many-exports", response.text
                continue
            assert response.status_code in (200, 202), response.text
            self.jobs.append(response.json()["id"])

    def kill_and_restart(self, after_s, exports):
        time.sleep(after_s)
        if exports:
            self.start_exports()
        time.sleep(random.uniform(0, 0.05))
        self.server.kill()
        self.server.start()
        self.api = Api(self.server.url, self.key)
        self.study.api = self.appended.api = self.replaced.api = self.api

    def finish(self):
        self.stop.set()
        for writer in self.writers:
            writer.join(60)
            assert not writer.is_alive(), f"{writer.name} got no answer"
        assert not [failure for writer in self.writers for failure in writer.failures]


def of(writers, *kinds):
    return [writer for writer in writers if isinstance(writer, kinds)]


def check_appended(scene):
    rows = [json.loads(line) for line in scene.appended.stream("ndjson").content.splitlines()]
    counts = collections.Counter(row["values"]["token"] for row in rows)
    twice = [token for token, count in counts.items() if count > 1]
    assert not twice, f"{len(twice)} records are there twice, for example {twice[:3]}"
    for writer in of(scene.writers, KeyedRequests, RecordsWithIds, Careless, LongUpload):
        missing = [token for tokens in writer.acknowledged for token in tokens if token not in counts]
        assert not missing, f"{len(missing)} acknowledged records of {writer.name} are missing, for example {missing[:3]}"
        partly = [tokens[0] for tokens in writer.attempted if 0 < sum(token in counts for token in tokens) < len(tokens)]
        assert not partly, f"requests of {writer.name} are there in part: {partly[:3]}"
    for writer in of(scene.writers, KeyedRequests, RecordsWithIds):
        assert sum(map(len, writer.acknowledged)) == sum(1 for token in counts if token.startswith(writer.name + "-"))
    seqs = [row["seq"] for row in rows]
    assert seqs == sorted(set(seqs))
    summary = scene.appended.summary()
    assert summary["records"] == len(rows) == scene.appended.count() and summary["fields"][0]["answered"] == len(rows)
    assert summary["participants"] == len({row["participant"] for row in rows})
    return len(rows)


def check_replaced(scene):
    rows = {row["id"]: row["values"]["n"] for row in scene.replaced.walk(limit=1000)[0]}
    for writer in of(scene.writers, Replacing):
        numbers = {rows[identity] for identity in writer.latest}
        assert len(numbers) <= 1, "ten records that were always replaced together differ"
        for identity, number in writer.latest.items():
            assert rows[identity] >= number, f"{identity} went back to an older value"


def check_structure(scene):
    for writer in of(scene.writers, Structure):
        for (token,) in writer.acknowledged:
            assert scene.api.get(f"{scene.study.path}/participants/{token}").json()["code"] == token
            assert scene.api.get(f"{scene.study.path}/sessions/{token}").json()["attendance"][0]["participant"] == token
        fields = {field["id"] for field in scene.api.get(f"{scene.study.path}/datasets/grown").json()["fields"]} if writer.acknowledged else set()
        assert {f"f{int(token.split('-')[1]) % 30}" for (token,) in writer.acknowledged} <= fields


def check_exports(scene, restarted):
    assert scene.jobs
    for identity in scene.jobs:
        job = wait_for(scene.api, identity, AGAIN_WITHIN_S + 60)
        assert job["state"] == "succeeded", job
        body = scene.api.get(f"/exports/{identity}/file").content
        assert hashlib.sha256(body).hexdigest() == job["sha256"]
        manifest = scene.api.get(f"/exports/{identity}/manifest").json()
        if manifest["file"]["format"] == "csv":
            assert body.count(b"\r\n") - 1 == manifest["rows"] == job["progress"]["rows"]
        if manifest["file"]["format"] == "zip":
            archive = zipfile.ZipFile(io.BytesIO(body))
            for entry in manifest["files"]:
                content = archive.read(entry["path"])
                assert hashlib.sha256(content).hexdigest() == entry["sha256"]
                assert "rows" not in entry or content.count(b"\n") == entry["rows"]
    assert time.monotonic() - restarted < AGAIN_WITHIN_S + 30, "jobs of a crashed server run again within a minute"


def play(tmp_path, rounds, exports):
    scene = Scene(tmp_path)
    for writer in scene.writers:
        writer.start()
    try:
        for _ in range(rounds):
            scene.kill_and_restart(random.uniform(0.3, 1.5), exports)
        restarted = time.monotonic()
        time.sleep(0.5)
        scene.finish()
        rows = check_appended(scene)
        check_replaced(scene)
        check_structure(scene)
        if exports:
            check_exports(scene, restarted)
        print(f"{rounds} kills, {rows} records, {sum(writer.repetitions for writer in scene.writers)} repetitions found out by their key")
    finally:
        scene.stop.set()
        code = scene.server.stop() if scene.server.alive() else 0
    assert code == 0, scene.server.tail()
    # A file published by a server that died before it wrote so is cleared away by the start after its job ran again.
    scene.server.start()
    assert scene.server.stop() == 0, scene.server.tail()
    finished = program.run("check", "--data", scene.server.data, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    left = [path for path in (scene.server.data / "tmp").rglob("*") if path.is_file()]
    assert not left, f"left behind: {left[:5]}"


def test_kill_under_load(tmp_path):
    """The quick one: exports of a dead server wait half a minute for its lease to end, so they are in the one below."""
    play(tmp_path, int(os.environ.get("SHEAF_CRASH_ROUNDS", QUICK_ROUNDS)), exports=False)


@pytest.mark.slow
def test_kill_under_load_many_times(tmp_path):
    play(tmp_path, int(os.environ.get("SHEAF_CRASH_ROUNDS", FULL_ROUNDS)), exports=True)


@pytest.mark.slow
def test_kill_during_the_start(tmp_path):
    """A server that is killed while it recovers recovers the next time."""
    scene = Scene(tmp_path)
    for writer in scene.writers:
        writer.start()
    time.sleep(1)
    scene.server.kill()
    for _ in range(8):
        process = scene.server
        try:
            process.start(wait_s=0)
        except AssertionError:
            pass
        time.sleep(random.uniform(0, 0.2))
        process.kill()
    scene.server.start()
    scene.finish()
    check_appended(scene)
    check_replaced(scene)
    assert scene.server.stop() == 0
    assert program.run("check", "--data", scene.server.data).returncode == 0


def test_stop_under_load_loses_nothing(tmp_path):
    """SIGTERM: what runs is finished, bounded; the next start finds everything."""
    scene = Scene(tmp_path)
    for writer in scene.writers:
        writer.start()
    time.sleep(1)
    assert scene.server.stop(wait_s=90) == 0
    scene.server.start()
    scene.finish()
    check_appended(scene)
    check_replaced(scene)
    assert scene.server.stop() == 0
