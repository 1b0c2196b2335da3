/** What the rules that are being written make of real entities: asked while one types, for the panel and the values beside the text. */

import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { IDisposable } from "@lumino/disposable";
import { Signal } from "@lumino/signaling";

import { recordedBox } from "../../../frontend/src/components/recorded";
import { type Beside, besides, type Detail } from "../../../frontend/src/dtl/beside";
import { placeAt, showBeside, showStale } from "../../../frontend/src/dtl/codemirror";
import { feedOf } from "../../../frontend/src/dtl/feed";
import { Latest } from "../../../frontend/src/dtl/latest";
import { type Live, moved, type Shown } from "../../../frontend/src/dtl/live";
import { withoutParameters } from "../../../frontend/src/dtl/parameters";
import { type Cell, cellOf, type Region, rulesAt } from "../../../frontend/src/dtl/region";
import { Recording } from "../../../frontend/src/dtl/trace";
import { runnable, type Runnable } from "../../../frontend/src/dtl/written";
import { ServerHost } from "../host";
import type { ISesamEditors, ISesamNode } from "../tokens";
import type { DtlEditor } from "./editors";
import { Kernels } from "./kernel_values";

/** How long after the last key the text is sent, in milliseconds. */
const PAUSE = 30;
/** Views that are kept on the server for going back and forth between cells. */
const HOSTS = 8;
const NOTHING: Beside = { inlays: [], unrun: [], places: [] };

/** Rules in an editor, ready to run. */
export interface Written {
  editor: DtlEditor;
  doc: Text;
  /** What feeds them, as the server wants it. */
  about: { name?: string; dataset?: string; transform?: number };
  /** What they are rules of, for people. */
  title: string;
  text: string;
  /** Where a place of `text` is in the editor. */
  back(offset: number): number;
  /** Does the kernel put something in? */
  isFilled: boolean;
  /** What only a kernel knows. */
  unknown: string[];
  entity: string;
  hasDeployed: boolean;
}

export class LiveRules implements IDisposable {
  readonly changed = new Signal<this, void>(this);
  /** The rules that were asked about last; null where no editor has any. */
  written: Written | null = null;
  live: Live | null = null;
  /** The last result that was good: it stays in sight while the text is not. */
  good: Shown | null = null;
  failure = "";
  private version = 0;
  private editor: DtlEditor | null = null;
  private shownIn: EditorView | null = null;
  private isActive = false;
  private values: Detail = "lines";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly chosen = new Map<string, string>();
  private readonly hosts = new Map<string, ServerHost>();
  private url = "";
  private ended = false;
  private readonly kernels = new Kernels(() => this.soon());
  private readonly latest = new Latest<Written, Live>(
    (asked) => this.host(asked).request<Live>("live", { text: asked.text, entity: asked.entity }),
    (answer, asked) => this.answered(answer, asked),
    (error, asked) => this.failed(error, asked),
  );

  constructor(
    private readonly sesam: ISesamNode,
    private readonly editors: ISesamEditors,
  ) {
    editors.currentChanged.connect(this.turned, this);
    sesam.model.changed.connect(this.moved, this);
    this.turned(editors, editors.current);
  }

  get isDisposed(): boolean {
    return this.ended;
  }

  dispose(): void {
    this.ended = true;
    this.latest.end();
    this.kernels.dispose();
    clearTimeout(this.timer);
    this.clear();
    this.editors.currentChanged.disconnect(this.turned, this);
    this.sesam.model.changed.disconnect(this.moved, this);
    this.editor?.changed.disconnect(this.soon, this);
    Signal.clearData(this);
  }

  /** Does somebody see what is found? Else nothing is asked. */
  set active(is: boolean) {
    if (this.isActive === is) return;
    this.isActive = is;
    if (is) this.ask();
    else this.clear();
  }

  /** Another one after each change of what is shown. */
  get state(): string {
    return `${this.version} ${this.sesam.model.shown.live}`;
  }

  get detail(): Detail {
    return this.values;
  }

  set detail(detail: Detail) {
    this.values = detail;
    this.beside();
    this.tell();
  }

  choose(id: string): void {
    if (this.written === null) return;
    this.chosen.set(keyOf(this.written), id);
    this.ask();
  }

  /** Take the sample anew: the data, or the deployed rules, are others. */
  async again(): Promise<void> {
    if (this.written === null) return;
    try {
      await this.host(this.written).request("resample");
    } catch (error) {
      this.failed(error as Error, this.written);
    }
    this.ask();
  }

  /** The rules that the cursor is in, as they are now; null where there are none. */
  current(): Written | null {
    const { editor } = this;
    // A cell that was deleted has none, nor one that is no DTL any more.
    return editor && this.editors.of(editor.view) === editor ? this.writtenIn(editor) : null;
  }

  /** What was recorded at a place of an editor. */
  recorded(view: EditorView, position: number): { from: number; to: number; dom: HTMLElement } | null {
    if (view !== this.shownIn || this.good === null) return null;
    const place = placeAt(view.state, position);
    const dom = place && recordedBox(new Recording(this.good.trace, 0), place.path, 0, Infinity, this.sesam.t);
    if (!place || !dom) return null;
    const box = document.createElement("div");
    box.className = "sesam-hover";
    box.append(dom);
    return { from: place.from, to: Math.min(place.to, view.state.doc.length), dom: box };
  }

  /** The cursor was moved: in a file the rules of another pipe may be meant. */
  pointed(view: EditorView): void {
    if (view !== this.editor?.view || this.editor.regions.length < 2) return;
    const now = this.current();
    if (now && (this.written === null || keyOf(now) !== keyOf(this.written))) this.soon();
  }

  private tell(): void {
    this.version += 1;
    this.changed.emit();
  }

  private turned(_: unknown, editor: DtlEditor | null): void {
    // Where the focus is elsewhere, in the panel say, the last one is still meant.
    if (editor === null || editor === this.editor) return;
    this.editor?.changed.disconnect(this.soon, this);
    this.clear();
    this.editor = editor;
    this.live = this.good = null;
    editor.changed.connect(this.soon, this);
    this.ask();
  }

  private moved(): void {
    const { node, live } = this.sesam.model.shown;
    const url = node && live ? node.url : "";
    if (url === this.url) return;
    this.url = url;
    this.hosts.clear();
    if (url) this.ask();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  private ask(): void {
    clearTimeout(this.timer);
    if (!this.isActive || this.ended) return;
    const asked = this.current();
    const isAnother = asked === null || this.written === null || keyOf(asked) !== keyOf(this.written);
    this.written = asked;
    if (isAnother) {
      this.live = this.good = null;
      this.failure = "";
    }
    if (asked !== null && this.sesam.model.shown.live) this.latest.put(asked);
    if (isAnother) this.tell();
  }

  private answered(answer: Live, asked: Written): void {
    if (this.written === null || keyOf(asked) !== keyOf(this.written)) return;
    const lineAt = (offset: number) => asked.doc.lineAt(Math.min(offset, asked.doc.length)).number;
    const live = moved(answer, asked.back, lineAt);
    // What a kernel puts in, or null for it, is no problem of the text.
    const problems = asked.isFilled ? withoutParameters(asked.doc.toString(), live.problems) : live.problems;
    this.live = { ...live, problems };
    this.written = asked;
    this.failure = "";
    if (this.live.shown) this.good = this.live.shown;
    this.beside();
    this.tell();
  }

  private failed(error: Error, asked: Written): void {
    if (this.written === null || keyOf(asked) !== keyOf(this.written)) return;
    this.failure = error.message;
    this.tell();
  }

  /** Put the values beside the text that they are of. */
  private beside(): void {
    const { written, live } = this;
    const view = written?.editor.view;
    // What was typed meanwhile has other places; its own answer is on its way.
    if (!view || !live || !this.isActive || view.state.doc !== written.doc) return;
    const isStale = showStale.of(live.shown === null);
    if (live.shown === null) {
      view.dispatch({ effects: isStale });
      return;
    }
    const spans = new Map(Object.entries(live.shown.spans));
    const lineOf = (offset: number) => written.doc.lineAt(Math.min(offset, written.doc.length));
    const found = besides(new Recording(live.shown.trace, 0), spans, lineOf, this.values, 0, Infinity, this.sesam.t);
    view.dispatch({ effects: [isStale, showBeside.of(this.values === "off" ? { ...NOTHING, places: found.places } : found)] });
    this.shownIn = view;
  }

  private clear(): void {
    if (this.shownIn?.dom.isConnected) this.shownIn.dispatch({ effects: [showStale.of(false), showBeside.of(NOTHING)] });
    this.shownIn = null;
  }

  private writtenIn(editor: DtlEditor): Written | null {
    const { region, view } = editor;
    const at = region && rulesAt(region, view.state.selection.main.head);
    if (!region || !at) return null;
    const { doc } = view.state;
    const text = doc.sliceString(at.from, at.to);
    const made = region.kind === "cell" ? this.filled(editor, text) : { text, back: (offset: number) => offset, expressions: [], unknown: [] };
    const feed = feedOf(region, this.sesam.model.shown.things);
    const options = region.kind === "cell" ? (region as Cell).options : {};
    const transform = at.transform ?? (options["transform"] ? Number(options["transform"][0]) : null);
    const about: Written["about"] = feed.pipe
      ? { name: feed.pipe, ...(transform !== null && Number.isInteger(transform) ? { transform } : {}) }
      : { dataset: feed.dataset ?? region.source ?? region.name ?? "" };
    const named = options["entity"]?.[0];
    return {
      editor,
      doc,
      about,
      title: titleOf(region),
      text: made.text,
      back: (offset) => made.back(offset) + at.from,
      isFilled: made.expressions.length > 0,
      unknown: made.unknown,
      entity: this.chosen.get(JSON.stringify(about)) ?? (named?.startsWith("$") ? "" : (named ?? "")),
      hasDeployed: feed.pipe !== undefined,
    };
  }

  /** The text of a cell with what its kernel has, and the rules that it applies. */
  private filled(editor: DtlEditor, text: string): Runnable {
    const rules = this.named(editor);
    const values = this.kernels.of(this.editors.originOf(editor)?.session ?? null);
    const made = runnable(text, rules, values?.known);
    if (this.isActive) values?.ask(made.expressions);
    return made;
  }

  /** The rules that other cells of the document name. */
  private named(editor: DtlEditor): Map<string, string> {
    const found = new Map<string, string>();
    for (const text of this.editors.originOf(editor)?.cells() ?? []) {
      const cell = cellOf(text);
      if (cell?.ruleName) found.set(cell.ruleName, text.slice(cell.from));
    }
    return found;
  }

  private host(written: Written): ServerHost {
    const key = keyOf(written);
    const found = this.hosts.get(key) ?? new ServerHost(this.sesam.server, "rules", key, {});
    this.hosts.delete(key);
    this.hosts.set(key, found);
    if (this.hosts.size > HOSTS) this.hosts.delete(this.hosts.keys().next().value!);
    return found;
  }
}

/** Which rules they are: others have another sample. */
function keyOf({ about }: Written): string {
  return JSON.stringify(about);
}

function titleOf({ name, source }: Region): string {
  return name ?? source ?? "";
}
