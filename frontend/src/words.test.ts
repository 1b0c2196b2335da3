/// <reference types="vite/client" />
/** Every word that is shown goes through a translator: no view has words of its own beside it. */

import { transformSync } from "esbuild";
import { describe, expect, test } from "vitest";
import { parseAst } from "vitest/node";

import { plain } from "./words";

const VIEWS = import.meta.glob<string>(["./components/*.{ts,tsx}", "./page/**/*.tsx", "../../labextension/src/**/*.tsx"], {
  query: "?raw",
  import: "default",
  eager: true,
});
/** Modules without JSX that make sentences. */
const SENTENCES = import.meta.glob<string>(["./dtl/{beside,fixes}.ts", "./flow/{graph,sizes}.ts", "./live/rows.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Attributes that people see or hear, also of components of ours. */
const SAID = new Set(["aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "title", "placeholder", "alt", "label", "hint", "note"]);
/** Attributes that are for machines. */
const UNSAID = new Set(["className", "style", "d", "transform", "key", "id", "type", "role", "viewBox"]);
/** What these are given, and what stands in these elements, is code. */
const SELECTS = /^(matches|closest|querySelector(All)?|matchMedia)$/;
const CODE = new Set(["code", "pre", "kbd"]);
const LETTER = /\p{L}/u;
const WORDS = /\p{L}{2,}[.,:;]? \p{L}/u;
/** What the language itself is made of is the same in all languages: `_S`, `_T.name`, and so are examples of it. */
const DTL = /^\s*(_\w+(\.\w+)*,?\s*)*$/;
/** Names with a space, which are compared and not shown. */
const NAMES = new Set(["not run"]);

interface Node {
  type: string;
  [name: string]: unknown;
}

/** The texts of a module that are shown and pass no translator. */
function bare(source: string): string[] {
  const { code } = transformSync(source, { loader: "tsx", jsx: "preserve", charset: "utf8" });
  const found: string[] = [];
  const say = (text: string) => {
    if (LETTER.test(text) && !DTL.test(text) && !NAMES.has(text)) found.push(text.trim());
  };
  const visit = (node: Node): void => {
    switch (node.type) {
      case "ImportDeclaration":
        return;
      case "CallExpression":
        if (nameOf(node["callee"] as Node) === "t") {
          const [text, ...values] = node["arguments"] as Node[];
          if (!text || !isLiteral(text)) found.push(`t(${text?.type}): a literal is wanted, so that it can be found`);
          values.forEach(visit);
          return;
        }
        if (SELECTS.test(nameOf(node["callee"] as Node))) return;
        break;
      case "Property":
        // Of plugins: JupyterLab shows it as it is.
        if (nameOf(node["key"] as Node) === "description") return;
        break;
      case "VariableDeclarator":
        if ((node["id"] as Node)["name"] === "EXAMPLE") return;
        break;
      case "JSXText":
        return say(node["value"] as string);
      case "JSXAttribute": {
        const name = (node["name"] as Node)["name"] as string;
        const value = node["value"] as Node | null;
        if (value === null || UNSAID.has(name)) return;
        if (SAID.has(name)) texts(value.type === "JSXExpressionContainer" ? (value["expression"] as Node) : value).forEach(say);
        return value.type === "Literal" ? undefined : visit(value);
      }
      case "JSXElement":
      case "JSXFragment":
        if (CODE.has(elementOf(node))) return visit(node["openingElement"] as Node);
        for (const child of node["children"] as Node[]) {
          if (child.type === "JSXExpressionContainer") texts(child["expression"] as Node).forEach(say);
        }
        break;
      case "Literal":
        if (typeof node["value"] === "string" && WORDS.test(node["value"])) say(node["value"]);
        return;
      case "TemplateElement": {
        const { cooked } = node["value"] as { cooked: string };
        if (WORDS.test(cooked)) say(cooked);
        return;
      }
    }
    for (const part of Object.values(node)) {
      for (const one of Array.isArray(part) ? part : [part]) {
        if (one !== null && typeof one === "object" && "type" in one) visit(one as Node);
      }
    }
  };
  visit(parseAst(code, { jsx: true }) as unknown as Node);
  return [...new Set(found)];
}

/** `t` of `t` and of `sesam.t`; "" where it is no name. */
function nameOf(node: Node): string {
  return node.type === "MemberExpression" ? nameOf(node["property"] as Node) : node.type === "Identifier" ? (node["name"] as string) : "";
}

function elementOf(node: Node): string {
  return node.type === "JSXElement" ? (((node["openingElement"] as Node)["name"] as Node)["name"] as string) : "";
}

/** A text, or a choice among texts: two of them are a plural. */
function isLiteral(node: Node): boolean {
  if (node.type === "ConditionalExpression") return isLiteral(node["consequent"] as Node) && isLiteral(node["alternate"] as Node);
  return node.type === "Literal" || (node.type === "TemplateLiteral" && (node["expressions"] as Node[]).length === 0);
}

/** The texts that an expression may give. */
function texts(node: Node): string[] {
  const of = (...names: string[]) => names.flatMap((name) => texts(node[name] as Node));
  switch (node.type) {
    case "Literal":
      return typeof node["value"] === "string" ? [node["value"]] : [];
    case "TemplateLiteral":
      return [...(node["quasis"] as { value: { cooked: string } }[]).map(({ value }) => value.cooked), ...(node["expressions"] as Node[]).flatMap(texts)];
    case "ConditionalExpression":
      return of("consequent", "alternate");
    case "LogicalExpression":
      return of("left", "right");
    case "BinaryExpression":
      return node["operator"] === "+" ? of("left", "right") : [];
    default:
      return [];
  }
}

test.each(Object.entries({ ...VIEWS, ...SENTENCES }))("%s says nothing past the translator", (_, source) => {
  expect(bare(source)).toEqual([]);
});

describe("what is found", () => {
  test.each([
    ["<p>some text</p>", ["some text"]],
    ["<p>{open ? 'fold' : 'unfold'}</p>", ["fold", "unfold"]],
    ["<p>{`${n} rows`}</p>", ["rows"]],
    ["<button title='close' />", ["close"]],
    ["<input aria-label={`find ${name}`} />", ["find"]],
    ["<b onClick={() => setFailure('it went wrong')} />", ["it went wrong"]],
    ["t(word)", ["t(Identifier): a literal is wanted, so that it can be found"]],
    ["<p title={t('a title')}>_S {t(n === 1 ? '{n} row' : '{n} rows', { n })} · {name}: {n}</p>", []],
    ["<p className='sesam dim is-new' role={'tab'} />", []],
  ])("%s", (source, expected) => {
    expect(bare(source)).toEqual(expected);
  });
});

test("values are put in, numbers with separators", () => {
  expect(plain("{n} of {all} in {name}", { n: 1234, all: "1234", name: "orders" })).toBe("1,234 of 1234 in orders");
  expect(plain("{unknown} stays")).toBe("{unknown} stays");
});
