/** One entity as a tree that folds. */

import type { Host } from "../host";

export function EntityTree({ host }: { host: Host }) {
  return <pre className="sesam-code">{JSON.stringify(host.get("entity"), null, 2)}</pre>;
}
