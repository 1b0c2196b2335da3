/** One pipe, dataset or system of the graph: its state, its log, what it makes. */

import { useState } from "react";

import { DatasetSample, PipeLog, PipePreview } from "./PipeLooks";
import type { Host } from "../host";
import type { FlowData, FlowEdge, FlowNode } from "../flow/graph";
import { figure } from "../dtl/values";

interface Props {
  host: Host;
  node: FlowNode;
  data: FlowData;
  choose: (id: string | null) => void;
  changed: () => void;
}

type Tab = "log" | "preview";

export function FlowGraphDetails({ host, node, data, choose, changed }: Props) {
  const [tab, setTab] = useState<Tab>("log");
  const [failure, setFailure] = useState("");
  const isPipe = node.kind === "pipe";

  const operate = async (operation: "run" | "stop") => {
    setFailure("");
    try {
      await host.request(operation, { name: node.name });
    } catch (error) {
      setFailure((error as Error).message);
    }
    changed();
  };

  const facts: [string, string][] = [
    ["state", node.state],
    ["type", node.type ?? ""],
    ["entities", node.entities === null ? "" : figure(node.entities)],
    ["rate", node.rate === null ? "" : `${figure(node.rate)} entities a second in its last run`],
    ["waiting", node.queue === null ? "" : figure(node.queue)],
  ];
  return (
    <aside className="sesam-flow-details" aria-label={`${node.kind} ${node.name}`}>
      <div className="sesam-bar">
        <strong>{node.name}</strong>
        <span className="sesam-dim">{node.kind}</span>
        <span className="sesam-grow" />
        {isPipe && node.state !== "running" && node.state !== "invalid" && (
          <button type="button" className="sesam-button" onClick={() => void operate("run")}>
            Run
          </button>
        )}
        {isPipe && node.state === "running" && (
          <button type="button" className="sesam-button" onClick={() => void operate("stop")}>
            Stop
          </button>
        )}
        <button type="button" className="sesam-button" aria-label="close" title="close (Escape)" onClick={() => choose(null)}>
          ×
        </button>
      </div>
      {failure && <div className="sesam-failure">{failure}</div>}
      {node.message && <div className={node.state === "failed" || node.state === "invalid" ? "sesam-failure" : "sesam-note sesam-dim"}>{node.message}</div>}
      <dl className="sesam-facts">
        {facts
          .filter(([, text]) => text !== "")
          .map(([name, text]) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name} is`} className={name === "state" ? `is-${node.state.replace(" ", "-")}` : ""}>
              {text}
            </dd>,
          ])}
      </dl>
      <Linked title="from" edges={data.edges.filter(({ to }) => to === node.id)} end="from" data={data} choose={choose} />
      <Linked title="to" edges={data.edges.filter(({ from }) => from === node.id)} end="to" data={data} choose={choose} />
      {node.kind !== "system" && (
        <>
          {isPipe && (
            <div className="sesam-tabs" role="tablist">
              {(["log", "preview"] as const).map((name) => (
                <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
                  {name}
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

function Linked({ title, edges, end, data, choose }: { title: string; edges: FlowEdge[]; end: "from" | "to"; data: FlowData; choose: (id: string) => void }) {
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
            {edge.kind === "source" || edge.kind === "sink" ? "" : ` (${edge.kind})`}
            {edge.queue ? ` ${figure(edge.queue)} waiting` : ""}{" "}
          </span>
        </span>
      ))}
      {edges.length > 20 && <span className="sesam-dim">and {edges.length - 20} more</span>}
    </div>
  );
}
