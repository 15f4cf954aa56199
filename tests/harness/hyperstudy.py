"""A client of /api/v3 that does what HyperStudy's Python SDK 0.4 is known to do, and is as strict: which requests it makes, what
it reads of an answer, what it trips over, and the data frames it makes. Written after observations of the SDK; requests only, and
pandas for the frames."""
import os
import re
import warnings

import requests

PAGE = 1000
TYPES = ("events", "recordings", "chat", "videochat", "sync", "ratings/continuous", "ratings/sparse", "components", "eyetracking")
TIME_COLUMNS = ("timestamp", "startTime", "endTime", "createdAt", "updatedAt")


class HyperStudyError(Exception):
    def __init__(self, message, code=None, status=None, details=None):
        super().__init__(message)
        self.message, self.code, self.status, self.details = message, code, status, details


class ValidationError(HyperStudyError):
    pass


class AuthenticationError(HyperStudyError):
    pass


class ForbiddenError(HyperStudyError):
    pass


class NotFoundError(HyperStudyError):
    pass


class ServerError(HyperStudyError):
    pass


BY_STATUS = {400: ValidationError, 401: AuthenticationError, 403: ForbiddenError, 404: NotFoundError}


def check_metadata(metadata):
    """What the SDK reads without asking: a wrong type raises there, so it raises here."""
    assert isinstance(metadata, dict), metadata
    for warning in metadata.get("_warnings", []):
        assert isinstance(warning, str), metadata["_warnings"]
        warnings.warn(warning, UserWarning, stacklevel=3)
    if "pagination" in metadata:
        pagination = metadata["pagination"]
        assert isinstance(pagination, dict), metadata
        assert type(pagination["total"]) is int and type(pagination["returned"]) is int, pagination
        assert type(pagination["hasMore"]) is bool, pagination
        assert pagination["total"] >= pagination["returned"], pagination
        if pagination["hasMore"]:
            assert type(pagination["nextOffset"]) is int and pagination["nextOffset"] > pagination["offset"], pagination
        else:
            assert "nextOffset" not in pagination, pagination


class Client:
    def __init__(self, api_key, base_url, timeout=60):
        if not api_key:
            raise AuthenticationError("No API key", "MISSING_API_KEY")
        self.base = base_url.rstrip("/")
        self.timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"X-API-Key": api_key, "Accept": "application/json"})
        self.asked = []

    def request(self, method, path, **options):
        options.setdefault("timeout", self.timeout)
        response = self.session.request(method, f"{self.base}/{path.lstrip('/')}", **options)
        self.asked.append(response.request.path_url)
        try:
            body = response.json()
        except ValueError:
            kind = ServerError if response.status_code >= 500 else HyperStudyError
            raise kind(f"Unexpected non-JSON response ({response.status_code})", "SERVER_ERROR", response.status_code) from None
        assert isinstance(body, dict), f"a body that is no object: {str(body)[:200]}"
        if response.status_code >= 400 or body.get("status") == "error":
            error = body.get("error", {})
            assert isinstance(error, dict), body
            kind = BY_STATUS.get(response.status_code, ServerError if response.status_code >= 500 else HyperStudyError)
            raise kind(error.get("message", response.reason), error.get("code"), response.status_code, error.get("details"))
        if "metadata" in body:
            check_metadata(body["metadata"])
        return body

    def get(self, path, **params):
        return self.request("GET", path, params={name: value for name, value in params.items() if value is not None})

    def pages(self, path, limit=None, offset=0, page=PAGE, **params):
        """All rows as the SDK fetches them: one request where a limit is given, else pages while `hasMore`."""
        if limit is not None:
            return self.get(path, limit=limit, offset=offset, **params)["data"]
        rows = []
        while True:
            body = self.get(path, limit=page, offset=offset, **params)
            rows += body["data"] or []
            pagination = body.get("metadata", {}).get("pagination", {})
            if not pagination.get("hasMore"):
                return rows
            offset = pagination.get("nextOffset", offset + page)

    def fetch(self, kind, identity, scope="experiment", **params):
        return self.pages(f"data/{kind}/{scope}/{identity}", **params)

    def get_experiments(self, **params):
        return self.pages("experiments", page=50, **params)

    def get_experiment(self, identity):
        return unwrap(self.get(f"experiments/{identity}")["data"])

    def get_all_data(self, participant, room_id):
        """Thirteen requests, in this order; any that fails ends it."""
        scope = {"scope": "participant", "roomId": room_id}
        data = {kind.replace("/", "_"): self.fetch(kind, participant, **scope) for kind in TYPES}
        data["questionnaire"] = self.fetch("events", participant, category="questionnaire", **scope)
        for prefix in ("instructions", "consent"):
            rows = self.fetch("events", participant, category="pre_experiment", **scope)
            data[prefix] = [row for row in rows if row.get("eventType", "").startswith(prefix + ".")]
        data["agent_decisions"] = self.get(f"data/agent-decisions/room/{room_id}")["data"]
        return data

    def download_recordings(self, directory, identity, scope="experiment", **params):
        """Rows with `local_path` and `download_status`: downloaded, skipped, failed."""
        rows = self.fetch("recordings", identity, scope=scope, **params)
        return [self.download_recording(directory, row) for row in rows]

    def download_recording(self, directory, row):
        path = os.path.join(directory, recording_name(row))
        done = {**row, "local_path": path}
        size = row.get("fileSize")
        if os.path.exists(path) and (size is None or os.path.getsize(path) == size):
            return {**done, "download_status": "skipped"}
        address = self.recording_address(row)
        if address is None:
            return {**done, "local_path": None, "download_status": "failed"}
        try:
            stream_to(address, path)
        except (requests.RequestException, OSError, ValueError) as error:
            return {**done, "local_path": None, "download_status": "failed", "error": str(error)}
        return {**done, "download_status": "downloaded"}

    def recording_address(self, row):
        if row.get("downloadPath"):
            # A failing mint ends the whole download: nobody catches it.
            minted = self.get(row["downloadPath"])["data"]
            return minted.get("url")
        return row.get("downloadUrl") or row.get("url")


def stream_to(address, path):
    with requests.get(address, stream=True, timeout=300) as response:
        response.raise_for_status()
        assert "X-API-Key" not in response.request.headers
        assert "Content-Encoding" not in response.headers
        expected = response.headers.get("Content-Length")
        size = 0
        with open(path + ".part", "wb") as part:
            for piece in response.iter_content(65536):
                size += len(piece)
                part.write(piece)
        if expected is not None and size != int(expected):
            raise ValueError(f"truncated: {size} of {expected} bytes")
    os.replace(path + ".part", path)


def recording_name(row):
    metadata = row.get("metadata") or {}
    name = row.get("participantName") or row.get("participantId") or "unknown"
    kind = metadata.get("type") or "recording"
    identity = row.get("recordingId") or row.get("egressId") or "unknown"
    ending = row.get("format") or ("webm" if kind == "audio" else "mp4")
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', name)}_{kind}_{identity}.{ending}"


def unwrap(data):
    return data[0] if isinstance(data, list) else data


def flatten(rows):
    """`metadata` and `sparseRatingData` one level deep, decided by the first row."""
    if not rows:
        return rows
    names = [name for name in ("metadata", "sparseRatingData") if isinstance(rows[0].get(name), dict)]
    flat = []
    for row in rows:
        more = {}
        for name in names:
            if isinstance(row.get(name), dict):
                more.update({f"{name}_{key}": value for key, value in row[name].items()})
        flat.append({**row, **more})
    return flat


def to_frame(rows):
    import pandas
    if not rows:
        return pandas.DataFrame()
    frame = pandas.DataFrame(flatten(rows))
    for name in TIME_COLUMNS:
        if name in frame:
            frame[name] = pandas.to_datetime(frame[name], errors="coerce")
    if "onset" in frame:
        frame["onset_sec"] = pandas.to_numeric(frame["onset"], errors="coerce") / 1000
    return frame
