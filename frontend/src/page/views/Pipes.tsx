/** All pipes: found by name, by state, put in order; started and stopped here. */

import { useState } from "react";

import { messageOf } from "../../host";
import { canStart, classOf, isBad, type PipeState, shortWord, STATES, wordOf } from "../../live/states";
import { part } from "../../node_host/node";
import { useT } from "../../words";
import { usePage } from "../context";
import { type PipeFacts, pipesOf, timeText } from "../facts";
import { useLive } from "../live";
import { hrefOf } from "../routes";
import { type ColumnOf, Table } from "../Table";
import { ListHead } from "./Lists";

export function PipesView() {
  const t = useT();
  const { live, node } = usePage();
  const { things, live: isLive } = useLive(live);
  const [search, setSearch] = useState("");
  const [only, setOnly] = useState<PipeState | null>(null);
  const [failure, setFailure] = useState("");
  const pipes = pipesOf(things);
  const counts = new Map<PipeState, number>();
  for (const { state } of pipes) counts.set(state, (counts.get(state) ?? 0) + 1);
  const wanted = search.trim().toLowerCase();
  const rows = pipes.filter(({ name, state }) => name.toLowerCase().includes(wanted) && (only === null || state === only));
  const operate = (name: string, operation: "start" | "stop") => {
    setFailure("");
    node.post(`pipes/${part(name)}/pump`, { operation }).catch((error: Error) => setFailure(`${name}: ${messageOf(error)}`));
  };
  const columns: ColumnOf<PipeFacts>[] = [
    {
      id: "state",
      label: t("State"),
      value: ({ state }) => STATES.indexOf(state),
      show: ({ state, message }) => (
        <span className={`sesam-state-word${isBad(state) ? " is-bad" : ""}`} title={message}>
          <span className={`sesam-dot ${classOf(state)}`} aria-hidden="true" />
          {wordOf(state, t)}
        </span>
      ),
    },
    { id: "name", label: t("Pipe"), value: ({ name }) => name, show: ({ name }) => <a href={hrefOf("pipes", name)}>{name}</a> },
    { id: "queue", label: t("Waiting"), value: ({ queue }) => queue, isNumber: true },
    { id: "ran", label: t("Last run"), value: ({ lastRun }) => lastRun, show: ({ lastRun }) => (lastRun ? timeText(lastRun, new Date()) : ""), isExtra: true },
    { id: "reads", label: t("Reads"), value: ({ reads }) => reads.join(", "), show: ({ reads }) => <Few names={reads} />, isExtra: true },
    { id: "writes", label: t("Writes"), value: ({ writes }) => writes, show: ({ writes }) => (writes ? <a href={hrefOf("datasets", writes)}>{writes}</a> : ""), isExtra: true },
    {
      id: "act",
      label: t("Run"),
      value: ({ state }) => (state === "running" ? 0 : 1),
      show: ({ name, state, canRun }) =>
        state === "running" ? (
          <button className="sesam-button" aria-label={t('stop "{name}"', { name })} onClick={() => operate(name, "stop")}>{t("Stop")}</button>
        ) : (
          canRun && <button className="sesam-button" aria-label={t('run "{name}"', { name })} disabled={!canStart(state)} onClick={() => operate(name, "start")}>{t("Run")}</button>
        ),
    },
  ];
  return (
    <div className="sesam-box sesam-list-view">
      <ListHead title={t("Pipes")} count={pipes.length} found={rows.length} label={t("find a pipe")} search={search} setSearch={setSearch}>
        <div className="sesam-chips" role="group" aria-label={t("only those of a state")}>
          {STATES.filter((state) => counts.has(state)).map((state) => (
            <button key={state} className="sesam-button" aria-pressed={only === state} onClick={() => setOnly(only === state ? null : state)}>
              <span className={`sesam-dot ${classOf(state)}`} aria-hidden="true" /> {`${counts.get(state)!.toLocaleString("en")} ${shortWord(state, t)}`}
            </button>
          ))}
        </div>
      </ListHead>
      {failure && <pre className="sesam-error" role="alert">{failure}</pre>}
      <Table label={t("pipes")} rows={rows} columns={columns} begin="state" empty={!isLive && pipes.length === 0 ? t("asking …") : pipes.length === 0 ? t("There are no pipes, or none that you may see.") : t("No pipe is like that.")} />
    </div>
  );
}

function Few({ names }: { names: string[] }) {
  const text = names.slice(0, 2).join(", ");
  return <span title={names.join("\n")}>{names.length > 2 ? `${text} +${names.length - 2}` : text}</span>;
}
