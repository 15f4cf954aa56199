"""Avicenna's protocol: columns, rules and values of survey and participation exports."""
import csv
import io
import json
import pathlib

import pytest
import yaml

from conftest import OWNER
from harness.avicenna import Avicenna, fill, new_study

CASES = yaml.safe_load((pathlib.Path(__file__).parent / "data" / "avicenna_rules.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def client(server, make_key):
    return Avicenna(server.url, OWNER, make_key()["key"])


@pytest.fixture(scope="module")
def filled(owner):
    return fill(new_study(owner))


def wanted(study, columns, query=None, sort=(), version="v2", activity=21218, **members):
    rules = {"columns": columns, "query": {} if query is None else query, "sort_by": [{"field_name": name, "sort_order": order} for name, order in sort]}
    body = {"study_id": int(study.id), "filter": "ACTIVITY_RESPONSE", "activity_id": activity, "rule_set": rules, **members}
    return {**body, **({"export_version": version} if version else {})}


def wait_turn(client, body):
    """Exports run two at a time; more than five at once would be refused."""
    return client.rows(client.survey(body))


@pytest.mark.parametrize("case", CASES["rules"], ids=lambda case: json.dumps(case["query"])[:60])
def test_rules(client, filled, case):
    _, rows = wait_turn(client, wanted(filled, ["uuid"], case["query"], [("uuid", "asc")]))
    assert [row[0] for row in rows] == case["rows"]


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: json.dumps(case["query"])[:60])
def test_rules_that_are_refused(client, filled, case):
    client.refused("POST", "/api/v1/filter/export/", 400, case["place"], json=wanted(filled, ["uuid"], case["query"]))


def nested(depth):
    query = {"field_name": "uuid", "op": "=", "value": "u-1"}
    for _ in range(depth - 1):
        query = {"AND": [query]}
    return query


def test_limits_of_rules(client, filled):
    assert wait_turn(client, wanted(filled, ["uuid"], nested(16)))[1] == [["u-1"]]
    client.refused("POST", "/api/v1/filter/export/", 400, json=wanted(filled, ["uuid"], nested(17)))
    leaf = {"field_name": "Q3", "op": ">=", "value": 50}
    assert wait_turn(client, wanted(filled, ["uuid"], {"AND": [leaf] * 1000}))[1] == [["u-2"]]
    client.refused("POST", "/api/v1/filter/export/", 400, "rule_set.query", json=wanted(filled, ["uuid"], {"AND": [leaf] * 1001}))
    many = {"field_name": "Q3", "op": "in", "value": list(range(70, 10070))}
    assert wait_turn(client, wanted(filled, ["uuid"], many))[1] == [["u-2"]]
    many["value"].append(1)
    client.refused("POST", "/api/v1/filter/export/", 400, "rule_set.query.value", json=wanted(filled, ["uuid"], many))


def test_sorting_goes_by_all_keys(client, filled):
    _, rows = wait_turn(client, wanted(filled, ["uuid"], sort=[("participant.id", "desc"), ("record_time", "desc")]))
    assert [row[0] for row in rows] == ["u-3", "u-2", "u-1", "u-5"], "ids that are no numbers come last"
    _, rows = wait_turn(client, wanted(filled, ["uuid"], sort=[("Q3", "desc")]))
    assert [row[0] for row in rows] == ["u-2", "u-1", "u-5", "u-3"]


def test_version_2_heads_columns_as_they_were_asked_for(client, filled):
    columns = ["session.uuid", "participant.id", "record_time", "prompt_time", "status_id", "device.id", "device.model", "participant.start_time", "participant.status_id",
               "Q1", "Q2", "Q3", "Q4", "uuid", "mQ3_metadata", "expiry_time"]
    heading, rows = wait_turn(client, wanted(filled, columns, sort=[("record_time", "asc")]))
    assert heading == ["session.uuid", "participant.id", "record_time", "prompt_time", "status_id", "device.id", "device.model", "participant.start_time", "participant.status_id",
                       "Q1", "mQ1_metadata", "Q2", "mQ2_metadata", "Q3", "mQ3_metadata", "Q4", "mQ4_metadata", "expiry_time"], "each once, at its first place"
    first, skipped, partial, alias = (dict(zip(heading, row)) for row in rows)
    assert first["record_time"] == "2025-12-14 15:07:05.385000+00:00" and first["prompt_time"] == "2025-12-14 15:00:00.000000+00:00"
    assert first["participant.start_time"] == "2025-10-31 22:00:00.000000+00:00"
    assert first["status_id"] == "1" and first["participant.status_id"] == "1" and partial["participant.status_id"] == "3"
    assert first["Q1"] == "1" and first["Q2"] == "[1,9]" and first["Q3"] == "40" and first["Q4"] == 'a, "b"\nc'
    assert json.loads(first["mQ1_metadata"]) == {"response_time": "2025-12-14T15:06:00Z", "location": {"lat": 1.5, "lon": 2, "accu": 3}, "history": [{"value": 2}]}
    assert first["mQ2_metadata"] == "" and first["expiry_time"] == ""
    assert skipped["Q1"] == "" and skipped["Q2"] == "" and partial["Q2"] == "[]" and partial["Q4"] == ""
    assert partial["record_time"] == "2025-12-16 15:07:05.000001+00:00"
    assert int(alias["participant.id"]) > 1_000_000_000 and alias["participant.start_time"] == "", "what is no time is none"


def test_version_1_heads_columns_with_labels(client, filled):
    columns = ["participant.id", "participant.label", "scheduled_time", "prompt_time", "record_time", "status_id", "uuid", "Q1", "Q2", "Q3", "Q4"]
    for version in (None, "v1"):
        heading, rows = wait_turn(client, wanted(filled, columns, sort=[("record_time", "asc")], version=version))
        assert heading == ["Participant ID", "Participant Label", "Session Scheduled Time", "Prompt Time", "Record Time", "Status", "UUID", "[1_SAQ] How are you?",
                           "[2_MAQ_1] Tea", "[2_MAQ_2] Milk", "[2_MAQ_3] Other, namely", "[3_VAS] How much?", "[4_TXT] Say more, \"please\""]
        assert rows[0] == ["101", "A", "", "2025-12-14 15:00:00.000000+00:00", "2025-12-14 15:07:05.385000+00:00", "1", "u-1", "1", "1", "0", "1", "40", 'a, "b"\nc']
        assert rows[1][7:12] == ["", "", "", "", "80"] and rows[2][8:11] == ["0", "0", "0"]
        # What the compliance tool's reader asks of a file.
        assert {int(row[heading.index("Status")]) for row in rows} <= set(range(7))
        assert len({name.lower() for name in heading}) == len(heading)


def test_version_1_takes_metadata_where_it_is_asked_for(client, filled):
    heading, _ = wait_turn(client, wanted(filled, ["Q1", "mQ1_metadata"], version="v1"))
    assert heading == ["[1_SAQ] How are you?", "[1_SAQ Metadata] How are you?"]


def test_a_grid_is_a_column_a_row(client, filled):
    heading, rows = wait_turn(client, wanted(filled, ["Q5"], sort=[("record_time", "asc")]))
    assert heading == ["Q5_1", "mQ5_1_metadata", "Q5_2", "mQ5_2_metadata"] and rows[0] == ["1", "", "", ""]
    heading, _ = wait_turn(client, wanted(filled, ["Q5"], version="v1"))
    assert heading == ["[5_SAQ] Work", "[5_SAQ] Home"]


def test_a_file_without_rows_has_its_heading(client, filled):
    made = client.survey(wanted(filled, ["uuid", "Q1"], {"field_name": "uuid", "op": "=", "value": "nobody"}))
    response = client.file(made)
    assert response.content == b"uuid,Q1,mQ1_metadata\r\n" and client.finished(made)["rows"] == 0


def test_the_file_is_plain_csv(client, filled):
    content = client.file(client.survey(wanted(filled, ["uuid", "Q4"], sort=[("uuid", "asc")]))).content
    assert not content.startswith(b"\xef\xbb\xbf") and content.count(b"\r\n") == 5 and b'"a, ""b""\nc"' in content


def test_a_site_narrows_the_export(client, filled):
    assert {row[0] for row in wait_turn(client, wanted(filled, ["uuid"], site_ssid=3))[1]} == {"u-1", "u-2"}
    assert {row[0] for row in wait_turn(client, wanted(filled, ["uuid"], {"field_name": "status_id", "op": "=", "value": 1}, site_ssid=4))[1]} == {"u-3"}
    assert wait_turn(client, wanted(filled, ["uuid"], site_ssid=9))[1] == []
    assert len(wait_turn(client, wanted(filled, ["uuid"], site_ssid=None))[1]) == 4


def test_what_belongs_to_a_native_session(client, owner):
    study = new_study(owner)
    study.dataset("5", [{"id": "Q1", "type": "string"}], kind="survey").send([{"id": "a", "participant": "1", "session": "s1", "values": {"Q1": "x"}}, {"id": "b", "participant": "1", "values": {"Q1": "y"}}])
    owner.put(f"{study.path}/sessions/s1", {"attributes": {"scheduled_time": "2026-01-01T10:00:00Z", "triggering_logic_id": 17}})
    heading, rows = wait_turn(client, wanted(study, ["uuid", "scheduled_time", "triggering_logic_id"], sort=[("uuid", "asc")], activity=5))
    assert rows == [["a", "2026-01-01 10:00:00.000000+00:00", "17"], ["b", "", ""]]
    late = {"field_name": "scheduled_time", "op": ">", "value": "2026-01-01T09:00:00Z"}
    assert wait_turn(client, wanted(study, ["uuid"], late, activity=5))[1] == [["a"]]


def participation(study, columns, query=None, sort=(), **members):
    return {"study_id": int(study.id), "site_ssid": None, "filter": "PARTICIPATION", **members,
            "rule_set": {"query": query or {}, "sort_by": [{"field_name": name, "sort_order": "asc"} for name in sort], "columns": columns}}


def test_participants(client, filled):
    heading, rows = client.rows(client.survey(participation(filled, ["participant_id", "start_time", "end_time", "status_id"], sort=["participant_id"])))
    assert heading == ["ID", "Start Time", "End Time", "Status"]
    assert rows[:2] == [["101", "2025-10-31 22:00:00.000000+00:00", "", "1"], ["102", "2025-12-01 10:00:00.000000+00:00", "2025-12-20 00:00:00.000000+00:00", "3"]]
    assert len(rows) == 3 and int(rows[2][0]) > 1_000_000_000
    active = {"field_name": "status_id", "op": "=", "value": 1}
    assert [row[0] for row in client.rows(client.survey(participation(filled, ["participant_id"], active, sort=["participant_id"])))[1]] == ["101", rows[2][0]]
    alias = {"field_name": "participant_id", "op": "in", "value": [int(rows[2][0]), 102]}
    heading, found = client.rows(client.survey(participation(filled, ["participant_id"], alias, sort=["participant_id"], export_version="v2")))
    assert heading == ["participant_id"] and [row[0] for row in found] == ["102", rows[2][0]]
    name = client.finished(client.survey(participation(filled, ["participant_id"])))["content"].rsplit("/", 1)[1]
    assert name.startswith(f"{filled.id}_participation_")
    client.refused("POST", "/api/v1/filter/export/", 400, "rule_set.columns[0]", json=participation(filled, ["uuid"]))


def test_who_may_not_see_identifiers_gets_codes(client, server, owner, make_key, filled):
    server.add_user("avicenna-masked@example.org")
    owner.put(f"{filled.path}/grants/avicenna-masked@example.org", {"rights": ["export"], "identifiers": False})
    masked = Avicenna(server.url, "avicenna-masked@example.org", make_key("avicenna-masked@example.org")["key"])
    _, rows = masked.rows(masked.survey(wanted(filled, ["participant.id", "Q3"])))
    assert len(rows) == 4 and not {row[0] for row in rows} & {"101", "102", "ann"}
    masked.refused("POST", "/api/v1/filter/export/", 400, json=wanted(filled, ["participant.label"]))


def test_the_native_api_can_say_the_same(owner, filled):
    """What the protocol asks for compiles to options that anybody can give."""
    job = filled.finished({"format": "csv", "datasets": ["21218"], "columns": ["id", "participant", "participant.start_time:datetime", "participant.status", "Q2", "metadata.Q1", "study"],
                           "sort": "id", "times": "spaced", "people": "numbers", "sets": "json", "titles": {"id": "UUID", "Q2": "drinks"},
                           "words": {"participant.status": {"active": "1"}, "study": {filled.id: "one"}},
                           "filter": {"all": [{"field": "id", "op": "not_starts_with", "value": "U-4"}, {"field": "participant.start_time:datetime", "op": "<", "value": "2026-01-01T00:00:00Z"}]}})
    text = owner.get(f"/exports/{job['id']}/file").content.decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["UUID", "participant", "participant.start_time:datetime", "participant.status", "drinks", "metadata.Q1", "study"]
    assert [row[0] for row in rows[1:]] == ["u-1", "u-2", "u-3"] and rows[1][2:5] == ["2025-10-31 22:00:00.000000+00:00", "1", "[1,9]"] and rows[1][6] == "one"
    assert rows[3][3] == "dropped"
