"""Data directories of earlier versions: data/version-1.tar.xz was written by the program of that time."""
import pathlib
import tarfile

from harness import program
from harness.client import Api, Study

DATA = pathlib.Path(__file__).parent / "data"


def test_version_1(tmp_path):
    """Two people with five answers each; one of ada's was replaced, ben-0 was deleted."""
    with tarfile.open(DATA / "version-1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(tmp_path)
    server = program.Server(tmp_path)
    server.start()
    api = Api(server.url, server.create_key("owner@example.org")["key"])
    study = Study(api, "old")
    diary = study.dataset("diary", [{"id": "mood", "type": "integer"}, {"id": "note", "type": "string"}], kind="survey", mode="keyed")
    summary = diary.summary()
    assert (summary["records"], summary["participants"]) == (9, 2) and summary["last_seq"] == 16
    assert [entry["id"] for entry in diary.page(tombstones="true")["deleted"]] == ["ben-0"]
    study.api.put(f"{study.path}/participants/ada/consents/research", {"given": True})
    assert diary.count(consented_only="true") == 5
    study.api.post(f"{study.path}/participants/ada/withdrawal", {})
    assert diary.count() == 4
    study.api.delete(f"{study.path}/participants/ada/withdrawal", status=204)
    # Whose the deleted record was is known, or taken to be: its id goes with ben.
    api.post(f"{study.path}/participants/ben/erasure")
    assert diary.summary()["records"] == 5
    assert not any("ben" in (entry.get("id") or "") for entry in diary.page(tombstones="true")["deleted"])
    assert server.stop() == 0
    assert all(b"ben-0" not in path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert program.run("check", "--data", server.data).returncode == 0
