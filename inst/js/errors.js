// The package's errors. Twins: python/twinprop/errors.py, r/errors.R.
//
// Their messages are part of the contract (docs/contract.md, section 9): the same words in
// Python, R and JavaScript.

/** Base of every error that twinprop raises on purpose. */
export class TwinpropError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** An argument, a plan or a file that cannot be used; the message names what is allowed. */
export class InputError extends TwinpropError {}

/**
 * Training had to stop.
 *
 * `network` is the network with its last good weights (those from before the epoch that failed),
 * or null. `recording` has the steps up to the failure, if `Network.train` was asked to record them,
 * or is null.
 */
export class TrainingError extends TwinpropError {
  constructor(message, network = null) {
    super(message);
    this.network = network;
    this.recording = null;
  }
}

/** The cost or a weight became NaN or Inf. */
export class DivergenceError extends TrainingError {}

/** A rule that divides by a sum of weights met a sum of 0 or nearly 0. */
export class DenominatorError extends TrainingError {}
