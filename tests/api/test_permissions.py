"""The permissions of an object, asked for and given by its path; what clients ask beside."""

from __future__ import annotations

import pytest

RECEIVER = {"_id": "box", "type": "pipe", "source": {"type": "http_endpoint"}}
LIST = [["allow", ["hr"], ["read_config", "read_data"]]]


def test_permissions_are_read_and_given_by_path(node):
    node.put("/config", json=[RECEIVER])
    found = node.get("/permissions/pipe/box").json()
    assert found["own"] is False
    assert ["allow", ["group:Guest"], ["read_config"]] in found["permissions"]
    answer = node.put("/permissions/pipe/box", json=LIST)
    assert answer.json() == {"_id": "pipe/box", "permissions": LIST, "own": True}
    assert node.get("/config").json() == [{**RECEIVER, "permissions": LIST}]
    assert node.get("/permissions/dataset/box").json() == {
        "_id": "dataset/box",
        "permissions": LIST,
        "own": True,
        "from": ["box"],
    }
    assert node.put("/permissions/pipe/box", json={"permissions": []}).status_code == 200
    assert node.get("/config").json() == [RECEIVER]
    for path in ("dataset_collection", "dataset_prototype", "pipe_collection", "node"):
        assert node.get(f"/permissions/{path}").json()["own"] is False


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("pipe/no", LIST, 404),
        ("nothing", LIST, 404),
        ("pipe/", LIST, 404),
        ("dataset/box", LIST, 400),
        ("pipe_prototype", LIST, 400),
        ("pipe/box", "all", 400),
        ("pipe/box", [["perhaps", ["hr"], ["read_config"]]], 400),
    ],
)
def test_what_cannot_be_given_is_refused(node, path, body, status):
    node.put("/config", json=[RECEIVER])
    assert node.put(f"/permissions/{path}", json=body).status_code == status
    assert node.get("/config").json() == [RECEIVER]


def test_the_node_has_a_list_of_its_own(node):
    entries = [["allow", ["monitor"], ["read_metrics"]]]
    assert node.put("/permissions/node", json=entries).status_code == 200
    metadata = node.get("/metadata").json()
    assert metadata["config"]["effective"]["permissions"] == entries
    assert node.put("/permissions/node", json=[]).status_code == 200


def test_an_unknown_permission_is_told_of(node):
    wrong = {**RECEIVER, "permissions": [["allow", ["hr"], ["read_dat", "read_proxy"]]]}
    answer = node.put("/config", json=[wrong])
    told = [error["msg"] for error in answer.json()["validation_errors"][0]["config-errors"]]
    assert answer.status_code == 200
    assert 'did you mean "read_data"?' in told[0]
    assert len(told) == 2


def test_what_clients_ask_beside(node):
    assert node.get("/license").json()["valid"] is True
    assert node.get("/stats").json()["requests"]["by_status"]["200"] > 0
    for path in ("/logs", "/models", "/backups", "/restores"):
        assert node.get(path).json() == []
    assert node.get("/models/x").status_code == node.get("/logs/x").status_code == 404
    assert node.post("/models", json=[]).status_code == 501
    assert node.post("/", data={"operation": "dance"}).status_code == 400
    assert node.get("/", params={"aggregated": "false"}).json()["status"]["developer_mode"] is True


def test_secrets_and_variables_come_as_one_object_or_several(node):
    assert node.put("/secrets", json=[{"a": "1"}, {"b": "2"}]).json() == ["a", "b"]
    assert node.post("/secrets", json={"c": "3"}, params={"encrypt": "true"}).json() == [
        "a",
        "b",
        "c",
    ]
    assert node.delete("/secrets/a").json() == ["b", "c"]
    assert node.delete("/secrets/a").status_code == 404
    assert node.put("/secrets", json=["a"]).status_code == 400
    assert node.put("/secrets", json={}).json() == []
    assert node.put("/env", json=[{"x": 1}, {"y": 2}]).json() == {"x": 1, "y": 2}
    assert node.patch("/env", json={"y": 3}).json() == {"x": 1, "y": 3}
    assert node.delete("/env/x").json() == {"y": 3}
    assert node.delete("/env/x").status_code == 404
