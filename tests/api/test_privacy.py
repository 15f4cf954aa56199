"""Identifier modes of every format: what leaves, under which names, and what a filter may find out."""
import csv
import datetime
import io
import json
import zipfile

import pytest

from harness import program

FIELDS = [
    {"id": "email", "type": "string", "privacy": "direct"},
    {"id": "name", "type": "identifier", "privacy": "direct"},
    {"id": "note", "type": "string"},
    {"id": "partner", "type": "identifier"},
    {"id": "data", "type": "json"},
    {"id": "age", "type": "integer", "privacy": "quasi"},
    {"id": "mood", "type": "enum", "privacy": "sensitive", "options": [{"id": "good", "code": "1"}, {"id": "bad", "code": "2"}]},
    {"id": "likes", "type": "set", "options": [{"id": "tea"}, {"id": "milk"}]},
    {"id": "lat", "type": "double"},
    {"id": "born", "type": "datetime"},
]
# What must be in no byte of an export without identifiers.
SECRETS = [b"anna-7791", b"bruno-3312", b"room-5519", b"rec-8842", b"anna.private@example.org", b"Annabella Secretname", b"someone.else@example.com", b"192.168.7.91", b"2001:db8:77::91", b"friend@example.net"]


def records():
    return [
        {"id": "rec-8842-a", "participant": "anna-7791", "session": "room-5519", "time": "2026-01-31T08:00:00Z",
         "metadata": {"email": {"typed": "anna.private@example.org"}, "note": {"by": "anna-7791", "from": "192.168.7.91"}},
         "values": {"email": "anna.private@example.org", "name": "Annabella Secretname", "note": "ask someone.else@example.com, or 192.168.7.91 and 2001:db8:77::91.", "partner": "bruno-3312",
                    "data": {"to": "bruno-3312", "friend@example.net": [1, "friend\u0040example.net"], "lat": 48.137154, "n": 1.50}, "age": 34, "mood": "good", "likes": ["tea"], "lat": 48.137154, "born": "1991-05-17T10:20:30Z"}},
        {"id": "rec-8842-b", "participant": "bruno-3312", "session": "room-5519", "time": "2026-02-01T09:00:00Z", "skipped": ["email", "mood"],
         "values": {"note": "nothing here", "partner": "anna-7791", "age": 85, "likes": [], "lat": -11.55555, "born": "1941-12-31T00:00:00Z"}},
        {"id": "rec-8842-c", "participant": "anna-7791", "time": "2026-02-03T08:00:00Z", "values": {"note": "", "age": 34}},
    ]


@pytest.fixture(scope="module")
def dataset(module_study):
    dataset = module_study.dataset("d", FIELDS)
    dataset.send(records())
    return dataset


def lines(response):
    return [json.loads(line) for line in response.content.decode().split("\n") if line]


def check_no_secret(content):
    found = [secret for secret in SECRETS if secret in content]
    assert not found, found


def test_codes_stand_for_ids(dataset):
    first, second, third = lines(dataset.stream("ndjson", identifiers="remove"))
    assert first["participant"].startswith("P-") and first["session"].startswith("S-") and first["id"].startswith("R-")
    assert first["participant"] == third["participant"] != second["participant"] and first["session"] == second["session"]
    assert len({first["id"], second["id"], third["id"]}) == 3
    assert lines(dataset.stream("ndjson", identifiers="remove"))[0]["participant"] == first["participant"]
    assert dataset.page(identifiers="remove")["records"] == [first, second, third]


def test_codes_of_another_study_are_others(dataset, study):
    other = study.dataset("d", FIELDS)
    other.send(records())
    ours = {record["participant"] for record in lines(dataset.stream("ndjson", identifiers="remove"))}
    theirs = {record["participant"] for record in lines(other.stream("ndjson", identifiers="remove"))}
    assert not ours & theirs


def test_texts_are_masked_and_ids_in_them_coded(dataset):
    first, second, _ = lines(dataset.stream("ndjson", identifiers="remove"))
    assert first["values"]["note"] == "ask [email], or [ip] and [ip]."
    assert first["values"]["partner"] == second["participant"] and second["values"]["partner"] == first["participant"]
    assert first["values"]["data"] == {"to": second["participant"], "[email]": [1, "[email]"], "lat": 48.137154, "n": 1.5}
    assert first["metadata"] == {"note": {"by": first["participant"], "from": "[ip]"}}
    assert second["values"]["note"] == "nothing here" and second["skipped"] == ["mood"]


def test_a_page_counts_what_was_masked(dataset):
    assert dataset.page(identifiers="remove")["masked"] == {"emails": 3, "ip_addresses": 3, "ids": 4}
    assert "masked" not in dataset.page()


def test_direct_fields_do_not_leave(dataset):
    assert not {"email", "name"} & set(lines(dataset.stream("ndjson", identifiers="remove"))[0]["values"])
    header = dataset.stream("csv", identifiers="remove").content.decode().splitlines()[0].split(",")
    assert header == ["participant", "session", "time", "onset_ms", "note", "partner", "data", "age", "mood", "likes", "lat", "born"]
    document = dataset.stream("json", identifiers="remove").json()
    assert [field["id"] for field in document["definition"]["fields"]] == header[4:]


@pytest.mark.parametrize("params,place", [
    ({"columns": "participant,email"}, "columns"),
    ({"sort": "name"}, "sort"), ({"sort": "id"}, "sort"), ({"sort": "note"}, "sort"), ({"sort": "participant.code"}, "sort"),
    ({"filter": '{"field":"email","op":"contains","value":"a"}'}, "/filter"),
    ({"filter": '{"field":"participant","op":"starts_with","value":"a"}'}, "/filter"),
    ({"filter": '{"not":{"field":"participant.code","op":"=","value":"a"}}'}, "/filter"),
    ({"filter": '{"any":[{"field":"participant.nickname","op":"=","value":"a"}]}'}, "/filter"),
    ({"filter": '{"field":"session.name","op":"=","value":"a"}'}, "/filter"),
    ({"filter": '{"field":"id","op":"=","value":"rec-8842-a"}'}, "/filter"),
    ({"filter": '{"field":"data","op":"contains","value":"bruno-3312"}'}, "/filter"),
])
def test_what_is_removed_cannot_be_named(dataset, params, place):
    dataset.page(identifiers="remove", error="identifier-removed", place=place, **params)
    dataset.stream("csv", identifiers="remove", error="identifier-removed", place=place, **params)


def test_filters_take_codes_and_see_masked_texts(dataset):
    def ids(**params):
        return [record["id"] for record in dataset.page(identifiers="remove", **params)["records"]]

    def condition(field, op, value):
        return json.dumps({"field": field, "op": op, "value": value})
    first, second, third = dataset.page(identifiers="remove")["records"]
    anna, bruno = first["participant"], second["participant"]
    assert ids(participant=anna) == [first["id"], third["id"]] == ids(participant="anna-7791")
    assert ids(filter=condition("participant", "!=", anna)) == [second["id"]] and ids(filter=condition("participant", "in", [bruno, "P-0"])) == [second["id"]] and ids(participant="nobody-7791") == []
    assert ids(session=first["session"]) == [first["id"], second["id"]] == ids(session="room-5519")
    assert dataset.count(identifiers="remove", participant=anna) == 2 and dataset.count(participant="anna-7791") == 2
    for guess in ("someone", "example.com", "192.168", "db8"):
        assert ids(filter=condition("note", "contains", guess)) == [], guess
    assert ids(filter=condition("note", "contains", "[email]")) == [first["id"]] and ids(filter=condition("note", "starts_with", "nothing")) == [second["id"]]
    assert ids(filter=condition("partner", "=", "anna-7791")) == [] and ids(filter=condition("age", ">", 40)) == [second["id"]]


@pytest.mark.parametrize("sort", ["participant", "-participant,-time", "session,participant", "-age"])
def test_pages_in_order_carry_nothing_removed(dataset, sort):
    whole = dataset.page(identifiers="remove", sort=sort)["records"]
    params, walked = {"identifiers": "remove", "sort": sort, "limit": 1}, []
    while True:
        page = dataset.page(**params)
        walked += page["records"]
        if not page["has_more"]:
            break
        params["cursor"] = page["cursor"]
        check_no_secret(page["cursor"].encode())
    assert walked == whole and len(whole) == 3


def test_a_cursor_belongs_to_its_mode(dataset):
    cursor = dataset.page(limit=1)["cursor"]
    dataset.page(limit=1, identifiers="remove", cursor=cursor, error="bad-cursor")


@pytest.mark.parametrize("format", ["csv", "json", "ndjson"])
@pytest.mark.parametrize("columns", ["", "id,participant,session,time,note,partner,data,metadata,skipped,seq,received_at"])
def test_no_secret_in_a_text_stream(dataset, format, columns):
    content = dataset.stream(format, identifiers="remove", **({"columns": columns} if columns else {})).content
    check_no_secret(content)
    assert b"[email]" in content and b"P-" in content


@pytest.mark.parametrize("layout", ["dataset", "participant"])
@pytest.mark.parametrize("files", ["csv", "json", "ndjson", "parquet"])
def test_no_secret_in_an_archive(dataset, module_study, files, layout):
    job = module_study.finished({"datasets": ["d"], "format": "zip", "files": files, "layout": layout, "identifiers": "remove"})
    assert job["state"] == "succeeded", job
    archive = zipfile.ZipFile(io.BytesIO(module_study.api.get(f"/exports/{job['id']}/file").content))
    for name in archive.namelist():
        check_no_secret(name.encode())
        check_no_secret(archive.read(name))
    check_no_secret(module_study.api.get(f"/exports/{job['id']}/manifest").content)
    check_no_secret(json.dumps(job).encode())
    data = [name for name in archive.namelist() if name.endswith("/d." + files)]
    if layout == "participant":
        assert len(data) == 3 and all(name.split("/")[1].startswith("P-") for name in data) and sum(name.startswith("S-") for name in data) == 2
    else:
        assert len(data) == 1
    masked = job["privacy"]["masked"]
    assert job["privacy"]["identifiers"] == "remove" and job["request"]["identifiers"] == "remove"
    whole = files in ("json", "ndjson")  # with metadata
    assert masked == {"emails": 3, "ip_addresses": 3 if whole else 2, "ids": 4 if whole else 3}
    assert module_study.api.get(f"/exports/{job['id']}/manifest").json()["privacy"] == job["privacy"]


def test_parquet_says_what_csv_says(dataset, study, tmp_path, server, owner_key):
    content = dataset.stream("parquet", identifiers="remove").content
    check_no_secret(content)
    assert content[:4] == content[-4:] == b"PAR1"
    path = tmp_path / "d.parquet"
    path.write_bytes(content)
    program.run("import", "--server", server.url, "--key", owner_key, "--study", study.id, "--dataset", "back", "--participant-column", "participant", "--time-column", "time", str(path))
    back = study.api.get(f"{study.path}/datasets/back/records").json()["records"]
    rows = list(csv.DictReader(io.StringIO(dataset.stream("csv", identifiers="remove", values="ids").content.decode())))
    assert [record["participant"] for record in back] == [row["participant"] for row in rows]
    assert [record["values"].get("note") or "" for record in back] == [row["note"] for row in rows]
    assert [record["values"].get("mood") or "" for record in back] == [row["mood"] for row in rows]
    assert [record["time"] for record in back] == [row["time"] for row in rows]


def test_parquet_of_some_names_nobody_else(dataset):
    """A dictionary of everybody's ids once stood in every file."""
    content = dataset.stream("parquet", participant="bruno-3312").content
    assert b"bruno-3312" in content and b"anna-7791" not in dataset.stream("parquet", participant="bruno-3312", columns="participant").content
    assert b"room-5519" not in dataset.stream("parquet", filter='{"field":"session","op":"is_null"}', columns="participant,session").content


def test_payloads_leave_only_when_asked_for(study):
    dataset = study.dataset("donated", [{"id": "list", "type": "json"}, {"id": "n", "type": "integer"}], kind="donation")
    dataset.send([{"id": "one", "participant": "anna-7791", "values": {"list": {"by": "anna-7791"}, "n": 1}}])
    assert lines(dataset.stream("ndjson", identifiers="remove"))[0]["values"] == {"n": 1}
    [record] = lines(dataset.stream("ndjson", identifiers="remove", payloads="true"))
    assert record["values"] == {"list": {"by": record["participant"]}, "n": 1}
    dataset.stream("ndjson", identifiers="remove", columns="list", error="identifier-removed", place="columns")
    dataset.stream("ndjson", payloads="true", error="bad-parameter", place="payloads")
    assert lines(dataset.stream("ndjson"))[0]["values"]["list"] == {"by": "anna-7791"}


def test_tombstones_have_codes(study):
    dataset = study.dataset("k", [{"id": "n", "type": "integer"}], mode="keyed")
    dataset.send([{"id": "rec-8842", "participant": "anna-7791", "values": {"n": 1}}])
    code = dataset.page(identifiers="remove")["records"][0]["id"]
    since = dataset.page()["cursor"]
    study.api.delete(f"{dataset.path}/records/rec-8842", status=204)
    assert [gone["id"] for gone in dataset.page(identifiers="remove", since=since, tombstones="true")["deleted"]] == [code]
    check_no_secret(dataset.stream("ndjson", identifiers="remove", since=since, tombstones="true").content)


# ---------------------------------------------------------------------------------- coarser values

def test_dates_are_shifted_by_whole_days_and_intervals_kept(dataset):
    def times(**params):
        return [datetime.datetime.fromisoformat(record["time"]) for record in lines(dataset.stream("ndjson", **params))]
    true, shifted = times(), times(shift_dates="true")
    back = [before - after for before, after in zip(true, shifted)]
    assert back[0] == back[2] and all(datetime.timedelta(days=1) <= by <= datetime.timedelta(days=365) and by.seconds == 0 for by in back)
    born = lines(dataset.stream("ndjson", shift_dates="true"))[0]["values"]["born"]
    assert datetime.datetime.fromisoformat("1991-05-17T10:20:30+00:00") - datetime.datetime.fromisoformat(born) == back[0]
    assert times(shift_dates="true", identifiers="remove") == shifted
    received = [datetime.datetime.fromisoformat(record["received_at"]) for record in lines(dataset.stream("ndjson", shift_dates="true"))]
    assert all(moment < datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=23) for moment in received)


def test_an_order_that_tells_the_true_times_is_refused(dataset):
    dataset.stream("csv", shift_dates="true", sort="time", error="bad-parameter", place="sort")
    assert dataset.stream("csv", shift_dates="true", sort="participant,time").status_code == 200
    dataset.stream("csv", generalise='{"age":{"band":10}}', sort="age", error="bad-parameter", place="sort")


def test_generalised_values(dataset):
    rules = json.dumps({"age": {"band": 10, "top": 80, "bottom": 18}, "born": {"to": "year"}, "time": {"to": "day"}})
    first, second, third = lines(dataset.stream("ndjson", generalise=rules))
    assert [record["values"]["age"] for record in (first, second, third)] == [30, 80, 30]
    assert first["values"]["born"] == "1991-01-01T00:00:00.000Z" and first["time"] == "2026-01-31T00:00:00.000Z"
    assert first["participant"] == "anna-7791" and first["values"]["email"] == "anna.private@example.org"
    assert dataset.page(generalise=rules)["records"] == [first, second, third]
    rows = list(csv.DictReader(io.StringIO(dataset.stream("csv", generalise=rules).content.decode())))
    assert [row["age"] for row in rows] == ["30", "80", "30"]


@pytest.mark.parametrize("rules,error", [
    ('{"age":{"to":"year"}}', "wrong-type"), ('{"born":{"band":2}}', "wrong-type"), ('{"nobody":{"band":2}}', "unknown-field"),
    ('{"age":{"band":0}}', "bad-parameter"), ('{"age":{}}', "bad-parameter"), ('{"age":{"band":1,"to":"year"}}', "bad-parameter"),
    ('{"age":{"bands":1}}', "bad-parameter"), ('[]', "bad-parameter"), ('{', "bad-parameter"), ('{"age":{"top":1,"bottom":2}}', "bad-parameter"),
])
def test_rules_that_do_not_fit(dataset, rules, error):
    dataset.stream("csv", generalise=rules, error=error)


def test_a_rule_for_no_field_is_refused_by_a_job(dataset, module_study):
    module_study.export({"format": "zip", "generalise": {"nobody": {"band": 2}}}, error="unknown-field")


def test_places_are_rounded(dataset):
    first, second, _ = lines(dataset.stream("ndjson", location_decimals="1"))
    assert first["values"]["lat"] == 48.1 and first["values"]["data"]["lat"] == 48.1 and first["values"]["data"]["n"] == 1.5 and second["values"]["lat"] == -11.6


@pytest.mark.parametrize("params,place", [
    ({"identifiers": "some"}, "identifiers"), ({"identifiers": ["keep", "remove"]}, "identifiers"), ({"location_decimals": "9"}, "location_decimals"), ({"location_decimals": "-1"}, "location_decimals"),
    ({"require_k": "many"}, "require_k"), ({"on_risk": "suppress"}, "on_risk"), ({"group_by": "age"}, "group_by"), ({"shift_dates": "yes"}, "shift_dates"),
    ({"risk": "true"}, "risk"), ({"identifiers": "aggregate", "sort": "time"}, "sort"), ({"identifiers": "aggregate", "shift_dates": "true"}, "shift_dates"),
])
def test_options_that_do_not_go_together(dataset, params, place):
    dataset.stream("csv", error="bad-parameter", place=place, **params)


def test_keep_is_as_it_was(dataset):
    assert dataset.stream("csv").content == dataset.stream("csv", identifiers="keep").content
    assert dataset.page()["records"][0]["values"]["email"] == "anna.private@example.org"


def test_the_command_line_has_the_modes(dataset, module_study, server, owner_key, tmp_path):
    path = tmp_path / "out.ndjson"
    program.run("export", "--server", server.url, "--key", owner_key, "--study", module_study.id, "--dataset", "d", "--format", "ndjson",
                "--identifiers", "remove", "--shift-dates", "--generalise", '{"age":{"band":10}}', "--location-decimals", "0", "-o", str(path))
    check_no_secret(path.read_bytes())
    assert json.loads(path.read_text().split("\n")[0])["values"]["age"] == 30
