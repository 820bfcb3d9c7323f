// Shapes drawn by p5. Twins: none, a page is JavaScript's alone.
//
// p5 in instance mode; nothing is computed here. Positive and negative, class and class differ in more
// than colour (line and dashes, disc and square), and in their lightness.

const LIGHT = {
  paper: "#ffffff",
  ink: "#1c2126",
  soft: "#5a6570",
  grid: "#e2e6ea",
  positive: "#0072b2",
  negative: "#c65102",
  error: "#8e2a6b",
  halo: "#f2c230",
  focus: "#1c2126",
  class0: "#c65102",
  class1: "#0072b2",
  class2: "#00795a",
  class3: "#8e2a6b",
};

const DARK = {
  paper: "#171b20",
  ink: "#eef2f5",
  soft: "#a5b1bc",
  grid: "#2e363e",
  positive: "#5db4ec",
  negative: "#f0954a",
  error: "#e59ad0",
  halo: "#8a6d00",
  focus: "#eef2f5",
  class0: "#f0954a",
  class1: "#5db4ec",
  class2: "#4fc9a4",
  class3: "#e59ad0",
};

/** The colours by name, for a light and for a dark page. */
export const COLOURS = Object.freeze({ light: Object.freeze(LIGHT), dark: Object.freeze(DARK) });

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

/** A colour with an alpha from 0 to 1, as CSS has it; in steps of 1/51, so that there are few. */
function faded(colour, alpha) {
  const byte = 5 * Math.round(51 * Math.min(1, Math.max(0, alpha)));
  return `${colour}${byte.toString(16).padStart(2, "0")}`;
}

const parsed = new Map();

/** A colour as p5 has it. Reading its text takes longer than drawing with it. */
function ink(p, colour, alpha = 1) {
  const text = faded(colour, alpha);
  if (!parsed.has(text)) parsed.set(text, p.color(text));
  return parsed.get(text);
}

const DRAW = {
  line(p, { x1, y1, x2, y2, width, dash, colour, alpha = 1 }, colours) {
    p.stroke(ink(p, colours[colour], alpha));
    p.strokeWeight(width);
    p.drawingContext.setLineDash(dash ? [Math.max(4, 2 * width), Math.max(3, 1.4 * width)] : []);
    p.drawingContext.lineCap = "butt";
    p.line(x1, y1, x2, y2);
    p.drawingContext.setLineDash([]);
  },
  disc(p, { x, y, r, fill, shade, stroke, strokeWidth = 1.5 }, colours) {
    p.noStroke();
    p.fill(ink(p, colours.paper));
    p.circle(x, y, 2 * r);
    p.fill(ink(p, colours[fill], shade));
    p.stroke(ink(p, colours[stroke]));
    p.strokeWeight(strokeWidth);
    p.circle(x, y, 2 * r);
  },
  ring(p, { x, y, r, colour, width }, colours) {
    p.noFill();
    p.stroke(ink(p, colours[colour]));
    p.strokeWeight(width);
    p.circle(x, y, 2 * r);
  },
  diamond(p, { x, y, r, colour, filled }, colours) {
    p.stroke(ink(p, colours[colour]));
    p.strokeWeight(1.5);
    p.fill(ink(p, filled ? colours[colour] : colours.paper));
    p.quad(x, y - r, x + r, y, x, y + r, x - r, y);
  },
  mark(p, { x, y, r, shape, fill, ring }, colours) {
    p.stroke(ink(p, colours.paper));
    p.strokeWeight(1.5);
    p.fill(ink(p, colours[fill]));
    if (shape === "disc") p.circle(x, y, 2 * r);
    else if (shape === "square") p.rect(x - r, y - r, 2 * r, 2 * r);
    else if (shape === "diamond") p.quad(x, y - r, x + r, y, x, y + r, x - r, y);
    else p.triangle(x, y - r, x + r, y + r, x - r, y + r);
    if (ring) DRAW.ring(p, { x, y, r: r + 4, colour: "ink", width: 2 }, colours);
  },
  cell(p, { x, y, w, h, colour, shade }, colours) {
    // thousands of them: without the bookkeeping of a shape of p5
    p.drawingContext.fillStyle = faded(colours[colour], shade);
    p.drawingContext.fillRect(x, y, w, h);
  },
  path(p, { points, colour, width, dash }, colours) {
    p.noFill();
    p.stroke(ink(p, colours[colour]));
    p.strokeWeight(width);
    p.drawingContext.setLineDash(dash ? [7, 4] : []);
    p.beginShape();
    for (const [x, y] of points) p.vertex(x, y);
    p.endShape();
    p.drawingContext.setLineDash([]);
  },
  text(p, shape, colours) {
    const { text, x, y, size, colour, align, bold, behind, boxed, turned } = shape;
    p.textSize(size);
    p.textStyle(bold ? p.BOLD : p.NORMAL);
    p.textAlign({ left: p.LEFT, center: p.CENTER, right: p.RIGHT }[align], p.CENTER);
    p.push();
    p.translate(x, y);
    if (turned) p.rotate(-Math.PI / 2);
    if (behind !== undefined) {
      const w = p.drawingContext.measureText(text).width + (boxed ? 14 : 4);
      p.fill(ink(p, colours[behind], boxed ? 1 : 0.85));
      if (boxed) p.stroke(ink(p, colours.soft));
      else p.noStroke();
      p.strokeWeight(1);
      p.rect(-w / 2, -size * 0.72 - (boxed ? 3 : 0), w, size * 1.4 + (boxed ? 6 : 0), 4);
    }
    p.noStroke();
    p.fill(ink(p, colours[colour]));
    p.text(text, 0, 0);
    p.pop();
  },
};

/**
 * A drawing surface in an element of the page.
 *
 * @param {Function} p5 The constructor of p5, 2.x.
 * @param {HTMLElement} node Where the canvas goes; it takes the node's size.
 * @param {function({width: number, height: number}): Object[]} shapesOf What there is to draw.
 * @param {function(): Object} coloursOf The colours by name.
 * @returns {{redraw: function(), resize: function()}}
 */
export function surface(p5, node, shapesOf, coloursOf) {
  const sizeOf = () => ({
    width: Math.max(200, Math.floor(node.clientWidth)),
    height: Math.max(120, Math.floor(node.clientHeight)),
  });
  let ready = false;
  const sketch = new p5((p) => {
    p.setup = () => {
      const { width, height } = sizeOf();
      const canvas = p.createCanvas(width, height);
      canvas.elt.setAttribute("aria-hidden", "true"); // the page says it in words
      p.textFont(FONT);
      p.noLoop();
      ready = true;
    };
    p.draw = () => {
      const colours = coloursOf();
      p.background(ink(p, colours.paper));
      for (const shape of shapesOf({ width: p.width, height: p.height })) {
        DRAW[shape.kind](p, shape, colours);
      }
    };
  }, node);
  return {
    redraw: () => {
      if (ready) sketch.redraw();
    },
    resize: () => {
      const { width, height } = sizeOf();
      if (!ready || (sketch.width === width && sketch.height === height)) return;
      sketch.resizeCanvas(width, height);
    },
  };
}
