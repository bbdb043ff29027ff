// Addresses: of the page's views, and of Airflow's own pages. Names that they are made from are
// encoded, so that no name of a file, a run or a column leads anywhere else.

/** The address of a view: its name, and what it needs to know; empty values are left out. */
export function addressOf(view, values = {}) {
  const told = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `#${view}?${new URLSearchParams(told)}`;
}

/** Where a row is asked after: its sink, and as much of its key as is known. */
export const traceAddress = (dag, sink, key = {}) => addressOf("trace", { dag, sink, key: JSON.stringify(key) });

/** The view that the browser's address names, and what it is to know. */
export function here() {
  const [view, words] = location.hash.slice(1).split("?");
  return { view, asked: new URLSearchParams(words ?? "") };
}

/** Notes in the address how a view is set, without a step in the browser's history. */
export const note = (view, values) => history.replaceState(history.state, "", addressOf(view, values));

// The page is at sluice/ below Airflow, wherever that is.
const AIRFLOW = new URL("../", document.baseURI);
const join = (parts) => parts.map(encodeURIComponent).join("/");

/** A page of Airflow: airflowPage("dags", dag, "runs", run). */
export const airflowPage = (...parts) => new URL(join(parts), AIRFLOW).href;

/** Whether an address is a page of Airflow's, which opens in the whole window. */
export const isAirflows = (href) => href.startsWith(AIRFLOW.href) && !href.startsWith(new URL(".", document.baseURI).href);

export const runPage = (dag, run) => airflowPage("dags", dag, "runs", run);
export const logPage = (dag, run, task, index = -1) => index < 0
  ? airflowPage("dags", dag, "runs", run, "tasks", task)
  : airflowPage("dags", dag, "runs", run, "tasks", task, "mapped", index);
