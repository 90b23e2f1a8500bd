// Triage of a finding: what `flowsentry findings acknowledge|snooze|resolve|reopen` does, with who and why.

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";

const STORED = "flowsentry-by";
const ACTIONS = {
  acknowledge: { text: "Acknowledge", key: "a", means: "Known: no alert for this and its like on later days." },
  snooze: { text: "Snooze", key: "s", means: "Alert again when the days are over." },
  resolve: { text: "Resolve", key: "r", means: "Fixed: alert again if it reoccurs." },
  reopen: { text: "Reopen", key: "", means: "Undo: alert again for this and its like." },
};
const TRIAGED = new Set(["acknowledged", "snoozed", "resolved"]);
let said = { id: "", text: "" };

/** What the last change of this finding answered. */
export const saidLast = (id) => (said.id === id ? said.text : "");

/** The buttons for a finding; each asks for a note first. */
export function actionsFor(alert, by, context) {
  const names = Object.keys(ACTIONS).filter((name) => name !== "reopen" || TRIAGED.has(alert.triage.state));
  return names.map(
    (name) => html`<button type="button" data-action=${name} @click=${() => ask(name, alert, by, context)}>${ACTIONS[name].text}${ACTIONS[name].key
      ? html` <kbd aria-hidden="true">${ACTIONS[name].key}</kbd>`
      : nothing}</button>`,
  );
}

/** Asks who, why and for how long, in a dialog, and makes the change. */
export function ask(action, alert, by, context) {
  render(nothing, document.getElementById("dialogs"));
  draw({ action, alert, by: localStorage.getItem(STORED) ?? by, context, error: "" });
  const dialog = document.getElementById("triage");
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[name=days]")?.select();
}

function draw(asked) {
  const { action, alert, by, error } = asked;
  render(
    html`<dialog id="triage" aria-labelledby="triage-title">
      <form @submit=${(event) => send(event, asked)}>
        <h2 id="triage-title">${ACTIONS[action].text}</h2>
        <p class="untrusted">${alert.title}</p>
        <p class="muted">${ACTIONS[action].means}</p>
        ${action === "snooze" ? html`<label>Days <input name="days" type="number" min="1" max="365" value="7" required></label>` : nothing}
        <label>Note <input name="note" maxlength="200" autocomplete="off" placeholder="why (may be empty)" .value=${""}></label>
        <label>By <input name="by" maxlength="80" autocomplete="name" required .value=${by}></label>
        ${error ? html`<p class="failed" role="alert">${error}</p>` : nothing}
        <p class="buttons">
          <button type="submit" class="primary">${ACTIONS[action].text}</button>
          <button type="button" @click=${close}>Cancel</button>
        </p>
      </form>
    </dialog>`,
    document.getElementById("dialogs"),
  );
}

const close = () => document.getElementById("triage")?.close();

async function send(event, asked) {
  event.preventDefault();
  const form = new FormData(event.target);
  const body = { action: asked.action, by: form.get("by").trim(), note: form.get("note").trim() };
  if (asked.action === "snooze") body.days = Number(form.get("days"));
  try {
    const done = await asked.context.post(`/api/alerts/${encodeURIComponent(asked.alert.id)}/triage`, body);
    localStorage.setItem(STORED, body.by);
    said = { id: asked.alert.id, text: `Done: ${done.sentence}` };
    close();
    asked.context.reload();
  } catch (error) {
    draw({ ...asked, by: body.by, error: error.message });
  }
}
