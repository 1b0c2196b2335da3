/** The language for CodeMirror: JSON with comments, in which calls, variables and rules are told apart. */

import { HighlightStyle, StreamLanguage, type StreamParser, foldService, syntaxHighlighting } from "@codemirror/language";
import type { EditorState, Extension } from "@codemirror/state";
import { Tag, tags } from "@lezer/highlight";

/** The names of the language, as the node has them. */
export interface Vocabulary {
  functions: readonly string[];
  transforms: readonly string[];
}

interface Container {
  closes: "]" | "}";
  /** How many values of a list have begun; of an object: is a value awaited? */
  count: number;
  awaitsValue: boolean;
  /** The name of the call, or the key whose value is read. */
  name: string;
}

interface Tokens {
  stack: Container[];
  inComment: boolean;
  /** What is left of a string that began: `path` names, or its end. */
  rest: "" | "names" | "string";
}

const own = {
  magic: Tag.define(),
  option: Tag.define(),
  call: Tag.define(),
  transform: Tag.define(),
  rule: Tag.define(),
  dataset: Tag.define(),
  variable: Tag.define(),
  names: Tag.define(),
  constant: Tag.define(),
};

/** The keys of a whole pipe or system: a text that has them is no rules by name. */
const CONFIGURATION = new Set(["_id", "type", "name", "description", "comment", "source", "transform", "sink", "pump", "metadata", "rules"]);
const STRING = /^"(?:[^"\\\n]|\\.)*"?/;
/** What the datasets of hops are called: `p.name`. */
const ALIAS = /^[A-Za-z]\w*\.[\w:-]+$/;
const VARIABLE = /^"(_S|_T|_P|_R|_B|_)(?=[."])/;

/** Reads one line after another; which words are calls is known by the vocabulary. */
export function tokens(vocabulary: Vocabulary): StreamParser<Tokens> {
  const functions = new Set(vocabulary.functions);
  const transforms = new Set(vocabulary.transforms);

  const begun = (state: Tokens): Container | undefined => {
    const top = state.stack.at(-1);
    if (top === undefined) return undefined;
    if (top.closes === "]") top.count += 1;
    else top.awaitsValue = false;
    return top;
  };

  const text = (state: Tokens, word: string): string => {
    const top = state.stack.at(-1);
    const inner = word.replace(/^"|"$/g, "");
    if (top?.closes === "}" && !top.awaitsValue) {
      top.name = inner;
      const isRule = state.stack.length === 1 ? !CONFIGURATION.has(inner) : state.stack.at(-2)?.name === "rules";
      return isRule ? "rule" : "propertyName";
    }
    begun(state);
    if (top?.closes === "]") {
      if (top.count === 1) {
        top.name = inner;
        if (transforms.has(inner) && !(functions.has(inner) && isValue(state))) return "transform";
        if (functions.has(inner)) return "call";
        top.name = "";
      } else if (top.count === 2 && (top.name === "apply" || top.name === "apply-hops")) {
        return "rule";
      }
      if (state.stack.at(-2)?.closes === "}" && /^(datasets?|dataset-ids)$/.test(state.stack.at(-2)!.name)) return "dataset";
    }
    if (ALIAS.test(inner) && state.stack.some(({ name }) => name === "hops" || name === "apply-hops")) return "names";
    if (/^\$(ENV|SECRET)\(|^\{\{|^~[a-z:]/.test(inner)) return "constant";
    return "string";
  };

  return {
    name: "dtl",
    startState: () => ({ stack: [], inComment: false, rest: "" }),
    copyState: (state) => ({ ...state, stack: state.stack.map((one) => ({ ...one })) }),
    languageData: { commentTokens: { line: "//", block: { open: "/*", close: "*/" } }, closeBrackets: { brackets: ["[", "{", '"'] } },
    tokenTable: {
      magic: own.magic,
      option: own.option,
      call: own.call,
      transform: own.transform,
      rule: own.rule,
      dataset: own.dataset,
      dtlVariable: own.variable,
      names: own.names,
      constant: own.constant,
    },
    indent: (state, after, context) => Math.max(0, state.stack.length - (/^\s*[\]}]/.test(after) ? 1 : 0)) * context.unit,
    token(stream, state) {
      if (state.inComment) {
        if (stream.skipTo("*/")) {
          stream.match("*/");
          state.inComment = false;
        } else stream.skipToEnd();
        return "comment";
      }
      if (state.rest) {
        const kind = state.rest;
        state.rest = "";
        stream.match(/^(?:[^"\\\n]|\\.)*"?/);
        return kind;
      }
      if (stream.eatSpace()) return null;
      if (stream.match("//") || stream.match("#")) {
        stream.skipToEnd();
        return "comment";
      }
      if (stream.match("/*")) {
        state.inComment = true;
        return "comment";
      }
      const top = state.stack.at(-1);
      const isKey = top?.closes === "}" && !top.awaitsValue;
      if (!isKey && stream.match(VARIABLE)) {
        begun(state);
        state.rest = "names";
        return "dtlVariable";
      }
      const word = stream.match(STRING);
      if (word) return text(state, (word as RegExpMatchArray)[0]);
      if (stream.match(/^-?\d[\d.eE+-]*/)) {
        begun(state);
        return "number";
      }
      if (stream.match(/^[A-Za-z]\w*/)) {
        begun(state);
        return /^(true|false|null)$/.test(stream.current()) ? "atom" : "invalid";
      }
      const char = stream.next();
      if (char === "[" || char === "{") {
        begun(state);
        state.stack.push({ closes: char === "[" ? "]" : "}", count: 0, awaitsValue: false, name: "" });
        return "bracket";
      }
      if (char === "]" || char === "}") {
        if (top?.closes === char) state.stack.pop();
        return "bracket";
      }
      if (char === ":" && top) top.awaitsValue = true;
      if (char === "," && top?.closes === "}") top.awaitsValue = false;
      return "punctuation";
    },
  };
}

/** Does a list stand where a value is wanted: an argument of a call, or the value of a key? */
function isValue(state: Tokens): boolean {
  const outer = state.stack.at(-2);
  return outer !== undefined && outer.closes === "]" && outer.name !== "" && !["if", "case", "case-eq"].includes(outer.name);
}

/** Colours by class; which colour a class has is told by the style sheet, light and dark. */
const classes = HighlightStyle.define([
  { tag: own.magic, class: "dtl-magic" },
  { tag: own.option, class: "dtl-option" },
  { tag: own.call, class: "dtl-call" },
  { tag: own.transform, class: "dtl-transform" },
  { tag: own.rule, class: "dtl-rule" },
  { tag: own.dataset, class: "dtl-dataset" },
  { tag: own.variable, class: "dtl-variable" },
  { tag: own.names, class: "dtl-names" },
  { tag: own.constant, class: "dtl-constant" },
  { tag: tags.propertyName, class: "dtl-key" },
  { tag: tags.string, class: "dtl-string" },
  { tag: tags.number, class: "dtl-number" },
  { tag: tags.atom, class: "dtl-atom" },
  { tag: tags.comment, class: "dtl-comment" },
  { tag: tags.invalid, class: "dtl-invalid" },
]);

/** The range that folds at a line: what its last open bracket encloses, where that ends on another line. */
export function foldable(state: EditorState, lineStart: number, lineEnd: number): { from: number; to: number } | null {
  const line = state.sliceDoc(lineStart, lineEnd);
  const open = lastOpen(line);
  if (open < 0) return null;
  const close = matching(state.sliceDoc(lineStart + open));
  if (close < 0 || lineStart + open + close <= lineEnd) return null;
  return { from: lineStart + open + 1, to: lineStart + open + close };
}

/** Where the outermost bracket of a line stands that the line does not close, or -1. */
function lastOpen(line: string): number {
  const open: number[] = [];
  walk(line, (char, at) => {
    if (char === "[" || char === "{") open.push(at);
    else open.pop();
    return false;
  });
  return open[0] ?? -1;
}

/** Where the bracket closes that a text begins with, or -1. */
function matching(text: string): number {
  let depth = 0;
  return walk(text, (char) => {
    depth += char === "[" || char === "{" ? 1 : -1;
    return depth === 0;
  });
}

/** Calls `found` for each bracket outside of text and comments, until it says yes; where that was, or -1. */
function walk(text: string, found: (char: string, at: number) => boolean): number {
  const parts = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|[[\]{}]/g;
  for (let match = parts.exec(text); match; match = parts.exec(text)) {
    if (match[0].length === 1 && "[]{}".includes(match[0]) && found(match[0], match.index)) return match.index;
  }
  return -1;
}

/** The whole language: tokens, colours, folding. */
export function dtl(vocabulary: Vocabulary): Extension {
  return [StreamLanguage.define(tokens(vocabulary)), syntaxHighlighting(classes), foldService.of(foldable)];
}

interface CellTokens {
  /** The line of the magic is not yet seen, is read, or is behind. */
  at: "before" | "line" | "behind";
  rules: Tokens;
}

/** The rules of a cell, with the line of the magic before them; a text without one is rules alone. */
export function cellTokens(vocabulary: Vocabulary): StreamParser<CellTokens> {
  const rules = tokens(vocabulary);
  const started = (unit: number) => rules.startState!(unit);
  return {
    ...rules,
    startState: (unit) => ({ at: "before", rules: started(unit) }),
    copyState: ({ at, rules: held }) => ({ at, rules: rules.copyState!(held) }),
    indent: ({ at, rules: held }, after, context) => (at === "behind" ? rules.indent!(held, after, context) : 0),
    blankLine: (state) => {
      if (state.at === "line") state.at = "behind";
    },
    token(stream, state) {
      if (stream.sol() && state.at === "line") state.at = "behind";
      if (state.at === "before") {
        if (stream.eatSpace()) return null;
        state.at = "behind";
        if (stream.match(/^%%dtl\b/)) {
          state.at = "line";
          return "magic";
        }
      }
      if (state.at === "behind") return rules.token(stream, state.rules);
      if (stream.eatSpace()) return null;
      if (stream.match(/^-[\w-]*/)) return "option";
      if (stream.match(/^<</)) return "punctuation";
      stream.match(/^(?:'[^']*'?|"[^"]*"?|[^\s'"]+)/);
      return "string";
    },
  };
}

/** The language of editors that hold a cell or a file, and what belongs to it. */
export function cellLanguage(vocabulary: Vocabulary): { language: StreamLanguage<unknown>; extension: Extension } {
  const language = StreamLanguage.define(cellTokens(vocabulary)) as StreamLanguage<unknown>;
  return { language, extension: [language, syntaxHighlighting(classes), foldService.of(foldable)] };
}
