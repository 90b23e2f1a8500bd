// Numbers and times as the console writes them: times in UTC, amounts with three significant digits.

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const FRACTION = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `12,345`, `0.123`; `–` for no number. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return Number.isInteger(value) || Math.abs(value) >= 1000 ? WHOLE.format(value) : FRACTION.format(value);
}

/** `12.3K`. */
export const short = (value) => (Math.abs(value) >= 1000 ? SHORT.format(value) : FRACTION.format(value));

/** `12.3 MB`. */
export function bytes(value) {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${FRACTION.format(Number((value / 1000 ** power).toPrecision(3)))} ${UNITS[power]}`;
}

/** `2026-11-30 10:15`, in UTC; with seconds when asked for. */
export function moment(seconds, withSeconds = false) {
  if (!seconds) return "–";
  return new Date(seconds * 1000).toISOString().slice(0, withSeconds ? 19 : 16).replace("T", " ");
}

/** `1 host`, `12,345 hosts`. */
export const counted = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** `10:15`, in UTC. */
export const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);
