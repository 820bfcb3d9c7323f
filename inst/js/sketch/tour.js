// The tour: the lesson in steps, each a state of the page with a question. Twins: none, a page is
// JavaScript's alone.
//
// No answer is written here: each is computed from the training that the step shows.

import { InputError } from "../errors.js";
import { derivatives } from "../quantities.js";
import { change, fromHash, TOUR_STEPS } from "./state.js";
import { Stepper } from "./stepper.js";

/**
 * The sample of the lesson, 3-3-3, in front of its first update. All samples stand in the addresses,
 * so that the tour needs no file.
 */
const LESSON =
  "x=0.9,0.1,0.8&d=0.9,0.1,0.1&inputs=x1,x2,x3&outputs=y1,y2,y3&layers=3-3-3&" +
  "weights=0.9,0.3,0.4,0.2,0.8,0.2,0.1,0.5,0.6,0.3,0.7,0.5,0.6,0.5,0.2,0.8,0.1,0.9&" +
  "biases=0,0,0,0,0,0";

/** One neuron with one input and five samples, which no sigmoid fits. */
const FIVE_POINTS =
  "x=2,-2,1,6,-7&d=0.9,0.1,0.9,0.9,0.9&inputs=x1&outputs=d1&layers=1-1&init=uniform&" +
  "optimizer=sgd&learning_rate=1&batch_size=all&epochs=3000&speed=1000";

const XOR = "x=0,0,0,1,1,0,1,1&d=0,1,1,0&inputs=x1,x2&outputs=y";

/** An answer that is off by so much of its last decimal is that number, rounded. */
const HALF = 0.5 + 1e-6;

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

/** The place of the largest value, from 0. */
const largest = (values) => values.indexOf(Math.max(...values));

const sizes = (values) => values.map(Math.abs);

/** What a training does that is made as the step's, with some settings changed. */
function trainedWith({ state, samples }, changes, updates) {
  const stepper = new Stepper(change(state, changes), samples);
  stepper.seek(updates);
  return stepper;
}

/** The rows, from 0, whose output lies on the wrong side of 0.5. */
function wrongRows({ stepper, samples }) {
  const outputs = stepper.network.predict(samples.x);
  const side = (value) => value >= 0.5;
  return outputs.flatMap(([a], i) => (side(a) === side(samples.d[i][0]) ? [] : [i]));
}

/** A row of a matrix, times factors and added up. */
const byRow = (matrix, factors, k) => sumOf(matrix[k].map((w, j) => w * factors[j]));

const neurons = (count, name) =>
  Array.from({ length: count }, (_, k) => [String(k + 1), name(k + 1)]);

/**
 * The steps. Each has a title, a text of two sentences, the address of the state that it shows, a
 * question, and of the numbers at that state (`at`: state, samples, the stepper that stands there)
 *
 * - `answer(at)`: a number, asked for to `decimals`, or the value of one of `options(at)`;
 * - `slips(at)`: wrong answers that tell what went wrong, each with what is to be said;
 * - `why`: what is said of the right answer; `hint`: of any other wrong one.
 */
export const STEPS = Object.freeze([
  {
    title: "What a layer does",
    text: [
      "Each neuron adds up what comes in, every value times its weight, and its bias: that is " +
        "its weighted sum z.",
      "It sends on its activation a = f(z); here f is the sigmoid, which makes a number between " +
        "0 and 1 of any sum.",
    ],
    address: `${LESSON}&phase=forward`,
    question: "What is the activation of neuron 2 in layer 2, to two decimals?",
    decimals: 2,
    answer: ({ stepper }) => stepper.step.forward.a[1][0][1],
    slips: ({ stepper }) => [
      [stepper.step.forward.z[0][0][1], "That is z, the weighted sum; the activation is f(z)."],
      [stepper.step.forward.a[1][0][0], "That is neuron 1."],
      [stepper.step.forward.a[2][0][1], "That is layer 3."],
    ],
    why: "A sum above 0 makes an activation above 0.5.",
    hint: "It stands in its circle, the second one of the middle layer.",
  },
  {
    title: "The output error",
    text: [
      "The error of an output is what it is minus what it should be, e = a - d.",
      "Above 0 the output is too large, below 0 it is too small.",
    ],
    address: `${LESSON}&phase=error&focus=3.1`,
    question: "What is the error of output 1, to two decimals and with its sign?",
    decimals: 2,
    answer: ({ stepper }) => stepper.step.outputError[0][0],
    slips: ({ stepper }) => [
      [-stepper.step.outputError[0][0], "The sign is the other one: e is a - d, not d - a."],
      [stepper.step.forward.a[2][0][0], "That is the output a; d is still to be subtracted."],
    ],
    why: "This output is too small, so its error is below 0.",
    hint: "Take the desired output d of output 1 from its activation a.",
  },
  {
    title: "The cost",
    text: [
      "The cost makes one number of all errors: here it is their squares, added up, divided by " +
        "the number of outputs and halved.",
      "It is 0 only if every output is right, and a large error counts more than several small " +
        "ones of the same sum.",
    ],
    address: `${LESSON}&phase=error&focus=3.3`,
    question: "What is the cost of this sample, to two decimals?",
    decimals: 2,
    answer: ({ stepper }) => stepper.step.cost,
    slips: ({ stepper }) => [
      [2 * stepper.step.cost, "The half is missing."],
      [3 * stepper.step.cost, "Divide by the three outputs as well."],
      [6 * stepper.step.cost, "That is the sum of the squares: divide by 3, then by 2."],
    ],
    why: "Nearly all of it comes from the outputs 2 and 3.",
    hint: "Square the three errors, add them up, divide by 3, then by 2.",
  },
  {
    title: "Blame in proportion to the weights",
    text: [
      "An output cannot have gone wrong alone: its error is shared among the neurons before it.",
      "The first idea is to share it in proportion to the weights, w / (sum of the weights) of " +
        "the error for each.",
    ],
    address: `${LESSON}&rule=proportional&phase=back&focus=3.3`,
    question: "Which weight gets most of the blame for the error of output 3?",
    options: ({ stepper }) =>
      neurons(stepper.layers[1], (j) => `the one from neuron ${j} of layer 2`),
    answer: ({ stepper }) => String(largest(sizes(stepper.step.shares(0)[0][2])) + 1),
    slips: () => [],
    why: "The largest weight has the largest share.",
    hint: "Its size decides: look for the thickest line into output 3.",
  },
  {
    title: "The transpose",
    text: [
      "Leave the denominators out, and a share is weight times error: the proportions among the " +
        "weights of an output stay as they were.",
      "Neuron j of layer 2 adds up the shares along all weights that go out of it, which is " +
        "column j of W: so e[2] = W' e[3], with the transpose of W.",
    ],
    address: `${LESSON}&rule=transpose&phase=back`,
    question: "Which error comes back to neuron 1 of layer 2, to two decimals?",
    decimals: 2,
    answer: ({ stepper }) => stepper.step.backward.e[0][0][0],
    slips: ({ stepper }) => [
      [
        byRow(stepper.weights[1], stepper.step.outputError[0], 0),
        "That is a row of W times the errors; going back it is a column, the transpose.",
      ],
      [sumOf(stepper.step.outputError[0]), "The errors are to be multiplied by the weights."],
      [stepper.step.shares(0)[0][0][0], "That is the share of output 1 alone; add all three."],
    ],
    why: "Forward the rows of W were summed over, back it is its columns.",
    hint: "Multiply each output's error by its weight from neuron 1, and add up.",
  },
  {
    title: "What the transpose leaves out",
    text: [
      "How much an output moves with its weighted sum is the derivative f'(z), which for the " +
        "sigmoid is a (1 - a), at most 1/4.",
      "W' e leaves it out; the rule gradient, which follows the cost downhill, sends back " +
        "W' (f' e): each of its shares is that of the transpose times f' of the neuron that " +
        "sends it.",
    ],
    address: `${LESSON}&rule=transpose&other_rule=gradient&phase=back&focus=3.3`,
    question:
      "By the rule gradient the shares of output 3 are those of the transpose times which " +
      "number, to two decimals?",
    decimals: 2,
    answer: ({ stepper }) => derivatives(stepper, stepper.step.forward).at(-1)[0][2],
    slips: ({ stepper }) => {
      const a = stepper.step.forward.a[2][0][2];
      return [
        [a, "That is the activation a; f' is a (1 - a)."],
        [1 - a, "That is 1 - a; f' is a (1 - a)."],
        [0.25, "That is the most it can be, at a = 0.5."],
      ];
    },
    why: "The nearer an output is to 0 or 1, the less of its error comes back.",
    hint: "It is f' of output 3: take its activation a, and compute a (1 - a).",
  },
  {
    title: "Gradient descent",
    text: [
      "The gradient of a weight says how the cost changes with it; an update takes the learning " +
        "rate times the gradient off every weight.",
      "The step is small, goes downhill, and here one update has made the cost smaller.",
    ],
    address: `${LESSON}&updates=1&phase=update&focus=3.1`,
    question: "What did the update do to the weight from neuron 1 of layer 2 to output 1?",
    options: () => [
      ["larger", "It made it larger."],
      ["smaller", "It made it smaller."],
      ["same", "It left it as it was."],
    ],
    answer: ({ stepper }) => {
      const { before, after } = stepper.step;
      const moved = after.weights[1][0][0] - before.weights[1][0][0];
      return moved === 0 ? "same" : moved > 0 ? "larger" : "smaller";
    },
    slips: () => [],
    why: "Output 1 was too small: its gradient is below 0, and what is subtracted makes it larger.",
    hint: "Output 1 was too small, and neuron 1 is above 0: which way does more come out?",
  },
  {
    title: "One epoch",
    text: [
      "This network is to learn XOR; an epoch is over when every sample has had its turn.",
      "An update here uses one of the four samples, so that four were made, and the outputs have " +
        "hardly changed.",
    ],
    address: `${XOR}&updates=4&phase=update`,
    question: "How many updates would an epoch have with a batch size of 3?",
    decimals: 0,
    answer: ({ state, samples }) => new Stepper(change(state, { batchSize: 3 }), samples).batches,
    slips: ({ stepper }) => [
      [stepper.batches, "That is with one sample in an update."],
      [1, "Three samples are not all four of them."],
      [3, "Three is how many samples an update uses."],
    ],
    why: "The second update uses the one sample that is left.",
    hint: "Four samples, three in an update: how often until each was used?",
  },
  {
    title: "Many epochs",
    text: [
      "Epoch after epoch the cost falls; after 1,000 of them it is less than a tenth of what it " +
        "was.",
      "The curve is flat for a long while and then falls fast: the network has found a border.",
    ],
    address: `${XOR}&updates=4000&phase=update&speed=1000`,
    question: "How many of the four samples lie on their own side of the border now?",
    decimals: 0,
    answer: (at) => at.samples.x.length - wrongRows(at).length,
    slips: () => [],
    why: "An output of 0.5 or more counts as 1.",
    hint: "It stands below the picture of what was learned.",
  },
  {
    title: "Why denominators fail",
    text: [
      "Weights may have different signs, and then their sum may be nearly 0: the two into this " +
        "output, 0.8 and -0.7, sum to 0.1.",
      "The shares still add up to the error, but each is several times as large as the error " +
        "itself, and where the sum is 0 there are none.",
    ],
    address:
      `${XOR}&layers=2-2-1&weights=0.5,0.4,0.3,0.6,0.8,-0.7&biases=0,0,0&rule=proportional&` +
      "phase=back&focus=3.1",
    question:
      "How many times the output's error is the share of neuron 1 in layer 2, to one decimal?",
    decimals: 1,
    answer: ({ stepper }) => stepper.step.shares(0)[0][0][0] / stepper.step.outputError[0][0],
    slips: ({ stepper }) => {
      const [row] = stepper.weights[1];
      return [
        [row[0], "That is the weight, the share without a denominator."],
        [row[0] / sumOf(sizes(row)), "That is with the sum of the sizes, without the signs."],
        [row[1] / sumOf(row), "That is neuron 2."],
      ];
    },
    why: "An error of some size is blown up; the transpose has no denominator and no such trouble.",
    hint: "Divide its weight by the sum of both weights, signs included.",
  },
  {
    title: "Local minima",
    text: [
      "This one neuron, started from seed 4, has come to rest where every small change of its " +
        "weight or its bias makes the cost larger: a local minimum.",
      "Started from seed 1 it ends in another one, which is lower: to gradient descent it is the " +
        "start that decides.",
    ],
    address: `${FIVE_POINTS}&seed=4&updates=3000&phase=update`,
    question:
      "Set Seed to 1 and play all 3,000 epochs: at which cost does it end, to three decimals?",
    decimals: 3,
    answer: (at) => trainedWith(at, { seed: 1 }, at.stepper.updates).cost(),
    slips: (at) => [
      [at.stepper.cost(), "That is where seed 4 ends."],
      [trainedWith(at, { seed: 1 }, 0).cost(), "That is the cost at the start of seed 1."],
    ],
    why: "The lower one gives up the steep curve, and so one sample is far less wrong.",
    hint: "Seed is under Network; press Play, and read the cost above the picture.",
  },
  {
    title: "A seed that gets stuck",
    text: [
      "Two hidden neurons can learn XOR, and from seed 2 they do, to a cost below 0.001 in 2,000 " +
        "epochs; from this seed, 4, it is above 0.06 by then, and still is after 20,000.",
      "That is no local minimum, for the cost still falls, ever more slowly, towards 1/16: try " +
        "several seeds, or more neurons.",
    ],
    address: `${XOR}&layers=2-2-1&epochs=2000&speed=10000&seed=4&updates=8000&phase=update`,
    question: "Which other sample gets nearly the output of the last one, (1, 1)?",
    options: ({ samples }) =>
      samples.x.slice(0, -1).map((row, i) => [String(i + 1), `(${row.join(", ")})`]),
    answer: ({ stepper, samples }) => {
      const outputs = stepper.network.predict(samples.x).map(([a]) => a);
      const far = outputs.slice(0, -1).map((a) => Math.abs(a - outputs.at(-1)));
      return String(far.indexOf(Math.min(...far)) + 1);
    },
    slips: () => [],
    why: "It should be 1 and (1, 1) should be 0: both get about 0.5, the mean.",
    hint: "Go back with Step back, through the four samples, and compare their outputs.",
  },
]);

/**
 * The state of the page at a step.
 *
 * @param {number} number From 1 to TOUR_STEPS.
 */
export function stateOfStep(number) {
  if (!Number.isInteger(number) || number < 1 || number > TOUR_STEPS) {
    throw new InputError(`tour must be an integer from 1 to ${TOUR_STEPS}`);
  }
  return change(fromHash(STEPS[number - 1].address), { tour: number });
}

/** The step that a hash names without saying more, whose state is meant then; or null. */
export function stepOfHash(hash) {
  const [, found] = /^#?tour=([0-9]{1,3})$/.exec(hash) ?? [];
  return found === undefined ? null : Number(found);
}

/** What an answer says, whichever minus and decimal mark it has. */
function readNumber(text) {
  const plain = text
    .trim()
    .replace(/[\u2212\u2013]/g, "-")
    .replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}

/**
 * Mark an answer.
 *
 * @param {Object} step One of STEPS.
 * @param {{state: Object, samples: Object, stepper: Stepper}} at The step's state, its samples,
 *   and a training that stands there.
 * @param {string} text What was typed, or the value of the option that was chosen.
 * @returns {{right: boolean, message: string}}
 */
export function mark(step, at, text) {
  const right = { right: true, message: `Right. ${step.why}` };
  const wrong = (message) => ({ right: false, message: `Not yet. ${message}` });
  if (step.options !== undefined) {
    if (!step.options(at).some(([value]) => value === text)) return wrong("Choose an answer.");
    return text === step.answer(at) ? right : wrong(step.hint);
  }
  const given = readNumber(text);
  if (!Number.isFinite(given)) return wrong("Type a number, as in 0.25.");
  const agrees = (value) => Math.abs(given - value) <= HALF * 10 ** -step.decimals;
  if (agrees(step.answer(at))) return right;
  const [, message] = step.slips(at).find(([value]) => agrees(value)) ?? [];
  return wrong(message ?? step.hint);
}
