// The heat map: how many responses took how long, second by second. Darker is more (in dark, lighter), on a logarithmic
// scale of counts, in shades of one colour.

function rgb(text) {
  return text.match(/[\d.]+/g).slice(0, 3).map(Number);
}

const shades = 16;

function palette() {
  const low = rgb(colour("--heat-low")), high = rgb(colour("--heat-high"));
  return Array.from({ length: shades }, (_, i) => {
    const mix = low.map((v, k) => Math.round(v + (high[k] - v) * i / (shades - 1)));
    return `rgb(${mix.join(",")})`;
  });
}

// rowEdge is the lower end of a row, in ns.
function rowEdge(heat, row) {
  return 10 ** ((heat.low + row) / heat.perDecade);
}

// drawHeat returns what draws the map of a run. Columns narrower than a pixel are drawn together.
function drawHeat(heat, run) {
  return (u) => {
    const { ctx, bbox } = u;
    const colours = palette();
    const edges = Array.from({ length: heat.rows + 1 }, (_, i) => Math.round(u.valToPos(rowEdge(heat, i), "y", true)));
    const columns = pixelColumns(u, heat, run);
    let most = 1;
    for (const c of columns) for (const n of c.counts.values()) most = Math.max(most, n);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const c of columns) {
      for (const [row, n] of c.counts) {
        ctx.fillStyle = colours[Math.round((shades - 1) * Math.log(n) / Math.max(Math.log(most), 1e-9)) || 0];
        ctx.fillRect(c.left, edges[row + 1], c.width, Math.max(edges[row] - edges[row + 1], 1));
      }
    }
    ctx.restore();
  };
}

function pixelColumns(u, heat, run) {
  const columns = [];
  const { min, max } = u.scales.x;
  for (let i = 0; i < heat.columns.length; i++) {
    const from = i * run.column, to = columnEnd(run, i);
    if (to < min || from > max) continue;
    const left = Math.round(u.valToPos(from, "x", true)), right = Math.round(u.valToPos(to, "x", true));
    let at = columns[columns.length - 1];
    if (!at || at.left !== left) columns.push(at = { left, width: 1, counts: new Map() });
    at.width = Math.max(at.width, right - left);
    const pairs = heat.columns[i];
    for (let k = 0; k < pairs.length; k += 2) at.counts.set(pairs[k], (at.counts.get(pairs[k]) || 0) + pairs[k + 1]);
  }
  return columns;
}

// fullest says in words where most responses of a column were.
function fullest(heat, idx) {
  const pairs = idx == null ? [] : heat.columns[idx];
  let total = 0, row = -1, most = 0;
  for (let k = 0; k < pairs.length; k += 2) {
    total += pairs[k + 1];
    if (pairs[k + 1] > most) [row, most] = [pairs[k], pairs[k + 1]];
  }
  if (row < 0) return idx == null ? "" : "no answers";
  return `${count(total)} answers, most of them (${count(most)}) from ${duration(rowEdge(heat, row))} to ${duration(rowEdge(heat, row + 1))}`;
}

// heatKey returns what makes the key of the colours: from one response in a cell to the most there were.
function heatKey(heat) {
  let most = 1;
  for (const pairs of heat.columns) for (let k = 1; k < pairs.length; k += 2) most = Math.max(most, pairs[k]);
  return () => {
    const svg = svgElement("svg", { viewBox: `0 0 ${shades * 6} 10`, "aria-hidden": "true", class: "key" });
    palette().forEach((fill, i) => svg.append(svgElement("rect", { x: i * 6, y: 0, width: 6, height: 10, fill })));
    const item = element("li", "scale-key");
    item.append("1 response ", svg, ` ${count(most)} in a cell`);
    return item;
  };
}
