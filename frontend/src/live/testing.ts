/** What tests of views begin with: a pump that has run, and rests. */

import type { Runtime } from "./things";

export const RESTING: Runtime = {
  status: "ok",
  "is-running": false,
  "is-disabled": false,
  "is-valid-config": true,
  "circuit-breaker-tripped": false,
  "disabled-comment": null,
  success: true,
  "last-run": null,
  "next-run": null,
  progress: { processed: 0 },
  queues: { source: null, dependencies: {} },
  retries: 0,
  "waiting-for": [],
  "supported-operations": ["start"],
  message: "",
};
