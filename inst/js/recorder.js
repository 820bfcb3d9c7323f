// What single updates did, recorded. Twins: python/twinprop/recorder.py, r/recorder.R.
//
// Section 6 of docs/contract.md. The bookkeeping only: the training loop hands over the arrays.

/** The numbers that a recording may hold: 64 MiB in float64. */
const LIMIT = 2 ** 23;

/** What an array takes beside its numbers, about, as so many numbers. */
const ARRAY = 32;

/** How many numbers a step counts as. */
export function stepSize(layers, rows) {
  let parameters = 0;
  let units = 0;
  for (let l = 1; l < layers.length; l++) {
    parameters += layers[l] * (layers[l - 1] + 1);
    units += layers[l];
  }
  const arrays = 5 * (layers.length - 1);
  return 2 * parameters + rows * (1 + units) + ARRAY * arrays;
}

/**
 * Keeps the steps of a training that its interval and the limit leave. `due` is the number of the
 * next update to be recorded.
 */
export class Recorder {
  #layers;
  #limit;
  #interval;
  #steps = [];
  #size = 0;

  constructor(interval, layers, limit = LIMIT) {
    this.#interval = interval;
    this.#layers = layers;
    this.#limit = limit;
    this.due = 1;
  }

  /** Keep the step that was due; if it does not fit, thin out those before it. */
  keep(step) {
    const size = this.#sizeOf(step);
    let past = 0;
    while (past === 0 && this.#steps.length > 1 && this.#size + size > this.#limit) {
      this.#thinOut();
      past = (step.update - 1) % this.#interval;
    }
    if (past === 0) {
      this.#steps.push(step);
      this.#size += size;
    }
    this.due = step.update - past + this.#interval;
  }

  /** The recording, as a run has it. */
  recording() {
    return { interval: this.#interval, steps: this.#steps };
  }

  #sizeOf(step) {
    return stepSize(this.#layers, step.rows.length);
  }

  /** Drop every second step and double the interval. */
  #thinOut() {
    this.#steps = this.#steps.filter((_, i) => i % 2 === 0);
    this.#size = this.#steps.reduce((size, step) => size + this.#sizeOf(step), 0);
    this.#interval *= 2;
  }
}
