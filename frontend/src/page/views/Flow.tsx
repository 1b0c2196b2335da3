/** The pipes as a graph: what feeds what, what waits, what fails. */

import { useMemo } from "react";

import { FlowGraph } from "../../components/FlowGraph";
import { flowAnswers } from "../../node_host/flow";
import { NodeHost } from "../../node_host/host";
import { useT } from "../../words";
import { Asked } from "../Asked";
import { usePage } from "../context";
import { hrefOf } from "../routes";

export function FlowView() {
  const t = useT();
  const { node } = usePage();
  const host = useMemo(() => new NodeHost(flowAnswers(node), { chosen: "", href: (kind: string, name: string) => hrefOf(`${kind}s`, name) }), []);
  return (
    <div className="sesam-thing is-filling">
      <div className="sesam-thing-head">
        <h1>{t("Flow")}</h1>
      </div>
      <Asked ask={async () => host.set("data", await host.request("flow"))}>
        <FlowGraph host={host} />
      </Asked>
    </div>
  );
}
