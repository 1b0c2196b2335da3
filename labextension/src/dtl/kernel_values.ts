/** Values of a kernel's variables, for rules that name them: `"{{limit}}"`. Only names are asked for; nothing of the user's is carried out. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel, KernelMessage } from "@jupyterlab/services";
import type { IDisposable } from "@lumino/disposable";

const NAME = /^[A-Za-z_]\w*$/;
/** How long the JSON of a value may be. */
const MOST = 20_000;

/** The Python that gives a variable as JSON, as a cell puts it in; a value that is none of DTL's is no answer. */
function asJson(name: string): string {
  return `__import__("json").dumps(__import__("sesam_interactive.frames.from_frame", fromlist=["x"]).to_value(${name}))`;
}

/** The values of one kernel. */
export class KernelValues implements IDisposable {
  /** By name, as JSON. */
  readonly known = new Map<string, string>();
  private readonly asked = new Set<string>();
  private hasRun = false;
  private ended = false;

  constructor(
    private readonly session: ISessionContext,
    private readonly changed: () => void,
  ) {
    session.iopubMessage.connect(this.heard, this);
    session.kernelChanged.connect(this.forget, this);
    session.statusChanged.connect(this.turned, this);
    session.disposed.connect(this.dispose, this);
  }

  get isDisposed(): boolean {
    return this.ended;
  }

  dispose(): void {
    this.ended = true;
    this.session.iopubMessage.disconnect(this.heard, this);
    this.session.kernelChanged.disconnect(this.forget, this);
    this.session.statusChanged.disconnect(this.turned, this);
    this.session.disposed.disconnect(this.dispose, this);
  }

  /** Ask for what is not known yet; a kernel that is busy answers later. */
  ask(expressions: readonly string[]): void {
    const kernel = this.session.session?.kernel;
    const names = expressions.filter((one) => NAME.test(one) && !this.asked.has(one));
    if (!kernel || this.ended || names.length === 0) return;
    for (const name of names) this.asked.add(name);
    void this.answer(kernel, names);
  }

  private async answer(kernel: Kernel.IKernelConnection, names: readonly string[]): Promise<void> {
    const wanted = Object.fromEntries(names.map((name) => [name, asJson(name)]));
    const request = kernel.requestExecute({ code: "", silent: true, store_history: false, user_expressions: wanted });
    // A kernel that ends meanwhile has nothing to say.
    const reply = await request.done.catch(() => null);
    if (reply?.content.status !== "ok" || this.ended || kernel !== this.session.session?.kernel) return;
    let isNews = false;
    for (const [name, told] of Object.entries(reply.content.user_expressions as unknown as Record<string, Told>)) {
      const json = told.status === "ok" ? textOf(told.data?.["text/plain"] ?? "") : "";
      const value = json && json.length <= MOST ? json : undefined;
      isNews ||= this.known.get(name) !== value;
      if (value === undefined) this.known.delete(name);
      else this.known.set(name, value);
    }
    if (isNews) this.changed();
  }

  /** What a cell has run may have changed all of them: they are asked for anew, and hold until the answer comes. */
  private heard(_: unknown, message: KernelMessage.IMessage): void {
    if (message.header.msg_type === "execute_input") this.hasRun = true;
    const { execution_state: state } = message.content as { execution_state?: string };
    if (!this.hasRun || message.header.msg_type !== "status" || state !== "idle") return;
    this.hasRun = false;
    const names = [...this.asked];
    this.asked.clear();
    this.ask(names);
  }

  private turned(_: unknown, status: Kernel.Status): void {
    if (status === "restarting" || status === "autorestarting" || status === "dead") this.forget();
  }

  private forget(): void {
    const hadAsked = this.asked.size > 0;
    this.asked.clear();
    this.known.clear();
    if (hadAsked) this.changed();
  }
}

interface Told {
  status: string;
  data?: Record<string, string>;
}

/** The text that Python's `repr` of a text is of; JSON in ASCII has no more to escape than these. */
function textOf(repr: string): string {
  return /^(['"]).*\1$/s.test(repr) ? repr.slice(1, -1).replace(/\\(.)/gs, "$1") : "";
}

/** The values of all kernels that were asked. */
export class Kernels implements IDisposable {
  private readonly held = new Map<ISessionContext, KernelValues>();
  isDisposed = false;

  constructor(private readonly changed: () => void) {}

  of(session: ISessionContext | null): KernelValues | null {
    if (session === null || session.isDisposed) return null;
    let found = this.held.get(session);
    if (found === undefined) {
      found = new KernelValues(session, this.changed);
      this.held.set(session, found);
      session.disposed.connect(() => this.held.delete(session));
    }
    return found;
  }

  dispose(): void {
    this.isDisposed = true;
    for (const values of this.held.values()) values.dispose();
    this.held.clear();
  }
}
