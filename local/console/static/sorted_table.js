// Tables that are sorted by any of their columns. The order is in the address, so that a link shows the same.

import { html, nothing } from "/vendor/lit-html/lit-html.js";

/**
 * A table of `rows`. Columns are `{name, title, cell(row), value(row), isNumber, isWord}`: `cell` is what is shown, `value` what
 * is sorted by (a column without it can't be sorted); a cell with `isWord` is never broken. `order` is the column's name, with `-` before it for descending;
 * `onOrder` gets the new one. At most `most` rows are shown; a line says how many there are.
 */
export function sortedTable({ caption, columns, rows, order, onOrder, most = 200 }) {
  const shown = ordered(rows, columns, order).slice(0, most);
  return html`<div class="scroll sorted" tabindex="0" role="group" aria-label=${caption}>
      <table>
        <caption class="muted">${caption}</caption>
        <thead>
          <tr>${columns.map((column) => heading(column, order, onOrder))}</tr>
        </thead>
        <tbody>
          ${shown.map((row) => html`<tr>${columns.map((column) => html`<td class=${of(column)}>${column.cell(row)}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>
    ${rows.length > shown.length
      ? html`<p class="muted">${shown.length} of ${rows.length} rows are shown; sort or filter to see others.</p>`
      : nothing}`;
}

const of = (column) => (column.isNumber ? "number" : column.isWord ? "word" : "");

function heading(column, order, onOrder) {
  if (!column.value) return html`<th scope="col" class=${of(column)}>${column.title}</th>`;
  const isBy = order.replace(/^-/u, "") === column.name;
  const isDescending = order.startsWith("-");
  const state = isBy ? (isDescending ? "descending" : "ascending") : nothing;
  const next = isBy ? isDescending : !column.isNumber;
  return html`<th scope="col" class=${of(column)} aria-sort=${state}>
    <button type="button" class="heading" @click=${() => onOrder(next ? column.name : `-${column.name}`)}
      >${column.title}<span aria-hidden="true">${isBy ? (isDescending ? " ↓" : " ↑") : ""}</span></button>
  </th>`;
}

function ordered(rows, columns, order) {
  const column = columns.find((each) => each.name === order.replace(/^-/u, ""));
  if (!column?.value) return rows;
  const sign = order.startsWith("-") ? -1 : 1;
  return [...rows].sort((one, other) => sign * compared(column.value(one), column.value(other)));
}

function compared(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}
