/** One pipe: its pump, its runs and their log, what it makes, how it is configured. */

import { lazy, Suspense, useMemo, useState } from "react";

import { PipeLog, PipePreview } from "../../components/PipeLooks";
import { PipeStatus } from "../../components/PipeStatus";
import { NodeHost } from "../../node_host/host";
import { part } from "../../node_host/node";
import { pumpAnswers } from "../../node_host/pump";
import { useT } from "../../words";
import { Asked } from "../Asked";
import { usePage } from "../context";
import { useLive } from "../live";
import { hrefOf, PIPE_TABS, type PipeTab } from "../routes";

// The editor is large, and not every visit needs it.
const PipeRules = lazy(() => import("./Rules").then((module) => ({ default: module.PipeRules })));

export function PipeView({ name, tab }: { name: string; tab: PipeTab }) {
  const t = useT();
  const { node, live } = usePage();
  const { things } = useLive(live);
  const host = useMemo(() => new NodeHost(pumpAnswers(node, name), { name }), [name]);
  const pipe = things.pipes[name];
  const words: Record<PipeTab, string> = { runs: t("Log"), preview: t("Preview"), rules: t("Rules"), configuration: t("Configuration") };
  return (
    <div className="sesam-thing">
      <div className="sesam-thing-head">
        <h1>{name}</h1>
        <span className="sesam-dim">{t("pipe")}</span>
        {pipe && <Ends label={t("reads")} datasets={pipe.inputs} systems={pipe.systems} />}
        {pipe?.output && <Ends label={t("writes")} datasets={[pipe.output]} systems={[]} />}
      </div>
      <Asked ask={() => node.ask(`pipes/${part(name)}/pump`)}>
        <PipeStatus host={host} />
        <nav className="sesam-page-tabs" aria-label={t("of this pipe")}>
          {PIPE_TABS.map((one) => (
            <a key={one} href={hrefOf("pipes", name, one)} aria-current={one === tab ? "page" : undefined}>{words[one]}</a>
          ))}
        </nav>
        {tab === "runs" && <PipeLog host={host} name={name} version={`${pipe?.runtime["last-run"]} ${pipe?.runtime["is-running"]}`} />}
        {tab === "preview" && <PipePreview host={host} name={name} />}
        {tab === "rules" && (
          <Suspense fallback={<div className="sesam-empty">…</div>}>
            <PipeRules name={name} />
          </Suspense>
        )}
        {tab === "configuration" && <Configuration name={name} />}
      </Asked>
    </div>
  );
}

export function Ends({ label, datasets, systems }: { label: string; datasets: string[]; systems: string[] }) {
  if (datasets.length + systems.length === 0) return null;
  return (
    <span className="sesam-ends">
      <span className="sesam-dim">{label}</span>{" "}
      {datasets.map((one) => <a key={one} href={hrefOf("datasets", one)}>{one}</a>)}
      {systems.map((one) => <a key={one} href={hrefOf("systems", one)}>{one}</a>)}
    </span>
  );
}

function Configuration({ name }: { name: string }) {
  const { node } = usePage();
  const [text, setText] = useState("");
  return (
    <Asked ask={async () => setText(JSON.stringify(await node.ask(`pipes/${part(name)}/config`), null, 2))}>
      <pre className="sesam-code sesam-configuration" tabIndex={0}>{text}</pre>
    </Asked>
  );
}
