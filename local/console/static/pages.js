// The pages, in the order of the navigation. `key` is the letter after g. To add a page: a line here, a module in
// static/pages with `title` and `page(context)`, and its JSON in local/console/pages.

export const PAGES = [
  { name: "dashboards", title: "Dashboards", key: "d", group: "Watch" },
  { name: "alarms", title: "Alarms", key: "l", group: "Watch" },
  { name: "alerts", title: "Alerts", key: "a", group: "Watch" },
  { name: "traffic-map", title: "Traffic map", key: "m", group: "Look into" },
  { name: "scan", title: "Scan view", key: "s", group: "Look into" },
  { name: "blocked-path", title: "Blocked path", key: "p", group: "Look into" },
  { name: "bill", title: "Bill", key: "b", group: "Account for" },
  { name: "rules", title: "Rules", key: "r", group: "Account for" },
  { name: "known-services", title: "Known services", key: "k", group: "Account for" },
];

export const HOME = "dashboards";
