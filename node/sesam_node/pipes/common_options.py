"""Options that several component types share: HTTP connections, tracing, REST operations, XML."""

from __future__ import annotations

from sesam_node.config.options import Option

URL_SYSTEMS = ("url", "microservice", "rest")
SQL_SYSTEMS = (
    "sqlite",
    "postgresql",
    "mysql",
    "oracle",
    "oracle_tns",
    "sqlserver",
    "mssql-azure-dw",
    "mssql",
)

SYSTEM_ID = Option("system", "string", doc="the id of the system")
URL = Option("url", "string", doc="where in the system, relative to its URL pattern")
HEADERS = Option("headers", "object", None, "HTTP headers of each request, name to text")
STRINGS = ("string", "string-list")

RETRY_STRATEGY = Option(
    "retry_strategy",
    "object",
    None,
    'retry options of the pump by HTTP status ("429", "400-428", "500,502") or "default"',
    each=(
        Option("max_read_retries", "integer", None, "how often a failed read is tried again"),
        Option("read_retry_delay", "number", None, "seconds before a read is tried again"),
        Option("write_retry_delay", "number", None, "seconds before a write is tried again"),
        Option("max_retries_per_entity", "integer", None, "later runs that try an entity again"),
        Option("max_consecutive_write_errors", "integer", None, "errors in a row that end a run"),
        Option("max_write_errors_in_retry_dataset", "integer", None, "most write errors kept"),
        Option("batch_retries", "integer", None, "how often a failed batch is tried again"),
    ),
)

OAUTH2 = Option(
    "oauth2",
    "object",
    None,
    "fetches access tokens by client credentials or a refresh token",
    fields=(
        Option("client_id", "string", doc="the id that the provider gave"),
        Option("client_secret", "string", doc="its secret", secret=True),
        Option("token_url", "string", doc="where tokens are asked for"),
        Option("scope", STRINGS, None, "the scopes asked for"),
        Option("scopes", STRINGS, None, "the scopes asked for"),
        Option("grant_type", "string", None, "how to ask", ("client_credentials", "refresh_token")),
        Option("access_token", "string", None, "the first access token", secret=True),
        Option("refresh_token", "string", None, "the first refresh token", secret=True),
        Option("refresh_window", "integer", 30, "seconds before its end that a token is renewed"),
        Option("extra", "object", None, "further parameters of the token request"),
        Option("ignore_invalid_content_length_response_header", "boolean", None, "be lenient"),
    ),
)

URL_SYSTEM = (
    Option("url_pattern", "string", None, "the URL, with %s where a relative URL is put in"),
    Option(
        "base_url",
        "string",
        None,
        "the URL that relative ones are joined to",
        deprecated='use "url_pattern"',
    ),
    Option("verify_ssl", "boolean", None, "are certificates checked? The node's default if null"),
    Option("custom_ca_pem_chain", "string", None, "certificates to check against, as PEM text"),
    Option(
        "authentication",
        "string",
        None,
        "how to log in",
        ("basic", "digest", "ntlm", "jwt", "tripletex"),
    ),
    Option("username", "string", None, "the user to log in as"),
    Option("password", "string", None, "the password of the user", secret=True),
    Option("jwt_token", "string", None, 'the token for authentication "jwt"', secret=True),
    HEADERS,
    OAUTH2,
    Option("tripletex", "object", None, 'tokens for authentication "tripletex"', secret=True),
    Option("proxies", "object", None, "URL prefix to the proxy of its requests"),
    Option("connect_timeout", "number", 60, "seconds to wait for a connection"),
    Option("read_timeout", "number", 1800, "seconds to wait for an answer"),
    Option(
        "ignore_invalid_content_length_response_header",
        "boolean",
        default=False,
        doc="go on when the server lies about the length of its answer?",
    ),
    RETRY_STRATEGY,
    Option(
        "rate_limit_per_second",
        "number",
        None,
        "most requests a second to the system, of all pipes together; no limit if null",
        least=0.001,
    ),
)
"""Options of systems that are reached over HTTP."""

CERTIFICATES = tuple(
    option for option in URL_SYSTEM if option.name in ("verify_ssl", "custom_ca_pem_chain")
)

TRACE = Option(
    "trace",
    ("boolean", "object"),
    default=None,
    doc="log requests and answers in the execution log? The node's default if null",
    fields=(
        Option("log_request_headers", "boolean", default=True, doc="log headers of requests?"),
        Option("log_request_body_maxsize", "integer", 100, "bytes logged of a request"),
        Option("log_response_headers", "boolean", default=True, doc="log headers of answers?"),
        Option("log_response_body_maxsize", "integer", 100, "bytes logged of an answer"),
        Option("log_secret_redacted_bytes", "integer", 600, "bytes of each secret left out"),
    ),
)

RATE_LIMITS = (
    Option("rate_limiting_retries", "integer", None, "how often to try again after status 429"),
    Option("rate_limiting_delay", "number", None, "seconds between these tries; 1 if nothing says"),
)

PAYLOAD = Option("payload", ("string", "object", "array"), None, "the body of the request")
PROPERTIES = Option("properties", "object", None, "values for the templates of the operation")

_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")

_RESPONSE = (
    Option("payload_property", "string", None, "the part of the answer that holds the entities"),
    Option("response_property", "string", None, "the property that takes the answer"),
    Option("response_headers_property", "string", None, "the property that takes its headers"),
    Option("id_expression", "string", None, "template that makes _id"),
    Option("updated_expression", "string", None, "template that makes _updated"),
)

_SINCE_PLACES = ("query", "header", "manual")

OPERATION = (
    URL,
    Option("method", "string", doc="the HTTP method", choices=_METHODS),
    HEADERS,
    Option("params", "object", None, "query parameters, templates"),
    Option(
        "payload-type",
        "string",
        "json",
        "how the payload is sent",
        ("text", "json", "json-transit", "form", "multipart-form"),
    ),
    PAYLOAD,
    PROPERTIES,
    *_RESPONSE,
    Option("response_status_property", "string", None, "the property that takes its status"),
    Option("next_page_link", "string", None, "template that makes the URL of the next page"),
    Option("next_page_termination_strategy", STRINGS, None, "how the last page is known"),
    Option("page_size", "integer", None, "entities on a full page"),
    Option("allowed_status_codes", "string", "200-299", "statuses that are no failure"),
    Option("ignored_status_codes", "string", None, "statuses whose answer is left out"),
    Option("error_expression", "string", None, "template: any text it makes is an error"),
    Option("since_property_name", "string", "since", "the parameter that takes the offset"),
    Option("since_property_location", "string", "query", "where it goes", _SINCE_PLACES),
    *RATE_LIMITS,
    Option("comment", "any", None, "free text, ignored"),
    Option("description", ("string", "array"), None, "text for people"),
)
"""Options of one operation of a REST system."""

OPERATIONS = Option("operations", "object", None, "name to operation", each=OPERATION)

REST_CALL = (
    SYSTEM_ID,
    OPERATIONS,
    PROPERTIES,
    PAYLOAD,
    *_RESPONSE,
    Option(
        "response_include_content_type",
        "boolean",
        default=False,
        doc='put the type of the answer into the property "content-type"?',
    ),
    *RATE_LIMITS,
    TRACE,
)
"""Options that the REST source and transform share."""

REST_SINCE = (
    Option("since_property_name", "string", None, "the parameter that takes the offset"),
    Option("since_property_location", "string", None, "where it goes", _SINCE_PLACES),
)

XML = (
    Option("root-attributes", "object", None, "attributes of the root element"),
    Option("include-xml-decl", "boolean", default=False, doc="begin with an XML declaration?"),
    Option("skip-deleted-entities", "boolean", default=True, doc="are deleted entities left out?"),
)

DOWNLOAD = (
    Option("filename", "string", None, "the name browsers save the download under"),
    Option(
        "content_disposition",
        "string",
        "attachment",
        "is a named download saved or shown?",
        ("attachment", "inline"),
    ),
)
"""Options of publishers that name what they send."""

SUBSET = Option("subset", "array", None, 'only this subset: ["eq", index expression, literal]')
ALIASED_DATASETS = Option("datasets", "string-list", doc='the inputs, each "dataset alias"')
DATASET_IDS = Option("datasets", "string-list", doc="the ids of the inputs")
INDEXES = Option("indexes", ("string", "array"), None, 'index expressions to keep up, or "$ids"')
SET_INITIAL_OFFSET = Option(
    "set_initial_offset",
    "string",
    "if-source-populated",
    "when the dataset counts as populated",
    ("if-source-populated", "never", "always", "initially", "onload"),
)
BITSET_COMMIT_INTERVAL = Option(
    "bitset_commit_interval",
    "integer",
    1_000_000,
    "accepted, without effect: what a full run has met is saved with each commit of its output",
)
