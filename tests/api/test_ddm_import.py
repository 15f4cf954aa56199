"""`sheaf import --from ddm`: what was downloaded elsewhere comes out of here the same."""
import csv
import io
import json
import zipfile

import pytest

from conftest import OWNER, new_study
from harness import program
from harness.ddm import Project

A, B = "A" * 24, "B" * 24
HEADER = ("participant_id,start_time,end_time,current_step,completed,extra_data,blueprint_1_name,blueprint_1_time_submitted,blueprint_1_consent,blueprint_1_status,"
          "blueprint_2_name,blueprint_2_time_submitted,blueprint_2_consent,blueprint_2_status,donation_download_link\n")
#: As DDM writes it: a dictionary whose quotes are not doubled.
OVERVIEW = (HEADER
            + f'"{A}","2024-07-16 20:30:40.863581+00:00","2024-07-16 22:25:30+00:00","3","True","{{\'url_param\': {{\'pid\': "O\'Brien", \'src\': None}}, \'briefing_consent\': \'1\'}}",'
            + '"Watch history","2024-07-16 21:00:00.453322+00:00","True","success","Search","2024-07-16 21:00:01+00:00","None","pending",https://x/1\n'
            + f'"{B}","2024-01-17 08:00:00.000005+00:00","None","1","False","{{\'url_param\': {{}}}}",None,None,None,None,None,None,None,None,None\n')
RESPONSES = f'participant,time_submitted,mc-20,zsc,open\r\n{A},2025-01-14T13:19:21.998413+01:00,1,1,"a,""b""\r\nline2"\r\n{B},2025-01-14T13:19:21+01:00,-77,-99,\r\n'
DONATION = [{"blueprint_id": 1, "blueprint_name": "Watch history",
             "donation": {"participant": A, "data": [{"a": "grüße", "n": 1.5}], "time_submitted": "2024-07-16T23:00:00.453322+02:00", "status": "success", "consent": True}}]


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def words(server, study, key):
    return ["import", "--server", server.url, "--key", key, "--study", study, "--from", "ddm"]


def test_all_three(server, owner, owner_key, tmp_path):
    study = new_study(owner)
    (tmp_path / "overview.csv").write_text(OVERVIEW)
    (tmp_path / "responses.csv").write_bytes(RESPONSES.encode())
    (tmp_path / "donations.zip").write_bytes(zipped([(f"ddm_x_donations_{A}.json", json.dumps(DONATION))]))
    files = [tmp_path / name for name in ("overview.csv", "responses.csv", "donations.zip")]
    said = program.run(*words(server, study.id, owner_key), *files).stdout
    assert "2 participants, 2 donations (1 with their payload), 2 responses" in said
    before = owner.get(f"{study.path}/files").json()["total"]
    program.run(*words(server, study.id, owner_key), *files)
    assert owner.get(f"{study.path}/files").json()["total"] == before == 1
    url_id = owner.get(f"{study.path}/donation-project").json()["url_id"]
    project = Project.__new__(Project)
    project.server, project.study, project.email, project.prefix, project.url_id = server, study, OWNER, "/ddm", url_id
    project.root = server.url + "/ddm"
    project.api = f"{project.root}/api/project/{url_id}"
    browser = project.sign_in()
    token = project.new_token(browser)
    overview = list(csv.DictReader(io.StringIO(browser.get(f"{project.api}/details/download").text)))
    wanted = list(csv.DictReader(io.StringIO(OVERVIEW.replace('"O\'Brien"', '""O\'Brien""'))))
    for row in (*overview, *wanted):
        row.pop("donation_download_link")
    assert overview == wanted
    [donation] = project.get("donations", token, params={"participants": A}).json()["blueprints"]["1"]["donations"]
    assert donation["data"] == [{"a": "grüße", "n": 1.5}] and donation["time_submitted"] == "2024-07-16T21:00:00.453322Z" and donation["consent"] is True
    answers = {one["participant"]: one for one in project.get("responses", token).json()["responses"]}
    assert answers[A]["response_data"] == {"mc-20": "1", "zsc": "1", "open": 'a,"b"\r\nline2'} and answers[A]["time_submitted"] == "2025-01-14T12:19:21.998413Z"
    assert answers[B]["response_data"] == {"mc-20": "-77", "zsc": "-99"}


@pytest.mark.parametrize("name, data, said", [
    ("cut.zip", zipped([("a.json", json.dumps(DONATION))])[:-40], "ZIP"), ("none.zip", b"PK\x03\x04 and nothing", "ZIP"),
    ("out.zip", zipped([("../a.json", "[]")]), "leads out"), ("absolute.zip", zipped([("/a.json", "[]")]), "leads out"),
    ("bomb.zip", zipped([("a.json", b" " * (600 << 20))]), "more than it may"), ("other.zip", zipped([("a.txt", "x")]), "no donations"),
    ("broken.zip", zipped([("a.json", "[{]")]), ""), ("other.csv", b"a,b\n1,2\n", "neither"), ("open.csv", (HEADER + f'"{A},').encode(), "not closed"),
    ("short.csv", (HEADER + f'"{A}","x"\n').encode(), "cells"), ("time.csv", b"participant,time_submitted\nx,soon\n", "no time"),
], ids=lambda value: value if isinstance(value, str) and "." in value else "")
def test_what_cannot_be_taken(server, owner, owner_key, tmp_path, name, data, said):
    study = new_study(owner)
    (tmp_path / "overview.csv").write_text(OVERVIEW)
    (tmp_path / name).write_bytes(data)
    finished = program.run(*words(server, study.id, owner_key), tmp_path / "overview.csv", tmp_path / name, check=False)
    assert finished.returncode != 0 and name in finished.stderr and said in finished.stderr, finished.stderr
    # Nothing is half there.
    assert owner.get(f"{study.path}/participants").json()["total"] == 0
    owner.get(f"{study.path}/donation-project", error="not-found")
