/** The token that the person brought: kept for this tab only, and nowhere that is written to a disk on purpose. */

const KEY = "sesam-token";

/** The token of a link, `…/#token=X`, which is taken out of the address at once; else the one of this tab. */
export function takeToken(location: Location, history: History, kept: Storage): string | null {
  const { hash } = location;
  if (hash.startsWith("#token=")) {
    history.replaceState(null, "", `${location.pathname}${location.search}#/`);
    const found = tidied(hash);
    if (isToken(found)) kept.setItem(KEY, found);
  }
  return kept.getItem(KEY);
}

/** May it stand in a header? Else it is no token, and is not sent. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

export function keepToken(token: string, kept: Storage): void {
  kept.setItem(KEY, token);
}

export function forgetToken(kept: Storage): void {
  kept.removeItem(KEY);
}

/** A token as it is pasted: with "Bearer", quotes or line breaks around it, or a whole link. */
export function tidied(text: string): string {
  const link = /#token=([^&\s]*)/.exec(text);
  if (link) return decoded(link[1]!);
  return text.replaceAll(/\s+/g, " ").trim().replace(/^bearer /i, "").replace(/^["']|["']$/g, "").replaceAll(" ", "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
