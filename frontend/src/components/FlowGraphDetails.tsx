/** One pipe, dataset or system of the graph: its state, its log, what it makes. */

import { useEffect, useState } from "react";

import { EntityDiff } from "./EntityDiff";
import type { Host } from "../host";
import type { FlowData, FlowEdge, FlowNode } from "../flow/graph";
import { content, figure } from "../dtl/values";

interface LogRow {
  time: string;
  kind: string;
  result: string;
  read: number | null;
  changed: number | null;
  seconds: number | null;
  message: string;
}

interface Preview {
  source: Record<string, unknown>;
  emitted: Record<string, unknown>[];
  filtered: boolean;
  error: { message: string } | null;
}

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
          {isPipe && tab === "log" ? <Log host={host} node={node} /> : isPipe ? <Previews host={host} name={node.name} /> : <Sample host={host} name={node.name} />}
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

/** Something that is asked for when it is shown, and again when `key` changes. */
function useAnswer<Answer>(host: Host, request: string, args: Record<string, unknown>, key: string): { found: Answer | null; failure: string } {
  const [found, setFound] = useState<Answer | null>(null);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    let isThere = true;
    setFailure("");
    host
      .request<Answer>(request, args)
      .then((answer) => isThere && setFound(answer))
      .catch((error: Error) => isThere && setFailure(error.message));
    return () => {
      isThere = false;
    };
  }, [key]);
  return { found, failure };
}

function Log({ host, node }: { host: Host; node: FlowNode }) {
  const { found, failure } = useAnswer<LogRow[]>(host, "log", { name: node.name }, `${node.state} ${node.entities} ${node.queue}`);
  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!found) return <div className="sesam-empty">asking…</div>;
  if (found.length === 0) return <div className="sesam-empty">it has not run yet, or its runs changed nothing</div>;
  return (
    <table className="sesam-table sesam-log">
      <thead>
        <tr>
          <th>time</th>
          <th>run</th>
          <th className="is-number">read</th>
          <th className="is-number">changed</th>
          <th className="is-number">seconds</th>
        </tr>
      </thead>
      <tbody>
        {found.map((row, number) => [
          <tr key={number} className={row.result === "ok" ? "" : "is-failed"}>
            <td>{row.time}</td>
            <td>
              {row.kind} {row.result === "ok" ? "" : <b>{row.result}</b>}
            </td>
            <td className="is-number">{row.read === null ? "" : figure(row.read)}</td>
            <td className="is-number">{row.changed === null ? "" : figure(row.changed)}</td>
            <td className="is-number">{row.seconds === null ? "" : row.seconds.toFixed(2)}</td>
          </tr>,
          row.message && (
            <tr key={`${number} message`}>
              <td colSpan={5} className="sesam-failure">
                {row.message}
              </td>
            </tr>
          ),
        ])}
      </tbody>
    </table>
  );
}

function Previews({ host, name }: { host: Host; name: string }) {
  const { found, failure } = useAnswer<Preview[]>(host, "preview", { name }, name);
  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!found) return <div className="sesam-empty">running it on a few entities…</div>;
  if (found.length === 0) return <div className="sesam-empty">its source has no entities</div>;
  return (
    <div>
      {found.map((one, number) => (
        <div key={number} className="sesam-sides">
          <section>
            <h4>source</h4>
            <EntityDiff entity={content(one.source)} label={`source ${number + 1}`} />
          </section>
          <section>
            <h4>target</h4>
            {one.error && <div className="sesam-failure">{one.error.message}</div>}
            {one.filtered && <div className="sesam-empty">filtered</div>}
            {!one.error && !one.filtered && one.emitted.length === 0 && <div className="sesam-empty">nothing comes out</div>}
            {one.emitted.slice(0, 5).map((entity, position) => (
              <EntityDiff key={position} entity={content(entity)} label={`target ${number + 1}`} />
            ))}
          </section>
        </div>
      ))}
    </div>
  );
}

function Sample({ host, name }: { host: Host; name: string }) {
  const { found, failure } = useAnswer<Record<string, unknown>[]>(host, "sample", { name }, name);
  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!found) return <div className="sesam-empty">asking…</div>;
  if (found.length === 0) return <div className="sesam-empty">no entities</div>;
  return (
    <div>
      {found.map((entity, number) => (
        <EntityDiff key={number} entity={content(entity)} label={`entity ${number + 1}`} />
      ))}
    </div>
  );
}
