"""Named nodes and `.syncconfig`: found, completed, refused clearly, never shown."""

import json
import stat

import pytest

import sesam_interactive
from sesam_interactive import ClientError, connect, profiles

TOKEN = "a.s3cr3t-of-the-node.c"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Profiles of this test only."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("NODE", "JWT", "SESAM_NODE_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_node_is_kept_connected_to_and_forgotten(node):
    profiles.add("mine", node.url, node.token)
    assert stat.S_IMODE(profiles.file.stat().st_mode) == 0o600
    for connected in (
        connect(profile="mine"),
        profiles["mine"].connect(),
        connect(profile=profiles.mine),
    ):
        with connected as hub:
            assert hub.ping()
    shown = repr(profiles) + profiles._repr_html_() + repr(profiles["mine"])
    assert node.token not in shown
    assert node.url in shown
    profiles.remove("mine")
    assert len(profiles) == 0


def test_names_complete():
    profiles.add("prod", "https://prod.example.com", TOKEN)
    profiles.add("test-2", "https://test.example.com")
    assert profiles._ipython_key_completions_() == ["prod", "test-2"]
    assert "prod" in dir(profiles)
    assert ("prod" in profiles, list(profiles)) == (True, ["prod", "test-2"])
    assert repr(profiles).splitlines()[1:] == [
        "prod     https://prod.example.com  yes",
        "test-2   https://test.example.com  no",
    ]


def test_a_file_made_by_hand_is_closed_to_others():
    profiles.file.parent.mkdir(parents=True)
    profiles.file.write_text(json.dumps({"prod": {"node": "prod.example.com", "jwt": TOKEN}}))
    profiles.file.chmod(0o644)
    assert profiles["prod"].token == TOKEN
    assert stat.S_IMODE(profiles.file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, 'no profile "prd": no nodes are kept in'),
        ('{"prod": {"node": "x", "jwt": "%s"}}', 'did you mean "prod"'),
        ('{"other": {"node": "x", "jwt": "%s"}}', "there are other"),
        ('{"prd": {"jwt": "%s"}}', 'has no "node" with a URL'),
        ('{"prd": "%s"}', 'has no "node" with a URL'),
        ('{"prd": {"node": "x", "jwt": ["%s"]}}', "is no text"),
        ('["%s"]', "holds no object"),
        ('{"prd": "%s', "is no JSON: line 1"),
    ],
)
def test_what_is_wrong_is_told_and_no_token_shown(content, message):
    if content is not None:
        profiles.file.parent.mkdir(parents=True)
        profiles.file.write_text(content.replace("%s", TOKEN))
    with pytest.raises(ClientError) as caught:
        connect(profile="prd")
    assert message in str(caught.value)
    assert TOKEN not in "".join(caught.value._render_traceback_())


def test_a_url_and_a_profile_are_one_too_many():
    with pytest.raises(ClientError, match="not both"):
        connect("http://localhost:9042", profile="x")


@pytest.mark.parametrize(
    "text",
    [
        '{{"NODE": "{url}", "JWT": "{token}", "PROFILE": "prod"}}',
        '{{"node": "{url}", "jwt": "bearer {token}", "profile": "prod"}}',
        "NODE={url}\nJWT={token}\nPROFILE=prod\n",
        '\ufeffnode = "{url}"\njwt = "Bearer {token}"\nprofile = prod\n',
    ],
)
def test_the_file_of_the_official_client_says_node_and_variables(node, home, text):
    folder = home / "project" / "deeper"
    folder.mkdir(parents=True)
    (home / "project" / ".syncconfig").write_text(text.format(url=node.url, token=node.token))
    with connect(project=folder) as hub:
        assert hub.url == f"{node.url}/api"
        assert hub.project(folder).profile == "prod"
        assert hub.project(folder, "test").profile == "test"


def test_it_counts_in_the_current_folder_too_but_not_in_a_workbench(node, home, monkeypatch):
    (home / ".syncconfig").write_text(f"NODE={node.url}\nJWT={node.token}\n")
    monkeypatch.chdir(home)
    with connect() as hub:
        assert hub.url == f"{node.url}/api"
    monkeypatch.setenv("NODE", "127.0.0.1:9")
    with pytest.raises(ClientError, match=r"127\.0\.0\.1:9"):
        connect()
    monkeypatch.delenv("NODE")
    monkeypatch.setenv("SESAM_NODE_DATA", str(node.data))
    (home / ".syncconfig").write_text("NODE=127.0.0.1:9\n")
    with connect() as hub:
        assert hub.url == f"{node.url}/api"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{{"node": "x", "jwt": "{TOKEN}"', "is no JSON, line 1"),
        (f"NODE=x\n{TOKEN}\n", "line 2"),
    ],
)
def test_a_broken_one_is_told_without_what_is_in_it(home, text, message):
    (home / ".syncconfig").write_text(text)
    with pytest.raises(ClientError) as caught:
        connect(project=home)
    assert message in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_everything_is_there_to_import():
    for name in sesam_interactive.__all__:
        assert getattr(sesam_interactive, name) is not None
