/** A host whose answers come from the node itself: each view has a table of what it may ask. */

import { HeldHost } from "../held_host";
import { HostError } from "../host";

/** What a view may ask, by name; arguments are those that the components send. */
export type Answers = Readonly<Record<string, (args: never) => Promise<unknown>>>;

export class NodeHost extends HeldHost {
  constructor(
    private readonly answers: Answers,
    values: Record<string, unknown>,
  ) {
    super({ kernel: false, ...values });
  }

  async request<Answer>(name: string, args: Record<string, unknown> = {}): Promise<Answer> {
    const answer = Object.hasOwn(this.answers, name) ? this.answers[name] : undefined;
    if (answer === undefined) throw new HostError(`the page cannot answer "${name}"`);
    return (await answer(args as never)) as Answer;
  }
}
