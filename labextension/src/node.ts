/** The node that is shown, kept up to date by its events while somebody can see the page. */

import type { IDisposable } from "@lumino/disposable";
import { Signal } from "@lumino/signaling";

import type { NodeState, Shown } from "../../frontend/src/components/NodePanel";
import { Following } from "../../frontend/src/live/following";
import { NOTHING } from "../../frontend/src/live/things";
import type { Server } from "./server";

export class NodeModel implements IDisposable {
  /** Told with what was shown before. */
  readonly changed = new Signal<this, Shown>(this);
  private current: Shown = { node: null, things: NOTHING, live: false, failure: "" };
  private ended = false;
  private readonly following: Following;

  constructor(private readonly server: Server) {
    this.following = new Following({
      ready: async () => {
        const node = await this.server.ask<NodeState>("node");
        this.show({ node });
        return node.running ? "listen" : node.starting ? "soon" : "later";
      },
      events: (signal) => this.server.fetch("api/events", { headers: { Accept: "text/event-stream" }, signal, cache: "no-store" }),
      show: (next) => this.show(next),
    });
  }

  get shown(): Shown {
    return this.current;
  }

  get isDisposed(): boolean {
    return this.ended;
  }

  async operate(operation: "start" | "stop" | "connect", profile: string | null = null): Promise<void> {
    const node = await this.server.ask<NodeState>("node", "POST", { operation, profile });
    this.show({ node });
    this.following.forget();
    this.again();
  }

  /** Ask anew now, not when it is due. */
  again(): void {
    this.following.again();
  }

  dispose(): void {
    this.ended = true;
    this.following.end();
    Signal.clearData(this);
  }

  private show(next: Partial<Shown>): void {
    const before = this.current;
    this.current = { ...before, ...next };
    this.changed.emit(before);
  }
}
