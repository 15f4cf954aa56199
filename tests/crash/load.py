"""Writers that go on through every crash, and remember what was acknowledged."""
import itertools
import json
import random
import threading
import time

import requests
import urllib3

from harness.client import ndjson

FIELDS = [{"id": "token", "type": "string"}, {"id": "n", "type": "integer"}, {"id": "pad", "type": "string"}]
ATTEMPT_TIMEOUT_S = 20
#: What a client meets when the server goes away; a chunked request lets the lower library's own errors through.
GONE = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class Writer(threading.Thread):
    """One thread with one connection. `acknowledged` and `attempted` are lists of tuples of tokens, one a request."""

    def __init__(self, server, key, path, name, stop):
        super().__init__(name=name, daemon=True)
        self.server, self.path, self.stop = server, path, stop
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        self.acknowledged, self.attempted, self.failures = [], [], []
        self.repetitions = 0

    def run(self):
        try:
            for number in itertools.count():
                if self.stop.is_set():
                    return
                tokens = tuple(f"{self.name}-{number}-{row}" for row in range(self.rows(number)))
                self.attempted.append(tokens)
                self.write(number, tokens)
        except Exception as error:  # a writer that died must fail the test, not merely fall silent
            self.failures.append(f"{self.name}: {error!r}")

    def records(self, tokens):
        return [{"participant": f"p{hash(token) % 40}", "session": f"s{number % 5}", "values": {"token": token, "n": number, "pad": "x" * 60}} for number, token in enumerate(tokens)]

    def post(self, body, headers):
        """True when acknowledged, False when the server was not there or went away."""
        try:
            response = requests.post(f"{self.server.url}/api/v1{self.path}/records", data=body, headers={**self.headers, **headers}, timeout=ATTEMPT_TIMEOUT_S)
        except GONE:
            return False
        if response.status_code == 200:
            self.repetitions += bool(response.json()["repeated"])
            return True
        if response.status_code == 503:
            time.sleep(0.05)
            return False
        self.failures.append(f"{self.name}: {response.status_code} {response.text[:300]}")
        return False

    def insist(self, body, headers):
        """The same request until it is acknowledged, as a careful client does."""
        while not self.post(body, headers):
            time.sleep(0.03)
            if self.failures:
                return False
        return True


class KeyedRequests(Writer):
    """Batches under an Idempotency-Key, repeated until acknowledged."""

    def rows(self, number):
        return random.Random(f"{self.name}{number}").choice((1, 20, 200, 1000))

    def write(self, number, tokens):
        if self.insist(ndjson(self.records(tokens)), {"Idempotency-Key": f"{self.name}-{number}"}):
            self.acknowledged.append(tokens)


class RecordsWithIds(Writer):
    """Single events with an id each, repeated until acknowledged."""

    def rows(self, number):
        return 1

    def records(self, tokens):
        return [{**record, "id": record["values"]["token"]} for record in super().records(tokens)]

    def write(self, number, tokens):
        if self.insist(ndjson(self.records(tokens)), {}):
            self.acknowledged.append(tokens)


class Careless(Writer):
    """Neither key nor id, and no second attempt: what is not acknowledged may be there or not, but whole and once."""

    def rows(self, number):
        return 50

    def write(self, number, tokens):
        if self.post(ndjson(self.records(tokens)), {}):
            self.acknowledged.append(tokens)
        else:
            time.sleep(0.05)


class Replacing(Writer):
    """Ten records of a keyed dataset, replaced over and over. `latest` is what was last acknowledged of each."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.latest = {}

    def rows(self, number):
        return 10

    def write(self, number, tokens):
        records = [{"id": f"{self.name}-{row}", "participant": "p", "values": {"token": token, "n": number}} for row, token in enumerate(tokens)]
        if self.post(ndjson(records), {}):
            self.latest = {f"{self.name}-{row}": number for row in range(10)}
            self.acknowledged.append(tokens)
        else:
            time.sleep(0.05)


class LongUpload(Writer):
    """A body that takes longer to send than the server lives: nothing of it may ever be there unless it was acknowledged."""

    def rows(self, number):
        return 3000

    def write(self, number, tokens):
        def pieces():
            for start in range(0, len(tokens), 100):
                yield ndjson(self.records(tokens[start:start + 100]))
                time.sleep(0.02)

        if self.post(pieces(), {}):
            self.acknowledged.append(tokens)


class Structure(Writer):
    """Participants, sessions and definitions: what was answered is there."""

    def rows(self, number):
        return 1

    def write(self, number, tokens):
        study = self.path.rsplit("/datasets/", 1)[0]
        headers = {**self.headers, "Content-Type": "application/json"}
        for path, body in ((f"{study}/participants/{tokens[0]}", {"code": tokens[0]}), (f"{study}/sessions/{tokens[0]}", {"name": tokens[0], "attendance": [{"participant": tokens[0]}]}),
                           (f"{study}/datasets/grown", {"fields": [{"id": f"f{number % 30}", "type": "integer"}]})):
            try:
                response = requests.put(f"{self.server.url}/api/v1{path}", data=json.dumps(body), headers=headers, timeout=ATTEMPT_TIMEOUT_S)
            except GONE:
                time.sleep(0.05)
                return
            if response.status_code not in (200, 201, 503):
                self.failures.append(f"{path}: {response.status_code} {response.text[:300]}")
        self.acknowledged.append(tokens)
