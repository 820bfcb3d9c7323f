test_that("the costs of a sample by hand", {
  # e = (0.5, -1), K = 2: sum of squares 1.25
  z <- matrix(c(0.5, 1), 1)
  d <- matrix(c(0, 2), 1)
  value <- function(cost) tp_costs()[[cost]]$value(z, z, d)
  expect_identical(value("half_mse"), 1.25 / 4)
  expect_identical(value("half_sse"), 1.25 / 2)
  expect_identical(value("mse"), 1.25 / 2)
  expect_identical(vapply(tp_costs(), function(cost) cost$scale(2), 0), c(
    half_mse = 0.5, half_sse = 1, mse = 1, cross_entropy = 1
  ))
})

test_that("cross entropy is -sum(d log a + (1 - d) log(1 - a)), and finite when saturated", {
  z <- rbind(c(-1, 0.5), c(2, 0))
  a <- 1 / (1 + exp(-z))
  d <- rbind(c(0, 1), c(0.25, 0.5))
  value <- tp_costs()$cross_entropy$value
  expect_equal(
    value(z, a, d), -rowSums(d * log(a) + (1 - d) * log(1 - a)), tolerance = 1e-15
  )
  expect_identical(value(matrix(800), matrix(1), matrix(0)), 800)
})

test_that("the mean cost is the mean over samples plus the penalty of weights, never of biases", {
  network <- tp_network(
    c(1, 1), "identity", weights = list(matrix(2)), biases = list(10)
  )
  # outputs 12, 14; errors 1, -2
  x <- rbind(1, 2)
  d <- rbind(11, 16)
  expect_identical(tp_mean_cost(network, x, d), (1 / 2 + 4 / 2) / 2)
  expect_identical(tp_mean_cost(network, x, d, "mse", weight_decay = 0.5), 5 / 2 + 0.25 * 4)
})

test_that("softmax cross entropy is -sum(d log a)", {
  network <- tp_network(
    c(1, 3), "softmax", weights = list(cbind(log(c(1, 2, 5))))
  )
  expect_equal(
    tp_mean_cost(network, cbind(1), rbind(c(0.5, 0.5, 0)), "cross_entropy"),
    -(log(1 / 8) + log(2 / 8)) / 2, tolerance = 1e-15
  )
})

test_that("targets and costs must fit", {
  two <- tp_network(c(2, 2), "sigmoid")
  one <- rbind(c(0, 0))
  expect_input_error(
    tp_mean_cost(two, one, rbind(c(0, 2)), "cross_entropy"),
    "d row 1, column 2 must be from 0 to 1 for cost \"cross_entropy\", got 2"
  )
  expect_input_error(
    tp_mean_cost(tp_network(c(2, 2), "softmax"), one, rbind(c(0.5, 1)), "cross_entropy"),
    "d row 1 must sum to 1 for \"softmax\" outputs, got 1.5"
  )
  expect_input_error(
    tp_mean_cost(tp_network(c(2, 2), "softmax"), one, one),
    "activation \"softmax\" in the output layer needs cost \"cross_entropy\", got \"half_mse\""
  )
  expect_input_error(
    tp_mean_cost(tp_network(c(2, 2), "tanh"), one, one, "cross_entropy"),
    "cost \"cross_entropy\" needs \"sigmoid\" or \"softmax\" in the output layer, got \"tanh\""
  )
  expect_input_error(
    tp_mean_cost(two, one, one, "sse"),
    "cost must be one of \"half_mse\", \"half_sse\", \"mse\", \"cross_entropy\", got \"sse\""
  )
  expect_input_error(
    tp_mean_cost(two, one, one, weight_decay = -1),
    "weight_decay must be a finite number >= 0, got -1"
  )
})
