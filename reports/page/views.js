// What is drawn of one run, and of several over each other.

// midpoints are where the columns are drawn; the last one may be cut short by the end of the run.
function midpoints(run) {
  return run.offered.map((_, i) => (i * run.column + columnEnd(run, i)) / 2);
}

function columnEnd(run, i) {
  const end = (i + 1) * run.column;
  return i === run.offered.length - 1 && run.duration > i * run.column ? Math.min(end, run.duration) : end;
}

function lengthOf(run) {
  const n = run.offered.length;
  return n > 0 ? columnEnd(run, n - 1) : run.column;
}

// span says which time a column stands for, and what the clock said then.
function span(run) {
  return (idx) => {
    const from = idx * run.column;
    const wall = run.started > 0 ? " (" + new Date(run.started + from * 1000).toISOString().slice(11, 19) + " UTC)" : "";
    return clock(from) + wall;
  };
}

function line(label, values, n, format) {
  return { label, values, colour: `--c${n % 8}`, dash: dashes[n % dashes.length], format };
}

function drawRun(run, holder) {
  const x = midpoints(run);
  const longest = lengthOf(run);
  const group = newGroup(longest, run.column);
  const at = span(run);
  group.add(holder, {
    title: "Requests per second", x, at,
    note: "What was due (offered), what was answered, and what succeeded. Where the answers fall below what was offered, the service did not keep up.",
    series: [{ ...line("offered", run.offered, 4), width: 6, faint: true, dash: [] }, line("answered", run.answered, 0), line("successful", run.succeeded, 2)],
  });
  group.add(holder, {
    title: "Response over time", x, at, log: true, y: duration,
    note: "How long users waited, from when a request was due, on a logarithmic scale: half of them at most p50, 99 of 100 at most p99.",
    series: [line("p50", run.p50, 0, duration), line("p90", run.p90, 2, duration), line("p99", run.p99, 1, duration), line("max", run.max, 3, duration)],
  });
  addHeat(group, holder, run, x, at, longest);
  addKinds(group, holder, run, x, at);
  if (run.users.some((n) => n > 0)) {
    group.add(holder, {
      title: "Users", x, at, height: 150, note: "Virtual users at work at the end of each second.",
      series: [line("users", run.users, 0)],
    });
  }
  drawCurves(holder, run.curves, "The whole distribution: how long the fastest share of requests took at most. Each mark to the right is ten times rarer; 99.999 % is one request of 100,000.");
}

// addKinds shows what went wrong, if anything did: next to hundreds of successes a second it would be a flat line.
function addKinds(group, holder, run, x, at) {
  if (run.kinds.length === 0) return;
  const wrong = run.kinds.some((k) => k.bad);
  group.add(holder, {
    title: "Errors and status codes", x, at,
    note: wrong ? "What went wrong in each second. Click a name to show or hide its line; successes are hidden at first."
      : "How the requests of each second ended: none failed.",
    series: run.kinds.map((k, i) => ({
      ...line(k.name, k.counts.map((n, at) => cutShort(run, at) && !(k.bad && n > 0) ? null : n / run.column), i), hidden: wrong && !k.bad,
    })),
  });
}

// cutShort: a column that the end of the run cut short has no rate. What went wrong in it is not left out for that.
function cutShort(run, at) {
  return run.answered[at] == null;
}

function addHeat(group, holder, run, x, at, longest) {
  const heat = run.heat;
  if (heat.rows === 0) return;
  group.add(holder, {
    title: "Responses by how long they took", x, at, log: true, y: duration, height: 240, xRange: [0, longest],
    note: "Each cell is a second and a range of durations; the stronger its colour, the more responses were in it. Two bands mean two kinds of answers; a column that rises is a stall.",
    range: [rowEdge(heat, 0), rowEdge(heat, heat.rows)],
    series: [line("responses", x.map(() => null), 0)],
    draw: drawHeat(heat, run),
    key: heatKey(heat),
    readout: (idx) => fullest(heat, idx),
  });
}

// drawCurves draws distributions, each of which has points of its own.
function drawCurves(holder, curves, note) {
  if (curves.length === 0) return;
  const table = uPlot.join(curves.map((c) => [c.at.map((p) => p[0]), c.at.map((p) => p[1] > 0 ? p[1] : null)]));
  const [x, ...values] = table;
  const end = Math.max(10, x[x.length - 1]);
  alone(1, end).add(holder, {
    title: "Percentiles", note, x, log: true, xLog: true, y: duration, height: 280,
    at: (idx) => quantile(x[idx]),
    series: curves.map((c, i) => line(c.name, fill(values[i]), c.n ?? i, duration)),
  });
}

// fill carries a step of a distribution on to where the next one is known, as far as it goes.
function fill(values) {
  const last = values.findLastIndex((v) => v != null);
  let now = null;
  return values.map((v, i) => { now = v ?? now; return i <= last ? now : null; });
}

// drawOverlay draws several runs over each other, each from its own start.
function drawOverlay(runs, holder) {
  const longest = Math.max(...runs.map(lengthOf), 1);
  const column = Math.max(...runs.map((r) => r.column));
  const group = newGroup(longest, column);
  const overlay = (title, note, of, more) => {
    const [x, ...values] = uPlot.join(runs.map((r) => [midpoints(r), of(r)]));
    group.add(holder, {
      title, note, x, at: (idx) => clock(x[idx]), ...more,
      series: runs.map((r, i) => line(r.label, values[i], i, more && more.y)),
    });
  };
  overlay("Successful requests per second", "Higher is better.", (r) => r.succeeded);
  overlay("Response p50 over time", "Half of the answers came within this. Lower is better.", (r) => r.p50, { log: true, y: duration });
  overlay("Response p99 over time", "99 of 100 answers came within this. Lower is better.", (r) => r.p99, { log: true, y: duration });
  if (runs.some((r) => r.failed.some((n) => n > 0))) {
    overlay("Failed requests per second", "Errors, and answers that were no success.", (r) => r.failed.map((n) => n / r.column));
  } else {
    holder.append(element("p", "note", "No request failed in any of the runs."));
  }
  const responses = runs.map((r, n) => ({ ...r.curves.find((c) => c.name === "response"), name: r.label, n })).filter((c) => c.at);
  drawCurves(holder, responses, "Response of each run: a curve that is lower is better, and where curves part says for how rare a request.");
}
