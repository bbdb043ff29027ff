// Runs that the page starts, and what becomes of them. Their news stand above all views, and stay
// there when the view changes.

import * as api from "./api.js";
import { logPage, runPage } from "./address.js";
import { button, h, link } from "./dom.js";
import { open } from "./host.js";
import { runBadge } from "./state.js";
import { sentence } from "./sentence.js";

const SOON_MS = 1500;
const LATER_MS = 5000;
const PATIENCE_MS = 30 * 60_000;
const QUEUED_LONG_MS = 30_000;
const ENDED = new Set(["success", "failed"]);

const wait = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

/**
 * Starts a run and follows it to its end; what happens is told above the view.
 * @returns {Promise<{run_id: string, state: string}|null>} null where no run was started
 */
export async function start(dag, conf, doing) {
  const item = news();
  item.say(null, doing, "asking Airflow…");
  let run;
  try {
    run = (await api.trigger(dag, conf)).dag_run_id;
  } catch (error) {
    item.say("failed", doing, refusal(error, dag));
    return null;
  }
  return { run_id: run, state: await follow(dag, run, doing, item) };
}

function refusal(error, dag) {
  if (error instanceof api.Refused && error.status === 404) return `there is no DAG ${dag} here. It comes with the pipelines: have them deployed.`;
  return sentence(error, `To start runs of ${dag}`);
}

/** Follows a run to its end: success, failed, or unknown where that takes too long. */
export async function follow(dag, run, doing, item = news()) {
  const since = Date.now();
  let state = "queued";
  while (Date.now() - since < PATIENCE_MS) {
    try {
      ({ state } = await api.runOf(dag, run));
      const stuck = state === "queued" && Date.now() - since > QUEUED_LONG_MS;
      item.say(state, doing, stuck ? "the run still waits: is its DAG paused?" : null, link(runPage(dag, run), "the run"));
    } catch (error) {
      if (!(error instanceof api.Unreachable)) {
        item.say("failed", doing, sentence(error, `To see runs of ${dag}`));
        return "unknown";
      }
      item.say(null, doing, sentence(error));
    }
    if (ENDED.has(state)) {
      if (state === "failed") item.say(state, doing, "the run failed:", logLink(dag, run, "its log"));
      return state;
    }
    await wait(Date.now() - since < 60_000 ? SOON_MS : LATER_MS);
  }
  item.say(null, doing, "the run still goes on; this page looks no longer", link(runPage(dag, run), "the run"));
  return "unknown";
}

/** A link to the log that tells of a run. Which task has it is known to Airflow alone, and asked on a click. */
export function logLink(dag, run, words, traits = {}) {
  const follow = async (event) => {
    event.preventDefault();
    open(await logOf(dag, run).catch(() => runPage(dag, run)), { tab: event.ctrlKey || event.metaKey });
  };
  return h("a", { href: runPage(dag, run), click: follow, ...traits }, words);
}

const LAST = ["announce", "apply"];

// The log of the task that failed, or else of the last one.
async function logOf(dag, run) {
  const path = `dags/${encodeURIComponent(dag)}/dagRuns/${encodeURIComponent(run)}/taskInstances`;
  const tasks = await api.airflowList(path, "task_instances");
  const task = tasks.find((each) => each.state === "failed") ?? tasks.find((each) => LAST.includes(each.task_id)) ?? tasks.at(-1);
  return task ? logPage(dag, run, task.task_id, task.map_index) : runPage(dag, run);
}

// One piece of news: a row above the view, which the viewer may put away.
function news() {
  const words = h("span", {});
  const row = h("div.notice.row", {}, words);
  row.append(button("Put away", () => row.remove()));
  document.getElementById("news").append(row);
  let shown = "";
  return {
    say(state, doing, detail, ...more) {
      const now = [state, doing, detail, ...more.map((each) => each.href)].join();
      if (now === shown) return;
      shown = now;
      row.classList.toggle("bad", state === "failed");
      words.replaceChildren(...[state ? runBadge(state) : null, ` ${doing}`, detail ? `: ${detail}` : "", ...more.flatMap((each) => [" ", each])].filter((each) => each !== null));
    },
  };
}
