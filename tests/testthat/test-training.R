test_that("training is tp_step() again and again", {
  network <- tp_network(c(2, 3, 1))
  optimizer <- tp_optimizer("momentum", 0.3, weight_decay = 0.01)
  want <- list(network = network, optimizer = optimizer)
  cost <- numeric(3)
  for (epoch in 1:3) {
    for (rows in list(1:3, 4L)) {
      x <- xor_x[rows, , drop = FALSE]
      d <- xor_d[rows, , drop = FALSE]
      # the mean over the samples, each with the weights of its own update
      cost[epoch] <- cost[epoch] +
        length(rows) / 4 * tp_mean_cost(want$network, x, d, "mse", weight_decay = 0.01)
      want <- tp_step(
        want$network, x, d, "mse", "transpose", "output_first", want$optimizer
      )
    }
  }
  run <- without_kernel(tp_train(
    network, xor_x, xor_d, "mse", "transpose", "output_first", optimizer,
    batch_size = 3, epochs = 3
  ))
  expect_identical(run$network, want$network)
  expect_identical(run$optimizer, want$optimizer)
  expect_equal(run$cost, cost, tolerance = 1e-15)
  expect_identical(run$updates, 6)
})

test_that("a shuffle is the order of uniform numbers, new in each epoch", {
  network <- tp_network(c(2, 3, 1))
  stream <- tp_random_stream(5)
  order <- c(stream$order(4), stream$order(4))
  want <- list(network = network, optimizer = tp_optimizer())
  for (i in order) {
    want <- tp_step(
      want$network, xor_x[i, , drop = FALSE], xor_d[i, , drop = FALSE], optimizer = want$optimizer
    )
  }
  run <- without_kernel(tp_train(network, xor_x, xor_d, epochs = 2, shuffle = TRUE, seed = 5))
  expect_identical(run$network, want$network)
  given_order <- tp_train(network, xor_x, xor_d, epochs = 2)
  expect_false(identical(run$network, given_order$network))
})

test_that("a run says what came of it", {
  network <- tp_network(c(2, 3, 1))
  run <- tp_train(network, xor_x, xor_d, epochs = 5, batch_size = NULL)
  expect_identical(run$updates, 5)
  expect_identical(run$initial_cost, tp_mean_cost(network, xor_x, xor_d))
  # with one batch the cost of the first epoch is that before training
  expect_equal(run$cost[1], run$initial_cost, tolerance = 1e-15)
  expect_identical(run$final_cost, tp_mean_cost(run$network, xor_x, xor_d))
  expect_identical(run$outputs, predict(run$network, xor_x))
  expect_identical(run$errors, run$outputs - xor_d)
  expect_identical(run$weights, run$network$weights)
  expect_identical(run$biases, run$network$biases)
  expect_identical(run$history, data.frame(epoch = 1:5, cost = run$cost))
  expect_lt(run$final_cost, run$initial_cost)
})

test_that("zero epochs leave the network as it is", {
  network <- tp_network(c(2, 3, 1))
  run <- tp_train(network, xor_x, xor_d, epochs = 0)
  expect_identical(run$network, network)
  expect_identical(run$updates, 0)
  expect_identical(run$cost, numeric())
  expect_identical(run$history, data.frame(epoch = integer(), cost = numeric()))
  expect_identical(run$final_cost, run$initial_cost)
})

test_that("two trainings with the optimizer handed on are one long training", {
  network <- tp_network(c(2, 3, 1))
  long <- tp_train(network, xor_x, xor_d, optimizer = "adam", epochs = 6)
  first <- tp_train(network, xor_x, xor_d, optimizer = "adam", epochs = 2)
  second <- tp_train(first$network, xor_x, xor_d, optimizer = first$optimizer, epochs = 4)
  expect_identical(second$network, long$network)
})

test_that("snapshots keep exact cost and weights", {
  network <- tp_network(c(2, 3, 1))
  run <- tp_train(network, xor_x, xor_d, epochs = 3, snapshots = c(4, 8, 100))
  expect_length(run$snapshots, 2)
  for (i in 1:2) {
    want <- tp_train(network, xor_x, xor_d, epochs = i)
    expect_identical(run$snapshots[[i]], list(
      updates = 4 * i, cost = want$final_cost, weights = want$weights, biases = want$biases
    ))
  }
  expect_identical(tp_train(network, xor_x, xor_d, epochs = 1, snapshots = 4)$snapshots[[1]],
                   run$snapshots[[1]])
})

test_that("divergence names the epoch and keeps the weights from before it", {
  network <- tp_network(c(2, 4, 1), "identity")
  optimizer <- tp_optimizer("sgd", 3)
  condition <- expect_error(
    tp_train(network, xor_x, xor_d, optimizer = optimizer),
    class = "twinprop_divergence_error"
  )
  message <- conditionMessage(condition)
  epoch <- as.integer(sub(".*in epoch ([0-9]+);.*", "\\1", message))
  expect_gt(epoch, 1)
  expect_identical(message, paste0(
    "the cost or a weight became NaN or Inf in epoch ", epoch, "; the network keeps its weights ",
    "from before that epoch. Try a smaller learning_rate (now 3), standardised inputs or smaller ",
    "starting weights"
  ))
  want <- tp_train(network, xor_x, xor_d, optimizer = optimizer, epochs = epoch - 1)
  expect_identical(condition$network, want$network)
})

test_that("a final cost that is not finite is told, with the weights before the last epoch", {
  # w: 1, then 1 - 1e200 1 = -1e200; the epoch's cost is finite, the final one is not
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(1)))
  condition <- expect_error(
    tp_train(network, cbind(1), cbind(0), optimizer = tp_optimizer("sgd", 1e200), epochs = 1),
    class = "twinprop_divergence_error"
  )
  expect_match(conditionMessage(condition), "in epoch 1;", fixed = TRUE)
  expect_identical(condition$network, network)
})

test_that("a weight that is not finite is told in its own epoch", {
  # the error is 1e10, so the first update overflows although the epoch's cost is finite
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(1e10)))
  condition <- expect_error(
    tp_train(network, cbind(1), cbind(0), optimizer = tp_optimizer("sgd", 1e308), epochs = 2),
    class = "twinprop_divergence_error"
  )
  expect_match(conditionMessage(condition), "in epoch 1;", fixed = TRUE)
  expect_identical(condition$network, network)
})

test_that("a cost that is not finite before training is told", {
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(1e300)))
  condition <- expect_error(
    tp_train(network, cbind(1), cbind(0)), class = "twinprop_divergence_error"
  )
  expect_identical(conditionMessage(condition), paste(
    "the cost is NaN or Inf before training: standardise the inputs or use smaller starting",
    "weights"
  ))
})

test_that("a vanishing denominator keeps the weights from before its epoch", {
  network <- tp_network(
    c(1, 2, 1), "identity", weights = list(rbind(1, 1), cbind(1, -1)), biases = list(c(1, 2), 0)
  )
  condition <- expect_error(
    tp_train(network, cbind(1), cbind(0), rule = "proportional"),
    class = "twinprop_denominator_error"
  )
  expect_identical(condition$network, network)
})

test_that("an interrupted training returns what its complete epochs have reached", {
  network <- tp_network(c(2, 3, 1))
  settings <- list(
    arithmetic = "fast", cost = "half_mse", rule = "gradient", update_order = "simultaneous",
    optimizer = tp_optimizer(), batch_size = 1L, epochs = 100, shuffle = FALSE, seed = 42L,
    snapshots = c(1, 13)
  )
  closed <- FALSE
  reporter <- list(epoch = function(epoch, cost) NULL, close = function() closed <<- TRUE)
  # Taking the 14th sample, in epoch 4, is interrupted.
  taken <- 0
  registerS3method("[", "trap", function(x, ...) {
    taken <<- taken + 1
    if (taken == 14) signalCondition(structure(list(), class = c("interrupt", "condition")))
    unclass(x)[...]
  })
  condition <- NULL
  run <- withCallingHandlers(
    without_kernel(
      train(network, structure(t(xor_x), class = "trap"), t(xor_d), settings, reporter)
    ),
    twinprop_interrupted = function(w) {
      condition <<- w
      invokeRestart("muffleWarning")
    }
  )
  want <- without_kernel(tp_train(network, xor_x, xor_d, epochs = 3, snapshots = 1))
  expect_true(closed)
  expect_identical(
    conditionMessage(condition),
    "training interrupted; the network keeps its weights after 3 epochs"
  )
  expect_identical(condition$network, want$network)
  # the settings are those that were asked for
  same <- setdiff(names(want), c("seconds", "settings"))
  expect_identical(unclass(run)[same], unclass(want)[same])
})

test_that("data frames and integers do as x and d", {
  network <- tp_network(c(2, 3, 1))
  run <- tp_train(
    network, data.frame(a = c(0L, 0L, 1L, 1L), b = c(0, 1, 0, 1)), data.frame(y = xor_d), epochs = 2
  )
  expect_identical(run$network, tp_train(network, xor_x, xor_d, epochs = 2)$network)
})

test_that("options do not matter", {
  network <- tp_network(c(2, 3, 1))
  want <- tp_train(network, xor_x, xor_d, epochs = 2)
  # R warns of the first
  old <- suppressWarnings(
    options(stringsAsFactors = TRUE, OutDec = ",", digits = 3, scipen = -20, warn = 2)
  )
  on.exit(options(old))
  got <- tp_train(tp_network(c(2, 3, 1)), xor_x, xor_d, epochs = 2)
  expect_identical(got$network, want$network)
  expect_input_error(
    tp_train(network, xor_x, xor_d, epochs = 0.5), "epochs must be an integer >= 0, got 0.5"
  )
  expect_input_error(
    tp_train(network, xor_x, xor_d, batch_size = 100000), paste(
      "batch_size must be null or an integer from 1 to 4 (the number of rows), got 100000"
    )
  )
})

test_that("bad arguments", {
  network <- tp_network(c(2, 3, 1))
  train_with <- function(...) tp_train(network, xor_x, xor_d, ...)
  expect_input_error(train_with(epochs = -1), "epochs must be an integer >= 0, got -1")
  expect_input_error(
    train_with(batch_size = 5),
    "batch_size must be null or an integer from 1 to 4 (the number of rows), got 5"
  )
  expect_input_error(train_with(shuffle = NA), "shuffle must be true or false, got NA")
  expect_input_error(train_with(progress = 1), "progress must be true or false, got 1")
  expect_input_error(
    train_with(snapshots = c(2, 2)), paste(
      "snapshots must be a list of integers >= 1, each larger than the one before,",
      "got a list of 2"
    )
  )
  expect_input_error(
    train_with(seed = 1e10),
    "seed must be an integer from -2147483647 to 2147483647, got 10000000000"
  )
  expect_input_error(
    tp_train(network, xor_x, c(0, 1, 1)), "d must have as many rows as x (4), got 3"
  )
  expect_input_error(
    tp_train(tp_network(c(2, 2)), xor_x, c(0, 1, 1, 0)),
    "d row 1 must be a list of numbers, got 0"
  )
  expect_input_error(
    tp_train(network, cbind(xor_x, 1), xor_d), "x row 1 must have 2 values, got 3"
  )
})

test_that("for one output a vector of desired outputs will do", {
  network <- tp_network(c(2, 3, 1))
  expect_identical(
    tp_train(network, xor_x, c(0, 1, 1, 0), epochs = 5)$weights,
    tp_train(network, xor_x, cbind(c(0, 1, 1, 0)), epochs = 5)$weights
  )
})
