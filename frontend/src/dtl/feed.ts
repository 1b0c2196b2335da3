/** What feeds the rules of a region: how the node's language services are asked about it. */

import type { Region } from "./region";
import type { Things } from "../live/things";

export interface Feed {
  pipe?: string;
  dataset?: string;
  pipe_id?: string;
}

/** The fields of a request that say what feeds a region; none where the node has nothing of it. */
export function feedOf(region: Region, { pipes, datasets }: Things): Feed {
  const { name, source } = region;
  const isDataset = (one: string | null): one is string => one !== null && Object.hasOwn(datasets, one);
  const isPipe = (one: string | null): one is string => one !== null && Object.hasOwn(pipes, one) && pipes[one]!.runtime["is-valid-config"];
  if (region.kind === "file") {
    // The text may read another dataset than what is deployed.
    const reads = isPipe(name) ? pipes[name]!.inputs : [];
    if (isPipe(name) && (source === null || reads.includes(source))) return { pipe: name };
    return { ...(isDataset(source) && { dataset: source }), ...(name !== null && { pipe_id: name }) };
  }
  if (!region.namesDataset && isPipe(name)) return { pipe: name };
  return isDataset(name) ? { dataset: name } : {};
}
