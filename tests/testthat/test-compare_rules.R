# The rules compared: the oracle's cases, numbers by hand, and what stops a training. Twins:
# tests/python/test_compare_rules.py, tests/js/compare_rules.test.js

# A cosine and a denominator are numbers of the size of 1, whatever cancels in them; a length ratio
# and a cost are as good as their gradients and outputs; a change is a difference of two costs.
of_size_1 <- c("cosine", "mean_cosine", "smallest_cosine", "smallest_denominator")
exact_columns <- c("rule", "epoch", "layer", "epochs", "stopped", "lowers_cost")

# A column of JSON as a vector: null is NA, "Inf" what JSON has no number for.
as_column <- function(values) {
  values <- lapply(values, function(value) {
    if (is.null(value)) NA else if (identical(value, "Inf")) Inf else value
  })
  unlist(values)
}

expect_column <- function(got, want, name, rules, label) {
  expect_identical(is.na(got), is.na(want), label = label)
  if (name %in% exact_columns) {
    return(expect_true(all(got == want, na.rm = TRUE), label = label))
  }
  want <- as.double(want)
  finite <- is.finite(want)
  expect_identical(got[!finite & !is.na(want)], want[!finite & !is.na(want)], label = label)
  size <- abs(want)
  if (name %in% of_size_1) size[] <- 1
  if (name == "change") {
    largest <- tapply(ifelse(finite, abs(want), 0), rules, max)
    size <- largest[rules]
  }
  expect_true(
    all(abs(got - want)[finite] <= (tolerance_later * size)[finite]), label = label
  )
}

replay_comparison <- function(case) {
  plan <- check_plan(case$plan)
  settings <- plan$training
  tp_compare_rules(
    start_network(plan$network), plan$x, plan$d,
    rules = if (has(case, "rules")) unlist(case$rules), cost = settings$cost,
    update_order = settings$update_order, optimizer = do.call(tp_optimizer, settings$optimizer),
    batch_size = settings$batch_size, epochs = settings$epochs, shuffle = settings$shuffle,
    seed = settings$seed, along = if (has(case, "along")) case$along else "own",
    every = if (has(case, "every")) case$every
  )
}

test_that("there are cases", {
  expect_gt(length(case_paths("rules")), 20L)
})

for (path in case_paths("rules")) {
  local({
    case <- read_json(path)
    test_that(paste("case", case$name), {
      found <- replay_comparison(case)
      for (table in names(case$expected)) {
        want <- lapply(case$expected[[table]], as_column)
        expect_identical(names(found[[table]]), names(want), label = table)
        for (column in names(want)) {
          label <- paste(case$name, table, column)
          expect_column(found[[table]][[column]], want[[column]], column, want$rule, label)
        }
      }
    })
  })
}

# By hand as in tests/python/test_compare_rules.py: 1-2-1, identity, x = 1, d = 1, W[2] = (1, 2)',
# W[3] = (3, 1); eta = 1/16. The gradient of layer 2 is (12, 4), that of proportional (3, 1).
by_hand <- function(...) {
  network <- tp_network(c(1, 2, 1), "identity", weights = list(cbind(c(1, 2)), rbind(c(3, 1))))
  tp_compare_rules(network, cbind(1), 1, optimizer = tp_optimizer("sgd", 1 / 16), epochs = 0, ...)
}

test_that("the numbers by hand", {
  found <- by_hand(rules = c("gradient", "proportional"))
  expect_equal(found$table$cosine, rep(1, 4), tolerance = 1e-15)
  expect_equal(found$table$length_ratio, c(1, 1, 0.25, 1), tolerance = 1e-15)
  expect_equal(found$steps$change, c(-799 / 128, -14359 / 2048), tolerance = 1e-15)
  expect_identical(found$steps$lowers_cost, c(TRUE, TRUE))
  expect_identical(found$costs$cost, c(8, 8))
  expect_identical(found$steps$smallest_denominator, c(NA, 1))
})

test_that("a negative denominator turns the sign", {
  with_weights <- function(weights, rule) {
    network <- tp_network(c(1, 2, 1), "identity", weights = list(cbind(c(1, 2)), weights))
    found <- tp_compare_rules(network, cbind(1), 5, rules = rule, epochs = 0)
    c(found$table$cosine[1], found$steps$smallest_denominator)
  }
  expect_equal(with_weights(rbind(c(3, -1)), "proportional"), c(1, 0.5))
  expect_equal(with_weights(rbind(c(1, -3)), "proportional"), c(-1, 0.5))
  expect_equal(with_weights(rbind(c(1, -3)), "proportional_abs"), c(1, 1))
})

test_that("each rule trains as tp_train does, and nothing given changes", {
  network <- tp_network(c(2, 3, 1), "tanh", seed = 2)
  used <- tp_train(network, xor_x, xor_d, optimizer = "momentum", epochs = 3)$optimizer
  set.seed(3)
  seed <- .Random.seed
  options <- options()
  found <- tp_compare_rules(
    network, xor_x, xor_d, optimizer = used, batch_size = 3, shuffle = TRUE, seed = 4, epochs = 7,
    every = 3
  )
  expect_identical(.Random.seed, seed)
  expect_identical(options(), options)
  for (i in seq_len(nrow(found$costs))) {
    row <- found$costs[i, ]
    # an optimiser's memory is not taken over
    run <- tp_train(
      network, xor_x, xor_d, rule = row$rule, optimizer = "momentum", batch_size = 3,
      shuffle = TRUE, seed = 4, epochs = row$epoch
    )
    expect_identical(row$cost, run$final_cost)
  }
  expect_identical(unique(found$costs$epoch), c(0, 3, 6, 7))
})

test_that("the points are where they should be", {
  points <- function(epochs, every = NULL) {
    network <- tp_network(c(2, 2, 1))
    found <- tp_compare_rules(network, xor_x, xor_d, "gradient", epochs = epochs, every = every)
    expect_identical(found$costs$epoch, found$steps$epoch)
    found$steps$epoch
  }
  expect_identical(points(0), 0)
  expect_equal(points(50), 0:50)
  expect_equal(points(51), c(seq(0, 50, 2), 51))
  expect_equal(points(100), seq(0, 100, 2))
  expect_equal(points(5, 9), c(0, 5))
})

test_that("a rule stops at a vanishing denominator, the others go on", {
  network <- tp_network(c(2, 2, 1), weights = list(matrix(1, 2, 2), rbind(c(1, -1))))
  found <- tp_compare_rules(network, xor_x, xor_d, epochs = 3)
  message <- paste0(
    "rule \"proportional\": the weights into neuron 1 of layer 3 sum to 0 or nearly 0, so its ",
    "error cannot be shared out; try rule \"proportional_abs\" or other starting weights"
  )
  expect_identical(found$summary$stopped, c(NA, NA, message, NA))
  expect_identical(found$summary$epochs, c(3, 3, 0, 3))
  mine <- found$table$rule == "proportional"
  expect_true(all(is.na(found$table$cosine[mine])))
  last <- sub(".*\n", "", found$text)
  expect_identical(last, paste("proportional stopped after epoch 0:", message))
})

test_that("a rule stops at a cost that is not finite", {
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(1)))
  found <- tp_compare_rules(
    network, cbind(1), 0, "gradient", optimizer = tp_optimizer("sgd", 1e60), epochs = 9, every = 1
  )
  epochs <- found$summary$epochs
  expect_identical(found$costs$epoch, as.double(0:epochs))
  expect_match(found$summary$stopped, sprintf("in epoch %.0f;", epochs + 1), fixed = TRUE)
  expect_identical(found$steps$change[nrow(found$steps)], Inf)
  network$weights[[1]][] <- 1e300
  expect_error(
    tp_compare_rules(network, cbind(1), 0), "the cost is NaN or Inf before training",
    class = "twinprop_divergence_error"
  )
})

test_that("an interrupted comparison keeps what is there, wherever it is", {
  network <- tp_network(c(2, 3, 1), c("tanh", "sigmoid"))
  samples <- list(x = t(xor_x), d = t(xor_d))
  # tanh counts its calls, and one of them is interrupted
  compare <- function(along, interrupt) {
    calls <- 0
    stops <- function(z, arithmetic) {
      calls <<- calls + 1
      if (calls == interrupt) {
        signalCondition(structure(list(), class = c("interrupt", "condition")))
      }
      tanh(z)
    }
    namespace <- asNamespace("twinprop")
    before <- namespace$activations
    put <- function(table) {
      unlockBinding("activations", namespace)
      assign("activations", table, namespace)
      lockBinding("activations", namespace)
    }
    on.exit(put(before))
    put(utils::modifyList(before, list(tanh = list(value = stops))))
    warning <- NULL
    found <- withRestarts(
      withCallingHandlers(
        tp_compare_rules(
          network, xor_x, xor_d, c("gradient", "transpose"), epochs = 3, along = along, every = 1
        ),
        twinprop_interrupted = function(w) {
          warning <<- conditionMessage(w)
          invokeRestart("muffleWarning")
        }
      ),
      abort = function() "aborted"
    )
    list(found = found, warning = warning, calls = calls)
  }
  for (along in c("own", "gradient")) {
    whole <- compare(along, Inf)
    expect_null(whole$warning)
    seen <- character()
    for (call in 2:whole$calls) {
      some <- compare(along, call)
      if (identical(some$found, "aborted")) {
        seen <- c(seen, "aborted")
        next
      }
      expect_length(some$warning, 1L)
      seen <- c(seen, sub(".*by rule \"(.*)\"; the result keeps what was .*", "\\1", some$warning))
      for (table in c("table", "steps", "costs")) {
        keys <- do.call(paste, whole$found[[table]])
        kept <- do.call(paste, some$found[[table]])
        expect_identical(keys[keys %in% kept], kept)
      }
    }
    expect_setequal(seen, c("aborted", "gradient", "transpose"))
  }
})

test_that("a step that changes nothing but rounding does not lower the cost", {
  # a perfect fit but for the last bit of the outputs
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(0.1)), biases = list(0.2))
  x <- cbind(c(0.3, 0.7))
  found <- tp_compare_rules(network, x, predict(network, x) * (1 + 2^-52), "gradient", epochs = 0)
  expect_lt(found$steps$change, 0)
  expect_false(found$steps$lowers_cost)
})

test_that("input errors name the argument", {
  network <- tp_network(c(2, 1))
  expect <- function(message, ..., x = xor_x, d = xor_d) {
    expect_input_error(tp_compare_rules(network, x, d, ...), message)
  }
  expect_input_error(
    tp_compare_rules(3, xor_x, xor_d), "network must be a network made by tp_network(), got 3"
  )
  all <- "\"gradient\", \"transpose\", \"proportional\", \"proportional_abs\""
  expect(
    "rules must be a name or a list of names, got a list of 0", rules = character()
  )
  expect("rules must be a name or a list of names, got a list of 0", rules = list())
  expect("rules must be a name or a list of names, got 3", rules = 3)
  expect(paste0("rules entry 1 must be one of ", all, ", got \"hebb\""), rules = "hebb")
  expect(
    paste0("rules entry 2 must be one of ", all, ", got \"hebb\""), rules = c("gradient", "hebb")
  )
  expect(
    "rules must name each rule once, got \"transpose\" twice",
    rules = c("transpose", "gradient", "transpose")
  )
  expect(paste0("along must be one of \"own\", ", all, ", got \"mine\""), along = "mine")
  expect("every must be null or an integer >= 1, got 0", every = 0)
  expect("every must be null or an integer >= 1, got 1.5", every = 1.5)
  expect("epochs must be an integer >= 0, got -1", epochs = -1)
  expect("progress must be true or false, got 1", progress = 1)
  expect("x row 1 must have 2 values, got 3", x = rbind(1:3))
  expect("d must have as many rows as x (4), got 1", d = 1)
  expect(
    "batch_size must be null or an integer from 1 to 4 (the number of rows), got 5", batch_size = 5
  )
})

test_that("it prints its text", {
  found <- by_hand(rules = c("gradient", "proportional"))
  expect_s3_class(found, "tp_rule_comparison")
  expect_output(expect_identical(print(found), found))
  lines <- utils::capture.output(print(found))
  expect_identical(paste(lines, collapse = "\n"), found$text)
  expect_identical(lines[c(1, 5)], c(
    paste(
      "Rules compared on a 1-2-1 network (identity, identity), cost half_mse, optimizer sgd,",
      "learning rate 0.0625, 0 epochs, each along its own training"
    ),
    paste0(
      "proportional         8.00e+00     8.00e+00       0        1.000     1.000      2.50e-01",
      "       1 of 1     1.000000"
    )
  ))
})

test_that("rounding does not show", {
  expect_identical(shown_fixed(0.0625, 3L), "0.062")
  expect_identical(shown_fixed(0.0625 + 1e-13, 3L), "0.062")
  expect_identical(shown_fixed(-5.55e-17, 3L), "0.000")
  expect_identical(shown_fixed(-0.0004, 3L), "0.000")
  expect_identical(shown_exponential(1.125 * (1 + 1e-13)), "1.12e+00")
  expect_identical(shown_rule_cost(3e-33, 0.1), "0.00e+00")
  expect_identical(shown_rule_cost(3e-10, 0.1), "3.00e-10")
  expect_identical(c(shown_fixed(NA, 3L), shown_exponential(Inf)), c("-", "Inf"))
})

test_that("progress names the rule", {
  how <- list(tp_network(c(2, 2, 1)), xor_x, xor_d, c("gradient", "transpose"), epochs = 2)
  expect_silent(do.call(tp_compare_rules, how))
  shown <- testthat::capture_messages(do.call(tp_compare_rules, c(how, progress = TRUE)))
  expect_identical(sub(" cost.*\n", "", shown), c(
    "gradient: epoch 1/2", "gradient: epoch 2/2", "transpose: epoch 1/2", "transpose: epoch 2/2"
  ))
})
