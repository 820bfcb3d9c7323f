# Recorded steps. Twins: tests/python/test_recorder.py, tests/js/recorder.test.js

five_x <- rbind(c(0.1, 0.9), c(0.8, 0.3), c(0.5, -0.4), c(-0.7, 0.6), c(0.25, 0.2))
five_d <- rbind(c(0.2, 0.7), c(0.8, 0.4), c(0.6, 0.1), c(0.3, 0.9), c(0.5, 0.35))
small_network <- tp_network(c(2, 3, 2), c("tanh", "sigmoid"), seed = 3)

updates_of <- function(recording) vapply(recording$steps, `[[`, 0, "update")

# What a step holds -------------------------------------------------------------------------------

test_that("two steps by hand", {
  # One weight w = 2, b = 1, identity, half_mse with K = 1, weight decay 0.5, eta 0.5.
  # Update 1, x = 3, d = 5: a = 2 * 3 + 1 = 7, e = 2, delta = 2; the gradients are 6 and 2; the
  # cost is 2^2 / 2 + 0.5 / 2 * 2^2 = 3. w = 2 - 0.5 (6 + 0.5 * 2) = -1.5, b = 1 - 0.5 * 2 = 0.
  # Update 2, x = -2, d = 2: a = 3, e = 1; the gradients are -2 and 1; the cost is
  # 1 / 2 + 0.25 * 2.25 = 1.0625.
  run <- tp_train(
    tp_network(c(1, 1), "identity", weights = list(matrix(2)), biases = list(1)),
    cbind(c(3, -2)), cbind(c(5, 2)), optimizer = tp_optimizer("sgd", 0.5, weight_decay = 0.5),
    epochs = 1, record = "steps"
  )
  expect_identical(run$recording$steps, list(
    list(
      update = 1, epoch = 1, rows = 1L, cost = 3, weights = list(matrix(2)), biases = list(1),
      e = list(matrix(2)), grad_weights = list(matrix(6)), grad_biases = list(2)
    ),
    list(
      update = 2, epoch = 1, rows = 2L, cost = 1.0625, weights = list(matrix(-1.5)),
      biases = list(0), e = list(matrix(1)), grad_weights = list(matrix(-2)), grad_biases = list(1)
    )
  ))
})

test_that("every step is that of the network that is stepped", {
  for (order in c("simultaneous", "output_first")) {
    for (rule in c("gradient", "transpose", "proportional_abs")) {
      for (batch_size in list(1, 2, NULL)) {
        optimizer <- tp_optimizer("adam", 0.02, weight_decay = 0.1)
        run <- tp_train(
          small_network, five_x, five_d, "half_sse", rule, order, optimizer, batch_size,
          epochs = 3, shuffle = TRUE, record = "steps"
        )
        expect_identical(updates_of(run$recording), seq_len(run$updates) + 0)
        want <- list(network = small_network, optimizer = optimizer)
        for (step in run$recording$steps) {
          expect_identical(step[c("weights", "biases")], unclass(want$network)[c(
            "weights", "biases"
          )])
          x <- five_x[step$rows, , drop = FALSE]
          d <- five_d[step$rows, , drop = FALSE]
          expect_equal(
            step$cost, tp_mean_cost(want$network, x, d, "half_sse", 0.1), tolerance = 1e-14
          )
          want <- tp_step(want$network, x, d, "half_sse", rule, order, want$optimizer)
          parts <- c("e", "grad_weights", "grad_biases")
          expect_identical(step[parts], unclass(want$backward)[parts])
        }
        # Each epoch goes through all rows.
        epoch <- vapply(run$recording$steps, `[[`, 0, "epoch")
        for (i in 1:3) {
          rows <- unlist(lapply(run$recording$steps[epoch == i], `[[`, "rows"))
          expect_identical(sort(rows), 1:5)
        }
      }
    }
  }
})

test_that("recording changes nothing of the training, nor the user's random numbers", {
  set.seed(1)
  before <- .Random.seed
  train_with <- function(record) {
    run <- tp_train(
      small_network, five_x, five_d, batch_size = 2, shuffle = TRUE, epochs = 4,
      snapshots = c(3, 8), record = record
    )
    unclass(run)[c("network", "optimizer", "history", "final_cost", "snapshots", "outputs")]
  }
  expect_identical(train_with(2), without_kernel(train_with(NULL)))
  expect_identical(.Random.seed, before)
  expect_null(tp_train(small_network, five_x, five_d, epochs = 1)$recording)
})

# Which steps there are ---------------------------------------------------------------------------

test_that("the interval is from the first update on", {
  expect_steps <- function(record, interval, updates) {
    run <- tp_train(small_network, five_x, five_d, batch_size = 2, epochs = 2, record = record)
    expect_identical(run$recording$interval, interval)
    expect_identical(updates_of(run$recording), updates)
    expect_identical(run$recording$updates, 6)
    epochs <- vapply(run$recording$steps, `[[`, 0, "epoch")
    expect_identical(epochs, 1 + (updates > 3))
  }
  expect_steps("steps", 1, c(1, 2, 3, 4, 5, 6))
  expect_steps(1, 1, c(1, 2, 3, 4, 5, 6))
  expect_steps(2L, 2, c(1, 3, 5))
  expect_steps(5, 5, c(1, 6))
  expect_steps(1e9, 1e9, 1)
})

# The interval and the updates that are kept of updates with these numbers of rows.
kept <- function(rows, interval = 1, ..., layers = c(1L, 1L)) {
  recorder <- step_recorder(interval, layers, ...)
  for (update in seq_along(rows)) {
    if (update == recorder$due()) {
      recorder$keep(list(update = update, rows = seq_len(rows[update])))
    }
  }
  recording <- recorder$recording(length(rows))
  list(recording$interval, vapply(recording$steps, function(step) as.double(step$update), 0))
}

# One step of a 1-1 network with one row: 2 * 2 + 1 * (1 + 1) + 160 numbers.
one <- 166

test_that("the size of a step by hand", {
  # 2-3-2: weights 6 + 6, biases 3 + 2: 17; units after the input: 5; two layers of five arrays.
  expect_identical(step_size(c(2L, 3L, 2L), 1L), 2 * 17 + 1 + 5 + 2 * 5 * 32)
  expect_identical(step_size(c(2L, 3L, 2L), 4L), 2 * 17 + 4 * (1 + 5) + 2 * 5 * 32)
})

test_that("where steps do not fit, every second is dropped", {
  twenty <- rep(1, 20)
  # 1 2 3 | 1 3 5 | 1 5 9 | 1 9 17: where the fourth does not fit
  expect_identical(kept(twenty, limit = 3 * one), list(8, c(1, 9, 17)))
  expect_identical(kept(twenty, limit = 4 * one - 1), list(8, c(1, 9, 17)))
  # 1 ... 5 | 1 3 5, 7 9 | 1 5 9, 13 17
  expect_identical(kept(twenty, limit = 5 * one), list(4, c(1, 5, 9, 13, 17)))
  expect_identical(kept(twenty, limit = 20 * one - 1), list(2, seq(1, 19, 2)))
  expect_identical(kept(twenty, limit = 20 * one), list(1, as.double(1:20)))
  # 1 2 | 1 3 | 1 5 | 1 9 | 1 17: two however large
  expect_identical(kept(twenty, limit = 0), list(16, c(1, 17)))
  # 1 4 7 | 1 7 13 | 1 13, and 19 is none of 1 + 12 j
  expect_identical(kept(twenty, 3, limit = 3 * one), list(12, c(1, 13)))
})

test_that("one large step thins out more than once", {
  # 1 2 3 4 of one row fit; the fifth has 200: 4 + 2 * 200 + 160 = 564. Beside 1 and 3 (332) it
  # makes 896, beside 1 alone 730: 1 3 | 1, and 5 is one of 1 + 4 j.
  expect_identical(kept(c(1, 1, 1, 1, 200), limit = 4 * one + 66), list(4, c(1, 5)))
  expect_identical(kept(c(1, 1, 1, 1, 200), limit = 896), list(2, c(1, 3, 5)))
  expect_identical(kept(c(1, 1, 1, 1, 200), limit = 895), list(4, c(1, 5)))
})

test_that("two steps are left when the large one is none of the new interval", {
  # 1 2 3 of one row, and the fourth does not fit: 1 3, and 4 is none of 1 + 2 j. They stay, though
  # it would not fit beside them either.
  expect_identical(kept(c(1, 1, 1, 200), limit = 3 * one), list(2, c(1, 3)))
})

test_that("a training keeps to the limit", {
  # 1-2000-1: 2 * (4000 + 2001) + 1 + 2001 + 2 * 160 = 14324 numbers a step, of which 585 fit in
  # 2^23. The 586th does not: 293 are left, 1, 3, ..., 585, and then 587, ..., 599.
  expect_identical(step_size(c(1L, 2000L, 1L), 1L), 14324)
  expect_identical(recording_limit %/% 14324, 585)
  run <- tp_train(
    tp_network(c(1, 2000, 1), "tanh"), cbind(0.5), cbind(0.1),
    optimizer = tp_optimizer("sgd", 1e-4), epochs = 600, record = "steps"
  )
  expect_identical(run$recording$interval, 2)
  expect_identical(updates_of(run$recording), seq(1, 599, 2))
  expect_output(print(run$recording), "^Recording: 300 steps of 600 updates \\(interval 2\\)$")
})

# Trainings that fail or are interrupted ----------------------------------------------------------

test_that("a training that diverges has the steps up to there", {
  condition <- expect_error(
    tp_train(
      tp_network(c(2, 4, 1), "identity"), xor_x, xor_d, optimizer = tp_optimizer("sgd", 3),
      record = "steps"
    ),
    class = "twinprop_divergence_error"
  )
  epoch <- as.integer(sub(".*in epoch ([0-9]+);.*", "\\1", conditionMessage(condition)))
  recording <- condition$recording
  expect_identical(updates_of(recording), seq_len(4 * epoch) + 0)
  # The failing epoch's first step has the weights that the network keeps.
  expect_identical(recording$steps[[4 * epoch - 3]]$weights, condition$network$weights)
  expect_false(all(is.finite(unlist(recording$steps[[4 * epoch]]$grad_weights))))
})

test_that("a final cost that is not finite has all steps", {
  condition <- expect_error(
    tp_train(
      tp_network(c(1, 1), "identity", weights = list(matrix(1))), cbind(1), cbind(0),
      optimizer = tp_optimizer("sgd", 1e200), epochs = 1, record = 1
    ),
    class = "twinprop_divergence_error"
  )
  expect_identical(updates_of(condition$recording), 1)
  expect_identical(condition$recording$steps[[1]]$grad_weights, list(matrix(1)))
})

test_that("a vanishing denominator has the steps before", {
  # Weights 2 and 1 into the output. Row 1 has e = 0 and moves nothing; row 2 (a = 1 and 4, output
  # 6) has e = 2: the output's weights move by -0.3 * 2 * (1, 4), to 1.4 and -1.4, which cancel.
  network <- tp_network(c(1, 2, 1), "identity", weights = list(cbind(c(1, 4)), cbind(2, 1)))
  for (order in c("simultaneous", "output_first")) {
    condition <- expect_error(
      tp_train(
        network, cbind(c(0, 1)), cbind(c(0, 4)), rule = "proportional", update_order = order,
        optimizer = tp_optimizer("sgd", 0.3), record = "steps"
      ),
      class = "twinprop_denominator_error"
    )
    # With output_first that is found in update 2 itself, which is then not whole.
    whole <- if (order == "simultaneous") 2 else 1
    expect_identical(updates_of(condition$recording), seq_len(whole) + 0)
    expect_identical(condition$recording$updates, whole + 0)
    expect_identical(condition$recording$steps[[1]]$weights, network$weights)
  }
})

test_that("without recording, or before training, an error has none", {
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(1)))
  condition <- expect_error(
    tp_train(network, cbind(1), cbind(0), optimizer = tp_optimizer("sgd", 1e200), epochs = 1),
    class = "twinprop_divergence_error"
  )
  expect_null(condition$recording)
  network$weights[[1]][] <- 1e200
  condition <- expect_error(
    tp_train(network, cbind(1), cbind(0), record = "steps"), "before training",
    class = "twinprop_divergence_error"
  )
  expect_null(condition$recording)
})

test_that("an interrupted training has the steps of whole epochs", {
  settings <- list(
    arithmetic = "fast", cost = "half_mse", rule = "gradient", update_order = "simultaneous",
    optimizer = tp_optimizer(), batch_size = 1L, epochs = 100, shuffle = FALSE, seed = 42L,
    snapshots = numeric(), record = 1
  )
  reporter <- list(epoch = function(epoch, cost) NULL, close = function() NULL)
  # Taking the 14th sample, in epoch 3, is interrupted.
  taken <- 0
  registerS3method("[", "steptrap", function(x, ...) {
    taken <<- taken + 1
    if (taken == 14) signalCondition(structure(list(), class = c("interrupt", "condition")))
    unclass(x)[...]
  })
  run <- withCallingHandlers(
    train(small_network, structure(t(five_x), class = "steptrap"), t(five_d), settings, reporter),
    twinprop_interrupted = function(w) invokeRestart("muffleWarning")
  )
  want <- tp_train(small_network, five_x, five_d, epochs = 2, record = "steps")
  expect_identical(run$recording, want$recording)
  expect_identical(taken, 14)
})

# The table and the object ------------------------------------------------------------------------

test_that("the table by hand", {
  # 2-1-1, identity, half_sse; W = (1, 2), 3; b = 4, 5. Rows 2, then 1 of the shuffle are a batch.
  network <- tp_network(
    c(2, 1, 1), "identity", weights = list(cbind(1, 2), cbind(3)), biases = list(4, 5)
  )
  run <- tp_train(
    network, rbind(c(1, 0), c(0, 1)), cbind(c(19, 25)), "half_sse", batch_size = NULL,
    epochs = 1, shuffle = TRUE, seed = 1, record = "steps"
  )
  order <- run$recording$steps[[1]]$rows
  expect_identical(sort(order), 1:2)
  # Row 1: a = 5, 20, e = 1 and 3. Row 2: a = 6, 23, e = -2 and -6. Means of the gradients: out,
  # (5 - 12) / 2 = -3.5 and -0.5; in, (3, 0) and (0, -6): 1.5, -3 and -1.5.
  first <- c("weight", "weight", "bias", "error", "error", rep("gradient_weight", 2))
  expect_identical(as.data.frame(run$recording), data.frame(
    update = rep(1L, 14), epoch = rep(1L, 14),
    sample = c(NA, NA, NA, order, NA, NA, NA, NA, NA, order, NA, NA),
    layer = rep(2:3, c(8, 6)),
    from = c(1L, 2L, NA, NA, NA, 1L, 2L, NA, 1L, NA, NA, NA, 1L, NA),
    to = rep(1L, 14),
    quantity = c(
      first, "gradient_bias", "weight", "bias", "error", "error", "gradient_weight",
      "gradient_bias"
    ),
    value = c(
      1, 2, 4, c(3, -6)[order], 1.5, -3, -1.5,
      3, 5, c(1, -2)[order], -3.5, -0.5
    ),
    stringsAsFactors = FALSE
  ))
})

test_that("the table has every number of every step", {
  run <- tp_train(
    small_network, five_x, five_d, batch_size = 2, shuffle = TRUE, epochs = 3, record = 2
  )
  table <- as.data.frame(run$recording)
  quantities <- c(
    weights = "weight", biases = "bias", e = "error", grad_weights = "gradient_weight",
    grad_biases = "gradient_bias"
  )
  for (step in run$recording$steps) {
    for (name in names(quantities)) {
      for (l in 1:2) {
        mine <- table[table$update == step$update & table$layer == l + 1L, ]
        part <- mine[mine$quantity == quantities[[name]], ]
        expect_identical(part$value, as.vector(t(step[[name]][[l]])))
        if (name == "e") {
          expect_identical(part$sample, rep(step$rows, each = ncol(step$e[[l]])))
        }
      }
    }
  }
  expect_identical(sum(!is.na(table$sample)), sum(lengths(lapply(
    run$recording$steps, function(step) unlist(step$e)
  ))))
  empty <- as.data.frame(tp_train(small_network, five_x, five_d, epochs = 0, record = 1)$recording)
  expect_identical(empty, table[0L, ])
})

test_that("a recording prints, has a length and makes a data frame", {
  run <- tp_train(small_network, five_x, five_d, epochs = 8, record = 3)
  expect_s3_class(run$recording, "tp_recording")
  expect_length(run$recording, 14L)
  expect_output(print(run$recording), "^Recording: 14 steps of 40 updates \\(interval 3\\)$")
  expect_output(expect_invisible(print(run$recording)))
  expect_named(as.data.frame(run$recording), c(
    "update", "epoch", "sample", "layer", "from", "to", "quantity", "value"
  ))
  run <- tp_train(small_network, five_x, five_d, batch_size = 2, epochs = 2, record = 2)
  expect_identical(summary(run$recording), data.frame(
    update = c(1L, 3L, 5L), epoch = c(1L, 1L, 2L), rows = c(2L, 1L, 2L),
    cost = vapply(run$recording$steps, `[[`, 0, "cost")
  ))
  none <- tp_train(small_network, five_x, five_d, epochs = 0, record = 1)$recording
  expect_identical(dim(summary(none)), c(0L, 4L))
  expect_length(none, 0L)
  expect_output(print(none), "^Recording: 0 steps of 0 updates \\(interval 1\\)$")
})

# Plans, files and messages -----------------------------------------------------------------------

test_that("a plan has the interval, and a run file its steps", {
  expect_null(tp_read_plan(list(training = list(record = NULL)))$training$record)
  expect_identical(tp_read_plan('{"training": {"record": "steps"}}')$training$record, 1)
  expect_identical(tp_read_plan('{"training": {"record": 7}}')$training$record, 7)

  for (record in list(NULL, 3)) {
    plan <- tp_read_plan(list(training = list(record = record)))
    expect_identical(tp_read_plan(plan_json(plan))$training, plan$training)
  }

  path <- tempfile(fileext = ".json")
  on.exit(unlink(path))
  run <- tp_run(list(training = list(epochs = 3, record = 2, batch_size = 3)), path)
  read <- read_json(path)
  expect_identical(names(read)[length(read)], "recording")
  expect_equal(read$recording$interval, 2)
  expect_length(read$recording$steps, 3L)
  for (i in 1:3) {
    want <- run$recording$steps[[i]]
    got <- read$recording$steps[[i]]
    expect_identical(names(got), names(want))
    expect_equal(got[c("update", "epoch", "cost")], want[c("update", "epoch", "cost")],
                 tolerance = 0)
    expect_identical(unlist(got$rows), want$rows)
    expect_identical(as_matrices(got$weights), want$weights)
    expect_identical(as_vectors(got$biases), want$biases)
    expect_identical(as_matrices(got$e), want$e)
    expect_identical(as_matrices(got$grad_weights), want$grad_weights)
    expect_identical(as_vectors(got$grad_biases), want$grad_biases)
  }
  tp_run(list(training = list(epochs = 1)), path)
  expect_null(read_json(path)$recording)
})

test_that("other values are refused", {
  refused <- function(record, given) {
    expect_input_error(
      tp_train(small_network, five_x, five_d, record = record),
      paste0("record must be null, \"steps\" or an integer >= 1, got ", given)
    )
  }
  refused(0, "0")
  refused(-1, "-1")
  refused(2.5, "2.5")
  refused(Inf, "Inf")
  refused(NaN, "NaN")
  refused(NA, "NA")
  refused(TRUE, "true")
  refused("all", "\"all\"")
  refused(c(1, 2), "a list of 2")
  refused(list(a = 1), "an object")
})
