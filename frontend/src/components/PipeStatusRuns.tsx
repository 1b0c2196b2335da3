/** The last runs as bars: how long each took, which failed; what one did is told when it is chosen. */

import { useState } from "react";

import { type Translate, useT } from "../words";
import { walkByArrows } from "./arrows";

export interface Run {
  start: string;
  kind: string;
  reason: string;
  success: boolean;
  seconds: number;
  read: number;
  changed: number;
  failed: number;
  message: string;
}

const HIGH = 36;

export function PipeStatusRuns({ runs }: { runs: Run[] }) {
  const t = useT();
  const [chosen, setChosen] = useState<number | null>(null);
  if (runs.length === 0) return <div className="sesam-dim sesam-pad">{t("No run has done anything yet.")}</div>;
  const longest = Math.max(...runs.map(({ seconds }) => seconds), 0.001);
  const at = chosen !== null && chosen < runs.length ? chosen : runs.length - 1;
  const run = runs[at];
  return (
    <div className="sesam-runs">
      <div className="sesam-bars" role="listbox" aria-label={t("last runs, the newest last")} aria-orientation="horizontal" onKeyDown={(event) => walkByArrows(event, "option", true)}>
        {runs.map((one, place) => (
          <button
            key={one.start}
            role="option"
            aria-selected={place === at}
            tabIndex={place === at ? 0 : -1}
            aria-label={factsOf(one, t)}
            title={factsOf(one, t)}
            className={`sesam-run ${one.success ? "" : "sesam-run-bad"} ${place === at ? "sesam-run-chosen" : ""}`}
            onClick={() => setChosen(place)}
          >
            <span style={{ height: `${Math.max(3, Math.round(Math.sqrt(one.seconds / longest) * HIGH))}px` }} />
          </button>
        ))}
      </div>
      {run && (
        <div className="sesam-dim">
          {factsOf(run, t)}
          {!run.success && run.message && <pre className="sesam-error">{run.message}</pre>}
        </div>
      )}
    </div>
  );
}

function factsOf(run: Run, t: Translate): string {
  const facts = [
    t("{n} read", { n: run.read }),
    t("{n} changed", { n: run.changed }),
    run.failed > 0 ? t("{n} failed", { n: run.failed }) : "",
    t("{n} s", { n: run.seconds.toFixed(2) }),
    run.success ? "" : t("failed"),
  ];
  return `${run.start.slice(0, 19).replace("T", " ")} ${run.kind}: ${facts.filter((fact) => fact !== "").join(", ")}`;
}
