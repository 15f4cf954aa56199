"""docs/hyperstudy.md: its Python, JavaScript, R and shell, run as they stand."""
import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import program

PAGE = (program.ROOT / "docs" / "hyperstudy.md").read_text(encoding="utf-8")


def block(language):
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def environment(server):
    from harness.client import Api, Study
    server.add_user("sdk@example.org")
    made = server.create_key("sdk@example.org")
    api = Api(server.url, made["key"])
    api.post("/studies", {"id": "couples", "name": "Couples"}, status=201)
    study = Study(api, "couples")
    fields = [{"id": "category", "type": "string"}, {"id": "eventType", "type": "string"}, {"id": "value", "type": "json"}]
    events = study.dataset("events", fields, kind="events")
    events.send([{"id": f"e{n}", "participant": f"p{n % 3}", "session": "room-1", "time": f"2026-01-31T10:{n // 60 % 60:02d}:{n % 60:02d}.{n % 1000:03d}Z",
                  "onset_ms": n - 500, "values": {"category": "component" if n % 4 else "media", "value": {"a": n}}} for n in range(2500)])
    ratings = study.dataset("continuous_ratings", [{"id": "value", "type": "double"}], kind="continuous_ratings")
    ratings.send([{"id": f"r{n}", "participant": f"p{n % 2}", "session": "room-1", "onset_ms": n, "values": {"value": float(n % 2)}} for n in range(100)])
    return {**program.environment(), "HYPERSTUDY_BASE_URL": server.url + "/api/v3", "HYPERSTUDY_API_KEY": made["key"], "KEY": made["key"],
            "SHEAF": server.url}


def run(words, text, environment, **options):
    finished = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120, env=environment, **options)
    assert finished.returncode == 0, f"{text}\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def test_python(environment):
    pytest.importorskip("pandas")
    out = run([sys.executable, "-"], block("python"), environment)
    assert re.search(r"component\s+1875", out) and re.search(r"media\s+625", out) and re.search(r"p1\s+1\.0", out)


def test_javascript(environment, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node")
    script = tmp_path / "guide.mjs"
    script.write_text(block("javascript"))
    out = run([node, str(script)], None, environment)
    assert "component: 1875" in out and "media: 625" in out


def test_r(environment, tmp_path):
    if shutil.which("Rscript") is None:
        pytest.skip("no R")
    script = tmp_path / "guide.R"
    script.write_text(block("r"))
    out = run(["Rscript", "--vanilla", str(script)], None, {**environment, "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/root")})
    assert re.search(r"component\s+media", out) and re.search(r"1875\s+625", out) and re.search(r"-500\s+1999", out)


def test_shell(environment, tmp_path):
    text = block("sh").split("sheaf import")[0]
    curl = text[text.index("curl"):]
    out = run(["bash", "-euo", "pipefail", "-c", curl + "\n"], None, environment, cwd=tmp_path)
    assert '"state"' in out
