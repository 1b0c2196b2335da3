/** What the language services tell, and how it is shown: of a word, of a problem. */

import type { Diagnostic } from "@codemirror/lint";

import type { Problem } from "../host";
import { plain, type Translate } from "../words";
import { fixOf } from "./fixes";

/** A problem with its place in a text, in UTF-16 units. */
export interface PlacedProblem extends Problem {
  from: number;
  to: number;
  line?: number;
  column?: number;
}

/** Something that may stand at a place of a text. */
export interface Completion {
  label: string;
  kind: string;
  insert: string;
  detail: string;
  doc: string;
}

/** What is put in for a choice: with the quote that is missing behind it, but for a variable, which goes on. */
export function insertOf({ insert, kind }: Completion, close: string): string {
  return kind === "variable" ? insert : insert + close;
}

/** What stands at a place of a text. */
export interface Known {
  from: number;
  to: number;
  label: string;
  kind: string;
  detail: string;
  doc: string;
  examples?: { expression: unknown; expect: unknown }[];
}

/** A line that goes on in the next one: the box breaks lines where it must. */
const WRAPPED = /(\S)\n(?=[^\s*-])/g;

/** The signature, the text and an example of something that may stand in rules. */
export function described(item: Pick<Known, "label" | "detail" | "doc" | "examples">): HTMLElement {
  const box = document.createElement("div");
  box.className = "sesam-described";
  const head = document.createElement("code");
  head.textContent = item.detail ? `${item.label}  ${item.detail}` : item.label;
  const doc = document.createElement("p");
  doc.textContent = item.doc.replace(WRAPPED, "$1 ");
  box.append(head, doc);
  for (const { expression, expect } of (item.examples ?? []).slice(0, 2)) {
    const example = document.createElement("code");
    example.className = "sesam-example";
    example.textContent = `${JSON.stringify(expression)}  →  ${JSON.stringify(expect)}`;
    box.append(example);
  }
  return box;
}

const PLACE = /^line \d+, column \d+: /;

/** The message of a text that cannot be read begins with its place in the rules: where it is told at its place, that is left out. */
export function withoutPlace(message: string): string {
  return message.replace(PLACE, "");
}

/** Problems as CodeMirror marks them, in the order of the text; what a hint proposes is an action there. */
export function diagnosticsOf(text: string, problems: readonly PlacedProblem[], t: Translate = plain): Diagnostic[] {
  const found = problems.map((problem): Diagnostic => {
    const fix = fixOf(text, problem, t);
    const from = Math.min(problem.from, text.length);
    return {
      from,
      to: Math.max(from, Math.min(problem.to, text.length)),
      severity: problem.level === "warning" ? "warning" : "error",
      message: problem.hint ? `${withoutPlace(problem.message)}; ${problem.hint}` : withoutPlace(problem.message),
      source: problem.code,
      ...(fix && {
        actions: [
          {
            name: fix.label,
            // The place has moved along with what was typed since; the word is as long as it was.
            apply: (shown, at) => {
              const moved = fix.from - from;
              shown.dispatch({ changes: { from: at + moved, to: at + moved + fix.to - fix.from, insert: fix.insert } });
            },
          },
        ],
      }),
    };
  });
  return found.sort((a, b) => a.from - b.from);
}
