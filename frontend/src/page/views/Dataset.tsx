/** One dataset: its entities. */

import { useMemo } from "react";

import { EntityGrid } from "../../components/EntityGrid";
import { gridAnswers } from "../../node_host/grid";
import { NodeHost } from "../../node_host/host";
import { part } from "../../node_host/node";
import { useT } from "../../words";
import { Asked } from "../Asked";
import { usePage } from "../context";
import { useLive } from "../live";
import { hrefOf } from "../routes";

export function DatasetView({ name }: { name: string }) {
  const t = useT();
  const { node, live } = usePage();
  const { things } = useLive(live);
  const host = useMemo(() => new NodeHost(gridAnswers(node, name), { name, moment: null, view: {}, height: 460 }), [name]);
  const pipes = Object.entries(things.pipes);
  const writers = pipes.filter(([, pipe]) => pipe.output === name).map(([id]) => id);
  const readers = pipes.filter(([, pipe]) => pipe.inputs.includes(name)).map(([id]) => id);
  return (
    <div className="sesam-thing is-filling">
      <div className="sesam-thing-head">
        <h1>{name}</h1>
        <span className="sesam-dim">{t("dataset")}</span>
        <Pipes label={t("written by")} names={writers} />
        <Pipes label={t("read by")} names={readers} />
        <a href={hrefOf("try", "dataset", name)}>{t("Try DTL on it")}</a>
      </div>
      <Asked ask={() => node.ask(`datasets/${part(name)}`)}>
        <EntityGrid host={host} />
      </Asked>
    </div>
  );
}

export function Pipes({ label, names }: { label: string; names: string[] }) {
  if (names.length === 0) return null;
  return (
    <span className="sesam-ends">
      <span className="sesam-dim">{label}</span> {names.map((one) => <a key={one} href={hrefOf("pipes", one)}>{one}</a>)}
    </span>
  );
}
