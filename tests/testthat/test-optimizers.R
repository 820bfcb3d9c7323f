# One weight and one bias, gradients given by hand, against the formulas of section 4 written out.
# Both start at 1, so a few roundings are some 1e-16.
tolerance_step <- 1e-15

one_weight <- tp_network(c(1, 1), "identity", weights = list(matrix(1)), biases = list(1))

# The weight and the bias after each of the gradients, which both have.
after_updates <- function(optimizer, gradients) {
  network <- one_weight
  found <- matrix(0, 2, length(gradients))
  for (i in seq_along(gradients)) {
    g <- gradients[i]
    moved <- tp_update(
      network, list(grad_weights = list(matrix(g)), grad_biases = list(g)), optimizer
    )
    network <- moved$network
    optimizer <- moved$optimizer
    found[, i] <- c(network$weights[[1]], network$biases[[1]])
  }
  expect_identical(optimizer$updates, as.double(length(gradients)))
  found
}

expect_moves <- function(optimizer, gradients, want_weight, want_bias = want_weight) {
  found <- after_updates(optimizer, gradients)
  expect_lt(max(abs(found[1, ] - want_weight)), tolerance_step)
  expect_lt(max(abs(found[2, ] - want_bias)), tolerance_step)
}

test_that("sgd", {
  expect_moves(tp_optimizer("sgd", 0.5), c(0.2, -0.4), c(0.9, 1.1))
})

test_that("weight decay moves weights, never biases", {
  # 1 - 0.5 (0.2 + 0.1 1) = 0.85
  expect_moves(tp_optimizer("sgd", 0.5, weight_decay = 0.1), 0.2, 0.85, 0.9)
})

test_that("momentum", {
  # v: 0.2, 0.9 0.2 + 0.4 = 0.58
  expect_moves(tp_optimizer("momentum", 0.5), c(0.2, 0.4), c(0.9, 0.9 - 0.29))
})

test_that("nesterov", {
  # 0.2 + 0.9 0.2 = 0.38; 0.4 + 0.9 0.58 = 0.922
  expect_moves(tp_optimizer("nesterov", 0.5), c(0.2, 0.4), c(0.81, 0.81 - 0.461))
})

test_that("rmsprop", {
  v <- c(0.01 * 0.04, 0.99 * 0.01 * 0.04 + 0.01 * 0.16)
  r <- c(0.2, 0.4) / (sqrt(v) + 1e-8)
  expect_moves(tp_optimizer("rmsprop", 0.1), c(0.2, 0.4), 1 - 0.1 * cumsum(r))
  u <- c(r[1], 0.5 * r[1] + r[2])
  expect_moves(tp_optimizer("rmsprop", 0.1, momentum = 0.5), c(0.2, 0.4), 1 - 0.1 * cumsum(u))
})

test_that("adam", {
  # the first step is eta in size, whatever the gradient: m / sqrt(v) = sign(G)
  m <- c(0.02, 0.9 * 0.02 + 0.04)
  v <- c(0.001 * 0.04, 0.999 * 0.001 * 0.04 + 0.001 * 0.16)
  unbiased <- (m / (1 - 0.9^(1:2))) / (sqrt(v / (1 - 0.999^(1:2))) + 1e-8)
  found <- after_updates(tp_optimizer("adam", 0.1), c(0.2, 0.4))
  # the contract's formula rounds otherwise than the textbook's
  expect_equal(found[1, ], 1 - 0.1 * cumsum(unbiased), tolerance = 1e-14)
})

test_that("rprop", {
  # steps: 0.01; same sign, 0.012; turned, 0.006 and no move; after a turn, 0.006 as it is
  expect_moves(
    tp_optimizer("rprop"), c(0.2, 7, -3, -1), 1 - c(0.01, 0.022, 0.022, 0.022 - 0.006)
  )
  # clamped to the smallest and the largest step
  expect_moves(
    tp_optimizer("rprop", etas = c(0.5, 1.2), step_sizes = c(0.008, 0.011)), c(1, 1, -1, -1),
    1 - c(0.01, 0.021, 0.021, 0.021 - 0.008)
  )
})

test_that("where the product of two gradients underflows to 0, rprop's step stays, as torch's", {
  expect_moves(tp_optimizer("rprop"), c(1e-200, 1e-200), 1 - c(0.01, 0.02))
})

test_that("settings, defaults filled in", {
  expect_identical(
    tp_optimizer()$settings,
    list(name = "sgd", learning_rate = 0.5, weight_decay = 0, momentum = 0, nesterov = FALSE)
  )
  expect_identical(tp_optimizer("momentum")$settings$momentum, 0.9)
  expect_true(tp_optimizer("nesterov")$settings$nesterov)
  expect_identical(tp_optimizers()$adam$betas, c(0.9, 0.999))
  expect_named(
    tp_optimizers(), c("sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop")
  )
})

test_that("an optimizer knows the size of its network", {
  moved <- tp_step(tp_network(c(2, 2, 1)), xor_x, xor_d)
  expect_input_error(
    tp_step(tp_network(c(2, 3, 1)), xor_x, xor_d, optimizer = moved$optimizer), paste(
      "optimizer has state for a network of 6 weights, got one of 9; make a new one"
    )
  )
})

test_that("bad arguments", {
  names <- paste0("\"", names(tp_optimizers()), "\"", collapse = ", ")
  expect_input_error(
    tp_optimizer("sdg"), paste0("name must be one of ", names, ", got \"sdg\"")
  )
  expect_input_error(
    tp_optimizer("sgd", -1), "learning_rate must be a finite number >= 0, got -1"
  )
  expect_input_error(
    tp_optimizer("sgd", NULL), "learning_rate must be a finite number >= 0, got null"
  )
  expect_input_error(
    tp_optimizer("sgd", weight_decay = Inf), "weight_decay must be a finite number >= 0, got Inf"
  )
  expect_input_error(
    tp_optimizer("sgd", betas = c(0, 0)), paste(
      "unknown key \"betas\" in optimizer; allowed: \"name\", \"learning_rate\",",
      "\"weight_decay\", \"momentum\", \"nesterov\""
    )
  )
  expect_input_error(
    tp_optimizer("sgd", momentum = 1), "momentum must be a number from 0 to below 1, got 1"
  )
  expect_input_error(
    tp_optimizer("sgd", nesterov = TRUE), "nesterov needs a momentum above 0, got momentum 0"
  )
  expect_input_error(
    tp_optimizer("adam", betas = 0.9),
    "betas must be a list of 2 numbers from 0 to below 1, got 0.9"
  )
  expect_input_error(
    tp_optimizer("rprop", etas = c(0.5, 0.9)),
    "etas must be a list of 2 numbers, 0 < first < 1 < second, got a list of 2"
  )
  expect_input_error(
    tp_optimizer("rprop", step_sizes = c(1, 0.5)),
    "step_sizes must be a list of 2 numbers, 0 < first <= second, got a list of 2"
  )
  expect_input_error(
    tp_train(tp_network(c(2, 1)), xor_x, xor_d, optimizer = "sdg"),
    paste0("optimizer must be one of ", names, ", got \"sdg\"")
  )
})
