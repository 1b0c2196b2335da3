/** The commands: of the context menus, the palette and the launcher. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, InputDialog } from "@jupyterlab/apputils";
import { PathExt } from "@jupyterlab/coreutils";
import { IDefaultFileBrowser } from "@jupyterlab/filebrowser";
import { ILauncher } from "@jupyterlab/launcher";
import type { CommandRegistry } from "@lumino/commands";

import { canStart, type PipeState } from "../../../frontend/src/live/states";
import { kindWord } from "../../../frontend/src/flow/graph";
import { Actions, type Kind, type Target } from "../actions";
import { sesamIcon } from "../icons";
import { ISesamNode, ISesamViews } from "../tokens";

const CATEGORY = "Sesam";
const KINDS: readonly Kind[] = ["pipe", "dataset", "system"];
const ARGS = {
  type: "object",
  properties: { kind: { type: "string", enum: [...KINDS] }, name: { type: "string" }, ask: { type: "boolean" } },
} as const;

interface Command {
  label: string;
  /** What it is for; one of these is asked for in the palette. */
  kinds: readonly Kind[];
  /** The states of a pipe that it makes sense in; all where it is absent. */
  states?: (state: PipeState) => boolean;
  execute(target: Target): unknown;
}

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: "sesam-interactive:commands",
  description: "What is done with pipes, datasets and systems.",
  autoStart: true,
  requires: [ISesamNode, ISesamViews],
  optional: [ICommandPalette, ILauncher, IDefaultFileBrowser],
  activate: (app, sesam: ISesamNode, views: ISesamViews, palette: ICommandPalette | null, launcher: ILauncher | null, browser: IDefaultFileBrowser | null) => {
    const { t, model, server } = sesam;
    const actions = new Actions(sesam);
    const targets = new Targets(app, sesam);

    const notebook = async ({ kind, name }: Target) => {
      await actions.told(async () => {
        const folder = browser?.model.path ?? "";
        const { path } = await server.ask<{ path: string }>("notebook", "POST", { kind, name, folder: PathExt.removeSlash(folder.replace(/^.*:/, "")) });
        await app.commands.execute("docmanager:open", { path });
      });
    };
    const duplicate = async ({ name }: Target) => {
      const copy = await actions.duplicate(name);
      if (copy) views.open({ view: "editor", name: copy });
    };
    const addFolder = async () => {
      const name = await actions.addFolder();
      if (name) views.open({ view: "offers", name });
    };
    const output = (name: string) => model.shown.things.pipes[name]?.output ?? null;
    const open = ({ kind, name }: Target) => views.open({ view: kind === "pipe" ? "status" : kind === "dataset" ? "grid" : "offers", name });
    const idle = (state: PipeState) => state !== "running" && state !== "invalid";
    const all: Record<string, Command> = {
      "sesam:open": { label: t("Open"), kinds: KINDS, execute: open },
      "sesam:run": { label: t("Run"), kinds: ["pipe"], states: canStart, execute: ({ name }) => actions.run(name) },
      "sesam:stop": { label: t("Stop"), kinds: ["pipe"], states: (state) => state === "running", execute: ({ name }) => actions.stop(name) },
      "sesam:full-run": { label: t("Full run…"), kinds: ["pipe"], states: canStart, execute: ({ name }) => actions.fullRun(name) },
      "sesam:reset": { label: t("Reset…"), kinds: ["pipe"], states: idle, execute: ({ name }) => actions.reset(name) },
      "sesam:enable": { label: t("Enable"), kinds: ["pipe"], states: (state) => state === "disabled", execute: ({ name }) => actions.enable(name) },
      "sesam:disable": { label: t("Disable"), kinds: ["pipe"], states: (state) => state !== "disabled" && state !== "invalid", execute: ({ name }) => actions.disable(name) },
      "sesam:log": { label: t("Runs and log"), kinds: ["pipe"], execute: ({ name }) => views.open({ view: "status", name }) },
      "sesam:preview": { label: t("Preview"), kinds: ["pipe"], states: (state) => state !== "invalid", execute: ({ name }) => views.open({ view: "preview", name }) },
      "sesam:edit": { label: t("Edit rules"), kinds: ["pipe"], execute: ({ name }) => views.open({ view: "editor", name }) },
      "sesam:debug": {
        label: t("Debug…"),
        kinds: ["pipe"],
        states: (state) => state !== "invalid",
        // One entity of each way through its rules.
        execute: ({ name }) => views.open({ view: "debug", name, about: JSON.stringify({ pipe: name, samples: true }) }),
      },
      "sesam:browse": {
        label: t("Browse entities"),
        kinds: ["pipe", "dataset"],
        execute: ({ kind, name }) => {
          const dataset = kind === "dataset" ? name : output(name);
          if (dataset !== null) views.open({ view: "grid", name: dataset });
        },
      },
      "sesam:offers": { label: t("Browse what it offers"), kinds: ["system"], execute: ({ name }) => views.open({ view: "offers", name }) },
      "sesam:notebook": { label: t("Open in notebook"), kinds: ["pipe", "dataset"], execute: notebook },
      "sesam:duplicate": { label: t("Duplicate…"), kinds: ["pipe"], execute: duplicate },
      "sesam:delete": { label: t("Delete…"), kinds: KINDS, execute: (target) => actions.delete(target) },
    };
    for (const [id, command] of Object.entries(all)) {
      app.commands.addCommand(id, {
        label: (args) => (args["ask"] ? `${command.label} (${command.kinds.map((kind) => kindWord(kind, t)).join(", ")})` : command.label),
        describedBy: { args: ARGS },
        isVisible: (args) => args["ask"] === true || targets.fits(targets.of(args), command),
        execute: async (args) => {
          const target = args["ask"] ? await targets.ask(command) : targets.of(args);
          if (target !== null) await command.execute(target);
        },
      });
      palette?.addItem({ command: id, category: CATEGORY, args: { ask: true } });
    }
    app.commands.addCommand("sesam:run-or-stop", {
      label: t("Run or stop a pipe"),
      describedBy: { args: ARGS },
      isVisible: () => false,
      execute: ({ name }) => actions.runOrStop(String(name)),
    });
    const others: Record<string, CommandRegistry.ICommandOptions> = {
      "sesam:flow": { label: t("Flow of pipes"), caption: t("The pipes as a graph: what feeds what, what waits, what fails"), icon: sesamIcon, execute: () => views.open({ view: "flow", name: "" }) },
      "sesam:add-folder": { label: t("Add a folder of files…"), isEnabled: () => model.shown.node?.running === true, execute: addFolder },
      "sesam:panel": { label: t("Show the panel of the node"), execute: () => app.shell.activateById("sesam-interactive-panel") },
      "sesam:start-node": { label: t("Start the node"), isEnabled: () => !model.shown.node?.running, execute: () => actions.told(() => model.operate("start")) },
      "sesam:stop-node": { label: t("Stop the node"), isEnabled: () => model.shown.node?.managed === true && model.shown.node.running, execute: () => actions.told(() => model.operate("stop")) },
      "sesam:connect": { label: t("Connect to another node…"), isEnabled: () => (model.shown.node?.profiles.length ?? 0) > 0, execute: () => connect(sesam, actions) },
    };
    for (const [id, options] of Object.entries(others)) {
      app.commands.addCommand(id, { describedBy: { args: { type: "object", properties: {} } }, ...options });
      palette?.addItem({ command: id, category: CATEGORY });
    }
    launcher?.add({ command: "sesam:flow", category: CATEGORY, rank: 1 });
  },
};

async function connect({ model, t }: ISesamNode, actions: Actions): Promise<void> {
  const own = t("the workbench's own");
  const items = [own, ...(model.shown.node?.profiles ?? [])];
  const { button, value } = await InputDialog.getItem({ title: t("Which node?"), items, okLabel: t("Connect") });
  if (button.accept && value !== null) await actions.told(() => model.operate("connect", value === own ? null : value));
}

/** What a command is about: what it was told, or the row that the menu was opened on. */
class Targets {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly sesam: ISesamNode,
  ) {}

  of(args: Readonly<Record<string, unknown>>): Target | null {
    if (typeof args["name"] === "string") return { kind: KINDS.find((kind) => kind === args["kind"]) ?? "pipe", name: args["name"] };
    const row = this.app.contextMenuHitTest((element) => element.dataset["sesamKind"] !== undefined);
    const kind = KINDS.find((one) => one === row?.dataset["sesamKind"]);
    return row && kind ? { kind, name: row.dataset["sesamName"] ?? "" } : null;
  }

  fits(target: Target | null, { kinds, states }: Command): boolean {
    if (target === null || !kinds.includes(target.kind)) return false;
    const pipe = target.kind === "pipe" ? this.sesam.model.shown.things.pipes[target.name] : undefined;
    return pipe === undefined || states === undefined || states(pipe.runtime.status);
  }

  /** Let one be chosen among those that fit. */
  async ask(command: Command): Promise<Target | null> {
    const { model, t } = this.sesam;
    const found: Target[] = command.kinds
      .flatMap((kind) => Object.keys(model.shown.things[`${kind}s`]).map((name) => ({ kind, name })))
      .filter((target) => this.fits(target, command));
    const labels = found.map(({ kind, name }) => (command.kinds.length > 1 ? `${name} (${kindWord(kind, t)})` : name));
    const { button, value } = await InputDialog.getItem({ title: command.label, items: labels, okLabel: t("OK"), editable: false });
    return button.accept && value !== null ? (found[labels.indexOf(value)] ?? null) : null;
  }
}
