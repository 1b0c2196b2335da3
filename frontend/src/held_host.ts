/** A host that keeps the values beside the view in the page: for views that no kernel stands behind. */

import type { Host } from "./host";

export abstract class HeldHost implements Host {
  private readonly values: Map<string, unknown>;
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(values: Record<string, unknown>) {
    this.values = new Map(Object.entries(values));
  }

  abstract request<Answer>(name: string, args?: Record<string, unknown>): Promise<Answer>;

  on(): () => void {
    return () => undefined;
  }

  get<Value>(name: string): Value {
    return this.values.get(name) as Value;
  }

  set(name: string, value: unknown): void {
    this.values.set(name, value);
    for (const listener of this.listeners.get(name) ?? []) listener();
  }

  onChange(name: string, listener: () => void): () => void {
    const heard = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, heard.add(listener));
    return () => heard.delete(listener);
  }
}
