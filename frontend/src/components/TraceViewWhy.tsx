/** What came out, and why: a click on a property tells what made it, or why it is missing. */

import { useEffect, useState } from "react";

import { EntityDiff } from "./EntityDiff";
import { content, short } from "../dtl/values";
import { useT } from "../words";

/** A node of the answer, as `sesam_node.dtl.trace.why` describes it. */
interface Cause {
  kind: string;
  text: string;
  path?: string;
  event?: number;
  value?: unknown;
  from?: Cause[];
  under?: Cause[];
  earlier?: Cause[];
  dataset?: string;
  id?: string;
  version?: number | null;
  entity?: { dataset: string; id: string; version: number | null };
}

export interface Answer {
  text: string;
  because?: Cause[];
  /** Of a why-not: in a sentence, and the rule that it is about. */
  sentence?: string;
  rule?: string | null;
}

interface Props {
  entity: number;
  results: Record<string, unknown>[];
  error: { message: string; path: string } | null;
  /** What it was before a what-if, to mark what is different. */
  against?: Record<string, unknown>[] | null;
  /** All properties that rules may write: those that are missing can be asked for. */
  names: string[];
  go: (event: number) => void;
  goPath: (path: string) => void;
  ask: (what: "why" | "why_not", entity: number, result: number, path: string) => Promise<Answer>;
}

export function TraceViewWhy({ entity, results, error, against, names, go, goPath, ask }: Props) {
  const t = useT();
  const [asked, setAsked] = useState<{ result: number; name: string; isMissing: boolean } | null>(null);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failure, setFailure] = useState("");

  useEffect(() => setAsked(null), [entity, results]);
  useEffect(() => {
    setAnswer(null);
    setFailure("");
    if (asked === null) return;
    let isThere = true;
    const path = asked.name === "" ? "$" : `$[${JSON.stringify(asked.name)}]`;
    ask(asked.isMissing ? "why_not" : "why", entity, asked.result, path)
      .then((found) => isThere && setAnswer(found))
      .catch((problem: Error) => isThere && setFailure(problem.message));
    return () => {
      isThere = false;
    };
  }, [asked]);

  const last = Math.max(results.length - 1, 0);
  const missing = names.filter((name) => !results.some((result) => name in result));
  return (
    <div className="sesam-output">
      <section>
        <h4>{t("output")}</h4>
        {error && (
          <div className="sesam-failure">
            {error.message}{" "}
            <button type="button" className="sesam-link" onClick={() => goPath(error.path)}>
              {t("where")}
            </button>
          </div>
        )}
        {results.map((result, number) =>
          "_filtered" in result ? (
            <div key={number} className="sesam-empty">
              {t("filtered")}{" "}
              <button type="button" className="sesam-link" onClick={() => setAsked({ result: number, name: "", isMissing: false })}>
                {t("why?")}
              </button>
            </div>
          ) : (
            <EntityDiff
              key={number}
              entity={content(result)}
              against={against?.[number] ? content(against[number]!) : null}
              label={t("result {n}", { n: number + 1 })}
              onPick={(name) => setAsked({ result: number, name, isMissing: !(name in result) })}
              picked={asked?.result === number ? asked.name : null}
            />
          ),
        )}
        {!error && results.length === 0 && (
          <div className="sesam-empty">
            {t("nothing came out")}{" "}
            <button type="button" className="sesam-link" onClick={() => setAsked({ result: 0, name: "", isMissing: true })}>
              {t("why?")}
            </button>
          </div>
        )}
        {missing.length > 0 && (
          <div className="sesam-missing">
            <span className="sesam-dim">{t("missing:")} </span>
            {missing.slice(0, 12).map((name) => (
              <button key={name} type="button" className="sesam-link" aria-pressed={asked?.name === name} onClick={() => setAsked({ result: last, name, isMissing: true })}>
                {name}
              </button>
            ))}
          </div>
        )}
      </section>
      <section className="sesam-why" aria-live="polite">
        {asked === null && <div className="sesam-empty">{t("click a property: why is it as it is, why is it missing?")}</div>}
        {failure && <div className="sesam-failure">{failure}</div>}
        {asked !== null && answer === null && !failure && <div className="sesam-empty">{t("asking…")}</div>}
        {answer?.sentence && <Sentence answer={answer} goPath={goPath} />}
        {answer?.because && <Tree causes={answer.because} go={go} />}
      </section>
    </div>
  );
}

/** Why something is missing, in words, and the way to the rule that it is about. */
function Sentence({ answer, goPath }: { answer: Answer; goPath: (path: string) => void }) {
  const t = useT();
  return (
    <p>
      {answer.sentence}{" "}
      {answer.rule && (
        <button type="button" className="sesam-link" onClick={() => goPath(answer.rule!)}>
          {t("go there")}
        </button>
      )}
    </p>
  );
}

function Tree({ causes, go, label }: { causes: Cause[]; go: (event: number) => void; label?: string }) {
  const t = useT();
  return (
    <ul className="sesam-causes">
      {label && <li className="sesam-dim">{label}</li>}
      {causes.map((cause, number) => (
        <li key={number} className={`is-${cause.kind}`}>
          {cause.event === undefined ? (
            <span>{cause.text}</span>
          ) : (
            <button type="button" className="sesam-link" title={t("go to this step")} onClick={() => go(cause.event!)}>
              {cause.text}
            </button>
          )}
          {cause.value !== undefined && <code> = {short(cause.value, 60)}</code>}
          {(cause.entity ?? (cause.kind === "entity" ? cause : undefined)) && <Stored {...((cause.entity ?? cause) as StoredEntity)} />}
          {cause.under && <Tree causes={cause.under} go={go} label={t("under")} />}
          {cause.from && <Tree causes={cause.from} go={go} />}
          {cause.earlier && <Tree causes={cause.earlier} go={go} label={t("before that")} />}
        </li>
      ))}
    </ul>
  );
}

interface StoredEntity {
  dataset?: string;
  id?: string;
  version?: number | null;
}

function Stored({ dataset, id, version }: StoredEntity) {
  const t = useT();
  if (!dataset) return null;
  return (
    <span className="sesam-stored">
      {dataset} {id}
      {version === null || version === undefined ? "" : `, ${t("version {version}", { version: String(version) })}`}
    </span>
  );
}
