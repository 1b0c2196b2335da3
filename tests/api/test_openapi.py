"""The API told by itself is whole and true."""

from __future__ import annotations

from sesam_node.api.application import all_routes
from sesam_node.api.base import allowed_methods
from sesam_node.api.openapi import METHODS, described, document, page
from sesam_node.api.operations import operation_of, path_names, path_pattern

CLIENT_NEEDS = """
GET /; GET /status; POST /admin; GET /env; PUT /env; GET /config; PUT /config; GET /pipes
GET /pipes/{pipe_id}; GET /pipes/{pipe_id}/pump; POST /pipes/{pipe_id}/pump
GET /pipes/{pipe_id}/entities; GET /publishers/{pipe_id}/csv; GET /publishers/{pipe_id}/xml
POST /receivers/{pipe_id}/entities; POST /pipes/delete-all-sink-datasets
POST /pipes/run-all-pipes; GET /pipes/get-pipe-runner-status; GET /pipes/get-run-all-pipes-log
POST /pipes/stop-run-all-pipes; GET /ping; GET /health; GET /namespaces; GET /metadata
PUT /metadata; DELETE /metadata; POST /env; PATCH /env; DELETE /env/{name}; GET /secrets
PUT /secrets; POST /secrets; DELETE /secrets/{key}; GET /systems/{system_id}/secrets
PUT /systems/{system_id}/secrets; DELETE /systems/{system_id}/secrets/{key}; POST /pipes
DELETE /pipes/{pipe_id}; GET /pipes/{pipe_id}/config; PUT /pipes/{pipe_id}/config
POST /pipes/{pipe_id}/preview; GET /pipes/{pipe_id}/log; GET /datasets
GET /datasets/{dataset_id}; DELETE /datasets/{dataset_id}; GET /datasets/{dataset_id}/entities
GET /datasets/{dataset_id}/entity; GET /datasets/{dataset_id}/indexes
GET /publishers/{pipe_id}/entities; GET /publishers/{pipe_id}/entities/{filename}
GET /systems; POST /systems; GET /systems/{system_id}; DELETE /systems/{system_id}
GET /systems/{system_id}/config; PUT /systems/{system_id}/config; GET /reference
GET /dtl/functions; POST /dtl/check
"""


def operations():
    return {
        f"{method} {template}"
        for template, handler in all_routes()
        for method in METHODS
        if operation_of(handler, method)
    }


def test_everything_that_clients_need_is_there():
    needed = {line.strip() for line in CLIENT_NEEDS.replace(";", "\n").split("\n") if line.strip()}
    assert needed - operations() == set()


def test_every_method_is_declared_and_has_a_text():
    for template, handler in all_routes():
        for method in METHODS:
            own = getattr(handler, method.lower()).__qualname__
            if not own.startswith(("RequestHandler.", "ApiHandler.")):
                assert operation_of(handler, method), f"{method} {template} has no @operation"
    assert all(item.text for item in described())


def test_the_document_holds_every_operation_with_its_parameters():
    paths = document()["paths"]
    found = {f"{method.upper()} {path}" for path in paths for method in paths[path]}
    assert found == {f"{item.method} {item.path}" for item in described()}
    since = next(p for p in paths["/api/datasets/{dataset_id}/entities"]["get"]["parameters"][1:])
    assert (since["name"], since["in"], since["required"]) == ("since", "query", False)


def test_operation_ids_are_unique():
    paths = document()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_the_page_shows_every_operation():
    shown = page()
    assert all(f"<code>{item.path}</code>" in shown for item in described())
    assert "<script" not in shown


def test_templates():
    assert path_names("/datasets/{dataset_id}/entities/{entity_id*}") == ["dataset_id", "entity_id"]
    assert path_pattern("/") == "/api/?"
    assert path_pattern("/a/{b}") == "/api/a/([^/]+)/?"


def test_allowed_methods_follow_the_declarations():
    handlers = dict(all_routes())
    assert allowed_methods(handlers["/env"]) == ["HEAD", "GET", "POST", "PUT", "PATCH", "OPTIONS"]
