import { expect, test } from "vitest";

import stored from "../dtl/cases/traces.json";
import type { FullTrace } from "../dtl/trace";
import { HostError } from "../host";
import { Draft, type Drafted } from "./draft";
import { NodeHost } from "./host";
import type { NodeWay } from "./node";
import { sessionOf, whyOf } from "./trace";

/** A way to nothing: answers by path, and remembers what was sent. */
class Way implements NodeWay {
  readonly sent: { path: string; body: string; headers: Record<string, string> }[] = [];

  constructor(readonly answers: Record<string, string | HostError>) {}

  async ask<Answer>(path: string, _method = "GET", body?: unknown): Promise<Answer> {
    return (await (await this.fetch(path, { body: JSON.stringify(body ?? null) })).json()) as Answer;
  }

  async post<Answer>(path: string): Promise<Answer> {
    return this.ask<Answer>(path);
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    this.sent.push({ path, body: String(init.body ?? ""), headers: (init.headers ?? {}) as Record<string, string> });
    const answer = this.answers[path];
    if (answer === undefined || answer instanceof HostError) throw answer ?? new HostError(`nothing at ${path}`, [], 404);
    return new Response(answer, { headers: { ETag: '"tag"' } });
  }
}

const OWN: Drafted = { place: { pipe: "p" }, own: true, transform: null };
const CONFIG = '{"_id": "p", "transform": {"type": "dtl", "rules": [["copy", "*"]]}, "f": 1.0}';
const hostOf = (way: Way, drafted = OWN) => {
  const draft = new Draft(way, drafted);
  return { draft, host: new NodeHost(draft.answers, {}) };
};

test("the sample goes back to the node as it came, numbers and all", async () => {
  const sources = '[{"_id": "a", "n": 1.0, "big": 12345678901234567890}]';
  const way = new Way({ "dtl/live": `{"problems": [], "shown": {"sample": [{"id": "a"}], "sources": ${sources}}}` });
  const { host } = hostOf(way);
  await host.request("live", { text: "[]", entity: "" });
  await host.request("live", { text: "[1]", entity: "a" });
  await host.request("live", { text: "[2]", entity: "other" });
  expect(JSON.parse(way.sent[0]!.body)).toEqual({ text: "[]", pipe: "p", deployed: true, offsets: "utf-16", sources: true });
  expect(way.sent[1]!.body).toContain(`"entities": ${sources}`);
  expect(JSON.parse(way.sent[1]!.body)).not.toHaveProperty("sources");
  expect(JSON.parse(way.sent[2]!.body)).toMatchObject({ entity: "other", sources: true });
});

test("what was written is gone on with, until it is what is deployed", async () => {
  const way = new Way({ "pipes/p/config": CONFIG, "dtl/format": '{"text": "DEPLOYED"}', "dtl/functions": '[{"name": "upper", "kind": "function"}, {"name": "add", "kind": "transform"}]', "dtl/live": '{"problems": [], "shown": null}' });
  const { draft, host } = hostOf(way);
  const opened = await host.request<Record<string, unknown>>("opened");
  expect(opened).toEqual({ text: "DEPLOYED", title: "p", pipe: "p", vocabulary: { functions: ["upper"], transforms: ["add"] } });
  expect(draft.isChanged).toBe(false);
  await host.request("live", { text: "MINE", entity: "" });
  expect(draft.isChanged).toBe(true);
  expect(await host.request("opened")).toMatchObject({ text: "MINE" });
});

test("it is saved as it was looked at, else nothing is", async () => {
  const way = new Way({ "pipes/p/config": CONFIG, "dtl/format": '{"text": "x"}' });
  const { host } = hostOf(way);
  await host.request("changes_of", { text: "[]", pipe: "p" });
  await host.request("save_text", { text: '[["filter"]]', pipe: "p" });
  const put = way.sent.at(-1)!;
  expect(put.headers["If-Match"]).toBe('"tag"');
  expect(put.body).toBe('{"_id": "p", "transform": {"type": "dtl", "rules": {"default": [["filter"]]}}, "f": 1.0}');
  const lone = hostOf(new Way({ "dtl/format": '{"text": "x"}' }), { place: { dataset: "d" }, own: false, transform: null });
  expect(await lone.host.request("changes_of", { text: "[]", pipe: "new" })).toMatchObject({ pipe: "new", lines: ["--- no such pipe yet", "+++ new (new)", "+x"], counts: null });
  await expect(hostOf(new Way({})).host.request("changes_of", { text: "[]", pipe: "p" })).rejects.toThrow("nothing at pipes/p/config");
});

test("a trace is a session, at the entity that was looked at", () => {
  const document = stored.document as unknown as FullTrace;
  const ids = document.entities.map(({ source }) => (document.values[source] as { _id: string })._id);
  const session = sessionOf("t", { trace: document, missing: ["z"], stopped: "events" }, ids[1]!);
  expect(session.entity).toBe(1);
  expect(session.entities.map(({ id }) => id)).toEqual(ids);
  expect(session.entities.map(({ signature }) => signature)).toEqual(ids.map((_, number) => stored.ways.find(({ entities }) => entities.includes(number))!.signature));
  expect(session.notes).toEqual(["not found: z", "not all entities were recorded: the trace is full"]);
  expect(sessionOf("t", { trace: document }, "none").entity).toBe(0);
});

test("a reason is a sentence, a value is told in full", () => {
  expect(whyOf({ text: "no age", told: "$.x is not there\n  no age" })).toMatchObject({ text: "$.x is not there\n  no age", sentence: "no age" });
  expect(whyOf({ value: null, text: "", told: "$.x = null" })).not.toHaveProperty("sentence");
});
