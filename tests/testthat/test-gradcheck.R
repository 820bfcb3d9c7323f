# The gradient check: it passes what is right, and fires on what is not. Twins:
# tests/python/test_gradcheck.py, tests/js/gradcheck.test.js

columns <- c(
  "layer", "from", "to", "parameter", "backprop", "difference", "absolute", "relative", "kink",
  "passes"
)
hidden_activations <- c("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")

# A network 2-3-2-K with biases and five samples, the same in every run.
problem <- function(output, k, hidden = "tanh", seed = 1) {
  uniform <- tp_random_stream(seed)$uniform
  d <- 0.1 + 0.8 * matrix(uniform(5 * k), 5)
  list(
    network = tp_network(c(2, 3, 2, k), c(hidden, hidden, output), init = "uniform", seed = seed),
    x = 2 * matrix(uniform(10), 5) - 1,
    d = if (output == "softmax") d / rowSums(d) else d
  )
}

# Replace a function inside a list of the package for the rest of the calling test.
replace_in <- function(list_name, name, value, part = NULL, frame = parent.frame()) {
  namespace <- asNamespace("twinprop")
  before <- get(list_name, namespace)
  changed <- before
  if (is.null(part)) changed[[name]] <- value else changed[[name]][[part]] <- value
  put <- function(it) {
    unlockBinding(list_name, namespace)
    assign(list_name, it, namespace)
    lockBinding(list_name, namespace)
  }
  put(changed)
  do.call(on.exit, list(as.call(list(put, before)), add = TRUE), envir = frame)
}

test_that("the gradient passes for every cost, output activation and K", {
  pairs <- rbind(
    expand.grid(
      cost = c("half_mse", "half_sse", "mse"), output = hidden_activations, k = 1:3,
      stringsAsFactors = FALSE
    ),
    data.frame(cost = "cross_entropy", output = "sigmoid", k = 1:3),
    data.frame(cost = "cross_entropy", output = "softmax", k = 2:3)
  )
  for (i in seq_len(nrow(pairs))) {
    hidden <- hidden_activations[i %% 6 + 1]
    p <- problem(pairs$output[i], pairs$k[i], hidden)
    for (weight_decay in c(0, 0.3)) {
      check <- tp_check_gradient(
        p$network, p$x, p$d, pairs$cost[i],
        weight_decay = weight_decay
      )
      expect_true(check$passes, info = check$text)
      # the cases are checks, not exemptions
      expect_false(any(check$table$kink), info = check$text)
      expect_null(check$warning)
    }
  }
})

test_that("the numbers are those by hand", {
  # C = (3 w + b - 1)^2 / 2 at w = 1, b = 0: dC/dw = 6, dC/db = 2; the penalty adds 0.1 w.
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(1)))
  check <- tp_check_gradient(network, matrix(3), matrix(1), weight_decay = 0.1)
  table <- check$table
  expect_named(table, columns)
  expect_equal(table$backprop, c(6.1, 2), tolerance = 1e-14)
  # rounding: 2^-52 of the cost 2 beside a step of 2^-19
  expect_equal(table$difference, c(6.1, 2), tolerance = 1e-9)
  expect_identical(table$absolute, abs(table$backprop - table$difference))
  expect_identical(table$from, c(1L, NA))
  expect_identical(table$parameter, c("weight", "bias"))
  expect_true(check$passes)
  expect_equal(c(check$cosine, check$length_ratio), c(1, 1), tolerance = 1e-9)
  expect_identical(
    capture.output(print(check)),
    c(
      paste0(
        "Gradient check of a 1-1 network (identity), cost half_mse, rule gradient, ",
        "weight decay 0.1"
      ),
      paste0(
        "PASSES: backpropagation and central differences agree in all 2 weights and biases ",
        "(relative errors up to 1e-06)."
      ),
      "",
      "None fails; the first 2 of 2:",
      "layer  from    to  parameter     backprop   difference   relative  kink  passes",
      "    2     1     1  weight      6.1000e+00   6.1000e+00   <= 1e-06  no    yes",
      "    2     -     1  bias        2.0000e+00   2.0000e+00   <= 1e-06  no    yes"
    )
  )
})

test_that("the rows are in order: weights row by row, then biases", {
  table <- tp_check_gradient(tp_network(c(2, 2, 1), "tanh"), xor_x, xor_d)$table
  expect_identical(table$layer, c(2L, 2L, 2L, 2L, 2L, 2L, 3L, 3L, 3L))
  expect_identical(table$from, c(1L, 2L, 1L, 2L, NA, NA, 1L, 2L, NA))
  expect_identical(table$to, c(1L, 1L, 2L, 2L, 1L, 2L, 1L, 1L, 1L))
})

test_that("it fires on a broken derivative", {
  for (name in c("tanh", "softplus", "identity", "leaky_relu")) {
    p <- problem("sigmoid", 2, name)
    expect_true(tp_check_gradient(p$network, p$x, p$d)$passes)
    local({
      right <- tp_activations()[[name]]$derivative
      replace_in("activations", name, function(z, a, arithmetic) 1.001 * right(z, a), "derivative")
      check <- tp_check_gradient(p$network, p$x, p$d)
      expect_false(check$passes)
      expect_match(check$verdict, "^FAILS: ")
      # what is behind the broken derivative is right
      expect_identical(unique(check$table$layer[!check$table$passes]), 2:3)
    })
    expect_true(tp_check_gradient(p$network, p$x, p$d)$passes)
  }
})

test_that("it fires on a broken rule and on a broken scale", {
  p <- problem("sigmoid", 2)
  local({
    replace_in("rules", "gradient", function(weights, e, g, layer, arithmetic) {
      sent <- crossprod(weights, g)
      sent[, ncol(sent)] <- 0 # a forgotten sample
      sent
    })
    check <- tp_check_gradient(p$network, p$x, p$d)
    expect_false(check$passes)
    expect_null(check$warning)
    expect_identical(unique(check$table$layer[!check$table$passes]), 2:3)
    expect_identical(rownames(check$worst), as.character(1:5))
    expect_false(any(check$worst$passes))
    expect_false(is.unsorted(-check$worst$relative))
  })
  local({
    replace_in("costs", "mse", function(k) 1 / k, "scale")
    expect_true(tp_check_gradient(p$network, p$x, p$d, cost = "half_mse")$passes)
    scale <- tp_check_gradient(p$network, p$x, p$d, cost = "mse")
    # the difference does not use the scale
    expect_false(any(scale$table$passes))
    expect_equal(c(scale$cosine, scale$length_ratio), c(1, 0.5), tolerance = 1e-9)
  })
})

test_that("a gradient that is no number fails", {
  p <- problem("sigmoid", 2)
  right <- tp_activations()$tanh$derivative
  replace_in("activations", "tanh", function(z, a, arithmetic) {
    slope <- right(z, a)
    if (nrow(slope) == 3) slope[2, ] <- NaN # the second neuron of layer 2
    slope
  }, "derivative")
  check <- tp_check_gradient(p$network, p$x, p$d)
  expect_identical(
    check$verdict,
    paste0(
      "FAILS: 3 of 23 weights and biases differ, the most the weight from neuron 1 of layer 1 ",
      "to neuron 2 of layer 2 (relative error Inf)."
    )
  )
  expect_match(check$text, "NaN", fixed = TRUE)
})

test_that("another rule fails and says by how much", {
  p <- problem("sigmoid", 2, "sigmoid")
  for (rule in c("transpose", "proportional", "proportional_abs")) {
    for (weight_decay in c(0, 0.2)) {
      condition <- expect_warning(
        check <- tp_check_gradient(
          p$network, p$x, p$d,
          rule = rule, weight_decay = weight_decay
        ),
        class = "twinprop_warning"
      )
      expect_false(check$passes)
      gradient <- function(by) {
        backward <- tp_backward(p$network, tp_forward(p$network, p$x), p$d, rule = by)
        c(
          unlist(backward$grad_weights) + weight_decay * unlist(p$network$weights),
          unlist(backward$grad_biases)
        )
      }
      given <- gradient(rule)
      exact <- gradient("gradient")
      cosine <- sum(given * exact) / sqrt(sum(given^2)) / sqrt(sum(exact^2))
      ratio <- sqrt(sum(given^2)) / sqrt(sum(exact^2))
      expect_equal(c(check$cosine, check$length_ratio), c(cosine, ratio), tolerance = 1e-8)
      table <- check$table
      size <- pmax(abs(table$backprop), abs(table$difference))
      large <- size > 1e-3 # above any floor
      expect_gt(sum(large), 8)
      expect_equal(table$relative[large], (table$absolute / size)[large])
      expect_identical(check$largest_relative, max(table$relative))
      expect_identical(conditionMessage(condition), check$warning)
      expect_identical(
        check$warning,
        sprintf(
          paste0(
            "rule \"%s\" is not the gradient, so it is not expected to pass: the largest ",
            "relative error is %.2e; of the whole gradient the cosine is %.3f and the length ",
            "ratio %.2e"
          ),
          rule, check$largest_relative, cosine, ratio
        )
      )
      # the output layer has the same error by every rule
      expect_identical(table$layer[table$passes], rep(4L, 6))
    }
  }
})

test_that("another rule passes where it is the gradient", {
  expect_silent({
    one <- tp_check_gradient(tp_network(c(2, 1)), xor_x, xor_d, rule = "proportional")
    two <- tp_check_gradient(tp_network(c(2, 3, 1), "identity"), xor_x, xor_d, rule = "transpose")
  })
  expect_true(one$passes)
  expect_true(two$passes)
})

test_that("kinks are told apart and left out", {
  # z = (0, 0.5) in the hidden layer: the weight and the bias of its first neuron kink.
  network <- tp_network(
    c(1, 2, 1), c("relu", "identity"),
    weights = list(cbind(c(1, 0.5)), rbind(c(1, 1))), biases = list(c(-1, 0), 0)
  )
  check <- tp_check_gradient(network, matrix(1), matrix(3))
  table <- check$table
  expect_identical(table$kink, c(TRUE, FALSE, TRUE, FALSE, FALSE, FALSE, FALSE))
  expect_identical(is.na(table$passes), table$kink)
  # the derivative at 0 is 0, the difference is half of the other slope, e = -2.5
  expect_identical(table$backprop[1], 0)
  expect_equal(table$difference[1], -1.25, tolerance = 1e-4)
  # without the kinks
  expect_equal(check$cosine, 1, tolerance = 1e-9)
  expect_true(check$passes)
  expect_identical(
    check$verdict,
    paste0(
      "PASSES: backpropagation and central differences agree in all 5 weights and biases ",
      "(relative errors up to 1e-06). 2 at a kink left out."
    )
  )
  expect_false(any(check$worst$kink))

  for (name in c("relu", "leaky_relu")) {
    for (steps in c(0, 0.5, -0.5, 1.5, -1.5)) {
      network <- tp_network(
        c(1, 1), name,
        weights = list(matrix(1)), biases = list(steps * 2^-17)
      )
      table <- tp_check_gradient(network, matrix(0), matrix(1))$table
      expect_identical(table$kink, c(FALSE, abs(steps) < 1))
    }
  }

  # z[3] = tanh(x): 0 for the sample x = 0 only; the bias into layer 2 moves it.
  network <- tp_network(
    c(1, 1, 1), c("tanh", "relu"),
    weights = list(matrix(1), matrix(1))
  )
  later <- tp_check_gradient(network, cbind(c(0.5, 0, -0.7)), cbind(c(1, 1, 1)))
  expect_identical(later$table$kink, c(FALSE, TRUE, FALSE, TRUE))

  for (name in c("sigmoid", "tanh", "softplus", "identity")) {
    network <- tp_network(
      c(2, 2, 1), name,
      weights = list(matrix(0, 2, 2), matrix(0, 1, 2))
    )
    smooth <- tp_check_gradient(network, xor_x, xor_d)
    expect_false(any(smooth$table$kink))
    expect_true(smooth$passes)
  }
})

test_that("nothing left to judge is not a pass", {
  network <- tp_network(c(1, 1), "relu", weights = list(matrix(1)), biases = list(-1))
  check <- tp_check_gradient(network, matrix(1), matrix(3))
  expect_false(check$passes)
  expect_identical(check$verdict, "NOT CHECKED: all 2 weights and biases are at a kink.")
  expect_identical(check$largest_relative, 0)
  expect_identical(check$cosine, NaN)
})

test_that("inputs, targets and weights of any size pass", {
  for (output in hidden_activations) {
    for (scale in c(1e-3, 30, 1e3, 1e5)) {
      p <- problem(output, 2, "tanh")
      expect_true(tp_check_gradient(p$network, scale * p$x, p$d)$passes)
      p <- problem(output, 2, "softplus")
      expect_true(tp_check_gradient(p$network, scale * p$x, p$d)$passes)
      expect_true(tp_check_gradient(p$network, p$x, scale * p$d)$passes)
    }
  }
  # A net input of 3.1 that a step of 2^-17 would move by 300 times as much.
  steep <- tp_network(
    c(1, 1, 1), "tanh",
    weights = list(matrix(0.01), matrix(1)), biases = list(0.1, 0.2)
  )
  expect_true(tp_check_gradient(steep, matrix(300), matrix(1))$passes)
  # a - d rounds to 1e-8, beside costs of 1e-4.
  far <- tp_network(c(1, 1), "identity", weights = list(matrix(0.9)), biases = list(1e8))
  x <- cbind(c(0.3, -0.6))
  expect_true(tp_check_gradient(far, x, predict(far, x) - c(0.01, -0.01))$passes)
  # Its neighbour holds z at 0, so that the step cannot be as large as the weight asks.
  huge <- tp_network(c(2, 1), "identity", weights = list(rbind(c(2^40, -2^40))))
  check <- tp_check_gradient(huge, rbind(c(1, 1)), matrix(1))
  expect_true(all(is.finite(check$table$difference)))
  expect_true(check$passes)
})

test_that("what rounds at a minimum is not called wrong", {
  network <- tp_network(c(1, 1), "sigmoid", weights = list(matrix(0.3)), biases = list(0.2))
  x <- cbind(c(0.7, 0.7))
  a <- predict(network, x)[1]
  for (gap in c(0, 1e-12, 1e-3, 0.1)) {
    check <- tp_check_gradient(network, x, cbind(c(a - gap, a + gap)))
    expect_true(check$passes, info = check$text)
  }
})

test_that("the network and the random numbers are left as they are", {
  p <- problem("sigmoid", 2)
  before <- unserialize(serialize(p$network, NULL))
  set.seed(3)
  seed <- .Random.seed
  check <- tp_check_gradient(p$network, p$x, p$d)
  expect_identical(p$network, before)
  expect_identical(.Random.seed, seed)
  expect_identical(tp_check_gradient(p$network, p$x, p$d), check)
})

test_that("what cannot be checked is refused", {
  network <- tp_network(c(2, 1))
  expect_input_error(
    tp_check_gradient(3, xor_x, xor_d),
    "network must be a network made by tp_network(), got 3"
  )
  expect_input_error(
    tp_check_gradient(network, xor_x, xor_d, cost = "sse"),
    paste0(
      "cost must be one of \"half_mse\", \"half_sse\", \"mse\", \"cross_entropy\", got \"sse\""
    )
  )
  expect_input_error(
    tp_check_gradient(network, xor_x, xor_d, rule = "hebb"),
    paste0(
      "rule must be one of \"gradient\", \"transpose\", \"proportional\", \"proportional_abs\", ",
      "got \"hebb\""
    )
  )
  expect_input_error(
    tp_check_gradient(network, xor_x, xor_d, weight_decay = -1),
    "weight_decay must be a finite number >= 0, got -1"
  )
  expect_input_error(
    tp_check_gradient(network, xor_x, matrix(1)), "d must have as many rows as x (4), got 1"
  )
  network$weights[[1]][1] <- 1e300
  network$activations <- "identity"
  expect_error(
    tp_check_gradient(network, xor_x, xor_d),
    "^the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights$",
    class = "twinprop_divergence_error"
  )
  cancels <- tp_network(c(2, 2, 1), weights = list(matrix(1, 2, 2), rbind(c(1, -1))))
  expect_error(
    tp_check_gradient(cancels, xor_x, xor_d, rule = "proportional"),
    class = "twinprop_denominator_error"
  )
})
