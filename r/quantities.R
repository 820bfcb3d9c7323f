# The numbers of a step, with their sizes. Twins: python/twinprop/quantities.py,
# inst/js/quantities.js
#
# Section 12 of the contract. The numbers are those that the step computed. A size is what a
# number's own formula gives with every term taken as positive, so that roundings are some 1e-16 of
# it, however much of the terms cancels. Here a sample is a row, as in what tp_step() returns.

# What is known of a step: `before` and `after`, the network; `d`; `forward` and `backward` as the
# step used them; `forward_after`, the same samples through the network after it; `optimizer` and
# `optimizer_after`; `cost`, `rule`, `update_order`. The rest is computed from these.
step_quantities <- function(step) {
  activation <- output_activation(step$before)
  found <- cost_functions(step$cost, activation)
  step$layers <- step$before$layers
  step$depth <- length(step$layers)
  step$rows <- nrow(step$d)
  step$total_cost <- found$total
  step$s <- found$scale(step$layers[step$depth])
  step$decay <- step$optimizer$settings$weight_decay
  step$output_first <- step$update_order == "output_first"
  step$sent <- (if (step$output_first) step$after else step$before)$weights
  # a new weight is what is left of the old one and its step
  step$sent_sizes <- lapply(step$before$weights, abs)
  if (step$output_first) {
    step$sent_sizes <- Map(pmax, step$sent_sizes, lapply(step$sent, abs))
  }
  step$slopes <- derivatives_of(step$before, step$forward)
  step$forward_sizes <- forward_sizes(step$before, step$forward)
  step$after_sizes <- forward_sizes(step$after, step$forward_after)
  step$backward_sizes <- backward_sizes(step)
  step
}

# f'(z) of every layer; NaN for softmax, which has none of its own.
derivatives_of <- function(network, forward) {
  lapply(seq_along(network$activations), function(i) {
    derivative <- activations[[network$activations[i]]]$derivative
    z <- forward$z[[i]]
    if (is.null(derivative)) array(NaN, dim(z)) else derivative(z, forward$a[[i + 1L]])
  })
}

# The sizes of z and a.
forward_sizes <- function(network, forward) {
  slopes <- derivatives_of(network, forward)
  z <- list()
  a <- list(abs(forward$a[[1L]]))
  for (i in seq_along(slopes)) {
    z[[i]] <- tcrossprod(a[[i]], abs(network$weights[[i]]))
    z[[i]] <- z[[i]] + rep(abs(network$biases[[i]]), each = nrow(z[[i]]))
    value <- abs(forward$a[[i + 1L]])
    carried <- if (network$activations[i] == "softmax") {
      value * apply(z[[i]], 1L, max)
    } else {
      abs(slopes[[i]]) * z[[i]]
    }
    a[[i + 1L]] <- pmax(value, carried)
  }
  list(z = z, a = a)
}

# The sizes of e, delta and the gradients.
backward_sizes <- function(step) {
  depth <- length(step$slopes)
  a <- step$forward_sizes$a
  e <- delta <- grad_weights <- grad_biases <- vector("list", depth)
  e[[depth]] <- pmax(a[[depth + 1L]], abs(step$d))
  for (i in depth:1L) {
    g <- e[[i]]
    if (has_slope(step, i + 1L)) {
      slope_size <- pmax(abs(step$slopes[[i]]), a[[i + 1L]])
      g <- pmax(abs(step$backward$e[[i]]) * slope_size, e[[i]] * abs(step$slopes[[i]]))
    }
    delta[[i]] <- step$s * g
    grad_weights[[i]] <- crossprod(delta[[i]], a[[i]]) / nrow(g)
    grad_biases[[i]] <- colMeans(delta[[i]])
    if (i > 1L) {
      carried <- if (step$rule == "gradient") g else e[[i]]
      e[[i - 1L]] <- carried %*% share_sizes(step$sent[[i]], step$sent_sizes[[i]], step$rule)
    }
  }
  list(e = e, delta = delta, grad_weights = grad_weights, grad_biases = grad_biases)
}

# Whether delta of a layer has f' in it.
has_slope <- function(step, layer) {
  layer < step$depth || step$cost != "cross_entropy"
}

# What a rule divides the weights into each neuron by; 1 if it does not.
denominators_of <- function(weights, rule) {
  switch(rule,
    proportional = rowSums(weights),
    proportional_abs = rowSums(abs(weights)),
    rep(1, nrow(weights))
  )
}

# The sizes of what the rule multiplies an error by; those of the weights are given.
share_sizes <- function(weights, sizes, rule) {
  divisors <- abs(denominators_of(weights, rule))
  # the denominator's own size is that of its terms
  if (rule == "proportional") sizes <- sizes * (rowSums(sizes) / divisors)
  sizes / divisors
}

# Every number of a step as a quantity; layers, neurons k and j, and samples i count from 1.

# How a sample is named: not at all if it is the only one.
sample_name <- function(step, i) if (step$rows > 1L) i

setting_quantity <- function(letter, value) quantity(letter, value, abs(value))

z_of <- function(step, layer, k, i, new = FALSE) {
  values <- (if (new) step$forward_after else step$forward)$z[[layer - 1L]]
  sizes <- (if (new) step$after_sizes else step$forward_sizes)$z[[layer - 1L]]
  quantity("z", values[i, k], sizes[i, k], layer, k, sample_name(step, i), new)
}

a_of <- function(step, layer, k, i, new = FALSE) {
  values <- (if (new) step$forward_after else step$forward)$a[[layer]]
  sizes <- (if (new) step$after_sizes else step$forward_sizes)$a[[layer]]
  quantity("a", values[i, k], sizes[i, k], layer, k, sample_name(step, i), new)
}

target_of <- function(step, k, i) {
  value <- step$d[i, k]
  quantity("d", value, abs(value), NULL, k, sample_name(step, i))
}

# An error; a new one of the output layer only.
e_of <- function(step, layer, k, i, new = FALSE) {
  if (new) {
    value <- step$forward_after$a[[layer]][i, k] - step$d[i, k]
    size <- max(step$after_sizes$a[[layer]][i, k], abs(step$d[i, k]))
  } else {
    value <- step$backward$e[[layer - 1L]][i, k]
    size <- step$backward_sizes$e[[layer - 1L]][i, k]
  }
  quantity("e", value, size, layer, k, sample_name(step, i), new)
}

slope_of <- function(step, layer, k, i) {
  value <- step$slopes[[layer - 1L]][i, k]
  size <- max(abs(value), step$forward_sizes$a[[layer]][i, k])
  quantity("f'", value, size, layer, k, sample_name(step, i))
}

delta_of <- function(step, layer, k, i) {
  value <- step$backward$delta[[layer - 1L]][i, k]
  size <- step$backward_sizes$delta[[layer - 1L]][i, k]
  quantity("delta", value, size, layer, k, sample_name(step, i))
}

# A weight, or, without j, a bias.
parameter_of <- function(step, layer, k, j = NULL, new = FALSE) {
  network <- if (new) step$after else step$before
  former <- step$before
  if (is.null(j)) {
    value <- network$biases[[layer - 1L]][k]
    size <- max(abs(value), abs(former$biases[[layer - 1L]][k]))
    return(quantity("b", value, size, layer, k, NULL, new))
  }
  value <- network$weights[[layer - 1L]][k, j]
  size <- max(abs(value), abs(former$weights[[layer - 1L]][k, j]))
  quantity("W", value, size, layer, c(k, j), NULL, new)
}

# The gradient of a weight, or, without j, of a bias.
gradient_of <- function(step, layer, k, j = NULL) {
  l <- layer - 1L
  values <- step$backward
  sizes <- step$backward_sizes
  if (is.null(j)) {
    return(quantity("dC/db", values$grad_biases[[l]][k], sizes$grad_biases[[l]][k], layer, k))
  }
  size <- sizes$grad_weights[[l]][k, j]
  quantity("dC/dW", values$grad_weights[[l]][k, j], size, layer, c(k, j))
}

# A weight as the error goes back through it.
sent_weight <- function(step, layer, k, j) {
  parameter_of(step, layer, k, j, new = step$output_first)
}

denominator_of <- function(step, layer, k) {
  weights <- step$sent[[layer - 1L]][k, , drop = FALSE]
  size <- sum(step$sent_sizes[[layer - 1L]][k, ])
  quantity("D", denominators_of(weights, step$rule), size, layer, k)
}

# The neurons' parts of the sizes of the weights into a neuron.
blames_of <- function(step, layer, k) {
  values <- abs(step$sent[[layer - 1L]][k, ])
  divisor <- if (sum(values) > 0) sum(values) else 1
  sizes <- step$sent_sizes[[layer - 1L]][k, ] / divisor
  lapply(seq_along(values), function(j) {
    quantity("blame", values[j] / divisor, sizes[j], layer, c(k, j))
  })
}

# The parts of an error that go back along the weights into its neuron.
shares_of <- function(step, layer, k, i) {
  weights <- step$sent[[layer - 1L]][k, , drop = FALSE]
  e <- e_of(step, layer, k, i)
  carried <- e$value
  size <- e$size
  if (step$rule == "gradient") {
    size <- step$backward_sizes$delta[[layer - 1L]][i, k] / step$s
    if (has_slope(step, layer)) carried <- carried * step$slopes[[layer - 1L]][i, k]
  }
  values <- weights / denominators_of(weights, step$rule) * carried
  weight_sizes <- step$sent_sizes[[layer - 1L]][k, , drop = FALSE]
  sizes <- share_sizes(weights, weight_sizes, step$rule) * size
  lapply(seq_along(values), function(j) {
    quantity("share", values[j], sizes[j], layer, c(k, j), sample_name(step, i))
  })
}

sum_of_shares <- function(step, layer, k, i) {
  shares <- shares_of(step, layer, k, i)
  value <- sum(vapply(shares, `[[`, 0, "value"))
  size <- sum(vapply(shares, `[[`, 0, "size"))
  quantity("shares", value, size, layer, k, sample_name(step, i))
}

# Each sample's cost; it is named if there are several, or a penalty.
sample_costs <- function(step, new = FALSE) {
  forward <- if (new) step$forward_after else step$forward
  sizes <- if (new) step$after_sizes else step$forward_sizes
  z <- forward$z[[step$depth - 1L]]
  a <- forward$a[[step$depth]]
  named <- step$rows > 1L || step$decay > 0
  lapply(seq_len(step$rows), function(i) {
    e <- a[i, ] - step$d[i, ]
    value <- step$total_cost(cbind(e), cbind(z[i, ]), cbind(step$d[i, ]))
    size <- if (step$cost == "cross_entropy") {
      abs(value) + sum(sizes$z[[step$depth - 1L]][i, ])
    } else {
      sum(abs(e) * pmax(sizes$a[[step$depth]][i, ], abs(step$d[i, ])))
    }
    quantity("C", value, size, sample = if (named) i, new = new)
  })
}

penalty_of <- function(step, new = FALSE) {
  value <- penalty((if (new) step$after else step$before)$weights, step$decay)
  quantity("penalty", value, value, new = new)
}

# What the optimiser remembers as `name` of a weight or bias; `size` is that of its terms; of what
# former gradients left, that of the present one's.
remembered <- function(step, letter, name, of, new, size = 0) {
  optimizer <- if (new) step$optimizer_after else step$optimizer
  memory <- if (is.null(optimizer$memory)) {
    # before its first update
    optimizers[[optimizer$settings$name]]$memory(optimizer$settings)
  } else {
    optimizer$memory[[if (of$letter == "b") "biases" else "weights"]][[of$layer - 1L]]
  }
  values <- if (is.list(memory)) memory[[name]] else memory
  value <- if (length(values) == 1L) {
    values
  } else if (of$letter == "b") {
    values[of$place]
  } else {
    values[of$place[1L], of$place[2L]]
  }
  quantity(letter, value, max(size, abs(value)), of$layer, of$place, NULL, new)
}
