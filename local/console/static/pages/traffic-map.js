// Traffic map: who calls whom, by owner, with what was accepted and what was refused.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { tooltip } from "/static/charts.js";
import { bytes, counted, number } from "/static/format.js";
import { href } from "/static/links.js";
import { inChart, ownerKey, ownerKind, ownerName, ownerText } from "/static/owners.js";
import { sortedTable } from "/static/sorted_table.js";
import { empty } from "/static/states.js";

export const title = "Traffic map";

const FILTERS = ["owner", "port", "protocol", "action"];
const ACTIONS = { "": "accepted and refused", accepted: "accepted", refused: "refused" };
const THIN = 1;
const THICK = 24;

export async function page(context) {
  const { span, parameters } = context;
  const wanted = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name) ?? ""]));
  const found = await context.get("/api/traffic-map", { start: span.start, end: span.end, ...wanted });
  return html`${filters(context, wanted, found.choices)}
    ${found.edges.length ? content(context, found) : nothingFound(wanted)}`;
}

const content = (context, found) => html`${totals(found)}
  <div class="map">
    <div class="panel map-chart ${size(found)}">${map(context, found)}</div>
    <div class="panel">${table(context, found)}</div>
  </div>`;

const nothingFound = (wanted) =>
  FILTERS.some((name) => wanted[name])
    ? empty("No flow matches these filters.", "Remove a filter, or choose a longer time range.")
    : empty("There are no flows in this time range.", "Choose a longer time range at the top.");

const filters = (context, wanted, choices) => html`<form class="filters" @submit=${(event) => event.preventDefault()}>
  <label>Owner, address or country
    <input name="owner" type="search" list="owners" maxlength="200" .value=${wanted.owner} @change=${apply(context)}></label>
  <datalist id="owners">${choices.owners.map((each) => html`<option value=${each}></option>`)}</datalist>
  <label>Port
    <input name="port" type="number" min="0" max="65535" list="ports" .value=${wanted.port} @change=${apply(context)}></label>
  <datalist id="ports">${choices.ports.map((each) => html`<option value=${each.port}>${each.service}</option>`)}</datalist>
  <label>Protocol
    <select name="protocol" @change=${apply(context)}>
      ${option("", "all", wanted.protocol)}
      ${[...new Set([...choices.protocols, ...(wanted.protocol ? [wanted.protocol] : [])])].map((each) =>
        option(each, each, wanted.protocol))}
    </select></label>
  <label>Action
    <select name="action" @change=${apply(context)}>
      ${Object.entries(ACTIONS).map(([value, text]) => option(value, text, wanted.action))}
    </select></label>
  ${FILTERS.some((name) => wanted[name])
    ? html`<button type="button" @click=${() => context.change(Object.fromEntries(FILTERS.map((name) => [name, null])))}
        >Remove filters</button>`
    : nothing}
</form>`;

const option = (value, text, chosen) =>
  html`<option value=${value} ?selected=${value === chosen} .selected=${value === chosen}>${text}</option>`;

const apply = (context) => (event) => {
  if (event.target.reportValidity()) context.change({ [event.target.name]: event.target.value.trim() });
};

function totals({ totals: { accepted, refused }, left_out: left }) {
  const lines = [];
  if (left.caller_owners) lines.push(`${counted(left.caller_owners, "caller")} with less traffic are shown as one`);
  if (left.called_owners) lines.push(`${counted(left.called_owners, "called owner")} are shown as one`);
  if (left.edges) lines.push(`${counted(left.edges, "connection")} with ${bytes(left.bytes)} are left out`);
  return html`<p>
      <strong class="accepted" data-total="accepted">${counted(accepted.flows, "flow")} accepted</strong>, ${bytes(accepted.bytes)};
      <strong class="refused" data-total="refused">${number(refused.flows)} refused</strong>, ${bytes(refused.bytes)}.
    </p>
    <p class="muted">Callers are on the left. Widths grow with the square root of bytes.
      ${lines.length ? html`<span data-left-out>${sentence(lines)}</span>` : nothing}</p>`;
}

const sentence = (parts) => `${parts.join("; ")}.`.replace(/^./u, (first) => first.toUpperCase());

/** The height of the chart, by the larger side. */
function size({ nodes }) {
  const sides = ["caller", "called"].map((side) => nodes.filter((node) => node.side === side).length);
  const most = Math.max(...sides);
  return most > 16 ? "map-tall" : most > 6 ? "map-middle" : "map-low";
}

function map(context, found) {
  const { accepted, refused } = found.totals;
  const label = `Who calls whom: ${number(found.edges.length)} connections, ${number(accepted.flows)} flows accepted, ` +
    `${number(refused.flows)} refused. The table has the same numbers.`;
  return html`<flow-chart role="img" aria-label=${label} .onchart=${clicks(context, found)} .option=${(colours) =>
    option_of(colours, found)}></flow-chart>`;
}

/** A click on an owner filters by it. */
const clicks = (context, found) => (chart) => {
  chart.off("click");
  chart.on("click", (event) => {
    const key = event.dataType === "node" ? ownerKey(found.nodes[Number(event.data.name)]) : "";
    if (key) context.change({ owner: key });
  });
};

function option_of(colours, { nodes, edges }) {
  const most = Math.max(...edges.map((edge) => edge.bytes), 1);
  const width = (edge) => THIN + (THICK - THIN) * Math.sqrt(edge.bytes / most);
  return {
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif" },
    tooltip: { ...tooltip(colours), trigger: "item", formatter: (event) => hint(event, nodes, edges) },
    series: [
      {
        type: "sankey",
        left: 220,
        right: 220,
        top: 8,
        bottom: 8,
        nodeWidth: 8,
        nodeGap: 9,
        draggable: false,
        layoutIterations: 32,
        emphasis: { focus: "adjacency" },
        data: nodes.map((node, at) => drawn(node, at, colours)),
        links: edges.map((edge, at) => ({
          source: String(edge.caller),
          target: String(edge.called),
          value: width(edge),
          at,
          lineStyle: { color: colours[edge.action], opacity: edge.action === "refused" ? 0.75 : 0.4, curveness: 0.5 },
        })),
      },
    ],
  };
}

const drawn = (node, at, colours) => ({
  name: String(at),
  depth: node.side === "caller" ? 0 : 1,
  itemStyle: { color: colours.muted, borderWidth: 0 },
  label: {
    position: node.side === "caller" ? "left" : "right",
    color: colours.text,
    fontSize: 12,
    width: 205,
    overflow: "truncate",
    formatter: () => inChart([ownerName(node), ownerKind(node)].filter(Boolean).join(" · ")),
  },
});

function hint(event, nodes, edges) {
  if (event.dataType === "node") {
    const node = nodes[Number(event.data.name)];
    return [inChart(ownerName(node)), ownerKind(node), `${bytes(node.bytes)}, ${number(node.refused_flows)} flows refused`]
      .filter(Boolean).map(inChart).join("\n");
  }
  const edge = edges[event.data.at];
  return [
    `${inChart(ownerName(nodes[edge.caller]))} → ${inChart(ownerName(nodes[edge.called]))}`,
    `${edge.action}: ${number(edge.flows)} flows, ${number(edge.packets)} packets, ${bytes(edge.bytes)}`,
    ports(edge),
  ].join("\n");
}

const ports = (edge) => edge.ports.join(", ") + (edge.all_ports > edge.ports.length ? ` and ${number(edge.all_ports - edge.ports.length)} more` : "");

function table(context, { nodes, edges }) {
  const end = (side) => (edge) => nodes[edge[side]];
  const owner = (side) => (edge) => {
    const node = end(side)(edge);
    const key = ownerKey(node);
    return ownerText(node, key ? href(context, "traffic-map", { owner: key }) : "");
  };
  const columns = [
    { name: "caller", title: "From", cell: owner("caller"), value: (edge) => ownerName(end("caller")(edge)) },
    { name: "called", title: "To", cell: owner("called"), value: (edge) => ownerName(end("called")(edge)) },
    { name: "action", title: "Action", cell: (edge) => html`<span class=${edge.action}>${edge.action}</span>`, value: (edge) => edge.action, isWord: true },
    { name: "ports", title: "Ports", cell: ports, value: (edge) => edge.ports[0] },
    { name: "flows", title: "Flows", cell: (edge) => number(edge.flows), value: (edge) => edge.flows, isNumber: true },
    { name: "packets", title: "Packets", cell: (edge) => number(edge.packets), value: (edge) => edge.packets, isNumber: true },
    { name: "bytes", title: "Bytes", cell: (edge) => html`<span title=${`${number(edge.bytes)} bytes`}>${bytes(edge.bytes)}</span>`, value: (edge) => edge.bytes, isNumber: true },
  ];
  return sortedTable({
    caption: "Connections by owner",
    columns,
    rows: edges,
    order: context.parameters.get("order") ?? "-bytes",
    onOrder: (order) => context.change({ order }),
  });
}
