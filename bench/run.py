#!/usr/bin/python3
"""Measures Sheaf beside its peers, in one run on one machine, and prints the table.

    ./dev bench                 all of it (about half an hour: it fills 50 million rows)
    ./dev bench export ingest   some of it: export, memory, ingest, pages, plots, latency, avicenna
    SHEAF_BENCH_ROWS=1000000 SHEAF_BENCH_MANY=5000000 ./dev bench      smaller

Everything runs against the real server over HTTP on 127.0.0.1, with the client on the same cores.
"""

import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
ROWS = int(os.environ.get("SHEAF_BENCH_ROWS", 10_000_000))
MANY = int(os.environ.get("SHEAF_BENCH_MANY", 50_000_000))
COLUMNS = "participant,time,onset_ms,x,y,z,label"
EMAIL = "bench@example.org"


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, figure, wanted="", met=None):
        verdict = "" if met is None else ("yes" if met else "NO")
        self.rows.append((what, figure, wanted, verdict))
        print(f"  {what}: {figure}  {wanted}  {verdict}", flush=True)

    def print(self):
        widths = [max(len(str(row[i])) for row in self.rows + [("what", "measured", "wanted", "met")]) for i in range(4)]
        print()
        for row in [("what", "measured", "wanted", "met"), tuple("-" * width for width in widths)] + self.rows:
            print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


class Server:
    """A server over a data directory; `rows` of the sensor study are there before it starts."""

    def __init__(self, directory, rows=0):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.run("user", "add", "--data", directory, "--email", EMAIL, "--name", "Bench", "--admin", "--password-stdin", input=b"bench-password")
        self.key = json.loads(self.run("key", "create", "--data", directory, "--user", EMAIL, "--json"))["key"]
        if rows:
            print(f"  filling {rows:,} rows", flush=True)
            subprocess.run([BUILD / "fill_sensors", directory, str(rows), EMAIL], check=True)
        self.process = subprocess.Popen([BUILD / "sheaf", "serve", "--data", directory, "--listen", "127.0.0.1:0", "--log-level", "warning"], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = line.split()[-1]
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {self.key}"

    @staticmethod
    def run(*arguments, input=None):
        return subprocess.run([BUILD / "sheaf", *map(str, arguments)], check=True, input=input, stdout=subprocess.PIPE).stdout

    def address(self, path):
        return f"{self.url}/api/v1{path}"

    def get(self, path):
        answer = self.session.get(self.address(path), timeout=600)
        answer.raise_for_status()
        return answer

    def resident_mb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)

    def curl(self, path, *more):
        """Downloads to nowhere; answers seconds to the first byte, seconds in all, bytes."""
        form = "%{time_starttransfer} %{time_total} %{size_download} %{http_code}"
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", form, "-H", f"Authorization: Bearer {self.key}", *more, self.address(path)], check=True, capture_output=True, text=True)
        first, total, size, status = done.stdout.split()
        assert status == "200", done.stdout
        return float(first), float(total), int(float(size))


def best(runs, measure):
    return min(measure() for _ in range(runs))


def export_path(form, more=""):
    return f"/studies/bench/datasets/acc/export?format={form}&columns={COLUMNS}{more}"


class Engine:
    """DuckDB's own COPY over a table of the same rows and columns, as texts and timestamps."""

    def __init__(self, server, work):
        self.file = work / "peer.duckdb"
        records = server.directory / "studies" / "bench" / "records.duckdb"
        self.copy(
            f"ATTACH '{records}' AS study (READ_ONLY)",
            "CREATE TABLE acc AS SELECT p.id AS participant, make_timestamp(d._time) AS time, d._onset AS onset_ms, d.f0 AS x, d.f1 AS y, d.f2 AS z, d.f3 AS label "
            "FROM study.main.d1 d JOIN study.main.participants p ON p.no = d._participant ORDER BY d._seq",
            "DETACH study",
            "CHECKPOINT",
        )

    def copy(self, *statements):
        done = subprocess.run([BUILD / "engine_copy", self.file, str(os.cpu_count()), *statements], check=True, capture_output=True, text=True)
        return [float(line) for line in done.stdout.split()]


class Postgres:
    """A PostgreSQL cluster of its own, with the rows that DuckDB wrote."""

    def __init__(self, work, engine):
        self.binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.data = work / "postgres"
        self.socket = work
        shutil.chown(work, "postgres") if os.getuid() == 0 else None
        os.chmod(work, 0o777)
        self.as_postgres("initdb", "-D", self.data, "-A", "trust", "-U", "postgres")
        self.as_postgres("pg_ctl", "-D", self.data, "-w", "-l", work / "postgres.log", "-o", f"-k {work} -p 5499 -c listen_addresses='' -c fsync=off -c max_wal_size=8GB", "start")
        rows = work / "rows.csv"
        engine.copy(f"COPY acc TO '{rows}' (FORMAT csv, HEADER false)")
        os.chmod(rows, 0o644)
        self.query("CREATE TABLE acc(participant text, time timestamp, onset_ms float8, x float8, y float8, z float8, label text)")
        self.query(f"COPY acc FROM '{rows}' (FORMAT csv)")
        self.query("VACUUM ANALYZE acc")
        rows.unlink()

    def as_postgres(self, program, *arguments):
        command = [str(self.binaries / program), *map(str, arguments)]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def query(self, sql):
        started = time.perf_counter()
        subprocess.run(["psql", "-h", str(self.socket), "-p", "5499", "-U", "postgres", "-q", "-c", sql], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    def stop(self):
        self.as_postgres("pg_ctl", "-D", self.data, "-m", "immediate", "stop")


def bench_export(table, work):
    server = Server(work / "export", 0)
    server.stop()
    shutil.rmtree(work / "export")
    filled = Server(work / "export", ROWS)
    filled.stop()
    engine = Engine(filled, work)
    server = filled
    server.process = subprocess.Popen([BUILD / "sheaf", "serve", "--data", server.directory, "--listen", "127.0.0.1:0", "--log-level", "warning"], stdout=subprocess.PIPE, text=True)
    server.url = server.process.stdout.readline().split()[-1]
    sizes, seconds = {}, {}
    for form in ("csv", "ndjson", "parquet"):
        server.curl(export_path(form))
        runs = [server.curl(export_path(form)) for _ in range(3)]
        seconds[form] = min(run[1] for run in runs)
        sizes[form] = runs[0][2]
    removed = best(2, lambda: server.curl(export_path("csv", "&identifiers=remove"))[1])
    first = best(5, lambda: server.curl(export_path("csv"))[0]) * 1000
    peer = {
        "csv": best(2, lambda: engine.copy("COPY acc TO '/dev/null' (FORMAT csv)")[0]),
        "ndjson": best(2, lambda: engine.copy("COPY acc TO '/dev/null' (FORMAT json)")[0]),
        "parquet": best(2, lambda: engine.copy(f"COPY acc TO '{work}/peer.parquet' (FORMAT parquet)")[0]),
    }
    postgres = Postgres(work, engine)
    copy = best(2, lambda: postgres.query("COPY (SELECT * FROM acc) TO STDOUT csv"))
    postgres.stop()
    rate = {form: sizes[form] / seconds[form] / 1e6 for form in sizes}
    table.add(f"CSV export of {ROWS:,} rows", f"{seconds['csv']:.2f} s, {rate['csv']:.0f} MB/s")
    table.add("  DuckDB COPY csv", f"{peer['csv']:.2f} s, ratio {peer['csv'] / seconds['csv']:.1f}", ">= 3", peer["csv"] / seconds["csv"] >= 3)
    table.add("  PostgreSQL COPY csv", f"{copy:.2f} s, ratio {copy / seconds['csv']:.1f}", ">= 6", copy / seconds["csv"] >= 6)
    table.add("CSV export with identifiers removed", f"{removed:.2f} s")
    table.add("NDJSON export", f"{seconds['ndjson']:.2f} s, {rate['ndjson']:.0f} MB/s")
    table.add("  DuckDB COPY json", f"{peer['ndjson']:.2f} s, ratio {peer['ndjson'] / seconds['ndjson']:.1f}", ">= 2", peer["ndjson"] / seconds["ndjson"] >= 2)
    table.add("Parquet export", f"{seconds['parquet']:.2f} s")
    table.add("  DuckDB COPY parquet", f"{peer['parquet']:.2f} s, ratio {peer['parquet'] / seconds['parquet']:.2f}", ">= 1", peer["parquet"] / seconds["parquet"] >= 1)
    table.add("first byte of the CSV stream", f"{first:.0f} ms", "<= 50 ms", first <= 50)
    server.stop()


class Watch:
    """The server's largest resident size while something runs."""

    def __init__(self, server):
        self.server, self.most, self.done = server, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.done.wait(0.05):
            self.most = max(self.most, self.server.resident_mb())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def bench_memory(table, server, rows):
    for name, more, downloads in (("stored order", "", 1), ("sorted by x", "&sort=x", 1), ("stored order", "", 16), ("sorted by x", "&sort=-x", 16)):
        if downloads == 16 and more:
            more += "&until=2026-01-03"
        with Watch(server) as watch, concurrent.futures.ThreadPoolExecutor(16) as pool:
            started = time.perf_counter()
            list(pool.map(lambda _: server.curl(export_path("csv", more)), range(downloads)))
            seconds = time.perf_counter() - started
        table.add(f"resident, {downloads} CSV export(s) of {rows:,} rows, {name}", f"{watch.most:.0f} MB ({seconds:.1f} s)", "< 1000 MB", watch.most < 1000)


def timed(server, path, runs=30):
    server.get(path)
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        server.get(path)
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2] * 1000


def bench_pages(table, server, rows):
    base = "/studies/bench/datasets/acc"
    one = json.dumps({"all": [{"field": "participant.id", "op": "=", "value": "p1042"}, {"field": "x", "op": ">", "value": 5}]})
    cursor = server.get(f"{base}/records?limit=100").json()["cursor"]
    for name, path in (
        ("first page of 100 rows", f"{base}/records?limit=100"),
        ("next page", f"{base}/records?limit=100&cursor={cursor}"),
        ("page of one participant", f"{base}/records?limit=100&participant=p1777"),
        ("summary", f"{base}/summary"),
        ("count of one participant, filtered", f"{base}/count?filter={requests.utils.quote(one)}"),
    ):
        milliseconds = timed(server, path)
        table.add(f"{name}, {rows:,} rows", f"{milliseconds:.1f} ms", "< 50 ms", milliseconds < 50)


def bench_plots(table, server, rows):
    """Nothing of it is kept: each request asks for another window or filter."""
    base = "/studies/bench/datasets/acc"
    everybody = requests.utils.quote(json.dumps({"field": "x", "op": "is_not_null"}))
    for name, path, wanted in (
        ("series of one field, 2,000 points", f"{base}/series?fields=x&points=2000", 1000),
        ("series of three fields", f"{base}/series?fields=x,y,z&points=2000", 1000),
        ("series of one participant", f"{base}/series?fields=x&participant=p1777", 1000),
        ("distribution of a field", f"{base}/distribution?fields=x&filter={everybody}", 1000),
        ("records of each day", f"{base}/arrivals?filter={everybody}", 1000),
        ("overview of the study", "/studies/bench/overview", 50),
        ("overview of a participant", "/studies/bench/participants/p1777/overview", 1000),
    ):
        milliseconds = timed(server, path, runs=5)
        bound = rows <= 1_000_000
        table.add(f"{name}, {rows:,} rows", f"{milliseconds:.0f} ms", f"< {wanted} ms" if bound else "", milliseconds < wanted if bound else None)
    table.add(f"resident after that, {rows:,} rows", f"{resident(server):.0f} MB", "< 1000 MB", resident(server) < 1000)


def resident(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def load(server, path, body, connections, seconds=8, method="POST"):
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        done = subprocess.run(
            [BUILD / "http_load", "--connections", str(connections), "--seconds", str(seconds), "--method", method, *(["--body", file.name] if body else []),
             "--header", f"Authorization: Bearer {server.key}", "--header", "Content-Type: application/x-ndjson", server.address(path)],
            check=True, capture_output=True, text=True)
    return done.stdout


def requests_per_second(report):
    return float(next(word for line in report.splitlines() if "requests/s" in line for word in line.replace(",", "").split() if word.replace(".", "").isdigit()))


def event(number):
    return json.dumps({"participant": f"p{number % 40}", "session": f"room-{number % 8}", "time": f"2026-03-01T10:{number % 60:02}:{number % 59:02}.{number % 1000:03}Z", "onset_ms": number * 7,
                       "values": {"category": "component", "event_type": "component.response", "component": f"video-{number % 9}", "content": "a short note", "state": "s3", "duration": number % 900,
                                  "value": number / 8, "ok": number % 2 == 0}}) + "\n"


def bench_ingest(table, work):
    server = Server(work / "ingest")
    server.session.post(server.address("/studies"), json={"id": "load"}).raise_for_status()
    fields = [("category", "string"), ("event_type", "string"), ("component", "string"), ("content", "string"), ("state", "string"), ("duration", "integer"), ("value", "double"), ("ok", "boolean")]
    server.session.put(server.address("/studies/load/datasets/events"), json={"kind": "events", "fields": [{"id": name, "type": kind} for name, kind in fields]}).raise_for_status()
    path = "/studies/load/datasets/events/records"
    batch = "".join(event(number) for number in range(1000)).encode()
    for connections in (4, 8, 16):
        report = load(server, path, batch, connections)
        rate = requests_per_second(report) * 1000
        table.add(f"ingest, batches of 1,000 events, {connections} connections", f"{rate:,.0f} events/s", ">= 200,000", rate >= 200_000)
    report = load(server, path, event(7).encode(), 64)
    rate = requests_per_second(report)
    table.add("single events, 64 connections", f"{rate:,.0f} requests/s", ">= 5,000", rate >= 5000)
    server.stop()


def bench_latency(table, server):
    alone = load(server, "/studies/bench/datasets/acc/summary", b"", 2, 4, "GET")
    stop = threading.Event()

    def export():
        while not stop.is_set():
            server.curl(export_path("csv", "&until=2026-01-04"))

    thread = threading.Thread(target=export)
    thread.start()
    time.sleep(0.5)
    beside = load(server, "/studies/bench/datasets/acc/summary", b"", 2, 8, "GET")
    stop.set()
    thread.join()
    table.add("small requests alone", " ".join(alone.split()))
    table.add("small requests beside a big export", " ".join(beside.split()))


def finished(look, wait_s=1800):
    deadline = time.monotonic() + wait_s
    while True:
        job = look()
        if job:
            return job
        assert time.monotonic() < deadline
        time.sleep(0.05)


def bench_avicenna(table, work):
    """The same sensor rows as a background export, asked for natively and in Avicenna's words; and what rules cost."""
    server = Server(work / "avicenna", ROWS)
    server.session.patch(server.address("/studies/bench"), json={"settings": {"number": 1234}}, timeout=60).raise_for_status()
    words = {"Authorization": f"ApiKey {EMAIL}:{server.key}"}

    people = [f"p{one}" for one in range(1000, 2000)]

    def native(number):
        # The same people and times. A filter of its own keeps jobs from sharing a file.
        chosen = [{"field": "participant", "op": "in", "value": people}, {"field": "time", "op": ">", "value": f"1970-01-01T00:00:{number:02}Z"}]
        body = {"format": "csv", "datasets": ["acc"], "columns": "participant,time,x,y,z,label", "filter": {"all": chosen}}
        started = time.perf_counter()
        job = server.session.post(server.address("/studies/bench/exports"), json=body, timeout=600).json()
        done = finished(lambda: (look := server.get(f"/exports/{job['id']}").json())["state"] == "succeeded" and look)
        return time.perf_counter() - started, done["file_size"]

    def avicenna(number):
        form = {"study_id": 1234, "data_source": 1, "start_date": number, "end_date": 4102444800000, "participant_ids": ",".join(people)}
        started = time.perf_counter()
        answer = requests.post(f"{server.url}/api/study/export/create/", data=form, headers=words, timeout=600)
        assert answer.status_code == 201, answer.text
        number = answer.json()["study_specific_id"]
        list_address = f"{server.url}/api/v1/filter/export/?study_id=1234&study_specific_id={number}"
        done = finished(lambda: (look := requests.get(list_address, headers=words, timeout=60).json()[0])["status"]["label"] == "Success" and look)
        assert done["rows"] == ROWS
        return time.perf_counter() - started, done["size"]

    # In turn: how quickly the kernel takes a file's pages changes by a factor of two from one to the next, so the median counts.
    runs = [(native(run), avicenna(run)) for run in range(1, 8)]
    (plain, plain_bytes), (sensor, sensor_bytes) = (sorted(column)[len(column) // 2] for column in zip(*runs))
    table.add(f"native CSV job, {ROWS:,} rows", f"{plain:.2f} s, {ROWS / plain / 1e6:.2f} M rows/s, {plain_bytes / plain / 1e6:.0f} MB/s")
    table.add(f"Avicenna sensor export, {ROWS:,} rows", f"{sensor:.2f} s, {ROWS / sensor / 1e6:.2f} M rows/s, {sensor_bytes / sensor / 1e6:.0f} MB/s", "MB/s >= 90 % of native", sensor_bytes / sensor >= 0.9 * plain_bytes / plain)
    fields = [{"id": f"Q{number}", "type": "integer"} for number in range(1, 101)]
    server.session.put(server.address("/studies/bench/datasets/7"), json={"kind": "survey", "fields": fields}, timeout=60).raise_for_status()

    def rules(leaves):
        """Until the request is answered: its rules are compiled and bound, and the job is in the catalog."""
        query = {"AND": [{"OR": [{"field_name": f"Q{number % 100 + 1}", "op": ">=", "value": number}, {"field_name": f"Q{number % 97 + 1}", "op": "not_in", "value": [1, 2]}]} for number in range(leaves // 2)]}
        body = json.dumps({"study_id": 1234, "filter": "ACTIVITY_RESPONSE", "activity_id": 7, "rule_set": {"columns": ["Q1"], "query": query, "sort_by": [{"field_name": "location", "sort_order": "asc"}]}})
        times = []
        for _ in range(20):
            started = time.perf_counter()
            answer = requests.post(f"{server.url}/api/v1/filter/export/", data=body, headers=words, timeout=60)
            times.append(time.perf_counter() - started)
            assert answer.status_code == 201, answer.text
            number = answer.json()["study_specific_id"]
            finished(lambda: requests.get(f"{server.url}/api/v1/filter/export/?study_id=1234&study_specific_id={number}", headers=words, timeout=60).json()[0]["status"]["id"] > 1)
        return sorted(times)[len(times) // 2] * 1000

    few, many = rules(2), rules(1000)
    table.add("request with 1,000 conditions, above one with 2", f"{many - few:.1f} ms ({many:.1f} ms in all)")
    bound = subprocess.run([BUILD / "bind_bench"], check=True, capture_output=True, text=True).stdout.strip()
    table.add("rules alone", bound, "< 50 ms", float(bound.split(":")[1].split()[0]) < 50)
    server.stop()


def main():
    chosen = sys.argv[1:] or ["export", "ingest", "pages", "plots", "memory", "latency", "avicenna"]
    table = Table()
    work = pathlib.Path(tempfile.mkdtemp(prefix="sheaf-bench-", dir=os.environ.get("SHEAF_BENCH_DIR")))
    try:
        if "export" in chosen:
            bench_export(table, work)
        if "avicenna" in chosen:
            bench_avicenna(table, work)
        if "ingest" in chosen:
            bench_ingest(table, work)
        if {"pages", "plots", "memory", "latency"} & set(chosen):
            if {"plots", "memory"} & set(chosen):
                small = Server(work / "small", 1_000_000)
                if "plots" in chosen:
                    bench_plots(table, small, 1_000_000)
                if "memory" in chosen:
                    bench_memory(table, small, 1_000_000)
                small.stop()
            server = Server(work / "many", MANY)
            if "pages" in chosen:
                bench_pages(table, server, MANY)
            if "plots" in chosen:
                bench_plots(table, server, MANY)
            if "latency" in chosen:
                bench_latency(table, server)
            if "memory" in chosen:
                bench_memory(table, server, MANY)
            server.stop()
    finally:
        table.print()
        shutil.rmtree(work, ignore_errors=True)
    return 0 if all(row[3] != "NO" for row in table.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
