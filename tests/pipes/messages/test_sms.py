"""The sms sink, over HTTP to a service that answers as Twilio's API is documented."""

import pytest
from page_examples import page_components
from pipes_helpers import Node
from twilio_service import ACCOUNT, TOKEN, Twilio, socks_proxy

from sesam_node.pipes import introspection

KEEPING = {"max_write_errors_in_retry_dataset": 10, "max_consecutive_write_errors": 10}
ADA = {"_id": "1", "name": "Ada", "to": "+4799887766"}
BO = {"_id": "2", "name": "Bo", "to": "+47 88 77 66 55"}


class Texting:
    """A node whose pipe `sms` sends a message for each entity of `in`."""

    def __init__(self, web):
        self.twilio = Twilio()
        self.server = web(self.twilio)
        self.node = Node()
        self.system()

    def system(self, **options):
        config = {
            "_id": "twilio",
            "type": "system:twilio",
            "account": ACCOUNT,
            "token": TOKEN,
            "base_url": self.server.url,
            **options,
        }
        self.node.more = {"systems": {"twilio": config}}

    def run(self, *entities, pump=None, **sink):
        config = {
            "type": "sms",
            "system": "twilio",
            "body_template": "Hei {{ name }}{{ nobody }}",
            "recipients_property": "to",
            "from_number": "+4766554433",
            **sink,
        }
        config = {k: v for k, v in config.items() if v is not None}
        self.node.pipe("sms", source="in", sink=config, pump=pump or {})
        self.node.put("in", *entities)
        return self.node.try_run("sms")

    @property
    def sent(self):
        return [(form["To"], form["Body"]) for form in self.twilio.sent]


@pytest.fixture
def texting(web):
    made = Texting(web)
    yield made
    made.node.store.close()


def test_an_entity_is_a_message(texting):
    result = texting.run(ADA, {**BO, "name": "Bø & 漢"})
    assert result.success
    assert texting.twilio.sent == [
        {"To": "+4799887766", "From": "+4766554433", "Body": "Hei Ada"},
        {"To": "+4788776655", "From": "+4766554433", "Body": "Hei Bø & 漢"},
    ]


def test_each_recipient_gets_one(texting):
    texting.run(ADA, recipients="+4799887766, +4788776655", recipients_property=None)
    assert texting.sent == [("+4799887766", "Hei Ada"), ("+4788776655", "Hei Ada")]


def test_a_template_of_the_entity(texting):
    texting.run({**ADA, "body_template": "Own {{ name }}"}, body_template=None)
    assert texting.sent == [("+4799887766", "Own Ada")]


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        ({"to": None}, '$.to: "to" of the entity "1" is not there'),
        ({"to": "99887766"}, "expected phone numbers such as +4799887766, got"),
        ({"to": ["+4799887766", "x"]}, 'expected phone numbers such as +4799887766, got "x"'),
    ],
)
def test_numbers_that_are_none_fail_the_entity(texting, entity, said):
    assert said in texting.run({**ADA, **entity}).error
    assert texting.sent == []


def test_a_message_of_nothing_is_not_sent(texting):
    assert "makes a message of nothing" in texting.run(ADA, body_template="{{ nobody }} ").error


def test_what_is_refused_is_told_in_twilios_words(texting):
    texting.twilio.invalid.add("+4799887766")
    assert (
        "system \"twilio\": the message to +4799887766 is not taken: 400 The 'To' number "
        "+4799887766 is not valid. (Twilio's error 21211)" in texting.run(ADA).error
    )


def test_a_wrong_token_is_told_without_it(texting):
    texting.system(token="not-this-one")
    error = texting.run(ADA).error
    assert "401 Authenticate (Twilio's error 20003)" in error
    assert "not-this-one" not in error


def test_too_many_requests_are_tried_again_later(texting):
    texting.twilio.busy = 1
    assert "429 Too Many Requests" in texting.run(ADA).error
    assert texting.node.try_run("sms").success
    assert texting.sent == [("+4799887766", "Hei Ada")]


def test_who_got_the_message_does_not_get_it_again(texting):
    texting.twilio.invalid.add("+4788776655")
    both = {**ADA, "to": ["+4799887766", "+4788776655", "+4711223344"]}
    assert texting.run(both, pump=KEEPING).success
    texting.twilio.invalid.clear()
    texting.node.run("sms")
    assert [to for to, _ in texting.sent] == ["+4799887766", "+4788776655", "+4711223344"]


def test_each_recipient_counts_for_the_limit(texting):
    texting.system(max_per_hour=2)
    texting.run({**ADA, "to": ["+4799887766", "+4788776655", "+4711223344"]})
    assert len(texting.sent) == 2
    (told,) = [e for e in texting.node.events("sms") if e["event_type"] == "message-discarded"]
    assert (told["entity_id"], told["recipients"]) == ("1", 1)


def test_by_a_proxy(texting):
    with socks_proxy("me", "secret-word") as (port, asked):
        texting.system(proxy=f"socks5://me:secret-word@127.0.0.1:{port}")
        assert texting.run(ADA).success
    assert texting.sent == [("+4799887766", "Hei Ada")]
    assert asked == [("127.0.0.1", texting.server.server_port)]


def test_a_proxy_that_is_not_there_is_told_without_its_password(texting):
    texting.system(proxy="socks5://me:secret-word@127.0.0.1:9")
    error = texting.run(ADA).error
    assert "refused" in error
    assert "secret-word" not in error


def test_the_status_of_the_system(texting):
    texting.run()
    definition = texting.node.pipes["sms"]
    status = introspection.system_status(definition, "twilio")
    assert (status["status"], status["message"]) == ("ok", 'the account "Tests" is active')


def test_a_preview_sends_nothing(texting):
    texting.run()
    texting.node.put("in", ADA)
    assert len(texting.node.preview("sms")) == 1
    assert texting.sent == []


def test_the_example_of_the_page_runs(texting):
    found = page_components("mail-and-sms")
    system, pipe = found["twilio"], found["alarm-sms"]
    texting.node.more = {
        "systems": {"twilio": {**system, "account": ACCOUNT, "base_url": texting.server.url}},
        "secrets": {"twilio-token": TOKEN},
    }
    texting.node.pipe(pipe["_id"], **{k: v for k, v in pipe.items() if k not in ("_id", "type")})
    texting.node.put(pipe["source"]["dataset"], {"_id": "a", "text": "Pump 3 stands still"})
    texting.node.run(pipe["_id"])
    assert texting.sent == [("+4799887766", "Pump 3 stands still")]
