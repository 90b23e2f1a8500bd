// Blocked path: a packet's way hop by hop, with the rule that decides and the smallest change that would admit it.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { moment } from "/static/format.js";
import { href } from "/static/links.js";
import { empty } from "/static/states.js";

export const title = "Blocked path";

const FIELDS = ["source", "destination", "port", "protocol", "vpc"];
const SIGNS = { allowed: "✓", denied: "✕", unknown: "?", "not evaluated": "–", "": "" };
const VERDICTS = { allowed: "good", denied: "bad", unknown: "unknown", "not evaluated": "unknown" };

export async function page(context) {
  const { parameters } = context;
  const wanted = Object.fromEntries(FIELDS.map((name) => [name, parameters.get(name) ?? ""]));
  const id = parameters.get("finding") ?? "";
  const known = await context.get("/api/blocked-path/findings");
  if (!known.has_rules) {
    return empty("No security groups and network ACLs are known.", "Replay with --inventory FILE, or wait for the deployment's first discovery, and reload.");
  }
  const path = await found(context, wanted, id);
  const fields = id && !path.unclear ? fieldsOf(path) : wanted;
  return html`${form(context, fields)}${shown(path)}${list(context, known.findings, id)}`;
}

/** The path of the finding, or of what was typed; null where nothing was. */
async function found(context, wanted, id) {
  if (id) return context.get(`/api/blocked-path/of/${encodeURIComponent(id)}`);
  return wanted.source && wanted.destination ? context.get("/api/blocked-path", wanted) : null;
}

function shown(path) {
  if (!path) return nothing;
  return path.unclear ? unclear(path) : drawn(path);
}

const unclear = (path) => html`<div class="panel verdict" role="alert">
  <p><strong class="untrusted">${path.unclear}</strong></p>
  <p class="muted">Change the fields above, or choose a finding below.</p>
</div>`;

/** What would be typed for the path of a finding. */
function fieldsOf({ source, destination, traffic }) {
  const [protocol, port] = traffic.split("/");
  return { source: source.address, destination: destination.address, port: port ?? "", protocol, vpc: source.vpc_id ?? destination.vpc_id ?? "" };
}

const form = (context, wanted) => html`<form class="filters" @submit=${(event) => {
    event.preventDefault();
    const values = new FormData(event.target);
    context.change({ ...Object.fromEntries(FIELDS.map((name) => [name, values.get(name).trim()])), finding: null });
  }}>
  <label>From (address, id or name)<input name="source" required maxlength="200" .value=${wanted.source}></label>
  <label>To (address, id or name)<input name="destination" required maxlength="200" .value=${wanted.destination}></label>
  <label>Port<input name="port" type="number" min="0" max="65535" .value=${wanted.port}></label>
  <label>Protocol<input name="protocol" size="8" maxlength="16" placeholder="tcp" .value=${wanted.protocol}></label>
  <label>VPC, if several<input name="vpc" size="14" maxlength="40" .value=${wanted.vpc}></label>
  <button class="primary">Show the path</button>
</form>`;

function drawn(path) {
  const there = path.hops.filter((hop) => !hop.is_reply);
  const back = path.hops.filter((hop) => hop.is_reply);
  const at = path.hops.findIndex((hop) => hop.decides);
  return html`${verdict(path)}
    <div class="paths">
      <section class="panel" aria-label="The packet's path">
        <h2>The packet: <span class="untrusted">${path.traffic}</span></h2>
        <ol class="hops">${there.map((hop) => step(hop, at >= 0 && path.hops.indexOf(hop) > at))}</ol>
      </section>
      ${back.length ? html`<section class="panel" aria-label="The reply's path">
        <h2>The reply</h2>
        <p class="muted">Security groups let replies pass; network ACLs judge them.</p>
        <ol class="hops">${back.map((hop) => step(hop, at >= 0 && path.hops.indexOf(hop) > at))}</ol>
      </section>` : nothing}
    </div>`;
}

const verdict = (path) => html`<div class="panel verdict ${path.verdict}" data-verdict=${path.verdict}>
  <p><span class="badge ${VERDICTS[path.verdict]}">${path.verdict}</span> <span class="untrusted">${sentence(path)}</span></p>
  ${path.change ? html`<p><strong>Smallest change:</strong> <span class="untrusted" data-change>${path.change}</span></p>` : nothing}
  ${then(path) ? html`<p class="muted">When it was found: <span class="untrusted">${then(path)}</span></p>` : nothing}
  <p class="muted">${path.rules_taken_at ? html`Rules as of ${moment(path.rules_taken_at)} UTC. ` : nothing}Route tables are
    shown where they are known, and decide nothing here.</p>
</div>`;

/** The verdict with what decides; the change is shown by itself. */
function sentence({ hops, sentence: whole }) {
  const hop = hops.find((each) => each.decides);
  return hop ? `${hop.is_reply ? "its reply is denied" : "denied"} by ${hop.who}: ${hop.reason}` : whole;
}

/** What decided when the finding was found, where the rules decide otherwise now. */
function then(path) {
  const { refusal, allowance } = path.finding ?? {};
  const found = refusal?.sentence ?? allowance?.sentence ?? "";
  return found && !sentence(path).endsWith(found.replace(/^denied/u, "")) ? found : "";
}

const step = (hop, isBehind) => html`<li class="${name(hop)} ${hop.decides ? "decides" : ""} ${isBehind ? "behind" : ""}"
    data-sign=${SIGNS[hop.verdict] ?? ""}>
  <div><span class="hop-title">${hop.title}</span>
    ${hop.verdict ? html`<span class="badge ${VERDICTS[hop.verdict]}">${hop.verdict}</span>` : nothing}
    ${hop.decides ? html`<strong class="refused">decides</strong>` : nothing}</div>
  ${hop.who ? html`<div class="untrusted">${hop.who}</div>` : nothing}
  <div class="muted untrusted">${hop.reason}</div>
  ${hop.change ? html`<div class="untrusted">${hop.change}</div>` : nothing}
</li>`;

const name = (hop) => hop.verdict.replaceAll(" ", "-") || "place";

const list = (context, findings, id) =>
  findings.length
    ? html`<h2>Findings about a path</h2>
        <ul class="findings">${findings.map(
          (each) => html`<li><span class="badge ${["high", "medium"].includes(each.severity) ? "bad" : "unknown"}">${each.severity}</span>
            <a href=${href(context, "blocked-path", { finding: each.id })} aria-current=${each.id === id ? "true" : nothing}
              ><span class="untrusted">${each.title}</span></a></li>`,
        )}</ul>`
    : html`<p class="muted">No finding is about a blocked path. Type a source and a destination above.</p>`;
