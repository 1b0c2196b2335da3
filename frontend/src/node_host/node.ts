/** The way to a node's API: with the token of whoever asks, below the address of the page. */

import { HostError, type Problem } from "../host";

/** What views need of a node, whichever way leads there. */
export interface NodeWay {
  /** Ask below `/api`. Raises HostError with what the node says. */
  ask<Answer>(path: string, method?: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Post a form, which some operations take. */
  post<Answer>(path: string, fields: Record<string, string>): Promise<Answer>;
  /** An answer that is read as it comes, or for its headers. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export class NodeApi implements NodeWay {
  constructor(
    private readonly base: URL,
    private readonly token: string,
    /** Told where the node takes the token no more, and why. */
    private readonly refused: (reason: string) => void,
  ) {}

  async ask<Answer>(path: string, method = "GET", body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const init: RequestInit = { method, headers };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { "Content-Type": "application/json", ...headers };
    }
    return (await readJson(await this.fetch(path, init))) as Answer;
  }

  async post<Answer>(path: string, fields: Record<string, string>): Promise<Answer> {
    return (await readJson(await this.fetch(path, { method: "POST", body: new URLSearchParams(fields) }))) as Answer;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    let answer: Response;
    try {
      const headers = { ...(init.headers as Record<string, string>), Authorization: `Bearer ${this.token}` };
      answer = await fetch(new URL(`api/${path}`, this.base), { cache: "no-store", credentials: "omit", ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new HostError(`the node does not answer: ${(error as Error).message}`);
    }
    if (answer.ok) return answer;
    const failure = failureOf(answer.status, await answer.text());
    if (answer.status === 401) this.refused(failure.message);
    throw failure;
  }
}

async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

interface Told {
  message?: string;
  detail?: string;
  problems?: Problem[];
}

/** What an error answer says: the node's own words where it has some. */
export function failureOf(status: number, text: string): HostError {
  let told: Told = {};
  try {
    told = JSON.parse(text) as Told;
  } catch {
    // What stands between a page and its node answers in its own way.
  }
  const words = [told.message, told.detail].filter((part) => part);
  return new HostError(words.length > 0 ? words.join(": ") : `the node answered ${status}`, told.problems ?? [], status);
}

/** A name as a part of a path. */
export function part(name: string): string {
  return encodeURIComponent(name);
}
