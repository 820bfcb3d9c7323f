// The learning rate from epoch to epoch. Twins: python/twinprop/schedules.py, r/schedules.R.
//
// Section 6 of docs/contract.md.

import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkRatio,
  describe,
  frozen,
  isObject,
} from "./checks.js";
import { InputError } from "./errors.js";

/**
 * The schedules by name. Of each:
 * - `defaults`: its parameters and their defaults.
 * - `factor(t, settings, epochs, rows, arithmetic)`: what the learning rate is multiplied by in epoch
 *   t, from 1, of a training of so many epochs on so many rows.
 */
export const SCHEDULES = frozen({
  // gamma^(t-1); torch.optim.lr_scheduler.ExponentialLR
  exponential: {
    defaults: { gamma: 0.95 },
    factor: (t, { gamma }, epochs, rows, arithmetic) => arithmetic.power(gamma, t - 1),
  },
  // gamma^floor((t-1) / every); torch.optim.lr_scheduler.StepLR
  step: {
    defaults: { gamma: 0.1, every: 30 },
    factor: (t, { gamma, every }, epochs, rows, arithmetic) =>
      arithmetic.power(gamma, Math.floor((t - 1) / every)),
  },
  // (1 + cos(pi (t-1) / T)) / 2; torch.optim.lr_scheduler.CosineAnnealingLR
  cosine: {
    defaults: {},
    factor: (t, settings, epochs, rows, arithmetic) =>
      (1 + arithmetic.cos((Math.PI * (t - 1)) / epochs)) / 2,
  },
  // 1 / (1 + n (t-1))^power; scikit-learn's invscaling, which counts the samples seen
  inverse: {
    defaults: { power: 0.5 },
    factor: (t, { power }, epochs, rows, arithmetic) =>
      arithmetic.realPower(1 + rows * (t - 1), 0 - power),
  },
});

const CHECKS = {
  gamma: checkRatio,
  every: (value, name) => checkInteger(value, name, 1),
  power: checkNumber,
};

/**
 * Return the complete settings of a schedule, its name included; null is a constant rate.
 *
 * @param {*} value
 * @param {string} label The argument's name in messages.
 * @param {string} optimizer The optimiser's name.
 */
export function checkSchedule(value, label, optimizer) {
  if (value === null) return null;
  const names = Object.keys(SCHEDULES);
  const given = typeof value === "string" ? { name: checkChoice(value, label, names) } : value;
  if (!isObject(given)) {
    throw new InputError(`${label} must be null, a name or an object, got ${describe(given)}`);
  }
  const name = checkChoice(given.name ?? null, `${label}.name`, names);
  const { defaults } = SCHEDULES[name];
  checkKeys(given, label, ["name", ...Object.keys(defaults)]);
  const settings = { name };
  for (const [key, absent] of Object.entries(defaults)) {
    settings[key] = CHECKS[key](given[key] === undefined ? absent : given[key], `${label}.${key}`);
  }
  if (optimizer === "rprop") {
    throw new InputError(
      `${label} must be null with optimizer "rprop", whose steps do not follow the learning rate, ` +
        `got ${describe(name)}`,
    );
  }
  return settings;
}

/** The learning rate of an epoch, from 1. */
export function learningRateAt(epoch, schedule, learningRate, epochs, rows, arithmetic) {
  const { factor } = SCHEDULES[schedule.name];
  return learningRate * factor(epoch, schedule, epochs, rows, arithmetic);
}
