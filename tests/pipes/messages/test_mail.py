"""The mail sink, over a real mail server."""

import pytest
from certificates import make_certificate
from mail_server import PASSWORD, USER, mail_server
from page_examples import page_components
from pipes_helpers import Node

from sesam_node.pipes import introspection

ADA = {"_id": "1", "name": "Ada", "to": "ada@example.org"}
BO = {"_id": "2", "name": "Bo", "to": "bo@example.org"}
CY = {"_id": "3", "name": "Cy", "to": "cy@example.org"}
KEEPING = {"max_write_errors_in_retry_dataset": 10, "max_consecutive_write_errors": 10}


def text(message):
    return message.get_body(("plain",)).get_content().strip().replace("\r\n", "\n")


# ---- what is sent --------------------------------------------------------------------------------


def test_an_entity_is_a_mail(server, mailing):
    result = mailing.send(ADA)
    ((recipients, message),) = server.mails
    assert recipients == ["ada@example.org"]
    headers = {"From", "To", "Subject", "Auto-Submitted"}
    assert {name: message[name] for name in headers} == {
        "From": "node@example.org",
        "To": "ada@example.org",
        "Subject": "To Ada",
        "Auto-Submitted": "auto-generated",
    }
    assert message["Date"] is not None
    assert message["Message-ID"].endswith("@example.org>")
    assert (message.get_content_type(), text(message)) == ("text/plain", "Hello Ada")
    assert result.changed == 1


def test_a_run_without_news_sends_nothing(server, mailing):
    mailing.send(ADA)
    mailing.send(ADA)
    assert server.subjects == ["To Ada"]


def test_all_letters_arrive(server, mailing):
    mailing.send({**ADA, "name": "Åse 漢字 🙂"}, mail_from="Nøden <node@example.org>")
    ((_, message),) = server.mails
    assert (message["Subject"], text(message)) == ("To Åse 漢字 🙂", "Hello Åse 漢字 🙂")
    assert message["From"] == "Nøden <node@example.org>"


@pytest.mark.parametrize(
    "to",
    [
        "a@example.org, Bo <b@example.org>",
        ["a@example.org", "Bo <b@example.org>"],
        ["a@example.org,b@example.org", "a@example.org"],
    ],
)
def test_recipients_are_a_list_or_text_with_commas(server, mailing, to):
    mailing.send({**ADA, "to": to})
    ((recipients, _),) = server.mails
    assert recipients == ["a@example.org", "b@example.org"]


def test_recipients_of_the_sink_get_all_mails(server, mailing):
    mailing.send(ADA, BO, recipients=["all@example.org", "x@example.org"], recipients_property=None)
    assert [to for to, _ in server.mails] == [["all@example.org", "x@example.org"]] * 2


def test_templates_of_the_entity(server, mailing):
    own = {"subject": "Own {{ name }}", "body": "{{ entity['my:x'] }}", "my:x": "~rhttp://x"}
    mailing.send(
        {**ADA, **own},
        body_template=None,
        body_template_property="body",
        subject_template=None,
        subject_template_property="subject",
    )
    ((_, message),) = server.mails
    assert (message["Subject"], text(message)) == ("Own Ada", "http://x")


def test_html_has_its_text_beside_it(server, mailing):
    body = "<h1>Hello {{ name }}</h1><p>See <a href='https://x.org'>this</a><br>now</p>"
    mailing.send(ADA, body_template=body)
    ((_, message),) = server.mails
    assert message.get_content_type() == "multipart/alternative"
    assert text(message) == "Hello Ada\n\nSee this (https://x.org)\nnow"
    html = message.get_body(("html",)).get_content()
    assert html.startswith("<h1>Hello Ada</h1>")


def test_the_text_beside_html_can_be_given(server, mailing):
    mailing.send(ADA, body_template="<b>{{ name }}</b>", text_body_template="plain {{ name }}")
    ((_, message),) = server.mails
    assert text(message) == "plain Ada"
    assert message.get_body(("html",)).get_content().strip() == "<b>Ada</b>"


def test_a_value_with_tags_does_not_make_a_text_html(server, mailing):
    mailing.send({**ADA, "name": "<b>Ada</b>"})
    ((_, message),) = server.mails
    assert (message.get_content_type(), text(message)) == ("text/plain", "Hello <b>Ada</b>")


@pytest.mark.parametrize(
    ("how", "subject"), [(None, "To {{ nobody }} {{ nobody }}"), ("empty_string", "To")]
)
def test_names_that_are_not_there(server, mailing, how, subject):
    mailing.send(
        ADA,
        subject_template="To {{ nobody }} {{ nobody.at.all }}",
        unhandled_template_variable_replacement=how,
    )
    assert server.subjects == [subject]


def test_names_that_are_not_there_can_fail(server, mailing):
    error = mailing.error(
        ADA,
        subject_template="To {{ nobody }}",
        unhandled_template_variable_replacement="strict",
    )
    assert "the subject template failed" in error
    assert "'nobody' is undefined" in error
    assert server.mails == []


def test_nothing_is_put_into_the_headers(server, mailing):
    evil = "x\r\nBcc: evil@example.org\n\nbody"
    mailing.send({**ADA, "name": evil})
    ((recipients, message),) = server.mails
    assert (recipients, message["Bcc"]) == (["ada@example.org"], None)
    assert message["Subject"] == "To x Bcc: evil@example.org body"


def test_deleted_entities_send_nothing(server, mailing):
    mailing.send(ADA)
    result = mailing.send({**ADA, "_deleted": True})
    assert (len(server.mails), result.processed) == (1, 1)


def test_a_preview_sends_nothing(server, mailing):
    mailing.configure()
    mailing.node.put("in", ADA)
    assert len(mailing.node.preview("mail")) == 1
    assert server.mails == []


# ---- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (None, '"to" of the entity "1" is not there'),
        ([], '"to" of the entity "1" is not there'),
        (7, '"to" of the entity "1" is 7'),
        ("ada", 'is no good: expected mail addresses, got "ada"'),
        ("a@x.org\nBcc: b@x.org", "expected mail addresses"),
        ("a@x.org; b@x.org", "expected mail addresses"),
    ],
)
def test_recipients_that_are_none_fail_the_entity(server, mailing, to, said):
    error = mailing.error({**ADA, "to": to})
    assert "$.to" in error
    assert said in error
    assert server.mails == []


@pytest.mark.parametrize(("body", "said"), [(None, "is not there"), (["x"], "is no text")])
def test_a_template_that_the_entity_should_have(mailing, body, said):
    error = mailing.error({**ADA, "body": body}, body_template=None, body_template_property="body")
    assert f'$.body: "body" of the entity "1" {said}' in error


def test_templates_run_in_a_sandbox(server, mailing):
    mailing.send(ADA, body_template="{{ ''.__class__.__mro__ }}")
    ((_, message),) = server.mails
    assert "<class" not in text(message)
    error = mailing.error(BO, body_template="{{ ''.__class__.__mro__[1]() }}")
    assert "access to attribute '__class__'" in error


def test_templates_ask_for_no_secrets(mailing):
    mailing.node.more["secrets"] = {"key": "hidden"}
    error = mailing.error(ADA, body_template="{{ secret('key') }}")
    assert "only templates of the system may ask for secrets" in error


def test_a_server_that_is_not_there_is_waited_for(server, mailing):
    server.stop()
    error = mailing.error(ADA)
    assert f'system "out": sending by 127.0.0.1:{server.port}: ' in error
    assert "refused" in error
    server.start()
    mailing.node.run("mail")
    assert server.subjects == ["To Ada"]


def test_a_mail_that_is_refused_is_tried_again_and_the_others_are_not(server, mailing):
    server.refused.add("bo@example.org")
    mailing.send(ADA, BO, CY, pump=KEEPING)
    assert server.subjects == ["To Ada", "To Cy"]
    server.refused.clear()
    mailing.node.run("mail")
    assert server.subjects == ["To Ada", "To Cy", "To Bo"]
    mailing.node.run("mail")
    assert len(server.mails) == 3


def test_in_larger_batches_nothing_is_sent_twice_either(server, mailing):
    server.refused.add("bo@example.org")
    pump = {**KEEPING, "batch_retries": 2, "write_retry_delay": 0}
    mailing.send(ADA, BO, CY, pump=pump, batch_size=10)
    assert server.subjects == ["To Ada", "To Cy"]


def test_of_several_recipients_only_those_get_it_again_that_did_not(server, mailing):
    server.refused.add("bo@example.org")
    both = {**ADA, "to": ["ada@example.org", "bo@example.org"]}
    mailing.send(both, pump=KEEPING)
    server.refused.clear()
    mailing.node.run("mail")
    assert [to for to, _ in server.mails] == [["ada@example.org"], ["bo@example.org"]]
    assert mailing.node.store.settings.items("messages/delivered/") == {}


def test_what_was_sent_before_a_run_failed_is_not_sent_by_the_next(server, mailing):
    server.answers = ["250 OK", "451 try later", "451 try later"]
    error = mailing.error(ADA, BO, CY, batch_size=10, pump={"batch_retries": 0})
    assert "451 try later" in error
    mailing.node.run("mail")
    assert server.subjects == ["To Ada", "To Bo", "To Cy"]


def test_a_connection_that_the_server_ends_is_made_anew(server, mailing):
    server.answers = ["250 OK", "421 enough"]
    mailing.send(ADA, BO, pump=KEEPING)
    mailing.node.run("mail")
    assert server.subjects == ["To Ada", "To Bo"]


# ---- logging in, TLS -----------------------------------------------------------------------------


def test_over_tls_with_a_login(secure, mailing_by, certificate):
    mailing = mailing_by(
        **secure.options(
            use_tls=True,
            custom_ca_pem_chain=certificate.authority,
            smtp_username=USER,
            smtp_password=PASSWORD,
        )
    )
    mailing.send(ADA)
    assert secure.subjects == ["To Ada"]
    assert secure.logins == [(USER, True, True)]


def test_a_wrong_password_is_told_without_it(secure, mailing_by):
    options = {"smtp_username": USER, "smtp_password": "not-this-one"}
    mailing = mailing_by(**secure.options(use_tls=True, verify_ssl=False, **options))
    error = mailing.error(ADA)
    assert "the user name or password is refused (535)" in error
    assert "not-this-one" not in error


@pytest.mark.parametrize("chain", [None, "another"])
def test_a_certificate_that_nobody_knows_is_refused(secure, mailing_by, chain):
    pem = chain and make_certificate().authority
    mailing = mailing_by(**secure.options(use_tls=True, custom_ca_pem_chain=pem))
    assert "certificate verify failed" in mailing.error(ADA)
    assert secure.logins == []


def test_a_server_without_tls_gets_no_mail_where_it_is_asked_for(server, mailing_by):
    mailing = mailing_by(**server.options(use_tls=True, verify_ssl=False))
    assert "STARTTLS extension not supported by server" in mailing.error(ADA)
    assert server.mails == []


def test_a_user_needs_a_password(server, mailing_by):
    mailing = mailing_by(**server.options(smtp_username=USER))
    assert '"smtp_username" needs "smtp_password"' in mailing.error(ADA)


def test_the_status_of_the_system(server, mailing):
    mailing.configure()
    definition = mailing.node.pipes["mail"]
    status = introspection.system_status(definition, "out")
    assert (status["status"], status["message"]) == ("ok", "the server answers")
    assert introspection.offers(definition, "out") == {"offers": [], "more": False}


# ---- how many ------------------------------------------------------------------------------------


def test_more_than_allowed_in_an_hour_are_discarded_and_logged(server, mailing_by, tmp_path):
    url = f"lmdb:{tmp_path / 'store'}"
    mailing = mailing_by(Node(url), **server.options(max_per_hour=2))
    result = mailing.send(ADA, BO, CY)
    assert server.subjects == ["To Ada", "To Bo"]
    (told,) = [e for e in mailing.node.events("mail") if e["event_type"] == "message-discarded"]
    assert (told["entity_id"], told["pipe"], told["run_id"]) == ("3", "mail", result.run_id)
    assert told["reason"] == ('system "out" has sent the 2 messages that "max_per_hour" allows')
    # The next node on this store counts on, and so does another pipe with this system.
    mailing.node.store.close()
    again = mailing_by(Node(url), **server.options(max_per_hour=3))
    again.configure(pipe="other")
    again.node.run("other")
    assert server.subjects == ["To Ada", "To Bo", "To Ada"]


def test_mails_that_fail_do_not_count(server, mailing_by):
    mailing = mailing_by(**server.options(max_per_hour=2))
    server.refused.add("bo@example.org")
    mailing.send(BO, ADA, CY, pump=KEEPING)
    assert server.subjects == ["To Ada", "To Cy"]


def test_the_example_of_the_page_runs(certificate):
    found = page_components("mail-and-sms")
    with mail_server() as server:
        mailing = Node()
        system = {**found["mail-server"], **server.options(use_tls=False)}
        system = {k: v for k, v in system.items() if not k.startswith("smtp_user")}
        del system["smtp_password"]
        mailing.more = {"systems": {"mail-server": system}}
        pipe = found["overdue-mail"]
        mailing.pipe(pipe["_id"], **{k: v for k, v in pipe.items() if k not in ("_id", "type")})
        mailing.put(
            pipe["source"]["dataset"],
            {"_id": "7", "customer": "Ada", "email": "ada@example.org", "amount": "~f12.50"},
            {"_id": "8", "customer": "Bo", "amount": "~f1"},
        )
        mailing.run(pipe["_id"])
        ((recipients, message),) = server.mails
        assert recipients == ["ada@example.org"]
        assert message["Subject"] == "Invoice 7 is overdue"
        assert "12.5" in text(message)
        mailing.store.close()
