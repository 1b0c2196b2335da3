/** A pipe as it runs: what it does now, what waits, how the last runs went; started and stopped here. */

import { useCallback, useEffect, useRef, useState } from "react";

import { messageOf, type Host } from "../host";
import { rateOf, shareOf, type Moment } from "../status/progress";
import { useEvery, useVisible } from "../visible";
import { type PipeState, wordOf } from "../live/states";
import { type Translate, useT } from "../words";
import { PipeStatusRuns, type Run } from "./PipeStatusRuns";

const QUICK_MS = 400;
const SLOW_MS = 3000;

interface Status {
  state: PipeState;
  running: boolean;
  processed: number;
  queue: number | null;
  dependencies: number;
  retries: number;
  waiting_for: string[];
  last_run: string | null;
  next_run: string | null;
  failed: boolean;
  message: string;
  comment: string;
  problems: string[];
  operations: string[];
}

/** What is asked before it is done, as it throws work away or does it anew. */
function askedOf(operation: string, t: Translate): string {
  if (operation === "start-rescan") return t("Read everything again from the beginning, and delete what is gone?");
  return operation === "reset" ? t("Forget how far it has read? The next run begins at the start.") : "";
}

function operationWord(operation: string, t: Translate): string {
  const words: Record<string, string> = { "start-rescan": t("Full run"), reset: t("Reset"), enable: t("Enable"), disable: t("Disable") };
  return words[operation] ?? operation;
}

export function PipeStatus({ host }: { host: Host }) {
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const visible = useVisible(box);
  const [status, setStatus] = useState<Status | null>(null);
  const [runs, setRuns] = useState<Run[]>([]);
  const [error, setError] = useState("");
  const [asking, setAsking] = useState("");
  const moments = useRef<Moment[]>([]);
  const running = status?.running ?? false;

  const take = useCallback((next: Status) => {
    moments.current = next.running ? [...moments.current.slice(-20), { at: performance.now(), processed: next.processed }] : [];
    setStatus(next);
    setError("");
  }, []);
  const read = useCallback(
    () => host.request<Status>("status").then(take, (failure: Error) => setError(messageOf(failure))),
    [host, take],
  );
  useEvery(visible, running ? QUICK_MS : SLOW_MS, read);
  useEffect(() => {
    // A run that has ended, or another last run, is one more bar.
    if (visible && !running) host.request<Run[]>("runs").then(setRuns, () => undefined);
  }, [host, visible, running, status?.last_run]);

  const operate = (operation: string) => {
    setAsking("");
    host.request<Status>("operate", { operation }).then(take, (failure: Error) => setError(messageOf(failure)));
  };
  const ask = (operation: string) => (askedOf(operation, t) ? setAsking(operation) : operate(operation));
  const can = (operation: string) => status?.operations.includes(operation) ?? false;
  const disabled = status?.state === "disabled";
  const others = ["start-rescan", "reset", disabled ? "enable" : "disable"].filter(can);
  return (
    <div ref={box} className="sesam-box sesam-status-box" role="region" aria-label={t("pipe {name}", { name: host.get<string>("name") })}>
      <div className="sesam-bar">
        <strong className="sesam-title">{host.get<string>("name")}</strong>
        <span className={`sesam-state sesam-state-${lookOf(status)}`} role="status">{status ? wordOf(status.state, t) : "…"}</span>
        {status && <Facts status={status} />}
        <span className="sesam-gap" />
        {running ? (
          <button className="sesam-main" onClick={() => operate("stop")}>{t("Stop")}</button>
        ) : (
          can("start") && <button className="sesam-main" disabled={disabled} onClick={() => operate("start")}>{t("Run")}</button>
        )}
        {others.map((operation) => (
          <button key={operation} disabled={running && operation !== "disable"} onClick={() => ask(operation)}>{operationWord(operation, t)}</button>
        ))}
      </div>
      {asking && (
        <div className="sesam-notice" role="alertdialog" aria-label={t("sure?")} onKeyDown={(event) => event.key === "Escape" && setAsking("")}>
          <span>{askedOf(asking, t)}</span>
          <button className="sesam-main" onClick={() => operate(asking)}>{operationWord(asking, t)}</button>
          <button autoFocus onClick={() => setAsking("")}>{t("Cancel")}</button>
        </div>
      )}
      {running && status && <Progress status={status} moments={moments.current} />}
      {error && <pre className="sesam-error" role="alert">{error}</pre>}
      {status?.failed && !running && !isTold(status, runs) && <Message text={status.message} />}
      {status?.problems.map((problem) => <pre key={problem} className="sesam-error">{problem}</pre>)}
      <PipeStatusRuns runs={runs} />
    </div>
  );
}

/** Is the failure that of the last bar, which tells it anyway? */
function isTold(status: Status, runs: Run[]): boolean {
  return runs.at(-1)?.success === false && runs.at(-1)?.message.split("\n")[0] === status.message.split("\n")[0];
}

function lookOf(status: Status | null): string {
  if (status === null) return "none";
  if (status.running) return "running";
  if (status.failed || status.problems.length > 0) return "bad";
  return status.state === "ok" ? "good" : "none";
}

function Facts({ status }: { status: Status }) {
  const t = useT();
  const facts = [
    status.queue === null ? "" : status.queue === 0 ? t("nothing waits") : t("{n} wait", { n: status.queue }),
    status.dependencies > 0 ? t("{n} changes in hopped datasets", { n: status.dependencies }) : "",
    status.retries > 0 ? t("{n} to retry", { n: status.retries }) : "",
    status.waiting_for.length > 0 ? t("waits for {names}", { names: status.waiting_for.join(", ") }) : "",
    status.comment,
    status.last_run && !status.running ? t("ran {time}", { time: clock(status.last_run) }) : "",
    status.next_run && !status.running ? t("next {time}", { time: clock(status.next_run) }) : "",
  ];
  return <span className="sesam-dim">{facts.filter((fact) => fact !== "").join(" · ")}</span>;
}

const clock = (time: string): string => new Date(time).toLocaleTimeString();

function Progress({ status, moments }: { status: Status; moments: Moment[] }) {
  const t = useT();
  const share = shareOf(status.processed, status.queue);
  const rate = rateOf(moments);
  const facts = [
    t(status.processed === 1 ? "{n} entity" : "{n} entities", { n: status.processed }),
    rate ? t("{n}/s", { n: Math.round(rate) }) : "",
    rate && status.queue ? t("about {n} s left", { n: Math.ceil(status.queue / rate) }) : "",
  ];
  return (
    <div className="sesam-progress">
      <div role="progressbar" aria-valuemin={0} aria-valuemax={100} {...(share === null ? {} : { "aria-valuenow": Math.round(share * 100) })} className={share === null ? "sesam-endless" : ""}>
        <div style={{ width: `${(share ?? 0.3) * 100}%` }} />
      </div>
      <span className="sesam-dim">{facts.filter((fact) => fact !== "").join(", ")}</span>
    </div>
  );
}

/** What went wrong: the first line, all of it on demand. */
function Message({ text }: { text: string }) {
  const [first = "", ...rest] = text.split("\n");
  if (rest.length === 0) return <pre className="sesam-error" role="alert">{first}</pre>;
  return (
    <details className="sesam-error" role="alert">
      <summary>{first}</summary>
      <pre className="sesam-code">{rest.join("\n")}</pre>
    </details>
  );
}
