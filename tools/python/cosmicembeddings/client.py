"""A node over HTTP (docs/http.md), with the standard library alone."""
import io
import json
import time
import urllib.error
import urllib.parse
import urllib.request

import cbor2

from .errors import Refused

TRIES = 5
IDS_MAX = 256


class Client:
    """What a node can be asked. Refusals are raised as `Refused` with the node's own code and advice."""

    def __init__(self, url="http://127.0.0.1:8080", token=None, timeout=60):
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout

    def status(self):
        return self.json("GET", "/v2/status")

    def publish(self, wires, wait="indexed"):
        """One verdict for each block, in order."""
        return [] if not wires else self.json("POST", f"/v2/blocks?wait={wait}", b"".join(wires), "application/cbor-seq", results=True)["results"]

    def read(self, ids):
        """Signed bytes by id; ids of which nothing is there are left out."""
        found, wanted = {}, list(dict.fromkeys(ids))
        while wanted:
            asked, wanted = wanted[:IDS_MAX], wanted[IDS_MAX:]
            data = self.ask("POST", "/v2/blocks/read", json.dumps({"ids": asked}).encode(), "application/json", "application/cbor-seq")
            for line in sequence(data):
                if "wire" in line:
                    found[line["id"]] = line["wire"]
                elif line["code"] == "request.too_large":
                    wanted.append(line["id"])
        return found

    def find(self, filter=None, limit=1000, **page):
        """All ids that pass a filter, page after page."""
        after = None
        while True:
            body = {"filter": filter or {}, "limit": min(limit, 1000), **page, **({} if after is None else {"after": after})}
            answer = self.json("POST", "/v2/blocks/find", body)
            yield from answer["ids"]
            after = answer.get("next")
            if after is None:
                return

    def search(self, **request):
        return self.json("POST", "/v2/search", request)

    def watch(self, request):
        """
        Events of a question that stands (specs/watch.md), as they come, until the caller stops asking. A connection that
        breaks is raised as node.unreachable: go on with the last event's cursor as `after`.
        """
        with self._open("POST", "/v2/watch", json.dumps(request).encode(), "application/json", "text/event-stream") as stream:
            try:
                for line in stream:
                    if line.startswith(b"data:"):
                        yield json.loads(line[5:])
            except OSError as error:
                raise Refused("node.unreachable", f"{self.url} ({error})") from error
        raise Refused("node.unreachable", f"{self.url} ended the watch")

    def embeddings(self, texts, model=None):
        """Vectors by an embedder of the node (`/v1/embeddings`)."""
        answer = self.json("POST", "/v1/embeddings", {"input": list(texts), **({} if model is None else {"model": model})})
        return [one["embedding"] for one in answer["data"]], answer["model"]

    def json(self, method, path, body=None, kind="application/json", results=False):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return json.loads(self.ask(method, path, data, kind, "application/json", results))

    def ask(self, method, path, data, kind, accept, results=False):
        try:
            with self._open(method, path, data, kind, accept, results) as answer:
                return answer.read()
        except OSError as error:
            raise Refused("node.unreachable", f"{self.url} ({error})") from error

    def _open(self, method, path, data, kind, accept, results=False):
        """The answer, to be read and closed. `results`: a refusal that says of each block what came of it is one, too."""
        for attempt in range(1, TRIES + 1):
            headers = {"accept": accept, **({"content-type": kind} if data is not None else {}), **({"authorization": f"Bearer {self.token}"} if self.token else {})}
            request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
            try:
                return urllib.request.urlopen(request, timeout=self.timeout)
            except urllib.error.HTTPError as error:
                text = error.read()
                problem = problem_in(text)
                if results and "results" in problem:
                    return io.BytesIO(text)
                refused = Refused(problem.get("code", "node.unreachable"), problem.get("detail", f"HTTP {error.code}"), problem.get("advice", ""), problem.get("retry", False))
                if refused.code not in ("node.busy", "view.building", "view.busy") or attempt == TRIES:
                    raise refused from None
                time.sleep(min(30.0, float(error.headers.get("retry-after") or 1)))
            except (urllib.error.URLError, OSError) as error:
                raise Refused("node.unreachable", f"{self.url} ({error})") from error
        raise AssertionError("unreachable")


def problem_in(text):
    try:
        problem = json.loads(text)
        return problem if isinstance(problem, dict) else {}
    except ValueError:
        return {}


def sequence(data):
    stream = io.BytesIO(data)
    while stream.tell() < len(data):
        yield cbor2.CBORDecoder(stream).decode()
