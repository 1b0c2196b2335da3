/** Which view an address names: what stands behind the `#`, each part a name. */

export const PIPE_TABS = ["runs", "preview", "rules", "configuration"] as const;
export type PipeTab = (typeof PIPE_TABS)[number];

export type Route =
  | { view: "overview" | "pipes" | "datasets" | "systems" | "flow" }
  | { view: "pipe"; name: string; tab: PipeTab }
  | { view: "dataset"; name: string }
  | { view: "system"; name: string }
  | { view: "try"; kind: "pipe" | "dataset" | ""; name: string }
  | { view: "unknown" };

export function routeOf(hash: string): Route {
  const [view = "", name = "", third = ""] = hash.replace(/^#?\/?/, "").split("/").map(decoded);
  if (view === "") return { view: "overview" };
  if (view === "flow" || (name === "" && (view === "pipes" || view === "datasets" || view === "systems"))) return { view };
  if (view === "pipes") return { view: "pipe", name, tab: PIPE_TABS.find((tab) => tab === third) ?? "runs" };
  if (view === "datasets") return { view: "dataset", name };
  if (view === "systems") return { view: "system", name };
  if (view === "try") return { view, kind: name === "pipe" || name === "dataset" ? name : "", name: third };
  return { view: "unknown" };
}

/** The address of a view: `hrefOf("pipes", "orders")`. */
export function hrefOf(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
