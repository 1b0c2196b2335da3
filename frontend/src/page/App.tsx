/** The frame of the page: where one can go, how the node is, and the view that the address names. */

import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";

import { isBad } from "../live/states";
import { NodeApi } from "../node_host/node";
import { useT } from "../words";
import { PageProvider } from "./context";
import { LiveNode, useLive } from "./live";
import { hrefOf, type Route, routeOf } from "./routes";
import { Overview } from "./views/Overview";
import { PipesView } from "./views/Pipes";
import { DatasetsView, SystemsView } from "./views/Lists";

// What most visits do not need comes when it is asked for.
const PipeView = lazy(() => import("./views/Pipe").then((module) => ({ default: module.PipeView })));
const DatasetView = lazy(() => import("./views/Dataset").then((module) => ({ default: module.DatasetView })));
const SystemView = lazy(() => import("./views/System").then((module) => ({ default: module.SystemView })));
const FlowView = lazy(() => import("./views/Flow").then((module) => ({ default: module.FlowView })));
const TryView = lazy(() => import("./views/Try").then((module) => ({ default: module.TryView })));

interface Props {
  base: URL;
  token: string;
  /** Back to the form, with what the node says of the token. */
  leave(reason: string): void;
}

export function App({ base, token, leave }: Props) {
  const t = useT();
  const page = useMemo(() => {
    const node = new NodeApi(base, token, leave);
    return { node, live: new LiveNode(node), drafts: new Map() };
  }, []);
  useEffect(() => () => page.live.end(), []);
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const began = useRef(route);
  const title = titleOf(route, t);
  useEffect(() => {
    document.title = title === "" ? t("Sesam node") : t("{title} · Sesam node", { title });
    // Who cannot see the page hears where it went.
    if (began.current !== route) main.current?.focus();
  }, [route]);
  return (
    <PageProvider value={page}>
      <div className="sesam sesam-page">
        <a className="sesam-skip" href="#main" onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}>{t("Skip to the content")}</a>
        <Head live={page.live} route={route} leave={() => leave("")} host={base.host} />
        <main id="main" ref={main} tabIndex={-1} aria-label={title || t("Overview")}>
          <Suspense fallback={<div className="sesam-empty">…</div>}>
            <View route={route} />
          </Suspense>
        </main>
      </div>
    </PageProvider>
  );
}

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const turned = () => setHash(location.hash);
    addEventListener("hashchange", turned);
    return () => removeEventListener("hashchange", turned);
  }, []);
  return useMemo(() => routeOf(hash), [hash]);
}

function titleOf(route: Route, t: ReturnType<typeof useT>): string {
  switch (route.view) {
    case "overview":
      return "";
    case "pipes":
      return t("Pipes");
    case "datasets":
      return t("Datasets");
    case "systems":
      return t("Systems");
    case "flow":
      return t("Flow");
    case "try":
      return t("Try DTL");
    case "unknown":
      return t("Nothing here");
    default:
      return route.name;
  }
}

function View({ route }: { route: Route }): ReactNode {
  const t = useT();
  switch (route.view) {
    case "overview":
      return <Overview />;
    case "pipes":
      return <PipesView />;
    case "datasets":
      return <DatasetsView />;
    case "systems":
      return <SystemsView />;
    case "pipe":
      return <PipeView key={route.name} name={route.name} tab={route.tab} />;
    case "dataset":
      return <DatasetView key={route.name} name={route.name} />;
    case "system":
      return <SystemView key={route.name} name={route.name} />;
    case "flow":
      return <FlowView />;
    case "try":
      return <TryView kind={route.kind} name={route.name} />;
    default:
      return (
        <div className="sesam-empty">
          {t("There is nothing at this address.")} <a href={hrefOf()}>{t("To the overview")}</a>
        </div>
      );
  }
}

/** How many pipes need a look; the words are left to who hears them where there is little room. */
function Bad({ count }: { count: number }) {
  const t = useT();
  return (
    <span className="sesam-count-bad">
      <span aria-hidden="true">{count.toLocaleString("en")}</span>
      <span className="sesam-words">{t(count === 1 ? "{n} needs a look" : "{n} need a look", { n: count })}</span>
    </span>
  );
}

function Head({ live, route, leave, host }: { live: LiveNode; route: Route; leave(): void; host: string }) {
  const t = useT();
  const { things, live: isLive, failure } = useLive(live);
  const states = Object.values(things.pipes).map(({ runtime }) => runtime.status);
  const bad = states.filter(isBad).length;
  const links: [string, string, string[]][] = [
    [t("Overview"), hrefOf(), ["overview"]],
    [t("Pipes"), hrefOf("pipes"), ["pipes", "pipe"]],
    [t("Datasets"), hrefOf("datasets"), ["datasets", "dataset"]],
    [t("Systems"), hrefOf("systems"), ["systems", "system"]],
    [t("Flow"), hrefOf("flow"), ["flow"]],
    [t("Try DTL"), hrefOf("try"), ["try"]],
  ];
  return (
    <header className="sesam-page-head">
      <a className="sesam-brand" href={hrefOf()} title={host}>
        <span className={`sesam-dot is-${isLive ? "ok" : "running"}`} aria-hidden="true" />
        {host}
      </a>
      <nav aria-label={t("views")}>
        {links.map(([label, href, views]) => (
          <a key={href} href={href} aria-current={views.includes(route.view) ? "page" : undefined}>
            {label}
            {views[0] === "pipes" && bad > 0 && <Bad count={bad} />}
          </a>
        ))}
      </nav>
      <span className="sesam-page-state sesam-dim" role="status">
        {failure || (isLive ? "" : t("connecting …"))}
      </span>
      <button className="sesam-button" onClick={leave}>{t("Log out")}</button>
    </header>
  );
}
