/** The one way to Jupyter's server: signed in as the page is, below its base URL. */

import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";

import { HostError } from "../../frontend/src/host";

export class Server {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** Ask below `/sesam-interactive`. Raises HostError with what the server says. */
  async ask<Answer>(path: string, method = "GET", body?: unknown): Promise<Answer> {
    const init: RequestInit = { method };
    if (body !== undefined) init.body = JSON.stringify(body);
    const answer = await this.fetch(path, init);
    const text = await answer.text();
    return (text ? JSON.parse(text) : null) as Answer;
  }

  /** Ask the node that is shown. */
  node<Answer>(path: string, method = "GET", body?: unknown): Promise<Answer> {
    return this.ask<Answer>(`api/${path}`, method, body);
  }

  /** An operation of a pump, which is posted as a form. */
  async operate(pipe: string, fields: Record<string, string>): Promise<void> {
    await this.fetch(`api/pipes/${encodeURIComponent(pipe)}/pump`, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
  }

  /** An answer that is read as it comes. */
  fetch(path: string, init: RequestInit): Promise<Response> {
    return this.checked(URLExt.join(this.settings.baseUrl, "sesam-interactive", path), init);
  }

  private async checked(url: string, init: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new HostError(`Jupyter's server does not answer: ${(error as Error).message}`);
    }
    if (answer.ok) return answer;
    throw failure(answer.status, await answer.text());
  }
}

function failure(status: number, text: string): HostError {
  try {
    const { message, detail, problems } = JSON.parse(text);
    return new HostError([message, detail].filter((part) => part).join(": "), problems ?? [], status);
  } catch {
    return new HostError(`the server answered ${status}`, [], status);
  }
}
