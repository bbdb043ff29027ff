// CSV for spreadsheets and programs, by RFC 4180: https://www.rfc-editor.org/rfc/rfc4180
//
// It begins with a byte-order mark: without one Excel reads UTF-8 as the machine's own encoding.
// pandas, DuckDB and Sluice's own reader skip it.

const MARK = "\ufeff";
// https://owasp.org/www-community/attacks/CSV_Injection
const FORMULA = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * A cell. Text that a spreadsheet would take for a formula gets an apostrophe before it; a number
 * stays a number.
 * @param {string|number|null} value null is an empty cell
 */
export function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A file's text: a header and rows of cells. */
export function toCsv(header, rows) {
  return MARK + [header, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A name that every file system takes, from names of data. */
export function fileName(words, ending) {
  const plain = words.join(" ").normalize("NFKD").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  return `${plain.slice(0, 100) || "data"}.${ending}`;
}
