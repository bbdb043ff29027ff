// Elements from data: what comes from a file or a person is text, never markup.

/**
 * Makes an element.
 * @param {string} tag name of the element, with classes after dots: "p.note"
 * @param {object} traits attributes; a function is a listener: { click: () => … }
 * @param {...(Node|string|number|null|Array)} children null is left out
 */
export function h(tag, traits = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  element.classList.add(...classes);
  for (const [trait, value] of Object.entries(traits)) {
    if (typeof value === "function") element.addEventListener(trait, value);
    else if (value === true) element.setAttribute(trait, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(trait, value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined).map(node));
  return element;
}

const node = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

/** Text of unknown origin: its direction stays its own, and it is cut to a length. */
export function foreign(text, most = 300) {
  const whole = String(text ?? "");
  const shown = whole.length > most ? `${whole.slice(0, most)}…` : whole;
  return h("bdi", { title: whole.length > most ? whole.slice(0, 2000) : null }, shown);
}

/** A table with a caption. Columns: { title, cell(row), number } */
export function table(caption, columns, rows) {
  const heads = columns.map((column) => h("th", { scope: "col", class: column.number ? "number" : null }, column.title));
  const cells = (row) => columns.map((column, index) => index === 0
    ? h("th", { scope: "row" }, column.cell(row))
    : h("td", { class: column.number ? "number" : null }, column.cell(row)));
  return h("div.scroll", { tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads)),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells(row))))));
}
