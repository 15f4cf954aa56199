"""Recordings whose length and picture nobody told are measured: real media files, and the real ffprobe."""
import csv
import io
import shutil
import struct
import subprocess
import wave

import pytest

from harness.hyperstudy import Client
from test_files import append, begin, download, put, sha256


@pytest.fixture(scope="module", autouse=True)
def installed():
    assert shutil.which("ffprobe") and shutil.which("ffmpeg"), "./dev setup installs Debian's ffmpeg"


def made(path, *arguments):
    subprocess.run(["ffmpeg", "-v", "error", *arguments, str(path)], check=True, timeout=60, stdin=subprocess.DEVNULL)
    return path.read_bytes()


PICTURE = ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=10:duration=1.5")
SOUND = ("-f", "lavfi", "-i", "sine=duration=1.5")


def measures(file):
    return file["duration_ms"], file["width"], file["height"]


def about(duration_ms, expected=1500):
    # Codecs round to whole packets.
    assert abs(duration_ms - expected) <= 60, duration_ms
    return True


def test_a_video_with_sound(study, tmp_path):
    data = made(tmp_path / "a.webm", *PICTURE, *SOUND, "-c:v", "libvpx", "-c:a", "libopus")
    file = begin(study, media_type="video/webm", name="a.webm")["id"]
    kept = put(study, file, data).json()
    assert about(kept["duration_ms"]) and (kept["width"], kept["height"]) == (320, 180)
    assert study.api.get(f"{study.path}/files/{file}").json() == kept and download(study, file).content == data


def test_as_a_browser_records_it(study, tmp_path):
    """Written as it goes, so that it says nowhere how long it became."""
    made(tmp_path / "a.webm", *PICTURE, *SOUND, "-c:v", "libvpx", "-c:a", "libopus", "-f", "webm", "-live", "1")
    data = subprocess.run(["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.webm"), "-c", "copy", "-f", "webm", "-"], check=True, timeout=60, stdin=subprocess.DEVNULL, capture_output=True).stdout
    told = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", "-"], input=data, check=True, timeout=60, capture_output=True).stdout
    assert told.strip() in (b"", b"N/A"), told
    file = begin(study, media_type="video/webm")["id"]
    kept = put(study, file, data).json()
    assert about(kept["duration_ms"]) and (kept["width"], kept["height"]) == (320, 180)


def test_in_parts_with_its_index_at_the_end(study, tmp_path):
    data = made(tmp_path / "a.mp4", *PICTURE, "-pix_fmt", "yuv420p")
    assert data.index(b"moov") > data.index(b"mdat")
    file = begin(study, media_type="video/mp4", size=len(data))["id"]
    half = len(data) // 2
    append(study, file, 0, data[:half])
    assert measures(study.api.get(f"{study.path}/files/{file}").json()) == (None, None, None)
    append(study, file, half, data[half:])
    study.api.post(f"{study.path}/files/{file}/complete", {"sha256": sha256(data)})
    kept = study.api.get(f"{study.path}/files/{file}").json()
    assert about(kept["duration_ms"]) and (kept["width"], kept["height"]) == (320, 180)


def test_sound_alone(study, tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", n % 200) for n in range(10000)))
    file = begin(study, media_type="audio/wav")["id"]
    assert measures(put(study, file, (tmp_path / "a.wav").read_bytes()).json()) == (1250, None, None)
    data = made(tmp_path / "a.ogg", *SOUND)
    file = begin(study, media_type="audio/ogg")["id"]
    kept = put(study, file, data).json()
    assert about(kept["duration_ms"]) and kept["width"] is None


def test_what_was_said_stays(study, tmp_path):
    data = made(tmp_path / "a.webm", *PICTURE, "-c:v", "libvpx")
    said = begin(study, media_type="video/webm", duration_ms=7)["id"]
    assert measures(put(study, said, data).json()) == (7, 320, 180)
    # Bytes that are called something else are nobody's film.
    other = begin(study, media_type="application/octet-stream")["id"]
    assert measures(put(study, other, data).json()) == (None, None, None)


@pytest.mark.parametrize("data", [b"no film", b"\x1aE\xdf\xa3" + b"\xff" * 4000, b"ffconcat version 1.0\nfile /etc/passwd\n", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"],
                         ids=["words", "broken", "a list of other files", "a playlist"])
def test_what_cannot_be_measured_is_kept_all_the_same(study, data):
    file = begin(study, media_type="video/webm")["id"]
    assert measures(put(study, file, data).json()) == (None, None, None)
    assert download(study, file).content == data


def test_a_film_cut_short(study, tmp_path):
    data = made(tmp_path / "a.mp4", *PICTURE, "-pix_fmt", "yuv420p")[:2000]
    file = begin(study, media_type="video/mp4")["id"]
    assert measures(put(study, file, data).json()) == (None, None, None)


def test_hyperstudys_recordings_tell_it(study, server, make_key, tmp_path):
    data = made(tmp_path / "a.webm", *PICTURE, "-c:v", "libvpx")
    recordings = study.dataset("recordings", [{"id": "duration", "type": "double"}, {"id": "resolution", "type": "string"}], kind="recordings")
    recordings.send([{"id": "bare", "participant": "ada", "session": "ra", "time": "2026-01-31T08:00:00Z", "values": {}},
                     {"id": "said", "participant": "ada", "session": "ra", "time": "2026-01-31T08:01:00Z", "values": {"duration": 7, "resolution": "1x1"}},
                     {"id": "lost", "participant": "ada", "session": "ra", "time": "2026-01-31T08:02:00Z", "values": {}}])
    for record in ("bare", "said"):
        put(study, begin(study, media_type="video/webm", participant="ada", session="ra", dataset="recordings", record=record)["id"], data)
    begin(study, media_type="video/webm", participant="ada", session="ra", dataset="recordings", record="lost", size=9)
    client = Client(make_key()["key"], server.url + "/api/v3")
    rows = {row["recordingId"]: row for row in client.fetch("recordings", study.id)}
    bare, said, lost = (rows[name] for name in ("bare", "said", "lost"))
    assert about(bare["duration"]) and (bare["resolution"], bare["fileSize"], bare["format"]) == ("320x180", len(data), "webm")
    assert (said["duration"], said["resolution"], said["fileSize"]) == (7, "1x1", len(data))
    assert (lost["duration"], lost["resolution"], lost["fileSize"], lost["format"], lost["downloadPath"]) == (None,) * 5
    answer = client.session.get(f"{client.base}/data/recordings/experiment/{study.id}", params={"format": "csv"}, timeout=30)
    table = {row["recordingId"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert [(row["resolution"], row["fileSize"], row["format"]) for row in (table["bare"], table["lost"])] == [("320x180", str(len(data)), "webm"), ("", "", "")]
