/** The rules of a trace, to read: values beside them, where we are, breakpoints and bars in the margin. */

import { foldKeymap } from "@codemirror/language";
import { searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";

import { recordedBox } from "./recorded";
import { type Detail, besides } from "../dtl/beside";
import { hovering, placeAt, rulesText, showBeside, showMarker } from "../dtl/codemirror";
import { type Bar, margins, showBars, showBreakpoints } from "../dtl/gutters";
import type { Vocabulary } from "../dtl/language";
import { type RulesText, around } from "../dtl/layout";
import type { Coverage, Cost } from "../dtl/figures";
import { type FullTrace, type Recording, type TraceNode, rulesPath } from "../dtl/trace";
import { duration, figure } from "../dtl/values";
import { type Translate, useT } from "../words";

export type Margin = "coverage" | "cost" | "off";

interface Props {
  rules: RulesText;
  recording: Recording;
  position: number;
  /** Only what happened up to the position has values. */
  untilHere: boolean;
  detail: Detail;
  margin: Margin;
  coverage: ReadonlyMap<string, Coverage>;
  /** How many entities the coverage is of. */
  total: number;
  costs: readonly Cost[];
  breakpoints: ReadonlySet<string>;
  toggle: (path: string) => void;
  pick: (path: string, what: "fired" | "null" | "error") => void;
  /** Go to where a place was evaluated. */
  go: (path: string) => void;
}

export function TraceViewCode(props: Props) {
  const t = useT();
  const parent = useRef<HTMLDivElement | null>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { rules, recording, position, detail } = props;

  useEffect(() => {
    const made = new EditorView({
      parent: parent.current!,
      state: EditorState.create({ doc: rules.text, extensions: extensions(vocabularyOf(recording.document), latest, t) }),
    });
    view.current = made;
    return () => made.destroy();
  }, [rules.text]);

  useEffect(() => {
    const shown = view.current!;
    const frame = recording.events[position]?.frame ?? 0;
    const lineOf = (offset: number) => shown.state.doc.lineAt(offset);
    const upTo = props.untilHere ? position - 1 : Infinity;
    shown.dispatch({ effects: showBeside.of(besides(recording, rules.spans, lineOf, detail, frame, upTo, t)) });
  }, [rules.text, recording, position, props.untilHere, detail]);

  useEffect(() => {
    const shown = view.current!;
    const span = placeOf(props);
    const marker = span === null ? null : { from: span[0], to: span[1], after: position >= recording.end };
    shown.dispatch({ effects: showMarker.of(marker) });
    if (span) scrollWithin(shown, span[0]);
  }, [rules.text, recording, position]);

  useEffect(() => {
    const shown = view.current!;
    const lines = [...props.breakpoints].map((path) => rules.spans.get(path)).filter((span) => span !== undefined);
    shown.dispatch({ effects: showBreakpoints.of([...new Set(lines.map(([from]) => shown.state.doc.lineAt(from).from))]) });
  }, [rules.text, props.breakpoints]);

  useEffect(() => {
    const shown = view.current!;
    const firsts = firstOfLines(rules, recording.document, (offset) => shown.state.doc.lineAt(offset).from);
    const bars = props.margin === "coverage" ? coverageBars(firsts, props, t) : props.margin === "cost" ? costBars(firsts, props, t) : [];
    shown.dispatch({ effects: showBars.of(bars) });
  }, [rules.text, props.margin, props.coverage, props.costs]);

  return <div className="sesam-text" ref={parent} />;
}

function extensions(vocabulary: Vocabulary, latest: { current: Props }, t: Translate) {
  return [
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: "0", "aria-label": t("the rules") }),
    margins(t("breakpoint"), () => ({
      toggle(line) {
        const { rules, recording, toggle } = latest.current;
        const path = firstOfLines(rules, recording.document, (offset) => lineStart(rules.text, offset)).get(line)?.path;
        if (path !== undefined) toggle(path);
      },
      pick: (path, what) => latest.current.pick(path, what),
    })),
    lineNumbers(),
    rulesText(vocabulary),
    keymap.of([...foldKeymap, ...searchKeymap]),
    hovering(async (view, at) => {
      const place = placeAt(view.state, at);
      const { recording, position } = latest.current;
      const box = place && recordedBox(recording, place.path, recording.events[position]?.frame, Infinity, t);
      if (!box) return null;
      const dom = document.createElement("div");
      dom.className = "sesam-hover";
      dom.append(box);
      return { from: place.from, to: place.to, dom };
    }),
    EditorView.domEventHandlers({
      dblclick(event, view) {
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
        const place = at === null ? null : placeAt(view.state, at);
        if (place) latest.current.go(place.path);
        return false;
      },
    }),
  ];
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** The words of the language that these rules use. */
function vocabularyOf(document: FullTrace): Vocabulary {
  const names = (kind: TraceNode["kind"]) => [...new Set(document.nodes.filter((node) => node.kind === kind).map(({ name }) => name))];
  return { functions: names("function"), transforms: names("transform") };
}

/** Where we are: what is about to be evaluated; at the end the last line of the default rule. */
function placeOf({ rules, recording, position }: Props): readonly [number, number] | null {
  if (position >= recording.end) {
    const whole = rules.spans.get(`${rulesPath(recording.document)}.default`);
    return whole ? [whole[1] - 1, whole[1]] : null;
  }
  // A part without a place of its own, such as a variable in a text, is shown by what it is in.
  for (let path = recording.path(position); path !== ""; path = around(path)) {
    const span = rules.spans.get(path);
    if (span) return span;
  }
  return null;
}

/** Scrolls the text, and not the notebook around it. */
function scrollWithin(view: EditorView, offset: number): void {
  view.requestMeasure({
    read: () => ({ block: view.lineBlockAt(Math.min(offset, view.state.doc.length)), height: view.scrollDOM.clientHeight, top: view.scrollDOM.scrollTop }),
    write: ({ block, height, top }) => {
      if (block.top < top + 20 || block.bottom > top + height - 40) view.scrollDOM.scrollTop = Math.max(0, block.top - height / 3);
    },
  });
}

// -- bars -------------------------------------------------------------------------------------------

/** The outermost node, other than a rule, that begins on each line. */
export function firstOfLines(rules: RulesText, document: FullTrace, lineOf: (offset: number) => number): Map<number, TraceNode> {
  const found = new Map<number, { node: TraceNode; from: number }>();
  for (const node of document.nodes) {
    const span = rules.spans.get(node.path);
    if (!span || node.kind === "rule") continue;
    const line = lineOf(span[0]);
    const held = found.get(line);
    if (!held || span[0] < held.from) found.set(line, { node, from: span[0] });
  }
  return new Map([...found].map(([line, { node }]) => [line, node]));
}

function coverageBars(firsts: Map<number, TraceNode>, { coverage, total }: Props, t: Translate): Bar[] {
  // A place is measured by how often its rule ran; what runs more often than that fills the bar.
  const rules = [...coverage.values()].filter(({ kind }) => kind === "rule");
  return [...firsts].map(([at, { path }]) => {
    const one = coverage.get(path);
    const fired = one?.fired ?? 0;
    const most = rules.find((rule) => path.startsWith(rule.path))?.fired || total || 1;
    return {
      at,
      path,
      kind: "coverage",
      title: one ? coverageText(one, t) : t("never"),
      full: Math.min(1, fired / most),
      null: fired ? (one!.null / fired) * Math.min(1, fired / most) : 0,
      error: fired ? (one!.error / fired) * Math.min(1, fired / most) : 0,
    };
  });
}

export function coverageText(one: Coverage, t: Translate): string {
  if (one.fired === 0) return t("{name}: never ran", { name: one.name });
  const share = (number: number) => figure((100 * number) / one.fired);
  const facts = [
    t(one.fired === 1 ? "{name}: ran once" : "{name}: ran {n} times", { name: one.name, n: one.fired }),
    one.null ? t("{n} null ({share}%)", { n: one.null, share: share(one.null) }) : "",
    one.error ? t("{n} failed ({share}%)", { n: one.error, share: share(one.error) }) : "",
    one.distinct === null ? "" : t(one.distinct === 1 ? "{n} different value" : "{n} different values", { n: one.distinct }),
    one.each === null ? "" : t("{time} each", { time: duration(one.each) }),
  ];
  return facts.filter((fact) => fact !== "").join(", ");
}

function costBars(firsts: Map<number, TraceNode>, { costs }: Props, t: Translate): Bar[] {
  const most = Math.max(...costs.filter(({ kind }) => kind !== "rule").map(({ ns }) => ns), 1);
  const known = new Map(costs.map((cost) => [cost.path, cost]));
  return [...firsts].map(([at, { path, name }]) => {
    const cost = known.get(path);
    const title = cost ? t("{name}: {time} in {n} runs, {self} of it itself", { name, time: duration(cost.ns), n: cost.count, self: duration(cost.self) }) : t("{name}: never ran", { name });
    return { at, path, kind: "cost", title, full: cost ? cost.ns / most : 0, null: 0, error: 0 };
  });
}
