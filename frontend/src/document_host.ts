/** A host that holds all that it may be asked: for pages without a kernel or a server. */

import { HeldHost } from "./held_host";
import { HostError } from "./host";

export interface Answered {
  name: string;
  args: Record<string, unknown>;
  result: unknown;
}

export class DocumentHost extends HeldHost {
  private readonly answers: ReadonlyMap<string, unknown>;

  constructor(values: Record<string, unknown>, answers: readonly Answered[]) {
    super(values);
    this.answers = new Map(answers.map(({ name, args, result }) => [key(name, args), result]));
  }

  async request<Answer>(name: string, args: Record<string, unknown> = {}): Promise<Answer> {
    const found = this.answers.get(key(name, args));
    if (found === undefined) throw new HostError("this page was saved without the answer to that");
    return found as Answer;
  }
}

/** Arguments in any order are the same question. */
function key(name: string, args: Record<string, unknown>): string {
  return JSON.stringify([name, Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
