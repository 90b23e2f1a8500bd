// Links from one page to another. The time range and the refresh go with them.

const KEPT = ["range", "start", "end", "refresh"];

/** The parameters of an address that all pages have. */
export function kept(parameters) {
  return new URLSearchParams([...parameters].filter(([name, value]) => KEPT.includes(name) && value));
}

/** The address of a page with these filters, in the time range of `context`; filters without a value are left out. */
export function href(context, name, filters = {}) {
  const query = kept(context.parameters);
  for (const [key, value] of Object.entries(filters)) {
    if (value !== undefined && value !== null && value !== "") query.set(key, value);
  }
  const text = query.toString();
  return text ? `/${name}?${text}` : `/${name}`;
}
