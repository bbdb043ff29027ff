// Numbers and moments, as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const number = (value) => (value === null || value === undefined ? "" : whole.format(value));
export const brief = (value) => (value === null || value === undefined ? "" : short.format(value));
export const title = (name) => name.replaceAll("_", " ");

/** 2026-11-27 10:45 UTC; dates stay as they are. */
export function moment(iso) {
  if (!iso) return "";
  return iso.length > 10 ? `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` : iso;
}

/** How long ago a moment was: 3 h ago. */
export function ago(iso, now = Date.now()) {
  const minutes = Math.round((now - Date.parse(iso)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1440)} days ago`;
}
