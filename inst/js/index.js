// twinprop: one multilayer perceptron, native in Python, R and JavaScript.
// Twins: python/twinprop/__init__.py, NAMESPACE.
//
// The same starting weights, data and settings give the same errors, the same gradients and the same
// updated weights in every language; docs/contract.md states what each computes.

export { ACTIVATIONS } from "./activations.js";
export { RULES } from "./backprop.js";
export { compareRules } from "./compare_rules.js";
export { COSTS } from "./costs.js";
export { DATASETS, loadDataset } from "./datasets.js";
export { diagnose } from "./diagnose.js";
export {
  DenominatorError,
  DivergenceError,
  InputError,
  TrainingError,
  TwinpropError,
} from "./errors.js";
export { checkAnswer, exercise } from "./exercise.js";
export { explain, explainPlan } from "./explain.js";
export { fingerprint } from "./fingerprint.js";
export { checkGradient } from "./gradcheck.js";
export { MLP } from "./model.js";
export { formatModel } from "./model_file.js";
export { Network, startingWeights } from "./network.js";
export { Optimizer, OPTIMIZERS } from "./optimizers.js";
export { formatRun, readPlan, runPlan } from "./plan.js";
export { RandomStream } from "./random.js";
export { VERSION } from "./training.js";
