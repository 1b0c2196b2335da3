/** What every view of the page has at hand: the way to the node, and the node as it is now. */

import { createContext, useContext } from "react";

import type { NodeWay } from "../node_host/node";
import type { Draft, Drafted } from "../node_host/draft";
import type { LiveNode } from "./live";

export interface Page {
  node: NodeWay;
  live: LiveNode;
  /** What is written stays while one looks elsewhere: by what it is about. */
  drafts: Map<string, { drafted: Drafted; draft: Draft }>;
}

const Context = createContext<Page | null>(null);

export const PageProvider = Context.Provider;

export function usePage(): Page {
  const page = useContext(Context);
  if (page === null) throw new Error("a view of the page outside of it");
  return page;
}
