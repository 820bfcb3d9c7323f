# A trained model: columns in, predictions out. Twins: python/twinprop/model.py, inst/js/model.js
#
# Section 16 of the contract. A model is a network with what belongs to it: how columns become its
# inputs, and its outputs predictions. It is plain R, so saveRDS() works.

# A list of class tp_model, checked: network; task ("regression", "classification", "multilabel" or
# NULL); inputs and outputs (see encoding.R) or NULL; na, what predict() does with a row that lacks
# a value; training, a list of what else is known, or NULL.
make_model <- function(network, task = NULL, inputs = NULL, outputs = NULL, na = "error",
                       training = NULL) {
  check_network(network)
  if (!is.null(task)) task <- check_choice(task, "task", tasks)
  if (is.null(task) != is.null(outputs)) {
    input_error("task and outputs must both be there or both be null")
  }
  if (!is.null(inputs) && !(is.list(inputs) && !is.null(inputs$r_only))) {
    inputs <- check_inputs(inputs)
  }
  model <- structure(
    list(
      network = network, task = task, inputs = inputs,
      outputs = if (!is.null(outputs)) check_outputs(outputs, task),
      na = check_choice(na, "na", na_actions),
      training = if (!is.null(training)) check_object(training, "training")
    ),
    class = "tp_model"
  )
  check_fit(model)
  model
}

# Refuse parts that do not fit each other.
check_fit <- function(model) {
  layers <- model$network$layers
  if (!is.null(model$inputs) && length(model$inputs$terms) != layers[1L]) {
    input_error(
      "inputs.terms must have one entry for each input of the network (", layers[1L], "), got ",
      length(model$inputs$terms)
    )
  }
  if (is.null(model$task)) {
    return(invisible(model))
  }
  count <- n_outputs(model$outputs, model$task)
  if (count != layers[length(layers)]) {
    input_error(
      "outputs must be as many as those of the network (", layers[length(layers)], "), got ", count
    )
  }
  invisible(model)
}

prediction_types <- c("response", "class", "prob", "raw")

#' Predict by a model
#'
#' @param object A model: what [tp_read_model()] returned.
#' @param newdata The rows: a data frame or a list of columns, which are found by name; or a matrix,
#'   whose columns are found by name if they have names, else by their place.
#' @param type `"response"`: for a regression numbers, for a classification classes, for several
#'   labels 0 and 1, without a task the outputs; `"class"`: classes; `"prob"`: probabilities of the
#'   classes, or of the labels; `"raw"`: the network's outputs.
#' @param na What to do with a row that lacks a value: `"error"`, or `"pass"`, which predicts `NA`;
#'   `NULL` for the model's own choice.
#' @param extra `"ignore"` leaves columns aside that the model does not know, `"error"` refuses
#'   them.
#' @param ... Not used.
#' @return For `"response"` of a regression a vector (n), or a matrix (n, K) for several outputs;
#'   for classes a factor with all classes as levels; for several labels, probabilities and outputs
#'   a matrix with a row for each row of `newdata` and named columns.
#' @section Errors: `twinprop_input_error` if a column is missing, or a value is missing, unknown or
#'   of the wrong kind (it names column and row); if the model has no classes or no probabilities.
#' @seealso [tp_read_model()]
#' @export
predict.tp_model <- function(object, newdata, type = "response", na = NULL, extra = "ignore",
                             ...) {
  type <- check_choice(type, "type", prediction_types)
  predict_model(object, newdata, type, na, extra)
}

predict_model <- function(model, newdata, type = "response", na = NULL, extra = "ignore") {
  last <- output_activation(model$network)
  if (type == "class" && !identical(model$task, "classification")) {
    input_error("classes need a model of task \"classification\", got ", describe(model$task))
  }
  if (type == "prob") check_has_probabilities(model$task, last)
  a <- raw_outputs(model, newdata, na, extra)
  rows <- row_labels(newdata)
  levels <- model$outputs$levels
  if (type == "raw" || is.null(model$task)) {
    return(labelled(a, rows, if (ncol(a) == length(model$outputs$names)) model$outputs$names))
  }
  if (type == "prob" && model$task == "classification") {
    return(labelled(class_probabilities(a, last), rows, level_text(levels)))
  }
  if (type == "prob") {
    return(labelled(a, rows, model$outputs$names))
  }
  if (model$task == "classification") {
    classes <- decode_classes(class_places(a), levels)
    return(if (is.null(rows)) classes else stats::setNames(classes, rows))
  }
  values <- if (model$task == "multilabel") {
    (a > 0.5) + 0
  } else {
    unscaled(a, model$outputs$center, model$outputs$scale)
  }
  if (model$task == "regression" && ncol(values) == 1L) {
    return(if (is.null(rows)) values[, 1L] else stats::setNames(values[, 1L], rows))
  }
  labelled(values, rows, model$outputs$names)
}

# The network's outputs a[L] (n, K) for new rows.
raw_outputs <- function(model, newdata, na = NULL, extra = "ignore") {
  na <- if (is.null(na)) model$na else check_choice(na, "na", na_actions)
  extra <- check_choice(extra, "extra", extra_actions)
  if (is.null(model$inputs)) {
    x <- check_matrix(newdata, "newdata", model$network$layers[1L])
  } else {
    x <- encode_inputs(model$inputs, newdata, na, extra)
  }
  network_outputs(model$network, x, model_arithmetic(model))
}

# What a model predicts by: "portable" if it was trained so, else "fast".
model_arithmetic <- function(model) {
  if (identical(model$training[["arithmetic"]], "portable")) "portable" else "fast"
}

# The outputs for x (n, n_1), of which rows may be NA, or none be there; (n, n_L).
network_outputs <- function(network, x, arithmetic = "fast") {
  complete <- rowSums(is.na(x)) == 0L
  outputs <- matrix(NA_real_, nrow(x), network$layers[length(network$layers)])
  if (any(complete)) {
    method <- find_method(network, "half_mse", arithmetic = arithmetic)
    forward <- forward_pass(
      t(x[complete, , drop = FALSE]), network$weights, network$biases, method
    )
    outputs[complete, ] <- t(forward$a[[length(network$layers)]])
  }
  outputs
}

# Refuse a model that has no probabilities.
check_has_probabilities <- function(task, output_activation) {
  if (!isTRUE(task %in% c("classification", "multilabel"))) {
    input_error(
      "probabilities need a model of task \"classification\" or \"multilabel\", got ",
      describe(task)
    )
  }
  check_probabilities(output_activation)
}

# The names of the rows of new data, as predict() of lm() gives them; NULL if they have none.
row_labels <- function(newdata) {
  if (is.matrix(newdata)) {
    return(rownames(newdata))
  }
  if (is.data.frame(newdata) && .row_names_info(newdata) > 0L) row.names(newdata)
}

labelled <- function(values, rows, columns) {
  dimnames(values) <- if (!is.null(rows) || !is.null(columns)) list(rows, columns)
  values
}

#' @rdname predict.tp_model
#' @param x A model.
#' @export
print.tp_model <- function(x, ...) {
  layers <- paste(x$network$layers, collapse = "-")
  if (is.null(x$task)) {
    cat("A model without a task, ", layers, "\n", sep = "")
  } else {
    names <- paste(visible(x$outputs$names), collapse = ", ")
    cat("A model: ", x$task, " of ", names, "\n", sep = "")
  }
  cat(
    "A multilayer perceptron ", layers, " (", paste(x$network$activations, collapse = ", "), ")\n",
    sep = ""
  )
  if (!is.null(x$inputs)) {
    names <- visible(vapply(x$inputs$columns, `[[`, "", "name"))
    cat("Columns: ", paste(names, collapse = ", "), "\n", sep = "")
  }
  if (!is.null(x$outputs$levels)) {
    cat("Classes: ", paste(visible(level_text(x$outputs$levels)), collapse = ", "), "\n", sep = "")
  }
  if (!is.null(x$training[["fingerprint"]])) {
    cat("Fingerprint: ", substr(x$training$fingerprint, 1L, fingerprint_digits), "\n", sep = "")
  }
  invisible(x)
}
