// The time range and the refresh interval of a page, kept in its address: ?range=3h&refresh=10, or ?start=…&end=….

export const RANGES = { "15m": 900, "1h": 3600, "3h": 10_800, "6h": 21_600, "24h": 86_400, "7d": 604_800 };
export const REFRESHES = { 0: "off", 10: "10 s", 60: "60 s" };
const DEFAULT_RANGE = "6h";

/** The time range that the address asks for, in Unix seconds. A range ends now, for a replay at its newest record. */
export function spanOf(parameters, about) {
  const start = Number(parameters.get("start"));
  const end = Number(parameters.get("end"));
  if (Number.isInteger(start) && Number.isInteger(end) && start > 0 && end > start) return { start, end, range: "custom" };
  const range = Object.hasOwn(RANGES, parameters.get("range")) ? parameters.get("range") : DEFAULT_RANGE;
  const until = endOf(about);
  return { start: until - RANGES[range], end: until, range };
}

function endOf(about) {
  const now = Math.ceil(Date.now() / 60_000) * 60;
  return about.subject === "replayed" && about.newest ? Math.ceil((about.newest + 1) / 60) * 60 : now;
}

export function refreshOf(parameters) {
  const seconds = Number(parameters.get("refresh") ?? 0);
  return Object.hasOwn(REFRESHES, seconds) ? seconds : 0;
}
