/** The node as its events tell it, for whoever shows it. */

import { useSyncExternalStore } from "react";

import { type Followed, Following } from "../live/following";
import { NOTHING } from "../live/things";
import type { NodeWay } from "../node_host/node";

export class LiveNode {
  private current: Followed = { things: NOTHING, live: false, failure: "" };
  private readonly listeners = new Set<() => void>();
  private readonly following: Following;

  constructor(node: NodeWay) {
    this.following = new Following({
      ready: async () => "listen",
      events: (signal) => node.fetch("events", { headers: { Accept: "text/event-stream" }, signal }),
      show: (next) => {
        this.current = { ...this.current, ...next };
        for (const listener of this.listeners) listener();
      },
    });
  }

  readonly shown = (): Followed => this.current;

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  again(): void {
    this.following.again();
  }

  end(): void {
    this.following.end();
  }
}

/** What is known now; the component is drawn again with each change. */
export function useLive(live: LiveNode): Followed {
  return useSyncExternalStore(live.listen, live.shown);
}
