// What the page asks for: summaries of Sluice, and Airflow's REST API with the viewer's own rights.

/** The version of the summaries that this page can show. */
const VERSION = 1;

/** The server has an answer, and it is no. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** There is no server, or no way to it. */
export class Unreachable extends Error {}

/** What the server has is not what this page can show. */
export class Unreadable extends Error {}

// What the view that is shown was told, by address: so it is known whether there is news.
const told = new Map();

const ask = async (url, options) => read(await answerOf(url, options));

async function answerOf(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    throw new Unreachable("Airflow cannot be reached from this browser");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, detailOf(text) ?? `the server answered ${answer.status}`);
  return text;
}

function detailOf(text) {
  try {
    const { detail } = JSON.parse(text);
    return typeof detail === "string" ? detail : null;
  } catch {
    return null;
  }
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable("What the server has is no JSON");
  }
}

async function summaryAt(url) {
  const text = await answerOf(url);
  told.set(url, text);
  const body = read(text);
  if (body?.version !== VERSION) {
    throw new Unreadable(`It is of version ${body?.version ?? "none"}, and this page shows version ${VERSION}`);
  }
  return body;
}

/** Forgets what the view before was told. */
export const forget = () => told.clear();

/** Whether what the view shows is no longer what the server says. */
export async function hasNews() {
  const before = [...told];
  const now = await Promise.all(before.map(([url]) => answerOf(url)));
  return now.some((text, index) => text !== before[index][1]);
}

const query = (values) => new URLSearchParams(values).toString();
const ofDag = (dag, what) => `api/dags/${encodeURIComponent(dag)}/${what}`;

export const overview = () => summaryAt("api/overview");
export const summary = (dag, sink) => summaryAt(ofDag(dag, `summary?${query({ sink })}`));
export const chart = (dag, sink) => summaryAt(ofDag(dag, `chart?${query({ sink })}`));
export const values = (dag, sink) => ask(ofDag(dag, `values?${query({ sink })}`));
export const trace = (dag, run) => summaryAt(ofDag(dag, `traces/${encodeURIComponent(run)}`));

/** One of Airflow's own resources: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html */
const airflow = (path, options) => ask(`../api/v2/${path}`, options);

/** All of a list that Airflow answers in pages. */
export async function airflowList(path, name, most = 1000) {
  const found = [];
  let total = 1;
  while (found.length < Math.min(total, most)) {
    const page = await airflow(`${path}${path.includes("?") ? "&" : "?"}${query({ limit: 100, offset: found.length })}`);
    if (page[name].length === 0) break;
    found.push(...page[name]);
    total = page.total_entries;
  }
  return found;
}

/** When a run last told of a sink, as Airflow has it in the events of assets; null where none did. */
export async function lastEventOf(sink) {
  // Postgres has no text with this character, so Airflow knows no such asset, and fails if asked.
  if (sink.includes("\0")) return null;
  const { assets } = await airflow(`assets?${query({ name_pattern: sink, limit: 100 })}`);
  return assets.find((asset) => asset.name === sink)?.last_asset_event?.timestamp ?? null;
}

/** The state of a run: queued, running, success or failed. */
export const runOf = (dag, run) => airflow(`dags/${encodeURIComponent(dag)}/dagRuns/${encodeURIComponent(run)}`);

/** Starts a run of a DAG with its form's values. */
export const trigger = (dag, conf) => airflow(`dags/${encodeURIComponent(dag)}/dagRuns`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ conf, logical_date: null }),
});
