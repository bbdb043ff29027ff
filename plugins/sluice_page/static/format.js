// Numbers and moments, as people read them.

// Made when it is wanted first, which is while the server is asked: the first one takes long.
let whole = null;

export function number(value) {
  if (value === null || value === undefined) return "";
  whole ??= new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  return whole.format(value);
}

export const title = (name) => name.replaceAll("_", " ");

/** 1 row, 2 rows. */
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

// Making a format takes a millisecond, and a view has thousands of moments.
let clock = { chosen: undefined };

/** How moments are written in the time zone that the viewer has chosen in Airflow; else the browser's. */
function clockNow() {
  const chosen = localStorage.getItem("timezone");
  if (chosen !== clock.chosen) clock = { chosen, format: formatIn(chosen) };
  return clock.format;
}

function formatIn(chosen) {
  const traits = { dateStyle: "short", timeStyle: "short" };
  try {
    return new Intl.DateTimeFormat("sv-SE", { ...traits, timeZone: JSON.parse(chosen) ?? undefined });
  } catch {
    return new Intl.DateTimeFormat("sv-SE", traits);
  }
}

const isMoment = (iso) => iso.length > 10 && !Number.isNaN(Date.parse(iso));

/** 2026-11-27 10:45, in the viewer's time zone; dates stay as they are. */
export function moment(iso) {
  if (!iso) return "";
  return isMoment(iso) ? clockNow().format(new Date(iso)) : iso;
}

/** 2026-11-27 10:45:03 UTC; dates stay as they are. */
export function utc(iso) {
  if (!iso) return "";
  return isMoment(iso) ? `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC` : iso;
}

/** A span of time in its greatest unit: 3 h. */
export function span(milliseconds) {
  const minutes = Math.round(Math.abs(milliseconds) / 60_000);
  if (minutes < 1) return "under a minute";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h`;
  return `${Math.round(minutes / 1440)} days`;
}

/** How long ago a moment was, or how far ahead it is: 3 h ago, in 2 days. */
export function ago(iso, now = Date.now()) {
  const past = now - Date.parse(iso);
  if (Number.isNaN(past)) return "";
  if (Math.abs(past) < 30_000) return "just now";
  return past > 0 ? `${span(past)} ago` : `in ${span(past)}`;
}
