// Charts by Apache ECharts: lines, stacked areas and bars over time, and any other ECharts option. Nothing in them is
// HTML (tooltips are drawn), so names in records stay text.
//
//   html`${timeChart({ label, series: [{ name, times, values, colour }], kind, stacked, span, unit, least })}`
//   html`${chart((palette) => option, label)}`   an ECharts option made of the theme's colours

import { html } from "/vendor/lit-html/lit-html.js";
import * as echarts from "/vendor/echarts.js";
import { bytes, clock, moment, number, short } from "/static/format.js";
import { colour, onTheme } from "/static/theme.js";

const MAX_NAME_LETTERS = 60;
const SERIES = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];

/** The theme's colours, as charts need them. */
function palette() {
  const names = ["surface", "raised", "line", "text", "muted", "accepted", "refused", "good", "bad", "link"];
  return { ...Object.fromEntries(names.map((name) => [name, colour(name)])), series: SERIES.map((name) => colour(name)) };
}

/** A chart that fills its element; `label` is what it shows, for readers who can't see it. */
export const chart = (option, label) =>
  html`<flow-chart role="img" aria-label=${label} .option=${option}></flow-chart>`;

/** Series over time. `kind` is line (default), area or bar; values are placed at the start of their period. */
export function timeChart({ label, series, kind = "line", stacked = false, span, unit = "", least }) {
  return chart((colours) => timeOption(colours, { series, kind, stacked, span, unit, least }), `${label}. ${said(series, unit)}`);
}

/** What a chart shows, in words: each series with its last and its highest value. */
export function said(series, unit = "") {
  const full = series.filter((each) => each.values.length);
  if (!full.length) return "No data.";
  const first = full.slice(0, 8).map(
    (each) => `${cut(each.name)}: last ${write(unit, each.values.at(-1))}, highest ${write(unit, Math.max(...each.values))}`,
  );
  return first.join("; ") + (full.length > 8 ? `; and ${full.length - 8} more.` : ".");
}

export function cut(text) {
  const letters = [...text];
  return letters.length > MAX_NAME_LETTERS ? `${letters.slice(0, MAX_NAME_LETTERS - 1).join("")}…` : text;
}

/** A value with its unit: bytes, dollars, or a plain number. */
export function write(unit, value) {
  if (unit === "bytes") return bytes(value);
  return unit === "dollars" ? `$${number(value)}` : number(value);
}

/** The unit that a title states: `… ($)`, `Bytes …`. */
export function unitOf(title) {
  if (title.includes("($)")) return "dollars";
  return /\bbytes\b/iu.test(title) ? "bytes" : "";
}

function timeOption(colours, { series, kind, stacked, span, unit, least }) {
  const days = span.end - span.start > 172_800;
  return {
    color: colours.series,
    animation: false,
    textStyle: { color: colours.text, fontFamily: "system-ui, sans-serif" },
    grid: { left: 8, right: 14, top: 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: tooltip(colours, (value) => write(unit, value)),
    xAxis: {
      type: "time",
      min: span.start * 1000,
      max: span.end * 1000,
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: { color: colours.muted, hideOverlap: true, formatter: (at) => (days ? moment(at / 1000).slice(5, 10) : clock(at / 1000)) },
      splitLine: { show: false },
    },
    yAxis: {
      type: "value",
      min: least,
      minInterval: unit === "count" ? 1 : undefined,
      axisLabel: { color: colours.muted, formatter: (value) => (unit === "bytes" ? bytes(value) : short(value)) },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: (stacked ? together(series) : series).map((each) => oneSeries(each, kind, stacked, colours)),
  };
}

function oneSeries(each, kind, stacked, colours) {
  return {
    name: cut(each.name),
    type: kind === "bar" ? "bar" : "line",
    stack: stacked ? "all" : undefined,
    areaStyle: kind === "area" ? { opacity: 0.35 } : undefined,
    showSymbol: each.values.length === 1,
    symbolSize: 5,
    lineStyle: { width: 1.6 },
    color: each.colour ? colours[each.colour] ?? each.colour : undefined,
    data: points(each),
  };
}

const points = (each) => each.times.map((at, index) => [at * 1000, each.values[index]]);

/** The series at the times of all of them, 0 where one has no value: ECharts stacks the first point on the first. */
function together(series) {
  const times = [...new Set(series.flatMap((each) => each.times))].sort((a, b) => a - b);
  return series.map((each) => {
    const known = new Map(each.times.map((at, index) => [at, each.values[index]]));
    return { ...each, times, values: times.map((at) => known.get(at) ?? 0) };
  });
}

/** A tooltip that is drawn, not HTML. */
export function tooltip(colours, written = number) {
  return {
    trigger: "axis",
    renderMode: "richText",
    confine: true,
    backgroundColor: colours.raised,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 12 },
    formatter: (points) => [
      `${moment(points[0].value[0] / 1000)} UTC`,
      ...points.slice(0, 12).map((point) => `${plain(point.seriesName)}  ${written(point.value[1])}`),
    ].join("\n"),
  };
}

/** Text without the braces and bars with which ECharts marks up rich text. */
export const plain = (text) => String(text).replaceAll(/[{}|]/gu, " ");

class FlowChart extends HTMLElement {
  #option;
  #chart;
  #end;
  #size;

  set option(option) {
    this.#option = option;
    this.#draw();
  }

  connectedCallback() {
    this.#end = onTheme(() => this.#draw());
    this.#size = new ResizeObserver(() => this.#fit());
    this.#size.observe(this);
  }

  disconnectedCallback() {
    this.#end?.();
    this.#size?.disconnect();
    this.#chart?.dispose();
    this.#chart = undefined;
  }

  #fit() {
    if (!this.clientWidth || !this.clientHeight) return;
    if (!this.#chart) this.#draw();
    else this.#chart.resize();
  }

  #draw() {
    if (!this.#option || !this.isConnected || !this.clientWidth || !this.clientHeight) return;
    this.#chart ??= echarts.init(this, null, { renderer: "canvas" });
    this.#chart.setOption(this.#option(palette()), { notMerge: true });
    if (this.onchart) this.onchart(this.#chart);
  }
}

customElements.define("flow-chart", FlowChart);
