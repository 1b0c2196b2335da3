/** What the views of a pipe ask: its pump, its last runs, its log, what it makes of a few entities. */

import type { LogRow } from "../components/PipeLooks";
import { queueOf, type Runtime } from "../live/things";
import type { Answers } from "./host";
import { type NodeWay, part } from "./node";

const RUNS = 40;
/** A run is told in several events of the log. */
const EVENTS_A_RUN = 4;
const LOG_ROWS = 8;
const PREVIEWED = 3;
/** So many characters of a message, and problems of a configuration, are shown. */
const MESSAGE = 2_000;
const PROBLEMS = 20;
const OPERATIONS = ["start", "stop", "start-rescan", "reset", "enable", "disable"];
/** What an operation of the view is called on the node. */
const FIELDS: Record<string, Record<string, string>> = { reset: { operation: "update-last-seen", "last-seen": "" } };

/** The state of a pump as `GET …/pump` gives it. */
export interface Pump extends Omit<Runtime, "message"> {
  "last-message"?: string | null;
  "last-original-error-message"?: string | null;
  "config-errors"?: { msg?: string }[];
}

export interface LogEvent {
  event_type: string;
  sync_type?: string;
  reason?: string;
  start_time: string;
  end_time: string;
  total_time?: number;
  entities_failed?: number;
  original_error_message?: string;
  reason_why_stopped?: string;
  metrics?: { entities?: { entities_last_run?: number; changes_last_run?: number } };
}

export function pumpAnswers(node: NodeWay, name: string): Answers {
  const path = `pipes/${part(name)}`;
  const status = async () => statusOf((await node.ask<{ runtime: Pump }>(`${path}/pump`)).runtime);
  return {
    status,
    runs: () => readRuns((start, limit) => node.ask(`${path}/log?limit=${limit}&start=${start}&reverse=true`)),
    operate: async ({ operation }: { operation: string }) => {
      await node.post(`${path}/pump`, FIELDS[operation] ?? { operation });
      return status();
    },
    log: () => readLog(node, name),
    preview: () => readPreview(node, name),
  };
}

export async function readLog(node: NodeWay, name: string): Promise<LogRow[]> {
  return logRows(await node.ask(`pipes/${part(name)}/log?limit=${3 * LOG_ROWS}&reverse=true`));
}

/** What a pipe makes of a few entities of its source. */
export async function readPreview(node: NodeWay, name: string): Promise<unknown[]> {
  const [answer] = await node.post<{ results: unknown[] }[]>(`pipes/${part(name)}/preview`, { limit: String(PREVIEWED) });
  return answer?.results ?? [];
}

/** What the status of a pipe shows. */
export function statusOf(runtime: Pump) {
  const failed = runtime.success === false;
  const message = runtime["last-original-error-message"] || runtime["last-message"] || "";
  const supported = (operation: string) => runtime["supported-operations"].includes(FIELDS[operation]?.["operation"] ?? operation);
  return {
    state: runtime.status,
    running: runtime["is-running"],
    processed: runtime.progress?.processed ?? 0,
    queue: queueOf({ ...runtime, message }),
    dependencies: Object.values(runtime.queues.dependencies ?? {}).reduce<number>((sum, one) => sum + (one ?? 0), 0),
    retries: runtime.retries ?? 0,
    waiting_for: runtime["waiting-for"] ?? [],
    last_run: runtime["last-run"],
    next_run: runtime["next-run"],
    failed,
    message: failed ? message.slice(0, MESSAGE) : "",
    comment: runtime["disabled-comment"] ?? "",
    problems: (runtime["config-errors"] ?? []).slice(0, PROBLEMS).map(({ msg }) => msg ?? ""),
    operations: OPERATIONS.filter(supported),
  };
}

/** The last runs that did something, oldest first: the log is read until there are enough of them. */
export async function readRuns(read: (start: number, limit: number) => Promise<LogEvent[]>, wanted = RUNS) {
  const limit = Math.max(50, wanted * EVENTS_A_RUN);
  const found: LogEvent[] = [];
  for (let start = 0; found.length < wanted; ) {
    const events = await read(start, limit);
    found.push(...events.filter(({ event_type }) => event_type === "pump-completed" || event_type === "pump-failed"));
    start += events.length;
    if (events.length < limit) break;
  }
  return found.slice(0, wanted).toReversed().map(runOf);
}

function runOf(event: LogEvent) {
  const counted = event.metrics?.entities ?? {};
  return {
    start: event.start_time,
    kind: event.sync_type ?? "",
    reason: event.reason ?? "",
    success: event.event_type === "pump-completed",
    seconds: event.total_time ?? 0,
    read: counted.entities_last_run ?? 0,
    changed: counted.changes_last_run ?? 0,
    failed: event.entities_failed ?? 0,
    message: messageOf(event).slice(0, MESSAGE),
  };
}

/** The last runs as rows of a table, the newest first. */
export function logRows(events: LogEvent[]): LogRow[] {
  const ended = events.filter(({ event_type }) => event_type !== "pump-started");
  return ended.slice(0, LOG_ROWS).map((event) => {
    const what = event.event_type.replace(/^pump-/, "");
    const counted = event.metrics?.entities ?? {};
    return {
      time: event.start_time.slice(0, 19).replace("T", " "),
      kind: event.sync_type || what,
      result: what === "completed" ? "ok" : what,
      read: counted.entities_last_run ?? null,
      changed: counted.changes_last_run ?? null,
      seconds: event.total_time ?? null,
      message: messageOf(event).split("\n")[0]!,
    };
  });
}

function messageOf(event: LogEvent): string {
  return event.original_error_message || event.reason_why_stopped || "";
}
