// The grid of a scan: hosts × ports, with a slider and a play button that show it grow.

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { tooltip } from "/static/charts.js";
import { moment, number } from "/static/format.js";
import { inChart } from "/static/owners.js";

const STEPS = 60;
const STEP_MILLISECONDS = 150;
export const OUTCOMES = {
  answered: { text: "answered", shown: "answered", colour: "accepted" },
  refused: { text: "refused by the host", shown: "refused", colour: "refused" },
  rejected: { text: "refused by a rule", shown: "refused", colour: "refused" },
  unanswered: { text: "no answer", shown: "unanswered", colour: "muted" },
  doubtful: { text: "doubtful", shown: "doubtful", colour: "unknown" },
};

class ScanPlayer extends HTMLElement {
  #grid;
  #step = STEPS;
  #timer = 0;
  #source = "";

  /** What /api/scan returned. The slider stays where it is while the same source is shown. */
  set grid(grid) {
    this.#grid = grid;
    if (this.#source !== grid.source) this.#stop(STEPS);
    this.#source = grid.source;
    this.#render();
  }

  disconnectedCallback() {
    this.#stop(STEPS);
  }

  #stop(step = this.#step) {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#step = step;
  }

  #toggle() {
    if (this.#timer) {
      this.#stop();
    } else {
      if (this.#step >= STEPS) this.#step = 0;
      this.#timer = setInterval(() => this.#next(), STEP_MILLISECONDS);
    }
    this.#render();
  }

  #next() {
    this.#step += 1;
    if (this.#step >= STEPS) this.#stop(STEPS);
    this.#render();
  }

  get #until() {
    const firsts = this.#grid.cells.map((cell) => cell.first_seen);
    const first = Math.min(...firsts);
    return Math.ceil(first + ((Math.max(...firsts) - first) * this.#step) / STEPS);
  }

  #render() {
    const until = this.#until;
    const cells = this.#grid.cells.filter((cell) => cell.first_seen <= until);
    const words = `Until ${moment(until, true)} UTC: ${number(cells.length)} of ${number(this.#grid.cells.length)} endpoints`;
    render(
      html`<div class="play">
          <button type="button" @click=${() => this.#toggle()}>${this.#timer ? "Pause" : "Play"}</button>
          <input type="range" min="0" max=${STEPS} .value=${String(this.#step)} aria-label="Time" aria-valuetext=${words}
            @input=${(event) => { this.#stop(Number(event.target.value)); this.#render(); }}>
          <output>${words}</output>
        </div>
        <flow-chart role="img" aria-label=${`Grid of hosts and ports. ${words}. The table has the same.`}
          .option=${(colours) => gridOption(colours, this.#grid, cells)}></flow-chart>`,
      this,
    );
  }
}

function gridOption(colours, { hosts, ports }, cells) {
  const axis = (data) => ({
    type: "category",
    data,
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    axisLabel: { color: colours.muted, fontSize: 11, hideOverlap: true, width: 220, overflow: "truncate" },
    splitLine: { show: true, interval: 0, lineStyle: { color: colours.line, opacity: 0.5 } },
  });
  return {
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: 8, right: 14, top: 8, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: axis(ports.map((port) => port.name)),
    yAxis: { ...axis(hosts.map((host) => inChart([host.owner, host.address].filter(Boolean).join(" ")))), inverse: true },
    tooltip: { ...tooltip(colours), trigger: "item", formatter: (event) => hint(event.data.cell, hosts, ports) },
    series: [
      {
        type: "heatmap",
        data: cells.map((cell) => ({
          value: [cell.port, cell.host, 1],
          cell,
          itemStyle: { color: colours[OUTCOMES[cell.outcome].colour], borderColor: colours.surface, borderWidth: 1 },
        })),
      },
    ],
  };
}

function hint(cell, hosts, ports) {
  const { owner, address } = hosts[cell.host];
  const { name, service } = ports[cell.port];
  return [
    inChart([owner, address].filter(Boolean).join(" ")),
    [name, service].filter(Boolean).join(" "),
    `${OUTCOMES[cell.outcome].text}, ${moment(cell.first_seen, true)} UTC`,
  ].join("\n");
}

export const legend = (totals) => html`<ul class="scan-legend">
  ${Object.entries(OUTCOMES).filter(([name]) => totals[name]).map(
    ([name, { text, shown }]) => html`<li class="is-${shown}" data-outcome=${name}>${number(totals[name])} ${text}</li>`,
  )}
</ul>`;

export const player = (grid) => (grid.cells.length ? html`<scan-player .grid=${grid}></scan-player>` : nothing);

customElements.define("scan-player", ScanPlayer);
