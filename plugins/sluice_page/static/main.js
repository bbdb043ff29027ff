// The frame of all views: which one is shown, the way to the others, and how they stay up to date.

import * as api from "./api.js";
import { addressOf, here, isAirflows } from "./address.js";
import { button, foreign, h, link } from "./dom.js";
import { ago, moment, number, utc } from "./format.js";
import { followTheme, followZone, open } from "./host.js";
import { showDataset } from "./dataset.js";
import { showOverview } from "./overview.js";
import { showQuality } from "./quality.js";
import { sentence } from "./sentence.js";
import { showTrace } from "./trace.js";
import { instead, oldness } from "./trouble.js";
import { loadLibrary } from "./uplot.js";

// Of one dataset: these are its tabs. A view that is kept is not drawn anew while it is shown.
const TABS = {
  dataset: { show: showDataset, words: "Data" },
  quality: { show: showQuality, words: "Quality" },
  trace: { show: showTrace, words: "Where does it come from?", kept: true },
};
const OVERVIEW = { show: showOverview, clocked: true };
const EACH_MS = 60_000;
const SOON_MS = 5000; // after a look that found no server, or a view that was still drawn

const view = document.getElementById("view");
const dag = new URLSearchParams(location.search).get("dag_id");
let turn = 0;
let retry = 0;
let seenAt = Date.now();

/** Shows the view that the address names, anew. */
async function show({ moved = false } = {}) {
  const mine = ++turn;
  const { view: name, asked } = here();
  view.setAttribute("aria-busy", "true");
  api.forget();
  let shown;
  let old = null;
  // The event that another view is wanted comes after the address has changed.
  const isLeft = () => mine !== turn || TABS[here().view] !== TABS[name];
  // Draws a part of a view where nothing is shown yet, and gives its nodes; else null.
  const meanwhile = (make) => {
    if (isLeft() || view.querySelector("h1")) return null;
    const nodes = make();
    draw(nodes);
    return nodes;
  };
  try {
    const place = TABS[name] ?? OVERVIEW;
    const oldWords = TABS[name] ? oldness(asked.get("dag"), asked.get("sink"), again) : null;
    [shown, old] = await Promise.all([place.show({ asked, dag, again, meanwhile, isLeft }), oldWords]);
  } catch (error) {
    shown = instead(error, { dag: asked.get("dag") ?? dag, again });
  }
  if (isLeft() || shown === null) return;
  const [heading, ...rest] = shown.filter(Boolean);
  draw([heading, TABS[name] ? tabs(name, asked) : null, old, ...rest].filter(Boolean));
  trail(TABS[name] ? heading.textContent : null);
  view.removeAttribute("aria-busy");
  document.title = `${heading.textContent} – Sluice`;
  seenAt = Date.now();
  saySeen();
  if (moved) arrive();
}

const again = () => show();

function arrive() {
  scrollTo(0, 0);
  view.focus({ preventScroll: true });
}

// What has the focus, how far things are scrolled and what is unfolded stays so.
function draw(nodes) {
  const { id } = document.activeElement ?? {};
  const cursor = document.activeElement?.selectionStart;
  const scrolled = new Map([...view.querySelectorAll(".scroll")].map((each) => [each.getAttribute("aria-label"), each.scrollLeft]));
  put(nodes);
  for (const each of view.querySelectorAll(".scroll")) {
    const left = scrolled.get(each.getAttribute("aria-label"));
    if (left) each.scrollLeft = left;
  }
  const focused = id && id !== "view" ? document.getElementById(id) : null;
  if (!focused || focused === document.activeElement) return;
  focused.focus({ preventScroll: true });
  if (typeof cursor === "number") focused.setSelectionRange?.(cursor, cursor);
}

// What is there already stays in its place: a long table is not laid out again.
function put(nodes) {
  nodes.forEach((node, index) => {
    const there = view.childNodes[index];
    if (!there) view.append(node);
    else if (there !== node) there.replaceWith(node);
  });
  while (view.childNodes.length > nodes.length) view.lastChild.remove();
}

// The way back; the overview itself needs none.
function trail(words) {
  const all = dag ? addressOf("overview", { all: "1" }) : addressOf("overview");
  const steps = words ? [h("li", {}, link(all, dag ? foreign(dag) : "Overview")), h("li", { "aria-current": "page" }, foreign(words, 80))] : [];
  document.getElementById("trail").replaceChildren(steps.length ? h("ol", {}, steps) : "");
}

function tabs(current, asked) {
  const values = { dag: asked.get("dag"), sink: asked.get("sink") };
  return h("nav.tabs", { "aria-label": "Views of this dataset" }, Object.entries(TABS).map(([name, { words }]) =>
    h("a", { href: addressOf(name, values), id: `tab-${name}`, "aria-current": name === current ? "page" : null }, words)));
}

async function refresh() {
  clearTimeout(retry);
  if (view.getAttribute("aria-busy")) {
    retry = setTimeout(refresh, SOON_MS);
    return;
  }
  if (document.hidden || document.querySelector("dialog[open]")) return;
  const place = TABS[here().view] ?? OVERVIEW;
  try {
    const news = await api.hasNews();
    connected(null);
    if (place.clocked || (news && !place.kept)) await show();
    seenAt = Date.now();
  } catch (error) {
    connected(sentence(error));
    retry = setTimeout(refresh, SOON_MS);
  }
  saySeen();
}

// What is shown stays, with a word that it may be old.
function connected(trouble) {
  const place = document.getElementById("connection");
  place.replaceChildren(trouble ? h("p.notice.bad", {}, `${trouble} What is shown is of ${moment(new Date(seenAt).toISOString())}.`) : "");
}

function saySeen() {
  const iso = new Date(seenAt).toISOString();
  document.getElementById("seen").replaceChildren(h("time", { datetime: iso, title: utc(iso) }, `as of ${moment(iso).slice(-5)}`));
  for (const each of view.querySelectorAll("[data-age]")) each.textContent = ago(each.getAttribute("datetime"));
}

function follow(event) {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || event.defaultPrevented || event.button > 1 || !isAirflows(anchor.href)) return;
  event.preventDefault();
  open(anchor.href, { tab: event.ctrlKey || event.metaKey || event.shiftKey || event.button === 1 });
}

document.getElementById("reload").append(button("Reload", () => show(), { id: "reload-now" }));
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); arrive(); });
addEventListener("click", follow);
addEventListener("auxclick", follow);
addEventListener("hashchange", () => show({ moved: true }));
addEventListener("offline", () => connected("There is no network."));
addEventListener("online", refresh);
addEventListener("visibilitychange", () => { if (Date.now() - seenAt > EACH_MS) refresh(); });
setInterval(refresh, EACH_MS);
followTheme(() => {});
followZone(again);
// The library comes once something is painted: who goes on to a chart does not wait. Who lacks it hears of it there.
const first = show();
number(0); // while the server is asked
first.then(() => requestAnimationFrame(() => setTimeout(() => loadLibrary().catch(() => {}))));
