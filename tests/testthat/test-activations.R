# A derivative against central differences: exact to eps^2 where the function is smooth; away from
# its kink a kinked one is a straight line.
step <- 1e-6
tolerance_derivative <- 1e-9

z <- matrix(c(-700, -3, -1, -0.2, 0.1, 0.5, 2, 30), 2)

for (name in setdiff(names(tp_activations()), "softmax")) {
  test_that(paste("the derivative of", name), {
    f <- tp_activations()[[name]]
    differences <- (f$value(z + step) - f$value(z - step)) / (2 * step)
    derivative <- f$derivative(z, f$value(z))
    expect_identical(dim(derivative), dim(z))
    # the cost of cancellation grows with the function's value
    expect_lt(
      max(abs(derivative - differences) / pmax(1, abs(f$value(z)))), tolerance_derivative
    )
  })
}

test_that("values by hand", {
  value <- function(name, z) as.vector(tp_activations()[[name]]$value(matrix(z)))
  expect_equal(value("sigmoid", c(0, log(3), -log(3))), c(1, 1.5, 0.5) / 2, tolerance = 1e-15)
  expect_identical(value("tanh", 0.5), tanh(0.5))
  expect_identical(value("relu", c(-2, 0, 3)), c(0, 0, 3))
  expect_identical(value("leaky_relu", c(-2, 0, 3)), c(-0.02, 0, 3))
  expect_equal(value("softplus", c(0, log(3))), log(c(2, 4)), tolerance = 1e-15)
  expect_identical(value("identity", c(-2, 3)), c(-2, 3))
})

test_that("kinked functions take the left derivative at 0", {
  zero <- matrix(0)
  expect_identical(tp_activations()$relu$derivative(zero, zero), zero)
  expect_identical(tp_activations()$leaky_relu$derivative(zero, zero), matrix(0.01))
})

test_that("softmax shares out 1 in each row and cannot overflow", {
  softmax <- tp_activations()$softmax$value
  a <- softmax(rbind(log(c(1, 2, 5)), c(1000, 1000, 1000), c(-1000, 0, 1000)))
  expect_equal(a, rbind(c(1, 2, 5) / 8, rep(1 / 3, 3), c(0, 0, 1)), tolerance = 1e-15)
})

test_that("saturated sigmoids and softplus stay finite, NaN stays NaN", {
  value <- function(name, z) as.vector(tp_activations()[[name]]$value(matrix(z)))
  expect_identical(value("sigmoid", c(-1000, 1000)), c(0, 1))
  expect_identical(value("softplus", c(-1000, 1000)), c(0, 1000))
  for (name in setdiff(names(tp_activations()), "softmax")) {
    expect_true(is.na(value(name, NaN)), label = name)
  }
})

test_that("aliases are replaced by the names they stand for", {
  network <- tp_network(c(2, 2, 1), c("logistic", "linear"))
  expect_identical(network$activations, c("sigmoid", "identity"))
})

test_that("bad activations", {
  names <- paste0("\"", names(tp_activations()), "\"", collapse = ", ")
  expect_input_error(
    tp_network(c(2, 1), "swish"),
    paste0("activations entry 1 must be one of ", names, ", got \"swish\"")
  )
  expect_input_error(
    tp_network(c(2, 1), NULL), "activations must be a name or a list of names, got null"
  )
  expect_input_error(
    tp_network(c(2, 2, 1), c("tanh", "tanh", "tanh")),
    "activations must have one name for each layer after the input (2), got 3"
  )
  expect_input_error(
    tp_network(c(2, 2, 2), c("softmax", "tanh")),
    "activation \"softmax\" is for the output layer only, got it in layer 2"
  )
  expect_input_error(
    tp_network(c(2, 1), "softmax"),
    "activation \"softmax\" needs at least 2 outputs, got 1; use \"sigmoid\" for one output"
  )
})
