"""Records coming in: formats, encodings, the three states, repetitions, partial acceptance."""
import gzip
import json
import threading

import pytest
import zstandard

from harness.client import ndjson

OPTIONS = [{"id": "alarm", "code": "1", "label": "Alarm clock"}, {"id": "self", "code": "2"}, {"id": "noise", "code": "3"}]
FIELDS = [
    {"id": "text", "type": "string"}, {"id": "whole", "type": "integer"}, {"id": "real", "type": "double"}, {"id": "yes", "type": "boolean"},
    {"id": "when", "type": "datetime"}, {"id": "who", "type": "identifier"}, {"id": "one", "type": "enum", "options": OPTIONS},
    {"id": "many", "type": "set", "options": OPTIONS}, {"id": "any", "type": "json"},
]
FULL = {
    "id": "r-1", "participant": "p-1", "session": "room 1", "time": "2026-01-31T08:15:00.25Z", "onset_ms": -1500.5,
    "values": {"text": "Größe \U0001f30d\n\"quoted\", tab\t", "whole": -9007199254740993, "real": 0.1, "yes": False, "when": "2026-01-31T10:00:00+02:00",
               "who": "007", "one": "alarm", "many": ["alarm", "noise"], "any": {"a": [1, 2.5, None, "x", {"b": False}]}},
    "metadata": {"text": {"device": "phone", "ms": 120}},
}
ANSWERED = {**FULL["values"], "when": "2026-01-31T08:00:00.000Z"}


@pytest.fixture
def dataset(study):
    return study.dataset("d", FIELDS)


def test_a_full_record_comes_back_as_sent(dataset):
    answer = dataset.send([FULL]).json()
    assert answer["accepted"] == 1 and answer["rejected"] == [] and answer["repeated"] is False
    record = dataset.page()["records"][0]
    assert record["values"] == ANSWERED
    assert type(record["values"]["yes"]) is bool and type(record["values"]["whole"]) is int
    assert {name: record[name] for name in ("id", "participant", "session", "time", "onset_ms", "metadata")} == {
        **{name: FULL[name] for name in ("id", "participant", "session", "onset_ms", "metadata")}, "time": "2026-01-31T08:15:00.250Z"}
    assert 0 < record["seq"] <= answer["seq"] and record["received_at"] == record["updated_at"] and "skipped" not in record and "time_offset" not in record


def test_the_recorded_offset_stays(dataset):
    dataset.send([{"participant": "p", "time": "2026-07-01T10:00:00+02:00", "values": {}},
                  {"participant": "p", "time": "2026-07-01T10:00:00-09:30", "values": {}},
                  {"participant": "p", "time": "2026-07-01T08:00:00Z", "time_offset": "+05:45", "values": {}},
                  {"participant": "p", "time": "2026-07-01 08:00", "values": {}}])
    records = dataset.page()["records"]
    assert [(record["time"], record.get("time_offset")) for record in records] == [
        ("2026-07-01T08:00:00.000Z", "+02:00"), ("2026-07-01T19:30:00.000Z", "-09:30"), ("2026-07-01T08:00:00.000Z", "+05:45"), ("2026-07-01T08:00:00.000Z", None)]


def test_what_came_out_can_be_sent_back(study, dataset):
    dataset.send([FULL, {"participant": "p", "time": "2026-07-01T10:00:00+02:00", "values": {"text": None}, "skipped": ["whole"]}])
    copy = study.dataset("copy", FIELDS)
    copy.send_raw(dataset.stream("ndjson").content)
    without = [{name: value for name, value in record.items() if name not in ("seq", "updated_at", "received_at")} for record in copy.page()["records"]]
    original = [{name: value for name, value in record.items() if name not in ("seq", "updated_at", "received_at")} for record in dataset.page()["records"]]
    assert without == original


def test_three_states(dataset):
    dataset.send([{"participant": "p", "values": {"text": "", "whole": 0, "yes": False, "many": []}},
                  {"participant": "p", "values": {"text": None}, "skipped": ["whole", "many", "any"]},
                  {"participant": "p", "values": {}}])
    first, second, third = dataset.page()["records"]
    assert first["values"] == {"text": "", "whole": 0, "yes": False, "many": []} and "skipped" not in first
    assert second["values"] == {} and sorted(second["skipped"]) == ["any", "many", "text", "whole"]
    assert third["values"] == {} and "skipped" not in third
    counts = {field["id"]: (field["answered"], field["skipped"], field["absent"]) for field in dataset.summary()["fields"]}
    assert counts == {"text": (1, 1, 1), "whole": (1, 1, 1), "real": (0, 0, 3), "yes": (1, 0, 2), "when": (0, 0, 3), "who": (0, 0, 3),
                      "one": (0, 0, 3), "many": (1, 1, 1), "any": (0, 1, 2)}


def test_options_by_id_or_code(dataset):
    dataset.send([{"participant": "p", "values": {"one": "1", "many": ["3", "alarm"]}}, {"participant": "p", "values": {"one": "self"}}])
    records = dataset.page()["records"]
    assert records[0]["values"]["one"] == "alarm" and sorted(records[0]["values"]["many"]) == ["alarm", "noise"]
    assert records[1]["values"]["one"] == "self"


@pytest.mark.parametrize("value", [9223372036854775807, -9223372036854775808, 0])
def test_all_64_bits(dataset, value):
    dataset.send([{"participant": "p", "values": {"whole": value}}])
    assert dataset.page()["records"][0]["values"]["whole"] == value
    assert str(value) in dataset.stream().text


@pytest.mark.parametrize("value", [0.1, 1e308, -1e-308, 5e-324, 1 / 3, 123456789.123456789, 3, -0.0])
def test_doubles_come_back_to_the_last_bit(dataset, value):
    dataset.send([{"participant": "p", "values": {"real": value}}])
    [record] = json.loads(dataset.api.get(f"{dataset.path}/records").text, parse_int=float)["records"]
    assert repr(record["values"]["real"]) == repr(float(value))
    assert repr(float(dataset.stream(columns="real").text.splitlines()[1])) == repr(float(value))


def test_json_array(dataset):
    body = json.dumps([FULL, {"participant": "p", "values": {}}], indent=2).encode()
    assert dataset.send_raw(body, "application/json").json()["accepted"] == 2
    assert dataset.page()["records"][0]["values"] == ANSWERED
    assert dataset.send_raw(b"[]", "application/json; charset=utf-8").json()["accepted"] == 0


def test_csv(dataset):
    text = ("participant,session,id,time,time_offset,onset_ms,text,whole,real,yes,when,who,one,many,any,seq\r\n"
            'p-1,room 1,r-1,2026-01-31T08:15:00.25Z,,-1500.5,"two\nlines, ""quoted""",-5,0.1,false,2026-01-31T10:00:00+02:00,007,1,alarm;3,"{""a"":[1]}",99\r\n'
            'p-2,,,,,,"",,,,,,,,,\r\n'
            "p-3,,,,,,<skipped>,<skipped>,,,,,,<skipped>,,\r\n")
    assert dataset.send_raw(text.encode(), "text/csv").json()["accepted"] == 3
    first, second, third = dataset.page()["records"]
    assert first["values"] == {"text": 'two\nlines, "quoted"', "whole": -5, "real": 0.1, "yes": False, "when": "2026-01-31T08:00:00.000Z", "who": "007",
                               "one": "alarm", "many": ["alarm", "noise"], "any": {"a": [1]}}
    assert (first["id"], first["session"], first["onset_ms"]) == ("r-1", "room 1", -1500.5)
    assert second["values"] == {"text": ""} and "session" not in second and "id" not in second and "time" not in second
    assert third["values"] == {} and sorted(third["skipped"]) == ["many", "text", "whole"]


@pytest.mark.parametrize("text", [
    "participant,whole\np,1\np,2",                      # LF, no last line end
    "\ufeffparticipant,whole\r\np,1\r\np,2\r\n",        # BOM
    '"participant","whole"\n"p","1"\n"p","2"\n',        # all quoted
    "whole,participant\n1,p\n2,p\n",                    # another order
])
def test_csv_variants(dataset, text):
    assert dataset.send_raw(text.encode(), "text/csv").json()["accepted"] == 2
    assert [record["values"] for record in dataset.page()["records"]] == [{"whole": 1}, {"whole": 2}]


@pytest.mark.parametrize("media,body", [
    ("application/x-ndjson", ndjson([FULL] * 1)), ("application/json", json.dumps([FULL]).encode()), ("text/csv", b"participant,text\r\np,x\r\n"),
])
@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity"])
def test_encodings(dataset, media, body, coding):
    packed = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress, "identity": bytes}[coding](body)
    assert dataset.send_raw(packed, media, {"Content-Encoding": coding}).json()["accepted"] == 1
    assert dataset.count() == 1


def test_compressed_in_several_members(dataset):
    one, two = (ndjson([{"participant": "p", "values": {"whole": number}}]) for number in (1, 2))
    assert dataset.send_raw(gzip.compress(one) + gzip.compress(two), headers={"Content-Encoding": "gzip"}).json()["accepted"] == 2
    frame = zstandard.ZstdCompressor().compress
    assert dataset.send_raw(frame(one) + frame(two), headers={"Content-Encoding": "zstd"}).json()["accepted"] == 2


def test_chunked_body_of_any_length(server, dataset):
    lines = 60_000
    line = json.dumps({"participant": "p", "values": {"text": "x" * 500, "whole": 1}}).encode() + b"\n"
    before = server.resident_bytes()

    def pieces():
        for _ in range(lines // 1000):
            yield line * 1000

    assert dataset.send_raw(pieces()).json()["accepted"] == lines
    assert dataset.count() == lines
    assert server.resident_bytes() - before < 600_000_000


def test_blank_lines_and_windows_line_ends(dataset):
    body = b'\n{"participant":"p","values":{"whole":1}}\r\n\r\n  \n{"participant":"p","values":{"whole":2}}'
    assert dataset.send_raw(body).json()["accepted"] == 2


def test_an_empty_body_is_no_records(dataset):
    answer = dataset.send_raw(b"").json()
    assert (answer["accepted"], answer["rejected"], answer["rejected_total"], answer["repeated"]) == (0, [], 0, False)


BAD = [
    ({"values": {"whole": 1}}, "missing-participant", None),
    ({"participant": "", "values": {}}, "missing-participant", None),
    ({"participant": 5.5, "values": {}}, "bad-member", None), ({"participant": True, "values": {}}, "bad-member", None), ({"participant": [], "values": {}}, "bad-member", None),
    ({"participant": "p", "values": {"nope": 1}}, "unknown-field", "nope"),
    ({"participant": "p", "values": {"whole": "1"}}, "wrong-type", "whole"),
    ({"participant": "p", "values": {"whole": 1.5}}, "wrong-type", "whole"),
    ({"participant": "p", "values": {"whole": True}}, "wrong-type", "whole"),
    ({"participant": "p", "values": {"whole": 9223372036854775808}}, "out-of-range", "whole"),
    ({"participant": "p", "values": {"real": "0.5"}}, "wrong-type", "real"),
    ({"participant": "p", "values": {"text": 5}}, "wrong-type", "text"),
    ({"participant": "p", "values": {"text": ["x"]}}, "wrong-type", "text"),
    ({"participant": "p", "values": {"yes": 1}}, "wrong-type", "yes"),
    ({"participant": "p", "values": {"yes": "true"}}, "wrong-type", "yes"),
    ({"participant": "p", "values": {"when": "31.01.2026"}}, "bad-time", "when"),
    ({"participant": "p", "values": {"when": 5}}, None, "when"),
    ({"participant": "p", "values": {"one": "snooze"}}, "unknown-option", "one"),
    ({"participant": "p", "values": {"one": 1}}, None, "one"),
    ({"participant": "p", "values": {"many": "alarm"}}, "wrong-type", "many"),
    ({"participant": "p", "values": {"many": ["alarm", "snooze"]}}, "unknown-option", "many"),
    ({"participant": "p", "values": {}, "skipped": ["nope"]}, "unknown-field", "nope"),
    ({"participant": "p", "values": {"whole": 1}, "skipped": ["whole"]}, None, "whole"),
    ({"participant": "p", "values": {}, "skipped": "whole"}, None, None),
    ({"participant": "p", "values": []}, None, None),
    ({"participant": "p", "values": {}, "extra": 1}, "unknown-member", None),
    ({"participant": "p", "time": "2026-02-30T00:00:00Z", "values": {}}, "bad-time", None),
    ({"participant": "p", "time": 5, "values": {}}, None, None),
    ({"participant": "p", "time": "10000-01-01T00:00:00Z", "values": {}}, "bad-time", None),
    ({"participant": "p", "onset_ms": "5", "values": {}}, None, None),
    ({"participant": "p\u0000", "values": {}}, "bad-id", None),
    ({"participant": "x" * 256, "values": {}}, "bad-id", None),
    ({"participant": "p", "session": "a\nb", "values": {}}, "bad-id", None),
    ({"participant": "p", "id": "", "values": {}}, None, None),
    ({"participant": "p", "values": {}, "metadata": {"nope": {}}}, "unknown-field", "nope"),
    ({"participant": "p", "values": {}, "metadata": {"text": 5}}, None, None),
    (5, None, None), ([], None, None), ("x", None, None), (None, None, None),
]


@pytest.mark.parametrize("record,slug,field", BAD, ids=[json.dumps(entry[0])[:60] for entry in BAD])
def test_bad_records_are_named_and_nothing_is_kept(dataset, record, slug, field):
    good = {"participant": "p", "values": {"whole": 1}}
    problem = dataset.send([good, record, good], error="records-rejected").json()
    assert problem["rejected_total"] == 1
    [rejection] = problem["rejected"]
    assert rejection["line"] == 2 and rejection["error"]
    if slug:
        assert rejection["slug"] == slug, rejection
    if field:
        assert rejection["field"] == field
    assert dataset.count() == 0
    answer = dataset.send([good, record, good], on_error="skip").json()
    assert answer["accepted"] == 2 and answer["rejected"] == [rejection] and dataset.count() == 2


@pytest.mark.parametrize("line", [
    b'{"participant":"p","values":{"real":NaN}}', b'{"participant":"p","values":{"real":Infinity}}', b'{"participant":"p","values":{"real":1e999}}',
    b'{"participant":"p","values":{"whole":01}}', b'{"participant":"p","values":{"text":"\xff\xfe"}}', b'{"participant":"p","values":{"text":"\xed\xa0\x80"}}',
    b'{"participant":"p","values":{"text":"\\ud800"}}', b'{"participant":"p","participant":"q","values":{}}', b'{"participant":"p","values":{"whole":1,"whole":2}}',
    b'{"participant":"p","values":{}} trailing', b'{"participant":"p","values":{}', b'{"participant":"p","values":{"text":"\x01"}}', b"{'participant':'p'}", b"nonsense",
    b'{"participant":"p","values":{}}{"participant":"p","values":{}}', b"\x00",
    b'{"participant":"p","values":{"any":' + b"[" * 5000 + b"]" * 5000 + b"}}",
])
def test_bad_lines(dataset, line):
    good = b'{"participant":"p","values":{"whole":1}}\n'
    problem = dataset.send_raw(good + line + b"\n" + good, error="records-rejected").json()
    assert [rejection["line"] for rejection in problem["rejected"]] == [2]
    assert dataset.count() == 0
    assert dataset.send_raw(good + line + b"\n" + good, params={"on_error": "skip"}).json()["accepted"] == 2


@pytest.mark.parametrize("row,slug", [
    ("p,x", "wrong-type"), ("p,1.5", "wrong-type"), ("p,NaN", "wrong-type"), (",1", "missing-participant"), ("p,99999999999999999999", "out-of-range"), ("p,0x10", "wrong-type"),
    ("p", "bad-csv"), ("p,1,2", "bad-csv"), ("p, 1", "wrong-type"),
])
def test_bad_csv_rows(dataset, row, slug):
    body = f"participant,whole\np,1\n{row}\np,2\n".encode()
    problem = dataset.send_raw(body, "text/csv", error="records-rejected").json()
    assert [(rejection["line"], rejection["slug"]) for rejection in problem["rejected"]] == [(3, slug)]
    assert dataset.send_raw(body, "text/csv", params={"on_error": "skip"}).json()["accepted"] == 2


@pytest.mark.parametrize("row", ["nan", "NaN", "inf", "-Infinity", "1e999", "1,5", "0x1p3", "1_000", "--1", "1e"])
def test_numbers_that_are_none(dataset, row):
    dataset.send_raw(f'participant,real\np,"{row}"\n'.encode(), "text/csv", error="records-rejected")


@pytest.mark.parametrize("body,slug", [
    (b"", "bad-csv"), (b"whole\n1\n", "missing-participant"), (b"participant,nope\np,1\n", "unknown-field"), (b"participant,whole,whole\np,1,2\n", "bad-csv"),
    (b'participant,text\np,"open\n', "bad-csv"), (b'participant,text\np,"a"b\n', "bad-csv"), (b"participant,\xff\np,1\n", "bad-utf8"), (b"participant,text\np,\xff\n", "bad-utf8"),
])
def test_csv_as_a_whole(dataset, body, slug):
    response = dataset.api.session.post(dataset.api.url + "/api/v1" + dataset.path + "/records", data=body, headers={"Content-Type": "text/csv"})
    problem = response.json()
    assert response.status_code in (400, 422), problem
    assert slug in [problem["slug"]] + [rejection["slug"] for rejection in problem.get("rejected", [])], problem
    assert dataset.count() == 0


def test_csv_with_a_header_alone_is_no_records(dataset):
    assert dataset.send_raw(b"participant,whole\r\n", "text/csv").json()["accepted"] == 0


def test_ids_may_be_whole_numbers(dataset):
    """Many platforms number their people; the number's digits are the id."""
    dataset.send([{"participant": 5, "session": 12, "values": {}}])
    record = dataset.page()["records"][0]
    assert (record["participant"], record["session"]) == ("5", "12")


@pytest.mark.parametrize("body,slug", [
    (b"", "bad-json"), (b"[", "bad-json"), (b'[{"participant":"p","values":{}}', "bad-json"), (b'[{"participant":"p","values":{}},]', "bad-json"),
    (b"{}", "bad-json"), (b"5", "bad-json"), (b'[{"participant":"p","values":{}}] x', "bad-json"), (b"\xff", "bad-json"),
])
def test_json_array_as_a_whole(dataset, body, slug):
    response = dataset.api.session.post(dataset.api.url + "/api/v1" + dataset.path + "/records", data=body, headers={"Content-Type": "application/json"})
    problem = response.json()
    assert response.status_code in (400, 422), problem
    assert slug in [problem["slug"]] + [rejection["slug"] for rejection in problem.get("rejected", [])], problem
    assert dataset.count() == 0


def test_required_fields(study):
    dataset = study.dataset("d", [{"id": "a", "type": "integer", "required": True}, {"id": "b", "type": "integer"}])
    problem = dataset.send([{"participant": "p", "values": {"b": 1}}], error="records-rejected").json()
    assert problem["rejected"][0]["slug"] == "missing-value" and problem["rejected"][0]["field"] == "a"
    dataset.send([{"participant": "p", "values": {}, "skipped": ["a"]}, {"participant": "p", "values": {"a": 0}}])
    assert dataset.count() == 2


def test_a_keyed_record_is_replaced(study):
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}], kind="survey")
    dataset.send([{"participant": "p", "values": {"a": 1}}], error="records-rejected")
    first = dataset.send([{"id": "r", "participant": "p", "values": {"a": 1}}, {"id": "s", "participant": "p", "values": {"a": 1}}]).json()
    before = {record["id"]: record for record in dataset.page()["records"]}
    second = dataset.send([{"id": "r", "participant": "q", "values": {"a": 2}}]).json()
    assert second["accepted"] == 1 and second["seq"] > first["seq"]
    after = {record["id"]: record for record in dataset.page()["records"]}
    assert after["s"] == before["s"]
    assert after["r"]["values"] == {"a": 2} and after["r"]["participant"] == "q" and after["r"]["seq"] > before["r"]["seq"]
    assert after["r"]["received_at"] == before["r"]["received_at"] and after["r"]["updated_at"] >= before["r"]["updated_at"]
    summary = dataset.summary()
    assert summary["records"] == 2 and summary["fields"][0]["answered"] == 2


def test_an_equal_record_changes_nothing(study):
    for kind in ("survey", "events"):
        dataset = study.dataset(f"d-{kind}", [{"id": "a", "type": "integer"}], kind=kind)
        record = {"id": "r", "participant": "p", "values": {"a": 1}}
        first = dataset.send([record]).json()
        second = dataset.send([record]).json()
        assert second["accepted"] == 1 and second["seq"] == first["seq"] and dataset.count() == 1


def test_the_same_id_twice_in_one_request(study):
    keyed = study.dataset("k", [{"id": "a", "type": "integer"}], kind="survey")
    keyed.send([{"id": "r", "participant": "p", "values": {"a": number}} for number in range(5)])
    assert [record["values"] for record in keyed.page()["records"]] == [{"a": 4}]
    append = study.dataset("a", [{"id": "a", "type": "integer"}])
    append.send([{"id": "r", "participant": "p", "values": {"a": 1}}] * 3)
    assert append.count() == 1


def test_idempotency_key(dataset):
    record = {"participant": "p", "values": {"whole": 1}}
    first = dataset.send([record], key="k-1").json()
    again = dataset.send([record], key="k-1").json()
    assert again["repeated"] is True and again["accepted"] == first["accepted"] and again["seq"] <= first["seq"]
    assert dataset.count() == 1
    dataset.send([{"participant": "p", "values": {"whole": 2}}], key="k-1", error="idempotency-mismatch")
    dataset.send([record], key="k-2")
    assert dataset.count() == 2


def test_idempotency_keys_are_ones_own(study, admin, dataset):
    """Another account's key of the same name is another key; so is one in another dataset."""
    record = {"participant": "p", "values": {"whole": 1}}
    other = study.dataset("other", FIELDS)
    assert dataset.send([record], key="same").json()["repeated"] is False
    assert other.send([record], key="same").json()["repeated"] is False
    answer = admin.call("POST", f"{dataset.path}/records", data=ndjson([record]), headers={"Content-Type": "application/x-ndjson", "Idempotency-Key": "same"}).json()
    assert answer["repeated"] is False and dataset.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_bad_idempotency_keys(dataset, key):
    dataset.api.call("POST", f"{dataset.path}/records", data=ndjson([]), headers={"Content-Type": "application/x-ndjson", "Idempotency-Key": key}, error="bad-parameter")


def test_a_refused_request_does_not_use_up_its_key(dataset):
    dataset.send([{"participant": "p", "values": {"nope": 1}}], key="k", error="records-rejected")
    assert dataset.send([{"participant": "p", "values": {"whole": 1}}], key="k").json()["repeated"] is False


def test_many_writers_at_once(study, dataset):
    answers, threads = [], []

    def write(writer):
        for number in range(20):
            answers.append(dataset.send([{"participant": f"p{writer}", "values": {"whole": number}}] * 5).json()["accepted"])

    for writer in range(8):
        threads.append(threading.Thread(target=write, args=(writer,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert answers == [5] * 160
    records, _ = dataset.walk(limit=333)
    assert len(records) == 800 and len({record["seq"] for record in records}) == 800
    for writer in range(8):
        assert [record["values"]["whole"] for record in records if record["participant"] == f"p{writer}"] == [number for number in range(20) for _ in range(5)]


def test_more_than_a_thousand_rejections_are_counted(dataset):
    answer = dataset.send([{"participant": "p", "values": {"whole": "x"}}] * 1500 + [{"participant": "p", "values": {"whole": 1}}], on_error="skip").json()
    assert answer["accepted"] == 1 and len(answer["rejected"]) == 1000 and answer["rejected_total"] == 1500


def test_summary(study):
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}])
    empty = dataset.summary()
    assert empty == {"dataset": "d", "records": 0, "participants": 0, "sessions": 0, "first_time": None, "last_time": None, "first_received": None,
                     "last_received": None, "last_seq": 0, "fields": [{"id": "a", "answered": 0, "skipped": 0, "absent": 0}]}
    answer = dataset.send([{"participant": "p", "session": "s", "time": "2026-01-02T00:00:00Z", "values": {"a": 1}}, {"participant": "q", "time": "2026-01-01T00:00:00Z", "values": {}},
                           {"participant": "p", "values": {"a": None}}]).json()
    summary = dataset.summary()
    assert (summary["records"], summary["participants"], summary["sessions"]) == (3, 2, 1)
    assert (summary["first_time"], summary["last_time"]) == ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z")
    assert 0 < summary["last_seq"] <= answer["seq"] and summary["fields"] == [{"id": "a", "answered": 1, "skipped": 1, "absent": 1}]
    assert summary["first_received"] <= summary["last_received"]


def test_deleting_records(study):
    dataset = study.dataset("d", [{"id": "a", "type": "integer"}])
    dataset.send([{"id": f"r/{number}", "participant": "p", "values": {"a": number}} for number in range(3)] + [{"participant": "q", "values": {"a": 9}}])
    records = dataset.page()["records"]
    dataset.api.delete(f"{dataset.path}/records/r%2F1", status=204)
    dataset.api.delete(f"{dataset.path}/records/seq:{records[3]['seq']}", status=204)
    assert [record["id"] for record in dataset.page()["records"]] == ["r/0", "r/2"]
    for path in ("r%2F1", f"seq:{records[3]['seq']}", "nobody", "seq:99999999", "seq:-1", "seq:x"):
        response = dataset.api.call("DELETE", f"{dataset.path}/records/{path}", status=None, error="not-found" if not path.endswith(("-1", "x")) else None) \
            if not path.endswith(("-1", ":x")) else dataset.api.session.delete(dataset.api.url + "/api/v1" + dataset.path + "/records/" + path)
        assert response.status_code in (400, 404)
    summary = dataset.summary()
    assert summary["records"] == 2 and summary["participants"] == 1 and summary["fields"][0]["answered"] == 2


def test_a_deleted_id_can_come_again(study):
    for kind in ("survey", "events"):
        dataset = study.dataset(f"d-{kind}", [{"id": "a", "type": "integer"}], kind=kind)
        dataset.send([{"id": "r", "participant": "p", "values": {"a": 1}}])
        dataset.api.delete(f"{dataset.path}/records/r")
        dataset.send([{"id": "r", "participant": "p", "values": {"a": 2}}])
        assert [record["values"] for record in dataset.page()["records"]] == [{"a": 2}]
