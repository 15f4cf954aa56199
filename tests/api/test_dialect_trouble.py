"""What is not the client's fault, in every protocol's own shape: a store that another program holds (503), one that is damaged (500)."""
import sqlite3

import pytest
import requests

from conftest import OWNER
from harness import program
from harness.alida import Alida, check_error
from harness.avicenna import Avicenna, new_study
from harness.client import Api


class Trouble:
    """A study that each protocol reads, on a server of its own."""

    def __init__(self, directory):
        self.server = program.Server(directory)
        self.server.add_user(OWNER)
        self.server.start()
        self.key = self.server.create_key(OWNER)
        self.api = Api(self.server.url, self.key["key"])
        self.study = new_study(self.api)
        fields = [{"id": "Q1", "type": "string"}]
        self.study.dataset("1", fields, kind="survey").send([{"id": "r", "participant": "p", "values": {"Q1": "x"}}])
        self.study.dataset("events", [], kind="events", mode="append").send([{"participant": "p", "session": "room", "time": "2026-01-01T00:00:00Z"}])
        self.connect()

    def connect(self):
        self.alida = Alida(self.server.url, self.study.id, self.key)
        self.avicenna = Avicenna(self.server.url, OWNER, self.key["key"])

    def alida_batch(self, status):
        address = f"{self.server.url}/v2/applications/{self.study.id}/data/activities/{self.activity}/responses/batch"
        return check_error(requests.post(address, json={}, headers={"Authorization": f"Bearer {self.alida.token}"}, timeout=60), status)

    def avicenna_export(self, status):
        body = {"study_id": int(self.study.id), "filter": "ACTIVITY_RESPONSE", "activity_id": 1, "rule_set": {"columns": ["Q1"], "query": {}, "sort_by": []}}
        return self.avicenna.refused("POST", "/api/v1/filter/export/", status, json=body)

    def hyperstudy_events(self):
        return requests.get(f"{self.server.url}/api/v3/data/events/room/room", headers={"X-API-Key": self.key["key"]}, timeout=60)


@pytest.fixture
def trouble(tmp_path):
    trouble = Trouble(tmp_path)
    trouble.activity = trouble.alida.activity("1")
    yield trouble
    trouble.server.stop()


@pytest.mark.slow
def test_503_while_another_program_holds_the_catalog(trouble):
    assert trouble.hyperstudy_events().status_code == 200
    holder = sqlite3.connect(trouble.server.data / "catalog.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        trouble.alida_batch(503)
        assert int(trouble.avicenna_export(503).headers["Retry-After"]) >= 1
        trouble.study.export({"format": "csv", "datasets": ["1"]}, error="unavailable")
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    # Nothing of it stayed behind, and everything goes on.
    assert trouble.avicenna.list(trouble.study.id) == []
    assert trouble.alida.export(trouble.activity)["records"]
    assert trouble.server.stop() == 0


def test_500_when_the_records_are_damaged(trouble):
    assert trouble.server.stop() == 0
    store = trouble.server.data / "studies" / trouble.study.id / "records.duckdb"
    with open(store, "r+b") as file:
        file.write(b"\xff" * 12288)
    trouble.server.start()
    trouble.connect()
    refused = [trouble.alida_batch(500), trouble.avicenna_export(500).json()]
    answer = trouble.hyperstudy_events()
    assert answer.status_code == 500 and answer.json()["status"] == "error" and answer.json()["error"]["code"], answer.text
    refused.append(answer.json())
    trouble.api.get(f"{trouble.study.path}/datasets", error="storage-damaged")
    for words in refused:
        # Clients learn nothing of how the server is built.
        assert str(trouble.server.data) not in str(words) and "duckdb" not in str(words).lower(), words
    # Other studies go on.
    other = new_study(trouble.api)
    other.dataset("1", [{"id": "Q1", "type": "string"}], kind="survey").send([{"id": "r", "participant": "p", "values": {"Q1": "x"}}])
    assert trouble.server.stop() == 0
