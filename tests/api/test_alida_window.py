"""The window is on the time of the last change here, not on the participant's own. Acceptance check 6."""
import datetime
import time

import pytest

from conftest import new_study
from harness.alida import Alida, answers


def iso(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond:06d}Z"


@pytest.fixture(scope="module")
def world(owner, server, make_key):
    study = new_study(owner)
    dataset = study.dataset("s", [{"id": "q", "type": "string"}], kind="survey", mode="keyed")
    dataset.send([{"id": "old", "participant": "p", "time": "2001-01-01T10:00:00Z", "values": {"q": "old"}}])
    time.sleep(0.05)
    dataset.send([{"id": "new", "participant": "p", "time": "2030-01-01T10:00:00Z", "values": {"q": "new"}}])
    client = Alida(server.url, study.id, make_key())
    synced = [record["updated_at"] for record in dataset.page()["records"]]
    return client, client.activity("s"), dataset, synced


def test_by_the_change_here(world):
    client, activity, _, synced = world
    today = synced[0][:10]
    file = client.export(activity, {"sinceDatetime": today})
    assert [record["lastUpdateDate"] for record in file["records"]] == ["2001-01-01T10:00:00.000Z", "2030-01-01T10:00:00.000Z"]
    assert file["exportOptions"] == {"sinceDatetime": f"{today}T00:00:00.000Z"}
    assert client.export(activity, {"sinceDatetime": "2000", "untilDatetime": "2002-01-01"})["records"] == []
    assert client.export(activity, {"sinceDatetime": "2029-01-01T00:00:00Z"})["records"] == []


def test_since_is_in_and_until_is_out(world):
    client, activity, _, synced = world

    def texts(**window):
        file = client.export(activity, window)
        return [answers(file, record)["q"][0] for record in file["records"]]
    assert texts(sinceDatetime=synced[1]) == ["new"] and texts(untilDatetime=synced[1]) == ["old"]
    assert texts(sinceDatetime=synced[0], untilDatetime=synced[1]) == ["old"]
    later = iso(datetime.datetime.fromisoformat(synced[1].replace("Z", "+00:00")) + datetime.timedelta(milliseconds=1))
    assert texts(sinceDatetime=later) == [] and texts(untilDatetime=later) == ["old", "new"]


def test_offsets_and_loose_forms(world):
    client, activity, _, _ = world
    file = client.export(activity, {"sinceDatetime": "2016-02-01T21:30:00", "untilDatetime": "2990-02-01T21:30:00.5+02:00"})
    assert file["exportOptions"] == {"sinceDatetime": "2016-02-01T21:30:00.000Z", "untilDatetime": "2990-02-01T19:30:00.500Z"}
    assert client.export(activity, {"sinceDatetime": "2016"})["exportOptions"] == {"sinceDatetime": "2016-01-01T00:00:00.000Z"}


@pytest.mark.parametrize("text", ["", "yesterday", "16", "2016-1-1", "2016-02-30", "2016-01", "2016-02-01 21:30:00", "2016-02-01T21:30", "2016-02-01T25:00:00",
                                  "2016-02-01T21:30:00+0200", "2016-02-01T21:30:00.", "2016-02-01T21:30:00X", "2016-02-01T21:30:00Z ", "99999", "2016-02-01T21:30:00Z; DROP", 2016, True,
                                  {}, ["2016"]])
def test_what_is_no_date(world, text):
    client, activity, _, _ = world
    client.start(activity, {"sinceDatetime": text}, error=400)
    client.start(activity, {"untilDatetime": text}, error=400)


def test_a_window_the_wrong_way_round(world):
    client, activity, _, _ = world
    client.start(activity, {"sinceDatetime": "2020", "untilDatetime": "2019"}, error=400)
    client.start(activity, {"sinceDatetime": "2020", "untilDatetime": "2020-01-01T00:00:00Z"}, error=400)


def test_last_sync_is_of_the_whole_activity(world):
    client, activity, _, synced = world
    file = client.export(activity, {"untilDatetime": synced[1]})
    assert file["lastSyncDate"] == synced[1][:23] + "Z"


def test_an_edit_comes_again_whole(owner, server, make_key):
    study = new_study(owner)
    dataset = study.dataset("s", [{"id": "q", "type": "string"}, {"id": "r", "type": "string"}], kind="survey", mode="keyed")
    dataset.send([{"id": "1", "participant": "p", "values": {"q": "a", "r": "b"}}, {"id": "2", "participant": "p", "values": {"q": "c"}}])
    client = Alida(server.url, study.id, make_key())
    activity = client.activity("s")
    first = client.export(activity)
    time.sleep(0.02)
    dataset.send([{"id": "1", "participant": "p", "values": {"q": "A", "r": "b"}}])
    second = client.export(activity, {"sinceDatetime": first["lastSyncDate"]})
    assert {"q": ["A"], "r": ["b"]} in [answers(second, record) for record in second["records"]]
    third = client.export(activity, {"sinceDatetime": second["lastSyncDate"]})
    assert [answers(third, record) for record in third["records"]] == [{"q": ["A"], "r": ["b"]}], "the boundary may come again"


def test_nothing_ever_synced(owner, server, make_key):
    study = new_study(owner)
    study.dataset("s", [{"id": "q", "type": "string"}], kind="survey", mode="append")
    client = Alida(server.url, study.id, make_key())
    file = client.export(client.activity("s"))
    assert file["lastSyncDate"] is None and file["records"] == []
