/** What the view of a system asks: what it offers, and the pipe that collects one of it. */

import { HostError } from "../host";
import type { Answers } from "./host";
import { type NodeWay, part } from "./node";

export function systemAnswers(node: NodeWay, name: string): Answers {
  const path = `systems/${part(name)}`;
  return {
    offers: ({ search }: { search: string }) => node.ask(`${path}/providers${search ? `?search=${part(search)}` : ""}`),
    offer: ({ offer }: { offer: string }) => node.ask(`${path}/providers/${part(offer)}`),
    collect: async ({ offer, name: wanted }: { offer: string; name: string }) => {
      const [made] = await node.ask<({ _id: string } & Record<string, unknown>)[]>(`${path}/source-prototypes?provider=${part(offer)}`);
      if (made === undefined) throw new HostError(`"${offer}" of the system "${name}" cannot be read`);
      const config = wanted ? { ...made, _id: wanted } : made;
      await node.ask("pipes", "POST", [config]);
      await node.post(`pipes/${part(config._id)}/pump`, { operation: "start" });
      return config._id;
    },
  };
}
