// What is wrong, and what to do about it, in words: never a blank page.

import { Refused, Unreachable, Unreadable, lastEventOf, summary } from "./api.js";
import { airflowPage } from "./address.js";
import { button, foreign, h, link, time } from "./dom.js";
import { start } from "./runs.js";
import { sentence } from "./sentence.js";

/** What is shown in place of a view. */
export function instead(error, { dag, again }) {
  return [
    h("h1", {}, headline(error)),
    h("div.notice.bad", { role: "alert" },
      h("p", {}, foreign(advice(error, dag))),
      h("p.row", {}, button("Try again", again, { id: "again" }), mends(error) ? summarise(again) : null,
        dag ? link(airflowPage("dags", dag), "The DAG ", foreign(dag)) : null)),
  ];
}

function headline(error) {
  if (error instanceof Unreachable) return "No connection";
  if (!(error instanceof Refused) || error.status === 502) return "The summary cannot be read";
  if (error.status === 403) return "You may not see this";
  return error.status === 404 ? "No summary yet" : "The server refuses";
}

function advice(error, dag) {
  if (error instanceof Refused && error.status === 404) return `${error.message}. Each run of the DAG leaves one, too.`;
  if (error instanceof Refused || error instanceof Unreachable) return sentence(error, `To see data of the DAG ${dag ?? ""}`);
  const reason = error instanceof Unreadable ? error.message : `It lacks what this page expects (${error.message})`;
  return `${reason}. Have all summaries written anew from the warehouse; if that does not help, this page and the pipelines are of different versions.`;
}

const mends = (error) => (error instanceof Refused ? [404, 502].includes(error.status) : !(error instanceof Unreachable));

/** A button that has all summaries written anew. */
export function summarise(then) {
  return button("Write all summaries anew", async () => {
    const run = await start("summarise", {}, "Summaries are written anew");
    if (run?.state === "success") then();
  }, { id: "summarise" });
}

// A run tells of its sink some seconds after it has left the summary.
const LATER_MS = 10 * 60_000;

/** Whether a run told of a sink so long after its summary was written that it should have written one. */
export const isOld = (written, told) => Boolean(told) && Date.parse(told) - Date.parse(written) > LATER_MS;

/** A word that what is shown of a sink is old, where a newer run has left no summary; or null. */
export async function oldness(dag, sink, again) {
  try {
    const [{ written_at: written }, told] = await Promise.all([summary(dag, sink), lastEventOf(sink)]);
    if (!isOld(written, told)) return null;
    return h("div.notice.row", { role: "note" }, h("span", {}, "This is of ", time(written), ": a newer run has left no summary."), summarise(again));
  } catch {
    return null; // what is wrong, the view says
  }
}
