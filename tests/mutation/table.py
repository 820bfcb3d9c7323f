"""The mutations: mistakes that people make in such code, one at a time. Twins: none.

A row says what is broken, which conformance cases must see it, and the one place in each language:
a file, a snippet that stands in it exactly once, and what takes the snippet's place.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Edit(NamedTuple):
    """The snippet `original` of `file` becomes `mutated`."""

    file: str
    original: str
    mutated: str


class Mutation(NamedTuple):
    """One mistake, made in each language."""

    name: str
    #: What is wrong then.
    breaks: str
    #: The files in tests/cases (without .json) that must see it, each of them.
    cases: Sequence[str]
    #: By language.
    edits: dict[str, Edit]


MUTATIONS: list[Mutation] = []


def mutation(name: str, breaks: str, cases: Sequence[str], **edits: tuple[str, str, str]) -> None:
    """Add a mutation; of each language (file, original, mutated), the file without its folder."""
    folders = {"python": "python/twinprop", "r": "r", "js": "inst/js"}
    placed = {
        language: Edit(f"{folders[language]}/{file}", original, mutated)
        for language, (file, original, mutated) in edits.items()
    }
    MUTATIONS.append(Mutation(name, breaks, cases, placed))


# Activations (section 1 of the contract) ---------------------------------------------------------

mutation(
    "relu-derivative-at-0",
    "relu's derivative at z = 0 is 1, not 0",
    ["activation-kink-relu"],
    python=("activations.py", "np.greater(z, 0.0,", "np.greater_equal(z, 0.0,"),
    r=(
        "activations.R",
        "relu, derivative = function(z, a, arithmetic) (z > 0)",
        "relu, derivative = function(z, a, arithmetic) (z >= 0)",
    ),
    js=("activations.js", "out[i] = z[i] > 0 ? 1 : 0;", "out[i] = z[i] >= 0 ? 1 : 0;"),
)
mutation(
    "leaky-relu-derivative-at-0",
    "leaky_relu's derivative at z = 0 is 1, not the slope",
    ["activation-kink-leaky_relu"],
    python=("activations.py", "np.where(z > 0.0, 1.0", "np.where(z >= 0.0, 1.0"),
    r=("activations.R", "slope[z <= 0] <-", "slope[z == 0] <- 1\n      slope[z < 0] <-"),
    js=("activations.js", "z[i] > 0 ? 1 : LEAKY", "z[i] >= 0 ? 1 : LEAKY"),
)
mutation(
    "leaky-relu-slope",
    "the slope of leaky_relu is 0.1",
    ["activation-hidden-leaky_relu", "activation-output-leaky_relu"],
    python=("activations.py", "SLOPE = 0.01", "SLOPE = 0.1"),
    r=("activations.R", "slope <- 0.01", "slope <- 0.1"),
    js=("activations.js", "SLOPE = 0.01", "SLOPE = 0.1"),
)
mutation(
    "tanh-derivative",
    "tanh' is 1 - a, not 1 - a^2",
    ["activation-hidden-tanh", "activation-output-tanh"],
    python=("activations.py", "np.multiply(a, a, out=out)", "np.copyto(out, a)"),
    r=("activations.R", "1 - a * a", "1 - a"),
    js=("activations.js", "1 - a[i] * a[i]", "1 - a[i]"),
)
mutation(
    "softplus-derivative-1",
    "softplus' is 1",
    ["activation-hidden-softplus", "activation-output-softplus"],
    python=(
        "activations.py",
        "return _sigmoid(z, out, arithmetic)",
        "return _identity_derivative(z, a, out)",
    ),
    r=("activations.R", "sigmoid(z, arithmetic),\n", "array(1, dim(z)),\n"),
    js=("activations.js", "derivative: softplusDerivative", "derivative: identityDerivative"),
)
mutation(
    "softplus-overflows",
    "softplus is log(1 + exp(z)) as it stands, whose exp overflows",
    ["activation-saturated-softplus"],
    python=(
        "activations.py",
        "np.abs(z, out=out)\n"
        "    np.negative(out, out=out)\n"
        "    arithmetic.exp(out, out)\n"
        "    arithmetic.log1p(out, out)\n"
        "    return np.add(out, np.maximum(z, 0.0), out=out)",
        "np.exp(z, out=out)\n    return np.log1p(out, out=out)",
    ),
    r=("activations.R", "relu(z) + arithmetic$log1p(arithmetic$exp(-abs(z)))", "log1p(exp(z))"),
    js=(
        "activations.js",
        "(z[i] > 0 ? z[i] : 0) + arithmetic.log1p(arithmetic.exp(-Math.abs(z[i])))",
        "arithmetic.log1p(arithmetic.exp(z[i]))",
    ),
)

# Costs (section 2) -------------------------------------------------------------------------------

mutation(
    "half-mse-without-1/K",
    "half_mse's error has no 1/K",
    ["cost-half_mse-3"],
    python=("costs.py", "lambda k: 1.0 / k", "lambda k: 1.0"),
    r=("costs.R", "function(k) 1 / k", "function(k) 1"),
    js=("costs.js", "(units) => 1 / units", "() => 1"),
)
mutation(
    "mse-without-2",
    "mse's error is scaled by 1/K, not 2/K",
    ["cost-mse-1", "cost-mse-3"],
    python=("costs.py", "lambda k: 2.0 / k", "lambda k: 1.0 / k"),
    r=("costs.R", "function(k) 2 / k", "function(k) 1 / k"),
    js=("costs.js", "(units) => 2 / units", "(units) => 1 / units"),
)
mutation(
    "cross-entropy-cost",
    "cross_entropy of sigmoid outputs takes 1 - d for d",
    ["cost-cross_entropy-sigmoid-1", "cost-cross_entropy-sigmoid-3"],
    python=("costs.py", "- d * z +", "- (1.0 - d) * z +"),
    r=("costs.R", "- d * z +", "- (1 - d) * z +"),
    js=("costs.js", "- d[k] * z[k] +", "- (1 - d[k]) * z[k] +"),
)
mutation(
    "softmax-cross-entropy-cost",
    "cross_entropy of softmax outputs leaves out the largest z that was taken out of the exps",
    ["cost-cross_entropy-softmax-2", "cost-cross_entropy-softmax-3"],
    python=("costs.py", "largest + arithmetic.log(", "arithmetic.log("),
    r=("costs.R", "largest + arithmetic$log(", "arithmetic$log("),
    js=("costs.js", "largest + arithmetic.log(", "arithmetic.log("),
)
mutation(
    "cross-entropy-derivative",
    "cross_entropy's delta has the output's f' once more",
    ["cost-cross_entropy-sigmoid-1", "rule-transpose-cross_entropy"],
    python=("backprop.py", 'cost != "cross_entropy",', "True,"),
    r=("backprop.R", 'output_derivative = cost != "cross_entropy"', "output_derivative = TRUE"),
    js=("backprop.js", 'outputDerivative: cost !== "cross_entropy"', "outputDerivative: true"),
)
mutation(
    "penalty-without-half",
    "the penalty is lambda, not lambda / 2, times the sum of squares",
    ["optimizer-sgd-decay"],
    python=("costs.py", "0.5 * weight_decay", "weight_decay"),
    r=("costs.R", "0.5 * weight_decay *", "weight_decay *"),
    js=("costs.js", "0.5 * weightDecay", "weightDecay"),
)

# Rules and the backward pass (section 3) ---------------------------------------------------------

mutation(
    "error-of-wrong-sign",
    "the output error is d - a",
    ["layers-2-2-2", "plan-xor"],
    python=(
        "backprop.py",
        "np.subtract(a[-1], d, out=block.e[last])",
        "np.subtract(d, a[-1], out=block.e[last])",
    ),
    r=("backprop.R", "a[[depth + 1L]] - d\n", "d - a[[depth + 1L]]\n"),
    js=("backprop.js", "e[i] = a[i] - d[i]", "e[i] = d[i] - a[i]"),
)
mutation(
    "delta-without-derivative",
    "delta is the error, without f'",
    ["layers-2-2-2", "activation-hidden-sigmoid"],
    python=("backprop.py", "np.multiply(g, e[i], out=g)", "np.copyto(g, e[i])"),
    r=("backprop.R", "e[[l]] * derivatives[[l]](z[[l]], a[[l + 1L]], arithmetic)", "e[[l]]"),
    js=("backprop.js", "g[i] *= e[i]", "g[i] = e[i]"),
)
mutation(
    "gradient-rule-without-derivative",
    "rule gradient sends the error back without f', as transpose does",
    ["rule-gradient-simultaneous", "rule-gradient-output_first-deep"],
    python=("backprop.py", "arithmetic.send_back(g, weights,", "arithmetic.send_back(e, weights,"),
    r=("backprop.R", "send_back(weights, g)", "send_back(weights, e)"),
    js=("backprop.js", "throughTranspose(g, ", "throughTranspose(e, "),
)
mutation(
    "back-through-untransposed-weights",
    "the error goes back through W, not W': the shapes of square layers still fit",
    ["layers-2-2-2"],
    python=(
        "backprop.py",
        "arithmetic.send_back(g, weights,",
        "arithmetic.send_back(g, weights.T,",
    ),
    r=("backprop.R", "arithmetic$send_back(weights, g)", "weights %*% g"),
    js=("backprop.js", "weights[k * inputs + j] * v[", "weights[j * units + k] * v["),
)
mutation(
    "proportional-abs-without-abs",
    "proportional_abs divides by the sums of the weights",
    ["rule-proportional_abs-simultaneous"],
    python=(
        "backprop.py",
        "denominators = arithmetic.sum_units(np.abs(weights))",
        "denominators = arithmetic.sum_units(weights)",
    ),
    r=("backprop.R", "shares(weights, abs(weights)", "shares(weights, weights"),
    js=("backprop.js", "absolute ? size : sum", "sum"),
)
mutation(
    "denominators-unchecked",
    "a denominator that vanishes is divided by",
    ["errors/denominator"],
    python=("backprop.py", "if vanishing.any():", "if False:"),
    r=("backprop.R", "if (length(neuron) > 0L)", "if (FALSE)"),
    js=("backprop.js", "Math.abs(denominator) <= VANISHING * size", "false"),
)
mutation(
    "gradients-not-averaged",
    "the gradient of the weights is the batch's sum, without 1/m",
    ["batch-mini", "batch-full"],
    python=("backprop.py", "grad_weights[i] /= batch", "grad_weights[i] /= 1.0"),
    r=("backprop.R", "outer_sums(weighted, fed) / n", "outer_sums(weighted, fed)"),
    js=(
        "backprop.js",
        "gradWeights[k * inputs + j] = sum / rows",
        "gradWeights[k * inputs + j] = sum",
    ),
)

# Updates (section 4) -----------------------------------------------------------------------------

mutation(
    "weights-move-too-early",
    "training moves the output weights before the error goes back, though asked for simultaneous",
    ["rule-gradient-simultaneous", "layers-2-2-2"],
    python=("training.py", '= update_order == "output_first"', "= True"),
    r=("backprop.R", 'if (update_order == "simultaneous")', "if (FALSE)"),
    js=("training.js", 'updateOrder === "output_first"', "true"),
)
mutation(
    "output-first-ignored",
    "training moves all weights at once, though asked for output_first",
    ["rule-gradient-output_first", "rule-p5-network"],
    python=("training.py", '= update_order == "output_first"', "= False"),
    r=("backprop.R", 'if (update_order == "simultaneous")', "if (TRUE)"),
    js=("training.js", 'updateOrder === "output_first"', "false"),
)
mutation(
    "biases-stand-still",
    "the biases never move",
    ["layers-2-2-2", "plan-xor"],
    python=("training.py", "gradient, slice(None),", "gradient, slice(0, network.n_weights),"),
    r=("optimizers.R", "biases = biases[[1L]]", "biases = parameters$biases"),
    js=("backprop.js", "gradients, 0, count, false", "gradients, 0, weightCount, false"),
)
mutation(
    "biases-decay",
    "weight decay pulls at the biases too",
    ["optimizer-sgd-decay", "optimizer-adam-own"],
    python=(
        "training.py",
        " optimizer.move(parameters, gradient, biases, decay=False,",
        " optimizer.move(parameters, gradient, biases, decay=True,",
    ),
    r=(
        "optimizers.R",
        "biases <- move$step(parameters$biases, grad_biases,",
        "decayed <- Map(`+`, grad_biases, lapply(parameters$biases, `*`, move$weight_decay))\n"
        "  biases <- move$step(parameters$biases, decayed,",
    ),
    js=("backprop.js", "weightCount, count, false", "weightCount, count, true"),
)
mutation(
    "momentum-dampened",
    "momentum averages the gradients: v = momentum v + (1 - momentum) G",
    ["optimizer-momentum", "optimizer-sgd-momentum"],
    python=("optimizers.py", "velocity += gradient", "velocity += (1.0 - momentum) * gradient"),
    r=(
        "optimizers.R",
        "momentum * memory[[l]] + g[[l]]",
        "momentum * memory[[l]] + (1 - momentum) * g[[l]]",
    ),
    js=(
        "optimizers.js",
        "momentum * velocity[i] + gradient;",
        "momentum * velocity[i] + (1 - momentum) * gradient;",
    ),
)
mutation(
    "nesterov-as-momentum",
    "nesterov is plain momentum",
    ["optimizer-nesterov", "optimizer-momentum-nesterov"],
    python=("optimizers.py", 'if settings["nesterov"]:', "if False:"),
    r=(
        "optimizers.R",
        "if (nesterov) g[[l]] + momentum * memory[[l]] else memory[[l]]",
        "memory[[l]]",
    ),
    js=(
        "optimizers.js",
        "(nesterov ? gradient + momentum * velocity[i] : velocity[i])",
        "velocity[i]",
    ),
)
mutation(
    "rmsprop-eps-in-root",
    "rmsprop divides by sqrt(v + eps)",
    ["optimizer-rmsprop-own"],
    python=(
        "optimizers.py",
        'np.sqrt(square, out=scratch)\n    scratch += settings["eps"]\n',
        'np.sqrt(square + settings["eps"], out=scratch)\n',
    ),
    r=("optimizers.R", "(sqrt(square) + eps)", "sqrt(square + eps)"),
    js=("optimizers.js", "(Math.sqrt(square[i]) + eps)", "Math.sqrt(square[i] + eps)"),
)
mutation(
    "adam-mean-uncorrected",
    "adam's mean is not corrected for its start at 0",
    ["optimizer-adam", "optimizer-adam-own"],
    python=("optimizers.py", " / (1.0 - arithmetic.power(beta1, t))", ""),
    r=("optimizers.R", "eta / (1 - power(beta1, t))", "eta"),
    js=("optimizers.js", " / (1 - arithmetic.power(beta1, t))", ""),
)
mutation(
    "adam-square-uncorrected",
    "adam's mean square is not corrected for its start at 0",
    ["optimizer-adam", "optimizer-adam-own"],
    python=("optimizers.py", "math.sqrt(1.0 - arithmetic.power(beta2, t))", "1.0"),
    r=("optimizers.R", "sqrt(v) / sqrt(1 - power(beta2, t))", "sqrt(v)"),
    js=("optimizers.js", "Math.sqrt(1 - arithmetic.power(beta2, t))", "1"),
)
mutation(
    "update-counted-per-layer",
    "with output_first adam's t grows with every layer",
    ["optimizer-adam-output_first"],
    python=(
        "training.py",
        "weights, biases = self._layer_parts[i]",
        "self.optimizer.updates += 1\n        weights, biases = self._layer_parts[i]",
    ),
    r=(
        "backprop.R",
        "parameters <<- move_layers(",
        "parameters$updates <<- parameters$updates + 1\n        parameters <<- move_layers(",
    ),
    js=("backprop.js", "return (i) => {", "return (i) => {\n    optimizer.updates += 1;"),
)
mutation(
    "rprop-keeps-turned-gradient",
    "rprop doesn't set the gradient to 0 where its sign has changed",
    ["optimizer-rprop", "optimizer-rprop-own"],
    python=("optimizers.py", "previous[turned] = 0.0\n    scratch[turned] = 0.0\n    ", ""),
    r=("optimizers.R", "g_l[turned] <- 0", ""),
    js=("optimizers.js", "gradient = 0;", ""),
)
mutation(
    "rprop-largest-step",
    "rprop's steps grow to 45, not 50",
    ["optimizer-rprop-largest-step"],
    python=("optimizers.py", "(1e-6, 50.0)", "(1e-6, 45.0)"),
    r=("optimizers.R", "c(1e-6, 50)", "c(1e-6, 45)"),
    js=("optimizers.js", "[1e-6, 50]", "[1e-6, 45]"),
)
mutation(
    "rprop-smallest-step",
    "rprop's steps shrink to 1e-7, not 1e-6",
    ["optimizer-rprop-smallest-step"],
    python=("optimizers.py", "(1e-6, 50.0)", "(1e-7, 50.0)"),
    r=("optimizers.R", "c(1e-6, 50)", "c(1e-7, 50)"),
    js=("optimizers.js", "[1e-6, 50]", "[1e-7, 50]"),
)

# Random numbers and starting weights (section 5) -------------------------------------------------

mutation(
    "wrong-random-numbers",
    "the seed is scrambled 49 times, not 50; in R, whose generator does that, another generator",
    ["init-xavier-42", "init-uniform-2026"],
    python=("random.py", "range(50)", "range(49)"),
    r=(
        "random.R",
        '  set.seed(seed, "Mersenne-Twister"',
        '  set.seed(seed, "Marsaglia-Multicarry"',
    ),
    js=("random.js", "SCRAMBLES = 50", "SCRAMBLES = 49"),
)
mutation(
    "negative-seeds-as-positive",
    "a seed's sign is lost",
    ["init-xavier-minus-5", "shuffle-negative-seed"],
    python=("random.py", "state = seed % 2**32", "state = abs(seed)"),
    r=("random.R", "  set.seed(seed, ", "  set.seed(abs(seed), "),
    js=("random.js", "let s = seed >>> 0", "let s = Math.abs(seed)"),
)
mutation(
    "order-descending",
    "a shuffle puts the largest random number first",
    ["shuffle-online", "shuffle-mini"],
    python=(
        "random.py",
        'np.argsort(self.uniform(n), kind="stable")',
        'np.argsort(-self.uniform(n), kind="stable")',
    ),
    r=("random.R", "function(n) order(uniform(n))", "function(n) order(-uniform(n))"),
    js=("random.js", "u[i] - u[j] ||", "u[j] - u[i] ||"),
)
mutation(
    "xavier-of-inputs",
    "xavier's limit knows a layer's inputs only",
    ["init-xavier-42"],
    python=(
        "network.py",
        "math.sqrt(6.0 / (inputs + outputs))",
        "math.sqrt(6.0 / (inputs + inputs))",
    ),
    r=("network.R", "sqrt(6 / (n_in + n_out))", "sqrt(6 / (n_in + n_in))"),
    js=("network.js", "Math.sqrt(6 / (inputs + units))", "Math.sqrt(6 / (inputs + inputs))"),
)
mutation(
    "weights-drawn-by-columns",
    "the weights of a layer are drawn column by column",
    ["init-xavier-42", "init-uniform-2026"],
    python=("network.py", ".reshape(outputs, inputs)", '.reshape(outputs, inputs, order="F")'),
    r=("network.R", "byrow = TRUE", "byrow = FALSE"),
    js=(
        "network.js",
        "draw(weights[i]);",
        "draw(weights[i]);\n"
        "    const [drawn, inputs, units] = [weights[i].slice(), layers[i], layers[i + 1]];\n"
        "    drawn.forEach((w, at) => {\n"
        "      weights[i][(at % units) * inputs + Math.floor(at / units)] = w;\n"
        "    });",
    ),
)
mutation(
    "biases-not-drawn",
    "init torch starts with biases 0",
    ["init-torch-1"],
    python=(
        "network.py",
        "1.0 / math.sqrt(inputs), biases=True",
        "1.0 / math.sqrt(inputs), biases=False",
    ),
    r=("network.R", "1 / sqrt(n_in), draws_biases = TRUE", "1 / sqrt(n_in), draws_biases = FALSE"),
    js=(
        "network.js",
        "1 / Math.sqrt(inputs), biases: true",
        "1 / Math.sqrt(inputs), biases: false",
    ),
)

# Training (section 6) ----------------------------------------------------------------------------

mutation(
    "shuffled-once",
    "the order of the rows is drawn in the first epoch only",
    ["shuffle-online", "shuffle-mini"],
    python=(
        "stretches.py",
        "order = job.stream.order(rows)",
        "order = job.stream.order(rows) if self._begun == 1 else order",
    ),
    r=(
        "stretches.R",
        "if (settings$shuffle) batches <<-",
        "if (settings$shuffle && epoch == 1) batches <<-",
    ),
    js=("training.js", "if (shuffle) order =", "if (shuffle && epoch === 1) order ="),
)
mutation(
    "last-batch-dropped",
    "rows that do not fill a batch are left out",
    ["batch-mini", "batch-mini-3"],
    python=(
        "stretches.py",
        "for start in range(0, rows, size)",
        "for start in range(0, rows - size + 1, size)",
    ),
    r=(
        "stretches.R",
        "for (rows in batches) {\n",
        "for (rows in batches) {\n    if (length(rows) < length(batches[[1L]])) next\n",
    ),
    js=("training.js", "from < rows; from +=", "from + batchSize <= rows; from +="),
)
mutation(
    "last-batch-over-batch-size",
    "the smaller last batch's gradients are divided by the batch size, not by its own rows",
    ["batch-mini-3"],
    python=("training.py", "self.learning.scale / m", "self.learning.scale / self._block_rows"),
    r=(
        "stretches.R",
        "for (rows in batches) {\n",
        "scale <- method$scale\n"
        "  for (rows in batches) {\n"
        "    method$scale <- scale * length(rows) / length(batches[[1L]])\n",
    ),
    js=(
        "backprop.js",
        "gradWeights[k * inputs + j] = sum / rows",
        "gradWeights[k * inputs + j] = sum / (delta.length / units)",
    ),
)
mutation(
    "epoch-cost-after-update",
    "the cost of an epoch is taken after each batch's update",
    ["batch-online", "batch-full"],
    python=(
        "stretches.py",
        "batch_cost = update(job.x, job.d, job.weight, batch)\n",
        "update(job.x, job.d, job.weight, batch)\n"
        "                z, a = network.forward(job.x[batch])\n"
        "                batch_cost = update.learning.cost(z[-1], a[-1], job.d[batch]).sum()\n",
    ),
    r=(
        "stretches.R",
        "total_cost(step$backward$e[[depth]], step$forward$z[[depth]], d_batch, batch_weight)",
        "length(rows) * exact_cost(x_batch, d_batch, step$parameters, method, 0, NULL)$cost",
    ),
    js=(
        "training.js",
        "return cost;",
        "forwardPass(weights, biases, how, rows, this.forward);\n    return this.cost(rows);",
    ),
)
mutation(
    "penalty-after-update",
    "an epoch's penalty is that of the weights after each batch's update",
    ["batch-online", "optimizer-sgd-decay"],
    python=(
        "stretches.py",
        "total += (stop - start) * penalty(weights, weight_decay, arithmetic)\n"
        "                batch = order[start:stop] if job.shuffle else slice(start, stop)\n"
        "                batch_cost = update(job.x, job.d, job.weight, batch)\n",
        "batch = order[start:stop] if job.shuffle else slice(start, stop)\n"
        "                batch_cost = update(job.x, job.d, job.weight, batch)\n"
        "                total += (stop - start) * penalty(weights, weight_decay, arithmetic)\n",
    ),
    r=(
        "stretches.R",
        "penalty(parameters$weights, decay,",
        "penalty(\n"
        "        one_update(\n"
        "          parameters, x[, rows, drop = FALSE], d[, rows, drop = FALSE], method, move, "
        "update_order\n"
        "        )$parameters$weights,\n"
        "        decay,",
    ),
    js=(
        "training.js",
        "total += (to - from) * penalty(allWeights, weightDecay);\n"
        "        total += update.make(order, from, to, stream);",
        "total += update.make(order, from, to, stream);\n"
        "        total += (to - from) * penalty(allWeights, weightDecay);",
    ),
)
mutation(
    "errors-of-wrong-sign",
    "the errors of a run are d - a",
    ["plan-xor", "layers-2-2-2"],
    python=("training.py", "errors=outputs - d", "errors=d - outputs"),
    r=("training.R", "errors = t(final$outputs - d)", "errors = t(d - final$outputs)"),
    js=("training.js", "output - d[i]", "d[i] - output"),
)
mutation(
    "snapshot-one-late",
    "a snapshot is made one update late",
    ["plan-snapshots"],
    python=(
        "training.py",
        "to_keep = [*snapshots,",
        "to_keep = [*(updates + 1 for updates in snapshots),",
    ),
    r=(
        "training.R",
        "to_keep <- c(settings$snapshots,",
        "to_keep <- c(unlist(settings$snapshots) + 1,",
    ),
    js=("training.js", "if (updates === due)", "if (updates - 1 === due)"),
)
mutation(
    "recorded-weights-after",
    "a recorded step has the weights after its update",
    ["record-steps", "record-output_first"],
    python=(
        "stretches.py",
        "*network.views(started_from),",
        "*network.views(network.parameters.copy()),",
    ),
    r=(
        "training.R",
        "weights = before$weights, biases = before$biases",
        "weights = step$parameters$weights, biases = step$parameters$biases",
    ),
    js=("training.js", "asLists(layers, startedFrom)", "asLists(layers, this.parameters)"),
)
mutation(
    "recorded-rows-from-0",
    "the rows of a recorded step are counted from 0",
    ["record-shuffle", "record-one-layer"],
    python=("stretches.py", "order[start:stop] + 1", "order[start:stop]"),
    r=(
        "training.R",
        "%/% updates_per_epoch + 1, rows = rows",
        "%/% updates_per_epoch + 1, rows = rows - 1",
    ),
    js=("training.js", "(row) => row + 1)", "(row) => row)"),
)
mutation(
    "recorded-rows-unshuffled",
    "the rows of a recorded step are those of the given order",
    ["record-shuffle"],
    python=("stretches.py", "order[start:stop] + 1", "np.arange(start, stop) + 1"),
    r=(
        "training.R",
        "%/% updates_per_epoch + 1, rows = rows",
        "%/% updates_per_epoch + 1,\n        rows = seq_along(rows)",
    ),
    js=(
        "training.js",
        "Array.from(order.slice(from, to), (row) => row + 1)",
        "Array.from({ length: rows }, (_, row) => from + row + 1)",
    ),
)
mutation(
    "recorded-cost-without-penalty",
    "the cost of a recorded step has no penalty",
    ["record-decay"],
    python=("stretches.py", "batch_cost / (stop - start) + decay,", "batch_cost / (stop - start),"),
    r=("training.R", " + penalty(before$weights, weight_decay, method$arithmetic)", ""),
    js=("training.js", "cost: cost / rows + penaltyThen", "cost: cost / rows"),
)
mutation(
    "recorded-penalty-of-moved-weights",
    "the cost of a recorded step has the penalty after its update",
    ["record-decay"],
    python=("stretches.py", "penalty(started_from[: network.n_weights]", "penalty(weights"),
    r=("training.R", "penalty(before$weights", "penalty(step$parameters$weights"),
    js=("training.js", "startedFrom.subarray(0, update.weightCount)", "allWeights"),
)
mutation(
    "recorded-from-the-interval-on",
    "with record k the updates k, 2 k, ... are recorded",
    ["record-every-3", "record-mini"],
    python=("recorder.py", "self.due = 1\n", "self.due = interval\n"),
    r=("recorder.R", "due <- 1\n", "due <- interval\n"),
    js=("recorder.js", "this.due = 1;", "this.due = interval;"),
)
mutation(
    "recorded-epoch-from-0",
    "the epoch of a recorded step is counted from 0",
    ["record-steps"],
    python=(
        "stretches.py",
        "self.updates,\n                        self._begun,",
        "self.updates,\n                        self._begun - 1,",
    ),
    r=("training.R", "%/% updates_per_epoch + 1, rows", "%/% updates_per_epoch, rows"),
    js=(
        "training.js",
        "update.record(updates, epoch, order",
        "update.record(updates, epoch - 1, order",
    ),
)
mutation(
    "divergence-not-undone",
    "a network that diverged keeps the weights from after the failing epoch",
    ["errors/divergence"],
    python=("training.py", "np.copyto(network.parameters, way.before)\n        error.", "error."),
    r=("stretches.R", "if (failed) {\n", "if (failed) {\n          before <<- made$parameters\n"),
    js=("training.js", "parameters.set(before);\n      error.", "error."),
)
mutation(
    "infinite-weight-unnoticed",
    "only the cost of an epoch is held to be finite, not the weights",
    ["errors/divergence"],
    python=("stretches.py", " and np.isfinite(network.parameters).all()", ""),
    r=(
        "stretches.R",
        " || !all_finite(made$parameters$weights) ||\n"
        "          !all_finite(made$parameters$biases)",
        "",
    ),
    js=("training.js", " || !allFinite(parameters)", ""),
)

# Weights of samples, dropout, clipping, schedules (section 6) ------------------------------------

mutation(
    "sample-weights-not-in-gradients",
    "weights of samples count in the costs alone",
    ["sample_weight-full", "sample_weight-online", "sample_weight-output_first"],
    python=("backprop.py", "delta[i] if sample_weight is None else", "delta[i] if True else"),
    r=(
        "backprop.R",
        "if (!is.null(sample_weight)) {\n      weighted",
        "if (FALSE) {\n      weighted",
    ),
    js=("backprop.js", "sampleWeight === null ? delta[i] :", "true ? delta[i] :"),
)
mutation(
    "sample-weights-as-given",
    "weights of samples are not divided by their mean",
    ["sample_weight-full", "sample_weight-equal", "sample_weight-one-row"],
    python=(
        "training.py",
        "shares * (len(shares) / arithmetic.total(shares))",
        "sample_weight * 1.0",
    ),
    r=("training.R", "shares * (length(shares) / arithmetic$total(shares))", "sample_weight"),
    js=("training.js", "share * (shares.length / sum)", "share * largest"),
)
mutation(
    "sample-weights-not-shuffled",
    "weights of samples stay in the given order when the rows are shuffled",
    ["sample_weight-mini"],
    python=(
        "stretches.py",
        "update(job.x, job.d, job.weight, batch)",
        "update(job.x, job.d, job.weight[np.argsort(order)], batch)",
    ),
    r=("stretches.R", "batch_weight <- weight[rows]", "batch_weight <- weight[seq_along(rows)]"),
    js=("training.js", "this.sampleWeight[order[from + row]]", "this.sampleWeight[from + row]"),
)
mutation(
    "dropout-not-inverted",
    "what dropout leaves is not divided by 1 - p",
    ["dropout-online", "dropout-mini"],
    python=("backprop.py", "np.multiply(kept, 1.0 / (1.0 - rate), out=mask)", "mask[:] = kept"),
    r=("backprop.R", ">= rate) / (1 - rate)", ">= rate) / 1"),
    js=("backprop.js", "0 : 1 / (1 - rates[i])", "0 : 1"),
)
mutation(
    "dropout-of-activations-alone",
    "the error that comes back to a dropped unit is not dropped",
    ["dropout-online", "dropout-transpose", "dropout-proportional"],
    python=("backprop.py", "np.multiply(e[i - 1], mask, out=e[i - 1])", "pass"),
    r=("backprop.R", "e[[l - 1L]] <- e[[l - 1L]] * masks[[l - 1L]]", "e[[l - 1L]]"),
    js=("backprop.js", "multiply(e[i - 1], dropout.masks[i - 1], rows * inputs, e[i - 1]);", ""),
)
mutation(
    "dropout-not-in-gradients",
    "the gradients of weights take activations without the mask",
    ["dropout-online", "dropout-full"],
    python=(
        "backprop.py",
        "out.forward\n    fed = a if dropout is None else dropout.fed",
        "out.forward\n    fed = a",
    ),
    r=("backprop.R", "if (!is.null(masks) && l > 1L) fed <-", "if (FALSE) fed <-"),
    js=(
        "backprop.js",
        "backward;\n  const fed = dropout === null ? a : dropout.fed;",
        "backward;\n  const fed = a;",
    ),
)
mutation(
    "clipping-lengthens",
    "short gradients are brought to the norm too",
    ["clip_norm-some", "clip_norm-none"],
    python=("optimizers.py", "if norm > clip_norm:", "if True:"),
    r=("optimizers.R", "if (isTRUE(norm > clip_norm))", "if (TRUE)"),
    js=("optimizers.js", "if (norm > clipNorm)", "if (norm > 0)"),
)
mutation(
    "schedule-from-0",
    "the first epoch's learning rate is that of the second",
    ["schedule-exponential", "schedule-exponential-own"],
    python=("schedules.py", 'settings["gamma"], t - 1)', 'settings["gamma"], t)'),
    r=("schedules.R", "power(settings$gamma, t - 1)", "power(settings$gamma, t)"),
    js=("schedules.js", "power(gamma, t - 1),", "power(gamma, t),"),
)
mutation(
    "inverse-schedule-by-epochs",
    "the inverse schedule counts epochs, not samples",
    ["schedule-inverse", "schedule-inverse-own"],
    python=("schedules.py", "rows * (t - 1.0)", "(t - 1.0)"),
    r=("schedules.R", "rows * (t - 1)", "(t - 1)"),
    js=("schedules.js", "rows * (t - 1)", "(t - 1)"),
)
