// Markdown of text widgets: the API sends a tree of elements and texts; only the elements here are made of it.

import { html } from "/vendor/lit-html/lit-html.js";

const ELEMENTS = {
  h1: (inside) => html`<h2>${inside}</h2>`,
  h2: (inside) => html`<h2>${inside}</h2>`,
  h3: (inside) => html`<h3>${inside}</h3>`,
  p: (inside) => html`<p>${inside}</p>`,
  ul: (inside) => html`<ul>${inside}</ul>`,
  ol: (inside) => html`<ol>${inside}</ol>`,
  li: (inside) => html`<li>${inside}</li>`,
  strong: (inside) => html`<strong>${inside}</strong>`,
  em: (inside) => html`<em>${inside}</em>`,
  code: (inside) => html`<code>${inside}</code>`,
  pre: (inside) => html`<pre>${inside}</pre>`,
  blockquote: (inside) => html`<blockquote>${inside}</blockquote>`,
  hr: () => html`<hr>`,
  br: () => html`<br>`,
  table: (inside) => html`<table>${inside}</table>`,
  thead: (inside) => html`<thead>${inside}</thead>`,
  tbody: (inside) => html`<tbody>${inside}</tbody>`,
  tr: (inside) => html`<tr>${inside}</tr>`,
  th: (inside) => html`<th>${inside}</th>`,
  td: (inside) => html`<td>${inside}</td>`,
};

/** The elements of a tree. Links lead to other sites in a new tab, which learns nothing of this page. */
export function markdown(tree) {
  return tree.map((node) => {
    if (typeof node === "string") return node;
    const inside = markdown(node.children);
    if (node.tag === "a") return html`<a href=${node.href} target="_blank" rel="noreferrer noopener">${inside}</a>`;
    return ELEMENTS[node.tag]?.(inside) ?? inside;
  });
}
