/** The editor of rules, and the trace of what is in it. */

import { lazy, Suspense, useEffect, useMemo, useState } from "react";

import { DtlEditor } from "../../components/DtlEditor";
import { type Host, messageOf } from "../../host";
import { Draft, type Drafted } from "../../node_host/draft";
import { NodeHost } from "../../node_host/host";
import { part } from "../../node_host/node";
import { dtlTransforms } from "../../node_host/rules";
import { traceAnswers } from "../../node_host/trace";
import { useT } from "../../words";
import { Asked } from "../Asked";
import { type Page, usePage } from "../context";

const TraceView = lazy(() => import("../../components/TraceView").then((module) => ({ default: module.TraceView })));

/** The rules of a pipe; of several transforms one is chosen. */
export function PipeRules({ name }: { name: string }) {
  const t = useT();
  const { node } = usePage();
  const [places, setPlaces] = useState<number[]>([]);
  const [chosen, setChosen] = useState<number | null>(null);
  const ask = async () => {
    const answer = await node.fetch(`pipes/${part(name)}/config`);
    const found = dtlTransforms(await answer.text());
    setPlaces(found);
    setChosen(found[0] ?? null);
  };
  return (
    <Asked ask={ask}>
      {places.length > 1 && (
        <label className="sesam-pick">
          {t("transform")}{" "}
          <select value={chosen ?? ""} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
            {places.map((at) => (
              <option key={at} value={at}>{at}</option>
            ))}
          </select>
        </label>
      )}
      <RulesEditor key={chosen} drafted={{ place: { pipe: name }, own: true, transform: chosen }} />
    </Asked>
  );
}

export function RulesEditor({ drafted }: { drafted: Drafted }) {
  const t = useT();
  const page = usePage();
  const draft = useMemo(() => draftOf(page, drafted), []);
  const host = useMemo(() => new NodeHost(draft.answers, { chosen: "", entity: "" }), []);
  const [traced, setTraced] = useState<{ host: Host; turn: number } | null>(null);
  const [state, setState] = useState("");
  const [failure, setFailure] = useState("");
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent) => draft.isChanged && event.preventDefault();
    addEventListener("beforeunload", leaving);
    return () => removeEventListener("beforeunload", leaving);
  }, []);
  const trace = async () => {
    setFailure("");
    setState(t("recording …"));
    try {
      const { fields, rules } = draft.traced();
      const answers = await traceAnswers(page.node, host.get<string>("title"), host.get<string>("entity"), fields, rules);
      setTraced({ host: new NodeHost(answers, { live: false, breakpoints: [] }), turn: (traced?.turn ?? 0) + 1 });
    } catch (error) {
      setFailure(messageOf(error as Error));
    }
    setState("");
  };
  const begin = async () => {
    const found = await host.request<Record<string, unknown>>("opened");
    for (const [key, value] of Object.entries(found)) host.set(key, value);
  };
  return (
    <Asked ask={begin}>
      <DtlEditor host={host} />
      <div className="sesam-trace-bar">
        <button className="sesam-button" onClick={() => void trace()} title={t("Record what these rules do with the first entities, to walk about in")}>
          {traced ? t("Trace again") : t("Trace")}
        </button>
        {traced && (
          <button className="sesam-button" onClick={() => setTraced(null)}>{t("Close the trace")}</button>
        )}
        <span className="sesam-dim" role="status">{state}</span>
      </div>
      {failure && <pre className="sesam-error" role="alert">{failure}</pre>}
      {traced && (
        <Suspense fallback={<div className="sesam-empty">…</div>}>
          <TraceView key={traced.turn} host={traced.host} />
        </Suspense>
      )}
    </Asked>
  );
}

/** The draft about these rules: the one that was begun, if there is one. */
function draftOf({ node, drafts }: Page, drafted: Drafted): Draft {
  const key = JSON.stringify(drafted);
  const held = drafts.get(key)?.draft ?? new Draft(node, drafted);
  drafts.set(key, { drafted, draft: held });
  return held;
}
