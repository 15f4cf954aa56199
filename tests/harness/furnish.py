"""What the addresses of the contract name, beyond a study and its records."""


def furnish(owner, study):
    """Makes one of each in the study; place in an address → what stands there. "none" is of things no test can make by asking."""
    owner.put(f"{study.path}/donation-project", {})
    owner.put(f"{study.path}/donation-project/token", {})
    file = owner.post(f"{study.path}/files", {"kind": "recording", "participant": "p1"}).json()["id"]
    owner.put(f"{study.path}/files/{file}/content", data=b"{}")
    word = owner.post(f"{study.path}/files/{file}/link", {}).json()["url"].rsplit("/", 1)[1]
    schedule = owner.post(f"{study.path}/schedules", {"name": "of the table", "cron": "@yearly", "request": {"datasets": ["diary"]}}).json()
    return {"file": file, "word": word, "schedule": schedule["id"], "delivery": "none", "part": "1", "purpose": "research", "request": "none", "link": "none"}
