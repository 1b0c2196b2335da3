/** One pipe, dataset or system of the graph: its state, its log, what it makes. */

import { useState } from "react";

import { walkByArrows } from "./arrows";
import { DatasetSample, PipeLog, PipePreview } from "./PipeLooks";
import type { Host } from "../host";
import { type FlowData, type FlowEdge, type FlowNode, kindWord } from "../flow/graph";
import { figure } from "../dtl/values";
import { classOf, isBad, shortWord } from "../live/states";
import { type Translate, useT } from "../words";

interface Props {
  host: Host;
  node: FlowNode;
  data: FlowData;
  choose: (id: string | null) => void;
  changed: () => void;
}

type Tab = "log" | "preview";

export function FlowGraphDetails({ host, node, data, choose, changed }: Props) {
  const t = useT();
  const [tab, setTab] = useState<Tab>("log");
  const [failure, setFailure] = useState("");
  const isPipe = node.kind === "pipe";
  // Where each thing has an address of its own.
  const href = host.get<((kind: FlowNode["kind"], name: string) => string) | undefined>("href");

  const operate = async (operation: "run" | "stop") => {
    setFailure("");
    try {
      await host.request(operation, { name: node.name });
    } catch (error) {
      setFailure((error as Error).message);
    }
    changed();
  };

  const words: Record<Tab, string> = { log: t("log"), preview: t("preview") };
  const state = shortWord(node.state, t);
  const facts: [string, string][] = [
    [t("state"), state],
    [t("type"), node.type ?? ""],
    [t("entities"), node.entities === null ? "" : figure(node.entities)],
    [t("rate"), node.rate === null ? "" : t("{n} entities a second in its last run", { n: figure(node.rate) })],
    [t("waiting"), node.queue === null ? "" : figure(node.queue)],
  ];
  return (
    <aside className="sesam-flow-details" aria-label={`${kindWord(node.kind, t)} ${node.name}`}>
      <div className="sesam-bar">
        <strong>{href ? <a href={href(node.kind, node.name)}>{node.name}</a> : node.name}</strong>
        <span className="sesam-dim">{kindWord(node.kind, t)}</span>
        <span className="sesam-grow" />
        {isPipe && node.state !== "running" && node.state !== "invalid" && (
          <button type="button" className="sesam-button" onClick={() => void operate("run")}>
            {t("Run")}
          </button>
        )}
        {isPipe && node.state === "running" && (
          <button type="button" className="sesam-button" onClick={() => void operate("stop")}>
            {t("Stop")}
          </button>
        )}
        <button type="button" className="sesam-button" aria-label={t("close")} title={t("close (Escape)")} onClick={() => choose(null)}>
          ×
        </button>
      </div>
      {failure && <div className="sesam-failure">{failure}</div>}
      {node.message && <div className={isBad(node.state) ? "sesam-failure" : "sesam-note sesam-dim"}>{node.message}</div>}
      <dl className="sesam-facts">
        {facts
          .filter(([, text]) => text !== "")
          .map(([name, text]) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name} is`} className={text === state ? classOf(node.state) : ""}>
              {text}
            </dd>,
          ])}
      </dl>
      <Linked title={t("from")} edges={data.edges.filter(({ to }) => to === node.id)} end="from" data={data} choose={choose} />
      <Linked title={t("to")} edges={data.edges.filter(({ from }) => from === node.id)} end="to" data={data} choose={choose} />
      {node.kind !== "system" && (
        <>
          {isPipe && (
            <div className="sesam-tabs" role="tablist" onKeyDown={(event) => walkByArrows(event, "tab", true)}>
              {(["log", "preview"] as const).map((name) => (
                <button key={name} type="button" role="tab" aria-selected={tab === name} tabIndex={tab === name ? 0 : -1} onClick={() => setTab(name)}>
                  {words[name]}
                </button>
              ))}
            </div>
          )}
          {isPipe && tab === "log" ? <PipeLog host={host} name={node.name} version={`${node.state} ${node.entities} ${node.queue}`} /> : isPipe ? <PipePreview host={host} name={node.name} /> : <DatasetSample host={host} name={node.name} />}
        </>
      )}
    </aside>
  );
}

function linkWord(kind: FlowEdge["kind"], t: Translate): string {
  return { source: t("source"), hop: t("hop"), sink: t("sink"), merge: t("merge"), lookup: t("lookup") }[kind];
}

function Linked({ title, edges, end, data, choose }: { title: string; edges: FlowEdge[]; end: "from" | "to"; data: FlowData; choose: (id: string) => void }) {
  const t = useT();
  if (edges.length === 0) return null;
  const nameOf = (id: string) => data.nodes.find((node) => node.id === id)?.name ?? id;
  return (
    <div className="sesam-linked">
      <span className="sesam-dim">{title} </span>
      {edges.slice(0, 20).map((edge) => (
        <span key={`${edge[end]} ${edge.kind}`}>
          <button type="button" className="sesam-link" onClick={() => choose(edge[end])}>
            {nameOf(edge[end])}
          </button>
          <span className="sesam-dim">
            {edge.kind === "source" || edge.kind === "sink" ? "" : ` (${linkWord(edge.kind, t)})`}
            {edge.queue ? ` ${t("{n} waiting", { n: edge.queue })}` : ""}{" "}
          </span>
        </span>
      ))}
      {edges.length > 20 && <span className="sesam-dim">{t("and {n} more", { n: edges.length - 20 })}</span>}
    </div>
  );
}
