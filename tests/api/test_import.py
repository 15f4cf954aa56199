"""`sheaf import` and `sheaf export`: real data in and out, cell by cell, and every kind of file."""
import csv
import gzip
import io
import json

import pytest

from conftest import new_study
from harness import program
from harness.client import Api

SHARED = program.ROOT.parent / "shared" / "data"


def command(server, key, *words, **options):
    verb, *rest = words
    return program.run(verb, "--server", server.url, "--key", key, *rest, **options)


def table(text):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    return rows[0], rows[1:]


@pytest.fixture(scope="module")
def imported(server, owner_key, owner):
    """Each file once; the tests export it in many ways."""
    made = {}

    def get(name):
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"{path} is not here")
        if name not in made:
            study = f"real-{name.split('.')[0]}-{owner_key[-6:].replace('_', '-')}"
            finished = command(server, owner_key, "import", "--study", study, "--dataset", "answers", "--kind", "survey", "--participant-column", "rownames", path, timeout=600)
            made[name] = (study, path, finished)
        return made[name]

    return get


@pytest.mark.parametrize("name,rows", [("bfi.csv", 2800), ("yrbss.csv", 13583)])
@pytest.mark.parametrize("format", ["csv", "json", "ndjson", "parquet"])
def test_real_data_comes_out_unchanged(server, owner, owner_key, imported, tmp_path, name, rows, format):
    study, path, _ = imported(name)
    header, cells = table(path.read_text(encoding="utf-8"))
    assert len(cells) == rows
    out = tmp_path / f"out.{format}"
    if format == "csv":
        columns = ",".join(["participant", *header[1:]])
        command(server, owner_key, "export", "--study", study, "--dataset", "answers", "--format", "csv", "--columns", columns, "-o", out)
    else:
        # Through the format and back into another dataset, then as CSV.
        command(server, owner_key, "export", "--study", study, "--dataset", "answers", "--format", format, "-o", out)
        back = f"back-{format}"
        words = ["--participant-column", "participant"] if format == "parquet" else []
        command(server, owner_key, "import", "--study", study, "--dataset", back, "--kind", "survey", *words, out, timeout=600)
        out = tmp_path / "out.csv"
        columns = ",".join(["participant", *header[1:]])
        command(server, owner_key, "export", "--study", study, "--dataset", back, "--format", "csv", "--columns", columns, "-o", out)
    out_header, out_cells = table(out.read_text(encoding="utf-8"))
    assert out_header == ["participant", *header[1:]]
    assert len(out_cells) == len(cells)
    different = [(row, column) for row, (mine, theirs) in enumerate(zip(out_cells, cells)) for column, (a, b) in enumerate(zip(mine, theirs)) if a != b]
    assert not different, [(row, header[column], cells[row][column], out_cells[row][column]) for row, column in different[:5]]


def test_import_says_what_it_inferred(imported):
    _, _, finished = imported("bfi.csv")
    text = finished.stdout + finished.stderr
    assert "2800" in text.replace(",", "") and "integer" in text


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name,content", [
    ("a.csv", "participant,n,t\np1,1,x\np2,2,y\n"), ("a.tsv", "participant\tn\tt\np1\t1\tx\np2\t2\ty\n"),
    ("a.ndjson", '{"participant":"p1","values":{"n":1,"t":"x"}}\n{"participant":"p2","values":{"n":2,"t":"y"}}\n'),
    ("a.json", '[{"participant":"p1","values":{"n":1,"t":"x"}},{"participant":"p2","values":{"n":2,"t":"y"}}]'),
    ("bom.csv", "\ufeffparticipant,n,t\r\np1,1,x\r\np2,2,y\r\n"),
])
def test_kinds_of_files(server, owner, owner_key, study, tmp_path, name, content):
    command(server, owner_key, "import", "--study", study.id, "--dataset", "d", write(tmp_path / name, content))
    records = owner.get(f"{study.path}/datasets/d/records").json()["records"]
    assert [(record["participant"], record["values"]) for record in records] == [("p1", {"n": 1, "t": "x"}), ("p2", {"n": 2, "t": "y"})]


def test_a_directory(server, owner, owner_key, study, tmp_path):
    for number in range(3):
        write(tmp_path / f"part{number}.csv", f"participant,n\np{number},{number}\n")
    command(server, owner_key, "import", "--study", study.id, "--dataset", "d", tmp_path)
    records = owner.get(f"{study.path}/datasets/d/records").json()["records"]
    assert sorted(record["values"]["n"] for record in records) == [0, 1, 2]


def test_inferred_types(server, owner, owner_key, study, tmp_path):
    rows = ["participant,when,whole,real,yes,text,zip,mixed,empty,long"]
    rows += [f"p{row},2026-01-{row + 1:02}T08:00:00Z,{row},{row}.25,{'true' if row % 2 else 'false'},some text {row},0{row},{row if row else 'n/a'},,{2**63 + row}" for row in range(9)]
    finished = command(server, owner_key, "import", "--study", study.id, "--dataset", "d", "--time-column", "when", write(tmp_path / "a.csv", "\n".join(rows) + "\n"))
    types = {field["id"]: field["type"] for field in owner.get(f"{study.path}/datasets/d").json()["fields"]}
    assert types["whole"] == "integer" and types["real"] == "double" and types["yes"] == "boolean"
    assert types["text"] in ("string", "enum") and types["zip"] in ("string", "identifier", "enum") and types["mixed"] in ("string", "enum") and types["long"] in ("string", "identifier", "enum")
    for name in ("whole", "real", "yes"):
        assert name in finished.stdout + finished.stderr
    first = owner.get(f"{study.path}/datasets/d/records").json()["records"][0]
    assert first["time"] == "2026-01-01T08:00:00.000Z" and first["values"]["zip"] == "00" and "empty" not in first["values"]
    out = command(server, owner_key, "export", "--study", study.id, "--dataset", "d", "--format", "csv", "--columns", "participant,zip,mixed,long").stdout
    assert out.splitlines()[1] == f"p0,00,n/a,{2**63}"


def test_rejected_rows_are_listed(server, owner, owner_key, study, tmp_path):
    study.dataset("d", [{"id": "n", "type": "integer"}])
    finished = command(server, owner_key, "import", "--study", study.id, "--dataset", "d", write(tmp_path / "a.csv", "participant,n\np1,1\np2,two\np3,3\n"), check=False)
    assert finished.returncode != 0
    text = finished.stdout + finished.stderr
    assert "two" in text or "3" in text and "n" in text
    assert owner.get(f"{study.path}/datasets/d/count").json()["count"] in (0, 2)


@pytest.mark.parametrize("name,content", [
    ("a.csv", ""), ("a.csv", "participant,n\np,1,2,3\n"), ("a.csv", b"participant,n\np,\xff\xfe\n"), ("a.json", "{"), ("a.parquet", b"PAR1 not really PAR1"), ("a.ndjson", "nonsense\n"),
    ("a.csv", 'participant,n\np,"open\n'),
])
def test_broken_files(server, owner_key, study, tmp_path, name, content):
    finished = command(server, owner_key, "import", "--study", study.id, "--dataset", "d", write(tmp_path / name, content), check=False)
    assert finished.returncode not in (0, 99) and finished.returncode > 0, "a clear failure, no crash"
    assert finished.stderr.strip()


@pytest.mark.parametrize("words", [
    ["import", "--study", "x", "--dataset", "d", "/no/such/file.csv"], ["export", "--study", "nope", "--dataset", "d", "--format", "csv"],
    ["export", "--study", "x", "--dataset", "d", "--format", "xlsx"], ["import", "--study", "x"], ["export"], ["nonsense"], [],
])
def test_commands_that_cannot_work(server, owner_key, words):
    finished = program.run(*(words[:1] + ["--server", server.url, "--key", owner_key] + words[1:] if words and words[0] != "nonsense" else words), check=False)
    assert finished.returncode in (1, 2) and (finished.stderr.strip() or finished.stdout.strip())


def test_a_wrong_key_is_said_so(server, study, tmp_path):
    finished = program.run("export", "--server", server.url, "--key", "sheaf_wrong", "--study", study.id, "--dataset", "d", "--format", "csv", check=False)
    assert finished.returncode == 1 and "key" in finished.stderr.lower()


def test_export_options(server, owner_key, study):
    dataset = study.dataset("d", [{"id": "n", "type": "integer"}])
    dataset.send([{"participant": f"p{number}", "time": f"2026-01-0{number + 1}", "values": {"n": number}} for number in range(5)])
    out = command(server, owner_key, "export", "--study", study.id, "--dataset", "d", "--format", "csv", "--columns", "n", "--filter", '{"field":"n","op":">","value":0}',
                  "--sort", "-n", "--since", "2026-01-01", "--until", "2026-01-05").stdout
    assert out.split() == ["n", "3", "2", "1"]
    text = command(server, owner_key, "export", "--study", study.id, "--dataset", "d", "--format", "ndjson").stdout
    assert len([json.loads(line) for line in text.splitlines()]) == 5


def test_a_failed_export_leaves_no_file(server, owner_key, study, tmp_path):
    out = tmp_path / "out.csv"
    finished = command(server, owner_key, "export", "--study", study.id, "--dataset", "nope", "--format", "csv", "-o", out, check=False)
    assert finished.returncode == 1 and not out.exists()


def test_importing_twice_a_keyed_dataset(server, owner, owner_key, study, tmp_path):
    study.dataset("d", [{"id": "n", "type": "integer"}], kind="survey")
    path = write(tmp_path / "a.csv", "id,participant,n\na,p1,1\nb,p2,2\n")
    for _ in range(2):
        command(server, owner_key, "import", "--study", study.id, "--dataset", "d", path)
    assert owner.get(f"{study.path}/datasets/d/count").json()["count"] == 2


def test_check_says_that_all_is_well(tmp_path):
    """On a server of its own: other tests damage things on purpose."""
    server = program.Server(tmp_path)
    server.add_user("owner@example.org")
    server.start()
    try:
        owner = Api(server.url, server.create_key("owner@example.org")["key"])
        study = new_study(owner)
        study.dataset("d", [{"id": "a", "type": "integer"}]).send([{"participant": "p", "values": {"a": 1}}])
        assert study.finished({"datasets": ["d"], "format": "csv"})["state"] == "succeeded"
        file = owner.post(f"{study.path}/files", {"kind": "recording", "participant": "p"}).json()["id"]
        owner.put(f"{study.path}/files/{file}/content", data=b"bytes")
        assert program.run("check", "--data", server.data).returncode == 0
    finally:
        assert server.stop() == 0
    assert program.run("check", "--data", server.data).returncode == 0


def test_help_everywhere():
    text = program.run("--help").stdout
    for verb in ("serve", "user", "key", "import", "export", "demo", "check", "verify"):
        assert verb in text
        assert program.run(verb, "--help").stdout.strip()
