import { expect, test } from "vitest";

import type { PipeThing, Things } from "../live/things";
import { feedOf } from "./feed";
import { cellOf, fileRegions } from "./region";

const pipe = (inputs: string[], isValid = true) => ({ inputs, runtime: { "is-valid-config": isValid } }) as unknown as PipeThing;
const dataset = { entities: 1, deleted: 0, "last-offset": 0, populated: true };
const things: Things = {
  pipes: { person: pipe([]), named: pipe(["person"]), broken: pipe(["person"], false) },
  datasets: { person: dataset, raw: dataset },
  systems: {},
};

test.each([
  ["%%dtl named", { pipe: "named" }],
  ["%%dtl person", { pipe: "person" }],
  ["%%dtl --dataset person", { dataset: "person" }],
  ["%%dtl raw", { dataset: "raw" }],
  // A pipe that cannot be loaded feeds nothing; its dataset would.
  ["%%dtl broken", {}],
  ["%%dtl nothing-of-that-name", {}],
  ['%%dtl\n{"source": {"type": "dataset", "dataset": "raw"}, "transform": []}', { dataset: "raw" }],
  // No name of a JavaScript object is one of the node.
  ["%%dtl constructor", {}],
])("the cell %j is fed by %j", (text, feed) => {
  const cell = cellOf(text.includes("\n") ? text : `${text}\n[]`)!;
  expect(feedOf(cell, things)).toEqual(feed);
});

test.each([
  [{ _id: "named", type: "pipe", source: { dataset: "person" } }, { pipe: "named" }],
  // The text reads another dataset than what is deployed.
  [{ _id: "named", type: "pipe", source: { dataset: "raw" } }, { dataset: "raw", pipe_id: "named" }],
  [{ _id: "named", type: "pipe", source: { type: "merge" } }, { pipe: "named" }],
  [{ _id: "new", type: "pipe", source: { dataset: "person" } }, { dataset: "person", pipe_id: "new" }],
  [{ _id: "new", type: "pipe", source: { dataset: "missing" } }, { pipe_id: "new" }],
])("the pipe %j in a file is fed by %j", (config, feed) => {
  expect(feedOf(fileRegions(JSON.stringify(config))[0]!, things)).toEqual(feed);
});
