// What the page asks for: summaries of Sluice, and Airflow's REST API with the viewer's own rights.

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const detail = typeof body.detail === "string" ? body.detail : `the server answered ${answer.status}`;
    throw new Refused(answer.status, detail);
  }
  return body;
}

const query = (values) => new URLSearchParams(values).toString();

export const overview = () => ask("api/overview");
export const summary = (dag, sink) => ask(`api/dags/${encodeURIComponent(dag)}/summary?${query({ sink })}`);
export const chart = (dag, sink) => ask(`api/dags/${encodeURIComponent(dag)}/chart?${query({ sink })}`);
export const values = (dag, sink) => ask(`api/dags/${encodeURIComponent(dag)}/values?${query({ sink })}`);

/** One of Airflow's own resources: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html */
export const airflow = (path, options) => ask(`/api/v2/${path}`, options);

/** Starts a run of a DAG with its form's values. */
export const trigger = (dag, conf) => airflow(`dags/${encodeURIComponent(dag)}/dagRuns`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ conf, logical_date: null }),
});
