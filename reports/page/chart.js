// One chart: a heading, a sentence, uPlot's drawing, and the values under the cursor below it.
//
// spec: {title, note, x, series: [{label, values, colour, dash, format}], log, y: format of the axis, xAxis, height, draw,
// readout, range}. Where draw is given it draws instead of lines (the heat map).

const dashes = [[], [9, 4], [2, 3], [12, 3, 2, 3], [5, 5], [16, 4], [1, 4], [8, 3, 1, 3, 1, 3]];
const axisWidth = 72;

function chart(group, holder, spec) {
  const box = element("figure", "chart");
  const heading = element(holder.dataset.heading || "h4", "title", spec.title);
  heading.id = `chart-${++chart.made}`;
  const note = element("p", "note", spec.note);
  note.id = heading.id + "-note";
  box.setAttribute("aria-labelledby", heading.id);
  const plot = element("div", "plot");
  const readout = element("ul", "readout");
  box.append(heading, note, plot, readout);
  holder.append(box);

  const it = { box, plot, spec, group, shown: spec.series.map((s) => !s.hidden) };
  it.uplot = new uPlot(options(it, plot.clientWidth), [spec.x, ...spec.series.map((s) => s.values)], plot);
  it.readout = makeReadout(it, readout);
  makeFocusable(it, heading.id, note.id);
  new ResizeObserver(() => {
    const width = plot.clientWidth;
    if (width > 0 && width !== it.uplot.width) it.uplot.setSize({ width, height: spec.height || 220 });
  }).observe(plot);
  theme.redraws.push(() => { it.uplot.redraw(false); it.readout.paint(); });
  it.readout.show(null);
  return it;
}
chart.made = 0;

function options(it, width) {
  const spec = it.spec;
  return {
    width: Math.max(width, 120),
    height: spec.height || 220,
    legend: { show: false },
    padding: [10, spec.xLog ? 34 : 16, 0, 0],
    cursor: {
      sync: it.group.key ? { key: it.group.key, setSeries: false, scales: ["x", null] } : undefined,
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { show: !spec.draw, size: 6 },
      bind: { dblclick: () => () => { it.group.zoom(null); } },
    },
    scales: {
      x: { time: false, distr: spec.xLog ? 3 : 1, log: 10, range: (u, min, max) => it.group.range || spec.xRange || [min, max] },
      y: spec.log ? { distr: 3, log: 10, range: logRange(spec) } : { range: (u, min, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [xAxis(spec), yAxis(spec)],
    series: [{}, ...spec.series.map((s) => ({
      label: s.label,
      show: !spec.draw && !s.hidden,
      stroke: () => colour(s.colour),
      width: s.width || 1.75,
      alpha: s.faint ? 0.35 : 1,
      dash: s.dash,
      points: { show: s.values.length === 1 ? true : lonely(s.values), size: 5, stroke: () => colour(s.colour), fill: () => colour(s.colour) },
      spanGaps: false,
    }))],
    hooks: {
      draw: spec.draw ? [(u) => spec.draw(u)] : [],
      setCursor: [(u) => { if (it.readout) it.readout.show(u.cursor.idx); }],
      setSelect: [(u) => {
        if (u.select.width > 4) it.group.zoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")]);
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

// lonely shows points where lines alone would not: values with nothing on either side.
function lonely(values) {
  const alone = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) alone.push(i);
  }
  if (alone.length === 0) return false;
  return (u, s, from, to) => ({ show: true, filter: alone.filter((i) => i >= from && i <= to) });
}

function logRange(spec) {
  return (u, min, max) => {
    if (spec.range) return spec.range;
    if (min == null || max == null || !(max > 0)) return [1, 10];
    return [Math.max(min, 1) / 1.25, Math.max(max, 1) * 1.25];
  };
}

const axisFont = "12px system-ui, sans-serif";

function axis() {
  return {
    stroke: () => colour("--muted"), font: axisFont,
    grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { stroke: () => colour("--line"), width: 1, size: 5 },
  };
}

function xAxis(spec) {
  if (spec.xLog) {
    return { ...axis(), size: 32, splits: () => [1, 10, 100, 1000, 10000, 100000],
      filter: (u, at) => at, values: (u, at) => at.map((v, i) => u.width < 480 && i % 2 ? "" : quantile(v)) };
  }
  return { ...axis(), size: 32, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400], values: (u, at) => at.map(clock) };
}

// multiples returns steps times powers of ten between min and max.
function multiples(steps, min, max) {
  const at = [];
  for (let p = Math.floor(Math.log10(min)); p <= Math.log10(max); p++) {
    for (const step of steps) {
      const v = step * 10 ** p;
      if (v >= min && v <= max) at.push(v);
    }
  }
  return at;
}

// yAxis labels powers of ten, and multiples of them where there are few.
function yAxis(spec) {
  const format = spec.y || count;
  if (!spec.log) return { ...axis(), size: axisWidth, values: (u, at) => at.map(format) };
  const splits = (u) => {
    const { min, max } = u.scales.y;
    for (const steps of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]]) {
      const at = multiples(steps, min, max);
      if (at.length > 2) return at;
    }
    return [min, (min + max) / 2, max];
  };
  return { ...axis(), size: axisWidth, splits, filter: (u, at) => at, values: (u, at) => at.map(format) };
}

// makeReadout makes the list below a chart: each line's name and sample, which is a switch, and its value at the cursor.
function makeReadout(it, list) {
  const spec = it.spec;
  const at = element("li", "at");
  list.append(at);
  const entries = spec.series.map((s, i) => {
    const item = element("li");
    const button = element("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(it.shown[i]));
    const value = element("span");
    button.append(sample(s), document.createTextNode(s.label + " "), value);
    button.title = `${s.label}: show or hide`;
    button.addEventListener("click", () => {
      it.shown[i] = !it.shown[i];
      button.setAttribute("aria-pressed", String(it.shown[i]));
      it.uplot.setSeries(i + 1, { show: it.shown[i] });
    });
    if (!spec.draw) {
      item.append(button);
      list.append(item);
    }
    return { value, button, format: s.format || count };
  });
  const extra = element("li");
  list.append(extra);
  let key = spec.key && spec.key();
  if (key) list.append(key);
  const text = (idx) => spec.readout ? spec.readout(idx) : "";
  return {
    show(idx) {
      at.textContent = idx == null ? "" : spec.at(idx);
      entries.forEach((e, i) => { e.value.textContent = idx == null ? "" : e.format(spec.series[i].values[idx]); });
      extra.textContent = text(idx);
      it.idx = idx;
      if (it.slider) it.slider(idx);
    },
    words(idx) {
      const values = entries.filter((e, i) => it.shown[i] && !spec.draw)
        .map((e, i) => spec.series[i].label + " " + e.format(spec.series[i].values[idx]));
      return [spec.at(idx), ...values, text(idx)].filter(Boolean).join(", ");
    },
    paint() {
      entries.forEach((e, i) => e.button.firstChild.replaceWith(sample(spec.series[i])));
      if (key) key.replaceWith(key = spec.key());
    },
  };
}

function svgElement(tag, attributes) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  return e;
}

// sample draws how a line looks.
function sample(s) {
  const svg = svgElement("svg", { viewBox: "0 0 32 12", "aria-hidden": "true" });
  svg.append(svgElement("line", {
    x1: 0, x2: 32, y1: 6, y2: 6, stroke: colour(s.colour), "stroke-width": s.width || 3, "stroke-dasharray": s.dash.join(" "),
    opacity: s.faint ? 0.5 : 1,
  }));
  return svg;
}

// makeFocusable lets arrow keys and fingers move the cursor. To a screen reader the chart is a slider over time, whose
// value are the figures at the cursor.
function makeFocusable(it, labelledBy, describedBy) {
  const { plot, spec } = it;
  const last = spec.x.length - 1;
  plot.tabIndex = 0;
  plot.setAttribute("role", "slider");
  plot.setAttribute("aria-labelledby", labelledBy);
  plot.setAttribute("aria-describedby", describedBy);
  plot.setAttribute("aria-valuemin", "0");
  plot.setAttribute("aria-valuemax", String(Math.max(last, 0)));
  it.slider = (idx) => {
    plot.setAttribute("aria-valuenow", String(idx ?? 0));
    plot.setAttribute("aria-valuetext", idx == null ? "no moment chosen" : it.readout.words(idx));
  };
  const move = (idx) => it.uplot.setCursor({ left: it.uplot.valToPos(spec.x[idx], "x"), top: 10 }, true, true);
  plot.addEventListener("keydown", (event) => {
    const u = it.uplot;
    const [from, to] = visible(u, spec.x);
    const now = it.idx ?? from;
    const step = Math.max(1, Math.round((to - from) / 20));
    const keys = {
      ArrowRight: () => move(Math.min(now + 1, to)), ArrowLeft: () => move(Math.max(now - 1, from)),
      ArrowUp: () => move(Math.min(now + 1, to)), ArrowDown: () => move(Math.max(now - 1, from)),
      PageUp: () => move(Math.min(now + step, to)), PageDown: () => move(Math.max(now - step, from)),
      Home: () => move(from), End: () => move(to),
      "+": () => it.group.zoom(around(u, spec.x[now], 0.5)), "-": () => it.group.zoom(around(u, spec.x[now], 2)),
      0: () => it.group.zoom(null), Escape: () => it.group.zoom(null),
    };
    if (last < 0 || !keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  const touch = (event) => {
    if (event.pointerType !== "touch") return;
    const over = it.uplot.over.getBoundingClientRect();
    it.uplot.setCursor({ left: event.clientX - over.left, top: 10 }, true, true);
  };
  plot.addEventListener("pointerdown", touch);
  plot.addEventListener("pointermove", touch);
}

// visible returns the first and last index that are drawn.
function visible(u, x) {
  const { min, max } = u.scales.x;
  const from = x.findIndex((v) => v >= min);
  const to = x.findLastIndex((v) => v <= max);
  return [Math.max(from, 0), Math.max(to, 0)];
}

// around returns the range in view, narrowed or widened about a value that stays where it is.
function around(u, at, by) {
  const { min, max } = u.scales.x;
  return [at - (at - min) * by, at + (max - at) * by];
}
