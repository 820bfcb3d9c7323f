# Costs and the scale each puts on the output error. Twins: python/twinprop/costs.py,
# inst/js/costs.js
#
# Section 2 of the contract. The output error is e = a - d; dC/dz of the output layer is
# s * e * f'(z) for the squared costs and s * e for the cross entropies. A cost's
# `value(e, z, d, arithmetic)` gives those of the samples (n); a sample is a column (K, n).

# Targets of softmax outputs must sum to 1 to this, for a - d to be the gradient to as many digits:
# 1/3 three times does, 0.33 three times does not.
sum_tolerance <- 1e-12

# -sum_k (d log a + (1 - d) log(1 - a)) of sigmoid outputs, in z: finite when they saturate
binary_cross_entropy <- function(e, z, d, arithmetic) {
  arithmetic$sum_units(relu(z) - d * z + arithmetic$log1p(arithmetic$exp(-abs(z))))
}

# -sum_k d_k log a_k of softmax outputs, in z: finite when they saturate
multiclass_cross_entropy <- function(e, z, d, arithmetic) {
  largest <- column_max(z)
  y <- arithmetic$exp(z - rep(largest, each = nrow(z)))
  log_sum <- largest + arithmetic$log(arithmetic$sum_units(y))
  arithmetic$sum_units(d * (rep(log_sum, each = nrow(z)) - z))
}

costs <- list(
  half_mse = list(
    value = function(e, z, d, arithmetic) arithmetic$sum_units(e * e) / (2 * dim(e)[1L]),
    scale = function(k) 1 / k
  ),
  half_sse = list(
    value = function(e, z, d, arithmetic) arithmetic$sum_units(e * e) / 2,
    scale = function(k) 1
  ),
  mse = list(
    value = function(e, z, d, arithmetic) arithmetic$sum_units(e * e) / dim(e)[1L],
    scale = function(k) 2 / k
  ),
  cross_entropy = list(value = binary_cross_entropy, scale = function(k) 1)
)

# The cost named `cost` for outputs of this activation; `total(e, z, d, v)` sums the samples' costs,
# with the weights v (n) if they have any.
cost_functions <- function(cost, output_activation, arithmetic = arithmetics$fast) {
  found <- costs[[cost]]
  if (cost == "cross_entropy" && output_activation == "softmax") {
    found$value <- multiclass_cross_entropy
  }
  value <- found$value
  total <- arithmetic$total
  found$total <- function(e, z, d, v = NULL) {
    of_samples <- value(e, z, d, arithmetic)
    if (is.null(v)) total(of_samples) else total(of_samples * v)
  }
  found
}

# weight_decay / 2 * sum of W^2 over all weights, never biases
penalty <- function(weights, weight_decay, arithmetic = arithmetics$fast) {
  if (weight_decay == 0) {
    return(0)
  }
  0.5 * weight_decay * arithmetic$sum_of_squares(arithmetic$flat(weights))
}

#' The costs
#'
#' Section 2 of the contract, `docs/contract.md`. Cross entropy is written in z, so that saturated
#' outputs give finite costs; the entry here is that of sigmoid outputs.
#'
#' @return A named list: `half_mse`, `half_sse`, `mse`, `cross_entropy`. Each entry is a list of
#'   \describe{
#'     \item{value}{`value(z, a, d)` gives the cost of each sample, (n); z, a, d of the output layer
#'       (n, K), rows are samples.}
#'     \item{scale}{`scale(K)` is the factor s on the output error e.}
#'   }
#' @examples
#' names(tp_costs())
#' z <- matrix(c(0.5, -1), 1)
#' tp_costs()$half_mse$value(z, a = z, d = matrix(c(0, 1), 1))
#' @export
tp_costs <- function() {
  lapply(costs, function(cost) {
    list(
      value = function(z, a, d) cost$value(t(a - d), t(z), t(d), arithmetics$fast),
      scale = cost$scale
    )
  })
}

#' The mean cost of a network on data
#'
#' The mean over the samples of their costs, plus the penalty `weight_decay / 2` times the sum of
#' the squared weights (never biases).
#'
#' @inheritParams tp_step
#' @param weight_decay A number >= 0.
#' @return A number.
#' @section Errors: `twinprop_input_error` for data that do not fit the network or the cost.
#' @examples
#' network <- tp_network(c(2, 4, 1))
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' d <- cbind(c(0, 1, 1, 0))
#' tp_mean_cost(network, x, d)
#' @export
tp_mean_cost <- function(network, x, d, cost = "half_mse", weight_decay = 0,
                         arithmetic = "fast") {
  check_network(network)
  cost <- check_cost(cost, network)
  weight_decay <- check_number(weight_decay, "weight_decay")
  arithmetic <- check_arithmetic(arithmetic)
  samples <- check_samples(x, d, network, cost)
  method <- find_method(network, cost, arithmetic = arithmetic)
  mean_cost(t(samples$x), t(samples$d), network, method, weight_decay)
}

# The exact cost and the outputs (n_L, n), a list. `of` holds weights and biases; x (n_1, n), d
# (n_L, n); the samples' weights (n) have mean 1.
exact_cost <- function(x, d, of, method, weight_decay, sample_weight = NULL) {
  n <- ncol(x)
  if (method$arithmetic$name == "portable" && tp_kernel_available()) {
    out <- kernel_forward(
      method$layers, method$activations, of$weights, of$biases, x, d, method$cost, weight_decay,
      sample_weight
    )
    return(list(cost = out$cost, outputs = out$a))
  }
  depth <- length(of$weights)
  total <- 0
  outputs <- d
  for (columns in method$arithmetic$chunks(n)) {
    whole <- length(columns) == n
    x_part <- if (whole) x else x[, columns, drop = FALSE]
    d_part <- if (whole) d else d[, columns, drop = FALSE]
    forward <- forward_pass(x_part, of$weights, of$biases, method)
    a <- forward$a[[depth + 1L]]
    total <- total + method$total_cost(
      a - d_part, forward$z[[depth]], d_part, sample_weight[if (whole) TRUE else columns]
    )
    if (whole) outputs <- a else outputs[, columns] <- a
  }
  list(cost = total / n + penalty(of$weights, weight_decay, method$arithmetic), outputs = outputs)
}

mean_cost <- function(...) exact_cost(...)$cost

check_cost <- function(value, network, name = "cost") {
  cost <- check_choice(value, name, names(costs))
  check_cost_fits(cost, output_activation(network))
  cost
}

# Refuse a cost that the output layer's activation cannot serve.
check_cost_fits <- function(cost, output_activation) {
  if (output_activation == "softmax" && cost != "cross_entropy") {
    input_error(
      "activation \"softmax\" in the output layer needs cost \"cross_entropy\", got \"", cost, "\""
    )
  }
  if (cost == "cross_entropy" && !output_activation %in% c("sigmoid", "softmax")) {
    input_error(
      "cost \"cross_entropy\" needs \"sigmoid\" or \"softmax\" in the output layer, got \"",
      output_activation, "\""
    )
  }
}

# Refuse targets (n, K) that are no probabilities where the cost asks for them.
check_targets <- function(d, name, cost, output_activation) {
  if (cost != "cross_entropy") {
    return(invisible())
  }
  outside <- which(t(d < 0 | d > 1))
  if (length(outside) > 0L) {
    i <- (outside[1L] - 1L) %/% ncol(d) + 1L
    j <- (outside[1L] - 1L) %% ncol(d) + 1L
    input_error(
      name, " row ", i, ", column ", j, " must be from 0 to 1 for cost \"cross_entropy\", got ",
      describe(d[i, j])
    )
  }
  if (output_activation == "softmax") {
    sums <- rowSums(d)
    wrong <- which(abs(sums - 1) > sum_tolerance)
    if (length(wrong) > 0L) {
      input_error(
        name, " row ", wrong[1L], " must sum to 1 for \"softmax\" outputs, got ",
        describe(sums[wrong[1L]])
      )
    }
  }
}
