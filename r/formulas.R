# The formula of each number of a step. Twins: python/twinprop/formulas.py, inst/js/formulas.js
#
# Sections 1 to 4 of the contract as trees (equations.R) over the quantities of a step. Layers,
# neurons k and j, and samples i count from 1.

one <- constant(1)
two <- constant(2)
zero <- constant(0)

minus <- function(expression) sum_of(list(expression), TRUE)

difference <- function(first, second) sum_of(list(first, second), c(FALSE, TRUE))

# z_k = sum_j W_kj a_j + b_k
weighted_sum_formula <- function(step, layer, k, i) {
  inputs <- step$layers[layer - 1L]
  total(inputs + 1, function(j) {
    if (j > inputs) {
      return(parameter_of(step, layer, k))
    }
    product(parameter_of(step, layer, k, j), a_of(step, layer - 1L, j, i))
  })
}

# f(z), section 1
activation_formula <- function(step, layer, k, i) {
  z <- z_of(step, layer, k, i)
  switch(step$before$activations[layer - 1L],
    sigmoid = quotient(one, sum_of(list(one, call_of("exp", minus(z))))),
    tanh = call_of("tanh", z),
    relu = call_of("max", z, zero),
    leaky_relu = call_of("max", z, product(constant(leaky_relu_slope), z)),
    softplus = call_of("log", sum_of(list(one, call_of("exp", z)))),
    softmax = quotient(call_of("exp", z), sum_of_exponentials(step, i, FALSE)),
    identity = z
  )
}

sum_of_exponentials <- function(step, i, new) {
  total(step$layers[step$depth], function(k) call_of("exp", z_of(step, step$depth, k, i, new)))
}

# f'(z), section 1
derivative_formula <- function(step, layer, k, i) {
  z <- z_of(step, layer, k, i)
  a <- a_of(step, layer, k, i)
  switch(step$before$activations[layer - 1L],
    sigmoid = product(a, difference(one, a)),
    tanh = difference(one, power(a, two)),
    relu = cases(z, one, zero),
    leaky_relu = cases(z, one, constant(leaky_relu_slope)),
    softplus = quotient(one, sum_of(list(one, call_of("exp", minus(z))))),
    identity = one
  )
}

# e_k = a_k - d_k
output_error_formula <- function(step, k, i, new) {
  difference(a_of(step, step$depth, k, i, new), target_of(step, k, i))
}

# s, section 2
scale_formula <- function(step) {
  outputs <- setting_quantity("K", step$layers[step$depth])
  switch(step$cost,
    half_mse = quotient(one, outputs),
    mse = quotient(two, outputs),
    setting_quantity("s", step$s)
  )
}

# C of a sample, section 2
sample_cost_formula <- function(step, i, new) {
  outputs <- step$layers[step$depth]
  if (step$cost == "cross_entropy") {
    softmax <- output_activation(step$before) == "softmax"
    of_output <- if (softmax) softmax_cost_formula else binary_cost_formula
    return(total(outputs, function(k) of_output(step, k, i, new)))
  }
  squares <- total(outputs, function(k) power(e_of(step, step$depth, k, i, new), two))
  below <- switch(step$cost,
    half_mse = product(two, setting_quantity("K", outputs)),
    half_sse = two,
    mse = setting_quantity("K", outputs)
  )
  quotient(squares, below)
}

# d_k (log(sum exp(z)) - z_k)
softmax_cost_formula <- function(step, k, i, new) {
  log_sum <- call_of("log", sum_of_exponentials(step, i, new))
  product(target_of(step, k, i), difference(log_sum, z_of(step, step$depth, k, i, new)))
}

# max(z, 0) - d z + log(1 + exp(-abs(z)))
binary_cost_formula <- function(step, k, i, new) {
  z <- z_of(step, step$depth, k, i, new)
  rest <- call_of("log", sum_of(list(one, call_of("exp", minus(call_of("abs", z))))))
  sum_of(
    list(call_of("max", z, zero), product(target_of(step, k, i), z), rest), c(FALSE, TRUE, FALSE)
  )
}

# lambda / 2 * sum of W^2
penalty_formula <- function(step, new) {
  counts <- lengths(step$before$weights)
  ends <- cumsum(counts)
  square <- function(which) {
    l <- sum(which > ends) + 1L
    place <- which - (ends - counts)[l] - 1
    inputs <- step$layers[l]
    power(parameter_of(step, l + 1L, place %/% inputs + 1, place %% inputs + 1, new), two)
  }
  product(quotient(setting_quantity("lambda", step$decay), two), total(sum(counts), square))
}

# C = mean of the samples' costs + penalty
mean_cost_formula <- function(step, new) {
  costs <- sample_costs(step, new)
  mean <- costs[[1L]]
  if (step$rows > 1L) {
    mean <- quotient(total(step$rows, function(i) costs[[i]]), setting_quantity("n", step$rows))
  }
  if (step$decay > 0) sum_of(list(mean, penalty_of(step, new))) else mean
}

# s e f'(z), section 3
delta_formula <- function(step, layer, k, i) {
  s <- setting_quantity("s", step$s)
  e <- e_of(step, layer, k, i)
  if (has_slope(step, layer)) product(s, e, slope_of(step, layer, k, i)) else product(s, e)
}

# dC/dW_kj = mean over the samples of delta_k a_j; without j, dC/db_k: of delta_k
gradient_formula <- function(step, layer, k, j = NULL) {
  products <- total(step$rows, function(i) {
    delta <- delta_of(step, layer, k, i)
    if (is.null(j)) delta else product(delta, a_of(step, layer - 1L, j, i))
  })
  if (step$rows > 1L) quotient(products, setting_quantity("n", step$rows)) else products
}

# sum_j W_kj, or sum_j abs(W_kj)
denominator_formula <- function(step, layer, k) {
  if (step$rule == "proportional_abs") {
    return(sum_of_weight_sizes(step, layer, k))
  }
  total(step$layers[layer - 1L], function(j) sent_weight(step, layer, k, j))
}

weight_size <- function(step, layer, k, j) call_of("abs", sent_weight(step, layer, k, j))

sum_of_weight_sizes <- function(step, layer, k) {
  total(step$layers[layer - 1L], function(j) weight_size(step, layer, k, j))
}

# abs(W_kj) / sum_j abs(W_kj)
blame_formula <- function(step, layer, k, j) {
  quotient(weight_size(step, layer, k, j), sum_of_weight_sizes(step, layer, k))
}

# share_kj: what goes back along the weight from neuron j to neuron k; section 3
share_formula <- function(step, layer, k, j, i) {
  weight <- sent_weight(step, layer, k, j)
  e <- e_of(step, layer, k, i)
  switch(step$rule,
    transpose = product(weight, e),
    gradient = if (has_slope(step, layer)) {
      product(weight, e, slope_of(step, layer, k, i))
    } else {
      product(weight, e)
    },
    product(quotient(weight, denominator_of(step, layer, k)), e)
  )
}

# sum_j share_kj
sum_of_shares_formula <- function(step, layer, k, i) {
  shares <- shares_of(step, layer, k, i)
  total(length(shares), function(j) shares[[j]])
}

# e_j = sum_k share_kj
error_formula <- function(step, layer, j, i) {
  total(step$layers[layer + 1L], function(k) shares_of(step, layer + 1L, k, i)[[j]])
}

# How an optimiser moves a weight, or, without j, a bias, section 4: `steps`, what it computes on
# the way, each a list of a quantity and its formula; `step`, what is subtracted in the end; and the
# `size` of that.
move_formula <- function(step, layer, k, j = NULL) {
  of <- parameter_of(step, layer, k, j)
  gradient <- gradient_of(step, layer, k, j)
  steps <- list()
  if (step$decay > 0 && !is.null(j)) {
    formula <- sum_of(list(gradient, product(setting_quantity("lambda", step$decay), of)))
    gradient$letter <- "G"
    gradient$value <- gradient$value + step$decay * of$value
    gradient$size <- max(gradient$size, step$decay * of$size)
    steps <- list(list(gradient, formula))
  }
  move <- move_formulas[[step$optimizer$settings$name]](step, of, gradient)
  list(steps = c(steps, move$steps), step = move$step, size = move$size)
}

# keep * before + (1 - keep) * added
running_mean <- function(keep, before, added) {
  sum_of(list(product(keep, before), product(difference(one, keep), added)))
}

# The running mean of squares before and after the step. The size of G^2 is abs(G) times that of G:
# a rounding of G moves it by twice as much.
mean_squares <- function(step, of, gradient, keep) {
  before <- remembered(step, "v", "square", of, FALSE)
  before$size <- max(before$value, sqrt(before$value) * gradient$size)
  size <- max(keep * before$size, (1 - keep) * abs(gradient$value) * gradient$size)
  list(before = before, after = remembered(step, "v", "square", of, TRUE, size))
}

sgd_formula <- function(step, of, gradient) {
  settings <- step$optimizer$settings
  eta <- setting_quantity("eta", settings$learning_rate)
  mu <- setting_quantity("mu", settings$momentum)
  if (mu$value == 0) {
    return(list(step = product(eta, gradient), size = eta$value * gradient$size))
  }
  before <- remembered(step, "v", "velocity", of, FALSE, gradient$size)
  v <- remembered(step, "v", "velocity", of, TRUE, max(mu$value * before$size, gradient$size))
  steps <- list(list(v, sum_of(list(product(mu, before), gradient))))
  if (settings$nesterov) {
    ahead <- sum_of(list(gradient, product(mu, v)))
    size <- eta$value * max(gradient$size, mu$value * v$size)
    return(list(steps = steps, step = product(eta, ahead), size = size))
  }
  list(steps = steps, step = product(eta, v), size = eta$value * v$size)
}

rmsprop_formula <- function(step, of, gradient) {
  settings <- step$optimizer$settings
  eta <- setting_quantity("eta", settings$learning_rate)
  mu <- setting_quantity("mu", settings$momentum)
  eps <- setting_quantity("eps", settings$eps)
  alpha <- setting_quantity("alpha", settings$alpha)
  squares <- mean_squares(step, of, gradient, alpha$value)
  v <- squares$after
  steps <- list(list(v, running_mean(alpha, squares$before, power(gradient, two))))
  moved <- quotient(gradient, sum_of(list(call_of("sqrt", v), eps)))
  size <- over(gradient$size, sqrt(v$value) + eps$value)
  if (mu$value > 0) {
    former <- remembered(step, "u", "velocity", of, FALSE, size)
    u <- remembered(step, "u", "velocity", of, TRUE, max(mu$value * former$size, size))
    steps <- c(steps, list(list(u, sum_of(list(product(mu, former), moved)))))
    moved <- u
    size <- u$size
  }
  list(steps = steps, step = product(eta, moved), size = eta$value * size)
}

adam_formula <- function(step, of, gradient) {
  settings <- step$optimizer$settings
  eta <- setting_quantity("eta", settings$learning_rate)
  eps <- setting_quantity("eps", settings$eps)
  beta1 <- setting_quantity("beta1", settings$betas[1L])
  beta2 <- setting_quantity("beta2", settings$betas[2L])
  t <- setting_quantity("t", step$optimizer$updates + 1)
  before <- remembered(step, "m", "mean", of, FALSE, gradient$size)
  m_size <- max(beta1$value * before$size, (1 - beta1$value) * gradient$size)
  m <- remembered(step, "m", "mean", of, TRUE, m_size)
  squares <- mean_squares(step, of, gradient, beta2$value)
  v <- squares$after
  steps <- list(
    list(m, running_mean(beta1, before, gradient)),
    list(v, running_mean(beta2, squares$before, power(gradient, two)))
  )
  root <- quotient(call_of("sqrt", v), call_of("sqrt", difference(one, power(beta2, t))))
  rate <- quotient(eta, difference(one, power(beta1, t)))
  bottom <- sqrt(v$value) / sqrt(1 - beta2$value^t$value) + eps$value
  list(
    steps = steps,
    step = product(rate, quotient(m, sum_of(list(root, eps)))),
    size = eta$value / (1 - beta1$value^t$value) * over(m$size, bottom)
  )
}

rprop_formula <- function(step, of, gradient) {
  settings <- step$optimizer$settings
  agreement <- gradient$value * remembered(step, "p", "previous", of, FALSE)$value
  factor <- if (agreement > 0) settings$etas[2L] else if (agreement < 0) settings$etas[1L] else 1
  scaled <- product(remembered(step, "step", "step", of, FALSE), constant(factor))
  bounded <- call_of(
    "min", call_of("max", scaled, constant(settings$step_sizes[1L])),
    constant(settings$step_sizes[2L])
  )
  width <- remembered(step, "step", "step", of, TRUE)
  p <- remembered(step, "p", "previous", of, TRUE, gradient$size)
  list(
    steps = list(list(width, bounded), list(p, if (agreement < 0) zero else gradient)),
    step = product(call_of("sign", p), width),
    size = width$size
  )
}

over <- function(top, bottom) if (bottom > 0) top / bottom else 0

move_formulas <- list(
  sgd = sgd_formula, momentum = sgd_formula, nesterov = sgd_formula, rmsprop = rmsprop_formula,
  adam = adam_formula, rprop = rprop_formula
)
