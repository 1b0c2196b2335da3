/** Quick fixes: what a hint proposes, as a change of the text. */

import { plain, type Translate } from "../words";

export interface Fix {
  label: string;
  from: number;
  to: number;
  insert: string;
}

const MEANT = /did you mean "((?:[^"\\]|\\.)*)"/;
const WRONG = /"((?:[^"\\]|\\.)*)"/g;

/** The fix of a problem whose hint says what was probably meant; null where none is sure. */
export function fixOf(text: string, problem: { from: number; to: number; message: string; hint?: string }, t: Translate = plain): Fix | null {
  const meant = MEANT.exec(problem.hint ?? "")?.[1];
  if (meant === undefined) return null;
  const written = text.slice(problem.from, problem.to);
  // The wrong word is one of those that the message quotes; the last one that stands in the text.
  const words = [...problem.message.matchAll(WRONG)].map((match) => match[1]!).reverse();
  for (const word of words) {
    const at = written.lastIndexOf(word);
    if (word !== "" && at >= 0 && isWhole(written, at, at + word.length)) {
      const from = problem.from + at;
      return { label: t('Change to "{meant}"', { meant }), from, to: from + word.length, insert: meant };
    }
  }
  return null;
}

function isWhole(text: string, from: number, to: number): boolean {
  const isWord = (char: string | undefined) => char !== undefined && /[\w-]/.test(char);
  return !isWord(text[from - 1]) && !isWord(text[to]);
}
