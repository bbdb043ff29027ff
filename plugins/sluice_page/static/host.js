// Airflow around the page. Airflow shows the page in a frame that may neither open links of Airflow
// nor save files; what is done through the frame's parent may, and the parent is of the same origin.

function parentWindow() {
  try {
    return window.parent.document ? window.parent : window;
  } catch {
    return window;
  }
}

const outside = parentWindow();

/** Opens an address in the whole window, not in the frame; or in a tab of its own. */
export function open(href, { tab = false } = {}) {
  click(tab ? { href, target: "_blank", rel: "noopener" } : { href });
}

/** Saves a file on the viewer's disk. */
export function save(blob, name) {
  const href = outside.URL.createObjectURL(blob);
  click({ href, download: name });
  setTimeout(() => outside.URL.revokeObjectURL(href), 10_000);
}

function click(traits) {
  const link = Object.assign(outside.document.createElement("a"), traits);
  link.click();
}

/** Has the page follow Airflow's colours, now and when the viewer changes them. */
export function followTheme(changed) {
  const root = outside.document.documentElement;
  const apply = () => {
    const dark = outside === window ? chosenTheme() === "dark" : root.classList.contains("dark");
    if (document.documentElement.classList.toggle("dark", dark) !== shown) changed();
    shown = dark;
  };
  let shown = null;
  if (outside !== window) {
    new MutationObserver(apply).observe(root, { attributes: true, attributeFilter: ["class"] });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  addEventListener("storage", apply);
  apply();
}

function chosenTheme() {
  const chosen = localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Calls when the viewer chooses another time zone in Airflow. */
export function followZone(changed) {
  addEventListener("storage", (event) => { if (event.key === "timezone") changed(); });
}
