// What needs a person: approvals that wait in Airflow, and what the pipelines have found themselves.

import * as api from "./api.js";
import { addressOf, airflowPage } from "./address.js";
import { age, foreign, h } from "./dom.js";
import { sentence } from "./sentence.js";

/** Approvals that wait for an answer, with the viewer's rights; or why they are not known. */
export async function approvals() {
  try {
    const path = "dags/~/dagRuns/~/hitlDetails?state=deferred&response_received=false&order_by=ti_id";
    return { waiting: await api.airflowList(path, "hitl_details"), trouble: null };
  } catch (error) {
    return { waiting: [], trouble: sentence(error, "To see approvals that wait") };
  }
}

/** Where each kind of item is dealt with: words, and an address. */
const WAYS = {
  dead_letters: (item) => ["the DAG and its runbook", airflowPage("dags", item.dag_id)],
  missed_hours: (item) => ["backfill them", airflowPage("dags", item.dag_id, "backfills")],
  failed_files: (item) => ["its runs", airflowPage("dags", item.dag_id, "runs")],
  quarantine_grows: (item) => ["its quality", addressOf("quality", { dag: item.dag_id, sink: item.sink })],
  question: () => ["Required Actions", airflowPage("required_actions")],
};

/** The list of what needs a person, or the word that nothing does. Approvals are null while they are not known. */
export function attention(items, asked, broken) {
  const { waiting, trouble } = asked ?? { waiting: [], trouble: "Airflow is asked for approvals that wait…" };
  const rows = [
    ...waiting.map(approval),
    ...items.filter((item) => item.kind !== "question" || !waiting.length).map(found),
  ];
  const words = rows.length ? `Needs a person: ${rows.length}` : "Nothing needs a person";
  return h("section.attention", { "aria-labelledby": "needs" },
    h("h2", { id: "needs" }, asked ? words : "Needs a person"),
    trouble ? h("p.soft", {}, trouble) : null,
    broken,
    rows.length ? h("ul", {}, rows) : null);
}

function approval(detail) {
  const { dag_id: dag, dag_run_id: run, dag_display_name: name } = detail.task_instance;
  return row("approval", detail.subject, detail.created_at, "answer it", airflowPage("dags", dag, "runs", run, "required_actions"), name ?? dag);
}

function found(item) {
  const [words, href] = (WAYS[item.kind] ?? WAYS.dead_letters)(item);
  return row(item.kind.replaceAll("_", " "), item.words, item.since, words, href, item.sink ?? item.dag_id);
}

function row(kind, words, since, way, href, of) {
  return h("li", {}, h("span.kind", {}, kind), h("span.words", {}, foreign(words), " ", h("span.soft", {}, foreign(of), since ? [", since ", age(since)] : "")),
    h("a", { href }, way, h("span.unseen", {}, " of ", foreign(of))));
}
