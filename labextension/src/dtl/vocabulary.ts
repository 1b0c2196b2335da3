/** The names of the language, as the node has them: asked for once they are wanted, and the node runs. */

import type { Vocabulary } from "../../../frontend/src/dtl/language";
import type { ISesamNode } from "../tokens";

interface Known {
  name: string;
  kind: string;
}

/** Nothing is known before a node has told: a text is JSON with comments then. */
export const UNKNOWN: Vocabulary = { functions: [], transforms: [] };

/** Gives what says that they are wanted; then `told` is called when the node runs, and again where another one is shown. */
export function followVocabulary({ server, model }: ISesamNode, told: (vocabulary: Vocabulary) => void): () => void {
  let isWanted = false;
  let heard = "";
  const look = async () => {
    const { node, live } = model.shown;
    const of = node && live ? node.url : "";
    if (!isWanted || !of || of === heard) return;
    heard = of;
    try {
      const known = await server.node<Known[]>("dtl/functions");
      const names = (isTransform: boolean) => known.filter(({ kind }) => (kind === "transform") === isTransform).map(({ name }) => name);
      told({ functions: names(false), transforms: names(true) });
    } catch {
      // The next event of the node asks again.
      heard = "";
    }
  };
  model.changed.connect(() => void look());
  return () => {
    if (isWanted) return;
    isWanted = true;
    void look();
  };
}
