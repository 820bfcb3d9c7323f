# Networks to and from other packages. Twins: python/twinprop/converters.py
#
# The table of docs/converters.md says what each takes, gives, loses and refuses. Here W[l] is
# (n_l, n_{l-1}); keras holds its transpose, neuralnet that with the biases above it, nnet all of
# them as one vector. JavaScript has no twin: a page has no files of these packages, but for
# brain.js, which Python and R read.

# brain.js's names of activations, and ours.
brain_activations <- c(
  sigmoid = "sigmoid", relu = "relu", `leaky-relu` = "leaky_relu", tanh = "tanh"
)

# The network of matrices (n_l, n_{l-1}); sizes that do not fit are its own message.
made_of <- function(weights, biases, activations) {
  layers <- c(ncol(weights[[1L]]), vapply(weights, nrow, 0L))
  tp_network(layers, activations, weights = weights, biases = biases)
}

shape_of <- function(array) {
  paste0("(", paste(if (is.null(dim(array))) length(array) else dim(array), collapse = ", "), ")")
}

# nnet ---------------------------------------------------------------------------------------------

#' A network from a fit of nnet or neuralnet
#'
#' @param fit What `nnet()` of the package nnet or `neuralnet()` of the package neuralnet returned.
#' @return A network, as [tp_network()] makes it. Its inputs are the columns of the model matrix
#'   without the intercept, in the order of `fit$coefnames` (nnet, by formula) or
#'   `fit$model.list$variables` (neuralnet); its outputs those of `predict(fit, type = "raw")`, of a
#'   factor with two levels the probability of the second. nnet's `linout` makes identity outputs,
#'   `softmax` softmax outputs, else they are sigmoid. nnet takes a sigmoid below -15 for 0 and
#'   above 15 for 1, which is up to 3.1e-7 away; a network does not.
#' @section Errors: `twinprop_input_error` if fit is not as described, or a fit that a network
#'   cannot hold: with connections that skip the hidden layer, `censored`, of `multinom()`, or with
#'   an activation function of one's own.
#' @seealso [tp_convert_penalty()] for nnet's decay
#' @examples
#' if (requireNamespace("nnet", quietly = TRUE)) {
#'   set.seed(1)
#'   fit <- nnet::nnet(dist ~ speed, cars, size = 2, linout = TRUE, trace = FALSE)
#'   network <- tp_from_nnet(fit)
#'   cbind(predict(fit), predict(network, cars["speed"]))[1:3, ]
#' }
#' @export
tp_from_nnet <- function(fit) {
  if (!inherits(fit, "nnet") || is.null(fit$wts) || length(fit$n) != 3L) {
    input_error("fit must be what nnet() returned, got ", describe_class(fit))
  }
  if (inherits(fit, "multinom")) {
    input_error("fit must be what nnet() returned, got one of multinom()")
  }
  if (isTRUE(fit$censored)) {
    input_error("fit must not be censored: its outputs are no probabilities of one class")
  }
  n <- as.integer(fit$n)
  layers <- n[n > 0L]
  # the units that each unit has weights from, its bias among them, must be those of one layer
  expected <- sum((layers[-length(layers)] + 1L) * layers[-1L])
  if (length(fit$wts) != expected) {
    input_error("fit must not have connections that skip the hidden layer")
  }
  output <- if (isTRUE(fit$softmax)) {
    "softmax"
  } else if (fit$nsunits < fit$nunits) {
    "identity"
  } else {
    "sigmoid"
  }
  weights <- biases <- list()
  start <- 0L
  for (l in seq_len(length(layers) - 1L)) {
    size <- (layers[l] + 1L) * layers[l + 1L]
    # unit by unit, its bias first
    block <- matrix(fit$wts[start + seq_len(size)], layers[l + 1L], byrow = TRUE)
    weights[[l]] <- block[, -1L, drop = FALSE]
    biases[[l]] <- block[, 1L]
    start <- start + size
  }
  made_of(weights, biases, c(rep("sigmoid", length(layers) - 2L), output))
}

describe_class <- function(value) {
  if (is.list(value) && !is.null(oldClass(value))) paste("a", class(value)[1L]) else describe(value)
}

# neuralnet ----------------------------------------------------------------------------------------

#' @rdname tp_from_nnet
#' @param rep Which repetition of a neuralnet fit; `"best"` has the smallest error.
#' @export
tp_from_neuralnet <- function(fit, rep = 1) {
  if (!inherits(fit, "nn") || is.null(fit$act.fct) || is.null(fit$linear.output)) {
    input_error("fit must be what neuralnet() returned, got ", describe_class(fit))
  }
  count <- length(fit$weights)
  if (count == 0L) {
    input_error("fit must have weights: no repetition of the training converged")
  }
  rep <- if (identical(rep, "best")) {
    which.min(fit$result.matrix["error", ])
  } else {
    check_integer(rep, "rep", 1, count)
  }
  hidden <- neuralnet_activation(fit$act.fct, "act.fct of the fit")
  blocks <- fit$weights[[rep]] # (in + 1, out), the biases in row 1
  output <- if (isTRUE(as.logical(fit$linear.output))) "identity" else hidden
  # some versions have another function there
  if (output != "identity" && is.function(fit[["output.act.fct"]])) {
    output <- neuralnet_activation(fit[["output.act.fct"]], "output.act.fct of the fit")
  }
  made_of(
    lapply(blocks, function(block) t(block[-1L, , drop = FALSE])),
    lapply(blocks, function(block) as.vector(block[1L, ])),
    c(rep(hidden, length(blocks) - 1L), output)
  )
}

neuralnet_activation <- function(act, name) {
  type <- attr(act, "type")
  known <- c(logistic = "sigmoid", tanh = "tanh", relu = "relu")
  type <- check_choice(if (is_string(type)) tolower(type) else "function", name, names(known))
  known[[type]]
}

# keras --------------------------------------------------------------------------------------------

#' Weights of keras
#'
#' The weights of a keras model of Dense layers, as its `get_weights()` gives and its
#' `set_weights()` takes them: for each layer a kernel (in, out), then its bias (out).
#'
#' @param weights A list of matrices (in, out), each followed by a vector (out); without it the
#'   bias is 0.
#' @param activations One activation for every layer, or one for each. keras's leaky_relu has
#'   another slope than 0.01 unless told so.
#' @return `tp_from_keras_weights()`: a network, as [tp_network()] makes it.
#'   `tp_to_keras_weights()`: a list as described. keras's names of the activations are those of the
#'   network, but for identity, which it calls linear; its leaky_relu needs `negative_slope = 0.01`.
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @examples
#' kernel <- rbind(c(1, 2), c(3, 4))
#' network <- tp_from_keras_weights(list(kernel, c(0, 0.5)), "identity")
#' predict(network, rbind(c(1, 0)))
#' str(tp_to_keras_weights(network))
#' @export
tp_from_keras_weights <- function(weights, activations) {
  if (!is.list(weights) || is.data.frame(weights) || length(weights) == 0L) {
    input_error(
      "weights must be a list of matrices (in, out) and vectors (out), got ", describe(weights)
    )
  }
  kernels <- biases <- list()
  open_layer <- FALSE # whether a kernel waits for its bias
  for (i in seq_along(weights)) {
    entry <- weights[[i]]
    if (!is.numeric(entry)) {
      input_error(
        "weights entry ", i, " must be a matrix (in, out) or a vector (out) of numbers, got ",
        describe(entry)
      )
    }
    if (is.matrix(entry)) {
      kernels[[length(kernels) + 1L]] <- t(entry)
      biases[[length(kernels)]] <- numeric(ncol(entry))
      open_layer <- TRUE
    } else if (length(dim(entry)) <= 1L && open_layer) {
      biases[[length(kernels)]] <- as.vector(entry)
      open_layer <- FALSE
    } else {
      wanted <- if (open_layer) "a matrix (in, out) or a vector (out)" else "a matrix (in, out)"
      input_error(
        "weights entry ", i, " must be ", wanted, ", got one of shape ", shape_of(entry)
      )
    }
  }
  made_of(kernels, biases, activations)
}

#' @rdname tp_from_keras_weights
#' @param model A network, or a model: of a model, what stands between its terms (the columns of
#'   the model matrix, not scaled) and its outputs; scaling goes into the weights and biases of the
#'   first and last layer.
#' @export
tp_to_keras_weights <- function(model) {
  network <- bare_network(model)
  unlist(lapply(seq_along(network$weights), function(l) {
    list(t(network$weights[[l]]), network$biases[[l]])
  }), recursive = FALSE)
}

# JSON of JavaScript packages ----------------------------------------------------------------------

# The object of a list, of JSON text, or of a file with JSON text.
read_network_json <- function(data) {
  if (is_string(data)) {
    text <- if (grepl("^\\s*[{[]", data)) data else plan_text(data, "network")
    data <- parse_json(text, "network")
  }
  check_object(data, "the network")
}

entry_of <- function(data, key, where = "") {
  if (!key %in% names(data)) {
    input_error(where, key, " must be given")
  }
  data[[key]]
}

#' A network from a file of Toy-Neural-Network-JS or brain.js
#'
#' `tp_from_toy_nn()` reads what `serialize()` of the Toy-Neural-Network-JS wrote, which has one
#' hidden layer. To train it on as that package does: rule `"transpose"`, update_order
#' `"output_first"`, cost `"half_sse"`, batch_size 1, learning_rate 0.1 (its own is in the file).
#'
#' `tp_from_brain_js()` reads what `toJSON()` of a brain.js NeuralNetwork gave, of version 1 or 2.
#' Inputs and outputs that have names there are here in the order of their numbers. brain.js rounds
#' every activation to float32, about seven digits, so its predictions agree to these.
#'
#' @param data The object as a list, its JSON text, or the name of a file with it.
#' @param activations One activation for both layers, or one for each. The file does not say them:
#'   `"tanh"` if `setActivationFunction(tanh)` was called.
#' @return A network, as [tp_network()] makes it.
#' @section Errors: `twinprop_input_error` if an argument is not as described, or brain.js's
#'   activation is a leaky-relu of another slope than 0.01, or of version 1, where it is another
#'   function.
#' @examples
#' tp_from_brain_js('{"type": "NeuralNetwork", "sizes": [2, 1],
#'   "trainOpts": {"activation": "tanh"},
#'   "layers": [{"weights": [], "biases": []}, {"weights": [[1, 2]], "biases": [0.5]}]}')
#' @export
tp_from_toy_nn <- function(data, activations = "sigmoid") {
  data <- read_network_json(data)
  layers <- vapply(c("input_nodes", "hidden_nodes", "output_nodes"), function(key) {
    check_integer(entry_of(data, key), key, 1)
  }, 0, USE.NAMES = FALSE)
  read_matrix <- function(key, rows, columns) {
    entry <- check_object(entry_of(data, key), key)
    check_matrix(
      entry_of(entry, "data", paste0(key, ".")), paste0(key, ".data"), columns, rows
    )
  }
  weights <- list(
    read_matrix("weights_ih", layers[2L], layers[1L]),
    read_matrix("weights_ho", layers[3L], layers[2L])
  )
  biases <- list(
    as.vector(read_matrix("bias_h", layers[2L], 1)),
    as.vector(read_matrix("bias_o", layers[3L], 1))
  )
  tp_network(layers, activations, weights = weights, biases = biases)
}

#' @rdname tp_from_toy_nn
#' @export
tp_from_brain_js <- function(data) {
  data <- read_network_json(data)
  if ("type" %in% names(data)) {
    check_choice(data$type, "type", c("NeuralNetwork", "NeuralNetworkGPU"))
  }
  layers <- as_entries(entry_of(data, "layers"))
  if (length(layers) < 2L) {
    input_error("layers must be a list of at least 2 layers, got ", describe(data$layers))
  }
  for (i in seq_along(layers)) {
    # in R an object without entries is a list without names
    if (i > 1L || !identical(layers[[i]], list())) {
      check_object(layers[[i]], paste("layers entry", i))
    }
  }
  # in version 1 a layer is an object of its neurons
  first <- is.null(as_entries(layers[[2L]][["weights"]]))
  activation <- brain_activation(data, first)
  made <- if (first) brain_neurons(layers) else brain_matrices(layers)
  n_inputs <- length(as_entries(made$weights[[1L]])[[1L]])
  outputs <- vapply(made$weights, function(rows) length(as_entries(rows)), 0L)
  tp_network(
    c(n_inputs, outputs), activation,
    weights = made$weights, biases = made$biases
  )
}

brain_activation <- function(data, first) {
  options <- data[["trainOpts"]]
  if (!is.null(options)) check_object(options, "trainOpts")
  name <- c(options[["activation"]], data[["activation"]], "sigmoid")[[1L]]
  # version 1 has 0 below 0 and a slope that it does not write above, which is no leaky_relu
  known <- setdiff(names(brain_activations), if (first) "leaky-relu")
  check_choice(name, "trainOpts.activation", known)
  slope <- options[["leakyReluAlpha"]]
  if (name == "leaky-relu" && !is.null(slope) && !identical(as.double(slope), leaky_relu_slope)) {
    input_error("trainOpts.leakyReluAlpha must be 0.01, got ", describe(slope))
  }
  brain_activations[[name]]
}

brain_matrices <- function(layers) {
  after_input <- seq_along(layers)[-1L]
  list(
    weights = lapply(after_input, function(i) {
      given <- entry_of(layers[[i]], "weights", paste0("layers entry ", i, ", "))
      rows <- as_entries(given)
      if (length(rows) == 0L || length(as_entries(rows[[1L]])) == 0L) {
        input_error(
          "layers entry ", i, ", weights must be a list of rows, each a list of numbers, got ",
          describe(given)
        )
      }
      rows
    }),
    biases = lapply(after_input, function(i) {
      from_r(entry_of(layers[[i]], "biases", paste0("layers entry ", i, ", ")))
    })
  )
}

brain_neurons <- function(layers) {
  weights <- biases <- list()
  for (i in seq_along(layers)[-1L]) {
    before <- names(layers[[i - 1L]])
    if (length(before) == 0L || length(layers[[i]]) == 0L) {
      input_error("layers entry ", i, " must have at least 1 neuron, got 0")
    }
    rows <- lapply(names(layers[[i]]), function(name) {
      where <- paste0("layers entry ", i, ", neuron \"", name, "\"")
      neuron <- check_object(layers[[i]][[name]], where)
      given <- check_object(
        entry_of(neuron, "weights", paste0(where, ", ")), paste0(where, ", weights")
      )
      list(
        weights = lapply(before, function(key) {
          entry_of(given, key, paste0(where, ", weights, "))
        }),
        bias = entry_of(neuron, "bias", paste0(where, ", "))
      )
    })
    weights[[i - 1L]] <- lapply(rows, `[[`, "weights")
    biases[[i - 1L]] <- lapply(rows, `[[`, "bias")
  }
  list(weights = weights, biases = biases)
}
