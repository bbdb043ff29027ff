"""A stand-in for GitHub: the commits API and raw files, over a folder of versions.

    python -m infra.local.stand_ins.github --root DIR [--beside DIR] --port 41234 [--fail 500]

A folder holds <owner>/<repository>/<path>/<commit time>.csv, times like 2020-12-01T141004Z.
Standard library alone: it starts before anything is installed in its environment.

    GET /repos/{owner}/{repository}/commits?path=&until=&per_page=&page=
        https://docs.github.com/en/rest/commits/commits#list-commits
    GET /{owner}/{repository}/{commit}/{path}
    GET /healthz
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from infra.local.stand_ins.github_versions import Version, versions_of
from infra.local.stand_ins.served import Served, serve_until_stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


API_TYPE = "application/json; charset=utf-8"
RAW_TYPE = "text/plain; charset=utf-8"
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
HOURLY_LIMIT = 5000
DEFAULT_PER_PAGE, MAX_PER_PAGE = 30, 100


@dataclass(frozen=True)
class Fault:
    """How one answer goes wrong.

    Attributes:
        status: answered instead of the real one, without the real body.
        headers: added to the answer.
        cut_after_bytes: the connection is closed after so many bytes of the body.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after_bytes: int | None = None


@dataclass(frozen=True)
class Reply:
    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class GitHubStandIn(Served):
    """Serves a folder of versions on 127.0.0.1 while the `with` block lasts.

    Arguments:
        root: the folder of owners.
        port: 0 takes a free one.
        beside: another one, whose files are served that the first has no version of.
        quiet: requests are not printed.
        fault: called with "GET /path?query" before each answer, from several threads; gives
            a Fault or None.

    Attributes:
        url: http://127.0.0.1:<port>, both the API and the raw files.
        requests: "GET /path?query" of every request seen, oldest first; /healthz left out.
    """

    def __init__(
        self,
        root: Path,
        port: int = 0,
        *,
        beside: Path | None = None,
        fault: Callable[[str], Fault | None] | None = None,
        quiet: bool = False,
    ) -> None:
        self.roots = [each.resolve() for each in (root, beside) if each is not None]
        self.root, self.fault, self.quiet = root.resolve(), fault, quiet
        self.requests: list[str] = []
        self._counted = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, target: str, if_none_match: str | None) -> Reply:
        """The whole answer to a GET, without faults; 304 if the ETag is the caller's."""
        parts = urlsplit(target)
        segments = [unquote(part) for part in parts.path.strip("/").split("/")]
        query = dict(parse_qsl(parts.query))
        if segments == ["healthz"]:
            return Reply(200, RAW_TYPE, b"ok")
        if segments[0] == "repos" and segments[-1] == "commits" and len(segments) == 4:  # noqa: PLR2004 - repos, owner, repository, commits
            reply = self._commits(segments[1], segments[2], query)
        elif segments[0] == "repos":
            reply = _not_found()
        else:
            reply = self._raw(segments)
        return self._conditional(reply, if_none_match)

    def _commits(self, owner: str, repository: str, query: Mapping[str, str]) -> Reply:
        if not any((root / owner / repository).is_dir() for root in self.roots):
            return _not_found()
        try:
            per_page = min(max(int(query.get("per_page", DEFAULT_PER_PAGE)), 1), MAX_PER_PAGE)
            page = max(int(query.get("page", 1)), 1)
        except ValueError:
            return _api_error(422, "Invalid per_page or page.")
        found = self._versions(owner, repository, query.get("path", ""))
        # ISO 8601 in UTC sorts as text does.
        until = query.get("until", "9999")
        listed = [version for version in reversed(found) if version.committed_at <= until]
        shown = listed[(page - 1) * per_page : page * per_page]
        body = json.dumps([self._commit(owner, repository, one) for one in shown]).encode()
        last = max(-(-len(listed) // per_page), 1)
        address = f"{self.url}/repos/{owner}/{repository}/commits"
        return Reply(200, API_TYPE, body, _links(address, query, page=page, last=last))

    def _commit(self, owner: str, repository: str, version: Version) -> dict[str, Any]:
        person = {"name": "Stand-in", "email": "stand-in@localhost", "date": version.committed_at}
        api = f"{self.url}/repos/{owner}/{repository}"
        return {
            "sha": version.commit,
            "node_id": f"C_{version.commit[:16]}",
            "commit": {
                "author": person,
                "committer": person,
                "message": f"Update {version.path}",
                "tree": {"sha": version.commit, "url": f"{api}/git/trees/{version.commit}"},
                "url": f"{api}/git/commits/{version.commit}",
                "comment_count": 0,
            },
            "url": f"{api}/commits/{version.commit}",
            "html_url": f"{self.url}/{owner}/{repository}/commit/{version.commit}",
            "comments_url": f"{api}/commits/{version.commit}/comments",
            "author": None,
            "committer": None,
            "parents": [],
        }

    def _raw(self, segments: list[str]) -> Reply:
        owner, repository, commit, *path = [*segments, "", "", ""][: max(len(segments), 3)]
        for version in self._versions(owner, repository, "/".join(path)):
            if version.commit == commit and path:
                return Reply(200, RAW_TYPE, version.file.read_bytes())
        return Reply(404, RAW_TYPE, b"404: Not Found")

    def _versions(self, owner: str, repository: str, path: str) -> list[Version]:
        """The versions of the first folder that has one: two folders make no history."""
        listed = (versions_of(root, owner, repository, path) for root in self.roots)
        return next(filter(None, listed), [])

    def _conditional(self, reply: Reply, if_none_match: str | None) -> Reply:
        tag = f'"{hashlib.sha256(reply.body).hexdigest()}"'
        unchanged = reply.status == 200 and tag in (if_none_match or "")  # noqa: PLR2004 - HTTP OK
        # An answer 304 does not count:
        # https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
        self._counted += not unchanged
        now = int(time.time())
        headers = {
            **reply.headers,
            "ETag": tag,
            "X-RateLimit-Limit": str(HOURLY_LIMIT),
            "X-RateLimit-Used": str(self._counted),
            "X-RateLimit-Remaining": str(max(HOURLY_LIMIT - self._counted, 1)),
            "X-RateLimit-Reset": str(now - now % 3600 + 3600),
            "X-RateLimit-Resource": "core",
        }
        if unchanged:
            return Reply(304, reply.content_type, b"", headers)
        return Reply(reply.status, reply.content_type, reply.body, headers)


def _api_error(status: int, message: str) -> Reply:
    page = "https://docs.github.com/rest/commits/commits#list-commits"
    body = {"message": message, "documentation_url": page, "status": str(status)}
    return Reply(status, API_TYPE, json.dumps(body).encode())


def _not_found() -> Reply:
    return _api_error(404, "Not Found")


def _links(address: str, query: Mapping[str, str], *, page: int, last: int) -> dict[str, str]:
    """The Link header of a page (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api)."""
    pages = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    if page == 1:
        del pages["prev"], pages["first"]
    if page >= last:
        del pages["next"], pages["last"]
    links = [
        f'<{address}?{urlencode({**query, "page": number})}>; rel="{name}"'
        for name, number in pages.items()
    ]
    return {"Link": ", ".join(links)} if links else {}


def _handler(stand_in: GitHubStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            seen = f"GET {self.path}"
            fault = None
            if self.path != "/healthz":
                stand_in.requests.append(seen)
                fault = stand_in.fault(seen) if stand_in.fault else None
            self._send(stand_in.reply(self.path, self.headers.get("If-None-Match")), fault)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base has it
            if not stand_in.quiet:
                super().log_message(format, *args)

        def _send(self, reply: Reply, fault: Fault | None) -> None:
            fault = fault or Fault()
            if fault.status is not None:
                reply = _api_error(fault.status, "A fault that was asked for")
            self.send_response(reply.status)
            for name, value in {**reply.headers, **fault.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: fault.cut_after_bytes])
            if fault.cut_after_bytes is not None:
                self.close_connection = True

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a folder of file versions as GitHub does.")
    parser.add_argument("--root", type=Path, required=True, help="the folder of owners")
    parser.add_argument("--beside", type=Path, help="another one, for files that it lacks")
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--fail", type=int, metavar="STATUS", help="answer this to every request")
    options = parser.parse_args()
    if not options.root.is_dir():
        parser.error(f"{options.root} is no folder")
    fault = Fault(status=options.fail) if options.fail else None
    stand_in = GitHubStandIn(
        options.root, options.port, beside=options.beside, fault=lambda _: fault
    )
    serve_until_stopped(stand_in, f"GitHub stand-in: {stand_in.url} serves {options.root}")


if __name__ == "__main__":
    main()
