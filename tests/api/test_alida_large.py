"""A million records: memory stays as it is while the file is written and sent. Acceptance check 12."""
import threading
import time

import pytest
import requests

from conftest import new_study
from harness import program
from harness.alida import Alida
from harness.client import Api

RESPONSES = 1_000_000
PER_REQUEST = 50_000
MAY_GROW = 150 << 20


@pytest.mark.slow
def test_memory_does_not_follow_the_size(tmp_path):
    if program.sanitized():
        pytest.skip("a sanitizer keeps what is freed")
    server = program.Server(tmp_path).start()
    server.add_user("a@example.org")
    key = server.create_key("a@example.org")
    study = new_study(Api(server.url, key["key"]))
    scale = [{"id": str(number)} for number in range(5)]
    dataset = study.dataset("s", [{"id": f"q{number}", "type": "enum", "options": scale} for number in range(5)], kind="survey", mode="append")
    for begin in range(0, RESPONSES, PER_REQUEST):
        lines = "".join(f'{{"participant":"p{number % 20000}","values":{{"q0":"1","q1":"2","q2":"3","q3":"4","q4":"0"}}}}\n' for number in range(begin, begin + PER_REQUEST))
        dataset.send_raw(lines.encode())
    client = Alida(server.url, study.id, key)
    activity = client.activity("s")
    client.finished(client.start(activity, {"untilDatetime": "2000"}))
    before, most, stop = server.resident_bytes(), [0], threading.Event()

    def watch():
        while not stop.is_set():
            most[0] = max(most[0], server.resident_bytes())
            time.sleep(0.05)
    watcher = threading.Thread(target=watch)
    watcher.start()
    status = client.finished(client.start(activity), wait_s=300)
    redirect = client.session.get(status["data"], headers={"Authorization": f"Bearer {client.token}"}, allow_redirects=False, timeout=60)
    records = size = 0
    with requests.get(redirect.headers["Location"], headers={"Accept-Encoding": "identity"}, stream=True, timeout=300) as response:
        rest = b""
        for piece in response.iter_content(1 << 20):
            size += len(piece)
            text = rest + piece
            records += text.count(b'{"ownerId"')
            rest = text[-9:]
    stop.set()
    watcher.join()
    assert records == RESPONSES and size > 500 << 20
    assert most[0] < before + MAY_GROW, f"from {before >> 20} MB to {most[0] >> 20} MB for a file of {size >> 20} MB"
    assert server.stop() == 0
