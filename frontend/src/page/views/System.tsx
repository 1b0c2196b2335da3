/** One system: what it offers to read, and the pipes that collect it. */

import { useMemo } from "react";

import { SystemOffers } from "../../components/SystemOffers";
import { NodeHost } from "../../node_host/host";
import { part } from "../../node_host/node";
import { systemAnswers } from "../../node_host/system";
import { useT } from "../../words";
import { Asked } from "../Asked";
import { usePage } from "../context";
import { useLive } from "../live";
import { hrefOf } from "../routes";
import { Pipes } from "./Dataset";

export function SystemView({ name }: { name: string }) {
  const t = useT();
  const { node, live } = usePage();
  const { things } = useLive(live);
  const host = useMemo(() => new NodeHost(systemAnswers(node, name), { name }), [name]);
  const users = Object.entries(things.pipes).filter(([, pipe]) => pipe.systems.includes(name)).map(([id]) => id);
  return (
    <div className="sesam-thing is-filling">
      <div className="sesam-thing-head">
        <h1>{name}</h1>
        <span className="sesam-dim">{things.systems[name]?.type.replace(/^system:/, "") ?? t("system")}</span>
        <Pipes label={t("used by")} names={users} />
      </div>
      <Asked ask={() => node.ask(`systems/${part(name)}`)}>
        <SystemOffers host={host} open={(pipe) => {
          location.hash = hrefOf("pipes", pipe);
        }} />
      </Asked>
    </div>
  );
}
