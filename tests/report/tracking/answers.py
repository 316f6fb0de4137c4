"""What the loopback server keeps, and what it answers to each GraphQL operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ENTITY = "team"


@dataclass
class Run:
    """A run as a server has it."""

    name: str  # its id
    about: dict[str, Any] = field(default_factory=dict)  # variables of UpsertBucket: groupName, jobType, tags, ...
    config: dict[str, Any] = field(default_factory=dict)
    history: dict[int, dict[str, Any]] = field(default_factory=dict)  # by line
    summary: dict[str, Any] = field(default_factory=dict)
    complete: bool = False

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The history without what the client adds."""
        return [{k: v for k, v in row.items() if not k.startswith("_")} for _, row in sorted(self.history.items())]


@dataclass
class Artifact:
    """A version of an artifact."""

    id: str
    asked: dict[str, Any]  # the input of CreateArtifact
    state: str = "PENDING"
    used_by: list[str] = field(default_factory=list)


@dataclass
class Told:
    """All that was told."""

    runs: dict[str, Run] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)  # by digest and name
    files: dict[str, bytes] = field(default_factory=dict)  # by path
    views: dict[str, dict[str, Any]] = field(default_factory=dict)  # reports
    inserted: int = 0  # reports that were new

    def stream(self, name: str, said: Mapping[str, Any]) -> None:
        """Keep a piece of a run's stream: lines from an offset on."""
        run = self.runs[name]
        files = said.get("files") or {}
        for piece in (files.get("wandb-history.jsonl"),):
            for number, line in enumerate(piece["content"] if piece else []):
                run.history[piece["offset"] + number] = json.loads(line)
        if "wandb-summary.json" in files:
            run.summary = json.loads(files["wandb-summary.json"]["content"][-1])
        run.complete = run.complete or bool(said.get("complete"))


def answer(told: Told, name: str, given: Mapping[str, Any], url: str) -> dict[str, Any] | None:
    """Return the data of an operation, None for one that is not known here."""
    if name in FIXED:
        return FIXED[name]
    return ANSWERS[name](told, given, url) if name in ANSWERS else None


VIEWER = {"id": "u1", "entity": ENTITY, "username": "someone", "email": "s@example.org", "flags": "{}", "admin": False}
FIXED: dict[str, dict[str, Any]] = {
    "Viewer": {"viewer": {**VIEWER, "teams": {"edges": [{"node": {"name": ENTITY}}]}}},
    "GetViewer": {"viewer": {**VIEWER, "teams": {"edges": []}}},
    "GetDefaultEntity": {"viewer": {"id": "u1", "entity": ENTITY}},
    "ServerFeaturesQuery": {"serverInfo": {"features": []}},
    "OrganizationCoreWeaveOrganizationID": {"entity": {"organization": {"coreWeaveOrganizationId": None}}},
    "OrgFeatureFlags": {"organization": None},
    "FetchArtifactDigestAlgorithm": {"project": None},
    "XXHashDigestsEnabled": {"entity": {"xxhashDigestsEnabled": False}},
    "GetProjects": {"models": {"edges": [], "pageInfo": {"endCursor": None, "hasNextPage": False}}},
    "ProjectInternalId": {"project": {"id": "p1", "internalId": "p1"}},
    "CreateProject": {"upsertModel": {"model": {"id": "p1", "name": "p"}, "inserted": True}},
}


def _upsert_run(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    name = given.get("name") or given["id"]
    fresh = name not in told.runs
    run = told.runs.setdefault(name, Run(name))
    run.about.update({k: v for k, v in given.items() if v is not None})
    if given.get("config"):
        run.config = {k: v["value"] for k, v in json.loads(given["config"]).items() if k != "_wandb"}
    project = {"id": "p1", "name": given.get("project") or "p", "entity": {"id": "e1", "name": ENTITY}}
    bucket = {"id": f"run:{name}", "name": name, "displayName": given.get("displayName"), "description": None,
              "config": given.get("config"), "sweepName": None, "project": project,
              "historyLineCount": len(run.history)}  # fmt: skip
    return {"upsertBucket": {"bucket": bucket, "inserted": fresh}}


def _resumed(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    run = told.runs.get(given["name"])
    model = {"id": "p1", "name": given["project"], "entity": {"id": "e1", "name": ENTITY}, "bucket": None}
    if run is None:
        return {"model": model}
    rows = [json.dumps(row) for _, row in sorted(run.history.items())]
    config = {name: {"value": value} for name, value in run.config.items()}
    bucket = {"id": f"run:{run.name}", "name": run.name, "summaryMetrics": json.dumps(run.summary),
              "displayName": run.about.get("displayName"), "logLineCount": 0, "historyLineCount": len(rows),
              "eventsLineCount": 0, "historyTail": json.dumps(rows[-1:]), "eventsTail": "[]",
              "config": json.dumps(config), "tags": run.about.get("tags") or [], "notes": "",
              "wandbConfig": "{\"t\": 1}"}  # fmt: skip
    return {"model": {**model, "bucket": bucket}}


def _run_files(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    files = [{"name": name, "uploadUrl": f"{url}/put/{given['run']}/{name}"} for name in given["files"]]
    return {"createRunFiles": {"runID": f"run:{given['run']}", "uploadHeaders": [], "files": files}}


def _create_artifact(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    asked = dict(given["input"])
    known = f"{asked['artifactCollectionName']}:{asked['digest']}"
    artifact = told.artifacts.setdefault(known, Artifact(f"artifact:{len(told.artifacts)}", asked))
    latest = {"id": artifact.id} if artifact.state == "COMMITTED" else None
    made = {"id": artifact.id, "state": artifact.state, "artifactSequence": {"latestArtifact": latest}}
    return {"createArtifact": {"artifact": made}}


def _manifest(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    place = given.get("artifactID") or given.get("artifactManifestID")
    file = {"id": f"file:{place}", "uploadUrl": f"{url}/put/manifest/{place}", "uploadHeaders": []}
    return {"artifactManifest": {"id": f"manifest:{place}", "file": file}}


def _artifact_files(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    nodes = [
        {"storagePath": f"{asked['artifactID']}/{asked['name']}", "uploadHeaders": [], "uploadMultipartUrls": None,
         "uploadUrl": f"{url}/put/{asked['artifactID']}/{asked['name']}", "artifact": {"id": asked["artifactID"]}}
        for asked in given["input"]["artifactFiles"]
    ]  # fmt: skip
    return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}


def _by_id(told: Told, wanted: str) -> Artifact:
    return next(each for each in told.artifacts.values() if each.id == wanted)


def _commit(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    artifact = _by_id(told, given["artifactID"])
    artifact.state = "COMMITTED"
    return {"commitArtifact": {"artifact": {"id": artifact.id, "digest": artifact.asked["digest"]}}}


def _artifact(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    found = _by_id(told, given["id"])
    project = {
        "id": "p1",
        "internalId": "p1",
        "name": found.asked["projectName"],
        "entity": {"id": "e1", "name": ENTITY},
    }
    name = found.asked["artifactCollectionName"]
    sequence = {"__typename": "ArtifactSequence", "id": f"s:{name}", "name": name, "project": project}
    shown = {"__typename": "Artifact", "id": found.id, "artifactSequence": sequence, "versionIndex": 0,
             "artifactType": {"name": found.asked["artifactTypeName"]}, "description": None, "metadata": "{}",
             "ttlDurationSeconds": -2, "ttlIsInherited": True, "tags": [], "historyStep": None,
             "state": found.state, "size": 0, "digest": found.asked["digest"], "commitHash": None, "fileCount": 1,
             "createdAt": "2026-01-01T00:00:00", "updatedAt": None, "aliases": []}  # fmt: skip
    return {"artifact": shown}


def _use(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    asked = given.get("input") or given  # the client has two forms of it
    artifact = _by_id(told, asked["artifactID"])
    if asked["runName"] not in artifact.used_by:
        artifact.used_by.append(asked["runName"])
    return {"useArtifact": {"artifact": {"id": artifact.id}}}


def _mapping(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    found = [each.id for each in told.artifacts.values() if each.asked.get("clientID") == given["clientID"]]
    return {"clientIDMapping": {"serverID": found[0]} if found else None}


def _upsert_view(told: Told, given: Mapping[str, Any], url: str) -> dict[str, Any]:
    wanted = given.get("id")
    told.inserted += wanted is None
    view = {**given, "id": wanted or f"view:{len(told.views) + 1}"}
    told.views[view["id"]] = view
    project = {"id": "p1", "name": given["projectName"], "entityName": given["entityName"]}
    shown = {name: view[name] for name in ("id", "type", "name", "displayName", "description", "spec")}
    return {"upsertView": {"view": {**shown, "project": project, "updatedAt": "2026-01-01"}, "inserted": not wanted}}


ANSWERS: dict[str, Callable[[Told, Mapping[str, Any], str], dict[str, Any]]] = {
    "UpsertBucket": _upsert_run,
    "RunResumeStatus": _resumed,
    "CreateRunFiles": _run_files,
    "CreateArtifact": _create_artifact,
    "CreateArtifactManifest": lambda *given: {"createArtifactManifest": _manifest(*given)},
    "UpdateArtifactManifest": lambda *given: {"updateArtifactManifest": _manifest(*given)},
    "CreateArtifactFiles": _artifact_files,
    "CommitArtifact": _commit,
    "UseArtifact": _use,
    "ArtifactByID": _artifact,
    "ClientIDMapping": _mapping,
    "upsertView": _upsert_view,
}
