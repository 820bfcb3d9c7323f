// The numbers of a step, with their sizes. Twins: python/twinprop/quantities.py, r/quantities.R.
//
// Section 12 of docs/contract.md. The numbers are those that the step computed. A size is what a
// number's own formula gives with every term taken as positive, so that roundings are some 1e-16 of
// it, however much of the terms cancels.

import { ACTIVATIONS } from "./activations.js";
import { offsets, views } from "./backprop.js";
import { costFunction, penalty } from "./costs.js";
import { quantity } from "./equations.js";

const { abs, max } = Math;

function sumOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

function absolute(rows) {
  return rows.map((row) => row.map(abs));
}

/** f'(z) of every layer; NaN for softmax, which has none of its own. */
export function derivatives(network, forward) {
  return network.activations.map((name, i) => {
    const { derivative } = ACTIVATIONS[name];
    return forward.z[i].map((z, row) => {
      const out = new Array(z.length).fill(NaN);
      if (derivative !== null) derivative(z, forward.a[i + 1][row], out, z.length);
      return out;
    });
  });
}

/** The sizes of z and a. */
export function forwardSizes(network, forward) {
  const { weights, biases } = network;
  const [z, a] = [[], [absolute(forward.a[0])]];
  derivatives(network, forward).forEach((slopes, i) => {
    const of = absolute(weights[i]);
    z.push(
      a[i].map((inputs) =>
        of.map((row, k) => sumOf(row.map((w, j) => w * inputs[j])) + abs(biases[i][k])),
      ),
    );
    const softmax = network.activations[i] === "softmax";
    a.push(
      forward.a[i + 1].map((row, sample) => {
        const sizes = z[i][sample];
        const largest = max(...sizes);
        return row.map((value, k) => {
          const carried = softmax ? abs(value) * largest : abs(slopes[sample][k]) * sizes[k];
          return max(abs(value), carried);
        });
      }),
    );
  });
  return { z, a };
}

/** The sizes of e, delta and the gradients; those of a are given. */
export function backwardSizes(record, a, slopes, s) {
  const depth = slopes.length;
  const [e, delta, gradWeights, gradBiases] = [[], [], [], []];
  e[depth - 1] = a[depth].map((row, i) => row.map((size, k) => max(size, abs(record.d[i][k]))));
  const [sent, sentSizes] = [weightsSentThrough(record), sizesSentThrough(record)];
  for (let l = depth - 1; l >= 0; l--) {
    let g = e[l];
    if (hasSlope(record, l)) {
      g = e[l].map((row, i) =>
        row.map((size, k) => {
          const slope = abs(slopes[l][i][k]);
          const slopeSize = max(slope, a[l + 1][i][k]);
          return max(abs(record.backward.e[l][i][k]) * slopeSize, size * slope);
        }),
      );
    }
    delta[l] = g.map((row) => row.map((size) => s * size));
    const mean = (term) => sumOf(g.map((_, i) => term(i))) / g.length;
    gradWeights[l] = sent[l].map((row, k) =>
      row.map((_, j) => mean((i) => delta[l][i][k] * a[l][i][j])),
    );
    gradBiases[l] = sent[l].map((_, k) => mean((i) => delta[l][i][k]));
    if (l > 0) {
      const carried = record.rule === "gradient" ? g : e[l];
      const parts = sent[l].map((row, k) => shareSizes(row, sentSizes[l][k], record.rule));
      e[l - 1] = carried.map((row) =>
        parts[0].map((_, j) => sumOf(row.map((size, k) => size * parts[k][j]))),
      );
    }
  }
  return { e, delta, gradWeights, gradBiases };
}

/** Whether delta of the layer behind weights[i] has f' in it. */
export function hasSlope(record, i) {
  return i < record.before.layers.length - 2 || record.cost !== "cross_entropy";
}

/** The weights through which the errors went back. */
export function weightsSentThrough(record) {
  return (record.updateOrder === "output_first" ? record.after : record.before).weights;
}

/** The sizes of these weights; a new one is what is left of the old one and its step. */
export function sizesSentThrough(record) {
  const sent = weightsSentThrough(record);
  return record.before.weights.map((matrix, l) =>
    matrix.map((row, k) => row.map((weight, j) => max(abs(weight), abs(sent[l][k][j])))),
  );
}

/** What a rule divides the weights into a neuron by; 1 if it does not. */
export function denominatorOf(weights, rule) {
  if (rule === "proportional") return sumOf(weights);
  return rule === "proportional_abs" ? sumOf(weights.map(abs)) : 1;
}

/** The sizes of what the rule multiplies a neuron's error by; those of its weights are given. */
export function shareSizes(weights, sizes, rule) {
  const divisor = abs(denominatorOf(weights, rule));
  // the denominator's own size is that of its terms
  const cancels = rule === "proportional" ? sumOf(sizes) / divisor : 1;
  return sizes.map((size) => (size * cancels) / divisor);
}

/** Every number of a step as a quantity; layers from 1, neurons and samples from 0. */
export class Quantities {
  /**
   * @param {Object} record A step as it was made:
   *   - `before`, `after`: the network before and after the step, each an object with `layers`,
   *     `activations`, `parameters`, `weights` and `biases`.
   *   - `d`: the desired outputs, n rows of n_L values.
   *   - `forward`, `backward`: as the step used them.
   *   - `forwardAfter`: the same samples through the network after the step.
   *   - `optimizer`, `optimizerAfter`: the optimiser before and after the step.
   *   - `cost`, `rule`, `updateOrder`: the settings.
   */
  constructor(record) {
    this.record = record;
    this.layers = record.before.layers;
    this.rows = record.d.length;
    this.cost = costFunction(record.cost, record.before.activations.at(-1));
    this.s = this.cost.scale(this.layers.at(-1));
    this.decay = record.optimizer.settings.weightDecay;
    this.sent = weightsSentThrough(record);
    this.sentSizes = sizesSentThrough(record);
    this.slopes = derivatives(record.before, record.forward);
    this.forwardSizes = forwardSizes(record.before, record.forward);
    this.afterSizes = forwardSizes(record.after, record.forwardAfter);
    this.backwardSizes = backwardSizes(record, this.forwardSizes.a, this.slopes, this.s);
  }

  /** How a sample is named: not at all if it is the only one. */
  sample(i) {
    return this.rows > 1 ? i + 1 : null;
  }

  /** Whether delta of a layer has f' in it. */
  hasSlope(layer) {
    return hasSlope(this.record, layer - 2);
  }

  /** A setting. */
  setting(letter, value) {
    return quantity(letter, value, abs(value));
  }

  /** A weighted sum. */
  z(layer, k, i, isNew = false) {
    const { forward, forwardAfter } = this.record;
    const value = (isNew ? forwardAfter : forward).z[layer - 2][i][k];
    const size = (isNew ? this.afterSizes : this.forwardSizes).z[layer - 2][i][k];
    return quantity("z", value, size, { layer, place: [k + 1], sample: this.sample(i), isNew });
  }

  /** An activation. */
  a(layer, k, i, isNew = false) {
    const { forward, forwardAfter } = this.record;
    const value = (isNew ? forwardAfter : forward).a[layer - 1][i][k];
    const size = (isNew ? this.afterSizes : this.forwardSizes).a[layer - 1][i][k];
    return quantity("a", value, size, { layer, place: [k + 1], sample: this.sample(i), isNew });
  }

  /** A desired output. */
  target(k, i) {
    const value = this.record.d[i][k];
    return quantity("d", value, abs(value), { place: [k + 1], sample: this.sample(i) });
  }

  /** An error; a new one of the output layer only. */
  e(layer, k, i, isNew = false) {
    const where = { layer, place: [k + 1], sample: this.sample(i), isNew };
    if (!isNew) {
      const value = this.record.backward.e[layer - 2][i][k];
      return quantity("e", value, this.backwardSizes.e[layer - 2][i][k], where);
    }
    const desired = this.record.d[i][k];
    const value = this.record.forwardAfter.a.at(-1)[i][k] - desired;
    return quantity("e", value, max(this.afterSizes.a.at(-1)[i][k], abs(desired)), where);
  }

  /** f'(z). */
  slope(layer, k, i) {
    const value = this.slopes[layer - 2][i][k];
    const size = max(abs(value), this.forwardSizes.a[layer - 1][i][k]);
    return quantity("f'", value, size, { layer, place: [k + 1], sample: this.sample(i) });
  }

  /** A delta. */
  delta(layer, k, i) {
    const value = this.record.backward.delta[layer - 2][i][k];
    const size = this.backwardSizes.delta[layer - 2][i][k];
    return quantity("delta", value, size, { layer, place: [k + 1], sample: this.sample(i) });
  }

  /** A weight, or, if j is null, a bias. */
  parameter(layer, k, j, isNew = false) {
    const { weights, biases } = isNew ? this.record.after : this.record.before;
    const former = this.record.before;
    if (j === null) {
      const value = biases[layer - 2][k];
      const size = max(abs(value), abs(former.biases[layer - 2][k]));
      return quantity("b", value, size, { layer, place: [k + 1], isNew });
    }
    const value = weights[layer - 2][k][j];
    const size = max(abs(value), abs(former.weights[layer - 2][k][j]));
    return quantity("W", value, size, { layer, place: [k + 1, j + 1], isNew });
  }

  /** The gradient of a weight, or, if j is null, of a bias. */
  gradient(layer, k, j) {
    const [values, sizes] = [this.record.backward, this.backwardSizes];
    if (j === null) {
      const [value, size] = [values.gradBiases[layer - 2][k], sizes.gradBiases[layer - 2][k]];
      return quantity("dC/db", value, size, { layer, place: [k + 1] });
    }
    const [value, size] = [values.gradWeights[layer - 2][k][j], sizes.gradWeights[layer - 2][k][j]];
    return quantity("dC/dW", value, size, { layer, place: [k + 1, j + 1] });
  }

  /** A weight as the error goes back through it. */
  sentWeight(layer, k, j) {
    return this.parameter(layer, k, j, this.record.updateOrder === "output_first");
  }

  /** What a rule divides the weights into a neuron by. */
  denominator(layer, k) {
    const weights = this.sent[layer - 2][k];
    const value = denominatorOf(weights, this.record.rule);
    return quantity("D", value, sumOf(this.sentSizes[layer - 2][k]), { layer, place: [k + 1] });
  }

  /** The neurons' parts of the sizes of the weights into a neuron. */
  blames(layer, k) {
    const values = this.sent[layer - 2][k].map(abs);
    const total = sumOf(values) || 1; // 0 stays 0
    const sizes = this.sentSizes[layer - 2][k];
    return values.map((value, j) =>
      quantity("blame", value / total, sizes[j] / total, { layer, place: [k + 1, j + 1] }),
    );
  }

  /** The parts of an error that go back along the weights into its neuron. */
  shares(layer, k, i) {
    const { rule } = this.record;
    const weights = this.sent[layer - 2][k];
    let { value: carried, size } = this.e(layer, k, i);
    if (rule === "gradient") {
      size = this.backwardSizes.delta[layer - 2][i][k] / this.s;
      carried *= this.hasSlope(layer) ? this.slope(layer, k, i).value : 1;
    }
    const divisor = denominatorOf(weights, rule);
    const sizes = shareSizes(weights, this.sentSizes[layer - 2][k], rule);
    return weights.map((weight, j) =>
      quantity("share", (weight / divisor) * carried, sizes[j] * size, {
        layer,
        place: [k + 1, j + 1],
        sample: this.sample(i),
      }),
    );
  }

  /** The part of an error that goes back along one weight. */
  share(layer, k, j, i) {
    return this.shares(layer, k, i)[j];
  }

  /** The sum of the shares of an error. */
  sumOfShares(layer, k, i) {
    const shares = this.shares(layer, k, i);
    const [value, size] = ["value", "size"].map((name) => sumOf(shares.map((one) => one[name])));
    return quantity("shares", value, size, { layer, place: [k + 1], sample: this.sample(i) });
  }

  /** Each sample's cost; it is named if there are several, or a penalty. */
  sampleCosts(isNew) {
    const { record, layers } = this;
    const { z, a } = isNew ? record.forwardAfter : record.forward;
    const sizes = isNew ? this.afterSizes : this.forwardSizes;
    const named = this.rows > 1 || this.decay > 0;
    return record.d.map((desired, i) => {
      const [sums, outputs] = [z.at(-1)[i], a.at(-1)[i]];
      const value = this.cost.value(sums, outputs, desired, 1, layers.at(-1));
      const terms = outputs.map(
        (output, k) => abs(output - desired[k]) * max(sizes.a.at(-1)[i][k], abs(desired[k])),
      );
      const size =
        record.cost === "cross_entropy" ? abs(value) + sumOf(sizes.z.at(-1)[i]) : sumOf(terms);
      return quantity("C", value, size, { sample: named ? i + 1 : null, isNew });
    });
  }

  /** The penalty of weight decay. */
  penalty(isNew) {
    const { parameters } = isNew ? this.record.after : this.record.before;
    const weights = parameters.subarray(0, offsets(this.layers).weights.at(-1));
    const value = penalty(weights, this.decay);
    return quantity("penalty", value, value, { isNew });
  }

  /**
   * What the optimiser remembers as `name` of a weight or bias.
   *
   * @param {string} letter
   * @param {string} name
   * @param {Object} of The weight or bias.
   * @param {boolean} isNew
   * @param {number} size That of its terms; of what former gradients left, that of the present one's.
   */
  remembered(letter, name, of, isNew, size) {
    const optimizer = isNew ? this.record.optimizerAfter : this.record.optimizer;
    const { layer, place } = of;
    let value = optimizer.startOf(name); // before its first update
    if (Object.hasOwn(optimizer.state, name)) {
      const { weights, biases } = views(this.layers, optimizer.state[name]);
      const [k, j] = place.map((n) => n - 1);
      value =
        of.letter === "b"
          ? biases[layer - 2][k]
          : weights[layer - 2][k * this.layers[layer - 2] + j];
    }
    return quantity(letter, value, max(size, abs(value)), { layer, place, isNew });
  }
}
