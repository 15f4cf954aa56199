"""What stands in an activity's file. Acceptance checks 4 to 9."""
import json
import uuid

import pytest

from conftest import new_study
from harness.alida import GUID, INSTANT, Alida, answers, by_name

COLUMNS = [{"id": str(number), "label": label} for number, label in enumerate(["Poor", "Fair", "Good", "Great"], 1)]


def grid(identity, rows, kind="single_choice_grid", type="enum"):
    return [{"id": f"{identity}_{number}", "name": f"{identity}_{label}", "label": label, "type": type, "group": identity, "question": kind,
             "options": COLUMNS} for number, label in enumerate(rows, 1)]


FIELDS = [
    {"id": "q1", "name": "Q1", "label": "Your gender", "type": "enum", "question": "single_choice",
     "options": [{"id": "m", "label": "Male"}, {"id": "f", "label": "Female"}, {"id": "x", "label": "Other", "hidden": True}]},
    {"id": "q2", "name": "Q2", "label": "Which <b>brands</b>?", "type": "set", "question": "multiple_choice", "privacy": "sensitive",
     "options": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}, {"id": "c", "label": "C"}]},
    *grid("Q3", ["Price", "Quality", "<i>Ease</i>\n of  use"]),
    {"id": "q4", "name": "Q4", "label": "Anything else?", "type": "string", "question": "open_end"},
    {"id": "q5", "name": "Q5", "label": "How many?", "type": "double", "question": "numeric"},
    {"id": "q6", "name": "Q6", "label": "When?", "type": "datetime", "question": "date"},
    {"id": "q7", "name": "Q7", "label": "Where from", "type": "identifier", "question": "hidden", "visibility": "hidden"},
    {"id": "q8", "name": "Q8", "label": "Count", "type": "integer"},
    {"id": "q9", "name": "Q9", "label": "Agreed", "type": "boolean"},
    {"id": "h1", "name": "Highlight", "type": "json", "question": "highlighter"},
    {"id": "h2", "name": "Click", "type": "json", "question": "click_map", "group": "Media"},
    {"id": "h3", "name": "Player", "type": "string", "question": "media_player"},
    {"id": "h4", "name": "Upload", "type": "string", "question": "image_upload"},
    {"id": "gone", "name": "Gone", "type": "string", "visibility": "deleted"},
    {"id": "started", "name": "StartedDate", "label": "Started", "type": "datetime", "system": True},
    {"id": "test", "type": "boolean", "system": True},
]
GROUPS = [{"id": "Q3", "name": "Q3", "label": "How do you rate each of these?", "required": True}, {"id": "Media", "label": "Media"}]
RECORDS = [
    {"id": "r1", "participant": "ann", "time": "2020-01-02T10:00:00Z",
     "values": {"q1": "f", "q2": ["c", "a"], "Q3_1": "3", "Q3_2": "1", "q4": "Say \"hi\"\n\\ ü 😀", "q5": 0.1, "q6": "2020-02-03T04:05:06.789123Z",
                "q7": "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE", "q8": 7, "q9": True, "h1": {"x": 1}, "h2": {"x": 1}, "h3": "secret", "h4": "secret",
                "gone": "secret", "started": "2020-01-02T09:59:00Z"}, "skipped": ["Q3_3"]},
    {"id": "r2", "participant": "ann", "values": {"q2": [], "q4": "", "q5": -12345678901.5, "q9": False}},
    {"id": "r3", "participant": "bob", "values": {"q1": "x", "test": True}},
    {"id": "r4", "participant": "cy", "values": {"started": "2020-01-02T09:59:00Z"}},
    {"id": "r5", "participant": "11111111-2222-4333-8444-ABCDEFABCDEF", "values": {"q5": 3.0}},
]


@pytest.fixture(scope="module")
def survey(owner, server, make_key):
    study = new_study(owner)
    dataset = study.dataset("survey", FIELDS, kind="survey", mode="keyed", groups=GROUPS, attributes={"activityType": "Survey"})
    dataset.send(RECORDS)
    client = Alida(server.url, study.id, make_key())
    return client, client.activity("survey"), dataset


@pytest.fixture(scope="module")
def file(survey):
    client, activity, _ = survey
    return client.export(activity)


def record_of(file, number):
    """In the order of arrival."""
    return answers(file, file["records"][number])


def test_shape(survey, file):
    _, activity, _ = survey
    assert list(file) == ["id", "datasetId", "exportOptions", "exportDate", "lastSyncDate", "definition", "records"]
    assert GUID.match(file["id"]) and file["datasetId"] == activity and file["exportOptions"] == {}
    assert INSTANT.match(file["exportDate"]) and INSTANT.match(file["lastSyncDate"]) and file["lastSyncDate"] <= file["exportDate"]
    assert list(file["definition"]) == ["fields", "fieldGroups"]
    for field in file["definition"]["fields"]:
        assert list(field) == ["id", "name", "type", "isSensitive", "meta"] and GUID.match(field["id"])
        assert set(field["meta"]) - {"isRequired"} == {"description", "visibility", "isSystem"}
        for option in field["type"].get("values", []):
            assert set(option) <= {"id", "name", "meta"} and GUID.match(option["id"])
    for record in file["records"]:
        assert list(record) == ["ownerId", "lastUpdateDate", "fields"] and GUID.match(record["ownerId"]) and INSTANT.match(record["lastUpdateDate"])
        for cell in record["fields"]:
            assert list(cell) == ["id", "values"] and (cell["values"] is None or None not in cell["values"])


def test_a_grid_is_a_field_a_row_and_one_group(file):
    fields = [field for field in file["definition"]["fields"] if field["name"].startswith("Q3_")]
    assert [field["name"] for field in fields] == ["Q3_Price", "Q3_Quality", "Q3_<i>Ease</i>\n of  use"]
    assert len({json.dumps(field["type"]) for field in fields}) == 1
    assert fields[0]["type"]["dataType"] == "enum" and [option["name"] for option in fields[0]["type"]["values"]] == ["Poor", "Fair", "Good", "Great"]
    assert len({option["id"] for option in fields[0]["type"]["values"]}) == 4
    group, = [group for group in file["definition"]["fieldGroups"] if group["name"] == "Q3"]
    assert group["fieldIds"] == [field["id"] for field in fields] and GUID.match(group["id"])
    assert group["meta"] == {"description": "How do you rate each of these?", "isRequired": True}
    for field in fields:
        assert field["meta"]["description"] == "How do you rate each of these?" and field["meta"]["isRequired"] is True


def test_a_row_named_otherwise_gets_the_questions_name(owner, server, make_key):
    study = new_study(owner)
    study.dataset("s", [{"id": "a", "label": " <b>Ease</b>\n of  use ", "type": "double", "group": "g"}, {"id": "b", "label": "x < y", "type": "double", "group": "g"}],
                  kind="survey", groups=[{"id": "g", "name": "Q7"}])
    client = Alida(server.url, study.id, make_key())
    assert [field["name"] for field in client.export(client.activity("s"))["definition"]["fields"]] == ["Q7_Ease of use", "Q7_x < y"]


def test_types(file):
    fields = by_name(file)
    types = {name: field["type"]["dataType"] for name, field in fields.items()}
    assert types == {"Q1": "enum", "Q2": "set", "Q3_Price": "enum", "Q3_Quality": "enum", "Q3_<i>Ease</i>\n of  use": "enum", "Q4": "string",
                     "Q5": "double", "Q6": "datetime", "Q7": "identifier", "Q8": "double", "Q9": "enum", "StartedDate": "datetime"}
    for field in fields.values():
        assert ("values" in field["type"]) == (field["type"]["dataType"] in ("enum", "set"))


def test_flags(file):
    fields = by_name(file)
    assert "isRequired" not in fields["Q2"]["meta"]
    assert all(field["meta"].get("isRequired", True) is True for field in fields.values())
    assert fields["Q2"]["isSensitive"] is True and fields["Q1"]["isSensitive"] is False and "isSensitive" not in fields["Q2"]["meta"]
    assert fields["StartedDate"]["meta"]["isSystem"] is True and fields["Q1"]["meta"]["isSystem"] is False
    assert fields["Q7"]["meta"]["visibility"] == "hidden" and fields["Q1"]["meta"]["visibility"] == "active"
    assert fields["Q2"]["meta"]["description"] == "Which <b>brands</b>?"
    assert [option.get("meta") for option in fields["Q1"]["type"]["values"]] == [None, None, {"visibility": "hidden"}]


def test_a_required_question(owner, server, make_key):
    study = new_study(owner)
    study.dataset("s", [{"id": "q", "type": "string", "required": True}, {"id": "r", "type": "string"}], kind="survey")
    client = Alida(server.url, study.id, make_key())
    assert [field["meta"].get("isRequired") for field in client.export(client.activity("s"))["definition"]["fields"]] == [True, None]


def test_values(file):
    fields, first, second = by_name(file), record_of(file, 0), record_of(file, 1)
    options = {name: {option["name"]: option["id"] for option in field["type"].get("values", [])} for name, field in fields.items()}
    assert first["Q1"] == [options["Q1"]["Female"]]
    assert first["Q2"] == [options["Q2"]["A"], options["Q2"]["C"]], "in the order of the options"
    assert first["Q3_Price"] == [options["Q3_Price"]["Good"]] and first["Q3_<i>Ease</i>\n of  use"] is None
    assert first["Q4"] == ["Say \"hi\"\n\\ ü 😀"] and first["Q5"] == [0.1] and first["Q6"] == ["2020-02-03T04:05:06.789Z"]
    assert first["Q7"] == ["aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"] and first["Q8"] == [7] and first["Q9"] == [options["Q9"]["true"]]
    assert second == {"Q2": [], "Q4": [""], "Q5": [-12345678901.5], "Q9": [options["Q9"]["false"]]}


def test_numbers_are_written_short(survey):
    client, activity, _ = survey
    text = client.file(client.finished(client.start(activity))).text
    assert '"values":[3]' in text and "3.0" not in text and '"values":[0.1]' in text


def test_two_passes_are_two_records_of_one_owner(file):
    assert file["records"][0]["ownerId"] == file["records"][1]["ownerId"]
    assert file["records"][2]["ownerId"] == "11111111-2222-4333-8444-abcdefabcdef", "an id that is a GUID is itself"


def test_tests_and_empty_passes_are_no_records(file):
    assert len(file["records"]) == 3 and "test" not in by_name(file)


def test_media_leave_no_trace(survey):
    client, activity, _ = survey
    text = client.file(client.finished(client.start(activity))).text
    for word in ("Highlight", "Click", "Player", "Upload", "Media", "secret", "Gone"):
        assert word not in text


@pytest.mark.parametrize("given, expected", [
    ({"values": {"s1": "a", "s2": "b"}}, {"s1": ["a"], "s2": ["b"]}),
    ({"values": {"s1": "a", "s3": "c", "s4": "d", "s5": "e"}}, {"s1": ["a"], "s3": ["c"], "s4": ["d"], "s5": ["e"]}),
    ({"values": {"s1": "a", "s2": "b", "s4": "d", "s5": "e"}, "skipped": ["s3"]}, {"s1": ["a"], "s2": ["b"], "s3": None, "s4": ["d"], "s5": ["e"]}),
    ({"values": {"s1": "a", "s2": "b"}, "skipped": ["s3"]}, {"s1": ["a"], "s2": ["b"], "s3": None}),
], ids=["dropped off", "logic", "skip", "skip and dropped off"])
def test_skip_logic_and_drop_off(owner, server, make_key, given, expected):
    study = new_study(owner)
    study.dataset("s", [{"id": f"s{number}", "type": "string"} for number in range(1, 6)], kind="survey", mode="append").send([{"participant": "p", **given}])
    client = Alida(server.url, study.id, make_key())
    file = client.export(client.activity("s"))
    assert answers(file, file["records"][0]) == expected


def test_a_skip_alone_is_a_record(owner, server, make_key):
    study = new_study(owner)
    study.dataset("s", [{"id": "s1", "type": "string"}], kind="survey", mode="append").send([{"participant": "p", "skipped": ["s1"]}, {"participant": "q"}])
    client = Alida(server.url, study.id, make_key())
    file = client.export(client.activity("s"))
    assert [answers(file, record) for record in file["records"]] == [{"s1": None}]


# --- selection

def test_selection_shrinks_everything(survey, file):
    client, activity, _ = survey
    fields = by_name(file)
    chosen = [fields["Q5"]["id"], fields["Q3_Quality"]["id"].upper(), fields["Q5"]["id"]]
    part = client.export(activity, {"fieldIds": chosen, "unknown": 1})
    assert part["exportOptions"] == {"fieldIds": chosen}
    assert [field["name"] for field in part["definition"]["fields"]] == ["Q3_Quality", "Q5"], "in the order of the survey"
    assert [group["fieldIds"] for group in part["definition"]["fieldGroups"]] == [[fields["Q3_Quality"]["id"]]]
    assert [sorted(answers(part, record)) for record in part["records"]] == [["Q3_Quality", "Q5"], ["Q5"], ["Q5"]]
    none = client.export(activity, {"fieldIds": [fields["Q8"]["id"]]})
    assert none["definition"]["fieldGroups"] == [] and [len(record["fields"]) for record in none["records"]] == [1, 0, 0]


def test_a_group_means_its_fields(survey, file):
    client, activity, _ = survey
    group = file["definition"]["fieldGroups"][0]
    part = client.export(activity, {"fieldIds": [group["id"]]})
    assert [field["id"] for field in part["definition"]["fields"]] == group["fieldIds"]


def test_nothing_chosen_is_everything(survey, file):
    client, activity, _ = survey
    for body in ({}, {"fieldIds": []}, {"fieldIds": None, "sinceDatetime": None}):
        assert client.export(activity, body)["definition"] == file["definition"]


def test_ids_that_are_none_of_the_activity(survey, owner, server, make_key):
    client, activity, _ = survey
    study = new_study(owner)
    study.dataset("survey", FIELDS, kind="survey", mode="append")
    other = Alida(server.url, study.id, make_key())
    foreign = by_name(other.export(other.activity("survey")))["Q5"]["id"]
    for identity in (str(uuid.uuid4()), foreign):
        client.start(activity, {"fieldIds": [identity]}, error=400)


def test_excluded_questions_cannot_be_chosen(owner, server, make_key):
    """Their GUIDs can be known: an id may be one."""
    identity = "0a0a0a0a-0000-4000-8000-00000000000a"
    study = new_study(owner)
    study.dataset("s", [{"id": "q", "type": "string"}, {"id": identity, "type": "string", "question": "image_upload"}], kind="survey", mode="append")
    client = Alida(server.url, study.id, make_key())
    client.start(client.activity("s"), {"fieldIds": [identity]}, error=400)


# --- ids

def test_ids_stay_the_same_and_tell_nothing(survey, file, owner, server, make_key):
    client, activity, dataset = survey
    again = client.export(activity)
    assert {**again, "id": 0, "exportDate": 0} == {**file, "id": 0, "exportDate": 0} and again["id"] != file["id"]
    study = new_study(owner)
    study.dataset("survey", FIELDS, kind="survey", mode="append", groups=GROUPS).send([{"participant": "ann", "values": {"q5": 1}}])
    other = Alida(server.url, study.id, make_key())
    foreign = other.export(other.activity("survey"))
    assert foreign["records"][0]["ownerId"] != file["records"][0]["ownerId"], "another study, another id"
    assert foreign["datasetId"] != file["datasetId"]


def test_ids_that_are_guids_are_themselves(owner, server, make_key):
    ids = {name: str(uuid.uuid4()) for name in ("dataset", "field", "option", "group", "person")}
    study = new_study(owner)
    study.dataset(ids["dataset"], [{"id": ids["field"], "type": "enum", "group": ids["group"].upper(), "options": [{"id": ids["option"].upper()}]}], kind="survey", mode="append").send(
        [{"participant": ids["person"], "values": {ids["field"]: ids["option"].upper()}}])
    client = Alida(server.url, study.id, make_key())
    file = client.export(ids["dataset"].upper())
    assert file["datasetId"] == ids["dataset"]
    field, = file["definition"]["fields"]
    assert field["id"] == ids["field"] and field["type"]["values"][0]["id"] == ids["option"]
    assert file["definition"]["fieldGroups"][0]["id"] == ids["group"]
    assert file["records"][0]["ownerId"] == ids["person"] and file["records"][0]["fields"] == [{"id": ids["field"], "values": [ids["option"]]}]


def test_without_identifiers_owners_are_others(owner, server, survey):
    client, activity, dataset = survey
    server.add_user("masked-alida@example.org")
    owner.put(f"{dataset.study.path}/grants/masked-alida@example.org", {"rights": ["export"], "identifiers": False})
    masked = Alida(server.url, dataset.study.id, server.create_key("masked-alida@example.org"))
    plain, hidden = client.export(activity), masked.export(activity)
    owners = {record["ownerId"] for record in hidden["records"]}
    assert len(owners) == 2 and not owners & {record["ownerId"] for record in plain["records"]}
    assert "11111111" not in json.dumps(hidden)


def test_direct_identifiers_are_not_there_for_who_may_not_see_them(owner, server):
    study = new_study(owner)
    study.dataset("s", [{"id": "email", "type": "string", "privacy": "direct"}, {"id": "q", "type": "string"}], kind="survey", mode="append").send(
        [{"participant": "p", "values": {"email": "a@example.org", "q": "mail b@example.org"}}])
    server.add_user("masked2-alida@example.org")
    owner.put(f"{study.path}/grants/masked2-alida@example.org", {"rights": ["export"], "identifiers": False})
    full, masked = (Alida(server.url, study.id, server.create_key(email)) for email in ("owner@example.org", "masked2-alida@example.org"))
    activity = full.activity("s")
    everything, part = full.export(activity), masked.export(activity)
    assert by_name(everything)["email"]["isSensitive"] is True
    assert list(by_name(part)) == ["q"] and "@" not in json.dumps(part)
    masked.start(activity, {"fieldIds": [by_name(everything)["email"]["id"]]}, error=400)
