// The frame of the console: which page the address names, its time range and refresh, and the page's content.
//
// A page is a module of static/pages with `title` and `async page(context)`, which returns a lit-html template. It is
// called again for each change of the address and each refresh; lit-html changes only what differs. `context` has:
//   span        {start, end, range}: the time range, Unix seconds
//   parameters  URLSearchParams of the address: the page's filters
//   rest        the parts of the path after the page's name
//   about       what is shown (GET /api/about)
//   get, post   requests to the API; both throw ApiError, which the frame shows
//   change(values, rest)  changes filters in the address (null removes one) and, if given, the rest of the path
//   draw(content)  shows this template instead, without reading anything: after a click that changes only the view
//   follow(event, rest)  for a link to a part of the page: opens it without loading the whole page
//   reload()    reads and shows everything again
// A page may also have `keys(context)`: its own keys, [key, what it does, function] each, which go before the frame's.

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { get, givenToken, post, takeToken } from "/static/api.js";
import { KEYS, listen } from "/static/keyboard.js";
import { kept } from "/static/links.js";
import { HOME, PAGES } from "/static/pages.js";
import { RANGES, REFRESHES, refreshOf, spanOf } from "/static/span.js";
import { failed, loading } from "/static/states.js";
import { applyTheme, switchTheme, theme } from "/static/theme.js";
import { moment } from "/static/format.js";

const RETRY_MILLISECONDS = 5_000;
const main = document.getElementById("main");
let about = null;
let timer = 0;
let shown = "";
let pageKeys = [];
let turn = 0;

function address() {
  const [name, ...rest] = location.pathname.split("/").filter(Boolean).map(decoded);
  return { name: name || HOME, rest, parameters: new URLSearchParams(location.search) };
}

/** A part of the path as text; one that is badly encoded stays as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Opens a page; the time range and the refresh go with it. */
function open(name) {
  go([name], kept(address().parameters));
}

function go(parts, parameters) {
  const query = parameters.toString();
  history.pushState(null, "", `/${parts.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`);
  show();
}

function change(values, rest) {
  const { name, rest: present, parameters } = address();
  for (const [key, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === "") parameters.delete(key);
    else parameters.set(key, value);
  }
  go([name, ...(rest ?? present)], parameters);
}

async function show() {
  clearTimeout(timer);
  const mine = ++turn;
  const { name, rest, parameters } = address();
  frame();
  if (shown !== name) render(loading(), main);
  try {
    about = await get("/api/about");
    frame();
    const known = PAGES.find((each) => each.name === name);
    if (!known) throw Object.assign(new Error(`There is no page ${name}.`), { status: 404 });
    const module = await import(`/static/pages/${known.name}.js`);
    const draw = (content) => mine === turn && render(html`<h1>${module.title}</h1>${content}`, main);
    const follow = (event, parts) => followed(event, () => change({}, parts));
    const context = { span: spanOf(parameters, about), parameters, rest, about, get, post, change, draw, follow, reload: show };
    const content = await module.page(context);
    if (mine !== turn) return;
    pageKeys = module.keys?.(context) ?? [];
    document.title = `${module.title} · Flowsentry`;
    draw(content);
    main.dataset.ready = String(mine);
    if (shown && shown !== name) main.focus({ preventScroll: true });
    shown = name;
    next(refreshOf(parameters) * 1000);
  } catch (error) {
    if (mine !== turn) return;
    pageKeys = [];
    render(failed(error), main);
    if (!("status" in error)) console.error(error);
    shown = "";
    next(error.status === 0 ? RETRY_MILLISECONDS : refreshOf(parameters) * 1000);
  }
}

function next(milliseconds) {
  if (milliseconds) timer = setTimeout(show, milliseconds);
}

function frame() {
  const { name, parameters } = address();
  render(navigation(name), document.getElementById("navigation"));
  render(header(parameters), document.getElementById("header"));
}

const navigation = (current) => html`${[...new Set(PAGES.map((each) => each.group))].map(
  (group) => html`<h2>${group}</h2>
    <ul>
      ${PAGES.filter((each) => each.group === group).map(
        (each) => html`<li>
          <a href=${`/${each.name}`} aria-current=${each.name === current ? "page" : nothing}
            @click=${(event) => followed(event, () => open(each.name))}
            >${each.title}<kbd aria-hidden="true">g ${each.key}</kbd></a>
        </li>`,
      )}
    </ul>`,
)}`;

/** Goes where a link leads, unless it is to be opened in another tab. */
function followed(event, action) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  action();
}

const header = (parameters) => html`<a class="brand" href="/" @click=${(event) => followed(event, () => open(HOME))}>Flowsentry</a>
  <span class="subject">${about ? about.title : nothing}</span>
  <div class="controls">${about ? controls(spanOf(parameters, about), refreshOf(parameters)) : nothing}
    <button type="button" @click=${changeTheme} aria-label=${`Use the ${theme() === "dark" ? "light" : "dark"} theme`}
      >${theme() === "dark" ? "☀" : "☾"}</button>
    <button type="button" @click=${showKeys} aria-label="Show the keys">?</button>
  </div>`;

const controls = (span, refresh) => html`<label>Time
    <select id="range" @change=${(event) => changeRange(event.target.value, span)}>
      ${[...Object.keys(RANGES), "custom"].map(
        (each) => html`<option value=${each} ?selected=${each === span.range} .selected=${each === span.range}>${each}</option>`,
      )}
    </select></label>
  ${span.range === "custom" ? custom(span) : html`<span class="span">${moment(span.start)} – ${moment(span.end)} UTC</span>`}
  <label>Refresh
    <select id="refresh" @change=${(event) => change({ refresh: event.target.value === "0" ? null : event.target.value })}>
      ${Object.entries(REFRESHES).map(
        ([each, text]) => html`<option value=${each} ?selected=${Number(each) === refresh} .selected=${Number(each) === refresh}>${text}</option>`,
      )}
    </select></label>
  <button type="button" @click=${() => show()} aria-label="Reload the data">↻</button>`;

const custom = (span) => html`<label>From <input type="datetime-local" id="start" .value=${field(span.start)}
      @change=${(event) => changeEnd("start", event.target.value, span)}></label>
  <label>to <input type="datetime-local" id="end" .value=${field(span.end)}
      @change=${(event) => changeEnd("end", event.target.value, span)}> UTC</label>`;

const field = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16);

function changeRange(range, span) {
  if (range === "custom") change({ range: null, start: span.start, end: span.end });
  else change({ range, start: null, end: null });
}

function changeEnd(name, text, span) {
  const seconds = Date.parse(`${text}Z`) / 1000;
  const both = { start: span.start, end: span.end, [name]: seconds };
  if (Number.isFinite(seconds) && both.start < both.end) change(both);
}

function changeTheme() {
  switchTheme();
  frame();
}

function showKeys() {
  const rows = [...pageKeys, ...KEYS, ...PAGES.map((each) => [`g ${each.key}`, `open ${each.title}`])];
  render(
    html`<dialog id="keys" aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <table><tbody>${rows.map(([key, text]) => html`<tr><td><kbd>${key}</kbd></td><td>${text}</td></tr>`)}</tbody></table>
      <form method="dialog"><button>Close</button></form>
    </dialog>`,
    document.getElementById("dialogs"),
  );
  document.getElementById("keys").showModal();
}

function toFirstFilter() {
  main.querySelector("input, select")?.focus();
}

takeToken();
// The link of a new run in a tab of an earlier one changes only what is after #, which loads no page.
addEventListener("hashchange", () => {
  if (givenToken()) location.reload();
});
applyTheme();
addEventListener("popstate", () => show());
const frameKeys = { "?": showKeys, r: () => show(), t: changeTheme, "/": toFirstFilter };
listen(open, (key) => pageKeys.find(([own]) => own === key)?.[2] ?? frameKeys[key]);
show();
