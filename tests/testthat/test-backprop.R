# A hand calculation. One sample, a 2-2-2 network of sigmoids, all biases 0. With L = log(3) the
# activations are fractions: sigmoid(L) = 3/4, sigmoid(0) = 1/2, and f' = a (1 - a) is 3/16, 1/4.
#
#   x = (1, 2)      W[2] = (-L   L)     z[2] = (-L + 2 L, 2 L - 2 L) = (L, 0)    a[2] = (3/4, 1/2)
#                          (2 L -L)
#                   W[3] = (2 L -L)     z[3] = (6/4 L - L/2, 6/4 L - 3/2 L)      a[3] = (3/4, 1/2)
#                          (2 L -3 L)        = (L, 0)
#   d = (1/4, 1)    e[3] = a[3] - d = (1/2, -1/2)
#                   g[3] = e[3] f' = (1/2 3/16, -1/2 1/4) = (3/32, -1/8)
#
# half_mse, K = 2: C = 1/4 (1/4 + 1/4) = 1/8, s = 1/2
#   delta[3]  = s g[3] = (3/64, -1/16)
#   grad W[3] = (3/64 3/4   3/64 1/2 ) = ( 9/256  3/128)
#               (-1/16 3/4  -1/16 1/2)   (-3/64  -1/32 )
#   e[2]      = W[3]' g[3] = (2 L 3/32 - 2 L 1/8, -L 3/32 + 3 L 1/8) = (-L/16, 9 L/32)
#   delta[2]  = s e[2] f' = (-1/2 L/16 3/16, 1/2 9 L/32 1/4) = (-3 L/512, 9 L/256)
#   grad W[2] = delta[2] x' = (-3 L/512  -6 L/512)
#                             ( 9 L/256  18 L/256)
# and with learning_rate 1/2 each weight moves by half of its gradient.
log_3 <- log(3)
hand_x <- rbind(c(1, 2))
hand_d <- rbind(c(1 / 4, 1))
hand_network <- tp_network(
  c(2, 2, 2),
  weights = list(
    log_3 * rbind(c(-1, 1), c(2, -1)),
    log_3 * rbind(c(2, -1), c(2, -3))
  )
)
tolerance_hand <- 1e-12

expect_hand <- function(got, want) {
  expect_identical(shape(got), shape(want))
  expect_lt(max(abs(got - want)), tolerance_hand)
}

test_that("a hand calculation: forward, backward, update", {
  step <- tp_step(hand_network, hand_x, hand_d, optimizer = tp_optimizer("sgd", 1 / 2))
  expect_identical(step$forward$a[[1]], hand_x)
  expect_hand(step$forward$z[[1]], rbind(c(log_3, 0)))
  expect_hand(step$forward$a[[2]], rbind(c(3 / 4, 1 / 2)))
  expect_hand(step$forward$z[[2]], rbind(c(log_3, 0)))
  expect_hand(step$forward$a[[3]], rbind(c(3 / 4, 1 / 2)))
  expect_hand(step$backward$e[[2]], rbind(c(1 / 2, -1 / 2)))
  expect_hand(step$backward$delta[[2]], rbind(c(3 / 64, -1 / 16)))
  expect_hand(step$backward$grad_weights[[2]], rbind(c(9 / 256, 3 / 128), c(-3 / 64, -1 / 32)))
  expect_hand(step$backward$grad_biases[[2]], c(3 / 64, -1 / 16))
  expect_hand(step$backward$e[[1]], log_3 * rbind(c(-1 / 16, 9 / 32)))
  expect_hand(step$backward$delta[[1]], log_3 * rbind(c(-3 / 512, 9 / 256)))
  expect_hand(
    step$backward$grad_weights[[1]], log_3 * rbind(c(-3, -6) / 512, c(9, 18) / 256)
  )
  expect_hand(step$backward$grad_biases[[1]], log_3 * c(-3 / 512, 9 / 256))
  expect_hand(
    step$network$weights[[1]],
    log_3 * rbind(c(-1 + 3 / 1024, 1 + 6 / 1024), c(2 - 9 / 512, -1 - 18 / 512))
  )
  expect_hand(step$network$biases[[1]], log_3 * c(3 / 1024, -9 / 512))
  expect_hand(
    step$network$weights[[2]],
    log_3 * rbind(c(2, -1), c(2, -3)) - rbind(c(9 / 512, 3 / 256), c(-3 / 128, -1 / 64))
  )
  expect_hand(step$network$biases[[2]], c(-3 / 128, 1 / 32))
  expect_hand(tp_mean_cost(hand_network, hand_x, hand_d), 1 / 8)
})

test_that("the same network by the other rules", {
  e <- function(rule) {
    tp_backward(hand_network, tp_forward(hand_network, hand_x), hand_d, rule = rule)$e[[1]]
  }
  # W[3]' e[3] = (2 L/2 - 2 L/2, -L/2 + 3 L/2)
  expect_hand(e("transpose"), rbind(c(0, log_3)))
  # denominators L and -L, shares (2 -1), (-2 3): (2/2 + 2/2, -1/2 - 3/2)
  expect_hand(e("proportional"), rbind(c(2, -2)))
  # denominators 3 L and 5 L, shares (2/3 -1/3), (2/5 -3/5): (1/3 - 1/5, -1/6 + 3/10)
  expect_hand(e("proportional_abs"), rbind(c(2 / 15, 2 / 15)))
})

test_that("the same network, output layer first", {
  # half_sse: s = 1, delta[3] = (3/32, -1/8), grad W[3] = (9/128 3/64), (-3/32 -1/16);
  # the new W[3] = (2 L - 9/256  -L - 3/128), (2 L + 3/64  -3 L + 1/32); its transpose times e[3]:
  # ((-9/256 - 3/64) / 2, (2 L - 3/128 - 1/32) / 2) = (-21/512, L - 7/256)
  step <- tp_step(
    hand_network, hand_x, hand_d, "half_sse", "transpose", "output_first",
    tp_optimizer("sgd", 1 / 2)
  )
  expect_hand(step$backward$e[[1]], rbind(c(-21 / 512, log_3 - 7 / 256)))
  # delta[2] = e[2] f'
  expect_hand(
    step$backward$delta[[1]], rbind(c(-21 / 512 * 3 / 16, (log_3 - 7 / 256) / 4))
  )
})

# The exact gradient against central differences of the cost, for every cost x output activation x
# K x hidden activation. Smooth functions: the error of the differences is about eps^2 and 1e-16 /
# eps; kinked ones agree as well as long as no z changes its sign within eps.
eps <- 1e-6
tolerance_gradient <- 1e-8

numeric_gradient <- function(network, x, d, cost) {
  cost_at <- function(part, l, i, by) {
    network[[part]][[l]][i] <- network[[part]][[l]][i] + by
    tp_mean_cost(network, x, d, cost)
  }
  lapply(c("weights", "biases"), function(part) {
    lapply(seq_along(network[[part]]), function(l) {
      gradient <- network[[part]][[l]]
      for (i in seq_along(gradient)) {
        gradient[i] <- (cost_at(part, l, i, eps) - cost_at(part, l, i, -eps)) / (2 * eps)
      }
      gradient
    })
  })
}

activation_names <- setdiff(names(tp_activations()), "softmax")
combinations <- rbind(
  expand.grid(
    cost = c("half_mse", "half_sse", "mse"), output = activation_names, k = c(1, 3),
    hidden = activation_names, stringsAsFactors = FALSE
  ),
  data.frame(
    cost = "cross_entropy", output = rep(c("sigmoid", "sigmoid", "softmax"), each = 6),
    k = rep(c(1, 3, 3), each = 6), hidden = activation_names
  )
)

for (hidden in activation_names) {
  test_that(paste("the gradient is the cost's, hidden layers of", hidden), {
    for (i in which(combinations$hidden == hidden)) {
      case <- combinations[i, ]
      network <- tp_network(
        c(2, 3, 2, case$k), c(hidden, hidden, case$output), init = "uniform", seed = 4
      )
      x <- rbind(c(0.3, -0.7), c(1.1, 0.4), c(-0.9, 0.8))
      d <- rbind(c(0.2, 0.5, 0.3), c(0.7, 0.2, 0.1), c(0.1, 0.3, 0.6))
      d <- d[, seq_len(case$k), drop = FALSE]
      forward <- tp_forward(network, x)
      # no kink within reach of eps
      expect_gt(min(abs(unlist(forward$z))), 100 * eps)
      backward <- tp_backward(network, forward, d, case$cost)
      want <- numeric_gradient(network, x, d, case$cost)
      got <- list(backward$grad_weights, backward$grad_biases)
      expect_identical(lapply(unlist(got, FALSE), shape), lapply(unlist(want, FALSE), shape))
      gap <- max(abs(unlist(got) - unlist(want))) / max(abs(unlist(want)))
      expect_lt(gap, tolerance_gradient, label = paste(c(case, "gap"), collapse = " "))
    }
  })
}

test_that("other rules than gradient are not the gradient", {
  network <- tp_network(c(2, 3, 2), init = "uniform")
  forward <- tp_forward(network, xor_x)
  d <- cbind(xor_d, 1 - xor_d)
  first <- lapply(names(tp_rules()), function(rule) {
    tp_backward(network, forward, d, rule = rule)$grad_weights[[1]]
  })
  for (other in first[-1]) expect_gt(max(abs(other - first[[1]])), 1e-3)
})

test_that("the gradients of a batch are the means of its samples' gradients", {
  network <- tp_network(c(2, 3, 1))
  batch <- tp_backward(network, tp_forward(network, xor_x), xor_d)
  single <- lapply(1:4, function(i) {
    x <- xor_x[i, , drop = FALSE]
    tp_backward(network, tp_forward(network, x), xor_d[i, , drop = FALSE])
  })
  mean_of <- function(part, l) Reduce(`+`, lapply(single, function(one) one[[part]][[l]])) / 4
  for (l in 1:2) {
    expect_equal(batch$grad_weights[[l]], mean_of("grad_weights", l), tolerance = 1e-14)
    expect_equal(batch$grad_biases[[l]], mean_of("grad_biases", l), tolerance = 1e-14)
  }
})

# nnet, which comes with R, as a referee: one hidden layer, logistic. Its weights are one vector,
# unit by unit, the bias first. Its value is the sum of e^2 (no 1/2, no 1/n) or of the cross
# entropy.
nnet_weights <- function(network) {
  unlist(lapply(1:2, function(l) t(cbind(network$biases[[l]], network$weights[[l]]))))
}

from_nnet_weights <- function(wts, layers) {
  first <- layers[2] * (layers[1] + 1)
  l2 <- matrix(wts[seq_len(first)], layers[2], byrow = TRUE)
  l3 <- matrix(wts[-seq_len(first)], layers[3], byrow = TRUE)
  tp_network(
    layers, weights = list(l2[, -1, drop = FALSE], l3[, -1, drop = FALSE]),
    biases = list(l2[, 1], l3[, 1])
  )
}

nnet_x <- rbind(c(0.3, -0.7), c(1.1, 0.4), c(-0.9, 0.8), c(0.1, 0.2), c(-0.4, -0.6))

test_that("nnet agrees on outputs and costs", {
  skip_if_not_installed("nnet")
  d3 <- diag(3)[c(1, 2, 3, 2, 1), ]
  n <- nrow(nnet_x)
  for (kind in c("squared", "entropy", "softmax", "linear")) {
    output <- switch(kind, softmax = "softmax", linear = "identity", "sigmoid")
    network <- tp_network(c(2, 2, 3), c("sigmoid", output), "uniform", seed = 9)
    fit <- nnet::nnet(
      nnet_x, d3, size = 2, Wts = nnet_weights(network), maxit = 0, trace = FALSE,
      entropy = kind == "entropy", softmax = kind == "softmax", linout = kind == "linear"
    )
    # half_sse is half the sum of squares, a mean over samples
    ours <- if (kind %in% c("entropy", "softmax")) {
      n * tp_mean_cost(network, nnet_x, d3, "cross_entropy")
    } else {
      2 * n * tp_mean_cost(network, nnet_x, d3, "half_sse")
    }
    expect_equal(fit$value, ours, tolerance = 1e-14, label = kind)
    expect_equal(
      unname(fit$fitted.values), predict(network, nnet_x), tolerance = 1e-14, label = kind
    )
  }
})

test_that("nnet's Hessian is the derivative of our gradient", {
  skip_if_not_installed("nnet")
  layers <- c(2, 2, 1)
  d <- cbind(c(0, 1, 1, 0, 1))
  wts <- nnet_weights(tp_network(layers, init = "uniform", seed = 9))
  fit <- nnet::nnet(nnet_x, d, size = 2, Wts = wts, maxit = 0, trace = FALSE)
  gradient <- function(wts) {
    network <- from_nnet_weights(wts, layers)
    backward <- tp_backward(network, tp_forward(network, nnet_x), d, "half_sse")
    # nnet's cost is 2 n times half_sse
    2 * nrow(nnet_x) * unlist(lapply(1:2, function(l) {
      t(cbind(backward$grad_biases[[l]], backward$grad_weights[[l]]))
    }))
  }
  hessian <- vapply(seq_along(wts), function(i) {
    by <- replace(numeric(length(wts)), i, 1e-5)
    (gradient(wts + by) - gradient(wts - by)) / 2e-5
  }, wts)
  # the differences are exact to about 1e-10
  expect_lt(max(abs(hessian - nnet::nnetHess(fit, nnet_x, d))), 1e-8)
})

test_that("a vanishing denominator names rule, layer and neuron", {
  network <- tp_network(
    c(2, 2, 2), weights = list(diag(2), rbind(c(1, 2), c(1, -1)))
  )
  x <- rbind(c(1, 2))
  backward <- function(network, rule) tp_backward(network, tp_forward(network, x), x, rule = rule)
  condition <- expect_error(
    backward(network, "proportional"), class = "twinprop_denominator_error"
  )
  expect_identical(conditionMessage(condition), paste0(
    "rule \"proportional\": the weights into neuron 2 of layer 3 sum to 0 or nearly 0, so its ",
    "error cannot be shared out; try rule \"proportional_abs\" or other starting weights"
  ))
  expect_silent(backward(network, "proportional_abs"))
  network$weights[[2]][1, ] <- 0
  condition <- expect_error(
    backward(network, "proportional_abs"), class = "twinprop_denominator_error"
  )
  expect_identical(conditionMessage(condition), paste0(
    "rule \"proportional_abs\": the weights into neuron 1 of layer 3 sum to 0 or nearly 0, so its ",
    "error cannot be shared out; try other starting weights"
  ))
})

test_that("nearly 0 is 1e-6 of the weights' sizes", {
  share <- function(second) tp_rules()$proportional(rbind(c(1, second)), cbind(1), NULL)
  expect_error(share(-1 + 1e-6), class = "twinprop_denominator_error")
  expect_silent(share(-1 + 3e-6))
})

test_that("an exported rule takes and gives rows", {
  w <- rbind(c(1, 3), c(2, 2), c(0, 5))
  e <- rbind(c(1, 0, 2), c(0, 4, 0))
  g <- e / 2
  expect_identical(tp_rules()$gradient(w, e, g), g %*% w)
  expect_identical(tp_rules()$transpose(w, e, g), e %*% w)
  expect_equal(tp_rules()$proportional(w, e, g), e %*% (w / c(4, 4, 5)), tolerance = 1e-15)
})

test_that("bad arguments", {
  network <- tp_network(c(2, 2, 1))
  forward <- tp_forward(network, xor_x)
  expect_input_error(tp_forward(network, xor_d), "x row 1 must have 2 values, got 1")
  expect_input_error(
    tp_backward(network, list(), xor_d),
    "forward must be what tp_forward() returned, got a list of 0"
  )
  expect_input_error(
    tp_backward(network, forward, xor_d[1:3, , drop = FALSE]),
    "d must have as many rows as x (4), got 3"
  )
  expect_input_error(
    tp_backward(network, forward, xor_d, rule = "chain"), paste0(
      "rule must be one of \"gradient\", \"transpose\", \"proportional\", \"proportional_abs\", ",
      "got \"chain\""
    )
  )
  expect_input_error(
    tp_step(network, xor_x, xor_d, update_order = "first"),
    "update_order must be one of \"simultaneous\", \"output_first\", got \"first\""
  )
  expect_input_error(
    tp_step(network, xor_x, cbind(xor_d, 1)), "d row 1 must have 1 values, got 2"
  )
  expect_input_error(
    tp_update(network, 3), "gradients must be what tp_backward() returned, got 3"
  )
  expect_input_error(
    tp_update(network, list(grad_weights = list(diag(2)), grad_biases = list())),
    "grad_weights must have one matrix for each layer after the input (2), got 1"
  )
})

test_that("a forward pass of another network is refused", {
  forward <- tp_forward(tp_network(c(2, 3, 1)), xor_x)
  expect_input_error(
    tp_backward(tp_network(c(2, 2, 1)), forward, xor_d),
    "forward must be of a network of layers 2-2-1, got 2-3-1"
  )
})
