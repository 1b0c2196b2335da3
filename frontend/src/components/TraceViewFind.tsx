/** Looking for entities on the node, trying fixes, saving the trace: what needs a kernel. */

import { useEffect, useState } from "react";

import type { SessionData } from "./TraceView";
import type { Host } from "../host";
import { short } from "../dtl/values";
import { useT } from "../words";

interface FindProps {
  host: Host;
  world: number;
  enter: (session: SessionData) => void;
}

/** Conditions in the debugger's own language. */
const EXAMPLE = "_T.total > 1000, concat gets null, failed, filtered";

/** What a search on the node gives. */
export interface Hits {
  told: string;
  world: SessionData | null;
}

/** A condition over all source entities: the first that it holds of are recorded, and entered. */
export function FindEntities({ host, world, enter }: FindProps) {
  const t = useT();
  const [condition, setCondition] = useState("");
  const [told, setTold] = useState("");
  const [failure, setFailure] = useState("");
  const [isAsking, setAsking] = useState(false);

  const find = async () => {
    if (!condition.trim()) return;
    setAsking(true);
    setTold("");
    setFailure("");
    try {
      const found = await host.request<Hits>("find", { world, condition });
      setTold(found.told);
      if (found.world) enter(found.world);
    } catch (error) {
      setFailure((error as Error).message);
    }
    setAsking(false);
  };

  return (
    <div className="sesam-find">
      <div className="sesam-bar">
        <label>
          {t("find on the node")}{" "}
          <input
            className="sesam-input sesam-condition"
            placeholder={EXAMPLE}
            value={condition}
            onInput={(event) => setCondition(event.currentTarget.value)}
            onChange={(event) => setCondition(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && void find()}
          />
        </label>
        <button type="button" className="sesam-button" disabled={isAsking || !condition.trim()} onClick={() => void find()}>
          {isAsking ? t("Looking…") : t("Find")}
        </button>
        <span className="sesam-dim">{told}</span>
      </div>
      {failure && <div className="sesam-failure">{failure}</div>}
    </div>
  );
}

interface Fix {
  path: string;
  text: string;
  old: unknown;
  new: unknown;
}

/** Edits of the rules that the recorded entities suggest: tried on all of them by a click. */
export function Fixes({ host, world, entity, base, enter, goPath }: FindProps & { entity: number; base: string; goPath: (path: string) => void }) {
  const t = useT();
  const [fixes, setFixes] = useState<Fix[] | null>(null);
  const [failure, setFailure] = useState("");

  useEffect(() => {
    let isThere = true;
    host
      .request<Fix[]>("fixes", { world })
      .then((found) => isThere && setFixes(found))
      .catch((error: Error) => isThere && setFailure(error.message));
    return () => {
      isThere = false;
    };
  }, [world]);

  const apply = async (number: number) => {
    try {
      enter(await host.request<SessionData>("try_fix", { world, entity, number }));
    } catch (error) {
      setFailure((error as Error).message);
    }
  };

  if (failure) return <div className="sesam-failure">{failure}</div>;
  if (!fixes) return <div className="sesam-empty">{t("looking…")}</div>;
  if (fixes.length === 0) return <div className="sesam-empty">{t("The recorded entities suggest no edit: no name that was missed, no null that came unexpected.")}</div>;
  return (
    <table className="sesam-table">
      <tbody>
        {fixes.map((fix, number) => (
          <tr key={number}>
            <td>
              <button type="button" className="sesam-link" onClick={() => goPath(fix.path)}>
                {fix.path.slice(base.length + 1)}
              </button>
            </td>
            <td>{fix.text}</td>
            <td>
              <code>
                <del>{short(fix.old, 60)}</del> {short(fix.new, 80)}
              </code>
            </td>
            <td>
              <button type="button" className="sesam-button" onClick={() => void apply(number)}>
                {t("Try")}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Rerun {
  dataset: string;
  says: string[];
  costs: string[];
}

/** What runs again when a dataset changes that the rules look into. */
export function Reruns({ host, world }: { host: Host; world: number }) {
  const t = useT();
  const [reruns, setReruns] = useState<Rerun[]>([]);
  useEffect(() => {
    let isThere = true;
    // Without an answer the costs above are still right.
    host.request<Rerun[]>("reruns", { world }).then((found) => isThere && setReruns(found), () => undefined);
    return () => {
      isThere = false;
    };
  }, [world]);
  if (reruns.length === 0) return null;
  return (
    <ul className="sesam-reruns">
      {reruns.map((rerun) => (
        <li key={rerun.dataset}>
          {t("When {dataset} changes: {what}", { dataset: rerun.dataset, what: [...rerun.says, ...rerun.costs].join("; ") })}
        </li>
      ))}
    </ul>
  );
}

/** Gives the trace to the browser as a file: a page that needs no kernel. */
export async function download(host: Host, world: number, name: string): Promise<void> {
  const html = await host.request<string>("page", { world });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([html], { type: "text/html" }));
  link.download = `${name.replace(/[^\w-]+/g, "-").replace(/^-|-$/g, "") || "trace"}.html`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
