/** The state behind a grid: which rows are asked for, which are here, what went wrong, what is new. */

import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";

import type { Entity, Value } from "../entity/format";
import { HostError, messageOf, type Host } from "../host";
import { PAGE, Pages, type Page } from "./pages";

/** Which rows are asked for: as the node's `rows` takes it. */
export interface View {
  where: Value;
  text: string | null;
  order_by: string[];
  deleted: boolean;
}

export interface News {
  /** The offset of the newest version, null for an empty dataset. */
  last: number | null;
  generation: string;
}

export interface Grid {
  view: View;
  setView(view: View): void;
  /** How many rows there are; null while they are counted. */
  count: number | null;
  /** How many rows can be scrolled through at present. */
  rows: number;
  row(number: number): Entity | undefined;
  want(first: number, last: number): void;
  loading: boolean;
  error: string;
  gone: boolean;
  asOf: number | null;
  /** How many versions were written since; -1 where the dataset was made anew. */
  fresh: number;
  refresh(): void;
  checkNews(): Promise<void>;
}

export function useGrid(host: Host, begin: View): Grid {
  const [view, setView] = useState<View>(begin);
  const [round, setRound] = useState(0);
  const [count, setCount] = useState<number | null>(null);
  const [early, setEarly] = useState(0);
  const [error, setError] = useState("");
  const [gone, setGone] = useState(false);
  const [fresh, setFresh] = useState(0);
  const [, redraw] = useReducer((number: number) => number + 1, 0);
  const shownAs = useRef<{ asOf: number | null; generation: string } | null>(null);

  const refresh = useCallback(() => {
    shownAs.current = null;
    setFresh(0);
    setRound((number) => number + 1);
  }, []);

  const pages = useMemo(() => {
    const read = (start: number, as_of = shownAs.current?.asOf ?? null) =>
      host.request<Page>("page", { view, start, limit: PAGE, as_of });
    const changed = (page: Page) => {
      const before = shownAs.current;
      if (before !== null && before.asOf !== null && page.as_of !== before.asOf) return refresh();
      shownAs.current = { asOf: page.as_of, generation: page.generation };
      setCount(page.count);
      setError("");
      setGone(false);
      redraw();
    };
    const failed = (failure: Error) => {
      // Compaction has dropped what the table showed: what there is now is shown instead.
      const expired = failure instanceof HostError && failure.status === 410;
      if (expired && shownAs.current !== null) return refresh();
      setGone(failure instanceof HostError && failure.status === 404);
      setError(messageOf(failure));
      setCount((known) => known ?? 0);
    };
    return new Pages(read, changed, failed);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a round begins anew
  }, [host, view, round, refresh]);

  useEffect(() => {
    setCount(null);
    setEarly(0);
    setError("");
    pages.want(0, 1);
    const asks = view.where !== null || view.text !== null;
    let ended = false;
    if (asks && view.order_by.length === 0) {
      // The first that fulfil a condition are there long before all are counted.
      const asked = { view, limit: PAGE, as_of: shownAs.current?.asOf ?? null };
      host.request<Entity[]>("first", asked).then(
        (rows) => {
          if (ended || pages.row(0) !== undefined) return;
          pages.put(0, rows);
          setEarly(rows.length);
        },
        () => undefined, // what is wrong is told by the page
      );
    }
    return () => {
      ended = true;
      pages.close();
    };
  }, [host, pages, view]);

  const checkNews = useCallback(async () => {
    try {
      const news = await host.request<News>("news");
      const shown = shownAs.current;
      if (shown === null) return;
      if (host.get<string | null>("moment")) return;
      const anew = news.generation !== shown.generation;
      setFresh(anew ? -1 : (news.last ?? -1) - (shown.asOf ?? -1));
      setGone(false);
    } catch (failure) {
      setGone(failure instanceof HostError && failure.status === 404);
    }
  }, [host]);

  return {
    view,
    setView,
    count,
    rows: count ?? early,
    row: (number) => pages.row(number),
    want: (first, last) => pages.want(first, last),
    loading: count === null,
    error,
    gone,
    asOf: shownAs.current?.asOf ?? null,
    fresh,
    refresh,
    checkNews,
  };
}
