/** The server behind one view: it answers as a kernel answers a widget. */

import { UUID } from "@lumino/coreutils";

import { HeldHost } from "../../frontend/src/held_host";
import { HostError, type Problem } from "../../frontend/src/host";
import type { Server } from "./server";

interface Answer {
  result?: unknown;
  error?: { message: string; problems: Problem[]; status?: number };
}

export class ServerHost extends HeldHost {
  private readonly view = UUID.uuid4();

  constructor(
    private readonly server: Server,
    private readonly kind: string,
    private readonly of: string,
    values: Record<string, unknown>,
    /** What the workbench does itself when it is asked for. */
    private readonly acts: Record<string, (args: Record<string, unknown>) => unknown> = {},
  ) {
    super({ kernel: false, ...values });
  }

  async request<Result>(name: string, args: Record<string, unknown> = {}): Promise<Result> {
    if (name in this.acts) return this.acts[name]!(args) as Result;
    const asked = { view: this.view, kind: this.kind, of: this.of, name, args };
    const { result, error } = await this.server.ask<Answer>("views", "POST", asked);
    if (error) throw new HostError(error.message, error.problems, error.status);
    return result as Result;
  }
}
