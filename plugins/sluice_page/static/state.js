// How a dataset stands: a word, a sign and a colour, never the colour alone.

import { h, svg } from "./dom.js";

const paths = {
  green: "M5 12l5 5 9-10",
  failed: "M6 6l12 12M18 6L6 18",
  late: "M12 4a8 8 0 1 0 .1 0M12 8v5l3 2",
  waiting: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 18v.5",
  never: "M6 12h12",
  unknown: "M7 7l10 10M12 4a8 8 0 1 0 .1 0",
};

/** The states, the one that wants a person most first. */
export const STATES = ["failed", "late", "waiting", "unknown", "never", "green"];

/** The state of a sink of the overview. */
export function stateOf(sink, now = Date.now()) {
  const [status] = sink.runs.status;
  if (status === undefined) return sink.lost ? "unknown" : "never";
  if (status === "failed") return "failed";
  if (status === "skipped" && sink.runs.question?.[0] === "asked") return "waiting";
  return sink.due && Date.parse(sink.due) < now ? "late" : "green";
}

/** A state, to be shown. */
export const badge = (state) => h(`span.badge.${state}`, {}, sign(state), state);

const STATE_OF_RUN = { success: "green", failed: "failed", skipped: "never", running: "waiting", queued: "waiting" };

/** How a run ended, to be shown. */
export function runBadge(status) {
  const state = STATE_OF_RUN[status] ?? "never";
  return h(`span.badge.${state}`, {}, sign(state), status);
}

function sign(state) {
  return svg("svg.sign", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: paths[state] }));
}
