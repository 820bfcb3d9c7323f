# What R users expect of an object: print, summary, predict. In R only: Python's objects say it by
# __repr__ and methods.

#' The outputs of a network
#'
#' @param object A network made by [tp_network()].
#' @param newdata The inputs (n, n_1), rows are samples: a matrix or data frame of numbers.
#' @inheritParams tp_step
#' @param ... Not used.
#' @return A matrix (n, K) of outputs, with the row names of `newdata`.
#' @section Errors: `twinprop_input_error` if the inputs do not fit the network.
#' @examples
#' predict(tp_network(c(2, 4, 1)), rbind(c(0, 1), c(1, 1)))
#' @export
predict.tp_network <- function(object, newdata, arithmetic = "fast", ...) {
  check_network(object)
  arithmetic <- check_arithmetic(arithmetic)
  x <- check_matrix(newdata, "newdata", object$layers[1L])
  outputs <- t(outputs_of(object, t(x), arithmetic))
  if (is.matrix(newdata)) rownames(outputs) <- rownames(newdata)
  if (is.data.frame(newdata) && .row_names_info(newdata) > 0L) {
    rownames(outputs) <- row.names(newdata)
  }
  outputs
}

# The outputs (n_L, n) for x (n_1, n).
outputs_of <- function(network, x, arithmetic = "fast") {
  if (arithmetic == "portable" && tp_kernel_available()) {
    return(kernel_forward(
      network$layers, network$activations, network$weights, network$biases, x
    )$a)
  }
  method <- find_method(network, "half_mse", arithmetic = arithmetic)
  depth <- length(network$weights)
  parts <- lapply(method$arithmetic$chunks(ncol(x)), function(columns) {
    part <- if (length(columns) == ncol(x)) x else x[, columns, drop = FALSE]
    forward_pass(part, network$weights, network$biases, method)$a[[depth + 1L]]
  })
  if (length(parts) == 1L) parts[[1L]] else do.call(cbind, parts)
}

#' Print and summarise networks and runs
#'
#' `print()` fits on one screen; `summary()` of a network has a line for each weight matrix, of a
#' run the costs on the way.
#'
#' @param x,object A network made by [tp_network()] or a run made by [tp_train()].
#' @param digits How many significant digits to print.
#' @param ... Not used.
#' @return `print()` returns its argument, invisibly. `summary()` returns a data frame: of a network
#'   a row for each layer after the input, `layer`, `units`, `activation`, `weights` (how many),
#'   `smallest`, `mean`, `largest` (of the weights); of a run a row for each of at most ten epochs,
#'   `epoch` and `cost`.
#' @examples
#' network <- tp_network(c(2, 4, 1))
#' network
#' summary(network)
#' @name print.tp_network
NULL

# A network with more weights than this, or that would take more lines, is printed without them.
most_printed_weights <- 40L
most_printed_lines <- 40L

#' @rdname print.tp_network
#' @export
print.tp_network <- function(x, digits = 4, ...) {
  n_weights <- sum(lengths(x$weights))
  cat(
    "A multilayer perceptron ", paste(x$layers, collapse = "-"), " (",
    paste(x$activations, collapse = ", "), "), ", n_weights, " weights, ",
    sum(lengths(x$biases)), " biases\n",
    sep = ""
  )
  n_lines <- sum(x$layers[-1L] + 3L)
  if (n_weights > most_printed_weights || n_lines > most_printed_lines) {
    return(invisible(x))
  }
  for (l in seq_along(x$weights)) {
    cat("\nInto layer ", l + 1L, " (a row for each neuron):\n", sep = "")
    shown <- cbind(x$weights[[l]], x$biases[[l]])
    dimnames(shown) <- list(
      paste("neuron", seq_len(nrow(shown))),
      c(paste("from", seq_len(ncol(shown) - 1L)), "bias")
    )
    print(shown, digits = digits)
  }
  invisible(x)
}

#' @rdname print.tp_network
#' @export
summary.tp_network <- function(object, ...) {
  data.frame(
    layer = seq_along(object$weights) + 1L,
    units = object$layers[-1L],
    activation = object$activations,
    weights = lengths(object$weights),
    smallest = vapply(object$weights, min, 0),
    mean = vapply(object$weights, mean, 0),
    largest = vapply(object$weights, max, 0),
    stringsAsFactors = FALSE
  )
}

#' @rdname print.tp_network
#' @export
print.tp_run <- function(x, digits = 4, ...) {
  cat(
    "Training of a ", paste(x$network$layers, collapse = "-"), " multilayer perceptron: ",
    sprintf("%.0f", x$updates), " updates in ", length(x$cost), " epochs, ",
    sprintf("%.3g", x$seconds), " s\n",
    "Cost before ", format(x$initial_cost, digits = digits),
    ", after ", format(x$final_cost, digits = digits),
    ", fingerprint ", substr(x$fingerprint, 1L, fingerprint_digits), "\n",
    sep = ""
  )
  if (nrow(x$outputs) <= 10L && ncol(x$outputs) <= 5L) {
    cat("\nOutputs and errors of the samples:\n")
    shown <- cbind(x$outputs, x$errors)
    k <- seq_len(ncol(x$outputs))
    dimnames(shown) <- list(
      seq_len(nrow(shown)), c(paste0("output.", k), paste0("error.", k))
    )
    print(shown, digits = digits)
  }
  invisible(x)
}

#' @rdname print.tp_network
#' @export
summary.tp_run <- function(object, ...) {
  epochs <- nrow(object$history)
  object$history[unique(round(seq(min(1, epochs), epochs, length.out = min(10, epochs)))), ]
}
