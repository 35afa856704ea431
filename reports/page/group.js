// Charts that share a cursor and a stretch of time.

let groups = 0;

function newGroup(longest, column) {
  const group = { key: `group-${++groups}`, charts: [], range: null };
  group.zoom = (range) => {
    if (range) {
      const least = 4 * column;
      let [from, to] = range;
      if (to - from < least) [from, to] = [(from + to - least) / 2, (from + to + least) / 2];
      group.range = [Math.max(from, 0), Math.min(to, longest)];
      if (group.range[0] <= 0 && group.range[1] >= longest) group.range = null;
    } else {
      group.range = null;
    }
    for (const c of group.charts) c.uplot.setScale("x", rangeOf(group, c));
    say(group.range ? `from ${clock(group.range[0])} to ${clock(group.range[1])}` : "the whole run");
  };
  group.add = (holder, spec) => {
    const made = chart(group, holder, { xRange: [0, longest], ...spec });
    group.charts.push(made);
    return made;
  };
  return group;
}

function rangeOf(group, c) {
  const [min, max] = group.range || c.spec.xRange;
  return { min, max };
}

// alone is a group of a chart whose axis is no time.
function alone(from, to) {
  const group = { key: null, charts: [], range: null };
  group.zoom = (range) => {
    group.range = range && [Math.max(range[0], from), Math.min(range[1], to)];
    if (group.range && !(group.range[1] > group.range[0] * 1.05)) group.range = null;
    for (const c of group.charts) c.uplot.setScale("x", rangeOf(group, c));
  };
  group.add = (holder, spec) => {
    const made = chart(group, holder, { xRange: [from, to], ...spec });
    group.charts.push(made);
    return made;
  };
  return group;
}

function say(text) {
  document.getElementById("said").textContent = text;
}
