/** A host that holds all that it may be asked: for pages without a kernel or a server. */

import { HostError, type Host } from "./host";

export interface Answered {
  name: string;
  args: Record<string, unknown>;
  result: unknown;
}

export class DocumentHost implements Host {
  private readonly answers: ReadonlyMap<string, unknown>;
  private readonly values: Map<string, unknown>;
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(values: Record<string, unknown>, answers: readonly Answered[]) {
    this.values = new Map(Object.entries(values));
    this.answers = new Map(answers.map(({ name, args, result }) => [key(name, args), result]));
  }

  async request<Answer>(name: string, args: Record<string, unknown> = {}): Promise<Answer> {
    const found = this.answers.get(key(name, args));
    if (found === undefined) throw new HostError("this page was saved without the answer to that");
    return found as Answer;
  }

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

/** Arguments in any order are the same question. */
function key(name: string, args: Record<string, unknown>): string {
  return JSON.stringify([name, Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
