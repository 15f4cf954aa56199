#!/usr/bin/python3
"""How fast an Alida file of survey responses is written, and in how much memory: one background job, measured from the outside.

    bench/alida.py                       1 million responses of 30 fields
    SHEAF_BENCH_RESPONSES=100000 bench/alida.py
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import run  # noqa: E402

RESPONSES = int(os.environ.get("SHEAF_BENCH_RESPONSES", 1_000_000))
WANTED_MB_S = 150
PER_REQUEST = 20_000
PEOPLE = 100_000


def fields():
    """20 single choices (12 of them two grids), 4 multiple choices, 3 numbers, 2 texts, a date."""
    scale = [{"id": str(number), "label": f"Answer {number}"} for number in range(1, 8)]
    made = [{"id": f"c{number}", "type": "enum", "options": scale} for number in range(8)]
    made += [{"id": f"g{number // 6}_{number % 6}", "type": "enum", "group": f"g{number // 6}", "options": scale} for number in range(12)]
    made += [{"id": f"m{number}", "type": "set", "options": scale} for number in range(4)]
    made += [{"id": f"n{number}", "type": "double"} for number in range(3)]
    return made + [{"id": "t0", "type": "string"}, {"id": "t1", "type": "string"}, {"id": "d", "type": "datetime"}]


def response(number, chance):
    values = {f"c{field}": str(chance.randrange(1, 8)) for field in range(8)}
    values.update({f"g{field // 6}_{field % 6}": str(chance.randrange(1, 8)) for field in range(12)})
    values.update({f"m{field}": sorted({str(chance.randrange(1, 8)) for _ in range(3)}) for field in range(4)})
    values.update({f"n{field}": chance.randrange(1000) / 10 for field in range(3)})
    values.update({"t0": "It is quite good, thank you", "t1": "no", "d": "2025-03-01T09:00:00Z"})
    return {"id": f"r{number}", "participant": f"p{number}", "time": "2025-03-01T10:00:00Z", "values": values, "skipped": []}


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("SHEAF_BENCH_DIR")) as directory:
        server = run.Server(pathlib.Path(directory) / "data")
        try:
            session = requests.Session()
            session.headers["Authorization"] = f"Bearer {server.key}"
            api = f"{server.url}/api/v1"
            session.post(f"{api}/studies", json={"id": "panel"}).raise_for_status()
            session.put(f"{api}/studies/panel/datasets/s", json={"kind": "survey", "mode": "keyed", "fields": fields()}).raise_for_status()
            chance = random.Random(1)
            # Answers are drawn once and sent again and again under new ids: the generator is not what is measured.
            bodies = [json.dumps(response(number, chance)) for number in range(PER_REQUEST)]
            for begin in range(0, RESPONSES, PER_REQUEST):
                lines = [line.replace(f'"r{number}", "participant": "p{number}"', f'"r{begin + number}", "participant": "p{(begin + number) % PEOPLE}"')
                         for number, line in enumerate(bodies[:RESPONSES - begin])]
                session.post(f"{api}/studies/panel/datasets/s/records", data="\n".join(lines).encode(),
                             headers={"Content-Type": "application/x-ndjson"}).raise_for_status()
            before, cpu = memory(server), processor(server)
            job = session.post(f"{api}/studies/panel/exports", json={"format": "alida", "datasets": ["s"]}).json()
            most = before
            while job["state"] in ("pending", "executing"):
                time.sleep(0.05)
                most = max(most, memory(server))
                job = session.get(f"{api}/exports/{job['id']}").json()
            if job["state"] != "succeeded":
                raise SystemExit(job["error"])
            seconds = instant(job["finished_at"]) - instant(job["started_at"])
            cpu = processor(server) - cpu
            rate = job["file_size"] / 1e6 / seconds
            table = run.Table()
            table.add(f"Alida file, {RESPONSES:,} responses × 30", f"{rate:.0f} MB/s ({job['file_size'] / 1e6:,.0f} MB in {seconds:.1f} s)", f"≥ {WANTED_MB_S} MB/s", rate >= WANTED_MB_S)
            table.add("the same a second of one processor's time", f"{job['file_size'] / 1e6 / cpu:.0f} MB ({cpu:.1f} s)")
            table.add("memory while it is written", f"{most / 1e6:.0f} MB (before: {before / 1e6:.0f} MB)")
        finally:
            server.stop()


def memory(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def processor(server):
    """Seconds of the server's own, whatever else the machine does."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def instant(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    main()
