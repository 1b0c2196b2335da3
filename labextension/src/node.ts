/** The node that is shown, kept up to date by its events while somebody can see the page. */

import { PromiseDelegate } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import { Signal } from "@lumino/signaling";

import type { NodeState, Shown } from "../../frontend/src/components/NodePanel";
import { EventParser } from "../../frontend/src/live/sse";
import { after, NOTHING, type Things } from "../../frontend/src/live/things";
import type { Server } from "./server";

const SOON_MS = 1_000;
const LATER_MS = 10_000;

export class NodeModel implements IDisposable {
  /** Told with what was shown before. */
  readonly changed = new Signal<this, Shown>(this);
  private current: Shown = { node: null, things: NOTHING, live: false, failure: "" };
  private ended = false;
  private stream: AbortController | null = null;
  private waking = new PromiseDelegate<void>();

  constructor(private readonly server: Server) {
    document.addEventListener("visibilitychange", this.turned);
    void this.follow();
  }

  get shown(): Shown {
    return this.current;
  }

  get isDisposed(): boolean {
    return this.ended;
  }

  async operate(operation: "start" | "stop" | "connect", profile: string | null = null): Promise<void> {
    const node = await this.server.ask<NodeState>("node", "POST", { operation, profile });
    this.show({ node, things: NOTHING, live: false, failure: "" });
    this.again();
  }

  /** Ask anew now, not when it is due. */
  again(): void {
    this.stream?.abort();
    this.waking.resolve();
  }

  dispose(): void {
    this.ended = true;
    document.removeEventListener("visibilitychange", this.turned);
    this.again();
    Signal.clearData(this);
  }

  private readonly turned = (): void => {
    if (document.visibilityState === "visible") this.waking.resolve();
    // Nobody sees it: nothing is asked meanwhile.
    else this.stream?.abort();
  };

  private show(next: Partial<Shown>): void {
    const before = this.current;
    this.current = { ...before, ...next };
    this.changed.emit(before);
  }

  /** Listen as long as there is somebody to listen for. */
  private async follow(): Promise<void> {
    let failures = 0;
    while (!this.ended) {
      if (document.visibilityState !== "visible") {
        await this.woken();
        continue;
      }
      let wait = SOON_MS;
      try {
        const node = await this.server.ask<NodeState>("node");
        this.show({ node, failure: "", ...(node.running ? {} : { live: false, things: NOTHING }) });
        if (node.running) {
          await this.listen();
          failures = 0;
        } else if (!node.starting) wait = LATER_MS;
      } catch (error) {
        if (!this.stream?.signal.aborted) {
          failures += 1;
          this.show({ live: false, failure: (error as Error).message });
        }
      }
      this.stream = null;
      await this.woken(failures > 0 ? Math.min(LATER_MS, SOON_MS * 2 ** (failures - 1)) : wait);
    }
  }

  private async listen(): Promise<void> {
    this.stream = new AbortController();
    const answer = await this.server.fetch("api/events", { headers: { Accept: "text/event-stream" }, signal: this.stream.signal, cache: "no-store" });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      for (const { name, data } of parser.feed(value)) this.heard(name, JSON.parse(data) as Things);
    }
  }

  private heard(name: string, data: Things): void {
    this.show({ things: after(this.current.things, name, data), live: true, failure: "" });
  }

  /** Until it is woken, or for so many milliseconds. */
  private async woken(milliseconds?: number): Promise<void> {
    this.waking = new PromiseDelegate<void>();
    const timer = milliseconds === undefined ? undefined : setTimeout(() => this.waking.resolve(), milliseconds);
    await this.waking.promise;
    clearTimeout(timer);
  }
}

