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

/** The address of a page of Airflow, for links. */
export const airflowUrl = (path) => new URL(path, `${location.origin}/`).href;

/** Opens an address in the whole window, not in the frame. */
export function open(href) {
  click({ href });
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
    const dark = outside === window
      ? localStorage.getItem("theme") === "dark" || (localStorage.getItem("theme") !== "light"
        && matchMedia("(prefers-color-scheme: dark)").matches)
      : root.classList.contains("dark");
    document.documentElement.classList.toggle("dark", dark);
    changed();
  };
  if (outside !== window) {
    new MutationObserver(apply).observe(root, { attributes: true, attributeFilter: ["class"] });
  }
  addEventListener("storage", apply);
  apply();
}
