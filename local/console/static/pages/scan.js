// Scan view: what one source tried, as a grid of hosts and ports over time; without a source, the list of sources.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { timeChart } from "/static/charts.js";
import { counted, moment, number } from "/static/format.js";
import { href } from "/static/links.js";
import { legend, OUTCOMES, player } from "/static/scan_player.js";
import { sortedTable } from "/static/sorted_table.js";
import { empty } from "/static/states.js";

export const title = "Scan view";

export async function page(context) {
  const source = context.parameters.get("source") ?? "";
  return html`${search(context, source)}${source ? await one(context, source) : await list(context)}`;
}

const search = (context, source) => html`<form class="filters" @submit=${(event) => {
    event.preventDefault();
    context.change({ source: event.target.elements.source.value.trim(), order: null });
  }}>
  <label>Source address<input name="source" type="search" maxlength="200" .value=${source}></label>
  <button>Show</button>
  ${source ? html`<button type="button" @click=${() => context.change({ source: null, order: null })}>All sources</button>` : nothing}
</form>`;

async function list(context) {
  const { start, end } = context.span;
  const { sources } = await context.get("/api/scan/sources", { start, end });
  if (!sources.length) return empty("No source sent anything in this time range.", "Choose a longer time range at the top.");
  const column = (name, heading) => ({ name, title: heading, cell: (row) => number(row[name]), value: (row) => row[name], isNumber: true });
  const columns = [
    { name: "source", title: "Source", cell: (row) => sourceLink(context, row.source), value: (row) => row.source },
    { name: "owner", title: "Owner", cell: (row) => html`<span class="untrusted">${row.owner ?? (row.is_inside ? "" : "Internet")}</span>`, value: (row) => row.owner ?? "" },
    column("targets", "Endpoints"),
    column("hosts", "Hosts"),
    column("ports", "Ports"),
    column("flows", "Flows"),
    column("refused_flows", "Refused"),
    { name: "first_seen", title: "First (UTC)", cell: (row) => moment(row.first_seen), value: (row) => row.first_seen, isNumber: true },
    { name: "last_seen", title: "Last (UTC)", cell: (row) => moment(row.last_seen), value: (row) => row.last_seen, isNumber: true },
    { name: "findings", title: "Findings", cell: (row) => badges(row.findings), value: (row) => row.findings.length },
  ];
  return html`<p class="muted">The 100 sources that tried most hosts and ports. Choose one to see what it tried.</p>
    <div class="panel">${table(context, "Sources by the endpoints that they tried", columns, sources, "-targets")}</div>`;
}

const table = (context, caption, columns, rows, first) =>
  sortedTable({
    caption,
    columns,
    rows,
    order: context.parameters.get("order") ?? first,
    onOrder: (order) => context.change({ order }),
    most: 500,
  });

const sourceLink = (context, source) => html`<a class="untrusted" href=${href(context, "scan", { source })}>${source}</a>`;

const badges = (findings) => findings.map((each) => html`<span class="badge ${tone(each)}" title=${each.title}>${each.severity}</span> `);

const tone = ({ severity }) => (["high", "medium"].includes(severity) ? "bad" : "unknown");

async function one(context, source) {
  const { start, end } = context.span;
  const grid = await context.get("/api/scan", { start, end, source });
  const all = Object.values(grid.totals).reduce((sum, each) => sum + each, 0);
  if (!all) return empty(`${source} tried nothing in this time range.`, "Choose a longer time range, or another source.");
  return html`${findings(context, grid)}
    <p><strong data-total="endpoints">${counted(all, "endpoint")}</strong> tried: ${counted(grid.all_hosts, "host")},
      ${counted(grid.all_ports, "port")}, from ${moment(grid.first_seen, true)} to ${moment(grid.last_seen, true)} UTC.</p>
    ${leftOut(grid.left_out)}
    ${legend(grid.totals)}
    <div class="panel scan-chart ${size(grid.hosts.length)}">${player(grid)}</div>
    <h2>First tried</h2>
    <div class="panel scan-steps">${steps(grid)}</div>
    <h2>Endpoints</h2>
    <div class="panel scan-endpoints">${endpoints(context, grid)}</div>`;
}

const findings = (context, { findings: found }) => found.map((each) => html`<p>
  <span class="badge ${tone(each)}">${each.severity}</span>
  <a href=${href(context, `alerts/${encodeURIComponent(each.id)}`)}><span class="untrusted">${each.title}</span></a></p>`);

function leftOut({ hosts, ports, endpoints: hidden }) {
  if (!hidden) return nothing;
  return html`<p class="muted" data-left-out>The grid leaves out ${counted(hidden, "endpoint")}: ${counted(hosts, "host")} and
    ${counted(ports, "port")} that did not answer. The totals count them.</p>`;
}

const size = (hosts) => (hosts > 24 ? "scan-tall" : hosts > 6 ? "scan-middle" : "scan-low");

function steps({ steps: tried }) {
  const outcomes = Object.entries(OUTCOMES).filter(([name]) => tried.some((step) => step.outcome === name));
  const series = outcomes.map(([name, { text, colour }]) => {
    const own = tried.filter((step) => step.outcome === name);
    return { name: text, times: own.map((step) => step.start), values: own.map((step) => step.endpoints), colour };
  });
  return timeChart({ label: "Endpoints by when they were first tried", series, kind: "bar", stacked: true, span: { start: tried[0].start - 60, end: tried.at(-1).start + 120 }, unit: "count", least: 0 });
}

function endpoints(context, { cells, hosts, ports }) {
  const host = (cell) => hosts[cell.host];
  const port = (cell) => ports[cell.port];
  const columns = [
    { name: "host", title: "Host", cell: (cell) => html`<span class="untrusted">${host(cell).address}</span>`, value: (cell) => host(cell).address },
    { name: "owner", title: "Owner", cell: (cell) => html`<span class="untrusted">${host(cell).owner}</span>`, value: (cell) => host(cell).owner },
    { name: "port", title: "Port", cell: (cell) => port(cell).name, value: (cell) => port(cell).port, isWord: true },
    { name: "service", title: "Service", cell: (cell) => port(cell).service, value: (cell) => port(cell).service },
    { name: "outcome", title: "Outcome", cell: (cell) => OUTCOMES[cell.outcome].text, value: (cell) => OUTCOMES[cell.outcome].text, isWord: true },
    { name: "first", title: "First (UTC)", cell: (cell) => moment(cell.first_seen, true), value: (cell) => cell.first_seen, isNumber: true },
    { name: "last", title: "Last (UTC)", cell: (cell) => moment(cell.last_seen, true), value: (cell) => cell.last_seen, isNumber: true },
  ];
  return table(context, "Endpoints that the source tried", columns, cells, "first");
}
