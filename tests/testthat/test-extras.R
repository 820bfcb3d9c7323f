# Sample weights, dropout, clipping, schedules, stopping. Twins: tests/python/test_extras.py,
# tests/js/extras.test.js

# Sums of other terms in another order, over a few dozen updates.
sums <- 1e-12

stream <- tp_random_stream(3)
x <- matrix(stream$uniform(21), 7)
d <- matrix(stream$uniform(14), 7)
weights <- c(2, 0, 1, 3, 1, 0, 1)
repeated <- rep(1:7, weights)
network <- tp_network(c(3, 5, 4, 2))
flat <- function(of) c(unlist(of$weights), unlist(of$biases))

test_that("a weight of 2 is the row twice and of 0 the row left out", {
  for (cost in names(costs)) {
    for (order in update_orders) {
      train_on <- function(rows, sample_weight = NULL) {
        tp_train(
          network, x[rows, ], d[rows, ], cost, "gradient", order,
          tp_optimizer("adam", weight_decay = 0.01),
          batch_size = NULL, epochs = 30, sample_weight = sample_weight
        )
      }
      weighted <- train_on(1:7, weights)
      twice <- train_on(repeated)
      expect_equal(flat(weighted), flat(twice), tolerance = sums)
      of <- c("initial_cost", "cost", "final_cost")
      expect_equal(weighted[of], twice[of], tolerance = sums)
    }
  }
})

test_that("only the ratios of weights count", {
  want <- tp_train(network, x, d, epochs = 5, batch_size = 3)
  for (size in c(1e-300, 1, 3, 1e305)) {
    run <- tp_train(network, x, d, epochs = 5, batch_size = 3, sample_weight = rep(size, 7))
    expect_equal(flat(run), flat(want), tolerance = sums)
  }
})

test_that("dropout leaves out whole paths", {
  run <- tp_train(
    network, x, d, epochs = 1, batch_size = NULL, seed = 5, record = "steps", dropout = 0.4
  )
  own <- tp_random_stream(5)
  masks <- lapply(c(5, 4), function(n) {
    (matrix(own$uniform(7 * n), 7, byrow = TRUE) >= 0.4) / 0.6
  })
  step <- run$recording$steps[[1]]
  for (l in 1:2) expect_true(all(step$e[[l]][masks[[l]] == 0] == 0))
  expect_identical(step$e[[2]] == 0, masks[[2]] == 0)
  # the same by hand: each sample through weights that its masks have scaled
  gradient <- 0
  for (i in 1:7) {
    thinned <- network
    for (l in 1:2) {
      thinned$weights[[l + 1]] <- thinned$weights[[l + 1]] %*% diag(masks[[l]][i, ])
    }
    forward <- tp_forward(thinned, x[i, , drop = FALSE])
    gradient <- gradient + tp_backward(thinned, forward, d[i, , drop = FALSE])$grad_weights[[1]] / 7
  }
  expect_equal(step$grad_weights[[1]], gradient, tolerance = sums)
})

test_that("dropout is in the costs of epochs alone, and none is as without", {
  run <- tp_train(network, x, d, epochs = 3, snapshots = 21, dropout = 0.5)
  expect_identical(run$initial_cost, tp_mean_cost(network, x, d))
  expect_identical(run$final_cost, tp_mean_cost(run$network, x, d))
  expect_identical(run$final_cost, run$snapshots[[1]]$cost)
  expect_identical(run$outputs, predict(run$network, x))
  want <- tp_train(network, x, d, epochs = 3, shuffle = TRUE)
  expect_false(run$cost[1] == tp_train(network, x, d, epochs = 1)$cost)
  off <- tp_train(network, x, d, epochs = 3, shuffle = TRUE, dropout = c(0, 0))
  expect_identical(off$network, want$network)
})

test_that("what is recorded is the clipped gradient", {
  first <- function(...) {
    step <- tp_train(network, x, d, epochs = 1, record = "steps", ...)$recording$steps[[1]]
    c(unlist(step$grad_weights), unlist(step$grad_biases))
  }
  free <- first()
  norm <- sqrt(sum(free^2))
  expect_gt(norm, 0.01)
  expect_equal(first(clip_norm = 0.01), free * 0.01 / norm, tolerance = sums)
  expect_identical(first(clip_norm = 100), free)
  large <- list(grad_weights = list(cbind(3e300)), grad_biases = list(4e300))
  expect_equal(
    clip_gradient(large, 5), list(grad_weights = list(cbind(3)), grad_biases = list(4)),
    tolerance = sums
  )
  zero <- list(grad_weights = list(cbind(0)), grad_biases = list(0))
  expect_identical(clip_gradient(zero, 1), zero)
})

test_that("a schedule is a learning rate for each epoch", {
  rates <- list(
    list("exponential", 0.95^(0:3)),
    list(list(name = "step", gamma = 0.5, every = 2), c(1, 1, 0.5, 0.5)),
    list("cosine", c(1, (1 + sqrt(0.5)) / 2, 0.5, (1 - sqrt(0.5)) / 2)),
    list("inverse", c(1, 8, 15, 22)^-0.5)
  )
  for (one in rates) {
    optimizer <- tp_optimizer("momentum", 0.3)
    run <- tp_train(network, x, d, epochs = 4, optimizer = optimizer, schedule = one[[1]])
    expect_identical(run$optimizer$settings, optimizer$settings)
    by_hand <- list(network = network, optimizer = optimizer)
    for (rate in one[[2]]) {
      by_hand <- tp_train(
        by_hand$network, x, d, epochs = 1, optimizer = with_rate(by_hand$optimizer, 0.3 * rate)
      )
    }
    expect_equal(flat(run), flat(by_hand), tolerance = sums)
  }
})

# train() with settings that tp_train() would have checked.
train_with <- function(epochs, after_epoch, optimizer = tp_optimizer()) {
  settings <- list(
    cost = "half_mse", rule = "gradient", update_order = "simultaneous", optimizer = optimizer,
    batch_size = 2L, epochs = epochs, shuffle = FALSE, seed = 42L, arithmetic = "fast"
  )
  train(network, t(x), t(d), settings, progress_reporter(FALSE, epochs), after_epoch)
}

test_that("after_epoch may stop the training", {
  want <- tp_train(network, x, d, epochs = 3, batch_size = 2)
  seen <- NULL
  for (stops in list(TRUE, list(stop = TRUE))) {
    run <- train_with(10, function(epoch, cost, parameters) {
      seen <<- c(seen, cost)
      if (epoch == 3) stops
    })
    of <- c("network", "optimizer", "cost", "updates", "final_cost", "outputs", "history")
    expect_identical(run[of], want[of])
  }
  expect_identical(seen, c(want$cost, want$cost))
})

test_that("after_epoch may change the learning rate", {
  optimizer <- tp_optimizer("adam", 0.1)
  run <- train_with(2, function(epoch, cost, parameters) list(learning_rate = 0.1 / 5), optimizer)
  want <- tp_train(network, x, d, epochs = 1, batch_size = 2, optimizer = optimizer)
  want <- tp_train(
    want$network, x, d, epochs = 1, batch_size = 2, optimizer = with_rate(want$optimizer, 0.1 / 5)
  )
  expect_identical(run$network, want$network)
  expect_identical(run$optimizer, want$optimizer)
})

test_that("a run and a plan know them", {
  given <- list(dropout = c(0.5, 0), clip_norm = 1, schedule = "step")
  run <- tp_train(
    network, x, d, epochs = 2, sample_weight = weights, dropout = given$dropout,
    clip_norm = given$clip_norm, schedule = given$schedule
  )
  complete <- list(
    sample_weight = weights, dropout = c(0.5, 0), clip_norm = 1,
    schedule = list(name = "step", gamma = 0.1, every = 30)
  )
  expect_identical(run$settings[names(complete)], complete)
  plan <- list(
    network = list(layers = c(3, 5, 4, 2)), training = c(list(epochs = 2), given),
    data = list(x = x, d = d, sample_weight = weights)
  )
  expect_identical(tp_run(plan)$cost, run$cost)
  one <- list(data = list(x = cbind(0, 1), d = cbind(1), sample_weight = 3))
  expect_identical(tp_read_plan(one)$sample_weight, 3)
})

test_that("mends keep them", {
  run <- tp_train(
    network, x, d, epochs = 2, dropout = c(0.5, 0), clip_norm = 2, schedule = "step",
    sample_weight = weights
  )
  expect_identical(train_code(run$settings), paste0(
    "run <- tp_train(network, x, d, epochs = 2, dropout = c(0.5, 0), clip_norm = 2, ",
    "schedule = list(name = \"step\", gamma = 0.1, every = 30), sample_weight = sample_weight)"
  ))
  code <- mend_balance(network, 2L, run$settings)
  expect_match(code, "sample_weight <- sample_weight[rows]", fixed = TRUE)
})

test_that("a training with weights of samples is not judged", {
  expect_no_warning(
    tp_train(
      tp_network(c(1, 1)), cbind(c(0, 0, 1, 1)), c(0, 1, 0, 1), epochs = 30,
      sample_weight = c(1, 2, 1, 2)
    )
  )
})

test_that("a step with them is not explained", {
  for (plan in list(
    list(training = list(dropout = 0.5)), list(training = list(clip_norm = 3)),
    list(data = list(dataset = "xor", sample_weight = c(1, 1, 1, 2)))
  )) {
    expect_error(
      tp_explain_plan(plan),
      "^a step with [a-z_.]* cannot be explained: leave it out of the plan$",
      class = "twinprop_input_error"
    )
  }
  expect_s3_class(tp_explain_plan(list(training = list(dropout = 0))), "tp_explanation")
})

test_that("bad arguments are refused by name", {
  refused <- function(message, ...) {
    expect_error(
      tp_train(network, x, d, ...), message, fixed = TRUE, class = "twinprop_input_error"
    )
  }
  refused("dropout must be a number from 0 to below 1, got 1", dropout = 1)
  refused(
    "dropout must have one number for each hidden layer (2), got 3", dropout = c(0.1, 0.2, 0.3)
  )
  refused("clip_norm must be null or a finite number above 0, got 0", clip_norm = 0)
  refused("schedule must be null, a name or an object, got 3", schedule = 3)
  refused("sample_weight must have 7 values, got 1", sample_weight = 1)
  refused(
    "sample_weight value 2 must be a finite number >= 0, got -1",
    sample_weight = c(1, -1, 1, 1, 1, 1, 1)
  )
  refused("sample_weight must have a value above 0, got none", sample_weight = rep(0, 7))
})
