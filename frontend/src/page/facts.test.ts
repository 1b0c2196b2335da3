import { expect, test } from "vitest";

import { RESTING } from "../live/testing";
import { NOTHING, type Things } from "../live/things";
import { gaugeOf, pipesOf, sizeText, sorted, summaryOf, timeText } from "./facts";

const pipe = (more: object) => ({ source: "dataset", inputs: ["in"], output: "out", systems: ["s"], runtime: { ...RESTING, ...more } });
const THINGS = {
  ...NOTHING,
  pipes: {
    p10: pipe({ status: "failed", message: "no" }),
    p9: pipe({ status: "invalid" }),
    good: pipe({ queues: { source: 3, dependencies: {} } }),
    busy: pipe({ status: "running", queues: { source: { a: 1, b: 9 }, dependencies: {} } }),
  },
  datasets: { a: { entities: 5, deleted: 1, "last-offset": 9, populated: true }, b: { entities: 6, deleted: 0, "last-offset": 9, populated: true } },
} as unknown as Things;

test("a summary counts, and names what needs a look", () => {
  const found = summaryOf(THINGS);
  expect([...found.states].sort()).toEqual([["failed", 1], ["invalid", 1], ["ok", 1], ["running", 1]]);
  expect([found.waiting, found.entities, found.deleted]).toEqual([13, 11, 1]);
  expect(found.bad.map(({ name }) => name)).toEqual(["p9", "p10"]);
  expect(found.running.map(({ name }) => name)).toEqual(["busy"]);
  expect(found.queues.map(({ name }) => name)).toEqual(["busy", "good"]);
});

test("rows in order: numbers as numbers, names as people count, what is not known last", () => {
  const rows = pipesOf(THINGS);
  const names = (down: boolean, value: Parameters<typeof sorted<(typeof rows)[0]>>[1]) => sorted(rows, value, down).map(({ name }) => name);
  expect(names(false, ({ name }) => name)).toEqual(["busy", "good", "p9", "p10"]);
  expect(names(true, ({ queue }) => queue).slice(0, 2)).toEqual(["busy", "good"]);
  expect(names(false, ({ queue }) => queue).slice(0, 2)).toEqual(["good", "busy"]);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_234_567, "1.2 MB"],
  [45_600_000, "46 MB"],
  [2e15, "2,000 TB"],
])("%d bytes are %s", (bytes, text) => expect(sizeText(bytes)).toBe(text));

test("a gauge out of Prometheus' text", () => {
  const text = "# HELP sesam_store_bytes size\n# TYPE sesam_store_bytes gauge\nsesam_store_bytes 12345.0\nsesam_store_bytes_other 1\n";
  expect(gaugeOf(text, "sesam_store_bytes")).toBe(12345);
  expect(gaugeOf(text, "sesam_store")).toBe(null);
});

test("a time of today by the clock, another with its day", () => {
  const now = new Date("2026-05-04T12:00:00");
  expect(timeText("2026-05-04T03:04:05", now)).toBe("03:04:05");
  expect(timeText("2026-05-03T23:04:05", now)).toBe("2026-05-03 23:04");
  expect(timeText("what", now)).toBe("what");
});
