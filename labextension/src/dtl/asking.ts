/** Questions about the text of an editor, asked of the node, with places in UTF-16 units. */

import { type Completion, type Known, type PlacedProblem } from "../../../frontend/src/dtl/known";
import { type ConfigurationProblem, dataOf, placedIn } from "../../../frontend/src/dtl/configuration";
import type { JsonNode } from "../../../frontend/src/dtl/json_text";
import { withoutParameters } from "../../../frontend/src/dtl/parameters";
import { cellOf, type Region } from "../../../frontend/src/dtl/region";
import type { NamedSymbol } from "../../../frontend/src/dtl/symbols";
import type { Problem } from "../../../frontend/src/host";
import type { ISesamEditors, ISesamNode } from "../tokens";
import type { DtlEditor } from "./editors";
import { feedOf } from "../../../frontend/src/dtl/feed";

export interface Completions {
  from: number;
  to: number;
  /** The quote that is missing behind what is chosen. */
  close: string;
  items: Completion[];
}

const UNKNOWN_RULE = /"((?:[^"\\]|\\.)*)"/;

export class Asking {
  constructor(
    private readonly sesam: ISesamNode,
    private readonly editors: ISesamEditors,
  ) {}

  /** Is there a node that can be asked? */
  get canAsk(): boolean {
    return this.sesam.model.shown.live;
  }

  /** The rules that cells of the same document name. */
  rulesBeside(editor: DtlEditor): string[] {
    const texts = this.editors.originOf(editor)?.cells() ?? [];
    return [...new Set(texts.flatMap((text) => cellOf(text)?.ruleName ?? []))];
  }

  /** What may stand at a place; null where nothing is known. */
  async complete(editor: DtlEditor, region: Region, at: number): Promise<Completions | null> {
    const found = await this.place<Completions | null>("dtl/complete", editor, region, at, { known_rules: this.rulesBeside(editor) });
    return found && { ...found, ...back(region, found) };
  }

  /** What stands at a place; null where nothing is known of it. */
  async hover(editor: DtlEditor, region: Region, at: number): Promise<Known | null> {
    const found = await this.place<Known | null>("dtl/hover", editor, region, at);
    return found && { ...found, ...back(region, found) };
  }

  /** The problems of a region, with places in the text of the editor. */
  async check(editor: DtlEditor, region: Region): Promise<PlacedProblem[]> {
    const text = textOf(editor, region);
    if (text.trim() === "") return [];
    const asked = { text, offsets: "utf-16", ...feedOf(region, this.sesam.model.shown.things) };
    const rules = this.rulesBeside(editor);
    const { problems } = await this.sesam.server.node<{ problems: (Problem & { start: number; end: number })[] }>("dtl/check", "POST", asked);
    const placed = problems
      .map(({ start, end, ...problem }) => ({ ...problem, from: start, to: end }))
      .filter(({ code, message }) => code !== "unknown-rule" || !rules.includes(UNKNOWN_RULE.exec(message)?.[1] ?? ""));
    const left = region.kind === "cell" ? withoutParameters(text, placed) : placed;
    return left.map((problem) => ({ ...problem, from: problem.from + region.from, to: problem.to + region.from }));
  }

  /** The problems of components of a file beyond their rules, with places in the text of the editor. */
  async checkConfiguration(components: readonly JsonNode[]): Promise<PlacedProblem[]> {
    const { things } = this.sesam.model.shown;
    const data = components.map(dataOf) as Record<string, unknown>[];
    const { problems } = await this.sesam.server.node<{ problems: ConfigurationProblem[] }>("config-check", "POST", data);
    const ids = (isSystem: boolean) => data.filter((one) => String(one["type"]).startsWith("system") === isSystem).map((one) => String(one["_id"]));
    const others = { datasets: new Set([...Object.keys(things.datasets), ...ids(false)]), systems: new Set([...Object.keys(things.systems), ...ids(true)]) };
    return placedIn(components, problems, others);
  }

  /** The name at a place, with places in the region; null for none. */
  async symbol(editor: DtlEditor, region: Region, at: number, rename?: string): Promise<NamedSymbol | null> {
    if (!this.canAsk) return null;
    const asked = { text: textOf(editor, region), offset: at - region.from, offsets: "utf-16", ...(rename !== undefined && { rename }) };
    return this.sesam.server.node<NamedSymbol | null>("dtl/symbols", "POST", asked);
  }

  /** A text in its one layout. Raises HostError where it is no JSON. */
  async format(text: string): Promise<string> {
    return (await this.sesam.server.node<{ text: string }>("dtl/format", "POST", { text })).text;
  }

  /** Ask about a place of a region; null where there is no node. */
  async place<Answer>(path: string, editor: DtlEditor, region: Region, at: number, more: Record<string, unknown> = {}): Promise<Answer | null> {
    if (!this.canAsk) return null;
    const asked = { text: textOf(editor, region), offset: at - region.from, offsets: "utf-16", ...more };
    return this.sesam.server.node<Answer>(path, "POST", { ...asked, ...feedOf(region, this.sesam.model.shown.things) });
  }
}

/** The text of a region. */
export function textOf(editor: DtlEditor, region: Region): string {
  return editor.view.state.sliceDoc(region.from, region.to);
}

/** A place of an answer as one of the editor's text. */
export function back(region: Region, { from, to }: { from: number; to: number }): { from: number; to: number } {
  return { from: from + region.from, to: to + region.from };
}
