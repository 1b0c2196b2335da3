/** How the node is, at a glance: what fails, what runs, what waits, how much there is. */

import { type ReactNode, useEffect, useState } from "react";

import { classOf, shortWord, STATES, wordOf } from "../../live/states";
import { useT } from "../../words";
import { usePage } from "../context";
import { gaugeOf, type PipeFacts, sizeText, summaryOf, timeText } from "../facts";
import { useLive } from "../live";
import { hrefOf } from "../routes";

interface Status {
  version: string;
  node_start_time: number;
}

export function Overview() {
  const t = useT();
  const { live } = usePage();
  const { things, live: isLive } = useLive(live);
  const summary = summaryOf(things);
  const told = STATES.filter((state) => state !== "ok" && summary.states.has(state)).map((state) => `${summary.states.get(state)!.toLocaleString("en")} ${shortWord(state, t)}`);
  const pipes = Object.keys(things.pipes).length;
  const asking = !isLive && pipes === 0;
  return (
    <div className="sesam-overview sesam-box">
      <h1>{t("Overview")}</h1>
      <NodeFacts />
      {asking ? (
        <div className="sesam-empty">{t("asking …")}</div>
      ) : (
        <>
          <div className="sesam-cards">
            <Card title={t("Pipes")} href={hrefOf("pipes")} figure={pipes} note={told.join(", ") || t("all ok")} />
            <Card title={t("Datasets")} href={hrefOf("datasets")} figure={Object.keys(things.datasets).length} note={t("{n} entities", { n: summary.entities })} />
            <Card title={t("Systems")} href={hrefOf("systems")} figure={Object.keys(things.systems).length} note="" />
            <Card title={t("Waiting")} figure={summary.waiting} note={t("entities in what pipes read")} />
          </div>
          <Section title={t("Needs a look")} pipes={summary.bad} none={t("No pipe fails.")} row={(pipe) => <span className="sesam-said is-bad">{`${wordOf(pipe.state, t)}${pipe.message ? `: ${pipe.message.split("\n")[0]}` : ""}`}</span>} />
          <Section title={t("Running now")} pipes={summary.running} none={t("Nothing runs at the moment.")} row={(pipe) => <span className="sesam-said">{t("{n} done", { n: pipe.processed })}{pipe.queue ? t(", {n} wait", { n: pipe.queue }) : ""}</span>} />
          {summary.queues.length > 0 && <Section title={t("Longest queues")} pipes={summary.queues} none="" row={(pipe) => <span className="sesam-said">{t("{n} wait", { n: pipe.queue ?? 0 })}</span>} />}
        </>
      )}
    </div>
  );
}

/** Version, start and disk; who may not ask for the figures of the node is not told of the disk. */
function NodeFacts() {
  const t = useT();
  const { node } = usePage();
  const [status, setStatus] = useState<Status | null>(null);
  const [bytes, setBytes] = useState<number | null>(null);
  useEffect(() => {
    let ended = false;
    node.ask<Status>("status").then((found) => !ended && setStatus(found), () => undefined);
    node
      .fetch("metrics")
      .then((answer) => answer.text())
      .then((text) => !ended && setBytes(gaugeOf(text, "sesam_store_bytes")), () => undefined);
    return () => {
      ended = true;
    };
  }, []);
  const facts = [
    status ? t("version {version}", { version: status.version }) : "",
    status ? t("runs since {time}", { time: timeText(new Date(1000 * status.node_start_time).toISOString(), new Date()) }) : "",
    bytes === null ? "" : t("{size} on disk", { size: sizeText(bytes) }),
  ];
  return <p className="sesam-dim">{facts.filter((fact) => fact !== "").join(" · ") || " "}</p>;
}

function Card({ title, figure, note, href }: { title: string; figure: number; note: string; href?: string }) {
  const body = (
    <>
      <span className="sesam-card-title">{title}</span>
      <strong>{figure.toLocaleString("en")}</strong>
      <span className="sesam-dim">{note}</span>
    </>
  );
  return href === undefined ? <div className="sesam-card">{body}</div> : <a className="sesam-card" href={href}>{body}</a>;
}

function Section({ title, pipes, none, row }: { title: string; pipes: PipeFacts[]; none: string; row(pipe: PipeFacts): ReactNode }) {
  return (
    <section className="sesam-overview-part">
      <h2>{title}</h2>
      {pipes.length === 0 ? (
        <p className="sesam-dim">{none}</p>
      ) : (
        <ul>
          {pipes.map((pipe) => (
            <li key={pipe.name}>
              <span className={`sesam-dot ${classOf(pipe.state)}`} aria-hidden="true" />
              <a href={hrefOf("pipes", pipe.name)}>{pipe.name}</a>
              {row(pipe)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
