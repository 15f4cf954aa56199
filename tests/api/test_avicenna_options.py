"""What can be set of Avicenna's protocol: `--avicenna NAME=VALUE`."""
import csv
import io
import zipfile

import pytest

from conftest import OWNER
from harness import program
from harness.avicenna import Avicenna, fill, new_study
from harness.client import Api

WORDS = ["reversed_dates=refuse", "empty_columns=all", "unfinished_exports=1", "retry_after_s=7", "sort_up_to_rows=1", "zip_from_bytes=100"]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = program.Server(tmp_path_factory.mktemp("avicenna"), options=[word for pair in WORDS for word in ("--avicenna", pair)])
    server.add_user(OWNER)
    server.start()
    key = server.create_key(OWNER)["key"]
    api = Api(server.url, key)
    yield Avicenna(server.url, OWNER, key), api, fill(new_study(api))
    assert server.stop() == 0


def test_reversed_dates_are_refused(served):
    client, api, study = served
    api.post(f"{study.path}/sensors", {"source": "gps"}, status=201)
    form = {"study_id": study.id, "data_source": 10, "start_date": 2, "end_date": 1, "participant_ids": "1"}
    client.refused("POST", "/api/study/export/create/", 400, "end_date", json=form)


def test_no_columns_are_all_of_them(served):
    client, _, study = served
    for name, first, last in (("ACTIVITY_RESPONSE", "participant.id", "Q"), ("PARTICIPATION", "id", "device.app_update_date")):
        body = {"study_id": int(study.id), "filter": name, "export_version": "v2", "rule_set": {"columns": [], "query": {}, "sort_by": []}}
        if name == "ACTIVITY_RESPONSE":
            body["activity_id"] = 21218
        heading, rows = client.rows(client.survey(body))
        assert heading[0] == first and rows
        assert (heading[-1] == last) if name == "PARTICIPATION" else {"uuid", "record_time", "status_id", "Q1", "mQ1_metadata"} <= set(heading)


def test_small_files_come_as_zip(served):
    client, api, study = served
    dataset = api.post(f"{study.path}/sensors", {"source": "accelerometer"}, status=201).json()
    api.call("POST", f"{study.path}/datasets/{dataset['id']}/records", headers={"Content-Type": "application/x-ndjson"},
             data="".join(f'{{"participant": "1", "time": "2025-03-01T00:00:0{second}Z", "values": {{"x_axis": 1}}}}\n' for second in (2, 1)))
    form = {"study_id": study.id, "data_source": 1, "start_date": 0, "end_date": 4102444800000, "participant_ids": "1"}
    made = client.finished(client.sensor(form))
    assert made["content"].endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(client.file(made).content)) as archive:
        (name,) = archive.namelist()
        heading, *rows = csv.reader(io.StringIO(archive.read(name).decode("utf-8"), newline=""))
    moment = heading.index("record_time")
    assert [row[moment][:19] for row in rows] == ["2025-03-01 00:00:02", "2025-03-01 00:00:01"], "in the order of arrival beyond one row"


@pytest.mark.parametrize("words", ["reversed_dates=maybe", "nothing=1", "novalue", "unfinished_exports=0", "zip_from_bytes=x", "retry_after_s=-1", "=1"])
def test_options_that_are_none(tmp_path, words):
    finished = program.run("serve", "--data", tmp_path / "d", "--listen", "127.0.0.1:0", "--avicenna", words, check=False, timeout=30)
    assert finished.returncode != 0 and "--avicenna" in finished.stderr
