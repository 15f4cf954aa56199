"""Looking through records: keyset pages, sorting, columns, and reading on with `since`."""
import threading
import time

import pytest

FIELDS = [{"id": "n", "type": "integer"}, {"id": "t", "type": "string"}, {"id": "e", "type": "enum", "options": [{"id": "b"}, {"id": "a"}]}]


def seqs(records):
    return [record["seq"] for record in records]


@pytest.fixture(scope="module")
def dataset(module_study):
    dataset = module_study.dataset("d", FIELDS)
    dataset.send([{"id": f"r{number}", "participant": f"p{number % 7}", "time": f"2026-01-01T00:{number % 60:02}:00Z",
                   "values": {"n": number % 10, "t": f"text {number}", **({"e": "ab"[number % 2]} if number % 3 else {})}} for number in range(250)])
    return dataset


@pytest.mark.parametrize("limit", [1, 7, 100, 249, 250, 251, 10000])
def test_pages_cover_everything_once(dataset, limit):
    records, page = dataset.walk(limit=limit)
    assert [record["id"] for record in records] == [f"r{number}" for number in range(250)]
    assert page["total"] == 250 and page["has_more"] is False and page["cursor"]


@pytest.mark.parametrize("sort,key", [
    ("n", lambda row: row["values"]["n"]), ("-n", lambda row: -row["values"]["n"]), ("-time", lambda row: [-ord(letter) for letter in row["time"]]),
    ("participant,-n", lambda row: (row["participant"], -row["values"]["n"])), ("+t", lambda row: row["values"]["t"]), ("-seq", lambda row: -row["seq"]), ("id", lambda row: row["id"]),
])
def test_sorted_pages(dataset, sort, key):
    records, _ = dataset.walk(limit=37, sort=sort)
    everything, _ = dataset.walk(limit=1000)
    assert seqs(records) == seqs(sorted(everything, key=lambda row: (key(row), row["seq"])))


@pytest.mark.parametrize("sort,first", [("e", "ba"), ("-e", "ab")])
def test_no_answer_comes_last(dataset, sort, first):
    records, _ = dataset.walk(limit=50, sort=sort)
    answers = [record["values"].get("e") for record in records]
    assert answers[-84:] == [None] * 84 and None not in answers[:-84]
    assert sorted(set(answers[:-84]), key=answers.index) in (list(first), list(reversed(first)))
    assert sorted(seqs(records)) == seqs(dataset.walk(limit=1000)[0])


def test_pages_with_a_filter(dataset):
    records, page = dataset.walk(limit=4, filter='{"field":"n","op":"=","value":3}')
    assert len(records) == 25 and page["total"] == 25 and all(record["values"]["n"] == 3 for record in records)


def test_columns(dataset):
    page = dataset.page(limit=2, columns="participant,n")
    assert page["records"] == [{"participant": "p0", "values": {"n": 0}}, {"participant": "p1", "values": {"n": 1}}]
    assert set(dataset.page(limit=1, columns="seq,t")["records"][0]) == {"seq", "values"}
    rest, _ = dataset.walk(limit=100, columns="id")
    assert [record["id"] for record in rest] == [f"r{number}" for number in range(250)]


@pytest.mark.parametrize("params,error,place", [
    ({"limit": "0"}, "bad-parameter", "limit"), ({"limit": "10001"}, "bad-parameter", "limit"), ({"limit": "ten"}, "bad-parameter", "limit"),
    ({"sort": "nope"}, "unknown-field", "sort"), ({"sort": "n,n"}, "bad-parameter", "sort"), ({"columns": "nope"}, "unknown-field", "columns"), ({"columns": "n,n"}, "bad-parameter", "columns"),
    ({"cursor": "nonsense"}, "bad-cursor", "cursor"), ({"cursor": ""}, None, None), ({"tombstones": "perhaps"}, "bad-parameter", "tombstones"), ({"since": "soon"}, "bad-parameter", "since"),
    ({"participant": ""}, "bad-parameter", "participant"), ({"page": "2"}, "unknown-parameter", "page"), ({"format": "csv"}, "unknown-parameter", "format"), ({"profile": "excel"}, "unknown-parameter", "profile"),
    ({"since": "c00000"}, None, None),
])
def test_bad_parameters(dataset, params, error, place):
    if error is None:
        response = dataset.api.session.get(dataset.api.url + "/api/v1" + dataset.path + "/records", params=params)
        assert response.status_code in (200, 400)
        return
    dataset.page(error=error, place=place, **params)


def test_a_parameter_twice(dataset):
    dataset.api.get(f"{dataset.path}/records?limit=1&limit=2", error="bad-parameter", place="limit")


def test_a_cursor_belongs_to_its_question(dataset, study):
    cursor = dataset.page(limit=10, sort="n")["cursor"]
    for params in ({}, {"sort": "-n"}, {"sort": "n", "filter": '{"field":"n","op":">","value":2}'}, {"sort": "n", "participant": "p1"}):
        dataset.page(cursor=cursor, error="bad-cursor", **params)
    other = study.dataset("d", FIELDS)
    other.page(cursor=cursor, sort="n", error="bad-cursor")
    altered = cursor[:-3] + ("AAA" if cursor[-3:] != "AAA" else "BBB")
    response = dataset.api.session.get(dataset.api.url + "/api/v1" + dataset.path + "/records", params={"cursor": altered, "sort": "n"})
    assert response.status_code == 400 and response.json()["slug"] == "bad-cursor"


def test_an_empty_dataset(study):
    page = study.dataset("d", FIELDS).page()
    assert page["records"] == [] and page["total"] == 0 and page["has_more"] is False


@pytest.mark.parametrize("sort", [None, "n"])
def test_pages_while_others_write(study, sort):
    """What was there at the first page comes exactly once, whatever is written meanwhile."""
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": "p", "values": {"n": number % 5}} for number in range(600)])
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            written.append(dataset.send([{"participant": "w", "values": {"n": len(written) % 5}}] * 3).json()["seq"])

    first = dataset.page(limit=1000)
    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        while len(written) < 5:
            time.sleep(0.01)
        found, params = [], {"limit": 23, **({"sort": sort} if sort else {})}
        total = None
        while True:
            page = dataset.page(**params)
            total = total if total is not None else page["total"]
            assert page["total"] == total, "the total is that of the first page's instant"
            found += page["records"]
            if not page["has_more"]:
                break
            params["cursor"] = page["cursor"]
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert len(found) == len(set(seqs(found))), "no record twice"
    assert set(seqs(first["records"])) <= set(seqs(found)), "no record missed"
    assert len(found) == total
    # And the last page's cursor reads on where the walk ended.
    later, _ = dataset.walk(since=page["cursor"], limit=100)
    assert not set(seqs(later)) & set(seqs(found))
    assert set(seqs(later)) | set(seqs(found)) == set(seqs(dataset.walk(limit=5000)[0]))


def test_since_reads_what_is_new(study):
    dataset = study.dataset("d", FIELDS)
    start = dataset.page()["cursor"]
    dataset.send([{"participant": "p", "values": {"n": 1}}])
    page = dataset.page(since=start)
    assert [record["values"]["n"] for record in page["records"]] == [1] and page["total"] == 1
    assert dataset.page(since=page["cursor"])["records"] == []
    dataset.send([{"participant": "p", "values": {"n": number}} for number in range(2, 7)])
    records, last = dataset.walk(since=page["cursor"], limit=2)
    assert [record["values"]["n"] for record in records] == [2, 3, 4, 5, 6]
    assert dataset.page(since=last["cursor"])["total"] == 0
    assert dataset.count(since=page["cursor"]) == 5 and dataset.count(until=page["cursor"]) == 1


def test_since_covers_edits_and_deletions(study):
    dataset = study.dataset("d", FIELDS, kind="survey")
    dataset.send([{"id": f"r{number}", "participant": "p", "values": {"n": number}} for number in range(4)])
    page = dataset.page()
    cursor, before = page["cursor"], {record["id"]: record["seq"] for record in page["records"]}
    dataset.send([{"id": "r1", "participant": "p", "values": {"n": 11}}, {"id": "new", "participant": "p", "values": {"n": 99}}])
    dataset.api.delete(f"{dataset.path}/records/r2")
    changed = dataset.page(since=cursor, tombstones="true")
    assert {record["id"]: record["values"]["n"] for record in changed["records"]} == {"r1": 11, "new": 99}
    assert [(entry["id"], entry["record_seq"]) for entry in changed["deleted"]] == [("r2", before["r2"])]
    assert changed["deleted"][0]["seq"] > before["r3"]
    assert "deleted" not in dataset.page(since=cursor)
    assert dataset.page(since=changed["cursor"], tombstones="true")["deleted"] == []
    # A mirror that applies them is the dataset.
    mirror = {record["id"]: record["values"] for record in page["records"]}
    for entry in changed["deleted"]:
        mirror.pop(entry["id"], None)
    mirror.update({record["id"]: record["values"] for record in changed["records"]})
    assert mirror == {record["id"]: record["values"] for record in dataset.page()["records"]}


def test_deleted_and_created_again_between_two_looks(study):
    dataset = study.dataset("d", FIELDS, kind="survey")
    dataset.send([{"id": "r", "participant": "p", "values": {"n": 1}}])
    cursor = dataset.page()["cursor"]
    dataset.api.delete(f"{dataset.path}/records/r")
    dataset.send([{"id": "r", "participant": "p", "values": {"n": 2}}])
    changed = dataset.page(since=cursor, tombstones="true")
    assert [record["values"]["n"] for record in changed["records"]] == [2]
    assert all(entry["seq"] < changed["records"][0]["seq"] for entry in changed["deleted"]), "applied in order of seq, the record is there"


def test_a_mirror_stays_equal_while_others_write(study):
    """Incremental reading with edits and deletions under load ends with the same content."""
    dataset = study.dataset("d", FIELDS, kind="survey")
    stop = threading.Event()

    def write(writer):
        number = 0
        while not stop.is_set():
            number += 1
            dataset.send([{"id": f"w{writer}-{number % 13}", "participant": "p", "values": {"n": number}}])
            if number % 5 == 0:
                dataset.api.session.delete(dataset.api.url + f"/api/v1{dataset.path}/records/w{writer}-{(number // 5) % 13}")

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    mirror, cursor = {}, None

    def catch_up():
        nonlocal cursor
        params = {"limit": 50, "tombstones": "true", **({"since": cursor} if cursor else {})}
        changes = []
        while True:
            page = dataset.page(**params)
            changes += [(record["seq"], record["id"], record["values"]) for record in page["records"]]
            changes += [(entry["seq"], entry["id"], None) for entry in page.get("deleted", [])]
            if not page["has_more"]:
                break
            params["cursor"] = page["cursor"]
        cursor = page["cursor"]
        for _, identity, values in sorted(changes, key=lambda change: change[0]):
            if values is None:
                mirror.pop(identity, None)
            else:
                mirror[identity] = values

    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            catch_up()
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    catch_up()
    assert mirror == {record["id"]: record["values"] for record in dataset.walk(limit=1000)[0]}


def test_a_cursor_from_the_future_is_refused(study):
    dataset = study.dataset("d", FIELDS)
    dataset.send([{"participant": "p", "values": {"n": 1}}] * 50)
    ahead = dataset.page()["cursor"]
    other = study.api.post("/studies", {}, status=201).json()["id"]
    study.api.put(f"/studies/{other}/datasets/d", {"fields": FIELDS})
    study.api.get(f"/studies/{other}/datasets/d/records", params={"since": ahead}, error="bad-cursor", place="since")


def test_values_as_codes_and_labels(study):
    dataset = study.dataset("d", [{"id": "e", "type": "enum", "options": [{"id": "a", "code": "1", "label": "Yes, indeed"}]}])
    dataset.send([{"participant": "p", "values": {"e": "a"}}])
    assert [dataset.page(values=values)["records"][0]["values"]["e"] for values in ("ids", "codes", "labels")] == ["a", "1", "Yes, indeed"]
