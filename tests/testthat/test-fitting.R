# A fit against the same training by hand and others'. Twin: tests/python/test_fitting.py
#
# Referees: tp_train() with the same settings; repeated rows; glm() and nnet for the minimum of the
# same cost.

made <- function(n = 40, inputs = 3, outputs = 1, seed = 7) {
  stream <- tp_random_stream(seed)
  x <- matrix(2 * stream$uniform(n * inputs) - 1, n, byrow = TRUE)
  mix <- matrix(stream$uniform(inputs * outputs), inputs, byrow = TRUE)
  list(x = x, d = sin(2 * x %*% mix) + 0.1 * matrix(stream$uniform(n * outputs), n, byrow = TRUE))
}

iris_data <- dataset_plan_data("iris")
iris_strata <- max.col(iris_data$d)
never <- list(tol = 0, stop_iter = 10000)

# scikit-learn's rule: when more than `patience` epochs in a row were not below the best by tol
rule_by_hand <- function(losses, tol, patience) {
  best <- Inf
  count <- 0
  for (epoch in seq_along(losses)) {
    count <- if (losses[epoch] > best - tol) count + 1 else 0
    best <- min(best, losses[epoch])
    if (count > patience) {
      return(epoch)
    }
  }
}

test_that("a fit is a training", {
  data <- made()
  optimizers <- list(
    adam = tp_optimizer("adam", 0.02, 0.3 / 7, betas = c(0.8, 0.99), eps = 1e-7),
    sgd = tp_optimizer("sgd", 0.02, 0.3 / 7, momentum = 0.5, nesterov = TRUE),
    rmsprop = tp_optimizer("rmsprop", 0.02, 0.3 / 7, eps = 1e-7),
    rprop = tp_optimizer("rprop", 0.02, 0.3 / 7)
  )
  for (solver in names(optimizers)) {
    fit <- fit_network(data$x, data$d, c(never, list(
      hidden = c(4, 3), activation = c("tanh", "relu"), solver = solver, momentum = 0.5,
      beta_1 = 0.8, beta_2 = 0.99, epsilon = 1e-7, penalty = 0.3, batch_size = 7,
      learn_rate = 0.02, epochs = 9, seed = 5
    )), "regression")
    run <- tp_train(
      tp_network(c(3, 4, 3, 1), c("tanh", "relu", "identity"), seed = 5), data$x, data$d,
      optimizer = optimizers[[solver]], batch_size = 7, epochs = 9, shuffle = TRUE, seed = 5
    )
    expect_identical(fit$network, run$network)
    expect_identical(fit$loss_curve, run$cost)
    expect_identical(fit$updates, run$updates)
    expect_identical(fit$stopped, "max_iter")
    expect_false(fit$converged)
    expect_identical(fit$reason, "all 9 epochs were made before the loss had settled")
    expect_equal(fit$training, run$settings[names(run$settings) != "sample_weight"])
  }
})

test_that("a fit in portable arithmetic is such a training, with ordered sums around it", {
  data <- made()
  weight <- 0.1 + (seq_len(40) - 1) %% 3
  own <- list(data$x[1:9, ], data$d[1:9, , drop = FALSE], weight[1:9])
  for (solver in c("adam", "lbfgs")) {
    how <- c(never, list(
      solver = solver, seed = 5, epochs = 15, activation = "tanh", batch_size = NULL, penalty = 0.3
    ))
    fit <- fit_network(
      data$x, data$d, c(how, arithmetic = "portable"), "regression",
      sample_weight = weight, validation = own
    )
    expect_identical(fit$training$arithmetic, "portable")
    expect_identical(fit$settings$arithmetic, "portable")
    total <- 0
    for (w in weight) total <- total + w
    decay <- 0.3 / (40 * (total / 40))
    expect_identical(fit$training$optimizer$weight_decay, decay)
    if (solver == "adam") {
      run <- tp_train(
        tp_network(c(3, 8, 1), c("tanh", "identity"), seed = 5), data$x, data$d,
        optimizer = tp_optimizer("adam", 0.01, decay), batch_size = NULL, epochs = 15,
        shuffle = TRUE, seed = 5, sample_weight = weight, arithmetic = "portable"
      )
      expect_identical(fit$network, run$network)
      expect_identical(fit$loss_curve, run$cost)
    }
    share <- with_mean_1(weight[1:9], arithmetics$portable)
    errors <- predict(fit$network, own[[1]], arithmetic = "portable") - own[[2]]
    loss <- 0
    for (i in 1:9) loss <- loss + ((errors[i] * errors[i]) / 2) * share[i]
    expect_identical(fit$validation_loss_curve[15], loss / 9)
    fast <- without_kernel(
      fit_network(data$x, data$d, how, "regression", sample_weight = weight)
    )
    expect_identical(fast$training$arithmetic, "fast")
    expect_equal(fit$loss_curve, fast$loss_curve, tolerance = 1e-10)
    expect_false(identical(fit$loss_curve, fast$loss_curve))
  }
  expect_error(
    check_fit_settings(list(arithmetic = "slow")),
    'arithmetic must be one of "fast", "portable", got "slow"',
    class = "twinprop_input_error", fixed = TRUE
  )
})

test_that("schedules, dropout, clipping, rules and update orders go to the training", {
  data <- made()
  given <- list(
    dropout = 0.25, rule = "transpose", shuffle = FALSE, epochs = 6, batch_size = 32, seed = 3
  )
  schedules <- list(
    list("invscaling", "inverse"), list("cosine", "cosine"),
    list(list(name = "exponential", gamma = 0.5), list(name = "exponential", gamma = 0.5))
  )
  for (schedule in schedules) {
    for (order in list(list(clip_norm = 0.1), list(update_order = "output_first"))) {
      more <- c(given, order)
      fit <- fit_network(data$x, data$d, c(never, more, list(
        schedule = schedule[[1]], solver = "sgd", momentum = 0, penalty = 0, init = "he",
        batch_size = 32
      )), "regression")
      run <- do.call(tp_train, c(more, list(
        tp_network(c(3, 8, 1), c("relu", "identity"), "he", 3), data$x, data$d,
        optimizer = tp_optimizer("sgd", 0.01), schedule = schedule[[2]]
      )))
      expect_identical(fit$network, run$network)
    }
  }
})

test_that("it stops when the loss stalls", {
  fit <- fit_network(
    iris_data$x, iris_data$d, list(seed = 4, tol = 1e-3, stop_iter = 4), "classification"
  )
  expect_true(fit$converged)
  expect_identical(fit$reason, "the loss did not fall by 0.001 for more than 4 epochs")
  run <- tp_train(
    tp_network(c(4, 8, 3), c("relu", "softmax"), seed = 4), iris_data$x, iris_data$d,
    "cross_entropy", optimizer = tp_optimizer("adam", 0.01, 0.0001 / 32), batch_size = 32,
    epochs = 200, shuffle = TRUE, seed = 4
  )
  expect_identical(fit$n_iter, rule_by_hand(run$cost, 1e-3, 4))
  expect_identical(fit$loss_curve, run$cost[seq_len(fit$n_iter)])
  expect_equal(fit$best_epoch, which.min(fit$loss_curve))
})

test_that("early stopping keeps the best epoch", {
  fit <- fit_network(iris_data$x, iris_data$d, list(
    seed = 11, early_stopping = TRUE, validation = 0.2, tol = 1e-3, stop_iter = 5,
    batch_size = NULL, learn_rate = 0.05, penalty = 2, activation = "tanh"
  ), "classification", strata = iris_strata)
  u <- tp_random_stream(11)$uniform(150)
  held <- sort(order(iris_strata, u)[floor((1:30 - 0.5) * 150 / 30) + 1])
  expect_identical(fit$validation_rows, held)
  expect_identical(tabulate(iris_strata[held]), c(10L, 10L, 10L))
  run <- tp_train(
    tp_network(c(4, 8, 3), c("tanh", "softmax"), seed = 11), iris_data$x[-held, ],
    iris_data$d[-held, ], "cross_entropy", optimizer = tp_optimizer("adam", 0.05, 2 / 120),
    batch_size = NULL, epochs = 200, shuffle = TRUE, seed = 11, snapshots = 1:200
  )
  losses <- vapply(run$snapshots, function(snapshot) {
    tp_mean_cost(
      with_parameters(run$network, snapshot), iris_data$x[held, ], iris_data$d[held, ],
      "cross_entropy"
    )
  }, 0)
  expect_identical(fit$n_iter, rule_by_hand(losses, 1e-3, 5))
  expect_equal(fit$validation_loss_curve, losses[seq_len(fit$n_iter)], tolerance = 1e-14)
  best <- which.min(losses[seq_len(fit$n_iter)])
  expect_equal(fit$best_epoch, best)
  expect_lt(best, fit$n_iter)
  expect_identical(fit$network$weights, run$snapshots[[best]]$weights)
})

test_that("of equal epochs the first is the best", {
  data <- made()
  for (early_stopping in c(FALSE, TRUE)) {
    # in another order the same loss may differ in its last bit
    fit <- fit_network(data$x, data$d, list(
      learn_rate = 0, early_stopping = early_stopping, seed = 1, shuffle = FALSE
    ), "regression")
    # the first epoch is the best so far; eleven that are stalled follow
    expect_equal(c(fit$n_iter, fit$best_epoch), c(12, 1))
    expect_identical(fit$stopped, "tol")
  }
})

test_that("the split leaves rows to train on", {
  expect_length(split_rows(11, 0.1, 1)$held_out, 2)
  split <- split_rows(10, 0.2, 1)
  expect_identical(split$held_out, c(1L, 6L)) # as in Python, which counts from 0
  expect_identical(sort(c(split$kept, split$held_out)), 1:10)
  expect_error(
    split_rows(7, 0.999, 1),
    "validation must leave at least 1 row to train on, got 0.999 of 7 rows",
    class = "twinprop_input_error"
  )
})

test_that("weight 2 is the row twice, and weight 0 leaves it out", {
  data <- made(20)
  w <- rep(c(1, 2, 3, 0), 5)
  rows <- rep(1:20, w)
  for (solver in c("adam", "sgd", "lbfgs")) {
    settings <- c(never, list(
      solver = solver, batch_size = NULL, penalty = 0.5, epochs = 12, seed = 2, shuffle = FALSE
    ))
    weighted <- fit_network(data$x, data$d, settings, "regression", sample_weight = w)
    repeated <- fit_network(data$x[rows, ], data$d[rows, ], settings, "regression")
    # sums in another order, which L-BFGS amplifies from step to step
    tolerance <- if (solver == "lbfgs") 1e-8 else 1e-12
    expect_equal(weighted$network, repeated$network, tolerance = tolerance)
    expect_equal(weighted$loss_curve, repeated$loss_curve, tolerance = tolerance)
  }
  # whatever the batches
  w <- as.numeric(tp_random_stream(9)$uniform(150) < 0.7)
  settings <- list(seed = 3, epochs = 5, early_stopping = TRUE, dropout = 0.2)
  weighted <- fit_network(
    iris_data$x, iris_data$d, settings, "classification", iris_strata, sample_weight = w
  )
  kept <- w > 0
  fewer <- fit_network(
    iris_data$x[kept, ], iris_data$d[kept, ], settings, "classification", iris_strata[kept]
  )
  expect_identical(weighted$network, fewer$network)
  expect_identical(weighted$validation_rows, which(kept)[fewer$validation_rows])
})

test_that("class weights become weights of rows", {
  codes <- c(1, 1, 1, 2, 2, 3)
  names <- c("a", "b", "c")
  expect_equal(class_weight_rows(codes, names, "balanced"), c(2 / 3, 2 / 3, 2 / 3, 1, 1, 2))
  expect_identical(class_weight_rows(codes, names, c(c = 5)), c(1, 1, 1, 1, 1, 5))
  expect_null(class_weight_rows(codes, names, NULL))
  expect_error(
    class_weight_rows(codes, names, c(d = 1)), "class_weights names \"d\", which is no class",
    class = "twinprop_input_error"
  )
})

test_that("weights to start from may be a network, a fit or lists", {
  data <- made()
  given <- tp_network(c(3, 8, 1), c("relu", "identity"), "uniform", 8)
  settings <- list(seed = 1, epochs = 3)
  start <- function(from) {
    fit_network(data$x, data$d, c(settings, list(starting_weights = from)), "regression")$network
  }
  wanted <- start(given)
  expect_identical(start(given[c("weights", "biases")]), wanted)
  expect_identical(start(list(network = given)), wanted)
  expect_identical(
    fit_network(data$x, data$d, settings, "regression", network = given)$network, wanted
  )
  expect_false(identical(fit_network(data$x, data$d, settings, "regression")$network, wanted))
  expect_error(
    start(tp_network(c(3, 5, 1))),
    "starting_weights must be of a network of layers 3-8-1, got 3-5-1",
    class = "twinprop_input_error"
  )
  expect_error(
    start(7), "starting_weights must be null, a network made by tp_network",
    class = "twinprop_input_error"
  )
})

test_that("an optimiser goes on", {
  data <- made(32)
  settings <- c(never, list(seed = 1, shuffle = FALSE, batch_size = 8))
  fit <- function(epochs, ...) {
    fit_network(data$x, data$d, c(settings, list(epochs = epochs)), "regression", ...)
  }
  first <- fit(4)
  second <- fit(3, network = first$network, optimizer = first$optimizer)
  expect_identical(second$network, fit(7)$network)
})

test_that("a seed not given is drawn from the user's generator", {
  data <- made()
  fit <- function(...) fit_network(data$x, data$d, list(epochs = 2, ...), "regression")
  set.seed(3)
  first <- fit()
  second <- fit()
  set.seed(3)
  expect_identical(fit()$network, first$network)
  expect_false(identical(first$network, second$network))
  expect_identical(fit(seed = first$settings$seed)$network, first$network)
  before <- .Random.seed
  fit(seed = 1)
  expect_identical(.Random.seed, before)
})

test_that("callbacks see each epoch and may end it", {
  data <- made()
  seen <- list()
  callback <- function(epoch, loss, validation_loss, network) {
    seen[[epoch]] <<- list(loss, validation_loss, network)
    epoch == 4
  }
  fit <- fit_network(data$x, data$d, list(
    seed = 1, early_stopping = TRUE, callbacks = callback, tol = 0
  ), "regression")
  expect_identical(vapply(seen, `[[`, 0, 1), fit$loss_curve)
  expect_identical(vapply(seen, `[[`, 0, 2), fit$validation_loss_curve)
  expect_identical(seen[[fit$best_epoch]][[3]], fit$network)
  expect_identical(fit$stopped, "callback")
  expect_identical(fit$reason, "a callback ended it after epoch 4")
  expect_false(fit$converged)
  fit_network(
    data$x, data$d, list(seed = 1, epochs = 2), "regression",
    callbacks = list(function(epoch, loss, validation_loss, network) {
      expect_null(validation_loss)
    })
  )
})

test_that("an interruption keeps the best weights so far", {
  data <- made()
  for (solver in c("adam", "lbfgs")) {
    networks <- list()
    stop_at_3 <- function(epoch, loss, validation_loss, network) {
      networks[[epoch]] <<- network
      if (epoch == 3) stop(structure(class = c("interrupt", "condition"), list()))
      FALSE
    }
    settings <- list(seed = 1, callbacks = stop_at_3, solver = solver)
    said <- NULL
    fit <- withCallingHandlers(
      fit_network(data$x, data$d, settings, "regression"),
      twinprop_interrupted = function(w) {
        said <<- conditionMessage(w)
        invokeRestart("muffleWarning")
      }
    )
    expect_identical(
      said, "fit interrupted after 3 epochs; it keeps the weights after epoch 3"
    )
    expect_identical(fit$network, networks[[3]])
    expect_identical(fit$stopped, "interrupt")
    expect_false(fit$converged)

    # a validation loss that rises from the first epoch on: that one is kept
    far <- list(data$x, 100 - 50 * data$d)
    start <- fit_network(
      far[[1]], far[[2]], list(seed = 1, solver = solver, epochs = 200), "regression"
    )
    settings$early_stopping <- TRUE
    expect_warning(
      fit <- fit_network(
        data$x, data$d, settings, "regression", validation = far, network = start$network
      ),
      "after 3 epochs; it keeps the weights after epoch 1", class = "twinprop_interrupted"
    )
    expect_identical(fit$network, networks[[1]])
  }
})

test_that("progress is told", {
  data <- made()
  for (solver in c("adam", "lbfgs")) {
    said <- capture.output(
      invisible(fit_network(
        data$x, data$d, list(seed = 1, epochs = 2, solver = solver), "regression", progress = TRUE
      )),
      type = "message"
    )
    expect_match(said, "^epoch [12]/2 cost ", all = TRUE)
    expect_length(said, 2)
  }
})

test_that("a divergence is an error that carries the network", {
  data <- made()
  failed <- tryCatch(
    fit_network(data$x, data$d, list(
      solver = "sgd", learn_rate = 1e200, activation = "identity", batch_size = 1, seed = 1
    ), "regression"),
    twinprop_divergence_error = function(e) e
  )
  expect_match(conditionMessage(failed), "became NaN or Inf in epoch 1")
  expect_identical(failed$network, tp_network(c(3, 8, 1), "identity", seed = 1))
  expect_error(
    fit_network(1e300 * data$x, 1e300 * data$d, list(solver = "lbfgs"), "regression"),
    "NaN or Inf before training", class = "twinprop_divergence_error"
  )
})

test_that("lbfgs without hidden layer and penalty is glm()", {
  x <- iris_data$x
  y <- as.numeric(iris_strata == 2) # not separable: there is a minimum
  fit <- fit_network(
    x, y, list(hidden = 0, solver = "lbfgs", penalty = 0, tol = 1e-10, seed = 1), "classification"
  )
  expect_true(fit$converged)
  by_glm <- stats::glm(y ~ x, family = stats::binomial(), control = list(epsilon = 1e-14))
  expect_equal(
    c(fit$network$biases[[1]], fit$network$weights[[1]]), unname(stats::coef(by_glm)),
    tolerance = 1e-6
  )
  # the cross entropy is half the deviance by n
  expect_equal(fit$loss_curve[fit$n_iter], by_glm$deviance / 300, tolerance = 1e-12)
  # softmax: two classes are the same as one output, with an equal share of the weights
  two <- fit_network(
    x, cbind(1 - y, y), list(hidden = 0, solver = "lbfgs", penalty = 0, tol = 1e-10, seed = 1),
    "classification"
  )
  expect_equal(predict(two$network, x)[, 2], unname(stats::fitted(by_glm)), tolerance = 1e-6)
})

test_that("nnet's minima are minima here, and the deepest is as deep", {
  skip_if_not_installed("nnet")
  data <- made(60)
  settings <- list(
    hidden = 2, activation = "sigmoid", solver = "lbfgs", penalty = 0, tol = 1e-8, epochs = 1000,
    stop_iter = 1000, seed = 1
  )
  # nnet's weights: unit by unit, the bias first; its cost is the sum of squares, 2 n half_mse
  as_wts <- function(network) {
    unlist(Map(function(w, b) t(cbind(b, w)), network$weights, network$biases))
  }
  found <- vapply(1:5, function(seed) {
    start <- tp_network(c(3, 2, 1), c("sigmoid", "identity"), "uniform", seed)
    wts <- nnet::nnet(
      data$x, data$d, size = 2, Wts = as_wts(start), linout = TRUE, trace = FALSE, maxit = 20000,
      reltol = 1e-16, abstol = 0
    )
    theirs <- list(
      weights = list(rbind(wts$wts[2:4], wts$wts[6:8]), rbind(wts$wts[10:11])),
      biases = list(wts$wts[c(1, 5)], wts$wts[9])
    )
    fit <- function(start) fit_network(data$x, data$d, settings, "regression", network = start)$loss
    from_theirs <- fit(make_network(start$layers, start$activations, theirs$weights, theirs$biases))
    c(theirs = wts$value / 120, from_theirs = from_theirs, ours = fit(start))
  }, numeric(3))
  # from nnet's weights there is no way down to speak of: the valleys are flat
  expect_equal(found["from_theirs", ], found["theirs", ], tolerance = 1e-3)
  # two ways down from one start may end in different minima; the deepest is the same
  expect_equal(min(found["ours", ]), min(found["theirs", ]), tolerance = 1e-3)
})

test_that("lbfgs ends where the gradient vanishes", {
  data <- made(outputs = 2)
  fit <- fit_network(data$x, data$d, list(
    solver = "lbfgs", tol = 1e-7, epochs = 5000, penalty = 0.1, seed = 1, stop_iter = 5000,
    activation = "tanh"
  ), "regression")
  expect_identical(fit$stopped, "gradient")
  backward <- tp_backward(fit$network, tp_forward(fit$network, data$x), data$d)
  gradients <- unlist(Map(
    function(g, w) g + 0.1 / 40 * w, backward$grad_weights, fit$network$weights
  ))
  expect_lt(max(abs(gradients)), 1.1e-7)
  expect_equal(
    fit$loss_curve[fit$n_iter],
    tp_mean_cost(fit$network, data$x, data$d, weight_decay = 0.1 / 40), tolerance = 1e-13
  )
  expect_identical(
    fit$training$optimizer, list(name = "lbfgs", weight_decay = 0.1 / 40, memory = 10)
  )
})

test_that("auto stands for what fits the task", {
  resolved <- function(...) unname(unlist(resolve_outputs(...)))
  expect_identical(resolved("regression", 1, "auto", "auto"), c("identity", "half_mse"))
  expect_identical(resolved("classification", 1, "auto", "auto"), c("sigmoid", "cross_entropy"))
  expect_identical(resolved("classification", 3, "auto", "auto"), c("softmax", "cross_entropy"))
  expect_identical(resolved("classification", 3, "auto", "half_sse"), c("sigmoid", "half_sse"))
  expect_identical(resolved("classification", 3, "tanh", "auto"), c("tanh", "half_mse"))
  expect_identical(resolved("multilabel", 3, "auto", "auto"), c("sigmoid", "cross_entropy"))
  auto <- vapply(solvers, resolve_batch_size, 0, value = "auto", rows = 1000)
  expect_identical(auto, c(adam = 32, sgd = 200, rmsprop = 32, rprop = 1000, lbfgs = 1000))
  expect_equal(resolve_batch_size(50, "lbfgs", 1000), 1000)
  expect_equal(resolve_batch_size(5000, "sgd", 1000), 1000)
  expect_equal(resolve_batch_size(NULL, "sgd", 1000), 1000)
})

# All messages: tests/cross/test_fitting.py.
test_that("what does not fit is refused", {
  data <- made()
  refused <- function(message, ...) {
    given <- utils::modifyList(list(x = data$x, d = data$d, task = "regression"), list(...))
    expect_error(do.call(fit_network, given), message, fixed = TRUE, class = "twinprop_input_error")
  }
  refused("task must be one of \"regression\", \"classification\", \"multilabel\"", task = "reg")
  refused("unknown key \"lr\" in settings; allowed: \"hidden\"", settings = list(lr = 1))
  refused("validation must be null or a list of x, d and perhaps", validation = 3)
  refused("validation x row 1 must have 3 values, got 2", validation = list(data$x[, 1:2], data$d))
  refused("sample_weight must have 40 values, got 2", sample_weight = c(1, 2))
  refused("strata must have 40 values, got 2", strata = 1:2)
  refused("d must have as many rows as x (3), got 40", x = data$x[1:3, ])
  refused("dropout 0, got 0.1", settings = list(solver = "lbfgs", dropout = 0.1))
  expect_identical(
    fit_network(data$x, data$d[, 1], list(seed = 1, epochs = 2), "regression")$network,
    fit_network(data$x, data$d, list(seed = 1, epochs = 2), "regression")$network
  )
})
