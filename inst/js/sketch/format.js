// How the page writes numbers. Twins: the texts of a picture are those of layout.py and layout.R.

/** A number in at most six characters or so, as a picture has it (section 15 of docs/contract.md). */
export function short(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Inf" : "-Inf";
  if (value === 0) return "0";
  const size = Number(Math.abs(value).toExponential(2));
  if (size < 1000) {
    const digits = [
      [100, 0],
      [10, 1],
      [0.1, 2],
      [0.001, 3],
    ].find(([from]) => size >= from);
    if (digits !== undefined) return value.toFixed(digits[1]);
  }
  const long = shortExponent(value.toExponential(1));
  return long.length <= 6 ? long : shortExponent(value.toExponential(0));
}

function shortExponent(text) {
  return text.replace("e+", "e");
}

/** The same with a minus sign of its full width, for people. */
export function pretty(value) {
  return short(value).replaceAll("-", "\u2212");
}

/** A cost: enough digits to see it fall. */
export function costText(value) {
  return Number.isFinite(value) ? value.toPrecision(6).replace("e-", "e\u2212") : short(value);
}

/** A name cut to a length. */
export function cutName(name, most = 14) {
  const letters = [...name];
  return letters.length <= most ? name : `${letters.slice(0, most - 1).join("")}\u2026`;
}
