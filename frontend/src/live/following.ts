/** Follows a node by its events while somebody can see the page: nothing is asked meanwhile where nobody does. */

import { EventParser } from "./sse";
import { after, NOTHING, type Things } from "./things";

const SOON_MS = 1_000;
const LATER_MS = 10_000;

/** What is known of the things of a node. */
export interface Followed {
  things: Things;
  /** Are the things as they are now, or as they were? */
  live: boolean;
  failure: string;
}

export interface Source {
  /** Is there a node to listen to? Else it is asked again, soon or later. */
  ready(): Promise<"listen" | "soon" | "later">;
  /** Its events, as a stream that ends when it is told to. */
  events(signal: AbortSignal): Promise<Response>;
  show(next: Partial<Followed>): void;
}

export class Following {
  private things: Things = NOTHING;
  private ended = false;
  private stream: AbortController | null = null;
  private wake: () => void = () => undefined;

  constructor(private readonly source: Source) {
    document.addEventListener("visibilitychange", this.turned);
    void this.follow();
  }

  /** Ask anew now, not when it is due. */
  again(): void {
    this.stream?.abort();
    this.wake();
  }

  end(): void {
    this.ended = true;
    document.removeEventListener("visibilitychange", this.turned);
    this.again();
  }

  private readonly turned = (): void => {
    if (document.visibilityState === "visible") this.wake();
    // Nobody sees it: nothing is asked meanwhile.
    else this.stream?.abort();
  };

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
        const state = await this.source.ready();
        if (state === "listen") {
          this.source.show({ failure: "" });
          await this.listen();
          failures = 0;
        } else {
          this.forget();
          if (state === "later") wait = LATER_MS;
        }
      } catch (error) {
        if (!this.stream?.signal.aborted) {
          failures += 1;
          this.source.show({ live: false, failure: (error as Error).message });
        }
      }
      this.stream = null;
      if (!this.ended) await this.woken(failures > 0 ? Math.min(LATER_MS, SOON_MS * 2 ** (failures - 1)) : wait);
    }
  }

  /** There is no node, or it is another: what was known is of no use. */
  forget(): void {
    this.things = NOTHING;
    this.source.show({ things: NOTHING, live: false, failure: "" });
  }

  private async listen(): Promise<void> {
    this.stream = new AbortController();
    const answer = await this.source.events(this.stream.signal);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      for (const { name, data } of parser.feed(value)) {
        this.things = after(this.things, name, JSON.parse(data) as Things);
        this.source.show({ things: this.things, live: true, failure: "" });
      }
    }
  }

  /** Until it is woken, or for so many milliseconds. */
  private async woken(milliseconds?: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
  }
}
