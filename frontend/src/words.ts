/** The words that people see: written in English where they are used, said in the reader's language.
 *
 * A component asks `const t = useT()` and says `t("{n} pipes", { n })`; what makes sentences outside of components
 * is given `t`. The text is a literal inside of `t(…)`, so that it can be found (`words.test.ts` does); a plural is
 * two of them: `t(n === 1 ? "{n} pipe" : "{n} pipes", { n })`. Without a translator around it the text stays as it is.
 */

import { createContext, useContext } from "react";

/** A text with its values put in: `t("{n} wait", { n: 3 })`. Numbers get separators; a text stays as it is. */
export type Translate = (text: string, values?: Record<string, string | number>) => string;

export const plain: Translate = (text, values = {}) =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString("en") : value;
  });

const Words = createContext<Translate>(plain);

/** What is within is said by `value`: `<WordsProvider value={t}>`. */
export const WordsProvider = Words.Provider;

export function useT(): Translate {
  return useContext(Words);
}
