// A message as people and machines get it: the e-mail as mailed, the chat card as Slack and Teams draw it, the JSON.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { moment } from "/static/format.js";
import { empty } from "/static/states.js";

const VIEWS = { mail: "E-mail", chat: "Chat card", json: "JSON" };
const LINK = /<(https:\/\/[^<>\s]+)>/u;
const ESCAPES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** The message with a choice of its forms, which the address keeps. */
export function messageIn(message, context) {
  const asked = context.parameters.get("view");
  const view = Object.hasOwn(VIEWS, asked) ? asked : "mail";
  return html`<div class="views" role="group" aria-label="Form">
      ${Object.entries(VIEWS).map(
        ([name, text]) => html`<button type="button" aria-pressed=${name === view ? "true" : "false"}
          @click=${() => context.change({ view: name === "mail" ? null : name })}>${text}</button>`,
      )}
      <span class="muted">${status(message)}</span>
      ${view === "chat" ? nothing : html`<button type="button" class="copy" @click=${(event) => copy(event.target, textOf(message, view))}>Copy</button>`}
    </div>
    ${{ mail, chat, json }[view](message)}`;
}

function status(message) {
  if (message.is_sent) return `as sent on ${moment(message.at, true)} UTC`;
  return message.type === "finding" ? "as it would be sent alone" : "as a deployment would send it";
}

const mail = (message) => html`<pre class="mail" tabindex="0"><b>Subject: ${message.subject}</b>

${message.text.trimEnd()}</pre>`;

const json = (message) => html`<pre class="mail" tabindex="0">${textOf(message, "json")}</pre>`;

const textOf = (message, view) => (view === "json" ? JSON.stringify(message.json, null, 2) : message.text);

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select the text and copy it";
  }
}

function chat(message) {
  const content = message.chat.content;
  if (!content) {
    return empty("No chat notification was published.", html`Set <code>chat_topic</code> to true in cdk.json, and deploy.`);
  }
  return html`<article class="card" aria-label="Chat card">
    <p class="card-app"><b>Amazon Q</b> <span class="muted">app</span></p>
    <div class="card-body">
      <h3 class="untrusted">${unescaped(content.title)}</h3>
      ${content.description.split("\n").map((line) => html`<p class="untrusted">${withLink(line)}</p>`)}
      ${content.nextSteps?.length ? html`<h4>Next steps</h4><ol>${content.nextSteps.map((step) => html`<li class="untrusted">${unescaped(step)}</li>`)}</ol>` : nothing}
      ${content.keywords?.length ? html`<p class="card-words">${content.keywords.map((word) => html`<span class="untrusted">${unescaped(word)}</span>`)}</p>` : nothing}
    </div>
  </article>`;
}

/** The text that Slack shows for escaped text (flowsentry/emit/chat.py). */
const unescaped = (text) => text.replaceAll(/&(?:lt|gt|amp);/gu, (escape) => ESCAPES[escape]);

/** A line whose only markup is a link in angle brackets. */
function withLink(line) {
  const [before, url, after] = line.split(LINK);
  return url
    ? html`${unescaped(before)}<a href=${unescaped(url)} target="_blank" rel="noopener noreferrer" title=${unescaped(url)}>${shortened(unescaped(url))}</a>${unescaped(after)}`
    : unescaped(line) || " ";
}

const shortened = (url) => (url.length > 70 ? `${url.slice(0, 69)}…` : url);
