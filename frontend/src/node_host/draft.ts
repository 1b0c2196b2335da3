/** Rules under work: what their editor asks, over a pipe's source or a dataset; saved into a pipe. */

import { jsonWith } from "../dtl/bare";
import { member, readJson } from "../dtl/json_text";
import { HostError } from "../host";
import type { Answers } from "./host";
import { type NodeWay, part } from "./node";
import { unifiedDiff } from "./line_diff";
import { NEW, newPipe, ruleSet, rulesIn, withRules } from "./rules";

const WIDTH = 72;
const COMPLETIONS = 200;
const OFFSETS = "utf-16";

/** What feeds the rules. */
export type Place = { pipe: string } | { dataset: string };

export interface Drafted {
  place: Place;
  /** Are they the pipe's own rules, to be saved there? Else a new pipe is made of them. */
  own: boolean;
  /** Which transform of several. */
  transform: number | null;
}

interface Function {
  name: string;
  kind: string;
}

interface Live {
  shown: { sample: { id: string }[] } | null;
}

interface Config {
  text: string;
  tag: string;
}

export class Draft {
  readonly answers: Answers = {
    opened: () => this.opened(),
    live: (args: { text: string; entity: string }) => this.live(args),
    complete: async ({ text, offset }: { text: string; offset: number }) => {
      const found = await this.ask<{ items: unknown[] }>("complete", { text, offset, offsets: OFFSETS });
      return { ...found, items: found.items.slice(0, COMPLETIONS) };
    },
    hover: ({ text, offset }: { text: string; offset: number }) => this.ask("hover", { text, offset, offsets: OFFSETS }),
    symbol: (args: { text: string; offset: number; rename?: string }) => this.node.ask("dtl/symbols", "POST", { ...args, offsets: OFFSETS }),
    format: ({ text }: { text: string }) => this.format(text),
    deployed_text: () => this.deployed(),
    changes_of: (args: { text: string; pipe: string }) => this.changes(args),
    save_text: (args: { text: string; pipe: string }) => this.save(args),
  };
  /** The text that was sent last, and the one that the editor began with. */
  private text: string | null = null;
  private begun = "";
  /** The sample as JSON text and its ids: of a source outside of the node it is read once. */
  private sample: { text: string; ids: Set<string> } | null = null;
  private seen = "";

  constructor(
    private readonly node: NodeWay,
    private readonly drafted: Drafted,
  ) {}

  /** Is there something that is written nowhere else? */
  get isChanged(): boolean {
    return this.text !== null && this.text !== this.begun;
  }

  private async opened() {
    const [deployed, functions] = await Promise.all([this.deployed(), this.node.ask<Function[]>("dtl/functions")]);
    // What was written before is gone on with.
    const text = this.isChanged ? this.text : deployed;
    this.begun = deployed;
    const { place, own } = this.drafted;
    const names = (isTransform: boolean) => functions.filter(({ kind }) => (kind === "transform") === isTransform).map(({ name }) => name);
    return {
      text,
      title: "pipe" in place ? place.pipe : place.dataset,
      pipe: own && "pipe" in place ? place.pipe : "",
      vocabulary: { functions: names(false), transforms: names(true) },
    };
  }

  private async deployed(): Promise<string> {
    const { place, transform } = this.drafted;
    const text = "pipe" in place ? rulesIn((await this.config(place.pipe))!.text, transform) : NEW;
    return this.format(text);
  }

  /** Everything about a text. The sample stays the same while one types. */
  private async live({ text, entity }: { text: string; entity: string }): Promise<unknown> {
    this.text = text;
    const { own, transform } = this.drafted;
    const held = this.sample;
    const known = held !== null && (entity === "" || held.ids.has(entity));
    const fields = { text, ...this.fed(), transform: transform ?? undefined, entity: entity || undefined, deployed: own, offsets: OFFSETS, sources: known ? undefined : true };
    const body = jsonWith(fields, held ? { entities: held.text } : {});
    const answer = await (await this.node.fetch("dtl/live", posted(body))).text();
    const found = JSON.parse(answer) as Live;
    if (!known && found.shown) {
      const sources = member(member(readJson(answer) ?? undefined, "shown"), "sources");
      if (sources) this.sample = { text: answer.slice(sources.from, sources.to), ids: new Set(found.shown.sample.map(({ id }) => id)) };
    }
    return found;
  }

  private async format(text: string): Promise<string> {
    return (await this.node.ask<{ text: string }>("dtl/format", "POST", { text, width: WIDTH })).text;
  }

  private async changes({ text, pipe }: { text: string; pipe: string }) {
    const { before, after } = await this.saved(text, pipe);
    this.seen = before?.tag ?? "";
    const [old, made] = await Promise.all([before ? this.format(before.text) : "", this.format(after)]);
    const lines = unifiedDiff(old.trimEnd(), made.trimEnd(), [before ? `${pipe} (deployed)` : "no such pipe yet", `${pipe} (new)`]);
    const counts = before && lines.length > 0 ? await this.counts(pipe, after) : null;
    return { pipe, lines, counts };
  }

  /** What the output would be; null where the node cannot say. */
  private async counts(pipe: string, config: string): Promise<Record<string, number> | null> {
    try {
      const answer = await this.node.fetch(`pipes/${part(pipe)}/diff`, posted(jsonWith({}, { config })));
      const found = (await answer.json()) as { counts: Record<string, number>; read: number };
      return { ...found.counts, read: found.read };
    } catch {
      return null;
    }
  }

  private async save({ text, pipe }: { text: string; pipe: string }): Promise<string> {
    const { after } = await this.saved(text, pipe);
    // As it was when the changes were looked at.
    const headers = { "Content-Type": "application/json", ...(this.seen ? { "If-Match": this.seen } : { "If-None-Match": "*" }) };
    try {
      await this.node.fetch(`pipes/${part(pipe)}/config`, { method: "PUT", body: after, headers });
    } catch (error) {
      if (!(error instanceof HostError) || error.status !== 412) throw error;
      throw new HostError(`"${pipe}" was changed meanwhile: nothing was saved, look at the changes again`, error.problems, 412);
    }
    this.begun = text;
    return pipe;
  }

  private async saved(text: string, pipe: string): Promise<{ before: Config | null; after: string }> {
    const { place, transform } = this.drafted;
    const before = await this.config(pipe);
    if (before) return { before, after: withRules(before.text, text, transform) };
    const from = "pipe" in place ? { config: (await this.config(place.pipe))!.text } : place;
    return { before, after: newPipe(pipe, text, from) };
  }

  /** A pipe's configuration as text, with its tag; null for one that is not there. */
  private async config(pipe: string): Promise<Config | null> {
    try {
      const answer = await this.node.fetch(`pipes/${part(pipe)}/config`);
      return { text: await answer.text(), tag: answer.headers.get("ETag") ?? "" };
    } catch (error) {
      const isOwn = "pipe" in this.drafted.place && this.drafted.place.pipe === pipe;
      if (!isOwn && error instanceof HostError && error.status === 404) return null;
      throw error;
    }
  }

  private ask<Answer>(operation: string, fields: Record<string, unknown>): Promise<Answer> {
    return this.node.ask<Answer>(`dtl/${operation}`, "POST", { ...fields, ...this.fed() });
  }

  private fed(): Place {
    return this.drafted.place;
  }

  /** What a trace of the text is asked with, beside which entities: JSON text of the rules, and what feeds them. */
  traced(): { fields: Record<string, unknown>; rules: string } {
    return { fields: { ...this.fed(), transform: this.drafted.transform ?? undefined }, rules: ruleSet(this.text ?? NEW) };
  }
}

export function posted(body: string): RequestInit {
  return { method: "POST", body, headers: { "Content-Type": "application/json" } };
}
