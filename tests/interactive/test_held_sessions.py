"""Sessions that a server holds for pages: as many as there is room for, the others again."""

import pytest

from sesam_interactive.debugger import DebuggerError, record
from sesam_interactive.serverextension.debugging import Shelf, ShelvedSessions, size_of


@pytest.fixture
def recorded(hub):
    from sesam_interactive.client.debug import subject_of

    for name in ("person", "person-named"):
        hub.pipes[name].run(progress=False)
    subject = subject_of(hub.connection, "person-named")

    def made(*ids):
        return record(hub.connection, subject, ids)

    return made


def test_a_session_that_had_to_go_is_recorded_again_of_the_same_entities(hub, recorded):
    first = recorded("2", "1")
    shelf = Shelf(room=size_of(first))
    sessions = ShelvedSessions(hub.connection, shelf, first)
    sessions.append(first.what_if({"_S.name": "Zoe"}))
    assert (len(sessions), len(shelf)) == (2, 1)
    again = sessions[0]
    assert again is not first
    assert [row["id"] for row in again.entities] == ["2", "1"]
    assert sessions[1].source["name"] == "Zoe"


def test_views_share_the_room_and_what_was_looked_at_last_stays(hub, recorded):
    one, two = recorded("1"), recorded("2")
    shelf = Shelf(room=size_of(one) + size_of(two))
    first, second = (ShelvedSessions(hub.connection, shelf, session) for session in (one, two))
    assert first[0] is one
    third = ShelvedSessions(hub.connection, shelf, recorded("3"))
    assert third[0].entities[0]["id"] == "3"
    assert first[0] is one
    assert second[0] is not two


def test_a_number_that_the_server_does_not_know_is_said_to_be_gone(hub, recorded):
    sessions = ShelvedSessions(hub.connection, Shelf(), recorded("1"))
    with pytest.raises(DebuggerError, match="go back"):
        sessions[1]
