/** Shows a component as a widget of a notebook: its host is the kernel, by messages. */

import type { ComponentType } from "react";
import { createRoot } from "react-dom/client";

import { HostError, type Host, type Problem } from "./host";

/** The part of anywidget's model that is used here. */
interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: string, listener: (...args: never[]) => void): void;
  off(event: string, listener: (...args: never[]) => void): void;
}

interface Answer {
  kind: "answer";
  id: string;
  result?: unknown;
  error?: { message: string; problems: Problem[]; status?: number };
}

interface Event {
  kind: "event";
  name: string;
  data: unknown;
}

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** The kernel behind one view. Several views of one model do not hear each other's answers. */
export class KernelHost implements Host {
  private readonly waiting = new Map<string, Waiting>();
  private readonly listeners = new Set<(message: Event) => void>();
  private readonly prefix = Math.random().toString(36).slice(2);
  private count = 0;

  constructor(private readonly model: Model) {
    model.on("msg:custom", this.receive);
  }

  request<Result>(name: string, args: Record<string, unknown> = {}): Promise<Result> {
    const id = `${this.prefix}.${this.count++}`;
    return new Promise<Result>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.model.send({ kind: "request", id, name, args });
    });
  }

  on<Data>(event: string, listener: (data: Data) => void): () => void {
    const heard = (message: Event) => {
      if (message.name === event) listener(message.data as Data);
    };
    this.listeners.add(heard);
    return () => this.listeners.delete(heard);
  }

  get<Value>(name: string): Value {
    return this.model.get(name) as Value;
  }

  set(name: string, value: unknown): void {
    this.model.set(name, value);
    this.model.save_changes();
  }

  onChange(name: string, listener: () => void): () => void {
    const heard = () => listener();
    this.model.on(`change:${name}`, heard);
    return () => this.model.off(`change:${name}`, heard);
  }

  close(): void {
    this.model.off("msg:custom", this.receive);
    this.listeners.clear();
    for (const waiting of this.waiting.values()) waiting.reject(new HostError("the view was closed"));
    this.waiting.clear();
  }

  private readonly receive = (message: Answer | Event): void => {
    if (message.kind === "event") {
      for (const listener of this.listeners) listener(message);
      return;
    }
    const waiting = this.waiting.get(message.id);
    if (waiting === undefined) return;
    this.waiting.delete(message.id);
    if (message.error) waiting.reject(new HostError(message.error.message, message.error.problems, message.error.status));
    else waiting.resolve(message.result as never);
  };
}

/** The module that anywidget wants: `export default widget(EntityGrid)`. */
export function widget(Component: ComponentType<{ host: Host }>) {
  return {
    render({ model, el }: { model: Model; el: HTMLElement }) {
      const host = new KernelHost(model);
      el.classList.add("sesam");
      keepKeys(el);
      hideFallback(el, model.get("fallback_id") as string);
      const root = createRoot(el);
      root.render(<Component host={host} />);
      return () => {
        root.unmount();
        host.close();
      };
    },
  };
}

/** JupyterLab's one-letter commands ("b": a cell below) are not meant by keys that a view uses. */
function keepKeys(el: HTMLElement): void {
  el.addEventListener("focusin", (event) => {
    // JupyterLab asks only the element with the focus itself.
    if (event.target instanceof Element) event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  });
}

/** The picture that stands in for the view in a saved notebook is not needed beside it. */
function hideFallback(el: HTMLElement, id: string): void {
  const outputs = el.closest(".jp-OutputArea, .output_container, body") ?? document.body;
  const still = outputs.querySelector<HTMLElement>(`[data-sesam-still="${id}"]`);
  if (still) still.hidden = true;
}
