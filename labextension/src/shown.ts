/** What a component shows of the node: drawn again where that has changed. */

import { useSyncExternalStore } from "react";

import type { Shown } from "../../frontend/src/components/NodePanel";
import type { ISesamNode } from "./tokens";

export function useShown<Part>({ model }: ISesamNode, part: (shown: Shown) => Part): Part {
  return useSyncExternalStore(
    (heard) => {
      model.changed.connect(heard);
      return () => void model.changed.disconnect(heard);
    },
    () => part(model.shown),
  );
}
