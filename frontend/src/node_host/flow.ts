/** What the graph of pipes asks: the graph as it is now, logs and previews; to run and stop pipes. */

import type { Answers } from "./host";
import { type NodeWay, part } from "./node";
import { readLog, readPreview } from "./pump";

const SAMPLED = 3;

interface Named {
  name: string;
}

export function flowAnswers(node: NodeWay): Answers {
  const operate = (name: string, operation: string) => node.post(`pipes/${part(name)}/pump`, { operation });
  return {
    flow: () => node.ask("flow"),
    log: ({ name }: Named) => readLog(node, name),
    preview: ({ name }: Named) => readPreview(node, name),
    sample: ({ name }: Named) => node.ask(`datasets/${part(name)}/entities?limit=${SAMPLED}`),
    run: ({ name }: Named) => operate(name, "start"),
    stop: ({ name }: Named) => operate(name, "stop"),
  };
}
