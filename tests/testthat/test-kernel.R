# The kernel in C against R's own loops: the same bits in portable arithmetic. The conformance cases
# are replayed with it and without it in test-cases.R.

# Fast sums end in other bits than portable ones; after tens of updates this much, beside 1.
fast_gap <- 1e-11

set.seed(1, "Mersenne-Twister", "Inversion", "Rejection")
many_x <- matrix(stats::runif(23 * 3, -2, 2), 23)
many_d <- cbind(many_x[, 1] > 0, many_x[, 2] > many_x[, 3], many_x[, 3] > 1) + 0
many_weight <- stats::runif(23)
class_d <- diag(3)[1 + (seq_len(23) %% 3), ]

optimizers_to_try <- list(
  tp_optimizer("sgd", 0.1), tp_optimizer("sgd", 0.1, weight_decay = 0.02),
  tp_optimizer("momentum", 0.05), tp_optimizer("nesterov", 0.05, weight_decay = 0.01),
  tp_optimizer("rmsprop", 0.01), tp_optimizer("rmsprop", 0.01, momentum = 0.5),
  tp_optimizer("adam", 0.01, weight_decay = 0.01), tp_optimizer("rprop", 0.01)
)

# What tp_train() is given: each value of each setting, in many combinations.
settings_to_try <- function() {
  stream <- tp_random_stream(7)
  pick <- function(values) values[[ceiling(stream$uniform(1) * length(values))]]
  hidden <- names(tp_activations())[1:6]
  lapply(seq_len(160), function(i) {
    optimizer <- optimizers_to_try[[i %% length(optimizers_to_try) + 1L]]
    output <- pick(c("sigmoid", "softmax", hidden))
    order <- pick(c("simultaneous", "simultaneous", "output_first"))
    cost <- if (output == "softmax") "cross_entropy" else pick(names(tp_costs())[1:3])
    if (output == "sigmoid" && i %% 2 == 0) cost <- "cross_entropy"
    layers <- pick(list(c(3, 3), c(3, 4, 3), c(3, 2, 5, 3), c(3, 1, 3)))
    activations <- c(vapply(layers[-c(1, length(layers))], function(n) pick(hidden), ""), output)
    clip <- pick(list(NULL, 0.1))
    schedule <- pick(list(NULL, "exponential", "step", "cosine", "inverse"))
    list(
      network = tp_network(layers, activations, init = pick(c("xavier", "uniform")), seed = i),
      x = many_x, d = if (output == "softmax") class_d else many_d,
      cost = cost, rule = pick(c("gradient", names(tp_rules()))), update_order = order,
      optimizer = optimizer, batch_size = pick(c(1, 1, 2, 5, 23)), epochs = pick(c(1, 3, 6)),
      shuffle = pick(c(TRUE, FALSE)), seed = i,
      snapshots = pick(list(NULL, 1, c(1, 2, 3), c(2, 3, 6))),
      sample_weight = pick(list(NULL, many_weight)),
      dropout = if (length(layers) == 2) 0 else pick(c(0, 0, 0.3)),
      clip_norm = if (order == "simultaneous") clip,
      schedule = if (optimizer$settings$name != "rprop") schedule
    )
  })
}

# A training with all that can come of it: a run without its time, or an error.
outcome <- function(settings, arithmetic) {
  suppressWarnings(tryCatch(
    {
      run <- do.call(tp_train, c(settings, list(arithmetic = arithmetic)))
      run$seconds <- 0
      run
    },
    twinprop_error = function(e) {
      list(kind = class(e), message = conditionMessage(e), network = e$network)
    }
  ))
}

test_that("portable arithmetic has the same bits in the kernel and in R", {
  skip_without_kernel()
  runs <- 0
  for (settings in settings_to_try()) {
    with_it <- outcome(settings, "portable")
    expect_identical(with_it, without_kernel(outcome(settings, "portable")))
    runs <- runs + inherits(with_it, "tp_run")
  }
  expect_gt(runs, 100) # few of them end in an error
})

test_that("the kernel computes what R's fast arithmetic does", {
  skip_without_kernel()
  for (settings in settings_to_try()[1:60]) {
    if (settings$rule %in% c("proportional", "proportional_abs")) next # these magnify any gap
    with_it <- outcome(settings, "fast")
    without <- without_kernel(outcome(settings, "fast"))
    # which stands for the last bits too
    with_it[["fingerprint"]] <- without[["fingerprint"]] <- NULL
    expect_equal(with_it, without, tolerance = fast_gap)
  }
})

test_that("the kernel is what computes", {
  skip_without_kernel()
  network <- tp_network(c(2, 3, 1))
  train <- function(...) tp_train(network, xor_x, xor_d, epochs = 50, ...)$weights
  portable <- train(arithmetic = "portable")
  expect_identical(train(), portable)
  # what is recorded is R's own, and fast
  expect_false(identical(train(record = "steps"), portable))
  expect_false(identical(without_kernel(train()), portable))
})

test_that("a training goes on where the one before ended, with the kernel or without", {
  skip_without_kernel()
  for (optimizer in optimizers_to_try) {
    twice <- function(first, second) {
      train <- function(network, optimizer) {
        tp_train(
          network, many_x, many_d, optimizer = optimizer, epochs = 2, batch_size = 5,
          arithmetic = "portable"
        )
      }
      run <- first(train(tp_network(c(3, 4, 3), seed = 1), optimizer))
      second(train(run$network, run$optimizer))[c("weights", "biases", "cost", "optimizer")]
    }
    here <- twice(identity, identity)
    expect_identical(twice(identity, without_kernel), here)
    expect_identical(twice(without_kernel, identity), here)
  }
})

test_that("a training in many calls is the training in one", {
  skip_without_kernel()
  settings <- list(
    tp_network(c(3, 4, 3), seed = 1), many_x, many_d, optimizer = tp_optimizer("adam"),
    batch_size = 5, epochs = 7, shuffle = TRUE, dropout = 0.2, snapshots = c(1, 3, 12),
    schedule = "exponential"
  )
  in_one <- outcome(settings, "portable")
  by_few <- by_kernel
  for (updates in c(1, 3, 1000)) {
    for (epochs in c(1, 2, 5)) {
      way <- function(job, parameters, epochs_per_call, updates_per_call) {
        by_few(job, parameters, epochs, updates)
      }
      expect_identical(with_binding("by_kernel", way, outcome(settings, "portable")), in_one)
    }
  }
})

test_that("predictions and costs have the same bits in the kernel and in R", {
  skip_without_kernel()
  for (output in c("sigmoid", "softmax", "identity")) {
    network <- tp_network(c(3, 5, 3), c("tanh", output), seed = 3)
    cost <- if (output == "identity") "mse" else "cross_entropy"
    both <- function() {
      list(
        predict(network, many_x, arithmetic = "portable"),
        tp_mean_cost(network, many_x, class_d, cost, weight_decay = 0.1, arithmetic = "portable")
      )
    }
    expect_identical(both(), without_kernel(both()))
  }
})

test_that("an interrupt leaves the epochs that are complete", {
  skip_without_kernel()
  network <- tp_network(c(3, 4, 3), seed = 1)
  settings <- list(
    network, many_x, many_d, optimizer = tp_optimizer("adam"), batch_size = 5,
    arithmetic = "portable"
  )
  by_few <- by_kernel
  for (at in c(1, 3, 12, 15)) {
    stopped <- function(job, parameters, epochs_per_call, updates_per_call) {
      way <- by_few(job, parameters, 2, 3)
      made <- 0
      make <- way$make
      way$make <- function(updates) {
        made <<- made + 1
        if (made == at) stop(structure(class = c("interrupt", "condition"), list()))
        make(updates)
      }
      way
    }
    run <- with_binding(
      "by_kernel", stopped, suppressWarnings(do.call(tp_train, c(settings, list(epochs = 20))))
    )
    # 5 updates are an epoch, by 3 and 2
    epochs <- (at - 1) %/% 2
    expect_length(run$cost, epochs)
    want <- without_kernel(do.call(tp_train, c(settings, list(epochs = epochs))))
    expect_identical(run[c("weights", "biases", "optimizer")],
                     want[c("weights", "biases", "optimizer")])
  }
})

test_that("what does not fit never reaches C", {
  make <- function(x = t(many_x), d = t(many_d), layers = c(3, 4, 3), activations = "tanh",
                   batch_size = 5, ...) {
    kernel_trainer(
      layers, rep_len(activations, length(layers) - 1L), "mse", "gradient", "simultaneous",
      tp_optimizer()$settings, x, d, NULL, batch_size, 0, NULL
    )
  }
  expect_error(make(x = t(many_x)[1:2, ]), "x must be 69 doubles, got 46")
  expect_error(make(d = array(1L, c(3, 23))), "d must be 69 doubles, got 69 of type integer")
  expect_error(make(batch_size = 24), "batch_size must be from 1 to 23, got 24")
  expect_error(make(activations = "softmax"), "softmax must be the output layer's")
  expect_error(make(activations = "step"), "the kernel has no step")
  expect_error(make(layers = 3), "layers must be at least 2")
  call <- make()
  at <- list(
    parameters = numeric(31), state_1 = numeric(31), state_2 = 0, before = numeric(31), total = 0
  )
  expect_error(call(replace(at, "parameters", list(0)), 0, 1, 0, 0.1), "parameters must be 31")
  expect_error(call(at, 5, 1, 0, 0.1), "start must be from 0 to 4, got 5")
  expect_error(call(at, 0, 6, 0, 0.1), "rates must be 2 doubles, got 1")
  expect_error(call(at, 0, 1, 0, 0.1, order = 1:23), "order must be 1 orders of 23 rows")
})

test_that("a batch in chunks is the batch in one", {
  for (settings in settings_to_try()[1:60]) {
    if (settings$rule %in% c("proportional", "proportional_abs")) next
    in_one <- without_kernel(outcome(settings, "fast"))
    in_chunks <- with_binding("chunk_size", 4L, without_kernel(outcome(settings, "fast")))
    in_chunks[["fingerprint"]] <- in_one[["fingerprint"]] <- NULL
    expect_equal(in_chunks, in_one, tolerance = fast_gap)
  }
})

test_that("the hint is for the reference BLAS alone", {
  expect_match(
    blas_hint("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", "Linux"),
    "apt install libopenblas0-pthread", fixed = TRUE
  )
  expect_match(blas_hint("/opt/R/lib/libRblas.so", "Linux"), "libopenblas0-pthread", fixed = TRUE)
  expect_match(blas_hint("/usr/lib64/libblas.so.3.10.1", "Linux"), "reference BLAS", fixed = TRUE)
  expect_match(
    blas_hint("/Library/Frameworks/R.framework/Resources/lib/libRblas.0.dylib", "Darwin"),
    "Apple's", fixed = TRUE
  )
  expect_match(blas_hint("C:\\R\\bin\\x64\\Rblas.dll", "Windows"), "Rblas.dll", fixed = TRUE)
  for (path in c(
    "", "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3", "/opt/mkl/lib/libmkl_rt.so",
    "/usr/lib64/libflexiblas.so.3.0", "/usr/lib/x86_64-linux-gnu/atlas/libblas.so.3",
    "/System/Library/Frameworks/Accelerate.framework/vecLib.framework/libBLAS.dylib"
  )) {
    expect_null(blas_hint(path, "Linux"), label = path)
  }
})

test_that("the cross-check does without it", {
  skip_without_kernel()
  old <- Sys.getenv("TWINPROP_KERNEL", NA)
  on.exit(turn_kernel(old))
  Sys.setenv(TWINPROP_KERNEL = "on")
  with_binding("kernel_trainer", function(...) stop("it shares the kernel"), {
    expect_true(attr(tp_crosscheck("xor", engines = character()), "agrees"))
  })
  expect_identical(Sys.getenv("TWINPROP_KERNEL"), "on")
})
