"""Avicenna's protocol: sensor exports, and the registry of data sources behind them."""
import csv
import io
import json
import zipfile

import pytest

from conftest import OWNER, new_study as named_study
from harness import program
from harness.avicenna import Avicenna, new_study

COMMON = ["study_id", "user_id", "device_id", "record_time"]
GPS = ["satellite_time", "provider", "lat", "lon", "alt", "accu", "bearing", "speed"]
# What the contract lists for each source, in its order.
COLUMNS = {
    10: GPS,
    1: ["x_axis", "y_axis", "z_axis", "accu"], 2: ["x_axis", "y_axis", "z_axis", "accu"], 3: ["x_axis", "y_axis", "z_axis", "accu"],
    4: ["x_axis", "y_axis", "z_axis", "accu"], 5: ["x_axis", "y_axis", "z_axis", "accu"], 6: ["x_axis", "y_axis", "z_axis", "accu"],
    20: ["dev_name", "dev_class", "mac", "rssi"], 21: ["uuid", "major", "minor", "rssi"], 30: ["end_time", "state", "lock_state"],
    31: ["app_name", "app_package_name", "app_version", "start_time", "end_time", "duration", "last_used"], 40: ["level", "scale", "plugged"], 41: ["value"], 42: ["steps", "end_time"],
    50: ["activity_calories", "calories", "calories_bmr", "distance", "elevation", "floors", "minutes_sedentary", "minutes_lightly_active", "minutes_fairly_active", "minutes_very_active"],
    60: ["date", "start_time", "duration_sec", "steps", "distance_meter", "active_time_sec", "active_kilocalories", "bmr_kilocalories", "consumed_calories",
         "moderate_intensity_duration_sec", "vigorous_intensity_duration_sec", "floors_climbed"],
    61: ["x_value", "y_value", "z_value", "device"], 62: ["instance", "end_timestamp"],
    70: ["start_date", "end_date", "device", "source_revision", "source_name", "source_bundle_id", "source_version", "device_model", "device_hardware_version",
         "device_software_version", "was_user_entered", "creation_date"],
}
START, END = 1_738_873_800_000, 1_744_662_600_000


@pytest.fixture(scope="module")
def client(server, make_key):
    return Avicenna(server.url, OWNER, make_key()["key"])


@pytest.fixture(scope="module")
def filled(owner):
    study = new_study(owner)
    owner.post(f"{study.path}/sensors", {"source": "gps"}, status=201)
    owner.post(f"{study.path}/sensors", {"source": 30}, status=201)
    points = [{"participant": person, "time": f"2025-03-0{day}T10:00:00.{day}Z", "values": {"device_id": "d1", "provider": "gps", "lat": 52.5 + day, "lon": 13.4, "satellite_time": f"2025-03-0{day}T10:00:00Z"}}
              for day in (3, 1, 2) for person in ("10", "9")]
    edges = [{"participant": "9", "time": "2025-02-06T20:30:00Z", "values": {"lat": 1}}, {"participant": "9", "time": "2025-04-14T20:30:00Z", "values": {"lat": 2}}]
    owner.call("POST", f"{study.path}/datasets/gps/records", data="".join(json.dumps(row) + "\n" for row in points + edges), headers={"Content-Type": "application/x-ndjson"})
    owner.call("POST", f"{study.path}/datasets/screen_state/records", headers={"Content-Type": "application/x-ndjson"},
               data=json.dumps({"participant": "9", "time": "2025-03-01T10:00:00.056984Z", "values": {"device_id": "2bae23410b7063ec", "state": True, "lock_state": None, "end_time": "2025-03-01T10:00:01Z"}}))
    return study


def form(study, **members):
    return {"study_id": study.id, "data_source": 10, "start_date": START, "end_date": END, "participant_ids": "9,10", **members}


def test_a_sensor_export(client, filled):
    made = client.sensor(form(filled))
    assert made["kind"] == "SENSOR" and made["data_source"] == 10 and made["activity_id"] is None and made["study_specific_id"] > 0
    heading, rows = client.rows(made)
    assert heading == COMMON + GPS
    assert [(row[1], row[3]) for row in rows] == [
        ("9", "2025-02-06 20:30:00.000000+00:00"), ("9", "2025-03-01 10:00:00.100000+00:00"), ("9", "2025-03-02 10:00:00.200000+00:00"), ("9", "2025-03-03 10:00:00.300000+00:00"),
        ("10", "2025-03-01 10:00:00.100000+00:00"), ("10", "2025-03-02 10:00:00.200000+00:00"), ("10", "2025-03-03 10:00:00.300000+00:00")], "by participant and time; the end is not in it"
    assert rows[1] == [filled.id, "9", "d1", "2025-03-01 10:00:00.100000+00:00", "2025-03-01 10:00:00.000000+00:00", "gps", "53.5", "13.4", "", "", "", ""]
    assert client.finished(made)["content"].rsplit("/", 1)[1] == f"{filled.id}_gps_{made['study_specific_id']}.csv"


def test_booleans_and_nothing(client, filled):
    made = client.sensor(form(filled, data_source=30))
    heading, rows = client.rows(made)
    assert heading == COMMON + COLUMNS[30] and rows == [[filled.id, "9", "2bae23410b7063ec", "2025-03-01 10:00:00.056984+00:00", "2025-03-01 10:00:01.000000+00:00", "true", ""]]
    assert client.finished(made)["content"].rsplit("/", 1)[1] == f"{filled.id}_screen-state_{made['study_specific_id']}.csv"


def test_reversed_dates_are_swapped_and_kept_as_given(client, owner, filled):
    made = client.sensor(form(filled, start_date=END, end_date=START))
    assert len(client.rows(made)[1]) == 7
    job = next(job for job in owner.get(f"{filled.path}/exports").json()["exports"] if job.get("number") == made["study_specific_id"])
    assert job["request"]["since"] == "2025-02-06T20:30:00.000Z" and job["request"]["until"] == "2025-04-14T20:30:00.000Z"


def test_participants_are_chosen(client, filled):
    assert {row[1] for row in client.rows(client.sensor(form(filled, participant_ids="10")))[1]} == {"10"}
    assert {row[1] for row in client.rows(client.sensor(form(filled, participant_ids=" 10 , 77,,10 ")))[1]} == {"10"}, "unknown ones are passed over"


def test_a_form_in_three_ways(client, filled):
    wanted = form(filled)
    path = "/api/study/export/create/"
    urlencoded = client.call("POST", path, 201, data=wanted).json()
    as_json = client.call("POST", path, 201, json={**wanted, "study_id": int(filled.id), "participant_ids": [9, 10]}).json()
    multipart = client.sensor(wanted)
    assert client.file(urlencoded).content == client.file(as_json).content == client.file(multipart).content


@pytest.mark.parametrize("place,change", [
    ("study_id", {"study_id": None}), ("study_id", {"study_id": "x"}), ("data_source", {"data_source": None}), ("data_source", {"data_source": 98765}), ("data_source", {"data_source": 41}),
    ("data_source", {"data_source": "gps"}), ("start_date", {"start_date": None}), ("start_date", {"start_date": "2025-01-01"}), ("end_date", {"end_date": ""}), ("end_date", {"end_date": 10 ** 15 - 1}),
    ("participant_ids", {"participant_ids": None}), ("participant_ids", {"participant_ids": ""}), ("participant_ids", {"participant_ids": " , "}), ("participant_ids", {"participant_ids": "77,78"}),
    ("format", {"format": "kml"})], ids=str)
def test_what_is_wrong_with_the_form_is_named(client, filled, place, change):
    wanted = {name: value for name, value in {**form(filled), **change}.items() if value is not None}
    client.refused("POST", "/api/study/export/create/", 400, place, data=wanted)


def test_forms_that_cannot_be_read(client, filled):
    path = "/api/study/export/create/"
    boundary = {"Content-Type": "multipart/form-data; boundary=xx"}
    for body in (b"", b"--xx", b"--xx\r\n", b"--xx\r\nContent-Disposition: form-data; name=\"study_id\"\r\n\r\n1", b"--xx\r\nno end", b"--yy--", b"--xx\r\n\r\nnameless\r\n--xx--"):
        client.refused("POST", path, 400, data=body, headers=boundary)
    client.refused("POST", path, 400, data=b"x", headers={"Content-Type": "multipart/form-data"})
    client.refused("POST", path, 400, "study_id", data=b"study_id=1&study_id=2", headers={"Content-Type": "application/x-www-form-urlencoded"})
    client.refused("POST", path, 400, data=b"study_id=%zz", headers={"Content-Type": "application/x-www-form-urlencoded"})
    client.refused("POST", path, 400, data=b"{", headers={"Content-Type": "application/json"})
    client.refused("POST", path, 400, "study_id", files={"study_id": ("a.txt", "1")})
    client.refused("POST", path, 413, data=b"x" * ((1 << 20) + 1))


def test_an_alias_is_another_number_of_its_source(client, owner):
    study = new_study(owner)
    owner.post(f"{study.path}/sensors", {"source": 99}, status=201)
    owner.call("POST", f"{study.path}/datasets/accelerometer/records", data=json.dumps({"participant": "1", "time": "2025-03-01T00:00:00Z", "values": {"x_axis": 0.1}}), headers={"Content-Type": "application/x-ndjson"})
    for number in (99, 1):
        assert len(client.rows(client.sensor(form(study, data_source=number, participant_ids="1")))[1]) == 1


def test_a_dataset_of_the_sources_name_will_do(client, owner):
    study = new_study(owner)
    study.dataset("light", [{"id": "value", "type": "double"}], kind="sensor").send([{"participant": "1", "time": "2025-03-01T00:00:00Z", "values": {"value": 3.5}}])
    owner.put(f"{study.path}/participants/1", {"attributes": {"device_id": "phone"}})
    heading, rows = client.rows(client.sensor(form(study, data_source=41, participant_ids="1")))
    assert heading == COMMON + ["value"] and rows[0][2] == "phone" and rows[0][4] == "3.5"


def test_large_files_come_as_zip(client, owner):
    study = new_study(owner)
    owner.post(f"{study.path}/sensors", {"source": "accelerometer"}, status=201)
    row = json.dumps({"participant": "1", "time": "2025-03-01T00:00:00Z", "values": {"device_id": "d" * 150, "x_axis": 0.123456789, "y_axis": 1, "z_axis": 9.81}}) + "\n"
    owner.call("POST", f"{study.path}/datasets/accelerometer/records", data=row * 60_000, headers={"Content-Type": "application/x-ndjson"})
    made = client.sensor(form(study, data_source=1, participant_ids="1"))
    done = client.finished(made)
    assert done["content"].endswith(f"{study.id}_accelerometer_{made['study_specific_id']}.zip") and done["rows"] == 60_000
    response = client.file(made)
    assert response.headers["Content-Type"] == "application/zip" and len(response.content) == done["size"]
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == [f"{study.id}_accelerometer.csv"]
        rows = list(csv.reader(io.StringIO(archive.read(archive.namelist()[0]).decode(), newline="")))
        assert len(rows) == 60_001 and rows[0] == COMMON + COLUMNS[1]


# ------------------------------------------------------------------------------------------------ the registry


def test_the_defaults_are_those_of_the_contract(owner):
    sources = {source["id"]: source for source in owner.get("/sensors").json()["sources"]}
    assert {number: [field["id"] for field in source["fields"]] for number, source in sources.items() if "fields" in source} == COLUMNS
    assert sources[99] == {"id": 99, "alias_of": 1}


def test_a_dataset_is_made_from_a_source(owner, study):
    made = owner.post(f"{study.path}/sensors", {"source": 10, "id": "phone-gps"}, status=201)
    dataset = made.json()
    assert made.headers["Location"] == f"/api/v1{study.path}/datasets/phone-gps"
    assert dataset["kind"] == "sensor" and dataset["mode"] == "append" and dataset["attributes"] == {"data_source": 10} and dataset["name"] == "GPS"
    assert [field["id"] for field in dataset["fields"]] == ["device_id", *GPS] and dataset["fields"][0]["system"] is True
    assert owner.post(f"{study.path}/sensors", {"source": "gps", "id": "phone-gps"}, status=200).json() == dataset
    owner.post(f"{study.path}/sensors", {"source": "light", "id": "phone-gps"}, error="conflict", place="/id")
    for body, place in (({}, "/source"), ({"source": 12345}, "/source"), ({"source": "nose"}, "/source"), ({"source": 1.5}, "/source"), ({"source": True}, "/source"), ({"source": None}, "/source")):
        owner.post(f"{study.path}/sensors", body, error="bad-member", place=place)
    owner.post(f"{study.path}/sensors", {"source": 1, "id": "a b"}, error="bad-id")
    owner.post(f"{study.path}/sensors", {"source": 1, "colour": 1}, error="unknown-member")


def test_the_command_line_makes_it_too(server, make_key, owner, study):
    words = ["sensors", "add", study.id, "battery", "--server", server.url, "--key", make_key()["key"]]
    assert "dataset battery created" in program.run(*words).stdout and "is there already" in program.run(*words).stdout
    assert owner.get(f"{study.path}/datasets/battery").json()["attributes"] == {"data_source": 40}
    refused = program.run("sensors", "add", study.id, "4711", "--server", server.url, "--key", make_key()["key"], check=False)
    assert refused.returncode == 1 and "no such source" in refused.stderr
    listed = program.run("sensors", "list", "--data", server.data).stdout
    assert "gps" in listed and "alias of 1" in listed


def test_the_registry_is_a_file_that_an_operator_edits(tmp_path):
    server = program.Server(tmp_path)
    server.data.mkdir(parents=True)
    registry = server.data / "sensors.json"
    registry.write_text(json.dumps({"sources": [{"id": 4711, "name": "nose", "fields": [{"id": "smell", "type": "text"}]}]}))
    wrong = program.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", check=False)
    assert wrong.returncode != 0 and "sensors.json" in wrong.stderr and "/sources/0/fields/0/type" in wrong.stderr
    registry.write_text("{")
    assert program.run("sensors", "list", "--data", server.data, check=False).returncode != 0
    registry.write_text(json.dumps({"sources": [{"id": 4711, "name": "nose", "fields": [{"id": "smell", "type": "string"}]}]}))
    server.start()
    try:
        server.add_user("nose@example.org", admin=True)
        from harness.client import Api
        api = Api(server.url, server.create_key("nose@example.org")["key"])
        assert [source["name"] for source in api.get("/sensors").json()["sources"]] == ["nose"]
        study = named_study(api)
        assert api.post(f"{study.path}/sensors", {"source": 4711}, status=201).json()["id"] == "nose"
    finally:
        server.stop()
    assert json.loads(registry.read_text())["sources"][0]["id"] == 4711, "what is there is not overwritten"
