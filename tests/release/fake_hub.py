"""A local Hub: as much of the protocol as publishing and loading a dataset need.

The clients of ``huggingface_hub`` and ``datasets`` speak to it unmodified. No package that accepts
uploads was found.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.http_servers import serve

TOKEN = "hf_of_a_test"
LFS_SUFFIXES = (".parquet",)
Files = dict[str, bytes]


@dataclass
class FakeRepository:
    """Commits, each with all its files; tags and the branch name them."""

    private: bool
    commits: dict[str, Files] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Files) -> str:
        name = hashlib.sha1(
            f"{len(self.order)} {sorted(files)}".encode(), usedforsecurity=False
        ).hexdigest()
        self.commits[name] = files
        self.order.append(name)
        return name

    @property
    def head(self) -> str:
        return self.order[-1]

    def resolve(self, revision: str) -> str | None:
        named = {"main": self.head, **self.tags}
        return named.get(revision) or (revision if revision in self.commits else None)


@dataclass
class FakeHub:
    """A repository of the hub: its files, the requests it got, and the failures to simulate."""

    url: str = ""
    repositories: dict[str, FakeRepository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    failure_status: Callable[[str, int], int] = lambda _asked, _count: 0

    def count_requests(self, words: str) -> int:
        """Count the requests for a path."""
        return sum(words in asked for asked in self.requests)


@contextlib.contextmanager
def run_fake_hub() -> Iterator[FakeHub]:
    """A Hub that lives as long as the block."""
    hub = FakeHub()
    handler = type("Handler", (_HubHandler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    with serve(server):
        yield hub


def _git_digest(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _tree_entry(path: str, content: bytes) -> dict[str, Any]:
    large = path.endswith(LFS_SUFFIXES)
    stored = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 128}
    return {
        "type": "file",
        "path": path,
        "size": len(content),
        "oid": _git_digest(content),
        **({"lfs": stored} if large else {}),
    }


class _HubHandler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_words: object) -> None:
        pass

    def do_GET(self) -> None:
        self._dispatch()

    do_HEAD = do_POST = do_PUT = do_GET

    def _dispatch(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        asked = f"{self.command} {path}"
        self.hub.requests.append(asked)
        if status := self.hub.failure_status(asked, self.hub.count_requests(asked)):
            self._send(status, {"error": "as asked"})
            return
        if not path.startswith("/objects/") and self.headers.get("Authorization") not in (
            None,
            f"Bearer {TOKEN}",
        ):
            self._send(401, {"error": "Invalid username or password."})
            return
        for pattern, answer in _ROUTES:
            if found := re.fullmatch(pattern, asked):
                answer(self, *found.groups())
                return
        self._send(404, {"error": f"nothing at {asked}"})

    def _send(
        self,
        status: int,
        payload: Any = None,
        headers: dict[str, str] | None = None,
        raw: bytes = b"",
    ) -> None:
        content = raw if payload is None else json.dumps(payload).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _repository(self, name: str) -> FakeRepository | None:
        found = self.hub.repositories.get(name)
        if found is None or (found.private and "Authorization" not in self.headers):
            self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        return found

    def _files(self, name: str, revision: str) -> Files | None:
        repository = self._repository(name)
        if repository is None:
            return None
        commit = repository.resolve(revision)
        if commit is None:
            self._send(404, {"error": "Revision not found"}, {"X-Error-Code": "RevisionNotFound"})
            return None
        return repository.commits[commit]

    def whoami(self) -> None:
        self._send(
            200,
            {
                "name": "someone",
                "type": "user",
                "orgs": [],
                "auth": {"accessToken": {"role": "write"}},
            },
        )

    def create_repo(self) -> None:
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or 'someone'}/{asked['name']}"
        if name in self.hub.repositories:
            self._send(
                409, {"error": "it is there already", "url": f"{self.hub.url}/datasets/{name}"}
            )
            return
        self.hub.repositories[name] = FakeRepository(
            asked.get("visibility") == "private" or bool(asked.get("private"))
        )
        self.hub.repositories[name].commit({".gitattributes": b"*.parquet filter=lfs\n"})
        self._send(200, {"url": f"{self.hub.url}/datasets/{name}", "id": name})

    def validate_yaml(self) -> None:
        self._send(200, {"errors": [], "warnings": []})

    def repo_info(self, name: str, revision: str = "main") -> None:
        files = self._files(name, revision)
        if files is not None:
            sha = self.hub.repositories[name].resolve(revision)
            self._send(
                200,
                {
                    "id": name,
                    "sha": sha,
                    "private": self.hub.repositories[name].private,
                    "tags": [],
                    "siblings": [{"rfilename": path} for path in sorted(files)],
                    "downloads": 0,
                    "likes": 0,
                    "gated": False,
                    "disabled": False,
                },
            )

    def refs(self, name: str) -> None:
        if repository := self._repository(name):
            tags = [
                {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": at}
                for tag, at in repository.tags.items()
            ]
            main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.head}
            self._send(200, {"branches": [main], "tags": tags, "converts": []})

    def tree(self, name: str, revision: str, under: str | None) -> None:
        files = self._files(name, revision)
        if files is None:
            return
        prefix = f"{under}/" if under else ""
        deep = parse_qs(urlsplit(self.path).query).get("recursive", ["false"])[0].lower() in (
            "true",
            "1",
        )
        found = [
            _tree_entry(path, content)
            for path, content in sorted(files.items())
            if path.startswith(prefix)
        ]
        shown = [entry for entry in found if deep or "/" not in entry["path"].removeprefix(prefix)]
        folders = {
            path[: path.index("/", len(prefix))]
            for path in files
            if path.startswith(prefix) and "/" in path.removeprefix(prefix)
        }
        if prefix and not found:
            self._send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        self._send(
            200,
            [{"type": "directory", "path": path, "oid": "0", "size": 0} for path in sorted(folders)]
            + shown,
        )

    def paths(self, name: str, revision: str) -> None:
        files = self._files(name, revision)
        if files is not None:
            fields = (
                parse_qs(self.body.decode())
                if not self.body.startswith(b"{")
                else json.loads(self.body)
            )
            self._send(
                200, [_tree_entry(path, files[path]) for path in fields["paths"] if path in files]
            )

    def preupload(self, name: str, _revision: str) -> None:
        if self._repository(name):
            modes = [
                {
                    "path": each["path"],
                    "uploadMode": "lfs" if each["path"].endswith(LFS_SUFFIXES) else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for each in json.loads(self.body)["files"]
            ]
            self._send(200, {"files": modes})

    def lfs_batch(self, _name: str) -> None:
        wanted = json.loads(self.body)["objects"]
        upload = {
            each["oid"]: {"upload": {"href": f"{self.hub.url}/objects/{each['oid']}"}}
            for each in wanted
        }
        told = [
            each | ({} if each["oid"] in self.hub.objects else {"actions": upload[each["oid"]]})
            for each in wanted
        ]
        self._send(200, {"transfer": "basic", "objects": told})

    def put_object(self, digest: str) -> None:
        assert hashlib.sha256(self.body).hexdigest() == digest
        self.hub.objects[digest] = self.body
        self._send(200, raw=b"")

    def commit(self, name: str, _revision: str) -> None:
        repository = self._repository(name)
        if repository is None:
            return
        header, *changes = [json.loads(line) for line in self.body.splitlines()]
        if header["value"].get("parentCommit") not in (None, repository.head):
            self._send(412, {"error": "A commit has happened since."})
            return
        files = dict(repository.commits[repository.head])
        for change in changes:
            value = change["value"]
            if change["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif change["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            else:
                files.pop(value["path"])
        oid = repository.commit(files)
        self._send(
            200,
            {
                "success": True,
                "commitOid": oid,
                "commitUrl": f"{self.hub.url}/datasets/{name}/commit/{oid}",
                "hookOutput": "",
            },
        )

    def tag(self, name: str, revision: str) -> None:
        repository = self._repository(name)
        if repository is None:
            return
        tag = json.loads(self.body)["tag"]
        if tag in repository.tags:
            self._send(409, {"error": "Tag reference exists already"})
            return
        repository.tags[tag] = repository.resolve(revision) or ""
        self._send(200, {})

    def resolve(self, name: str, revision: str, path: str) -> None:
        files = self._files(name, revision)
        if files is None:
            return
        if path not in files:
            self._send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        content, status = files[path], 200
        digest = (
            hashlib.sha256(content).hexdigest()
            if path.endswith(LFS_SUFFIXES)
            else _git_digest(content)
        )
        headers = {
            "ETag": f'"{digest}"',
            "X-Repo-Commit": self.hub.repositories[name].resolve(revision) or "",
            "Accept-Ranges": "bytes",
        }
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, end = int(found[1]), int(found[2] or len(content) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
            content, status = content[start : end + 1], 206
        self._send(status, headers=headers, raw=content)


_NAME = r"([\w.-]+/[\w.-]+)"
_ROUTES: list[tuple[str, Any]] = [
    (r"GET /api/whoami-v2", _HubHandler.whoami),
    (r"POST /api/repos/create", _HubHandler.create_repo),
    (r"POST /api/validate-yaml", _HubHandler.validate_yaml),
    (rf"GET /api/datasets/{_NAME}", _HubHandler.repo_info),
    (rf"GET /api/datasets/{_NAME}/revision/([^/]+)", _HubHandler.repo_info),
    (rf"GET /api/datasets/{_NAME}/refs", _HubHandler.refs),
    (rf"GET /api/datasets/{_NAME}/tree/([^/]+)/?(.+)?", _HubHandler.tree),
    (rf"POST /api/datasets/{_NAME}/paths-info/([^/]+)", _HubHandler.paths),
    (rf"POST /api/datasets/{_NAME}/preupload/([^/]+)", _HubHandler.preupload),
    (rf"POST /datasets/{_NAME}\.git/info/lfs/objects/batch", _HubHandler.lfs_batch),
    (r"PUT /objects/(\w+)", _HubHandler.put_object),
    (rf"POST /api/datasets/{_NAME}/commit/([^/]+)", _HubHandler.commit),
    (rf"POST /api/datasets/{_NAME}/tag/([^/]+)", _HubHandler.tag),
    (rf"(?:GET|HEAD) /datasets/{_NAME}/resolve/([^/]+)/(.+)", _HubHandler.resolve),
]
