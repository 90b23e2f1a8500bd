// Rule usage: which rules carried traffic, how much would be refused without them, and whose it was.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { choiceFilter, rangeAsked, rangeFilter, textFilter } from "/static/filters.js";
import { bytes, moment, number } from "/static/format.js";
import { empty } from "/static/states.js";

export const title = "Rule usage";

const SHOWN = { all: "all", unused: "unused", used: "used" };
const MAX_PEERS = 3;

export async function page(context) {
  const { parameters, get } = context;
  const asked = { show: parameters.get("show"), text: parameters.get("text"), days: parameters.get("days") };
  const usage = await get("/api/rules", { ...asked, ...rangeAsked(context) });
  if (!usage.rules) {
    return empty(
      "No rules are known.",
      html`They are in the inventory: give a snapshot with <code>flowsentry replay --console --inventory FILE PATH</code>
        (inventory/snapshot.zip in the output bucket), or wait for the first discovery of a deployment.`,
    );
  }
  const short = usage.rows.flatMap((row) => row.doubts).find(isOfTime) ?? "";
  return html`<div class="filters" role="search">
      ${choiceFilter(context, "Rules", "show", asked.show ?? "all", SHOWN)}
      ${textFilter(context, "group, rule, port, peer")}
      <label>Days to watch <input type="number" id="filter-days" min="1" max="400" .value=${asked.days ?? "30"}
        @change=${(event) => event.target.checkValidity() && context.change({ days: event.target.value })}></label>
      ${rangeFilter(context)}
      <span class="muted" role="status" id="count">${number(usage.unused)} of ${number(usage.rules)} rules carried nothing in
        ${number(usage.accepted)} accepted records; ${number(usage.matching)} shown${usage.rows.length < usage.matching ? `, of which the first ${number(usage.rows.length)}` : nothing}</span>
    </div>
    ${short.length ? html`<p class="notice">${short.replace("the", "The")}: a rule without traffic may be needed at other times.</p>` : nothing}
    ${usage.rows.length ? groups(usage.rows).map(group) : empty("No rule matches the filters.", "Choose all rules, or empty the text.")}
    <ul class="notes muted">
      ${usage.taken_at ? html`<li>Judged by the rules of ${moment(usage.taken_at)} UTC; rules that were changed before count as they are now.</li>` : nothing}
      ${usage.notes.map((note) => html`<li>${note}</li>`)}
    </ul>`;
}

/** Whether a doubt is about the time that the logs cover: the same for all rules, so it is said once. */
const isOfTime = (doubt) => doubt.startsWith("the logs cover ");

function groups(rows) {
  const found = new Map();
  for (const row of rows) found.set(row.resource_id, [...(found.get(row.resource_id) ?? []), row]);
  return [...found.values()];
}

const group = (rows) => html`<section class="rule-group">
  <h2><span class="untrusted">${rows[0].resource_name || rows[0].resource_id}</span>
    <span class="muted untrusted">${rows[0].resource_name ? rows[0].resource_id : nothing} ${rows[0].vpc_id} · ${number(rows[0].interfaces)} interfaces</span></h2>
  <div class="scroll"><table class="rules"><thead><tr>
    <th scope="col">Rule</th><th scope="col">Use</th><th scope="col" class="number">Records</th>
    <th scope="col" class="number" title="records that no other rule allows">Alone</th>
    <th scope="col" class="number">Bytes</th><th scope="col">Last</th><th scope="col">Busiest peers</th>
  </tr></thead><tbody>${rows.map(rule)}</tbody></table></div>
</section>`;

const rule = (row) => html`<tr class=${row.is_unused ? "unused" : ""}>
  <td><b class=${row.action === "deny" ? "refused" : "accepted"}>${row.direction} ${row.action}</b> <span class="untrusted">${row.traffic} ${row.direction === "inbound" ? "from" : "to"} ${row.peer}</span>
    <br><span class="muted untrusted">${[row.rule_id, row.description].filter(Boolean).join(" · ")}</span></td>
  <td>${use(row)}</td>
  <td class="number">${number(row.records)}</td><td class="number">${number(row.alone_records)}</td>
  <td class="number">${bytes(row.bytes)}</td><td class="time">${moment(row.last_seen)}</td>
  <td>${row.busiest.slice(0, MAX_PEERS).map((peer) => html`<span class="peer untrusted">${peer.owner ? `${peer.owner} (${peer.address})` : peer.address} <span class="muted">${bytes(peer.bytes)}</span></span>`)}
    ${row.peers > MAX_PEERS ? html`<span class="muted">${row.peers_is_estimate ? "about " : nothing}${number(row.peers)} in all</span>` : nothing}</td>
</tr>`;

const use = (row) => html`${row.is_unused
    ? html`<span class="badge unknown">unused</span>`
    : row.records
      ? html`<span class="badge good">used</span>`
      : html`<span class="badge unknown">perhaps used</span>`}
  ${row.doubts.filter((doubt) => !isOfTime(doubt)).map((doubt) => html`<span class="doubt muted untrusted">but ${doubt}</span>`)}`;
