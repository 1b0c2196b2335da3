import { describe, expect, test } from "vitest";

import stored from "./cases/traces.json";
import { costs, coverage, entitiesAt } from "./figures";
import { runTo, stepBack, stepInto, stepOut, stepOver } from "./steps";
import { type FullTrace, Recording, rulesPath, seen } from "./trace";
import { ways } from "./ways";

const document = stored.document as unknown as FullTrace;
const first = new Recording(document, 0);

test("the variables at every event are those that Python says", () => {
  for (const { entity, event, after, state } of stored.states) {
    expect(new Recording(document, entity).state(event, after)).toEqual(state);
  }
});

test("entities take the same ways as in Python, in the same order", () => {
  expect(ways(document)).toEqual(stored.ways);
});

test("every place ran as often, and gave as many nulls, as Python says", () => {
  const found = Object.fromEntries(
    [...coverage(document)].map(([path, { kind, name, fired, null: nulls, error }]) => [path, { kind, name, fired, null: nulls, error }]),
  );
  expect(found).toEqual(stored.coverage);
});

describe("steps", () => {
  const name = (position: number) => `${first.events[position]?.kind ?? "end"} ${first.events[position]?.name ?? ""}`.trim();

  test("the first step over goes into the default rule, the next ones along its transforms", () => {
    const walked: string[] = [];
    for (let at = stepOver(first, 0); at < first.end; at = stepOver(first, at)) walked.push(name(at));
    expect(walked).toEqual(["transform copy", "transform rename", "transform add", "transform if", "transform filter", "transform create", "transform add"]);
  });

  test("into and back again is the same way", () => {
    const there: number[] = [0];
    while (there.at(-1)! < first.end) there.push(stepInto(first, there.at(-1)!));
    const back: number[] = [first.end];
    while (back.at(-1)! > 0) back.push(stepBack(first, back.at(-1)!));
    expect(back.reverse()).toEqual(there);
  });

  test("out of an applied rule leads behind what applied it", () => {
    const inLine = first.events.findIndex((event) => event.frame === 1 && event.kind === "transform");
    const out = stepOut(first, inLine);
    expect(first.events[out]!.frame === 1).toBe(false);
    expect(out).toBeGreaterThan(inLine);
  });

  test("a run stops at breakpoints, both ways, else at the ends", () => {
    const path = `${rulesPath(document)}.line[1]`;
    const at = runTo(first, 0, new Set([path]));
    expect(first.path(at)).toBe(path);
    expect(runTo(first, first.end, new Set([path]), true)).toBeGreaterThan(at);
    expect([runTo(first, 3, new Set()), runTo(first, 3, new Set(), true)]).toEqual([first.end, 0]);
  });
});

test("what was seen at a place is that of the frame that is looked at", () => {
  const path = `${rulesPath(document)}.line[0]`;
  const frames = first.entity.frames.flatMap((frame, number) => (frame.rule === "line" ? [number] : []));
  for (const frame of frames) {
    expect(first.events[seen(first, frame).get(path)!.event]!.frame).toBe(frame);
  }
  expect(seen(first).get(path)!.count).toBe(2);
});

test("a bar leads to the entities that did what it says", () => {
  const few = `${rulesPath(document)}.default[3][3][0]`;
  expect(entitiesAt(document, few)).toEqual([1, 2, 3]);
  expect(entitiesAt(document, few, "never")).toEqual([0]);
});

test("the time of a place is shared between it and what is within", () => {
  const found = costs(document);
  const whole = found.find(({ kind, name }) => kind === "rule" && name === "default")!;
  expect(found.reduce((sum, { self }) => sum + self, 0)).toBeLessThanOrEqual(whole.ns * 1.001);
});
