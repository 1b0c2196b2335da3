import { describe, expect, test } from "vitest";

import { EventParser } from "./sse";
import { RESTING } from "./testing";
import { after, newlyBad, NOTHING, type PipeThing, queueOf, type Runtime, type Things } from "./things";

const RUNTIME: Runtime = { ...RESTING, status: "not run", success: null };

function pipe(runtime: Partial<Runtime> = {}): PipeThing {
  const status = runtime.success === false ? "failed" : "ok";
  return { source: "dataset", inputs: [], output: "x", systems: [], runtime: { ...RUNTIME, status, ...runtime } };
}

function things(pipes: Record<string, PipeThing>): Things {
  return { ...NOTHING, pipes };
}

describe("events", () => {
  test("come whole, however the stream is cut", () => {
    const text = 'event: snapshot\ndata: {"a": "ø"}\n\n: still here\n\nevent: changes\ndata: {\ndata: }\n\n';
    const parser = new EventParser();
    const found = [...text].flatMap((letter) => parser.feed(letter));
    expect(found).toEqual([
      { name: "snapshot", data: '{"a": "ø"}' },
      { name: "changes", data: "{\n}" },
    ]);
  });

  test("change what they name, and nothing else", () => {
    const [a, b, c] = [pipe(), pipe(), pipe({ success: true })];
    const before = after(NOTHING, "snapshot", { pipes: { a, b } });
    const now = after(before, "changes", { pipes: { a: null, c } });
    expect(now.pipes).toEqual({ b, c });
    expect(now.pipes["b"]).toBe(b);
    expect(now.datasets).toBe(before.datasets);
    expect(after(now, "unheard-of", {})).toBe(now);
  });
});

test("the queues of several datasets are one", () => {
  expect(queueOf({ ...RUNTIME, queues: { source: { a: 2, b: null, c: 3 }, dependencies: {} } })).toBe(5);
  expect(queueOf(RUNTIME)).toBe(null);
});

test("a pipe that fails is news once, and again when it fails again", () => {
  const good = things({ a: pipe({ success: true }), b: pipe({ success: false, "last-run": "1" }) });
  const bad = things({ a: pipe({ success: false, "last-run": "2" }), b: good.pipes["b"]! });
  expect(newlyBad(good, bad)).toEqual(["a"]);
  expect(newlyBad(bad, bad)).toEqual([]);
  const again = things({ ...bad.pipes, b: pipe({ success: false, "last-run": "3" }) });
  expect(newlyBad(bad, again)).toEqual(["b"]);
});
