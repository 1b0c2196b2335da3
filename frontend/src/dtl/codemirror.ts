/** What the editor and the debugger share on CodeMirror: values beside the text, places, looks. */

import { foldGutter, indentUnit } from "@codemirror/language";
import { type EditorState, type Extension, RangeSet, RangeValue, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, type Tooltip, WidgetType, hoverTooltip } from "@codemirror/view";

import type { Beside, Inlay } from "./beside";
import { type Vocabulary, dtl } from "./language";
import { styleNonce } from "./nonce";

class InlayWidget extends WidgetType {
  constructor(private readonly inlay: Inlay) {
    super();
  }

  override eq(other: InlayWidget): boolean {
    return other.inlay.text === this.inlay.text && other.inlay.kind === this.inlay.kind;
  }

  toDOM(): HTMLElement {
    const shown = document.createElement("span");
    shown.className = `dtl-inlay dtl-inlay-${this.inlay.kind}`;
    shown.textContent = this.inlay.text;
    shown.setAttribute("aria-hidden", "true");
    return shown;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

/** A place of the rules in the text: it moves along with what is typed before it. */
class Place extends RangeValue {
  constructor(readonly path: string) {
    super();
  }

  override eq(other: RangeValue): boolean {
    return other instanceof Place && other.path === this.path;
  }
}

interface Held {
  decorations: DecorationSet;
  places: RangeSet<Place>;
}

export const showBeside = StateEffect.define<Beside>();

const held = StateField.define<Held>({
  create: () => ({ decorations: Decoration.none, places: RangeSet.empty }),
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(showBeside)) return heldOf(effect.value, transaction.state);
    }
    if (!transaction.docChanged) return value;
    return { decorations: value.decorations.map(transaction.changes), places: value.places.map(transaction.changes) };
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value.decorations),
});

function heldOf(beside: Beside, state: EditorState): Held {
  const length = state.doc.length;
  const marks = beside.unrun
    .filter(([from, to]) => from < to && to <= length)
    .map(([from, to]) => Decoration.mark({ class: "dtl-unrun" }).range(from, to));
  const widgets = beside.inlays
    .filter((inlay) => inlay.at <= length)
    .map((inlay) => Decoration.widget({ widget: new InlayWidget(inlay), side: 1 }).range(inlay.at));
  const places = beside.places
    .filter(({ span: [from, to] }) => from < to && to <= length)
    .map(({ path, span }) => new Place(path).range(span[0], span[1]));
  return { decorations: Decoration.set([...marks, ...widgets], true), places: RangeSet.of(places, true) };
}

/** The innermost place at a position of the text, with where it stands. */
export function placeAt(state: EditorState, position: number): { path: string; from: number; to: number } | null {
  let found: { path: string; from: number; to: number } | null = null;
  state.field(held, false)?.places.between(position, position, (from, to, place) => {
    if (found === null || to - from < found.to - found.from) found = { path: place.path, from, to };
  });
  return found;
}

// -- values that are of an earlier text ---------------------------------------------------------------

/** Are the values those of an earlier text, as this one does not run? Then they are dimmed. */
export const showStale = StateEffect.define<boolean>();

const stale = StateField.define<boolean>({
  create: () => false,
  update: (value, transaction) => transaction.effects.reduce((found, effect) => (effect.is(showStale) ? effect.value : found), value),
  provide: (field) => EditorView.editorAttributes.from(field, (value): Record<string, string> => (value ? { class: "is-stale" } : {})),
});

/** Values beside a text of an editor that is not ours, put there by `showBeside`; its lines are wrapped to make room for them. */
export const besideText: Extension = [
  held,
  stale,
  EditorView.contentAttributes.from(held, ({ decorations }): Record<string, string> => (decorations.size > 0 ? { class: "cm-lineWrapping" } : {})),
];

// -- one place that is pointed out ------------------------------------------------------------------

export const showMarker = StateEffect.define<{ from: number; to: number; after: boolean } | null>();

const marker = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(showMarker)) return markerOf(effect.value, transaction.state);
    }
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function markerOf(place: { from: number; to: number; after: boolean } | null, state: EditorState): DecorationSet {
  if (place === null || place.to > state.doc.length) return Decoration.none;
  // Of what goes over several lines the first one is enough to find it.
  const line = state.doc.lineAt(place.from);
  const to = Math.min(place.to, line.to);
  const mark = Decoration.mark({ class: place.after ? "dtl-current dtl-current-after" : "dtl-current" });
  const ranges = [Decoration.line({ class: "dtl-current-line" }).range(line.from)];
  return Decoration.set(place.from < to ? [...ranges, mark.range(place.from, to)] : ranges, true);
}

// -- together ---------------------------------------------------------------------------------------

/** A box that a hover shows: what was recorded at a place, what is known of a word. */
export function hovering(
  tell: (view: EditorView, position: number) => Promise<{ from: number; to: number; dom: HTMLElement } | null>,
): Extension {
  return hoverTooltip(
    async (view, position): Promise<Tooltip | null> => {
      const told = await tell(view, position);
      if (told === null) return null;
      return { pos: told.from, end: told.to, above: true, create: () => ({ dom: told.dom }) };
    },
    { hoverTime: 250 },
  );
}

/** The language with its looks, values and places. */
export function rulesText(vocabulary: Vocabulary): Extension {
  return [
    styleNonce(),
    dtl(vocabulary),
    foldGutter({ openText: "▾", closedText: "▸" }),
    indentUnit.of("  "),
    EditorView.lineWrapping,
    held,
    marker,
    EditorView.contentAttributes.of({ spellcheck: "false", autocapitalize: "off" }),
  ];
}
