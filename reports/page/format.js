// Numbers and times as people read them.

const units = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

function significant(v) {
  const digits = v === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(v))));
  return v.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 9) });
}

function duration(ns) {
  if (ns == null) return "–";
  const [size, unit] = units.find(([size]) => ns >= size) || units[3];
  return significant(ns / size) + " " + unit;
}

function count(v) {
  return v == null ? "–" : significant(v);
}

// clock writes seconds since the start: 7 s, 2:05, 1:00:00.
function clock(seconds) {
  const s = Math.floor(seconds + 1e-9);
  if (s < 60) return (seconds < 10 && s !== seconds ? seconds.toFixed(1) : s) + " s";
  const pad = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return minutes + ":" + pad(s % 60);
  return Math.floor(minutes / 60) + ":" + pad(minutes % 60) + ":" + pad(s % 60);
}

// quantile writes 1/(1−q) as a percentage: 100 is 99 %.
function quantile(one) {
  if (one <= 1) return "0 %";
  const nines = 100 - 100 / one;
  return nines.toFixed(Math.max(0, Math.ceil(Math.log10(one) - 2) + (Number.isInteger(Math.log10(one)) ? 0 : 1))) + " %";
}

// element makes one with a class and a text: never with markup, since names come from scripts and servers.
function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text != null) e.textContent = text;
  return e;
}
