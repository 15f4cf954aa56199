#!/usr/bin/env python3
"""Ingest with and without thousands who watch: `bench/live_listeners.py [LISTENERS] [SECONDS] [ROUNDS]`.

Starts a server of its own and measures ingest (100-event requests on 4 connections) in turn: alone, with so many streams of
server-sent events that are read (by a process of their own), with as many that are not read. Prints the medians of the rounds:
rows a second, and the processor time that the server took for a million rows; and how long an event took to be told. The turns
are needed: one disk's syncs take half as long again from one minute to the next."""
import json
import multiprocessing
import os
import pathlib
import selectors
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from harness import program  # noqa: E402
from harness.client import Api  # noqa: E402
import resource  # noqa: E402

LISTENERS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
EMAIL = "bench@example.org"


def connect(port, key, study):
    connection = socket.socket()
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET /api/v1/studies/{study}/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    return connection


def read_all(connections, told):
    """Takes whatever comes on all connections. A process of its own: the senders' interpreter is not to be shared."""
    selector = selectors.EpollSelector()
    for connection in connections:
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select(1):
            try:
                told.value += len(key.fileobj.recv(65536))
            except OSError:
                pass


def processor_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ingest(server, key, study, work):
    """Rows a second, and the server's seconds of processor time for a million rows."""
    url = server.url
    body = work / "body.ndjson"
    rows = [{"participant": f"p{i}", "session": f"s{i % 7}", "time": "2026-01-31T08:00:00Z", "values": {"type": "click", "n": i}} for i in range(100)]
    body.write_text("".join(json.dumps(row) + "\n" for row in rows))
    stop = time.monotonic() + SECONDS
    sent = [0] * 4

    def send(place):
        api = Api(url, key)
        data = body.read_bytes()
        while time.monotonic() < stop:
            answer = api.session.post(f"{url}/api/v1/studies/{study}/datasets/events/records", data=data,
                                      headers={"Content-Type": "application/x-ndjson"})
            assert answer.status_code in (200, 201), answer.text
            sent[place] += 100
    threads = [threading.Thread(target=send, args=(place,)) for place in range(4)]
    began, used = time.monotonic(), processor_seconds(server)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = processor_seconds(server) - used
    return sum(sent) / (time.monotonic() - began), used / sum(sent) * 1e6


def told_after(api, url, key, study, port):
    """Milliseconds from sending a record until a listener has it."""
    listener = connect(port, key, study)
    listener.settimeout(20)
    seen, times = b"", []
    while b"event: snapshot" not in seen or not seen.rstrip(b"\r\n").endswith(b"}"):
        seen += listener.recv(65536)
    for turn in range(10):
        mark = f"mark-{turn}-{time.monotonic_ns()}"
        began = time.monotonic()
        api.session.post(f"{url}/api/v1/studies/{study}/datasets/events/records", json=[{"participant": "p", "values": {"type": mark}}])
        seen = b""
        while mark.encode() not in seen:
            seen += listener.recv(65536)
        times.append((time.monotonic() - began) * 1000)
        time.sleep(0.5)
    listener.close()
    return sorted(times)


class Listeners:
    """Streams, and the process that reads them."""

    def __init__(self, server, key):
        self.connections = [connect(server.port, key, "bench") for _ in range(LISTENERS)]
        self.told = multiprocessing.Value("q", 0, lock=False)
        self.reader = multiprocessing.get_context("fork").Process(target=read_all, args=(self.connections, self.told), daemon=True)
        self.reader.start()
        time.sleep(2)

    def pause(self):
        os.kill(self.reader.pid, signal.SIGSTOP)

    def leave(self):
        self.reader.kill()
        self.reader.join()
        for connection in self.connections:
            connection.close()
        time.sleep(1)


def main():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 16384), limit))
    with tempfile.TemporaryDirectory(prefix="sheaf-live-", dir=os.environ.get("SHEAF_BENCH_DIR")) as directory:
        server = program.Server(pathlib.Path(directory))
        server.add_user(EMAIL)
        server.start()
        key = server.create_key(EMAIL)["key"]
        api = Api(server.url, key)
        api.post("/studies", {"id": "bench", "name": "bench"})
        api.put("/studies/bench/datasets/events", {"kind": "events", "fields": [{"id": "type", "type": "string"}, {"id": "n", "type": "integer"}]})
        work = pathlib.Path(directory)
        ingest(server, key, "bench", work)
        measured = {"nobody watches": [], f"{LISTENERS} watch": [], f"{LISTENERS} watch and do not read": []}
        alone, watched, unread = measured.values()
        told, resident = 0, 0
        for _ in range(ROUNDS):
            alone.append(ingest(server, key, "bench", work))
            listeners = Listeners(server, key)
            watched.append(ingest(server, key, "bench", work))
            told += listeners.told.value
            listeners.pause()
            unread.append(ingest(server, key, "bench", work))
            resident = max(resident, server.resident_bytes())
            listeners.leave()
        for name, rounds in measured.items():
            rates, used = zip(*rounds)
            print(f"{name:32} {statistics.median(rates):10,.0f} rows/s ({min(rates):,.0f} to {max(rates):,.0f}), "
                  f"{statistics.median(used):5.1f} s of processor time a million")
        print(f"told {told >> 20} MB; {resident >> 20} MB resident at most")
        listeners = Listeners(server, key)
        times = told_after(api, server.url, key, "bench", server.port)
        print(f"told after {times[len(times) // 2]:.0f} ms (half of {len(times)}), {times[-1]:.0f} ms (all)")
        listeners.leave()
        server.stop()


if __name__ == "__main__":
    main()
