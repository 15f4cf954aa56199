"""What the guides tell people to type, typed: the shell blocks of docs/, one after the other in one shell."""
import json
import os
import re
import subprocess

import pytest

from harness import program

GUIDES = ["import.md", "export.md", "incremental.md", "surveys.md", "alida.md", "ddm.md", "owner.md", "collaborator.md"]
SAMPLE = "rownames,A1,gender\n61617,2,1\n61618,2,2\n61620,5,\n"


def blocks(page):
    return re.findall(r"^```sh\n(.*?)^```$", (program.ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def shell(server, tmp_path_factory):
    """A directory and variables as the guides assume them; curl fails on a refusal. Its own account, its own studies."""
    directory = tmp_path_factory.mktemp("guides")
    server.add_user("guide@example.org", admin=True)
    (directory / "bfi.csv").write_text(SAMPLE)
    (directory / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    (directory / "bin").mkdir()
    (directory / "bin" / "sheaf").symlink_to(program.binary())
    environment = {**program.environment(), "SHEAF": server.url, "KEY": server.create_key("guide@example.org")["key"], "EMAIL": "guide@example.org", "PASSWORD": "a long enough password", "CURL_HOME": str(directory),
                   "PATH": f"{directory / 'bin'}:{os.environ['PATH']}"}

    def run(text):
        text = text.replace("http://127.0.0.1:8080", server.url)
        return subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=directory, env=environment, capture_output=True, text=True, timeout=120)

    return run, directory


def test_the_guides_work_as_written(shell):
    run, directory = shell
    for page in GUIDES:
        for block in blocks(page):
            finished = run(block)
            assert finished.returncode == 0, f"docs/{page}:\n{block}\n{finished.stdout}\n{finished.stderr}"
    assert (directory / "answers.csv").read_text().splitlines()[1].startswith("61617,")
    assert (directory / "all.ndjson").read_text().count("\n") == 2 and (directory / "new.ndjson").read_text() == ""
    assert json.loads((directory / "responses.json").read_text())["records"][0]["fields"][2]["values"] is None
