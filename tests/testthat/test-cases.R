# The conformance cases, replayed stage by stage.

test_that("there are cases to replay", {
  expect_gt(length(case_paths()), 50L)
  expect_gt(length(case_paths("errors")), 20L)
})

replay_first_update <- function(plan, expected, name) {
  network <- start_network(plan$network)
  expect_identical(
    network$weights, as_matrices(expected$starting_weights), label = paste(name, "weights")
  )
  expect_identical(
    network$biases, as_vectors(expected$starting_biases), label = paste(name, "biases")
  )
  first <- expected$first_update
  if (is.null(first)) {
    return(invisible())
  }
  rows <- as.integer(unlist(first$rows))
  settings <- plan$training
  order <- if (settings$shuffle) tp_random_stream(settings$seed)$order(nrow(plan$x)) else
    seq_len(nrow(plan$x))
  expect_identical(rows, order[seq_len(min(settings$batch_size, nrow(plan$x)))], label = name)

  optimizer <- do.call(tp_optimizer, settings$optimizer)
  x <- plan$x[rows, , drop = FALSE]
  d <- plan$d[rows, , drop = FALSE]
  step <- tp_step(
    network, x, d, settings$cost, settings$rule, settings$update_order, optimizer,
    arithmetic = settings$arithmetic
  )
  tolerance <- if (is_exact(plan)) 0 else tolerance_first
  same <- function(got, want, stage) {
    expect_same_group(got, want, tolerance, paste(name, stage))
  }
  same(step$forward$z, as_matrices(first$z), "z")
  same(step$forward$a, as_matrices(first$a), "a")
  same(step$backward$e, as_matrices(first$e), "e")
  same(step$backward$delta, as_matrices(first$delta), "delta")
  same(
    c(step$backward$grad_weights, step$backward$grad_biases),
    c(as_matrices(first$grad_weights), as_vectors(first$grad_biases)), "gradients"
  )
  same(
    c(step$network$weights, step$network$biases),
    c(as_matrices(first$new_weights), as_vectors(first$new_biases)), "new weights"
  )
  if (settings$update_order == "simultaneous") {
    # the three verbs one by one are the same code
    forward <- tp_forward(network, x, arithmetic = settings$arithmetic)
    backward <- tp_backward(
      network, forward, d, settings$cost, settings$rule, arithmetic = settings$arithmetic
    )
    moved <- tp_update(network, backward, optimizer)
    expect_identical(forward, step$forward, label = name)
    expect_identical(backward, step$backward, label = name)
    expect_identical(moved[c("network", "optimizer")], step[c("network", "optimizer")])
  }
}

replay_run <- function(plan, expected, name) {
  if (is_exact(plan)) tolerance_first <- tolerance_later <- 0
  # cases need not learn
  run <- train_plan(tp_read_plan(plan))
  want <- expected$run
  expect_equal(run$updates, want$updates, label = paste(name, "updates"), tolerance = 0)
  same <- function(got, want, stage, ..., tolerance = tolerance_later) {
    expect_same_group(got, want, tolerance, paste(name, stage), ...)
  }
  outputs <- list(as_matrix(want$outputs))
  same(
    c(run$weights, run$biases), c(as_matrices(want$weights), as_vectors(want$biases)), "run weights"
  )
  same(list(run$outputs), outputs, "outputs")
  same(list(run$errors), list(as_matrix(want$errors)), "errors", scale_of = outputs)
  same(
    list(run$initial_cost, run$cost, run$final_cost),
    list(want$initial_cost, as.double(unlist(want$cost)), want$final_cost), "costs"
  )
  if (is_exact(plan)) expect_identical(run$fingerprint, want$fingerprint, label = name)
  expect_length(run$snapshots, length(expected$snapshots))
  for (i in seq_along(expected$snapshots)) {
    want <- expected$snapshots[[i]]
    got <- run$snapshots[[i]]
    tolerance <- if (i == 1L) tolerance_first else tolerance_later
    expect_equal(got$updates, want$updates, label = name, tolerance = 0)
    same(list(got$cost), list(want$cost), paste("snapshot", i, "cost"), tolerance = tolerance)
    same(
      c(got$weights, got$biases), c(as_matrices(want$weights), as_vectors(want$biases)),
      paste("snapshot", i), tolerance = tolerance
    )
  }
  replay_recording(run$recording, expected, name, tolerance_first, tolerance_later)
}

replay_recording <- function(recording, expected, name, tolerance_first, tolerance_later) {
  want <- expected$recording
  if (is.null(want)) {
    return(expect_null(recording, label = paste(name, "recording")))
  }
  expect_s3_class(recording, "tp_recording")
  expect_equal(recording$interval, want$interval, label = paste(name, "interval"), tolerance = 0)
  expect_length(recording$steps, length(want$steps))
  outputs <- unlist(expected$run$outputs)
  for (i in seq_along(want$steps)) {
    got <- recording$steps[[i]]
    one <- want$steps[[i]]
    label <- paste(name, "step", one$update)
    same <- function(got, want, stage, ...) {
      tolerance <- if (one$update == 1) tolerance_first else tolerance_later
      expect_same_group(got, want, tolerance, paste(label, stage), ...)
    }
    expect_identical(names(got), names(one), label = label)
    expect_equal(
      got[c("update", "epoch", "rows")],
      list(update = one$update, epoch = one$epoch, rows = unlist(one$rows)),
      label = label, tolerance = 0
    )
    same(list(got$cost), list(one$cost), "cost")
    same(
      c(got$weights, got$biases), c(as_matrices(one$weights), as_vectors(one$biases)), "weights"
    )
    e <- as_matrices(one$e)
    same(got$e, e, "e", scale_of = c(e, outputs))
    same(
      c(got$grad_weights, got$grad_biases),
      c(as_matrices(one$grad_weights), as_vectors(one$grad_biases)), "gradients"
    )
  }
}

for (path in case_paths()) {
  local({
    case <- read_json(path)
    test_that(paste("case", case$name), {
      plan <- check_plan(case$plan)
      replay_first_update(plan, case$expected, case$name)
      replay_run(plan, case$expected, case$name)
      without_kernel(replay_run(plan, case$expected, paste(case$name, "without the kernel")))
    })
  })
}

# The network that an error carries has its weights from before the epoch that failed: where steps
# one by one arrive in the epochs before.
expect_kept_weights <- function(plan, condition, name, exactly = TRUE) {
  message <- conditionMessage(condition)
  if (grepl("before training", message, fixed = TRUE)) {
    return(expect_null(condition$network, label = name))
  }
  settings <- plan$training
  # a vanishing denominator's message names no epoch: it is its case's last
  names_epoch <- grepl("in epoch", message, fixed = TRUE)
  failed <- if (names_epoch) sub(".*in epoch ([0-9]+);.*", "\\1", message) else settings$epochs
  want <- list(
    network = start_network(plan$network), optimizer = do.call(tp_optimizer, settings$optimizer)
  )
  n <- nrow(plan$x)
  for (epoch in seq_len(as.integer(failed) - 1L)) {
    for (start in seq(1L, n, settings$batch_size)) {
      rows <- start:min(start + settings$batch_size - 1L, n)
      want <- tp_step(
        want$network, plan$x[rows, , drop = FALSE], plan$d[rows, , drop = FALSE], settings$cost,
        settings$rule, settings$update_order, want$optimizer
      )
    }
  }
  if (exactly) {
    return(expect_identical(condition$network, want$network, label = name))
  }
  parts <- function(network) c(network$weights, network$biases)
  expect_same_group(parts(condition$network), parts(want$network), tolerance_later, name)
}

for (path in case_paths("errors")) {
  local({
    cases <- read_json(path)
    group <- sub("[.]json$", "", basename(path))
    test_that(paste("error messages:", group), {
      for (case in cases) {
        read <- function() {
          if (has(case, "plan_text")) {
            check_plan(parse_json(case$plan_text))
          } else if (has(case, "plan_file")) {
            tp_read_plan(case$plan_file)
          } else {
            check_plan(case$plan)
          }
        }
        # an input error comes before anything is trained
        train_it <- if (case$kind == "input") identity else tp_run
        check <- function(exactly) {
          condition <- tryCatch(train_it(read()), error = identity)
          expect_s3_class(condition, paste0("twinprop_", case$kind, "_error"))
          if (has(case, "message")) {
            expect_identical(conditionMessage(condition), case$message, label = case$name)
          } else {
            expect_true(startsWith(conditionMessage(condition), case$message_start), case$name)
          }
          if (case$kind != "input") expect_kept_weights(read(), condition, case$name, exactly)
        }
        without_kernel(check(exactly = TRUE))
        # whose fast sums are not those of single steps
        if (case$kind != "input") check(exactly = FALSE)
      }
    })
  })
}
