"""What the entries of the registry cannot say: the prose of the reference's first page."""

BEFORE = """\
# DTL reference

The Data Transformation Language turns one entity into others. A rule set is a JSON object of named
rules; a rule is a list of transforms, which run in order. The rule `default` runs on each source
entity:

```json
{"default": [["copy", "_id"],
             ["add", "name", ["upper", "_S.name"]],
             ["if", ["is-empty", "_S.mail"], ["filter"]]]}
```

There are COUNT. Each page shows signature, what it does and examples that run as tests.
[Problem codes](problems/README.md) explains each thing that the compiler finds wrong;
[the trace format](../trace-format.md) is what `sesam-node dtl trace` writes.
"""

GUIDE = """\
## Transforms and expressions

A transform is a statement: it changes the target entity, creates another, or ends the work on this
one. An expression has a value and stands where a signature says so. Both are lists that begin with
a name. Some names are both: `["if", …]` in a rule runs transforms, inside an expression it chooses
a value.

JSON that is no list is a constant, as is text that is no path. A list that begins with text is
always a call; a constant list is written `["list", 1, 2]`, or `["literal", …]` for any JSON as it
stands.

## How to read a signature

```text
["replace", OLD_STRING(string{1}), NEW_STRING(string{1}), VALUES(value-expression{1})]
```

Each argument has a name, a kind and, in braces, how often it stands there: `1`, `0|1` (it may be
left out), `>=1`, `>=0`, `>1`. `(A(…), B(…)){>=1}` is a group that repeats as a whole. Several lines
are several forms; the number of arguments chooses. An optional argument may stand before required
ones.

| kind | what stands there |
| --- | --- |
| `…-expression` | an expression; the word before says what its value should be |
| `function-expression` | an expression that is evaluated for each value, which is `_.` there |
| `transforms` | a transform, or a list of them |
| `string`, `integer`, `number`, … | a constant of the configuration: no path, no call |
| `pattern` | text with `*`, or `["list", …]` of several |
| `rule`, `dataset` | the name of a rule of this rule set, of a dataset |
| `hops-spec` | an object, see [`hops`](hops.md#hops) |

A wrong number of arguments or a wrong constant is found by the compiler. A value that does not fit
while entities run is no error: it gives null, or is left out of a list.

## Variables and paths

| variable | what it is |
| --- | --- |
| `_S` | the source entity |
| `_T` | the target entity, as far as it has come |
| `_P` | the `_S` and `_T` of the rule that applied this one: `_P._S.name`, `_P._P._S.name` |
| `_R` | the `_S` and `_T` of the rule `default` |
| `_B` | the parameters of the request that reads a publisher |
| `_` | the value that a function expression runs on |
| an alias | an entity of a hop, inside its `where` and `return` |

`_S.name` is the property of the source, `_S.` the whole entity. `_S.address.city` goes on in an
inner entity; through a list it collects from each of its entities into one flat list, and leaves
out nulls. A name with dots is quoted: `_S.'a.b'`, with `''` for a quote in it. A property that is
not there is null. Text whose first part is no variable is plain text: `"www.example.org"`.

## Nulls, lists, single values

Most functions of values (an argument `VALUES`) follow one rule:

- null gives null;
- a single value gives a single value;
- a list gives the list of the results, in order; nulls in it are left out, before and after.

What wants one value takes the first of a list. What wants a list takes a single value as a list of
one, and null as the empty list. A page says where a function does otherwise.

False, null and the empty list count as false. Everything else counts as true: `0`, `""` and `{}`
do.

## Types

Beside JSON's own types there are typed values, written as text with a tag:

| type | written as |
| --- | --- |
| datetime | `"~t2026-01-31T12:00:00.5Z"`, up to nine digits of a second, always UTC |
| date | `"~t2026-01-31"` |
| decimal | `"~f12.50"`, exact |
| URI | `"~rhttps://example.org/"` |
| namespaced identifier | `"~:person:17"` |
| UUID | `"~u1b4e28ba-2fa1-11d2-883f-0016d3cca427"` |
| bytes | `"~bAAEC"`, base64 |

Text behind a tag that is no such value is ordinary text. Text that would read as one begins with
one more tilde: `"~~tomorrow"` stays as it is, `"~~t2026-01-31"` is the text `~t2026-01-31`.

Equality asks for the same type and content; integers, floats and decimals meet by value. In the
order of all values null comes first, then booleans, numbers, dates and datetimes, UUIDs, namespaced
identifiers, URIs, strings, entities, lists, bytes.

## Try it

```text
echo '{"_id": "1", "name": "ada"}' | sesam-node dtl run -e '[["copy", "*"]]'
sesam-node dtl check pipes/person.conf.json
sesam-node dtl trace rules.json people.jsonl --why '$.name'
```
"""
