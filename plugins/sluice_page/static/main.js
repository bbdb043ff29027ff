// Which view is shown: the address after # says it, so that each view has a link of its own.

import { foreign, h } from "./dom.js";
import { followTheme } from "./host.js";
import { showDataset } from "./dataset.js";
import { showOverview } from "./overview.js";

const VIEWS = { dataset: showDataset, overview: showOverview };

/** The address of a view: view, and what it needs to know. */
export const addressOf = (view, values = {}) => `#${view}?${new URLSearchParams(values)}`;

async function show() {
  const [name, words] = location.hash.slice(1).split("?");
  const asked = new URLSearchParams(words ?? "");
  const dag = new URLSearchParams(location.search).get("dag_id");
  const view = document.getElementById("view");
  view.setAttribute("aria-busy", "true");
  try {
    const shown = await (VIEWS[name] ?? VIEWS.overview)({ asked, dag });
    view.replaceChildren(...shown);
    document.title = `${view.querySelector("h1")?.textContent ?? "Overview"} – Sluice`;
  } catch (error) {
    view.replaceChildren(h("h1", {}, "This cannot be shown"), h("p", { role: "alert" }, foreign(error.message)));
  }
  view.removeAttribute("aria-busy");
}

addEventListener("hashchange", () => show().then(() => document.getElementById("view").focus()));
followTheme(() => {});
show();
