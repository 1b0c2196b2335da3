/** What a view may ask of the place that it is shown in: a notebook's kernel, or a server. */

/** A problem as the node tells it: a JSON path, a code, a message, a hint. */
export interface Problem {
  path: string;
  code: string;
  message: string;
  hint?: string;
  level?: string;
}

/** An answer that is an error, with the node's problems. */
export class HostError extends Error {
  constructor(
    message: string,
    readonly problems: readonly Problem[] = [],
    /** The HTTP status of the node's answer, 0 where it gave none. */
    readonly status = 0,
  ) {
    super(message);
  }
}

export interface Host {
  /** Ask for something by name; rejects with a HostError. */
  request<Answer>(name: string, args?: Record<string, unknown>): Promise<Answer>;
  /** Hear of something; what comes back ends it. */
  on<Data>(event: string, listener: (data: Data) => void): () => void;
  /** A value that the other side keeps beside the view, and may change. */
  get<Value>(name: string): Value;
  set(name: string, value: unknown): void;
  onChange(name: string, listener: () => void): () => void;
}

/** What an error says to a person: the message, and each problem with where it is and what helps. */
export function messageOf(error: Error): string {
  const problems = error instanceof HostError ? error.problems : [];
  const told = problems.map(({ path, message, hint }) => `${path ? `${path}: ` : ""}${message}${hint ? ` (${hint})` : ""}`);
  return [error.message, ...told.filter((text) => text !== error.message)].join("\n");
}

/** Is there a notebook behind the view, to bind names in and to show more in? */
export function hasKernel(host: Host): boolean {
  return host.get<boolean | undefined>("kernel") !== false;
}

/** Is there a debugger to open? A notebook has one, and JupyterLab. */
export function hasDebugger(host: Host): boolean {
  return hasKernel(host) || host.get<boolean | undefined>("debugger") === true;
}
