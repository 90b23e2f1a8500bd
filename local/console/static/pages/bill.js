// The traffic bill: what `flowsentry bill` prints, as totals, stacked bars and a table.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { chart, cut, plain } from "/static/charts.js";
import { choiceFilter, rangeAsked, rangeFilter } from "/static/filters.js";
import { bytes, moment, number } from "/static/format.js";
import { empty } from "/static/states.js";

export const title = "Traffic bill";

const GB = 2 ** 30;
const PARTS = 7;
const PATHS = {
  inter_az: "between zones",
  nat_gateway: "NAT gateway",
  internet: "to the internet",
  transit_gateway: "transit gateway",
  vpc_peering: "VPC peering",
  vpc_endpoint: "interface endpoint",
  inter_region: "to other Regions",
};
let decimals = 2;
const dollars = (value) => `$${value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`;
const gigabytes = (value) => (value / GB).toLocaleString("en-US", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const nameOf = (row) => row.owner || row.id || "unknown owner";
const pathOf = (path) => PATHS[path] ?? path;

export async function page(context) {
  const { parameters, get, about } = context;
  const bill = await get("/api/bill", rangeAsked(context));
  decimals = bill.dollars >= 10 ? 2 : bill.dollars >= 0.1 ? 4 : 6;
  if (!bill.rows.length) return html`<div class="filters">${rangeFilter(context)}</div>${nothingCharged(bill, about)}`;
  const by = parameters.get("by") === "owner" ? "owner" : "path";
  const amount = parameters.get("amount") === "bytes" ? "bytes" : "dollars";
  return html`<div class="figures">
      ${figure(`in these ${days(bill.days)}`, dollars(bill.dollars))}
      ${figure("a day", dollars(bill.dollars_a_day))}
      ${figure(`a month of ${bill.days_a_month} days, extrapolated`, dollars(bill.dollars_a_month))}
      ${figure("logged", bytes(bill.logged_bytes))}
    </div>
    <div class="filters">
      ${choiceFilter(context, "Bars by", "by", by, { path: "path", owner: "owner" })}
      ${choiceFilter(context, "Length", "amount", amount, { dollars: "dollars", bytes: "bytes" })}
      ${rangeFilter(context)}
    </div>
    <section class="panel bars bars-${by}">${bars(bill.rows, by, amount)}</section>
    <h2>By path</h2>
    <table class="narrow"><thead><tr><th scope="col">Path</th><th scope="col" class="number">GB</th><th scope="col" class="number">Dollars</th></tr></thead>
      <tbody id="paths">${bill.paths.map(
        (row) => html`<tr><td>${pathOf(row.path)}</td><td class="number">${gigabytes(row.bytes)}</td><td class="number">${dollars(row.dollars)}</td></tr>`,
      )}</tbody></table>
    <h2>By owner</h2>
    <div class="scroll"><table><thead><tr><th scope="col">Path</th><th scope="col">Owner</th><th scope="col">Kind</th><th scope="col" class="number">GB</th><th scope="col" class="number">Dollars</th></tr></thead>
      <tbody id="owners">${bill.rows.map(owner)}${bill.others.rows ? rest(bill.others) : nothing}</tbody></table></div>
    ${notes(bill)}`;
}

const figure = (label, value) => html`<div class="panel figure"><span class="muted">${label}</span><b>${value}</b></div>`;

const days = (count) => (count >= 1 ? `${number(Number(count.toFixed(2)))} days` : `${number(Number((count * 24).toFixed(1)))} hours`);

const owner = (row) => html`<tr><td>${pathOf(row.path)}</td>
  <td class="untrusted" title=${row.id}>${nameOf(row)}</td><td class="untrusted">${row.kind}</td>
  <td class="number">${gigabytes(row.bytes)}</td><td class="number">${dollars(row.dollars)}</td></tr>`;

const rest = (others) => html`<tr><td></td><td>${number(others.rows)} more</td><td></td>
  <td class="number">${gigabytes(others.bytes)}</td><td class="number">${dollars(others.dollars)}</td></tr>`;

const notes = (bill) => html`<ul class="notes muted">
  <li>List prices of ${bill.region}, ${bill.as_of}, without negotiated discounts and hourly prices.${bill.unverified.length
    ? ` Not verified: ${bill.unverified.map(pathOf).join(", ")}.`
    : nothing} The setting <code>prices</code> has your own.</li>
  ${bill.notes.map((note) => html`<li class="untrusted">${note}</li>`)}
</ul>`;

/** Bars of one kind (path or owner), in parts of the other: the largest parts, and the others as one. */
function bars(rows, by, amount) {
  const barOf = by === "path" ? (row) => pathOf(row.path) : nameOf;
  const partOf = by === "path" ? nameOf : (row) => pathOf(row.path);
  const named = largest(rows, partOf, amount, PARTS);
  const names = largest(rows, barOf, amount, 12);
  const parts = [...named, ...(rows.some((row) => !named.includes(partOf(row))) ? ["others"] : [])];
  const series = parts.map((part) => ({
    name: part,
    values: names.map((name) => sum(rows.filter((row) => barOf(row) === name && (named.includes(partOf(row)) ? partOf(row) : "others") === part), amount)),
  }));
  const write = amount === "bytes" ? bytes : dollars;
  const said = names.slice(0, 8).map((name) => `${cut(name)} ${write(sum(rows.filter((row) => barOf(row) === name), amount))}`);
  return chart((colours) => option(colours, names, series, write), `Traffic by ${by} in ${amount}: ${said.join("; ")}`);
}

const sum = (rows, amount) => rows.reduce((all, row) => all + row[amount], 0);

function largest(rows, nameOfRow, amount, count) {
  const sums = new Map();
  for (const row of rows) sums.set(nameOfRow(row), (sums.get(nameOfRow(row)) ?? 0) + row[amount]);
  return [...sums].sort((one, other) => other[1] - one[1]).slice(0, count).map(([name]) => name);
}

const option = (colours, names, series, write) => ({
  color: colours.series,
  animation: false,
  textStyle: { color: colours.text, fontFamily: "system-ui, sans-serif" },
  grid: { left: 8, right: 20, top: 34, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
  legend: { type: "scroll", top: 0, left: 0, textStyle: { color: colours.text }, pageTextStyle: { color: colours.muted }, formatter: (name) => cut(name) },
  tooltip: {
    trigger: "item",
    renderMode: "richText",
    confine: true,
    backgroundColor: colours.raised,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 12 },
    formatter: (point) => `${plain(point.name)}\n${plain(cut(point.seriesName))}  ${write(point.value)}`,
  },
  xAxis: { type: "value", axisLabel: { color: colours.muted, formatter: write, hideOverlap: true }, splitLine: { lineStyle: { color: colours.line } } },
  yAxis: { type: "category", inverse: true, data: names.map(cut), axisLabel: { color: colours.text }, axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false } },
  series: series.map((each) => ({ name: each.name, type: "bar", stack: "all", barMaxWidth: 26, data: each.values })),
});

function nothingCharged(bill, about) {
  if (!bill.records) {
    return empty(
      "There are no records to bill.",
      about.newest ? `The newest record is of ${moment(about.newest)} UTC: choose another time range, or all times.` : "They appear here once flow logs were read.",
    );
  }
  return empty(
    `Nothing is charged of these ${number(bill.records)} records, as far as they can tell.`,
    html`${bytes(bill.unknown_bytes)} are of no known path. Owners, zones and gateways come from the inventory: give one with
      <code>--inventory</code>, and log more fields (docs/traffic-bill.md).`,
  );
}
