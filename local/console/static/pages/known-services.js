// Known services: endpoints that answered in the last days. When one stops, its clients are no scanners.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { choiceFilter, textFilter } from "/static/filters.js";
import { moment, number } from "/static/format.js";
import { empty } from "/static/states.js";

export const title = "Known services";

const SHOWN = { all: "all", inside: "inside", outside: "outside", down: "down" };

export async function page(context) {
  const { parameters, get } = context;
  const asked = { show: parameters.get("show"), text: parameters.get("text") };
  const known = await get("/api/known-services", asked);
  if (!known.services) {
    return empty(
      "No service is known yet.",
      "A service is known once a TCP connection to it was answered. Read flow logs with accepted traffic, both directions of it.",
    );
  }
  return html`<p class="muted">Endpoints that answered in the last days. When one stops answering, its clients are not taken for scanners.</p>
    <div class="filters" role="search">
      ${choiceFilter(context, "Services", "show", asked.show ?? "all", SHOWN)}
      ${textFilter(context, "owner, address, port")}
      <span class="muted" role="status" id="count">${number(known.services)} services, ${number(known.inside)} inside, ${number(known.down)} down; ${number(known.matching)} shown${known.rows.length < known.matching ? `, of which the first ${number(known.rows.length)}` : nothing}</span>
    </div>
    ${known.rows.length ? table(known.rows) : empty("No service matches the filters.", "Choose all services, or empty the text.")}`;
}

const table = (rows) => html`<div class="scroll"><table><thead><tr>
    <th scope="col">Service</th><th scope="col">Owner</th><th scope="col">Network</th><th scope="col">State</th>
    <th scope="col">Since (day)</th><th scope="col">Last answer</th><th scope="col" class="number" title="estimated from a sketch of 64 bits">Clients</th>
  </tr></thead><tbody id="services">${rows.map(service)}</tbody></table></div>`;

const service = (row) => html`<tr>
  <td class="one-line"><span class="untrusted">${row.address.includes(":") ? `[${row.address}]` : row.address}:${row.port}/${row.protocol}</span></td>
  <td class="untrusted" title=${row.owner_id}>${row.owner ? html`${row.owner} <span class="muted">${row.owner_kind}</span>` : html`<span class="muted">${row.is_inside ? "unknown owner" : "outside"}</span>`}</td>
  <td class="one-line"><span class="untrusted">${row.scope}</span></td>
  <td>${row.down_since === null ? html`<span class="badge good">answers</span>` : html`<span class="badge bad">down</span> <span class="muted">since ${moment(row.down_since)}</span>`}</td>
  <td class="time">${moment(row.first_day).slice(0, 10)}</td>
  <td class="time">${moment(row.last_seen, true)}</td>
  <td class="number">${row.has_more_clients ? "at least" : row.clients > 3 ? "about" : nothing} ${number(row.clients)}</td>
</tr>`;
