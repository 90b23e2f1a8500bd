import { html } from "/vendor/lit-html/lit-html.js";
import { empty } from "/static/states.js";

export const title = "Dashboards";

export async function page() {
  return html`${empty("There are no dashboards yet.", "They appear once the app is deployed.")}`;
}
