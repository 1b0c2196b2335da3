/** A trace of rules to walk about in: recorded by the node; why something is as it is, it is asked again. */

import type { SessionData } from "../components/TraceView";
import type { EntityRow } from "../components/TraceViewLists";
import type { Answer } from "../components/TraceViewWhy";
import { jsonWith } from "../dtl/bare";
import { type FullTrace, Recording } from "../dtl/trace";
import { ways } from "../dtl/ways";
import { HostError } from "../host";
import { posted } from "./draft";
import type { Answers } from "./host";
import type { NodeWay } from "./node";

const RECORDED = 20;
const STOPPED: Record<string, string> = { time: "time was up", events: "the trace is full", size: "it got too large" };

interface Traced {
  trace: FullTrace;
  /** The ids of the source entities, as the source has them. */
  sources?: string[];
  missing?: string[];
  skipped?: { _id: string; message: string }[];
  stopped?: string;
}

interface Asked {
  entity: number;
  result: number;
  path: string;
}

/** `rules` is JSON text; `fields` say what feeds them; the entity `chosen` is shown first, where it is recorded. */
export async function traceAnswers(node: NodeWay, title: string, chosen: string, fields: Record<string, unknown>, rules: string): Promise<Answers> {
  const answer = await node.fetch("dtl/trace", posted(jsonWith({ ...fields, limit: RECORDED }, { rules })));
  const told = (await answer.json()) as Traced;
  const session = sessionOf(title, told, chosen);
  if (session.entities.length === 0) throw new HostError(session.notes[0] ?? "the source has no entities yet: run the pipe that fills it");
  const why = async ({ entity, result, path }: Asked) => {
    const ids = [told.sources?.[entity] ?? session.entities[entity]!.id];
    const found = await (await node.fetch("dtl/why", posted(jsonWith({ ...fields, ids, result, path }, { rules })))).json();
    return whyOf(found as Why);
  };
  return { shown: async () => session, why, why_not: why };
}

export function sessionOf(title: string, told: Traced, chosen: string): SessionData {
  const document = told.trace;
  const entities = rowsOf(document);
  const entity = Math.max(0, entities.findIndex(({ id }) => id === chosen));
  return { world: 0, title, label: "", document, text: "", spans: {}, entities, entity, position: 0, notes: notesOf(told), before: null };
}

/** What became of each recorded entity, and which way it took. */
function rowsOf(document: FullTrace): EntityRow[] {
  const signatures = new Map(ways(document).flatMap(({ signature, entities }) => entities.map((entity) => [entity, signature] as const)));
  return document.entities.map((entity, number) => {
    const recording = new Recording(document, number);
    const source = recording.source as Record<string, unknown>;
    return { id: source["_id"], version: entity.version, outcome: outcomeOf(recording), signature: signatures.get(number) ?? "" };
  });
}

function outcomeOf(recording: Recording): EntityRow["outcome"] {
  if (recording.entity.error) return "failed";
  const results = recording.results as Record<string, unknown>[];
  if (results.length === 0) return "nothing";
  return results.every((one) => one["_filtered"] === true) ? "filtered" : "ok";
}

function notesOf({ missing, skipped, stopped }: Traced): string[] {
  const notes = (skipped ?? []).slice(0, 10).map((one) => `an earlier transform failed on "${one._id}": ${one.message}`);
  if (missing?.length) notes.unshift(`not found: ${missing.slice(0, 10).join(", ")}`);
  if (stopped && STOPPED[stopped]) notes.push(`not all entities were recorded: ${STOPPED[stopped]}`);
  return notes;
}

interface Why extends Omit<Answer, "sentence"> {
  value?: unknown;
  told: string;
}

/** As the view has it: all of it as text, and of what is missing the reason as a sentence. */
export function whyOf(found: Why): Answer {
  return "value" in found ? { ...found, text: found.told } : { ...found, sentence: found.text, text: found.told };
}
