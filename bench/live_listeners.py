#!/usr/bin/env python3
"""Ingest with and without thousands who watch: `bench/live_listeners.py [LISTENERS] [SECONDS]`.

Starts a server of its own, measures ingest (100-event requests on 4 connections) alone, then with so many streams of
server-sent events that are read (by a process of their own), then with as many that never read; prints rows a second, the
processor time that the server took for a million rows, and how long an event took to be told."""
import json
import multiprocessing
import os
import pathlib
import selectors
import signal
import socket
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
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 8
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
    return f"{sum(sent) / (time.monotonic() - began):10,.0f} rows/s, {used / sum(sent) * 1e6:5.1f} s of processor time a million"


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


def after(readers, connections, server, key, work):
    readers.kill()
    readers.join()
    for connection in connections:
        connection.close()
    time.sleep(15)
    return ingest(server, key, "bench", work)


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
        print(f"{'ingest, nobody watches':45} {ingest(server, key, 'bench', work)}", flush=True)
        reading = [connect(server.port, key, "bench") for _ in range(LISTENERS)]
        told = multiprocessing.Value("q", 0, lock=False)
        readers = multiprocessing.get_context("fork").Process(target=read_all, args=(reading, told), daemon=True)
        readers.start()
        time.sleep(2)
        rate = ingest(server, key, "bench", work)
        print(f"{f'ingest, {LISTENERS} watch':45} {rate} ({told.value >> 20} MB told)", flush=True)
        times = told_after(api, server.url, key, "bench", server.port)
        print(f"{'told after, half and all of 10':45} {times[5]:6.0f} ms {times[-1]:6.0f} ms", flush=True)
        os.kill(readers.pid, signal.SIGSTOP)
        print(f"{f'ingest, {LISTENERS} watch and do not read':45} {ingest(server, key, 'bench', work)}, {server.resident_bytes() >> 20} MB resident", flush=True)
        print(f"{'ingest, nobody watches any more':45} {after(readers, reading, server, key, work)}", flush=True)
        server.stop()


if __name__ == "__main__":
    main()
