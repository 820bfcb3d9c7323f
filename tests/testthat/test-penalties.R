# The converted penalties give the same gradients as nnet's own cost. Twin:
# tests/python/test_penalties.py, which has the other programs.

# Central differences of nnet's cost, h = 1e-4: h^2 of a third derivative of size 1, and roundings
# of 1e-16 / h of a cost of size 10.
by_difference <- 1e-6

nnet_cost <- function(network, x, d, decay, ...) {
  wts <- unlist(lapply(seq_along(network$weights), function(l) {
    t(cbind(network$biases[[l]], network$weights[[l]]))
  }))
  nnet::nnet(
    x, d, size = network$layers[2L], Wts = wts, decay = decay, maxit = 0, trace = FALSE, ...
  )$value
}

# The derivatives by all weights.
nnet_gradient <- function(network, x, d, decay, ...) {
  h <- 1e-4
  unlist(lapply(seq_along(network$weights), function(l) {
    vapply(seq_along(network$weights[[l]]), function(i) {
      moved <- function(by) {
        network$weights[[l]][i] <- network$weights[[l]][i] + by
        nnet_cost(network, x, d, decay, ...)
      }
      (moved(h) - moved(-h)) / (2 * h)
    }, 0)
  }))
}

our_gradient <- function(network, x, d, cost, weight_decay) {
  backward <- tp_backward(network, tp_forward(network, x), d, cost = cost)
  unlist(lapply(seq_along(network$weights), function(l) {
    backward$grad_weights[[l]] + weight_decay * network$weights[[l]]
  }))
}

# The same minimum: one gradient is a multiple of the other.
same_direction <- function(got, want) {
  factor <- sum(got * want) / sum(want * want)
  expect_gt(factor, 0)
  max(abs(got - factor * want)) / max(abs(factor * want))
}

problem <- function(output, outputs) {
  uniform <- matrix(tp_random_stream(2)$uniform(12 * outputs), 12, byrow = TRUE)
  d <- switch(output,
    identity = 2 * uniform - 1,
    sigmoid = (uniform > 0.5) + 0,
    softmax = outer(max.col(uniform), seq_len(outputs), `==`) + 0
  )
  list(
    x = matrix(2 * tp_random_stream(1)$uniform(36) - 1, 12, byrow = TRUE), d = d,
    network = tp_network(c(3, 4, outputs), c("sigmoid", output), init = "uniform", seed = 4)
  )
}

test_that("nnet's decay and weight_decay have the same minimum", {
  skip_if_not_installed("nnet")
  cases <- list(
    list("half_mse", "identity", 2, list(linout = TRUE)),
    list("half_sse", "identity", 2, list(linout = TRUE)),
    list("mse", "identity", 1, list(linout = TRUE)),
    list("cross_entropy", "sigmoid", 1, list(entropy = TRUE)),
    list("cross_entropy", "sigmoid", 3, list(entropy = TRUE)),
    list("cross_entropy", "softmax", 3, list(softmax = TRUE))
  )
  for (case in cases) {
    given <- problem(case[[2L]], case[[3L]])
    settings <- list(
      n = 12, outputs = case[[3L]], cost = case[[1L]], out_activation = case[[2L]]
    )
    convert <- function(...) do.call(tp_convert_penalty, c(list(...), settings))
    weight_decay <- convert(0.5, "nnet", "twinprop")
    ours <- our_gradient(given$network, given$x, given$d, case[[1L]], weight_decay)
    theirs <- do.call(nnet_gradient, c(given[c("network", "x", "d")], decay = 0.5, case[[4L]]))
    expect_lte(same_direction(theirs, ours), by_difference)
    # the check itself sees a wrong penalty
    wrong <- our_gradient(given$network, given$x, given$d, case[[1L]], 2 * weight_decay)
    expect_gt(same_direction(theirs, wrong), 1e-3)
    expect_equal(convert(weight_decay, "twinprop", "nnet"), 0.5)
    # the cost as nnet reports it
    ours <- tp_mean_cost(given$network, given$x, given$d, cost = case[[1L]])
    theirs <- do.call(nnet_cost, c(given[c("network", "x", "d")], decay = 0, case[[4L]]))
    converted <- do.call(tp_convert_cost, c(list(ours, "twinprop", "nnet"), settings))
    expect_equal(converted, theirs, tolerance = 1e-9)
  }
})

test_that("the other programs have the factors of the table", {
  to <- function(program, ...) tp_convert_penalty(0.3, "twinprop", program, n = 12, ...)
  expect_equal(to("scikit-learn"), 0.3 * 12)
  expect_equal(to("scikit-learn", batch_size = 4), 0.3 * 4)
  expect_equal(to("torch"), 0.6)
  expect_equal(to("keras"), 0.3)
  expect_equal(to("torch", cost = "mse", outputs = 2), 0.3)
  expect_equal(tp_convert_cost(12, "nnet", "torch", n = 100, outputs = 3), 0.04)
  expect_equal(tp_convert_cost(12, "neuralnet", "nnet", n = 100), 24)
})

test_that("bad arguments are refused", {
  convert <- function(value = 1, source = "nnet", target = "torch", n = 3, ...) {
    tp_convert_penalty(value, source, target, n, ...)
  }
  expect_input_error(convert(-1), "value must be a finite number >= 0, got -1")
  expect_input_error(
    convert(source = "neuralnet"),
    paste0(
      "source must be one of \"twinprop\", \"nnet\", \"scikit-learn\", \"torch\", \"keras\", ",
      "got \"neuralnet\""
    )
  )
  expect_input_error(convert(n = 0), "n must be an integer >= 1, got 0")
  expect_input_error(
    convert(batch_size = 4), "batch_size must be an integer from 1 to 3, got 4"
  )
  expect_input_error(
    convert(cost = "mae"),
    paste0(
      "cost must be one of \"half_mse\", \"half_sse\", \"mse\", \"cross_entropy\", got \"mae\""
    )
  )
  expect_input_error(
    convert(cost = "cross_entropy"),
    "out_activation must be one of \"sigmoid\", \"softmax\", got null"
  )
})
