"""Search engines as their vendors document them, as far as a node asks.

They keep documents and answer as the reference manuals of Elasticsearch 6 to 8 and Solr 9 have it;
what they cannot do is search. `faults` are answers for the next requests, before anything is done:
a status, a reply, "close" to hang up unanswered, or null for no fault.
"""

from __future__ import annotations

import json
from urllib.parse import unquote

from web_server import Reply


class Engine:
    def __init__(self):
        self.faults = []

    def __call__(self, asked):
        fault = self.faults.pop(0) if self.faults else None
        if fault == "close":
            return Reply(closes=True)
        if isinstance(fault, int):
            return Reply({"error": {"type": "busy", "reason": "too busy"}, "status": fault}, fault)
        return fault or self.answer(asked)


class ElasticEngine(Engine):
    """Indexes of documents; `busy` is how often a document is refused (429) before it is in."""

    def __init__(self, version="8.11.1", distribution=None, login=None):
        super().__init__()
        self.version = {"number": version} | (
            {"distribution": distribution} if distribution else {}
        )
        self.typed = distribution is None and int(version.partition(".")[0]) < 7
        self.indexes = {}
        self.types = {}
        self.mappings = {}
        self.busy = {}
        self.login = login

    def answer(self, asked):
        if self.login and asked.headers.get("authorization") != self.login:
            error = {"type": "security_exception", "reason": "missing authentication credentials"}
            return Reply({"error": error, "status": 401}, 401)
        parts = [unquote(part) for part in asked.path.strip("/").split("/") if part]
        match [asked.method, *parts]:
            case ["GET"]:
                return Reply({"cluster_name": "tests", "version": self.version})
            case ["GET", "_cat", "indices"]:
                return Reply([{"index": name} for name in self.indexes])
            case ["POST", "_bulk"]:
                assert asked.headers["content-type"] == "application/x-ndjson"
                return self.bulk(asked.body)
            case ["GET", index, "_mapping"] if index in self.indexes:
                return Reply({index: {"mappings": {"properties": self.mappings.get(index, {})}}})
            case ["PUT", index, "_mapping", *type_] if bool(type_) == self.typed:
                return self.put_mapping(index, asked.json["properties"])
            case ["PUT", index]:
                self.indexes.setdefault(index, {})
                mapping = asked.json["mappings"]
                if self.typed:
                    (mapping,) = mapping.values()
                return self.put_mapping(index, mapping["properties"])
            case ["POST", index, "_delete_by_query"] if index in self.indexes:
                ((name, value),) = asked.json["query"]["match"].items()
                found = self.indexes[index]
                gone = [id_ for id_, item in found.items() if item.get(name) == value]
                for id_ in gone:
                    del found[id_]
                return Reply({"deleted": len(gone), "failures": []})
            case ["GET", index, _, id_] if id_ in self.indexes.get(index, {}):
                return Reply({"found": True, "_id": id_, "_source": self.indexes[index][id_]})
            case ["GET", index, _, id_] if index in self.indexes:
                return Reply({"found": False, "_id": id_}, 404)
        error = {"type": "index_not_found_exception", "reason": f"no such index {parts}"}
        return Reply({"error": error, "status": 404}, 404)

    def put_mapping(self, index, properties):
        if index not in self.indexes:
            error = {"type": "index_not_found_exception", "reason": "no such index"}
            return Reply({"error": error, "status": 404}, 404)
        self.mappings.setdefault(index, {}).update(properties)
        return Reply({"acknowledged": True})

    def bulk(self, body):
        assert body.endswith(b"\n")
        lines = [json.loads(line) for line in body.splitlines()]
        items = []
        while lines:
            ((kind, place),) = lines.pop(0).items()
            document = lines.pop(0) if kind == "index" else None
            status, error = self.change(place, document)
            done = {"_index": place["_index"], "_id": place["_id"], "status": status}
            items.append({kind: done | ({"error": error} if error else {})})
        errors = any("error" in item for one in items for item in one.values())
        return Reply({"took": 1, "errors": errors, "items": items})

    def change(self, place, document):
        index, id_ = place["_index"], place["_id"]
        if ("_type" in place) != self.typed:
            error = {"type": "illegal_argument_exception", "reason": "about _type"}
            return 400, error
        if index != index.lower() or " " in index:
            error = {
                "type": "invalid_index_name_exception",
                "reason": f"Invalid index name [{index}]",
            }
            return 400, error
        if self.busy.get(id_, 0) > 0:
            self.busy[id_] -= 1
            return 429, {"type": "es_rejected_execution_exception", "reason": "queue is full"}
        found = self.indexes.setdefault(index, {})
        self.types[index] = place.get("_type")
        if document is None:
            return (200, None) if found.pop(id_, None) is not None else (404, None)
        for name, field in self.mappings.get(index, {}).items():
            if field["type"] == "integer" and type(document.get(name, 0)) is not int:
                cause = {"type": "number_format_exception", "reason": 'For input string: "x"'}
                reason = f"failed to parse field [{name}] of type [integer]"
                error = {"type": "document_parsing_exception", "reason": reason, "caused_by": cause}
                return 400, error
        created = id_ not in found
        found[id_] = document
        return (201 if created else 200), None


class SolrEngine(Engine):
    """A core `notes`; `seen` are the documents that a commit has shown, `n` takes numbers."""

    def __init__(self):
        super().__init__()
        self.documents = {}
        self.seen = {}
        self.commits = 0

    def answer(self, asked):
        match [asked.method, *asked.path.strip("/").split("/")]:
            case ["GET", "solr", "admin", "collections"]:
                error = {"msg": "Solr instance is not running in SolrCloud mode.", "code": 400}
                return Reply({"responseHeader": {"status": 400}, "error": error}, 400)
            case ["GET", "solr", "admin", "cores"]:
                return self.done(status={"notes": {}, "users": {}})
            case ["GET", "solr", "admin", "info", "system"] | [
                "GET",
                "solr",
                "notes",
                "admin",
                "system",
            ]:
                return self.done(lucene={"solr-spec-version": "9.4.0"})
            case ["GET", "solr", "notes", "schema", "fields"]:
                return self.done(
                    fields=[{"name": "_version_", "type": "plong"}, {"name": "n", "type": "pint"}]
                )
            case ["POST", "solr", "notes", "update"]:
                return self.update(asked.json)
        return Reply(b"<html>HTTP ERROR 404 Not Found</html>", 404)

    def done(self, **more):
        return Reply({"responseHeader": {"status": 0, "QTime": 1}, **more})

    def update(self, asked):
        if isinstance(asked, list):
            for document in asked:
                if type(document.get("n", 0)) is not int:
                    id_ = document["id"]
                    message = f"ERROR: [doc={id_}] Error adding field 'n'='{document['n']}'"
                    error = {"msg": message, "code": 400}
                    return Reply({"responseHeader": {"status": 400}, "error": error}, 400)
                self.documents[document["id"]] = document
            return self.done()
        for id_ in asked.get("delete", ()):
            self.documents.pop(id_, None)
        if "commit" in asked:
            self.seen = dict(self.documents)
            self.commits += 1
        return self.done()
