/** The list of plugins, nothing else. */

import { commandsPlugin } from "./plugins/commands";
import { dtlPlugin } from "./plugins/dtl";
import { dtlHelpPlugin } from "./plugins/dtl_help";
import { editorsPlugin } from "./plugins/editors";
import { livePlugin } from "./plugins/live";
import { nodePlugin } from "./plugins/node";
import { noticesPlugin } from "./plugins/notices";
import { panelPlugin } from "./plugins/panel";
import { statusPlugin } from "./plugins/status";
import { viewsPlugin } from "./plugins/views";

export default [nodePlugin, viewsPlugin, commandsPlugin, panelPlugin, statusPlugin, noticesPlugin, editorsPlugin, dtlPlugin, dtlHelpPlugin, livePlugin];
