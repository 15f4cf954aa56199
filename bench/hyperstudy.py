#!/usr/bin/python3
"""How long get_events of a million events takes by pages of a thousand over /api/v3, and what page 1,000 costs beside page 1.

  bench/hyperstudy.py [EVENTS]

Starts a server of its own in a temporary directory. Prints the rate, and the latencies of pages along the way."""
import json
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))
from harness import program  # noqa: E402
from harness.client import Api, Study  # noqa: E402
from harness.hyperstudy import Client  # noqa: E402

PART = 50_000


def fill(api, events):
    api.post("/studies", {"id": "bench", "name": "Bench"})
    study = Study(api, "bench")
    names = ("category", "eventType", "componentType", "componentId", "content", "stateId", "participantRole")
    dataset = study.dataset("events", [{"id": name, "type": "string"} for name in names] + [{"id": "duration", "type": "integer"},
                                                                                         {"id": "response", "type": "json"}], kind="events")
    for begin in range(0, events, PART):
        # Not in order of time: rooms send at their own pace.
        lines = (json.dumps({"id": f"e{n}", "participant": f"p{n % 997}", "session": f"room-{n % 97}", "onset_ms": n % 600_000 - 1000,
                             "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + (n * 7919) % events)) + f".{n % 1000:03d}Z",
                             "values": {"category": "component", "eventType": "component.update", "componentType": "VasRating",
                                        "componentId": f"c{n % 13}", "content": "moved the handle", "stateId": f"s{n % 7}", "participantRole": "viewer",
                                        "duration": n % 5000, "response": {"value": n % 100, "responseTime": n % 3000}}})
                 for n in range(begin, min(events, begin + PART)))
        dataset.send_raw("\n".join(lines).encode(), validate=False)


def page_through(client, **params):
    offset, latencies, rows = 0, [], 0
    while True:
        began = time.perf_counter()
        body = client.get("data/events/experiment/bench", limit=1000, offset=offset, **params)
        latencies.append(time.perf_counter() - began)
        rows += len(body["data"])
        pagination = body["metadata"]["pagination"]
        if not pagination["hasMore"]:
            return latencies, rows
        offset = pagination["nextOffset"]


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        server = program.Server(directory)
        server.add_user("bench@example.org")
        server.start()
        try:
            key = server.create_key("bench@example.org")["key"]
            fill(Api(server.url, key), events)
            client = Client(key, server.url + "/api/v3")
            for params in ({}, {"sort": "onset", "order": "desc"}, {"roomId": "room-5"}):
                began = time.perf_counter()
                latencies, rows = page_through(client, **params)
                took = time.perf_counter() - began
                middle = len(latencies) // 2
                print(f"{params or 'all by time'}: {rows:,} events in {took:.1f} s, {rows / took:,.0f} a second; pages: first {latencies[0] * 1000:.1f} ms, "
                      f"median {statistics.median(latencies) * 1000:.1f} ms, around the middle {statistics.median(latencies[middle:middle + 50]) * 1000:.1f} ms, "
                      f"last 50 {statistics.median(latencies[-50:]) * 1000:.1f} ms, slowest {max(latencies) * 1000:.0f} ms")
            cold = Client(key, server.url + "/api/v3")
            began = time.perf_counter()
            cold.get("data/events/experiment/bench", limit=1000, offset=events - events // 3, sort="duration")
            print(f"a page in the middle that nobody came to: {(time.perf_counter() - began) * 1000:.0f} ms")
            body = cold.session.get(f"{cold.base}/data/events/experiment/bench", params={"limit": 10**9, "format": "csv"}, timeout=300)
            print(f"all in one answer of CSV: {len(body.content) / 1e6:.0f} MB")
            print(f"memory: {server.resident_bytes() / 1e6:.0f} MB")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
