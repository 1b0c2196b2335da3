/** Looks at a pipe or a dataset: its last runs, what it makes of a few entities, a few entities. */

import { useEffect, useState } from "react";

import { EntityDiff } from "./EntityDiff";
import type { Host } from "../host";
import { content, figure } from "../dtl/values";
import { useT } from "../words";

/** A run in the log, as it is shown. */
export interface LogRow {
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

/** The last runs; asked for anew when `version` is another. */
export function PipeLog({ host, name, version }: { host: Host; name: string; version: string }) {
  const t = useT();
  const { found, failure } = useAnswer<LogRow[]>(host, "log", { name }, version);
  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!found) return <div className="sesam-empty">{t("asking…")}</div>;
  if (found.length === 0) return <div className="sesam-empty">{t("it has not run yet, or its runs changed nothing")}</div>;
  return (
    <table className="sesam-table sesam-log">
      <thead>
        <tr>
          <th>{t("time")}</th>
          <th>{t("run")}</th>
          <th className="is-number">{t("read")}</th>
          <th className="is-number">{t("changed")}</th>
          <th className="is-number">{t("seconds")}</th>
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

/** What the pipe makes of the first entities of its source. */
export function PipePreview({ host, name }: { host: Host; name: string }) {
  const t = useT();
  const { found, failure } = useAnswer<Preview[]>(host, "preview", { name }, name);
  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!found) return <div className="sesam-empty">{t("running it on a few entities…")}</div>;
  if (found.length === 0) return <div className="sesam-empty">{t("its source has no entities")}</div>;
  return (
    <div>
      {found.map((one, number) => (
        <div key={number} className="sesam-sides">
          <section>
            <h4>{t("source")}</h4>
            <EntityDiff entity={content(one.source)} label={t("source {n}", { n: number + 1 })} />
          </section>
          <section>
            <h4>{t("target")}</h4>
            {one.error && <div className="sesam-failure">{one.error.message}</div>}
            {one.filtered && <div className="sesam-empty">{t("filtered")}</div>}
            {!one.error && !one.filtered && one.emitted.length === 0 && <div className="sesam-empty">{t("nothing comes out")}</div>}
            {one.emitted.slice(0, 5).map((entity, position) => (
              <EntityDiff key={position} entity={content(entity)} label={t("target {n}", { n: number + 1 })} />
            ))}
          </section>
        </div>
      ))}
    </div>
  );
}

export function DatasetSample({ host, name }: { host: Host; name: string }) {
  const t = useT();
  const { found, failure } = useAnswer<Record<string, unknown>[]>(host, "sample", { name }, name);
  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!found) return <div className="sesam-empty">{t("asking…")}</div>;
  if (found.length === 0) return <div className="sesam-empty">{t("no entities")}</div>;
  return (
    <div>
      {found.map((entity, number) => (
        <EntityDiff key={number} entity={content(entity)} label={t("entity {n}", { n: number + 1 })} />
      ))}
    </div>
  );
}
