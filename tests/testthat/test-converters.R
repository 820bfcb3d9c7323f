# Networks from and to other packages predict the same. Twin: tests/python/test_converters.py

# Sums in another order and another exp: a few last bits of numbers of size 1 (section 10 of the
# contract).
equal <- 1e-12

# nnet takes a sigmoid below -15 for 0 and above 15 for 1; exp(-15) is 3.06e-7.
nnet_sigmoid <- 3.1e-7

gap <- function(got, want) {
  expect_identical(dim(got), dim(want))
  max(abs(got - want)) / max(1, abs(want))
}

make_network <- function(layers, activations, seed = 3) {
  tp_network(layers, activations, init = "uniform", seed = seed)
}

make_rows <- function(columns, rows = 60, seed = 11) {
  x <- matrix(8 * tp_random_stream(seed)$uniform(rows * columns) - 4, rows, byrow = TRUE)
  colnames(x) <- paste0("x", seq_len(columns))
  x
}

# The activations anew, from their definitions.
forward <- function(name, z) {
  switch(name,
    sigmoid = 1 / (1 + exp(-z)),
    tanh = tanh(z),
    relu = ifelse(z > 0, z, 0),
    leaky_relu = ifelse(z > 0, z, 0.01 * z),
    softplus = log(1 + exp(z)),
    identity = z,
    softmax = exp(z) / rowSums(exp(z))
  )
}

# nnet

three_classes <- function(x) {
  outer(cut(x[, 1L], c(-Inf, -0.3, 0.4, Inf), labels = FALSE), 1:3, `==`) + 0
}

# What nnet's cut of sums beyond 15 leaves.
nnet_tolerance <- function(network, x) {
  z <- tp_forward(network, x)$z[network$activations == "sigmoid"]
  if (max(abs(unlist(z))) > 15) nnet_sigmoid else equal
}

fit_nnet <- function(...) {
  set.seed(2)
  nnet::nnet(..., rang = 0.5, trace = FALSE, maxit = 20)
}

test_that("a regression of nnet predicts the same", {
  skip_if_not_installed("nnet")
  x <- make_rows(3) / 4
  for (y in list(x[, 1L]^2, x[, 1:2])) {
    fit <- fit_nnet(x, y, size = 4, linout = TRUE, decay = 0.01)
    network <- tp_from_nnet(fit)
    expect_identical(network$activations, c("sigmoid", "identity"))
    expect_lte(gap(unname(predict(network, x)), unname(predict(fit, x))), equal)
  }
})

test_that("a classification of nnet predicts the same", {
  skip_if_not_installed("nnet")
  x <- make_rows(3) / 4
  cases <- list(
    softmax = fit_nnet(x, three_classes(x), size = 4, softmax = TRUE),
    sigmoid = fit_nnet(x, three_classes(x), size = 4),
    sigmoid = fit_nnet(x, cbind(as.numeric(x[, 1L] > 0)), size = 3, entropy = TRUE, decay = 0.1)
  )
  for (i in seq_along(cases)) {
    fit <- cases[[i]]
    network <- tp_from_nnet(fit)
    expect_identical(network$activations, c("sigmoid", names(cases)[i]))
    got <- gap(unname(predict(network, x)), unname(predict(fit, x)))
    expect_lte(got, nnet_tolerance(network, x))
  }
})

test_that("a fit of nnet by formula takes the columns of its model matrix", {
  skip_if_not_installed("nnet")
  data <- datasets::iris
  fit <- fit_nnet(Species ~ Sepal.Length * Petal.Width, data, size = 2, decay = 0.1)
  x <- stats::model.matrix(~ Sepal.Length * Petal.Width, data)[, -1L]
  expect_identical(colnames(x), fit$coefnames)
  network <- tp_from_nnet(fit)
  got <- gap(unname(predict(network, x)), unname(predict(fit, data)))
  expect_lte(got, nnet_tolerance(network, x))
  two <- data[data$Species != "setosa", ]
  two$Species <- factor(two$Species)
  fit <- fit_nnet(Species ~ Sepal.Length + Sepal.Width, two, size = 2, decay = 0.1)
  network <- tp_from_nnet(fit)
  x <- two[c("Sepal.Length", "Sepal.Width")]
  got <- predict(network, x)
  expect_lte(gap(unname(got), unname(predict(fit, two))), nnet_tolerance(network, x))
  # the probability of the second level
  expect_identical(predict(fit, two, type = "class"), levels(two$Species)[1 + (got[, 1L] > 0.5)])
})

test_that("nnet without a hidden layer is a network without one", {
  skip_if_not_installed("nnet")
  x <- make_rows(3) / 4
  for (y in list(cbind(x[, 1L] + x[, 2L]), x[, 1:2])) {
    fit <- fit_nnet(x, y, size = 0, skip = TRUE, linout = TRUE)
    network <- tp_from_nnet(fit)
    expect_identical(network$layers, c(3L, ncol(y)))
    expect_lte(gap(unname(predict(network, x)), unname(predict(fit, x))), equal)
  }
})

test_that("nnet's cut of large sums is all that is different", {
  skip_if_not_installed("nnet")
  x <- make_rows(2)
  fit <- fit_nnet(x, cbind(x[, 1L]), size = 3, linout = TRUE)
  fit$wts <- 10 * fit$wts
  fit$wts[10:13] <- c(0.1, 0.2, -0.3, 0.4)
  network <- tp_from_nnet(fit)
  expect_gt(max(abs(tp_forward(network, x)$z[[1L]])), 15)
  got <- gap(unname(predict(network, x)), unname(predict(fit, x)))
  expect_gt(got, equal)
  expect_lte(got, nnet_sigmoid)
})

test_that("what a network cannot hold of nnet is refused", {
  skip_if_not_installed("nnet")
  x <- make_rows(2) / 4
  y <- outer(1 + (x[, 1L] > 0), 1:2, `==`) + 0
  expect_input_error(
    tp_from_nnet(fit_nnet(x, y, size = 2, skip = TRUE)),
    "fit must not have connections that skip the hidden layer"
  )
  expect_input_error(
    tp_from_nnet(fit_nnet(x, y, size = 2, censored = TRUE)),
    "fit must not be censored: its outputs are no probabilities of one class"
  )
  expect_input_error(
    tp_from_nnet(nnet::multinom(Species ~ Sepal.Length, datasets::iris, trace = FALSE)),
    "fit must be what nnet() returned, got one of multinom()"
  )
  expect_input_error(
    tp_from_nnet(stats::lm(dist ~ speed, datasets::cars)),
    "fit must be what nnet() returned, got a lm"
  )
  expect_input_error(tp_from_nnet(3), "fit must be what nnet() returned, got 3")
})

# neuralnet, which is not installed: a fit built after its documented structure, and its predict()
# anew

make_neuralnet <- function(layers, act, linear, seeds = 5) {
  functions <- list(logistic = function(x) 1 / (1 + exp(-x)), tanh = function(x) tanh(x))
  fct <- functions[[act]]
  attr(fct, "type") <- act
  weights <- lapply(seeds, function(seed) {
    start <- tp_starting_weights(layers, "uniform", seed)
    lapply(seq_along(start$weights), function(l) {
      block <- rbind(start$biases[[l]], t(start$weights[[l]]))
      dimnames(block) <- NULL
      block
    })
  })
  structure(
    class = "nn",
    list(
      model.list = list(response = "y", variables = paste0("x", seq_len(layers[1L]))),
      act.fct = fct, linear.output = linear, weights = weights,
      result.matrix = rbind(error = c(3, 1, 2)[seq_along(seeds)], steps = 10)
    )
  )
}

predict_neuralnet <- function(fit, x, rep) {
  blocks <- fit$weights[[rep]]
  for (l in seq_along(blocks)) {
    x <- cbind(1, x) %*% blocks[[l]]
    if (l < length(blocks) || !fit$linear.output) x <- fit$act.fct(x)
  }
  x
}

test_that("a fit of neuralnet predicts the same", {
  for (act in c("logistic", "tanh")) {
    for (linear in c(TRUE, FALSE)) {
      for (layers in list(c(3, 2), c(3, 4, 1), c(2, 3, 3, 2))) {
        fit <- make_neuralnet(layers, act, linear, seeds = 5:7)
        x <- make_rows(layers[1L])
        for (rep in list(1, 3, "best")) {
          which_rep <- if (identical(rep, "best")) 2L else rep
          got <- predict(tp_from_neuralnet(fit, rep), x)
          expect_lte(gap(unname(got), unname(predict_neuralnet(fit, x, which_rep))), equal)
        }
      }
    }
  }
})

test_that("what a network cannot hold of neuralnet is refused", {
  fit <- make_neuralnet(c(2, 3, 1), "tanh", TRUE)
  own <- fit
  attr(own$act.fct, "type") <- "function"
  expect_input_error(
    tp_from_neuralnet(own),
    "act.fct of the fit must be one of \"logistic\", \"tanh\", \"relu\", got \"function\""
  )
  expect_input_error(tp_from_neuralnet(fit, 2), "rep must be an integer from 1 to 1, got 2")
  expect_input_error(
    tp_from_neuralnet(datasets::cars), "fit must be what neuralnet() returned, got a data.frame"
  )
  fit$weights <- NULL
  expect_input_error(
    tp_from_neuralnet(fit), "fit must have weights: no repetition of the training converged"
  )
  fit$weights <- list(list(matrix(1, 3, 2), matrix(1, 2, 1)))
  expect_input_error(tp_from_neuralnet(fit), "weights layer 3 row 1 must have 2 values, got 1")
})

test_that("the output function of later versions of neuralnet counts", {
  fit <- make_neuralnet(c(2, 3, 1), "tanh", FALSE)
  fit$output.act.fct <- structure(function(x) 1 / (1 + exp(-x)), type = "logistic")
  expect_identical(tp_from_neuralnet(fit)$activations, c("tanh", "sigmoid"))
  fit$linear.output <- TRUE
  expect_identical(tp_from_neuralnet(fit)$activations, c("tanh", "identity"))
})

# keras: W is (in, out)

test_that("weights of keras predict the same", {
  cases <- list(
    list(c(3, 1), "identity"), list(c(2, 4, 1), "sigmoid"),
    list(c(3, 4, 4, 2), c("relu", "leaky_relu", "tanh")),
    list(c(2, 5, 3), c("softplus", "softmax"))
  )
  for (case in cases) {
    network <- make_network(case[[1L]], case[[2L]])
    weights <- tp_to_keras_weights(network)
    expect_identical(tp_from_keras_weights(weights, network$activations), network)
    x <- make_rows(case[[1L]][1L])
    a <- unname(x)
    for (l in seq_along(network$activations)) {
      z <- a %*% weights[[2 * l - 1]] + rep(weights[[2 * l]], each = nrow(a))
      a <- forward(network$activations[l], z)
    }
    expect_lte(gap(unname(predict(network, x)), a), equal)
  }
  # as R's keras gives vectors
  as_array <- lapply(weights, function(w) if (is.matrix(w)) w else array(w, length(w)))
  expect_identical(tp_from_keras_weights(as_array, network$activations), network)
})

test_that("weights of keras may lack biases, and are refused when they do not fit", {
  network <- tp_from_keras_weights(list(matrix(1, 2, 3), matrix(1, 3, 1), 2), "linear")
  expect_identical(predict(network, rbind(c(1, 2))), matrix(11))
  kernel <- matrix(1, 2, 3)
  refused <- function(weights, message) {
    expect_input_error(tp_from_keras_weights(weights, "tanh"), message)
  }
  refused(3, "weights must be a list of matrices (in, out) and vectors (out), got 3")
  refused(list(), "weights must be a list of matrices (in, out) and vectors (out), got a list of 0")
  refused(list(c(1, 2)), "weights entry 1 must be a matrix (in, out), got one of shape (2)")
  refused(
    list(kernel, 1:3, 1:3), "weights entry 3 must be a matrix (in, out), got one of shape (3)"
  )
  refused(
    list(kernel, array(1, c(2, 2, 2))),
    "weights entry 2 must be a matrix (in, out) or a vector (out), got one of shape (2, 2, 2)"
  )
  refused(
    list(kernel, "a"),
    "weights entry 2 must be a matrix (in, out) or a vector (out) of numbers, got \"a\""
  )
  refused(list(kernel, 1:2), "biases layer 2 must have 3 values, got 2")
  refused(list(kernel, matrix(1, 2, 2)), "weights layer 3 row 1 must have 3 values, got 2")
})

# Toy-Neural-Network-JS: its predict() anew

make_toy <- function() {
  network <- make_network(c(3, 4, 2), "sigmoid")
  toy_matrix <- function(values) {
    values <- as.matrix(values)
    list(
      rows = nrow(values), cols = ncol(values),
      data = lapply(seq_len(nrow(values)), function(i) as.list(values[i, ]))
    )
  }
  list(
    input_nodes = 3, hidden_nodes = 4, output_nodes = 2,
    weights_ih = toy_matrix(network$weights[[1L]]), weights_ho = toy_matrix(network$weights[[2L]]),
    bias_h = toy_matrix(network$biases[[1L]]), bias_o = toy_matrix(network$biases[[2L]]),
    learning_rate = 0.1, activation_function = structure(list(), names = character())
  )
}

as_json <- function(data) {
  as.character(jsonlite::toJSON(data, auto_unbox = TRUE, digits = NA, null = "null"))
}

# JSON that jsonlite writes has 15 digits.
digits <- 1e-13

write_file <- function(text) {
  path <- tempfile(fileext = ".json")
  writeLines(text, path)
  path
}

test_that("a network of Toy-Neural-Network-JS predicts the same", {
  toy <- make_toy()
  x <- make_rows(3)
  toy_predict <- function(row, f) {
    layer <- function(weights, bias, values) {
      vapply(seq_along(toy[[weights]]$data), function(k) {
        w <- unlist(toy[[weights]]$data[[k]])
        f(sum(w * values) + toy[[bias]]$data[[k]][[1L]])
      }, 0)
    }
    layer("weights_ho", "bias_o", layer("weights_ih", "bias_h", row))
  }
  path <- write_file(as_json(toy))
  for (activation in c("sigmoid", "tanh")) {
    want <- t(apply(x, 1L, toy_predict, function(z) forward(activation, z)))
    expect_lte(gap(unname(predict(tp_from_toy_nn(toy, activation), x)), unname(want)), equal)
    for (data in list(as_json(toy), path)) {
      expect_lte(gap(unname(predict(tp_from_toy_nn(data, activation), x)), unname(want)), digits)
    }
  }
})

test_that("what is no network of Toy-Neural-Network-JS is refused", {
  toy <- make_toy()
  changed <- function(...) utils::modifyList(toy, list(...))
  expect_input_error(
    tp_from_toy_nn(changed(input_nodes = 0)), "input_nodes must be an integer >= 1, got 0"
  )
  expect_input_error(
    tp_from_toy_nn(changed(hidden_nodes = 5)), "weights_ih.data must have 5 rows, got 4"
  )
  expect_input_error(tp_from_toy_nn(changed(bias_o = 3)), "bias_o must be an object, got 3")
  expect_input_error(
    tp_from_toy_nn(changed(weights_ho = list(data = NULL))), "weights_ho.data must be given"
  )
  toy$weights_ih <- NULL
  expect_input_error(tp_from_toy_nn(toy), "weights_ih must be given")
  expect_input_error(
    tp_from_toy_nn("none.json"), "cannot read the network: no file \"none.json\""
  )
  expect_error(
    tp_from_toy_nn("{\"input_nodes\": "), "the network is not valid JSON: ",
    class = "twinprop_input_error"
  )
  expect_input_error(tp_from_toy_nn("[]"), "the network must be an object, got a list of 0")
})

# brain.js: its run() anew, in float64

brain_names <- c(sigmoid = "sigmoid", relu = "relu", `leaky-relu` = "leaky_relu", tanh = "tanh")

make_brain <- function(activation, inputs = c("0", "1", "2")) {
  network <- make_network(c(3, 4, 2), brain_names[[activation]])
  as_rows <- function(w) lapply(seq_len(nrow(w)), function(k) as.list(w[k, ]))
  second <- list(
    type = "NeuralNetwork", sizes = list(3, 4, 2),
    layers = c(
      list(list(weights = list(), biases = list())),
      lapply(1:2, function(l) {
        list(weights = as_rows(network$weights[[l]]), biases = as.list(network$biases[[l]]))
      })
    ),
    trainOpts = list(activation = activation, leakyReluAlpha = 0.01, timeout = "Infinity")
  )
  empty <- structure(list(), names = character())
  layers <- list(stats::setNames(rep(list(empty), 3), inputs))
  for (l in 1:2) {
    before <- names(layers[[l]])
    w <- network$weights[[l]]
    neurons <- lapply(seq_len(nrow(w)), function(k) {
      list(bias = network$biases[[l]][k], weights = stats::setNames(as.list(w[k, ]), before))
    })
    layers[[l + 1L]] <- stats::setNames(neurons, seq_len(nrow(w)) - 1L)
  }
  first <- list(
    sizes = list(3, 4, 2), layers = layers, activation = activation,
    trainOpts = list(iterations = 20000)
  )
  list(second = second, first = first, network = network)
}

test_that("a network of brain.js predicts the same", {
  x <- make_rows(3)
  for (activation in names(brain_names)) {
    for (inputs in list(c("0", "1", "2"), c("r", "g", "b"))) {
      brain <- make_brain(activation, inputs)
      a <- unname(x)
      for (l in 1:2) {
        layer <- brain$second$layers[[l + 1L]]
        w <- matrix(unlist(layer$weights), length(layer$weights), byrow = TRUE)
        z <- a %*% t(w) + rep(unlist(layer$biases), each = nrow(a))
        a <- forward(brain_names[[activation]], z)
      }
      for (data in brain[c("second", if (activation != "leaky-relu") "first")]) {
        expect_lte(gap(unname(predict(tp_from_brain_js(data), x)), a), equal)
        expect_lte(gap(unname(predict(tp_from_brain_js(as_json(data)), x)), a), digits)
      }
    }
  }
})

test_that("what is no network of brain.js is refused", {
  brain <- make_brain("leaky-relu")
  second <- brain$second
  changed <- function(key, value) {
    second[[key]] <- value
    second
  }
  expect_input_error(
    tp_from_brain_js(changed("type", "LSTM")),
    "type must be one of \"NeuralNetwork\", \"NeuralNetworkGPU\", got \"LSTM\""
  )
  expect_input_error(
    tp_from_brain_js(changed("layers", 3)), "layers must be a list of at least 2 layers, got 3"
  )
  expect_input_error(
    tp_from_brain_js(changed("layers", list(list(), 3))), "layers entry 2 must be an object, got 3"
  )
  expect_input_error(
    tp_from_brain_js(changed("trainOpts", list(activation = "leaky-relu", leakyReluAlpha = 0.2))),
    "trainOpts.leakyReluAlpha must be 0.01, got 0.2"
  )
  expect_input_error(
    tp_from_brain_js(changed("trainOpts", list(activation = "swish"))),
    paste0(
      "trainOpts.activation must be one of \"sigmoid\", \"relu\", \"leaky-relu\", \"tanh\", ",
      "got \"swish\""
    )
  )
  expect_input_error(
    tp_from_brain_js(changed("trainOpts", 3)), "trainOpts must be an object, got 3"
  )
  expect_input_error(
    tp_from_brain_js(changed("layers", list(list(), list(weights = list(list(1)))))),
    "layers entry 2, biases must be given"
  )
  expect_input_error(
    tp_from_brain_js(changed("layers", list(list(), list(weights = list(), biases = list())))),
    paste(
      "layers entry 2, weights must be a list of rows, each a list of numbers,",
      "got a list of 0"
    )
  )
  second$layers <- NULL
  expect_input_error(tp_from_brain_js(second), "layers must be given")
  expect_input_error(
    tp_from_brain_js(brain$first),
    paste0(
      "trainOpts.activation must be one of \"sigmoid\", \"relu\", \"tanh\", got \"leaky-relu\""
    )
  )
  first <- make_brain("tanh")$first
  first$layers[[2L]][["2"]]$weights[["1"]] <- NULL
  expect_input_error(
    tp_from_brain_js(first), "layers entry 2, neuron \"2\", weights, 1 must be given"
  )
  first$layers[[2L]][["2"]] <- 3
  expect_input_error(
    tp_from_brain_js(first), "layers entry 2, neuron \"2\" must be an object, got 3"
  )
})

test_that("what is no network is refused", {
  expect_input_error(
    tp_to_keras_weights(3), "model must be a model, a network or a fit, got 3"
  )
})
