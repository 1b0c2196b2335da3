import { describe, expect, test } from "vitest";

import { RESTING } from "../live/testing";
import { askedOf, columnsOfSchema, expressionOf, newsOf, versionsOf } from "./grid";
import { NodeHost } from "./host";
import { failureOf } from "./node";
import { type LogEvent, logRows, type Pump, readRuns, statusOf } from "./pump";

const VIEW = { where: null, text: null, order_by: [], deleted: false };
const PUMP: Pump = {
  ...RESTING,
  "last-run": "2026-01-02T03:04:05Z",
  progress: { processed: 7 },
  queues: { source: { a: 2, b: 3 }, dependencies: { c: 4, d: null } },
  retries: 1,
  "supported-operations": ["start", "start-rescan", "update-last-seen", "disable"],
};

describe("a host", () => {
  test("answers what its table has, and nothing that any object has", async () => {
    const host = new NodeHost({ double: async ({ n }: { n: number }) => 2 * n }, { name: "x" });
    expect(await host.request("double", { n: 4 })).toBe(8);
    expect(host.get("kernel")).toBe(false);
    await expect(host.request("toString")).rejects.toThrow('the page cannot answer "toString"');
  });

  test("says the node's own words of an error", () => {
    const told = failureOf(409, JSON.stringify({ message: "no", detail: "it runs", problems: [{ path: "$", code: "x", message: "y" }] }));
    expect([told.message, told.status, told.problems.length]).toEqual(["no: it runs", 409, 1]);
    expect(failureOf(502, "<html>bad gateway</html>").message).toBe("the node answered 502");
  });
});

describe("a grid", () => {
  test("asks only for what a view asks beyond all", () => {
    expect(askedOf(VIEW)).toEqual({});
    expect(askedOf({ ...VIEW, where: ["eq", 1, 1], order_by: ["-n"], deleted: true })).toEqual({ where: ["eq", 1, 1], order_by: ["-n"], deleted: true });
  });

  test("says its rows in Python", () => {
    expect(expressionOf('a"b', VIEW)).toBe('hub.datasets["a\\"b"].to_polars()');
    const asked = { ...VIEW, where: ["eq", "_S.x", null], text: "Å", deleted: true };
    expect(expressionOf("a", asked)).toBe('hub.datasets["a"].query(["eq", "_S.x", None], text="Å", deleted=True).to_polars()');
  });

  test("has the columns of the schema", () => {
    const schema = { "x-entities": 4, properties: { _id: { type: "string" }, n: { "x-count": 3, anyOf: [{ type: "number" }, { "x-type": "decimal", type: "string" }] }, o: { type: "object" } } };
    expect(columnsOfSchema(schema)).toEqual([
      { name: "n", types: ["float", "decimal"], filled: 0.75 },
      { name: "o", types: ["dict"], filled: 0 },
    ]);
    expect(columnsOfSchema({})).toEqual([]);
  });

  test("an empty dataset has no last version", () => {
    expect(newsOf({ "last-offset": -1, generation: "g" })).toEqual({ last: null, generation: "g" });
  });

  test("reads a long life in portions, and turns it round", async () => {
    const life = [5, 4, 3, 2, 1].map((at) => ({ _updated: at, time: `t${at}`, change: "changed" }));
    const read = async ({ before }: { before?: string }) => {
      const rest = before === undefined ? life : life.filter(({ _updated }) => _updated < Number(before));
      return { changes: rest.slice(0, 2), complete: rest.length <= 2, next: rest.length > 2 ? rest[1]!._updated : null };
    };
    const { changes, complete } = await versionsOf(read);
    expect(changes.map(({ _updated }) => _updated)).toEqual([1, 2, 3, 4, 5]);
    expect(complete).toBe(true);
  });
});

describe("a pump", () => {
  test("tells its state, its queues and what may be done", () => {
    const told = statusOf(PUMP);
    expect(told).toMatchObject({ state: "ok", running: false, queue: 5, dependencies: 4, retries: 1, failed: false, message: "" });
    expect(told.operations).toEqual(["start", "start-rescan", "reset", "disable"]);
  });

  test("that has failed says why, the original reason first", () => {
    const told = statusOf({ ...PUMP, status: "failed", success: false, "last-message": "after", "last-original-error-message": "before" });
    expect([told.state, told.failed, told.message]).toEqual(["failed", true, "before"]);
  });
});

describe("the log of a pipe", () => {
  const event = (type: string, number: number): LogEvent => ({
    event_type: type,
    start_time: `2026-01-01T00:00:0${number}.5Z`,
    end_time: "",
    total_time: number,
    metrics: { entities: { entities_last_run: number, changes_last_run: 0 } },
  });

  test("is read until there are enough runs, the newest last", async () => {
    const all = Array.from({ length: 260 }, (_, number) => event(number % 2 ? "pump-started" : "pump-completed", number % 10));
    const asked: [number, number][] = [];
    const runs = await readRuns(async (start, limit) => {
      asked.push([start, limit]);
      return all.slice(start, start + limit);
    }, 90);
    expect(runs.length).toBe(90);
    expect(asked).toEqual([[0, 360]]);
    expect(runs.at(-1)!.seconds).toBe(0);
  });

  test("goes on where a portion holds few runs", async () => {
    const all = [...Array.from({ length: 60 }, () => event("pump-started", 1)), event("pump-failed", 2)];
    const runs = await readRuns(async (start, limit) => all.slice(start, start + limit), 1);
    expect(runs).toMatchObject([{ success: false, seconds: 2, read: 2 }]);
  });

  test("as rows has what ended, in a word", () => {
    const rows = logRows([event("pump-started", 1), { ...event("pump-failed", 2), original_error_message: "no\nline 2" }, { ...event("pump-completed", 3), sync_type: "full" }]);
    expect(rows.map(({ kind, result, message, time }) => [kind, result, message, time])).toEqual([
      ["failed", "failed", "no", "2026-01-01 00:00:02"],
      ["full", "ok", "", "2026-01-01 00:00:03"],
    ]);
  });
});
