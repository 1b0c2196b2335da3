/** The views of the main area: the components of the notebook's widgets, with the server behind them. */

import { ReactWidget } from "@jupyterlab/ui-components";
import type { Message } from "@lumino/messaging";
import { lazy, type ReactNode, Suspense, useMemo } from "react";

import { useAsked } from "../../frontend/src/asked";
import { messageOf } from "../../frontend/src/host";
import { useT, WordsProvider } from "../../frontend/src/words";
import { ServerHost } from "./host";
import { sesamIcon } from "./icons";
import { useShown } from "./shown";
import type { ISesamNode } from "./tokens";

export const VIEWS = ["grid", "flow", "editor", "status", "preview", "offers", "debug"] as const;
export type View = (typeof VIEWS)[number];

// The views are large, and not every visit needs them: JupyterLab starts with the panel alone.
const EntityGrid = lazy(() => import("../../frontend/src/components/EntityGrid").then((module) => ({ default: module.EntityGrid })));
const FlowGraph = lazy(() => import("../../frontend/src/components/FlowGraph").then((module) => ({ default: module.FlowGraph })));
const PipeLog = lazy(() => import("../../frontend/src/components/PipeLooks").then((module) => ({ default: module.PipeLog })));
const PipePreview = lazy(() => import("../../frontend/src/components/PipeLooks").then((module) => ({ default: module.PipePreview })));
const PipeStatus = lazy(() => import("../../frontend/src/components/PipeStatus").then((module) => ({ default: module.PipeStatus })));
const SystemOffers = lazy(() => import("../../frontend/src/components/SystemOffers").then((module) => ({ default: module.SystemOffers })));
const DtlEditor = lazy(() => import("../../frontend/src/components/DtlEditor").then((module) => ({ default: module.DtlEditor })));
const TraceView = lazy(() => import("../../frontend/src/components/TraceView").then((module) => ({ default: module.TraceView })));

/** Which kind of answers a view asks, and what it begins with. */
const KINDS: Record<View, string> = { grid: "grid", flow: "flow", editor: "draft", status: "pump", preview: "pump", offers: "system", debug: "debug" };

export interface Opened {
  view: View;
  name: string;
  /** Of a debugger what is recorded, as JSON: the server knows its form (`subjects.py`). */
  about?: string;
  /** Where it was opened from, if that is to have one view of a kind: the next takes its place. */
  from?: string;
}

/** Where a view is put; behind the others where nothing is said. */
export interface Place {
  mode?: "split-right" | "tab-before" | "tab-after";
  /** The id of the widget that it is beside. */
  ref?: string;
}

export class ViewWidget extends ReactWidget {
  constructor(
    readonly opened: Opened,
    private readonly sesam: ISesamNode,
    private readonly open: (opened: Opened) => void,
  ) {
    super();
    const { view, name } = opened;
    this.id = idOf(opened);
    this.addClass("sesam-view-widget");
    this.node.tabIndex = -1;
    this.title.label = view === "flow" ? sesam.t("Flow") : titleOf(view, name, sesam);
    this.title.caption = this.title.label;
    this.title.icon = sesamIcon;
    this.title.closable = true;
  }

  /** What is closed is gone: it is made anew where it is opened again. */
  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onActivateRequest(): void {
    if (!this.node.contains(document.activeElement)) this.node.focus();
  }

  protected override render() {
    return (
      <WordsProvider value={this.sesam.t}>
        <Shown opened={this.opened} sesam={this.sesam} open={this.open} />
      </WordsProvider>
    );
  }
}

export function idOf({ view, name, about, from }: Opened): string {
  return `sesam-${view}-${name}${from || about ? `-${hash(from ?? about!)}` : ""}`;
}

/** A short text that stands for a long one. */
function hash(text: string): string {
  let found = 0;
  for (let at = 0; at < text.length; at++) found = (Math.imul(found, 31) + text.charCodeAt(at)) | 0;
  return (found >>> 0).toString(36);
}

function titleOf(view: View, name: string, { t }: ISesamNode): string {
  const words: Record<View, string> = {
    grid: name,
    flow: name,
    editor: t("{name}: rules", { name }),
    status: t("{name}: runs", { name }),
    preview: t("{name}: preview", { name }),
    offers: t("{name}: offers", { name }),
    debug: t("{name}: debugger", { name }),
  };
  return words[view];
}

interface Props {
  opened: Opened;
  sesam: ISesamNode;
  open: (opened: Opened) => void;
}

/** The view of the node that is shown now; another node, another view. What is being written stays. */
function Shown({ opened, sesam, open }: Props) {
  const url = useShown(sesam, ({ node }) => node?.url ?? "");
  const known = opened.view === "editor" ? url !== "" : url;
  const host = useMemo(
    () => hostOf(opened, sesam, open),
    [known],
  );
  return (
    <div className="sesam sesam-main-view">
      {url === "" && opened.view !== "editor" ? (
        <div className="sesam-empty">{sesam.t("no node runs")}</div>
      ) : (
        <Suspense fallback={<div className="sesam-empty">…</div>}>
          <Body key={String(known)} opened={opened} sesam={sesam} open={open} host={host} />
        </Suspense>
      )}
    </div>
  );
}

function hostOf({ view, name, about }: Opened, { server }: ISesamNode, open: (opened: Opened) => void): ServerHost {
  const values = { name, moment: null, view: {}, height: 460, chosen: "", entity: "", debugger: true, live: true, breakpoints: [] };
  return new ServerHost(server, KINDS[view], about ?? name, values, {
    // The grid names a pipe and an entity of it, the editor has rules that are not deployed.
    debug: ({ pipe = name, entity_id, text }) => {
      const asked = { pipe, ids: [entity_id], ...(text === undefined ? {} : { text }) };
      open({ view: "debug", name: String(pipe), about: JSON.stringify(asked) });
    },
  });
}

function Body({ opened: { view, name }, sesam, open, host }: Props & { host: ServerHost }): ReactNode {
  switch (view) {
    case "grid":
      return <EntityGrid host={host} />;
    case "flow":
      return (
        <Asked ask={async () => host.set("data", await host.request("flow"))}>
          <FlowGraph host={host} />
        </Asked>
      );
    case "editor":
      return (
        <Asked
          ask={async () => {
            const begin = await host.request<Record<string, unknown>>("opened");
            for (const [key, value] of Object.entries(begin)) host.set(key, value);
          }}
        >
          <DtlEditor host={host} />
        </Asked>
      );
    case "status":
      return (
        <>
          <PipeStatus host={host} />
          <Log host={host} name={name} sesam={sesam} />
        </>
      );
    case "preview":
      return (
        <div className="sesam-preview-view">
          <PipePreview host={host} name={name} />
        </div>
      );
    case "debug":
      return <TraceView host={host} />;
    case "offers":
      return <SystemOffers host={host} open={(pipe) => open({ view: "status", name: pipe })} />;
  }
}

/** The log, which is asked for anew when a run has ended. */
function Log({ host, name, sesam }: { host: ServerHost; name: string; sesam: ISesamNode }) {
  const version = useShown(sesam, ({ things }) => {
    const runtime = things.pipes[name]?.runtime;
    return `${runtime?.["last-run"]} ${runtime?.["is-running"]}`;
  });
  return (
    <div className="sesam-log-view">
      <PipeLog host={host} name={name} version={version} />
    </div>
  );
}

/** What needs an answer before it can be shown. */
function Asked({ ask, children }: { ask(): Promise<void>; children: ReactNode }) {
  const t = useT();
  const { state, again } = useAsked(ask);
  if (state === "there") return children;
  if (state === "asking") return <div className="sesam-empty">{t("asking …")}</div>;
  return (
    <div className="sesam-box">
      <pre className="sesam-error" role="alert">{messageOf(state)}</pre>
      <div className="sesam-pad">
        <button onClick={again}>{t("Try again")}</button>
      </div>
    </div>
  );
}
