# The diagnosis: each finding fires and nearly does, its mend mends, what works is left in peace.
# Twins: tests/python/test_diagnose.py, tests/js/diagnose.test.js

cases <- diagnosis_cases()
case_names <- vapply(cases, `[[`, "", "name")
named_case <- function(name) cases[[which(case_names == name)]]

quietly <- function(code) suppressWarnings(code, classes = "twinprop_warning")

# The findings of a kind.
of_kind <- function(diagnosis, kind) diagnosis$findings[diagnosis$findings$kind == kind, ]

# Run the code of a mend where network, x and d are the user's.
run_mend <- function(mend, network, x, d) {
  user <- list2env(list(network = network, x = x, d = d), parent = globalenv())
  quietly(eval(parse(text = mend), user))
  user
}

test_that("each case has its findings", {
  for (case in cases) {
    found <- diagnose_case(case)
    expected <- case$expected
    expect_identical(found$findings$kind, as.character(unlist(expected$kinds)), info = case$name)
    expect_true(startsWith(found$verdict, expected$verdict), case$name)
    expect_identical(found$learned, startsWith(found$verdict, "LEARNED"), info = case$name)
    for (i in seq_along(expected$messages)) {
      if (!is.null(expected$messages[[i]])) {
        expect_identical(found$findings$message[i], expected$messages[[i]], info = case$name)
      }
    }
  }
})

stream <- tp_random_stream(1)
large_x <- round(50 + 250 * matrix(stream$uniform(80), 40), 1)
large_d <- large_x %*% c(0.02, 0.05) + 3
small_x <- (large_x - 175) / 75
small_d <- (large_d - min(large_d)) / diff(range(large_d))

mended <- list(
  inputs_not_scaled = list(tp_network(c(2, 4, 1)), large_x, small_d, epochs = 100),
  targets_out_of_range = list(tp_network(c(2, 4, 1)), small_x, large_d, epochs = 100),
  learning_rate_too_large = list(
    tp_network(c(2, 4, 1), seed = 3), xor_x, xor_d,
    optimizer = tp_optimizer("sgd", 60), epochs = 500
  ),
  learning_rate_too_small = list(
    tp_network(c(2, 4, 1), c("tanh", "identity")), small_x, small_d,
    optimizer = tp_optimizer("adam", 1e-7), epochs = 200, batch_size = 8
  ),
  symmetric_weights = list(
    tp_network(
      c(2, 3, 1), weights = list(matrix(0.5, 3, 2), matrix(0.3, 1, 3))
    ),
    xor_x, xor_d, epochs = 2000
  ),
  zero_weights = list(
    tp_network(c(2, 3, 1), "tanh", weights = list(matrix(0, 3, 2), matrix(0, 1, 3))),
    xor_x, xor_d, epochs = 500
  ),
  dead_units = list(
    tp_network(c(2, 4, 1), c("relu", "identity"), biases = list(rep(-9, 4), 0)),
    small_x, small_d, epochs = 20, optimizer = tp_optimizer("sgd", 0.05)
  ),
  saturated_units = list(
    tp_network(c(2, 3, 1), c("tanh", "identity"), biases = list(c(20, -20, 25), 0)),
    small_x, small_d, epochs = 20, optimizer = tp_optimizer("sgd", 0.02)
  ),
  no_better_than_largest_class = list(tp_network(c(2, 1)), xor_x, xor_d, epochs = 1000)
)

test_that("the mend lets it learn", {
  for (kind in names(mended)) {
    arguments <- mended[[kind]]
    run <- quietly(do.call(tp_train, arguments))
    before <- tp_diagnose(run, arguments[[2L]], arguments[[3L]])
    expect_false(before$learned, info = kind)
    mend <- of_kind(before, kind)$mend[1L]
    user <- run_mend(mend, arguments[[1L]], arguments[[2L]], arguments[[3L]])
    after <- tp_diagnose(user$run, user$x, user$d)
    expect_true(after$learned, info = paste(before$text, after$text, sep = "\n\n"))
    expect_false(kind %in% after$findings$kind, info = kind)
  }
})

test_that("every mend runs", {
  for (case in cases) {
    of <- model_of(case)
    network <- if (inherits(of$model, "tp_run")) of$model$network else of$model
    findings <- diagnose_case(case)$findings
    for (i in seq_len(nrow(findings))) {
      kind <- findings$kind[i]
      # with a rate that is too large it may diverge
      if (grepl("too_large", case$name) && kind != "learning_rate_too_large") next
      user <- run_mend(findings$mend[i], network, of$x, of$d)
      if (inherits(of$model, "tp_run")) {
        expect_s3_class(user$run, "tp_run")
      } else if (!startsWith(kind, "no_better") && !startsWith(findings$mend[i], "#")) {
        after <- tp_diagnose(user$network, user$x, user$d, case$cost)
        expect_false(kind %in% after$findings$kind, info = case$name)
      }
    }
  }
})

test_that("scaled targets span the range, and what is constant is in it", {
  for (output in c("sigmoid", "tanh")) {
    x <- cbind(c(-1, 0, 1))
    d <- cbind(c(10, 20, 40), 7)
    network <- tp_network(c(1, 2), output)
    user <- run_mend(tp_diagnose(network, x, d)$findings$mend[1L], network, x, d)
    expect_identical(range(user$d[, 1L]), if (output == "sigmoid") c(0, 1) else c(-1, 1))
    expect_true(all(abs(user$d[, 2L]) <= 1))
  }
})

test_that("the mend keeps the settings", {
  run <- tp_train(
    tp_network(c(2, 4, 1), "tanh"), small_x, small_d, rule = "transpose",
    update_order = "output_first", cost = "mse",
    optimizer = tp_optimizer("adam", 0, weight_decay = 0.01, betas = c(0.8, 0.9)), batch_size = 5,
    epochs = 3, shuffle = TRUE, seed = 7
  )
  mend <- of_kind(tp_diagnose(run, small_x, small_d), "learning_rate_too_small")$mend
  expect_identical(strsplit(mend, "\n")[[1L]], c(
    "network <- tp_network(c(2, 4, 1), \"tanh\")",
    paste0(
      "run <- tp_train(network, x, d, cost = \"mse\", rule = \"transpose\", ",
      "update_order = \"output_first\", optimizer = tp_optimizer(\"adam\", weight_decay = 0.01, ",
      "betas = c(0.8, 0.9)), batch_size = 5, epochs = 3, shuffle = TRUE, seed = 7)"
    )
  ))
  user <- run_mend(mend, NULL, small_x, small_d)
  changed <- run$settings
  changed$optimizer$learning_rate <- 0.001
  expect_identical(user$run$settings, changed)
})

test_that("trainings that work are left in peace", {
  for (dataset in c("xor", "iris", "penguins", "wine")) {
    data <- dataset_plan_data(dataset, "dataset")
    outputs <- ncol(data$d)
    network <- tp_network(
      c(ncol(data$x), 8, outputs), c("tanh", if (outputs > 1L) "softmax" else "sigmoid")
    )
    # a warning would be a failure
    expect_no_warning(run <- tp_train(
      network, data$x, data$d, "cross_entropy", optimizer = tp_optimizer("sgd", 0.2),
      batch_size = min(16, nrow(data$x)), epochs = if (dataset == "xor") 2000 else 150,
      shuffle = TRUE
    ))
    found <- tp_diagnose(run, data$x, data$d)
    expect_true(found$learned)
    expect_identical(nrow(found$findings), 0L, info = found$text)
  }
})

test_that("training warns once", {
  caught <- list()
  run <- withCallingHandlers(
    tp_train(tp_network(c(2, 1)), xor_x, xor_d, epochs = 25),
    warning = function(w) {
      caught <<- c(caught, list(w))
      invokeRestart("muffleWarning")
    }
  )
  expect_length(caught, 1L)
  expect_s3_class(caught[[1L]], "twinprop_warning")
  found <- tp_diagnose(run, xor_x, xor_d)
  expect_gt(nrow(found$findings), 0L)
  expect_identical(strsplit(conditionMessage(caught[[1L]]), "\n")[[1L]], c(
    found$verdict, "tp_diagnose(run, x, d) shows the code that mends what was found:",
    paste0(found$findings$kind, ": ", found$findings$message)
  ))
})

test_that("plans warn, engines do not", {
  plan <- list(network = list(layers = c(2, 1)), training = list(epochs = 25))
  expect_warning(run <- tp_run(plan), class = "twinprop_warning")
  path <- tempfile(fileext = ".json")
  on.exit(unlink(path))
  expect_warning(tp_run(plan, path), class = "twinprop_warning")
  expect_false(any(c("network", "settings") %in% names(read_json(path))))
  expect_no_warning(silent <- run_plan(plan))
  expect_identical(silent$final_cost, run$final_cost)
})

test_that("fewer than 100 updates and constant targets are not judged", {
  network <- tp_network(c(2, 1))
  expect_no_warning(tp_train(network, xor_x, xor_d, epochs = 24))
  expect_no_warning(tp_train(network, xor_x, xor_d, epochs = 99, batch_size = NULL))
  expect_warning(
    tp_train(network, xor_x, xor_d, epochs = 100, batch_size = NULL), class = "twinprop_warning"
  )
  expect_no_warning(tp_train(network, xor_x, rep(0.5, 4), epochs = 50))
})

test_that("an interrupted training is not judged", {
  run <- quietly(tp_train(tp_network(c(2, 1)), xor_x, xor_d, epochs = 50))
  expect_type(not_learned(run, xor_x, xor_d), "character")
  run$cost <- run$cost[1:40]
  expect_null(not_learned(run, xor_x, xor_d))
})

test_that("a run knows its settings", {
  run <- tp_train(
    tp_network(c(2, 2, 1)), xor_x, xor_d, epochs = 3, batch_size = NULL, optimizer = "momentum",
    seed = 5
  )
  expect_identical(run$settings, list(
    cost = "half_mse", rule = "gradient", update_order = "simultaneous",
    optimizer = list(
      name = "momentum", learning_rate = 0.5, weight_decay = 0, momentum = 0.9, nesterov = FALSE
    ),
    batch_size = 4L, epochs = 3, shuffle = FALSE, seed = 5L, sample_weight = NULL, dropout = 0,
    clip_norm = NULL, schedule = NULL, arithmetic = "fast"
  ))
})

test_that("bad arguments are refused by name", {
  network <- tp_network(c(2, 1))
  run <- tp_train(network, xor_x, xor_d, epochs = 1)
  bare <- run
  bare$settings <- NULL
  expect_input_error(
    tp_diagnose(3, xor_x, xor_d),
    paste(
      "model must be a run made by tp_train() or tp_run() or a network made by tp_network(),",
      "got 3"
    )
  )
  expect_input_error(
    tp_diagnose(bare, xor_x, xor_d),
    paste(
      "model must be a run that knows its network and its settings; one that is read from a file",
      "does not"
    )
  )
  expect_input_error(
    tp_diagnose(network, xor_x, xor_d, "sse"),
    "cost must be one of \"half_mse\", \"half_sse\", \"mse\", \"cross_entropy\", got \"sse\""
  )
  expect_input_error(
    tp_diagnose(run, xor_x, xor_d, "mse"),
    "cost must be null or the run's own, \"half_mse\", got \"mse\""
  )
  expect_input_error(
    tp_diagnose(network, xor_x, 1), "d must have as many rows as x (4), got 1"
  )
  huge <- tp_network(c(1, 1), "identity", weights = list(matrix(1e200)))
  expect_error(
    tp_diagnose(huge, cbind(1:2), 1:2), "the cost is NaN or Inf at these weights",
    class = "twinprop_divergence_error"
  )
})

test_that("a data frame and a vector will do, and nothing is changed", {
  set.seed(1)
  before <- .Random.seed
  x <- data.frame(a = c(0, 0, 1, 1), b = c(0, 1, 0, 1))
  run <- quietly(tp_train(tp_network(c(2, 1)), x, c(0, 1, 1, 0), epochs = 25))
  again <- run
  found <- tp_diagnose(run, x, c(0, 1, 1, 0))
  expect_identical(run, again)
  expect_identical(.Random.seed, before)
  expect_identical(capture.output(print(found)), strsplit(found$text, "\n", fixed = TRUE)[[1L]])
  expect_named(found$findings, c("kind", "message", "mend"))
})

test_that("numbers are short and forget the last bit", {
  values <- c(0, 1.125, 1.125 + 2^-52, 1.125 - 2^-53, 1.375, 2853.2, 1.5e-5, 99999.95)
  expect_identical(
    shown_digits(values, 3),
    c("0", "1.12", "1.12", "1.12", "1.38", "2.85e+03", "1.5e-05", "1e+05")
  )
  expect_identical(shown_digits(-125.4884, 6), "-125.488")
  expect_identical(shown_digits(-0, 6), "0")
})
